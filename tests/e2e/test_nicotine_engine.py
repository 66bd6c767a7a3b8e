"""A whole engine of ours and Nicotine+, the client none of us wrote, on the demo's Soulseek server: both ways."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.legacy_events import BrowseProgress, FilesShown, FoldersShown, UserShown
from slskmesh.engine.legacy_views import (
    ChatsView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    LegacyUploadsView,
    StatisticsView,
)
from slskmesh.engine.views import LibraryView
from slskmesh.soulseek.partials import TAIL
from tests.demo.processes import naming
from tests.demo.soulseek_line import ServerProcess
from tests.e2e.ground import Leecher
from tests.e2e.nicotine import FINISHED, MISSING, QUEUED, TRANSFERRING, Nicotine
from tests.engine.nodes import WAIT, furnish, meet, running
from tests.engine.test_legacy_orders import lines, said
from tests.engine.test_legacy_plane import LegacyNode, account

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

SIZE = 5_000_000
SHORT = 70_000
ALBUM = "Music\\Slow Ferries"
NAME = "01 Tide Table.flac"
PATH = f"{ALBUM}\\CD1\\{NAME}"
WHOLE = {
    "CD1": [(NAME, SIZE), ("02 Weather Ship.flac", SHORT)],
    "CD2": [("01 Harbour Bell.flac", SHORT), ("02 Tide Turns.flac", SHORT)],
}


class Place(NamedTuple):
    """A server and a Nicotine+ that shares, on it for all tests of this file; `share` is what he shares."""

    server: str
    sharer: Nicotine
    share: Path


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("yardstick")
    for disc, files in WHOLE.items():
        at = folder / "share" / "Slow Ferries" / disc
        at.mkdir(parents=True)
        for name, size in files:
            (at / name).write_bytes(random.Random(f"{disc} {name}").randbytes(size))
    with ServerProcess(folder) as server:
        with Nicotine(folder, server.address, "sharer", share=folder / "share") as sharer:
            sharer.online()
            yield Place(server.address, sharer, folder / "share")
    assert naming(folder) == []


@pytest.fixture
def place(grounds: Place) -> Place:
    grounds.sharer.do("limit", upload=0)
    return grounds


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Ours is of the test's name, for the server outlives the test."""
    return str(request.node.name).removeprefix("test_")[:24]


