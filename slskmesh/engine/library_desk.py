"""The desk for what we share: the shares, and their files page by page. Rules as in `engine/desk.py`.

Files are told by the share's name and the folders below it, never by where they stand on this machine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine.events import LibraryShown, SharesShown
from slskmesh.engine.views import OwnFileView, OwnShareView
from slskmesh.errors import UserError
from slskmesh.library import shelves
from slskmesh.library.domain import SharedFile
from slskmesh.library.names import SharedName
from slskmesh.library.shelves import PAGE_MAX, START, Place
from slskmesh.text import sanitize
from slskmesh.wire import limits

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class LibraryDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {
            cmd.ShowShares: self._shares,
            cmd.ShowLibrary: self._library,
        }

    async def _shares(self, request: int, command: cmd.ShowShares) -> str:
        found = await trio.to_thread.run_sync(shelves.shares, self._engine.home.database)
        shares = tuple(
            OwnShareView(
                one.id,
                sanitize(one.name, limits.FOLDER_MAX),
                one.present,
                one.folders,
                one.files,
                one.size,
            )
            for one in found
        )
        self._engine.hub.put_event(SharesShown(request, shares))
        return ""

    async def _library(self, request: int, command: cmd.ShowLibrary) -> str:
        limit = max(1, min(command.limit, PAGE_MAX))
        if command.text:
            found = await self._engine.library.search(command.text, limit)
            self._engine.hub.put_event(LibraryShown(request, tuple(map(file_view, found))))
            return ""
        share = command.share
        if not 0 <= share <= 1 << 62:
            raise UserError("there is no share of this number")
        after = place_of(command.after)
        page = await trio.to_thread.run_sync(shelves.page, self._engine.home.database, after, limit, share)
        last = text_of(Place(page[-1].folder, page[-1].name, page[-1].row)) if len(page) == limit else ""
        self._engine.hub.put_event(LibraryShown(request, tuple(map(file_view, page)), last))
        return ""


def file_view(file: SharedName | SharedFile) -> OwnFileView:
    """One file of ours."""
    return OwnFileView(
        sanitize(file.folder, limits.FOLDER_MAX),
        sanitize(file.name, limits.FILE_NAME_MAX),
        file.size,
        sanitize(file.format, 16),
        file.duration / 1000,
        file.bitrate,
        file.sample_rate,
        file.bit_depth,
    )


def text_of(place: Place) -> str:
    """A place as `next` of a page tells it."""
    return msgspec.msgpack.encode(place).hex()


def place_of(text: str) -> Place:
    """The place a text stands for. UserError: it is none that a page told."""
    if not text:
        return START
    try:
        place = msgspec.msgpack.decode(bytes.fromhex(text), type=Place)
    except (ValueError, msgspec.MsgspecError) as error:
        raise UserError("this is not where a page ended; begin anew") from error
    if not 0 <= place.row <= 1 << 62:
        raise UserError("this is not where a page ended; begin anew")
    return place
