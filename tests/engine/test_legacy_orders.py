"""Orders of the person over a whole engine, with the demo's server and another client's users on the other side."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.console import Refused
from slskmesh.engine.events import Event
from slskmesh.engine.legacy_events import (
    BrowseProgress,
    ChatLines,
    FilesShown,
    FoldersShown,
    PublishedShown,
    RoomsShown,
    UserShown,
)
from slskmesh.engine.legacy_views import (
    ChatLineView,
    ChatsView,
    ChatView,
    LegacyDownloadsView,
    LegacyPhase,
    LegacyUploadsView,
    PeopleView,
    StatisticsView,
    WishesView,
)
from slskmesh.engine.views import LibraryView
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.engine.nodes import WAIT
from tests.engine.test_legacy_plane import LegacyNode, engine

E = TypeVar("E", bound=Event)
SIZE = 200_000


@pytest.fixture
def share(tmp_path: Path) -> Path:
    for disc in ("CD1", "CD2"):
        folder = tmp_path / "share" / "Slow Ferries" / disc
        folder.mkdir(parents=True)
        for track in (1, 2):
            name = f"0{track} Tide Table {disc}.flac"
            (folder / name).write_bytes(random.Random(f"{disc}{track}").randbytes(SIZE))
    return tmp_path / "share"


def said(me: LegacyNode, kind: type[E], true: Callable[[E], bool] = lambda event: True) -> E:
    """The first event of a kind that is so, once it came."""

    def found() -> list[E]:
        return [event for event in me.seen if isinstance(event, kind) and true(event)]

    me.wait_for(lambda: bool(found()), WAIT, f"{kind.__name__}")
    return found()[0]


def done(me: LegacyNode, count: int) -> LegacyDownloadsView:
    def whole(view: LegacyDownloadsView) -> bool:
        return [one.phase for one in view.downloads] == [LegacyPhase.DONE] * count

    return me.wait_view(LegacyDownloadsView, whole, WAIT * 2, f"{count} files")


def lines(me: LegacyNode) -> dict[int, ChatLineView]:
    """The latest line of each number."""
    told = (line for event in me.seen if isinstance(event, ChatLines) for line in event.lines)
    return {line.number: line for line in told}


def test_a_hit_a_folder_and_a_browsed_disc_are_fetched(tmp_path: Path, share: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(tmp_path, server.address, "ann", "--share", str(share)) as ann,
        engine(tmp_path, server.address) as me,
    ):
        ann.online()
        me.mode("hybrid", "healthy")
        query, hits = me.hits("tide table", 4)
        one = next(hit for hit in hits if hit.name == "01 Tide Table CD1.flac")
        reply = me.ask(leg.GetHits(query, (one.key,)))
        assert reply.text == "1 file added" and len(reply.value) == 32
        me.ask(leg.WatchLegacy(reply.value))
        [view] = done(me, 1).downloads
        assert (view.user, view.name, view.folder, view.size) == ("ann", one.name, "Slow Ferries/CD1", SIZE)
        there = tmp_path / "me-downloads" / "Slow Ferries" / "CD1" / one.name
        assert str(view.path) == str(there)
        assert there.read_bytes() == (share / "Slow Ferries" / "CD1" / one.name).read_bytes()
        assert me.ask(leg.GetHits(query, (one.key,))).text == "1 there already"
        assert me.ask(leg.GetFolder(query, one.key)).text == "4 files of Slow Ferries in the list"
        done(me, 4)
        folder = tmp_path / "me-downloads" / "Slow Ferries"
        assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.flac")) == [
            f"{disc}/0{track} Tide Table {disc}.flac" for disc in ("CD1", "CD2") for track in (1, 2)
        ]
        me.wait_view(StatisticsView, lambda v: v.session.files_received == 4, WAIT, "the sums")
        assert me.ask(leg.ClearLegacy()).text == "4 finished downloads off the list"

        me.ask(leg.BrowseUser("ann"))
        end = said(me, BrowseProgress, lambda event: event.done)
        assert (end.user, end.files, end.size, end.note) == ("ann", 4, 4 * SIZE, "")
        me.ask(leg.BrowseFolders("ann", "cd2"))
        [disc] = said(me, FoldersShown).folders
        me.ask(leg.BrowseFiles("ann", disc.row))
        files = said(me, FilesShown).files
        assert [file.name for file in files] == ["01 Tide Table CD2.flac", "02 Tide Table CD2.flac"]
        assert me.ask(leg.GetBrowsed("ann", folders=(disc.row,))).text == "2 files added"
        done(me, 2)
        with pytest.raises(Refused, match="fetched anew"):
            me.ask(leg.GetBrowsed("ann", files=(1,)))
        me.ask(leg.BrowseUser("nobody"))
        end = said(me, BrowseProgress, lambda event: event.user == "nobody" and event.done)
        assert "the user is offline" in end.note


def test_rooms_messages_and_people(tmp_path: Path, share: Path) -> None:
    mine = tmp_path / "mine" / "Own Album"
    mine.mkdir(parents=True)
    (mine / "02 Harbour Lights.flac").write_bytes(random.Random(2).randbytes(30 << 20))
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(
            tmp_path, server.address, "ann", "--join", "jazz", "--downloads", str(tmp_path / "got")
        ) as ann,
        engine(tmp_path, server.address, tmp_path / "mine") as me,
    ):
        ann.online()
        me.mode("hybrid", "healthy")
        assert me.ask(leg.JoinRoom("jazz")).text == "in jazz"
        me.ask(leg.ListRooms())
        shown = said(me, RoomsShown)
        assert ("jazz", 2, True) in [(room.name, room.users, room.joined) for room in shown.rooms]
        me.ask(leg.WatchChat("jazz"))
        view = me.wait_view(ChatView, lambda v: set(v.users) == {"ann", "me"}, WAIT, "who is there")
        assert view.room and view.joined
        me.ask(leg.Say("jazz", "hello"))
        assert ann.wait("said", user="me")["said"] == "hello"
        ann.tell(say="hi me", room="jazz")
        me.wait_for(lambda: "mention" in [line.kind for line in lines(me).values()], WAIT, "her line")
        assert [(line.user, line.text, line.kind) for line in lines(me).values()] == [
            *(("me", "hello", "own"), ("ann", "hi me", "mention"))
        ]
        me.wait_view(ChatsView, lambda v: [room.mentions for room in v.rooms] == [1], WAIT, "the room")
        me.ask(leg.MarkRead("jazz"))
        me.wait_view(ChatsView, lambda v: [room.unread for room in v.rooms] == [0], WAIT, "that it is read")

        me.ask(leg.Whisper("ann", "are you there?"))
        assert ann.wait("whispered", user="me")["whispered"] == "are you there?"
        ann.tell(whisper="yes", to_="me")
        me.wait_view(ChatsView, lambda v: [c.unread for c in v.conversations] == [1], WAIT, "her message")
        me.ask(leg.AskUser("ann"))
        shown_user = said(me, UserShown)
        assert (shown_user.user, shown_user.state, shown_user.note) == ("ann", "online", "")
        me.ask(leg.AddBuddy("ann", "from the room"))
        me.wait_view(PeopleView, lambda v: [b.state for b in v.buddies] == ["online"], WAIT, "the buddy")
        me.ask(leg.RemoveBuddy("ann"))

        me.wait_view(LibraryView, lambda v: v.files == 1, WAIT, "the scan")
        me.ask(cmd.SetSetting("soulseek.max_upload_rate", "200K"))
        ann.tell(browse="me")
        [[folder, [[name, _]]]] = ann.wait("listing", user="me")["listing"].items()
        ann.tell(download=f"{folder}\\{name}", from_="me")
        me.wait_view(LegacyUploadsView, lambda v: v.active == 1, WAIT, "the upload")
        text = me.ask(leg.AddRule("ann", ("results", "chat", "transfers"))).text
        assert text == "ann is kept from results, chat, transfers; 1 upload ended"
        me.wait_view(LegacyUploadsView, lambda v: not v.uploads, WAIT, "its end")
        me.ask(leg.ShowPublished())
        assert said(me, PublishedShown).lines
        me.ask(leg.ForgetCapture())


def test_without_the_server_everything_is_kept_until_it_is_back(tmp_path: Path, share: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ServerProcess(tmp_path))
        words = ("--share", str(share), "--join", "jazz")
        ann = stack.enter_context(LegacyUser(tmp_path, server.address, "ann", *words)).online()
        me = stack.enter_context(engine(tmp_path, server.address))
        me.mode("hybrid", "healthy")
        query, hits = me.hits("tide table", 4)
        server.order(stop=True)
        server.child.finish()
        ann.wait("online", online=False)
        me.mode("disaster", "unavailable")

        one = next(hit for hit in hits if hit.name == "01 Tide Table CD1.flac")
        key = me.ask(leg.GetHits(query, (one.key,))).value
        assert me.ask(leg.Whisper("ann", "later")).text == "it is sent with the next login"
        assert "next login" in me.ask(leg.JoinRoom("jazz")).text
        me.ask(leg.AddWish("tide table", "lossless"))
        me.ask(leg.AddBuddy("ann"))
        with pytest.raises(Refused, match="nothing was said"):
            me.ask(leg.Say("jazz", "hello"))
        with pytest.raises(Refused, match="no list of ann is kept"):
            me.ask(leg.BrowseUser("ann"))
        with pytest.raises(Refused, match="session"):
            me.ask(leg.GetFolder(query, one.key))
        me.ask(leg.AskUser("ann"))
        assert "no session" in said(me, UserShown).note
        me.wait_view(WishesView, lambda v: [w.text for w in v.wishes] == ["tide table"], WAIT, "the wish")
        me.wait_view(ChatsView, lambda v: [c.waiting for c in v.conversations] == [1], WAIT, "the message")
        [view] = me.wait_view(LegacyDownloadsView, lambda v: bool(v.downloads), WAIT, "the list").downloads
        assert (view.key, view.phase) == (key, LegacyPhase.QUEUED)

        port = server.address.rpartition(":")[2]
        stack.enter_context(ServerProcess(tmp_path, "--port", port))
        ann.online()
        me.ask(leg.RetryServer())
        me.mode("hybrid", "healthy")
        assert ann.wait("whispered", user="me")["whispered"] == "later"
        me.wait_view(ChatsView, lambda v: [room.joined for room in v.rooms] == [True], WAIT, "the room")
        done(me, 1)