@pytest.fixture
def guest(place: Place, tmp_path: Path, name: str) -> Iterator[Nicotine]:
    """A Nicotine+ that shares nothing."""
    with Nicotine(tmp_path, place.server, f"{name}-nic") as one:
        one.online()
        yield one
    assert naming(tmp_path) == []


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A share of ours: "Own Album" with a long and a short file."""
    at = tmp_path / "mine" / "Own Album"
    at.mkdir(parents=True)
    for name, size in (("01 Salt Road.flac", SIZE), ("02 Salt Wind.flac", SHORT)):
        (at / name).write_bytes(random.Random(name).randbytes(size))
    return at.parent


def set_up(root: Path, server: str, name: str, *shares: Path, **rescue: object) -> Path:
    """A home of ours with an account."""
    home = furnish(root, name, *shares, settings={**account(server, name), "rescue": rescue})
    (home / "soulseek.password").write_text("secret\n")
    return home


@contextlib.contextmanager
def on(home: Path, files: int = 0) -> Iterator[LegacyNode]:
    """An engine on the server, once it shares so many files."""
    node = LegacyNode(home)
    node.start()
    try:
        node.mode("hybrid", "healthy")
        node.wait_view(LibraryView, lambda view: view.files == files, WAIT, "its shares")
        yield node
    finally:
        assert node.stop(WAIT)


def digest(path: Path | str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def whole(me: LegacyNode, name: str = NAME) -> LegacyDownloadView:
    """A download, once it is done."""

    def there(view: LegacyDownloadsView) -> bool:
        return any(one.name == name and one.phase is LegacyPhase.DONE for one in view.downloads)

    view = me.wait_view(LegacyDownloadsView, there, WAIT * 2, name)
    return next(one for one in view.downloads if one.name == name)


# -- from Nicotine+ to us ----------------------------------------------------------------------------------------------


def test_what_is_found_is_fetched(place: Place, tmp_path: Path, name: str) -> None:
    with on(set_up(tmp_path, place.server, name)) as me:
        query, hits = me.hits("tide table", 1)
        assert [(hit.via, hit.user, hit.name, hit.size) for hit in hits] == [
            ("soulseek", "sharer", NAME, SIZE)
        ]
        assert me.ask(leg.GetHits(query, (hits[0].key,))).text == "1 file added"
        file = whole(me)
        assert (file.user, file.done, file.folder) == ("sharer", SIZE, "Slow Ferries/CD1")
        assert digest(str(file.path)) == digest(place.share / "Slow Ferries" / "CD1" / NAME)
        assert place.sharer.finished(name, PATH, kind="upload").moved == SIZE
        me.ask(leg.AskUser("sharer"))
        shown = said(me, UserShown)
        assert (shown.state, shown.slots, shown.free_slot, shown.note) == ("online", 2, True, "")


def goes_on(place: Place, home: Path, name: str) -> None:
    """What was begun on this home ends on it, and Nicotine+ sends no more than was missing and the tail we check."""
    before = place.sharer.left(name, PATH, kind="upload")
    (part,) = (home.parent / f"{name}-downloads" / ".incomplete").glob("*.legacy")
    had = part.stat().st_size
    assert TAIL < had < SIZE
    place.sharer.do("limit", upload=0)
    with on(home) as me:
        assert digest(str(whole(me).path)) == digest(place.share / "Slow Ferries" / "CD1" / NAME)
    after = place.sharer.finished(name, PATH, kind="upload")
    assert after.moved - before.moved == SIZE - had + TAIL


def test_stopped_in_the_middle(place: Place, tmp_path: Path, name: str) -> None:
    home = set_up(tmp_path, place.server, name)
    place.sharer.do("limit", upload=500)
    with on(home) as me:
        query, hits = me.hits("tide table", 1)
        me.ask(leg.GetHits(query, (hits[0].key,)))
        place.sharer.progress(name, PATH, 700_000, kind="upload")
    goes_on(place, home, name)


def test_killed_in_the_middle(place: Place, tmp_path: Path, name: str) -> None:
    home = set_up(tmp_path, place.server, name)
    place.sharer.do("limit", upload=500)
    process = Leecher(name, home, ["tests.e2e.driven", "--home", str(home)])
    try:
        process.listening()
        added = process.ask(leg.GetRemote("sharer", PATH, SIZE))
        assert added.ok, added.text
        place.sharer.progress(name, PATH, 700_000, kind="upload")
    finally:
        process.kill()
    goes_on(place, home, name)


def test_browsed_and_fetched_with_both_discs(place: Place, tmp_path: Path, name: str) -> None:
    with on(set_up(tmp_path, place.server, name)) as me:
        me.ask(leg.BrowseUser("sharer"))
        end = said(me, BrowseProgress, lambda event: event.done)
        assert (end.user, end.files, end.size, end.note) == ("sharer", 4, SIZE + 3 * SHORT, "")
        me.ask(leg.BrowseFolders("sharer", "cd"))
        discs = {str(one.path).rpartition("/")[2]: one for one in said(me, FoldersShown).folders}
        assert {disc: one.files for disc, one in discs.items()} == {"CD1": 2, "CD2": 2}
        me.ask(leg.BrowseFiles("sharer", discs["CD2"].row))
        files = said(me, FilesShown).files
        assert [(file.name, file.size) for file in files] == WHOLE["CD2"]
        assert me.ask(leg.GetBrowsed("sharer", files=(files[0].row,))).text == "1 file added"
        whole(me, str(files[0].name))

        query, [hit] = me.hits("tide table", 1)
        assert me.ask(leg.GetFolder(query, hit.key)).text == "4 files of Slow Ferries in the list"
        for disc, names in WHOLE.items():
            for each, _ in names:
                assert digest(str(whole(me, each).path)) == digest(place.share / "Slow Ferries" / disc / each)
        got = tmp_path / f"{name}-downloads" / "Slow Ferries"
        assert {disc.name: sorted(file.name for file in disc.iterdir()) for disc in got.iterdir()} == {
            disc: [each for each, _ in names] for disc, names in WHOLE.items()
        }


def test_our_place_in_its_queue(place: Place, guest: Nicotine, tmp_path: Path, name: str) -> None:
    place.sharer.do("limit", upload=100, slots=1)
    guest.download("sharer", PATH, SIZE)
    guest.reach("sharer", PATH, TRANSFERRING)
    with on(set_up(tmp_path, place.server, name)) as me:
        key = me.ask(leg.GetRemote("sharer", f"{ALBUM}\\CD2\\02 Tide Turns.flac", SHORT)).value
        me.wait_view(
            LegacyDownloadsView,
            lambda view: [(one.key, one.place) for one in view.downloads] == [(key, 2)],
            WAIT * 2,
            "our place",
        )
        place.sharer.do("limit", upload=0)
        whole(me, "02 Tide Turns.flac")


# -- from us to Nicotine+ ----------------------------------------------------------------------------------------------


def ours(nicotine: Nicotine, name: str, words: str) -> str:
    """The path of our one file with these words, as Nicotine+ finds it."""
    (answer,) = nicotine.search(words, 1)
    assert answer.user == name
    (file,) = answer.files
    return str(file["path"])


def test_ours_is_found_browsed_and_fetched_after_a_kill(
    place: Place, guest: Nicotine, mine: Path, tmp_path: Path, name: str
) -> None:
    with on(set_up(tmp_path, place.server, name, mine), 2) as me:
        path = ours(guest, name, "salt road")
        ((folder, files),) = guest.browse(name).items()
        assert path == f"{folder}\\01 Salt Road.flac"
        assert files == [("01 Salt Road.flac", SIZE), ("02 Salt Wind.flac", SHORT)]
        me.ask(cmd.SetSetting("soulseek.max_upload_rate", "500K"))
        guest.download(name, path, SIZE)
        guest.progress(name, path, 700_000)
        view = me.wait_view(LegacyUploadsView, lambda v: v.active == 1, WAIT, "the upload")
        [upload] = view.uploads
        assert (upload.user, upload.name, upload.size) == (guest.name, "01 Salt Road.flac", SIZE)
        guest.kill()
        me.wait_view(LegacyUploadsView, lambda v: v.active == 0, WAIT, "its end")
        (partial,) = (guest.home / "incomplete").iterdir()
        had = partial.stat().st_size
        assert 0 < had < SIZE
        me.ask(cmd.SetSetting("soulseek.max_upload_rate", "0"))
        guest.start()
        guest.online()
        guest.download(name, path, SIZE)
        assert guest.finished(name, path).moved == SIZE - had
        assert digest(guest.downloads / "01 Salt Road.flac") == digest(
            mine / "Own Album" / "01 Salt Road.flac"
        )
        me.wait_view(StatisticsView, lambda v: v.session.files_sent == 1, WAIT, "the sums")
        guest.download_folder(name, folder)
        guest.finished(name, f"{folder}\\02 Salt Wind.flac")


def test_its_place_in_our_queue(place: Place, guest: Nicotine, mine: Path, tmp_path: Path, name: str) -> None:
    with on(set_up(tmp_path, place.server, name, mine), 2) as me:
        me.ask(cmd.SetSetting("soulseek.slots", "1"))
        me.ask(cmd.SetSetting("soulseek.max_upload_rate", "100K"))
        long, short = ours(guest, name, "salt road"), ours(guest, name, "salt wind")
        guest.download(name, long, SIZE)
        guest.reach(name, long, TRANSFERRING)
        place.sharer.download(name, short, SHORT)
        place.sharer.reach(name, short, QUEUED)
        assert place.sharer.place(name, short) == 1
        view = me.wait_view(LegacyUploadsView, lambda v: len(v.uploads) == 2, WAIT, "both")
        assert [(one.user, one.phase) for one in view.uploads] == [
            (guest.name, LegacyPhase.ACTIVE),
            ("sharer", LegacyPhase.QUEUED),
        ]
        me.ask(leg.CancelUpload(view.uploads[0].key))
        place.sharer.finished(name, short)
        assert guest.left(name, long).status != FINISHED


def test_a_banned_user_finds_and_gets_nothing(
    place: Place, guest: Nicotine, mine: Path, tmp_path: Path, name: str
) -> None:
    with on(set_up(tmp_path, place.server, name, mine), 2) as me:
        path = ours(guest, name, "salt road")
        me.ask(leg.AddRule(guest.name, ("results", "chat", "transfers")))
        guest.heard.clear()
        guest.search("salt", 0)
        guest.download(name, path, SIZE)
        guest.reach(name, path, "Banned")
        assert [heard for heard in guest.heard if heard["event"] == "answer"] == []
        assert list(guest.downloads.glob("*")) == []
        guest.whisper(name, "why?")
        guest.whisper("sharer", "sent after that")
        place.sharer.wait("whispered", user=guest.name)
        place.sharer.whisper(name, "hello")
        told = me.wait_view(ChatsView, lambda v: bool(v.conversations), WAIT, "the sharer's message")
        assert [one.user for one in told.conversations] == ["sharer"]
        me.ask(leg.RemoveRule(guest.name))
        guest.retry(name, path)
        guest.finished(name, path)


# -- rooms, messages, rescue -------------------------------------------------------------------------------------------


def test_a_room_and_messages(place: Place, guest: Nicotine, tmp_path: Path, name: str) -> None:
    home = set_up(tmp_path, place.server, name)
    with on(home) as me:
        guest.join("harbour")
        assert me.ask(leg.JoinRoom("harbour")).text == "in harbour"
        me.ask(leg.WatchChat("harbour"))
        me.ask(leg.Say("harbour", "good evening"))
        assert guest.wait("said", user=name)["text"] == "good evening"
        guest.say("harbour", "the same to you")
        me.wait_for(lambda: len(lines(me)) == 2, WAIT, "its line")
        assert [(one.user, one.text) for one in lines(me).values()] == [
            *((name, "good evening"), (guest.name, "the same to you"))
        ]
        me.ask(leg.Whisper(guest.name, "are you there?"))
        assert guest.wait("whispered", user=name)["text"] == "are you there?"
        guest.whisper(name, "yes")
        me.wait_view(ChatsView, lambda v: [c.unread for c in v.conversations] == [1], WAIT, "its message")
        guest.say("harbour", "I have to go")  # its echo comes after the server has the acknowledgement
        guest.wait("said", text="I have to go")
        guest.end()
        me.ask(leg.Whisper(guest.name, "while you were away"))
        guest.start()
        guest.online()
        heard = guest.wait("whispered", user=name)
        assert (heard["text"], heard["new"]) == ("while you were away", False)
    guest.whisper(name, "and you")
    guest.join("harbour")  # answered after the server has the message
    with on(home) as me:
        view = me.wait_view(ChatsView, lambda v: [c.unread for c in v.conversations] == [2], WAIT, "both")
        assert [(one.user, one.text) for one in view.conversations] == [(guest.name, "and you")]
        me.wait_view(ChatsView, lambda v: [r.joined for r in v.rooms] == [True], WAIT, "the room")


def test_a_peer_finishes_what_it_sends_slowly(place: Place, tmp_path: Path, name: str) -> None:
    place.sharer.do("limit", upload=60)
    home = set_up(tmp_path, place.server, name, rate="1M", over=5)
    with running([furnish(tmp_path, "holder", place.share)]) as [holder], on(home) as me:
        holder.wait_view(LibraryView, lambda view: view.files == 4, WAIT, "its files")
        meet(holder, me)
        query, [hit] = me.hits("tide table", 1, where="soulseek")
        key = me.ask(leg.GetHits(query, (hit.key,))).value
        me.ask(leg.WatchLegacy(key))
        file = whole(me)
        assert any("rescued" in line for _, line in file.lines), file.lines
        assert digest(str(file.path)) == digest(place.share / "Slow Ferries" / "CD1" / NAME)
        sums = me.wait_view(StatisticsView, lambda v: v.rescue.rescued == 1, WAIT, "the sums").rescue
        assert SIZE // 2 < sums.bytes < SIZE  # what came from him is a beginning, and not nothing
        sent = place.sharer.left(name, PATH, kind="upload").moved
        # what is asked of him now comes by the same line, after whatever was asked before
        me.ask(leg.GetRemote("sharer", f"{ALBUM}\\CD2\\02 Tide Turns.flac", SHORT))
        place.sharer.finished(name, f"{ALBUM}\\CD2\\02 Tide Turns.flac", kind="upload")
        statuses = place.sharer.statuses(name, PATH, kind="upload")
        assert statuses.count(QUEUED) == statuses.count(TRANSFERRING) == 1, statuses
        assert place.sharer.left(name, PATH, kind="upload").moved == sent
