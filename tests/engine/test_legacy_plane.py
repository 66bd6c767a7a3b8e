"""The Soulseek plane of whole engines, with the demo's server and another client's users on the other side."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from slskmesh.demo import audio, catalogue
from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.console import Refused
from slskmesh.engine.engine import Engine
from slskmesh.engine.events import Found, SearchEnded
from slskmesh.engine.legacy_events import ModeChanged
from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import Banner, HitView, LibraryView, StatusView, TransferState, TransfersView
from slskmesh.modes import Times
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.engine.nodes import (
    SEED,
    WAIT,
    Node,
    Settings,
    add,
    ended,
    furnish,
    meet,
    musicbrainz,
    offer,
    running,
)

QUICK = Times(unavailable_after=0.5, check_every=0.4, stable=0.4)
SIZE = 300_000


class LegacyNode(Node):
    """An engine that judges the server in seconds."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._client = EngineThread(home, lambda home, box: Engine(home, box, mode_times=QUICK))

    def mode(self, mode: str, health: str = "") -> ModeView:
        return self.wait_view(
            ModeView,
            lambda view: view.mode == mode and (not health or view.health == health),
            WAIT,
            f"mode {mode} {health}",
        )

    def search(self, text: str, **fields: object) -> tuple[list[HitView], SearchEnded]:
        request = self.post(cmd.Search(text, **fields))  # type: ignore[arg-type]
        self.wait_for(
            lambda: any(isinstance(e, SearchEnded) and e.query == request for e in self.seen),
            WAIT * 2,
            "the search's end",
        )
        hits = [hit for e in self.seen if isinstance(e, Found) and e.query == request for hit in e.hits]
        [end] = [e for e in self.seen if isinstance(e, SearchEnded) and e.query == request]
        return hits, end

    def hits(self, text: str, count: int, **fields: object) -> tuple[int, list[HitView]]:
        """The request's number and its hits, once there are so many."""
        request = self.post(cmd.Search(text, **fields))  # type: ignore[arg-type]

        def found() -> list[HitView]:
            return [h for e in self.seen if isinstance(e, Found) and e.query == request for h in e.hits]

        self.wait_for(lambda: len(found()) >= count, WAIT, f"{count} hits for {text}")
        return request, found()


def account(server: str, name: str = "me") -> Settings:
    return {
        "soulseek": {"server": server, "username": name, "listen": "127.0.0.1:0"},
        "mesh": {"disaster_mode": {"after": 5}},
    }


@contextlib.contextmanager
def engine(root: Path, server: str, *shares: Path, name: str = "me") -> Iterator[LegacyNode]:
    home = furnish(root, name, *shares, settings=account(server, name))
    (home / "soulseek.password").write_text("secret\n")
    node = LegacyNode(home)
    node.start()
    try:
        yield node
    finally:
        node.stop()


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share" / "Slow Ferries"
    folder.mkdir(parents=True)
    (folder / "01 Tide Table.flac").write_bytes(random.Random(1).randbytes(SIZE))
    return tmp_path / "share"


def test_login_search_and_what_others_find_of_ours(tmp_path: Path, share: Path) -> None:
    mine = tmp_path / "mine" / "Own Album"
    mine.mkdir(parents=True)
    (mine / "02 Harbour Lights.flac").write_bytes(random.Random(2).randbytes(SIZE))
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(
            tmp_path, server.address, "ann", "--share", str(share), "--downloads", str(tmp_path / "got")
        ) as ann,
        engine(tmp_path, server.address, tmp_path / "mine") as me,
    ):
        ann.online()
        view = me.mode("hybrid", "healthy")
        assert view.phase == "online" and view.server == server.address and view.ask_server
        assert me.wait_view(StatusView, lambda v: v.banner is Banner.HYBRID, WAIT, "the banner")
        _, hits = me.hits("tide table", 1)
        assert [(hit.via, hit.user, hit.size, hit.name) for hit in hits] == [
            ("soulseek", "ann", SIZE, "01 Tide Table.flac")
        ]
        assert hits[0].same and hits[0].group_title == "Slow Ferries" and not hits[0].content
        me.wait_view(LibraryView, lambda v: v.files == 1, WAIT, "the scan")
        ann.tell(search="harbour lights")
        assert ann.wait("answer", user="me")["answer"][0][1] == SIZE


def test_the_server_goes_and_comes_back(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ServerProcess(tmp_path))
        me = stack.enter_context(engine(tmp_path, server.address))
        me.mode("hybrid", "healthy")
        port = server.address.rpartition(":")[2]
        server.order(stop=True)
        server.child.finish()
        me.mode("hybrid", "degraded")
        me.mode("disaster", "unavailable")
        status = me.wait_view(StatusView, lambda v: v.banner is Banner.ISOLATED, WAIT, "no peers either")
        assert status.banner is Banner.ISOLATED
        with pytest.raises(Refused):
            me.ask(cmd.Search("anything"))
        stack.enter_context(ServerProcess(tmp_path, "--port", port))
        me.ask(leg.RetryServer())
        me.mode("hybrid", "healthy")
        changes = [event for event in me.seen if isinstance(event, ModeChanged)]
        assert sum(one.entered_disaster for one in changes) == sum(one.left_disaster for one in changes) == 1
        assert all(one.text for one in changes)


