"""What one whole engine answers another that calls its services over a session of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
import trio

from slskmesh.demo import audio, catalogue
from slskmesh.engine import commands as cmd
from slskmesh.engine.console import Console
from slskmesh.engine.engine import Engine
from slskmesh.engine.events import LookedUp
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import LibraryView
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.identity.peerid import parse_peer
from slskmesh.mbid import Mbid, mbid_bytes
from slskmesh.services import introspection
from slskmesh.services.introspection import AskCapabilities, Capabilities
from slskmesh.services.shadow_index import rounded
from slskmesh.shadow import descriptors as wire
from slskmesh.wire.limits import PROTOCOL_VERSION
from slskmesh.work import LocalBudget
from tests.engine.nodes import SEED, WAIT, Node, furnish, musicbrainz, running

R = TypeVar("R", bound=msgspec.Struct)
TRACKS = catalogue.plan(catalogue.SMALLEST, SEED)
RELEASES = {release.kind: release for release in catalogue.releases(TRACKS)}
ALBUM, EP, NOT_HELD = RELEASES["Album"], RELEASES["EP"], RELEASES["Single"]
HELD = (*ALBUM.tracks[:2], *EP.tracks)


class CallingThread(EngineThread):
    """An engine whose fabric a test calls with."""

    engine: Engine
    token: trio.lowlevel.TrioToken

    def _running(self, engine: Engine) -> None:
        self.engine, self.token = engine, trio.lowlevel.current_trio_token()
        super()._running(engine)


class Asker(Console):
    """A peer that calls one other."""

    def __init__(self, home: Path) -> None:
        self.thread = CallingThread(home)
        super().__init__(self.thread)
        self.other = ""

    def call(self, service: str, method: str, request: msgspec.Struct, reply: type[R]) -> R:
        """One call to the other."""
        peer = parse_peer(self.other)

        async def ask() -> R:
            fabric = self.thread.engine.plane.fabric
            return await fabric.call(peer, service, method, request, reply, LocalBudget())

        return trio.from_thread.run(ask, trio_token=self.thread.token)

    def variants(self, release: Mbid) -> list[wire.VariantAdvert]:
        """All parts of the other's descriptor of a release."""
        peer, request = parse_peer(self.other), wire.AskRelease(mbid_bytes(release))

        async def ask() -> list[wire.VariantAdvert]:
            parts = self.thread.engine.plane.fabric.stream(
                peer, wire.SERVICE, "SwarmDescriptor", request, wire.MbidSwarmDescriptor, LocalBudget()
            )
            return [variant async for part in parts for variant in part.variants]

        return trio.from_thread.run(ask, trio_token=self.thread.token)

    def query(self, kind: str, mbid: Mbid) -> wire.MbidAnswer:
        """QueryByMbid."""
        return self.call(wire.SERVICE, "QueryByMbid", wire.AskMbid(kind, mbid_bytes(mbid)), wire.MbidAnswer)

    def missing(self, release: Mbid) -> wire.MissingTracks:
        """GetMissingTracks."""
        return self.call(
            wire.SERVICE, "GetMissingTracks", wire.AskMissing(mbid_bytes(release)), wire.MissingTracks
        )

    def capabilities(self) -> Capabilities:
        """What the other can do."""
        return self.call(introspection.SERVICE, "GetCapabilities", AskCapabilities(), Capabilities)

    def refusal(self, service: str, method: str, request: msgspec.Struct) -> Status:
        """How a call ends that does not end well."""
        with pytest.raises(CallFailed) as failed:
            self.call(service, method, request, wire.MbidAnswer)
        return failed.value.status


