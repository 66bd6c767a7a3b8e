"""The Soulseek server killed (SIGKILL) in the middle of everything a whole engine does with it, and brought back: what
ran goes on, what waited is kept and done afterwards, in both directions, and nothing vanishes from any list.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from slskmesh.demo.losses import Losses, held
from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.events import Found, SearchEnded
from slskmesh.engine.job_views import JobsView
from slskmesh.engine.legacy_events import ModeChanged
from slskmesh.engine.legacy_views import (
    ChatsView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    LegacyUploadsView,
    ModeView,
)
from slskmesh.engine.views import HitView, LibraryView, PeerState, PeersView, TransfersView
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.engine.nodes import WAIT, Node, furnish, meet
from tests.engine.test_legacy_orders import lines
from tests.engine.test_legacy_plane import LegacyNode, account

LONG, SHORT = 1_500_000, 120_000
KEPT = (LegacyPhase.QUEUED, LegacyPhase.REQUESTED, LegacyPhase.CONNECTING)


def files(folder: Path, **sizes: int) -> Path:
    """A share with an album of files of these names."""
    album = folder / "Tide Table"
    album.mkdir(parents=True)
    for name, size in sizes.items():
        (album / f"{name}.flac").write_bytes(random.Random(name).randbytes(size))
    return folder


class Harbour:
    """A server that can be killed, with `ann` who shares and `bob` who wants; and homes of ours."""

    def __init__(self, root: Path, stack: contextlib.ExitStack) -> None:
        self.root = root
        self._stack = stack
        self._names = ("--users", str(root / "users"))
        self.server = stack.enter_context(ServerProcess(root, *self._names))
        self.address = self.server.address
        share = files(root / "ann", long=LONG, short=SHORT)
        self.ann = self._user(
            "ann", "--share", str(share), "--upload", "90", "--slots", "1", "--join", "quay"
        )
        self.bob = self._user("bob", "--downloads", str(root / "bob"))
        self.losses = Losses()

    def _user(self, name: str, *args: str) -> LegacyUser:
        user = LegacyUser(self.root, self.address, name, *args)
        return self._stack.enter_context(user).online()

    def home(self, *shares: Path, **soulseek: object) -> Path:
        """A home with an account, made once."""
        if not (self.root / "me").exists():
            settings = dict(account(self.address))
            settings["soulseek"] = {**settings["soulseek"], **soulseek}
            home = furnish(self.root, "me", *shares, settings=settings)
            (home / "soulseek.password").write_text("secret\n")
        return self.root / "me"

    @contextlib.contextmanager
    def engine(self, *shares: Path, **soulseek: object) -> Iterator[LegacyNode]:
        """An engine on that home."""
        node = LegacyNode(self.home(*shares, **soulseek))
        node.start()
        try:
            yield node
        finally:
            node.stop()

    def freeze(self) -> None:
        """The server takes nothing in any more, and nobody knows."""
        os.kill(self.server.child.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL."""
        self.server.child.kill()

    def back(self) -> None:
        """At the same port, with the same names; returns when both users are there."""
        port = self.address.rpartition(":")[2]
        self.server = self._stack.enter_context(ServerProcess(self.root, "--port", port, *self._names))
        self.ann.wait("online", online=True)
        self.bob.wait("online", online=True)

    def look(self, me: LegacyNode) -> None:
        """Notes everything there is; it has to be there at the end."""
        self.losses.look(things(me))

    def home_again(self, me: LegacyNode) -> None:
        """The server is back, we are on it, and nothing is gone."""
        self.back()
        me.post(leg.RetryServer())
        me.mode("hybrid", "healthy")
        changes = [event for event in me.seen if isinstance(event, ModeChanged)]
        assert sum(one.entered_disaster for one in changes) <= sum(one.left_disaster for one in changes) == 1