def test_modes_that_the_person_chooses(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, engine(tmp_path, server.address) as me:
        me.mode("hybrid", "healthy")
        me.ask(leg.SetMode("mesh-only"))
        view = me.mode("mesh-only")
        assert not view.connect and "chosen" in view.reason
        me.wait_for(lambda: server.order(status=True)["users"] == [], WAIT, "the server to be left")
        me.ask(leg.SetMode("legacy-only"))
        me.mode("legacy-only", "healthy")
        me.ask(leg.SetMode("hybrid"))
        me.mode("hybrid", "healthy")
        with pytest.raises(Refused):
            me.ask(leg.SetMode("party"))


def test_an_account_is_set_and_taken_out_of_use(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        home = furnish(
            tmp_path, "me", settings={"soulseek": {"server": server.address, "listen": "127.0.0.1:0"}}
        )
        node = LegacyNode(home)
        node.start()
        try:
            assert node.mode("mesh-only").username == ""
            with pytest.raises(Refused):
                node.ask(leg.SetAccount("me", ""))
            with pytest.raises(Refused):
                node.ask(leg.SetAccount(" x ", "a\nb"))
            node.ask(leg.SetAccount("me", "secret"))
            assert node.mode("hybrid", "healthy").username == "me"
            file = home / "soulseek.password"
            assert file.read_text() == "secret\n" and file.stat().st_mode & 0o777 == 0o600
            assert "secret" not in (home / "config.toml").read_text()
            node.ask(leg.SetAccount("me", "wrong"))
            view = node.wait_view(ModeView, lambda v: v.phase == "stopped", WAIT, "the refusal")
            assert "password" in view.what and view.todo
            node.ask(leg.SetAccount("", ""))
            node.mode("mesh-only")
        finally:
            node.stop()


def test_in_disaster_words_find_holders_nobody_was_connected_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = catalogue.plan(catalogue.SMALLEST, SEED)
    album, music = catalogue.album(tracks), tmp_path / "music"
    music.mkdir()
    audio.render(tracks, music, SEED)
    with musicbrainz(tracks) as host, contextlib.ExitStack() as stack:
        monkeypatch.setenv("SLSKMESH__MUSICBRAINZ__HOST", host)
        [door, holder] = stack.enter_context(
            running([furnish(tmp_path, "door"), furnish(tmp_path, "holder", music)])
        )
        with ServerProcess(tmp_path) as server:
            gone = server.address
        me = stack.enter_context(engine(tmp_path, gone))
        meet(door, holder, me)
        offer(holder, len(tracks))
        me.mode("disaster", "unavailable")
        assert me.wait_view(StatusView, lambda v: v.banner is Banner.DISASTER, WAIT, "the banner")

        def looked() -> list[HitView]:
            hits, end = me.search(album.title)
            assert not end.users
            return [hit for hit in hits if hit.release == album.mbid]

        for _ in range(20):  # the table is young
            if hits := looked():
                break
        assert {hit.via for hit in hits} == {"mesh"} and {hit.album for hit in hits} == {album.title}
        assert len({hit.content for hit in hits}) == len(album.tracks)
        file = hits[0]
        me.ask(cmd.Download(file.content, file.size, file.name))
        me.wait_view(
            TransfersView,
            lambda view: [t.state for t in view.transfers] == [TransferState.DONE],
            WAIT,
            "the file",
        )


def test_a_job_takes_its_tracks_from_a_soulseek_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = catalogue.plan(catalogue.SMALLEST, SEED)
    album = catalogue.album(tracks)
    shared = tmp_path / "share"
    shared.mkdir()
    audio.render(album.tracks, shared, SEED)
    with musicbrainz(tracks) as host, ServerProcess(tmp_path) as server, contextlib.ExitStack() as stack:
        monkeypatch.setenv("SLSKMESH__MUSICBRAINZ__HOST", host)
        ann = stack.enter_context(LegacyUser(tmp_path, server.address, "ann", "--share", str(shared)))
        ann.online()
        me = stack.enter_context(engine(tmp_path, server.address))
        me.mode("hybrid", "healthy")
        job = add(me, "mb_release", album.mbid)
        view = ended(me, job)
        assert view.row.via == "soulseek" and {track.phase for track in view.tracks} == {"done"}
        got = sorted(path.read_bytes() for path in (tmp_path / "me-downloads").rglob("*.flac"))
        assert got == sorted(path.read_bytes() for path in shared.rglob("*.flac"))
        assert any("ann" in line.text for line in view.lines), "the timeline says who sent it"