def test_the_services_of_an_engine_answer_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    music = tmp_path / "music"
    audio.render(HELD, music, SEED)
    with musicbrainz(TRACKS) as host:
        monkeypatch.setenv("SLSKMESH__MUSICBRAINZ__HOST", host)
        with running([furnish(tmp_path, "holder", music)]) as (holder,):
            holder.wait_view(LibraryView, lambda view: view.files == len(HELD), WAIT, "its files")
            asker = Asker(furnish(tmp_path, "asker"))
            asker.start()
            try:
                asker.ask(cmd.Connect(holder.ask(cmd.MakeInvite()).value))
                asker.other = holder.listening().peer_id
                what_is_held(asker)
                what_is_missing(asker, holder)
                how_much_there_is(asker, music)
                what_is_exposed(asker, holder)
            finally:
                assert asker.stop()


def what_is_held(asker: Asker) -> None:
    for kind, mbid in (("release", ALBUM.mbid), ("recording", EP.tracks[1].recording_id)):
        answer = asker.query(kind, mbid)
        assert answer.held and [one.peer for one in answer.holders] == [parse_peer(asker.other)]
    for kind, mbid in (("release", NOT_HELD.mbid), ("recording", ALBUM.tracks[3].recording_id)):
        assert asker.query(kind, mbid) == wire.MbidAnswer(False, (), 0)
    nonsense = wire.AskMbid("label", mbid_bytes(catalogue.LABEL_ID))
    assert asker.refusal(wire.SERVICE, "QueryByMbid", nonsense) is Status.INVALID_PAYLOAD
    variants = asker.variants(ALBUM.mbid)
    assert [one.track for one in sorted(variants, key=lambda one: one.track)] == [1, 2]
    told = b"".join(msgspec.msgpack.encode(one) for one in variants).lower()
    for track in ALBUM.tracks:
        assert track.title.lower().encode() not in told and track.artist.lower().encode() not in told


def what_is_missing(asker: Asker, holder: Node) -> None:
    """As far as the holder's own catalogue knows the release: a question makes it ask nobody."""
    assert asker.missing(ALBUM.mbid) == wire.MissingTracks(0, ())
    assert holder.event(LookedUp, cmd.LookUp(ALBUM.mbid)).entities
    answer = asker.missing(ALBUM.mbid)
    assert answer.total == 4
    assert set(answer.missing) == {mbid_bytes(track.recording_id) for track in ALBUM.tracks[2:]}
    holder.event(LookedUp, cmd.LookUp(EP.mbid))
    assert asker.missing(EP.mbid) == wire.MissingTracks(2, ())


def how_much_there_is(asker: Asker, music: Path) -> None:
    size = sum(path.stat().st_size for path in music.rglob("*") if path.is_file())
    answer = asker.call(wire.SERVICE, "GetLibraryStats", wire.AskStats(), wire.StatsAnswer)
    assert answer == wire.StatsAnswer(4, rounded(size), 2, 4)
    assert answer.size != size, "exact figures would tell libraries apart"


def what_is_exposed(asker: Asker, holder: Node) -> None:
    told = asker.capabilities()
    services = {one.name: one for one in told.services}
    assert set(services) == {introspection.SERVICE, wire.SERVICE}
    assert {"QueryByMbid", "GetMissingTracks", "GetLibraryStats"} <= set(services[wire.SERVICE].methods)
    assert told.protocol == PROTOCOL_VERSION and {"table", "shadow-index"} <= set(told.features)
    query = wire.AskMbid("release", mbid_bytes(ALBUM.mbid))
    assert asker.refusal(wire.SERVICE, "GetEverything", query) is Status.METHOD_NOT_FOUND
    assert asker.refusal("no-such", "QueryByMbid", query) is Status.SERVICE_NOT_FOUND

    holder.ask(cmd.SetSetting("fabric.services", '["introspection"]'))
    assert [one.name for one in asker.capabilities().services] == [introspection.SERVICE]
    assert asker.refusal(wire.SERVICE, "QueryByMbid", query) is Status.SERVICE_NOT_FOUND
    holder.ask(cmd.SetSetting("mesh.shadow_index.enabled", "false"))
    assert "shadow-index" not in asker.capabilities().features