def things(me: LegacyNode) -> frozenset[tuple[str, str]]:
    kinds = (LegacyDownloadsView, TransfersView, JobsView, ChatsView)
    return held(*(me.latest(kind) for kind in kinds))


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[Harbour]:
    with contextlib.ExitStack() as stack:
        yield Harbour(tmp_path, stack)


def download(me: LegacyNode, name: str) -> LegacyDownloadView | None:
    view = me.latest(LegacyDownloadsView)
    return next((d for d in view.downloads if d.name == f"{name}.flac"), None) if view is not None else None


def reach(me: LegacyNode, name: str, *phases: LegacyPhase, more: int = -1) -> LegacyDownloadView:
    """A download in one of these phases, with more than so many bytes."""

    def there() -> bool:
        now = download(me, name)
        return now is not None and now.phase in phases and now.done > more

    me.wait_for(there, WAIT * 2, f"{name} to be {[phase.value for phase in phases]}")
    found = download(me, name)
    assert found is not None
    return found


def fetch(me: LegacyNode, name: str) -> None:
    """Has a file of ann's fetched."""
    query, hits = me.hits(f"tide table {name}", 1, where="soulseek")
    me.ask(leg.GetHits(query, (hits[0].key,)))


def mode_is(me: LegacyNode, mode: str) -> bool:
    view = me.latest(ModeView)
    return view is not None and view.mode == mode


def test_killed_in_a_search_the_peers_answer_and_go_on_answering(harbour: Harbour) -> None:
    peer_home = furnish(harbour.root, "peer", files(harbour.root / "peer-share", harbour=50_000))
    peer = Node(peer_home)
    peer.start()
    try:
        with harbour.engine() as me:
            peer.wait_view(LibraryView, lambda view: view.files == 1, WAIT, "its file")
            me.mode("hybrid", "healthy")
            meet(peer, me)
            connected = PeerState.CONNECTED
            me.wait_view(PeersView, lambda v: any(p.state is connected for p in v.peers), WAIT, "the peer")
            harbour.freeze()
            query = me.post(cmd.Search("tide table"))
            me.wait_for(lambda: bool(found(me, query)), WAIT, "the peer's answer")
            harbour.kill()
            me.wait_for(lambda: ended(me, query), WAIT * 3, "the search to end")
            assert {(hit.via, hit.name) for hit in found(me, query)} == {("mesh", "harbour.flac")}
            me.mode("disaster", "unavailable")
            query, hits = me.hits("tide harbour", 1)
            assert hits[0].via == "mesh" and mode_is(me, "disaster")
            harbour.home_again(me)
            _, hits = me.hits("table tide", 3)
            assert {hit.name for hit in hits} == {"harbour.flac", "long.flac", "short.flac"}
    finally:
        peer.stop()


def found(me: LegacyNode, query: int) -> list[HitView]:
    return [hit for one in me.seen if isinstance(one, Found) and one.query == query for hit in one.hits]


def ended(me: LegacyNode, query: int) -> bool:
    return any(isinstance(one, SearchEnded) and one.query == query for one in me.seen)


def test_killed_while_files_wait_in_queues_of_both_sides(harbour: Harbour) -> None:
    mine = files(harbour.root / "mine", ours=LONG, next=SHORT)
    with harbour.engine(mine, max_upload_rate="60K") as me:
        me.wait_view(LibraryView, lambda view: view.files == 2, WAIT, "our files")
        me.mode("hybrid", "healthy")
        harbour.ann.tell(slots=0)
        fetch(me, "short")
        reach(me, "short", LegacyPhase.REQUESTED)
        ask_for_ours(harbour, "ours")
        harbour.bob.wait("download", state="DOWNLOADING")
        ask_for_ours(harbour, "next")
        me.wait_view(LegacyUploadsView, lambda view: len(view.uploads) == 2, WAIT, "bob's requests")
        harbour.look(me)
        harbour.kill()
        me.mode("disaster", "unavailable")
        assert reach(me, "short", *KEPT).done == 0
        uploads = me.latest(LegacyUploadsView)
        assert uploads is not None and [str(one.name) for one in uploads.uploads] == [
            "ours.flac",
            "next.flac",
        ]
        harbour.home_again(me)
        assert harbour.losses.lost(things(me)) == 0
        harbour.ann.tell(slots=1)
        me.ask(cmd.SetSetting("soulseek.max_upload_rate", "0"))
        reach(me, "short", LegacyPhase.DONE)
        for _ in range(2):
            harbour.bob.wait("download", state="COMPLETE")
        assert harbour.losses.lost(things(me)) == 0
    assert same(harbour.root / "ann", harbour.root / "me-downloads", "short")
    assert same(mine, harbour.root / "bob", "ours") and same(mine, harbour.root / "bob", "next")


