"""A user's whole list of shares as JSON, made as it is sent from pieces of the engine's database.

Rules:
- No more than a piece is in memory. What is locked to us is a second list: the pieces that hold some are read again.
- Where the list is fetched anew meanwhile the answer ends in the middle, which no reader of JSON takes for the end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
import trio

from slskmesh.engine.legacy_commands import BrowseListing
from slskmesh.engine.legacy_events import ListingShown
from slskmesh.engine.legacy_views import ListedFolderView
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.file_shapes import Directories, directory_name, listed_file
from slskmesh.gateway.gate import Gate
from slskmesh.gateway.legacy_asking import asked


class Cursor(NamedTuple):
    """Where a piece begins: at a folder, or in one behind the file `after`."""

    offset: int
    after: int


_BEGIN = Cursor(0, 0)


async def first_piece(gate: Gate, user: str) -> ListingShown:
    """The beginning of a list that is kept. GatewayError 404: none is."""
    return await asked(gate, BrowseListing(user), ListingShown, 404)


async def whole_list(gate: Gate, user: str, first: ListingShown, note: str) -> AsyncIterator[bytes]:
    """The list as `BrowseResponse`; `note` is told with it."""
    try:
        async for part in _parts(gate, user, first, note):
            yield part
    except (GatewayError, trio.TooSlowError):
        return


async def _parts(gate: Gate, user: str, first: ListingShown, note: str) -> AsyncIterator[bytes]:
    open_ones, locked_ones, locked_at = Directories(), Directories(), list[Cursor]()
    piece, at = first, _BEGIN
    yield b'{"directories":['
    while True:
        if part := add_files(open_ones, piece, at, locked=False):
            yield part
        if any(file.locked for folder in piece.folders for file in folder.files):
            locked_at.append(at)
        at = after_piece(piece, at)
        if not piece.folders or at.offset >= piece.total:
            break
        piece = await _piece(gate, user, first.number, at)
    yield open_ones.end() + b'],"directoryCount":%d,"lockedDirectories":[' % open_ones.count
    for at in locked_at:
        piece = await _piece(gate, user, first.number, at)
        yield add_files(locked_ones, piece, at, locked=True)
    yield locked_ones.end() + b'],"lockedDirectoryCount":%d' % locked_ones.count
    yield (b',"note":' + msgspec.json.encode(note) if note else b"") + b"}"


async def _piece(gate: Gate, user: str, number: int, at: Cursor) -> ListingShown:
    return await asked(gate, BrowseListing(user, number, *at), ListingShown, 409)


def after_piece(piece: ListingShown, at: Cursor) -> Cursor:
    """Where the piece after this one begins."""
    if not piece.folders:
        return at
    last = piece.folders[-1]
    offset = at.offset + len(piece.folders)
    return Cursor(offset - 1, last.files[-1].row) if last.more else Cursor(offset, 0)


def add_files(directories: Directories, piece: ListingShown, at: Cursor, *, locked: bool) -> bytes:
    """The folders of a piece that begins at `at` with those of their files that are locked to us, or not.

    Folders without any file are not locked.
    """
    parts = []
    for number, folder in enumerate(piece.folders):
        goes_on = number == 0 and at.after > 0
        files = [file for file in folder.files if file.locked is locked]
        if files or (_is_empty(folder, goes_on) and not locked):
            name = directory_name(folder.folder.path)
            parts.append(directories.add(folder.folder.row, name, map(listed_file, files)))
    return b"".join(parts)


def _is_empty(folder: ListedFolderView, goes_on: bool) -> bool:
    return not folder.files and not goes_on
