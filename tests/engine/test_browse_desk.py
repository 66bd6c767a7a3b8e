"""The desk for users' shares: the real browses and downloads over users a test speaks for."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.browse_desk import FOLDERS_MAX
from slskmesh.engine.legacy_events import (
    BrowseProgress,
    BrowseStanding,
    FilesShown,
    FoldersShown,
    ListingShown,
)
from slskmesh.soulseek import browses
from slskmesh.soulseek.values import Attributes, RemoteFile, TransferPhase
from tests.engine.legacy_stand import Stand

ALBUM = "m\\Artist\\Album"


def folder(path: str, *names: str, locked: bool = False) -> tuple[str, tuple[RemoteFile, ...]]:
    said = Attributes(900, 61, False, 44_100, 16)
    return path, tuple(RemoteFile(f"{path}\\{name}", 5, said, locked) for name in names)


def shares(stand: Stand) -> None:
    stand.client.shares["ben"] = [
        [folder(ALBUM + "\\CD1", "2\x1b.flac", "1.flac"), folder(ALBUM + "\\CD2", "1.flac")],
        [folder("m\\Artist\\Other", "9.mp3"), folder(ALBUM + "\\Bonus", "1.flac", locked=True), (ALBUM, ())],
    ]


async def browsed(stand: Stand, user: str) -> BrowseProgress:
    """Browses to the end."""
    before = len(stand.said(BrowseProgress))
    await stand.do(leg.BrowseUser(user))
    await stand.until(lambda: any(event.done for event in stand.said(BrowseProgress)[before:]))
    return stand.said(BrowseProgress)[-1]


async def rows(stand: Stand, user: str = "ben") -> dict[str, int]:
    """Row by path."""
    await stand.do(leg.BrowseFolders(user))
    return {str(one.path): one.row for one in stand.said(FoldersShown)[-1].folders}


async def test_a_list_is_fetched_and_shown_in_pages(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        shares(stand)
        assert await stand.do(leg.BrowseUser("ben")) == "asking ben for the list of shares"
        await stand.event(BrowseProgress, lambda event: event.done)
        begun = stand.said(BrowseProgress)[0]
        assert (begun.user, begun.files, begun.done) == ("ben", 0, False)
        end = stand.said(BrowseProgress)[-1]
        assert (end.user, end.folders, end.files, end.size, end.note) == ("ben", 5, 5, 25, "")
        assert await stand.do(leg.BrowseFolders("ben", offset=1, limit=2), 8) == "5 folders"
        [shown] = stand.said(FoldersShown)
        assert (shown.query, shown.user, shown.offset, shown.total) == (8, "ben", 1, 5)
        assert [(one.path, one.files, one.size) for one in shown.folders] == [
            *(("m/Artist/Album/Bonus", 1, 5), ("m/Artist/Album/CD1", 2, 10))
        ]
        cd1 = shown.folders[1].row
        assert await stand.do(leg.BrowseFiles("ben", cd1), 9) == "2 files"
        [files] = stand.said(FilesShown)
        assert (files.query, files.folder) == (9, cd1)
        assert [(one.name, one.size, one.bitrate, one.duration, one.vbr) for one in files.files] == [
            *(("1.flac", 5, 900, 61, False), ("2\ufffd.flac", 5, 900, 61, False))
        ]
        assert await stand.do(leg.BrowseFolders("ben", text="album cd2")) == "1 folder"
        assert "not in the list" in await stand.refused(leg.BrowseFiles("ben", 1))
        assert "give a user's name" in await stand.refused(leg.BrowseUser(""))


async def test_a_user_who_is_offline_is_told_of_clearly(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        end = await browsed(stand, "nobody")
        assert (end.files, end.note) == (0, "the user's shares: the user is offline")
        assert "fetch it first" in await stand.refused(leg.BrowseFolders("nobody"))


async def test_what_is_kept_is_read_and_fetched_from_without_a_session(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        shares(stand)
        await browsed(stand, "ben")
        stand.client.lose()
        said = await stand.do(leg.BrowseUser("ben"))
        assert said.startswith("there is no session with the server: the list is as of 1970-01-1")
        last = stand.said(BrowseProgress)[-1]
        assert last.done and (last.folders, last.files) == (5, 5) and last.note.startswith("as of 1970")
        said = await stand.refused(leg.BrowseUser("cara"))
        assert said == "there is no session with the server, and no list of cara is kept"
        there = await rows(stand)
        assert await stand.do(leg.GetBrowsed("ben", folders=(there["m/Artist/Other"],))) == "1 file added"
        [state] = stand.legacy.downloads.views()
        assert (state.path, state.phase) == ("m\\Artist\\Other\\9.mp3", TransferPhase.QUEUED)


async def test_files_and_folders_are_fetched_by_their_rows(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        shares(stand)
        await browsed(stand, "ben")
        there = await rows(stand)
        await stand.do(leg.BrowseFiles("ben", there["m/Artist/Album/CD1"]))
        first, second = (one.row for one in stand.said(FilesShown)[-1].files)
        assert await stand.do(leg.GetBrowsed("ben", files=(second,), paused=True)) == "1 file added"
        [state] = stand.legacy.downloads.views()
        assert (state.path, state.folder) == (f"{ALBUM}\\CD1\\2\x1b.flac", "Album/CD1")
        assert state.phase is TransferPhase.PAUSED
        said = await stand.do(leg.GetBrowsed("ben", folders=(there["m/Artist/Album"],), files=(first,)))
        assert said == "2 files added, 2 there already, 1 locked to us"
        places = {(one.folder, one.path.rpartition("\\")[2]) for one in stand.legacy.downloads.views()}
        assert places == {("Album/CD1", "1.flac"), ("Album/CD1", "2\x1b.flac"), ("Album/CD2", "1.flac")}
        said = await stand.refused(leg.GetBrowsed("ben", folders=(there["m/Artist/Album/Bonus"],)))
        assert said == "all files of this folder are locked"
        await stand.do(leg.BrowseFiles("ben", there["m/Artist/Album/Bonus"]))
        [locked] = stand.said(FilesShown)[-1].files
        assert locked.locked and "is locked" in await stand.refused(
            leg.GetBrowsed("ben", files=(locked.row,))
        )
        assert "nothing is marked" in await stand.refused(leg.GetBrowsed("ben"))
        too_many = leg.GetBrowsed("ben", folders=tuple(range(FOLDERS_MAX + 1)))
        assert "200 folders" in await stand.refused(too_many)
        assert "fetched anew" in await stand.refused(leg.GetBrowsed("ben", files=(first + 100,)))


async def test_a_list_is_stopped_and_a_second_is_not_begun_beside_it(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        shares(stand)
        stand.client.gates["ben"] = trio.Event()
        await stand.do(leg.BrowseUser("ben"))
        await stand.event(BrowseProgress, lambda event: event.files > 0)
        assert "on its way already" in await stand.refused(leg.BrowseUser("ben"))
        assert (await rows(stand))["m/Artist/Album/CD1"]
        assert await stand.do(leg.StopBrowse("ben")) == "stopped"
        last = stand.said(BrowseProgress)[-1]
        assert last.done and last.note == "stopped; what came of it is kept"
        assert await stand.do(leg.StopBrowse("ben")) == "this list is not on its way"


async def test_a_users_name_is_taken_as_it_is_shown(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        stand.client.shares["be\u200bn"] = [[folder("a", "1")]]
        assert (await browsed(stand, "be\u200bn")).user == "ben"
        assert await stand.do(leg.BrowseFolders("ben")) == "1 folder"
        there = await rows(stand)
        await stand.do(leg.GetBrowsed("ben", folders=(there["a"],)))
        assert stand.legacy.downloads.views()[0].user == "be\u200bn"


async def whole(stand: Stand, user: str) -> list[tuple[str, list[str]]]:
    """The whole list, piece by piece as a front end asks for it."""
    found: list[tuple[str, list[str]]] = []
    number = offset = after = 0
    while True:
        await stand.do(leg.BrowseListing(user, number, offset, after))
        piece = stand.said(ListingShown)[-1]
        number = piece.number
        for one in piece.folders:
            names = [str(file.name) for file in one.files]
            if after:
                found[-1][1].extend(names)
            else:
                found.append((str(one.folder.path), names))
            after = one.files[-1].row if one.more else 0
            offset += not one.more
        if offset >= piece.total:
            return found


async def test_a_whole_list_is_told_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browses, "LISTING_FOLDERS", 3)
    monkeypatch.setattr(browses, "LISTING_FILES", 4)
    names = [f"{number:02}" for number in range(11)]
    async with Stand(tmp_path).runs(pulse=False) as stand:
        stand.client.shares["ben"] = [
            [folder("m\\b", *names[:3]), folder("m\\a", *names[:4]), ("m\\e", ())],
            [folder("m\\b", *names[3:6]), folder("m\\c", "1"), folder("m\\d", "1")],
            [folder("m\\b", *names[6:])],
        ]
        await browsed(stand, "ben")
        assert await whole(stand, "ben") == [
            ("m/a", names[:4]), ("m/b", names), ("m/c", ["1"]), ("m/d", ["1"]), ("m/e", []),
        ]  # fmt: skip
        sizes = [sum(len(one.files) for one in piece.folders) for piece in stand.said(ListingShown)]
        assert max(sizes) == 4 and len(sizes) > 4
        old = stand.said(ListingShown)[-1].number
        await browsed(stand, "ben")
        assert "fetched anew" in await stand.refused(leg.BrowseListing("ben", old, 1))
        await stand.do(leg.BrowseListing("ben", 0, 1 << 70, 1 << 70))
        assert stand.said(ListingShown)[-1].folders == ()
        assert "fetch it first" in await stand.refused(leg.BrowseListing("cara"))


async def test_how_far_a_list_is_may_be_asked(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        assert "no list of ben" in await stand.refused(leg.ShowBrowse("ben"))
        shares(stand)
        stand.client.gates["ben"] = trio.Event()
        await stand.do(leg.BrowseUser("ben"))
        with trio.fail_after(60):
            while True:
                await stand.do(leg.ShowBrowse("ben"), 4)
                told = stand.said(BrowseStanding)[-1]
                if told.files == 5:
                    break
                await trio.sleep(0.01)
        assert (told.query, told.user, told.coming, told.size) == (4, "ben", True, 25)
        assert (told.received, told.of) == (0, 0)  # this network does not tell
        stand.client.gates["ben"].set()
        await stand.event(BrowseProgress, lambda event: event.done)
        await stand.do(leg.ShowBrowse("ben"))
        told = stand.said(BrowseStanding)[-1]
        assert (told.folders, told.files, told.coming) == (5, 5, False)