def ask_for_ours(harbour: Harbour, name: str) -> None:
    """Bob asks for a file we share."""
    harbour.bob.tell(search=f"tide {name}")
    path = harbour.bob.wait("answer", user="me")["answer"][0][0]
    harbour.bob.tell(download=path, from_="me")


def same(one: Path, other: Path, name: str) -> bool:
    first, second = (next(folder.rglob(f"{name}.flac")).read_bytes() for folder in (one, other))
    return first == second


def test_killed_while_files_run_both_ways_they_end_without_it(harbour: Harbour) -> None:
    mine = files(harbour.root / "mine", ours=LONG)
    with harbour.engine(mine, max_upload_rate="90K") as me:
        me.wait_view(LibraryView, lambda view: view.files == 1, WAIT, "our file")
        me.mode("hybrid", "healthy")
        fetch(me, "long")
        ask_for_ours(harbour, "ours")
        before = reach(me, "long", LegacyPhase.ACTIVE, more=0).done
        harbour.bob.wait("download", state="DOWNLOADING")
        fetch(me, "short")  # ann has one slot: it waits for the long one
        reach(me, "short", LegacyPhase.REQUESTED)
        harbour.look(me)
        harbour.ann.tell(slots=0)
        harbour.kill()
        me.mode("disaster", "unavailable")
        reach(me, "long", LegacyPhase.ACTIVE, more=before)
        harbour.ann.tell(limit=0)
        me.ask(cmd.SetSetting("soulseek.max_upload_rate", "0"))
        reach(me, "long", LegacyPhase.DONE)
        harbour.bob.wait("download", state="COMPLETE")
        assert mode_is(me, "disaster")
        reach(me, "short", *KEPT)
        assert harbour.losses.lost(things(me)) == 0
        harbour.home_again(me)
        harbour.ann.tell(slots=1)
        reach(me, "short", LegacyPhase.DONE)
        assert harbour.losses.lost(things(me)) == 0
    assert same(harbour.root / "ann", harbour.root / "me-downloads", "long")
    assert same(harbour.root / "ann", harbour.root / "me-downloads", "short")
    assert same(mine, harbour.root / "bob", "ours")


def test_what_is_offered_while_it_is_away_comes_once_it_is_back(harbour: Harbour) -> None:
    with harbour.engine() as me:
        me.mode("hybrid", "healthy")
        fetch(me, "long")
        reach(me, "long", LegacyPhase.ACTIVE, more=0)
        fetch(me, "short")
        reach(me, "short", LegacyPhase.REQUESTED)
        harbour.kill()
        me.mode("disaster", "unavailable")
        harbour.ann.tell(limit=0)
        reach(me, "long", LegacyPhase.DONE)
        harbour.ann.wait(
            "upload", state="INITIALIZING"
        )  # the short one, to a user whose address nobody tells her
        harbour.look(me)
        harbour.home_again(me)
        reach(me, "short", LegacyPhase.DONE)
        assert harbour.losses.lost(things(me)) == 0
    assert same(harbour.root / "ann", harbour.root / "me-downloads", "short")


