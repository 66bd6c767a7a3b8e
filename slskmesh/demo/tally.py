"""Who sent what, added up over views: the proof that the liar was named and that the one who returned served. Pure.

Rules: a source that reconnected counts from nothing again, and is added to what it delivered before; the highest
count of bad chunks that any view told of a peer is the one that counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from slskmesh.engine.views import PeersView, SourceView, TransferView


class Tally:
    """Verified bytes and refused chunks by peer (full text form)."""

    def __init__(self) -> None:
        self._received: dict[str, int] = {}
        self._last: dict[tuple[str, str], int] = {}  # of a source, by transfer and peer
        self._bad: dict[str, int] = {}
        self._returned: dict[str, int] = {}  # what a peer had delivered when it returned
        self._told: set[str] = set()
        self._bad_total = 0  # refused chunks by the transfers' own count

    @property
    def bad_chunks(self) -> int:
        """Refused chunks that have a name to them."""
        return sum(self._bad.values())

    def returned(self, peer: str) -> None:
        """A peer is back: what it delivers from now on shows that it serves again."""
        self._returned[peer] = self._received.get(peer, 0)

    def peers(self, view: PeersView) -> None:
        """Takes the peers' own counts of bad chunks."""
        for peer in view.peers:
            self._blame(peer.peer, peer.bad_chunks)

    def transfers(self, transfers: Sequence[TransferView]) -> Iterable[str]:
        """Takes all transfers; the peers that have served since their return, each once."""
        for transfer in transfers:
            for source in transfer.sources:
                self._count(transfer.transfer, source)
        self._bad_total = max(self._bad_total, sum(transfer.bad_chunks for transfer in transfers))
        served = {peer for peer, before in self._returned.items() if self._received.get(peer, 0) > before}
        new = sorted(served - self._told)
        self._told |= served
        return new

    def summary(self) -> dict[str, Any]:
        """{"bad_chunks", "bad_peers", "received", "sources"}."""
        return {
            "bad_chunks": max(self.bad_chunks, self._bad_total),
            "bad_peers": sorted(self._bad),
            "received": sum(self._received.values()),
            "sources": sorted(peer for peer, count in self._received.items() if count),
        }

    def _count(self, transfer: str, source: SourceView) -> None:
        key = (transfer, source.peer)
        before = self._last.get(key, 0)
        new = source.received - before if source.received >= before else source.received
        self._last[key] = source.received
        self._received[source.peer] = self._received.get(source.peer, 0) + new
        self._blame(source.peer, source.bad)

    def _blame(self, peer: str, bad: int) -> None:
        if bad:
            self._bad[peer] = max(bad, self._bad.get(peer, 0))
