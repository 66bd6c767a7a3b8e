"""A download's sources as the screen gets them: peers by key, the user of the Soulseek network by his name."""

from __future__ import annotations

from slskmesh.engine.snapshots import transfer_view
from slskmesh.identity.peerid import PeerId, peer_short, peer_text
from slskmesh.swarm.source import LEGACY, LEGACY_LETTER
from slskmesh.swarm.state import DownloadState, Phase, SourceState

PEER = PeerId(bytes(range(32)))


def _state(user: str) -> DownloadState:
    sources = (
        SourceState(LEGACY_LETTER, LEGACY, "sent 4096 bytes", received=4096, chunks=1, has=1, user=user),
        SourceState("A", PEER, "active", received=8192, chunks=2, has=9),
    )
    return DownloadState(bytes(32), "x.flac", "", 1 << 20, 0, Phase.ACTIVE, sources=sources)


def test_the_soulseek_user_of_a_rescue_is_named_and_is_no_peer() -> None:
    legacy, peer = transfer_view(_state("vinyl_b"), {PEER: "lena", LEGACY: "nobody"}).sources
    assert (legacy.letter, legacy.peer, legacy.short, legacy.name) == ("S", "", "slsk:vinyl_b", "")
    assert (legacy.state, legacy.received, legacy.chunks) == ("sent 4096 bytes", 4096, 1)
    assert (peer.letter, peer.peer, peer.short, peer.name) == ("A", peer_text(PEER), peer_short(PEER), "lena")


def test_a_hostile_name_of_that_user_is_made_harmless() -> None:
    legacy = transfer_view(_state("\x1b[2Jvinyl\u202e" + "b" * 500), {}).sources[0]
    assert "\x1b" not in legacy.short and "\u202e" not in legacy.short and len(legacy.short) <= 45
