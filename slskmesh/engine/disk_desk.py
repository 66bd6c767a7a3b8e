"""The desk for what lies in the downloads folder. Rules as in `engine/desk.py`.

Rules: nothing outside the folder is looked at: links are neither followed nor told, and a path that leaves it is
refused. A listing has a bound in entries and in depth. Nothing is deleted here.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine.events import DownloadsListed
from slskmesh.engine.views import DiskFileView, DiskFolderView
from slskmesh.errors import UserError
from slskmesh.paths import safe_join
from slskmesh.swarm.partial import INCOMPLETE
from slskmesh.text import SafeStr, sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

ENTRIES_MAX: Final = 10_000  # of one listing
DEPTH_MAX: Final = 32  # folders in folders; deeper ones are told without what is in them
_NAME: Final = 255
_PATH: Final = 4_096

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class DiskDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {cmd.ListDownloads: self._list}

    async def _list(self, request: int, command: cmd.ListDownloads) -> str:
        root = self._engine.downloads_root()
        hidden = "" if command.incomplete else INCOMPLETE
        listing = Listing(root / INCOMPLETE if command.incomplete else root, hidden)
        folders = await trio.to_thread.run_sync(listing.of, command.path, command.recursive)
        self._engine.hub.put_event(DownloadsListed(request, tuple(folders)))
        return ""


class Listing:
    """One look at a root; the entry `hidden` right in it is left out. Blocking."""

    def __init__(self, root: Path, hidden: str = "") -> None:
        self._root, self._hidden = Path(os.path.realpath(root)), hidden
        self._left = ENTRIES_MAX
        self._found: list[DiskFolderView] = []

    def of(self, path: str, recursive: bool) -> list[DiskFolderView]:
        """The folder at a path below the root, and those in it. UserError: there is none, or too much in it."""
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
        try:
            folder = safe_join(self._root, *parts) if parts else self._root
            if parts[:1] == [self._hidden] or not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise UserError("")
            self._folder(str(folder), "/".join(parts), -1, DEPTH_MAX if recursive else 1)
            return self._found
        except (OSError, UserError) as error:
            if isinstance(error, UserError) and str(error) == _TOO_MUCH:
                raise
            raise UserError(f"there is no folder {sanitize(path, 200) or 'yet'}") from error

    def _folder(self, place: str, path: str, parent: int, depth: int) -> None:
        """Tells a folder and, `depth` deep, what is in it."""
        files, folders = self._look(place, path) if depth else ([], [])
        created, modified = _times(os.lstat(place))
        name = _shown(os.path.basename(place), _NAME)
        told = tuple(sorted(files, key=lambda file: file.name))
        number = len(self._found)
        self._found.append(
            DiskFolderView(name, _shown(path, _PATH), created, modified, parent, depth > 0, told)
        )
        for below, at in sorted(folders):
            with contextlib.suppress(OSError):  # it is gone meanwhile, or closed to us
                self._folder(at, below, number, depth - 1)

    def _look(self, place: str, path: str) -> tuple[list[DiskFileView], list[tuple[str, str]]]:
        """Files, and path and place of the folders, that are right in one."""
        files, folders = [], []
        with os.scandir(place) as entries:
            for entry in entries:
                self._left -= 1
                if self._left < 0:
                    raise UserError(_TOO_MUCH)
                below = f"{path}/{entry.name}" if path else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if below != self._hidden:
                        folders.append((below, entry.path))
                elif entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        files.append(_file(entry, below))
        return files, folders


_TOO_MUCH: Final = (
    f"there are more than {ENTRIES_MAX:,} files and folders in it; ask for one folder at a time"
)


def _file(entry: os.DirEntry[str], path: str) -> DiskFileView:
    status = entry.stat(follow_symlinks=False)
    return DiskFileView(_shown(entry.name, _NAME), _shown(path, _PATH), status.st_size, *_times(status))


def _times(status: os.stat_result) -> tuple[float, float]:
    """When it was made, as far as the file system tells, and changed last."""
    return min(status.st_ctime, status.st_mtime), status.st_mtime


def _shown(name: str, limit: int) -> SafeStr:
    return sanitize(os.fsencode(name), limit)