def test_killed_while_people_talk(harbour: Harbour) -> None:
    with harbour.engine() as me:
        me.mode("hybrid", "healthy")
        me.ask(leg.JoinRoom("quay"))
        me.wait_view(ChatsView, lambda v: [room.joined for room in v.rooms] == [True], WAIT, "the room")
        me.ask(leg.Whisper("ann", "before"))
        assert harbour.ann.wait("whispered", user="me")["whispered"] == "before"
        harbour.freeze()
        me.ask(leg.Say("quay", "into the dark"))
        me.ask(leg.Whisper("ann", "in between"))
        harbour.look(me)
        harbour.kill()
        me.mode("disaster", "unavailable")
        me.wait_view(ChatsView, lambda v: [room.joined for room in v.rooms] == [False], WAIT, "no room")
        me.ask(leg.Whisper("ann", "meanwhile"))
        me.ask(leg.JoinRoom("pier"))
        me.wait_view(ChatsView, lambda v: len(v.rooms) == 2, WAIT, "the other room")
        me.ask(leg.WatchChat("quay"))
        me.wait_for(
            lambda: any(one.kind == "unsent" for one in lines(me).values()), WAIT, "what was not said"
        )
        harbour.look(me)
        harbour.back()
        harbour.ann.tell(whisper="welcome back", to="me")  # before we are: it waits on the server
        me.post(leg.RetryServer())
        me.mode("hybrid", "healthy")
        assert harbour.ann.wait("whispered", whispered="meanwhile")["user"] == "me"
        me.wait_view(ChatsView, lambda v: all(room.joined for room in v.rooms), WAIT, "both rooms")
        me.ask(leg.WatchChat("ann", False))
        me.wait_for(
            lambda: any(one.text == "welcome back" for one in lines(me).values()), WAIT, "her message"
        )
        harbour.ann.tell(say="so you are", room="quay")
        me.wait_view(ChatsView, lambda v: any(room.unread for room in v.rooms), WAIT, "her line")
        assert harbour.losses.lost(things(me)) == 0


def test_killed_in_the_login_what_was_wanted_before_is_done_after(harbour: Harbour) -> None:
    with harbour.engine() as me:
        me.mode("hybrid", "healthy")
        harbour.ann.tell(slots=0)
        fetch(me, "short")
        reach(me, "short", LegacyPhase.REQUESTED)
        me.ask(leg.JoinRoom("quay"))
        me.wait_view(ChatsView, lambda v: [room.joined for room in v.rooms] == [True], WAIT, "the room")
        harbour.look(me)
    harbour.freeze()
    with harbour.engine() as me:
        me.wait_view(ModeView, lambda view: view.phase == "connecting", WAIT, "the login")
        harbour.kill()
        me.mode("disaster", "unavailable")
        me.wait_view(ChatsView, lambda v: bool(v.rooms), WAIT, "the rooms")
        reach(me, "short", *KEPT)
        me.ask(leg.Whisper("ann", "hello"))
        me.wait_view(ChatsView, lambda v: bool(v.conversations), WAIT, "the message")
        assert harbour.losses.lost(things(me)) == 0
        harbour.look(me)
    with harbour.engine() as me:  # and the engine, too, is started anew meanwhile
        me.mode("disaster", "unavailable")
        reach(me, "short", *KEPT)
        me.wait_view(ChatsView, lambda v: bool(v.rooms and v.conversations), WAIT, "rooms and messages")
        assert harbour.losses.lost(things(me)) == 0
        harbour.home_again(me)
        harbour.ann.tell(slots=1)
        assert harbour.ann.wait("whispered", user="me")["whispered"] == "hello"
        reach(me, "short", LegacyPhase.DONE)
        me.wait_view(ChatsView, lambda v: [room.joined for room in v.rooms] == [True], WAIT, "the room")
        assert harbour.losses.lost(things(me)) == 0
    assert same(harbour.root / "ann", harbour.root / "me-downloads", "short")
