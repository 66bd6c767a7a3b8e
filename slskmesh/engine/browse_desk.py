"""The desk for users' shares as they are browsed. Rules as in `engine/desk.py`.

Lists are in the database (`soulseek.browses`): pages, and downloads from what is kept, need no session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as legacy
from slskmesh.engine.legacy_desk import Went, check_configured, count_of, folder_for, get_file
from slskmesh.engine.legacy_events import (
    BrowseStanding,
    FilesShown,
    FoldersShown,
    FolderTold,
    ListingShown,
)
from slskmesh.engine.legacy_snapshots import (
    browse_progress,
    file_view,
    folder_view,
    listed_folder,
    raw_of,
    shown,
    told_folders,
)
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek.browses import Browses
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.results import Source
from slskmesh.work import LocalBudget

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

FOLDERS_MAX = 200  # in one order
TOLD_MAX = 10_000  # files of a folder that are shown when a user was asked for it

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class BrowseDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {
            legacy.BrowseUser: self._browse,
            legacy.StopBrowse: self._stop,
            legacy.ShowBrowse: self._standing,
            legacy.BrowseListing: self._listing,
            legacy.BrowseFolders: self._folders,
            legacy.BrowseFiles: self._files,
            legacy.ShowFolder: self._show_folder,
            legacy.GetBrowsed: self._get,
        }

    @property
    def _browses(self) -> Browses:
        return self._engine.legacy.browses

    def _user(self, name: str) -> str:
        if not name:
            raise UserError("whose shares? give a user's name")
        return raw_of(name, self._browses.users())

    async def _browse(self, request: int, command: legacy.BrowseUser) -> str:
        user = self._user(command.user)
        if self._engine.legacy.client.online:
            self._browses.begin(user)
            return f"asking {shown(user)} for the list of shares"
        kept = self._browses.kept(user)
        if kept is None:
            raise Offline(f"{self._engine.legacy.why_not()}, and no list of {shown(user)} is kept")
        progress = browse_progress(kept)
        self._engine.hub.put_event(progress)
        return f"{self._engine.legacy.why_not()}: the list is {progress.note}"

    async def _stop(self, request: int, command: legacy.StopBrowse) -> str:
        stopped = await self._browses.stop(self._user(command.user))
        return "stopped" if stopped else "this list is not on its way"

    async def _standing(self, request: int, command: legacy.ShowBrowse) -> str:
        user = self._user(command.user)
        kept, coming = self._browses.kept(user), self._browses.coming(user)
        if coming is not None:
            folders, files, size, received, of = coming
            told = BrowseStanding(request, shown(user), folders, files, size, True, received, of)
        elif kept is not None:
            told = BrowseStanding(request, shown(user), kept.folders, kept.files, kept.size)
        else:
            raise UserError(f"there is no list of {shown(user)}: fetch it first")
        self._engine.hub.put_event(told)
        return "on its way" if told.coming else "kept"

    async def _listing(self, request: int, command: legacy.BrowseListing) -> str:
        user, offset = self._user(command.user), max(0, command.offset)
        piece = await self._browses.piece(user, command.number, offset, command.after)
        folders = tuple(listed_folder(*one) for one in piece.folders)
        told_names = self._engine.legacy.told_names
        told_names.note(user, (row.file for _, files, _ in piece.folders for row in files))
        told = ListingShown(request, shown(user), piece.number, folders, offset, piece.total)
        self._engine.hub.put_event(told)
        return count_of(piece.total, "folder")

    async def _folders(self, request: int, command: legacy.BrowseFolders) -> str:
        user = self._user(command.user)
        page = await self._browses.folders(user, command.text, command.offset, command.limit)
        folders = tuple(map(folder_view, page.folders))
        offset = max(0, command.offset)
        self._engine.hub.put_event(FoldersShown(request, shown(user), folders, offset, page.total))
        return count_of(page.total, "folder")

    async def _files(self, request: int, command: legacy.BrowseFiles) -> str:
        user = self._user(command.user)
        found, total = await self._browses.files(user, command.folder)
        files = tuple(map(file_view, sorted(found, key=lambda row: row.file.name.casefold())))
        self._engine.hub.put_event(FilesShown(request, shown(user), command.folder, files))
        more = "" if len(files) == total else f", of them the first {len(files):,}"
        return count_of(total, "file") + more

    async def _show_folder(self, request: int, command: legacy.ShowFolder) -> str:
        plane = self._engine.legacy
        hit = plane.queries.source(command.query, command.hit)
        user, folder = (hit.user, hit.file.folder) if hit is not None else (command.user, command.path)
        if not user or not folder:
            raise UserError("give a user's name and one of his folders")
        told = await plane.client.folder(user, folder, LocalBudget())
        total = sum(len(files) for _, files in told.folders)
        for _, files in told.folders:
            plane.told_names.note(user, files[:TOLD_MAX])
        self._engine.hub.put_event(
            FolderTold(request, shown(user), told_folders(told, folder, TOLD_MAX), total)
        )
        return count_of(total, "file")

    async def _get(self, request: int, command: legacy.GetBrowsed) -> str:
        check_configured(self._engine)
        user = self._user(command.user)
        if not command.files and not command.folders:
            raise UserError("nothing is marked to be fetched")
        if len(command.folders) > FOLDERS_MAX:
            raise UserError(f"{FOLDERS_MAX} folders are taken by one order; these are {len(command.folders)}")
        went, locked = Went(), 0
        for row in await self._browses.chosen(user, command.files):
            source = Source(user, row.file, False, 0, 0)
            try:
                await get_file(self._engine, source, folder_for(row.file, ""), command.paused, went)
            except SlskmeshError as error:
                went.fail(str(error))
        known = {one.key for one in self._engine.legacy.downloads.views()} if command.folders else set()
        for folder in dict.fromkeys(command.folders):
            try:
                locked += await self._get_folder(user, folder, command.paused, went, known)
            except SlskmeshError as error:
                went.fail(str(error))
        more = f", {locked} locked to us" if locked else ""
        return went.words("added", "file") + more

    async def _get_folder(self, user: str, folder: int, paused: bool, went: Went, known: set[bytes]) -> int:
        """Queues a folder with what is below it; how many files are locked to us. `known`: keys of the list."""
        path, listing = await self._browses.listing(user, folder)
        asked = await self._engine.legacy.downloads.add_listing(listing, path, paused=paused)
        there = sum(key in known for key in asked.keys)
        known.update(asked.keys)
        went.there += there
        went.done += len(asked.keys) - there
        return asked.locked
