"""Browsed lists in the database: plain functions for its thread, values in and out.

Rules:
- A portion is written in one job; files are kept folder by folder, packed, so that a million of them are some ten
  thousand rows. The raw path of every file stands here, whatever it holds.
- Numbers of folders and files are those of `store.models.browses`; what is asked for by a number of another list, or
  of one that is gone, is not there.
- Words are looked for without case and accents, anywhere in a folder's path and its files' names.
- Lists that are gone are deleted a little at a time (`sweep`).
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from slskmesh.soulseek.values import Attributes, RemoteFile
from slskmesh.store.models.base import database

SHIFT: Final = 24  # bits of a number that are the folder's or file's own
FILES_MAX: Final = 3_000_000  # of one list
FOLDERS_MAX: Final = 1_000_000
WORDS_MAX: Final = 16
_TEXT_MAX: Final = 200
_SWEPT: Final = 300  # rows in one job, so that no other waits long
HIGHEST: Final = (1 << 63) - 1

COMING, PART, WHOLE, GONE = "coming", "part", "whole", "gone"

Folders = Sequence[tuple[str, tuple[RemoteFile, ...]]]


class Kept(NamedTuple):
    """One list as it stands. `user` is raw; `at` is Unix seconds."""

    id: int
    user: str
    at: float
    state: str
    folders: int = 0
    files: int = 0
    size: int = 0


class FolderRow(NamedTuple):
    """One folder; `path` is raw."""

    row: int
    path: str
    files: int
    size: int


class FileRow(NamedTuple):
    """One file."""

    row: int
    file: RemoteFile


class _Body(msgspec.Struct, array_like=True, gc=False):
    """A file as it is packed; `whole`: `name` is its path, which is not the folder's and a name."""

    name: bytes
    size: int
    bitrate: int | None
    duration: int | None
    vbr: bool | None
    sample_rate: int | None
    bit_depth: int | None
    locked: bool
    whole: bool


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Body]).decode


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return bytes(raw).decode("utf-8", "surrogatepass")


def fold(text: str) -> str:
    """A text without case and accents; both strokes part folders."""
    text = text.replace("/", "\\")
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def words_of(text: str) -> tuple[bytes, ...]:
    """What a text looks for."""
    return tuple(_raw(word) for word in fold(text[:_TEXT_MAX]).split()[:WORDS_MAX])


def _place(path: str) -> bytes:
    """What a folder is sorted by: below its parent, before what is merely called alike."""
    return _raw(fold(path).replace("\\", "\x01"))


# -- writing ----------------------------------------------------------------------------------------------------------


def load() -> list[Kept]:
    """All lists but those that are gone, the oldest first."""
    found = _rows(
        "SELECT id, user, at, state, folders, files, size FROM browse WHERE state <> ? ORDER BY at, id", GONE
    )
    return [Kept(id, _text(user), *rest) for id, user, *rest in found]


def begin(user: str, at: float) -> int:
    """A new list; its number."""
    cursor = _run("INSERT INTO browse (user, at, state) VALUES (?, ?, ?)", _raw(user), at, COMING)
    return int(cursor.lastrowid)


def add(id: int, folders: Folders) -> Kept:
    """Writes a portion; how the list stands then. What is beyond FILES_MAX and FOLDERS_MAX is left out."""
    user, at, state, folder_count, files_count, size = _one(
        "SELECT user, at, state, folders, files, size FROM browse WHERE id = ?", id
    )
    for path, files in folders:
        if files and files_count >= FILES_MAX:
            continue
        files, raw = files[: FILES_MAX - files_count], _raw(path)
        known = _one("SELECT id FROM browse_folder WHERE browse = ? AND path = ?", id, raw)
        if known is None and folder_count >= FOLDERS_MAX:
            continue
        more = min(sum(file.size for file in files), HIGHEST)
        if known is None:
            folder_count += 1
            folder = id << SHIFT | folder_count
            _run(
                "INSERT INTO browse_folder (id, browse, path, place, files, size) VALUES (?, ?, ?, ?, ?, ?)",
                *(folder, id, raw, _place(path), len(files), more),
            )
        else:
            (folder,) = known
            _run(
                "UPDATE browse_folder SET files = files + ?, size = min(size, ? - ?) + ? WHERE id = ?",
                *(len(files), HIGHEST, more, more, folder),
            )
        if files:
            _add_piece(id << SHIFT | files_count + 1, folder, path, files)
            files_count += len(files)
        size = min(size + more, HIGHEST)
    _run(
        "UPDATE browse SET folders = ?, files = ?, size = ? WHERE id = ?",
        *(folder_count, files_count, size, id),
    )
    return Kept(id, _text(user), at, state, folder_count, files_count, size)


def _add_piece(first: int, folder: int, path: str, files: Sequence[RemoteFile]) -> None:
    start = f"{path}\\" if path else ""
    bodies = []
    words = [path]
    for file in files:
        whole = not file.path.startswith(start)
        name = file.path if whole else file.path[len(start) :]
        words.append(name)
        said = file.attributes
        bodies.append(
            _Body(
                _raw(name), file.size, said.bitrate, said.duration, said.vbr, said.sample_rate,
                said.bit_depth, file.locked, whole,
            )
        )  # fmt: skip
    _run(
        "INSERT INTO browse_piece (id, folder, words, body) VALUES (?, ?, ?, ?)",
        *(first, folder, _raw(fold("\n".join(words))), zlib.compress(_encode(bodies), 1)),
    )


def settle(id: int, state: str, gone: Sequence[int] = ()) -> None:
    """How a list is from now on, and others that are gone with that."""
    _run("UPDATE browse SET state = ? WHERE id = ?", state, id)
    drop(gone)


def drop(gone: Sequence[int]) -> None:
    """These are gone; `sweep` deletes them."""
    for id in gone:
        _run("UPDATE browse SET state = ? WHERE id = ?", GONE, id)


def sweep() -> bool:
    """Deletes some of what is gone; whether there is more."""
    found = _one("SELECT id FROM browse WHERE state = ? LIMIT 1", GONE)
    if found is None:
        return False
    (id,) = found
    for table in ("browse_piece", "browse_folder"):
        deleted = _run(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id >= ? AND id < ? LIMIT ?)",
            *(id << SHIFT, id + 1 << SHIFT, _SWEPT),
        )
        if deleted.rowcount:
            return True
    _run("DELETE FROM browse WHERE id = ?", id)
    return True


# -- looking ----------------------------------------------------------------------------------------------------------

_FOLDER: Final = "SELECT id, path, files, size FROM browse_folder"


def page(id: int, offset: int, limit: int) -> tuple[list[FolderRow], int]:
    """Folders in their order, and how many there are."""
    (total,) = _one("SELECT folders FROM browse WHERE id = ?", id) or (0,)
    found = _rows(f"{_FOLDER} WHERE browse = ? ORDER BY place, id LIMIT ? OFFSET ?", id, limit, offset)
    return [_folder(row) for row in found], total


def matching(id: int, words: Sequence[bytes]) -> list[int]:
    """Numbers of the folders in whose path and names all these words are, in their order.

    Of a folder that came in several pieces each piece is looked at by itself.
    """
    within = " AND instr(words, ?)" * len(words)
    empty = " AND instr(place, ?)" * len(words)
    places = [word.replace(b"\\", b"\x01") for word in words]
    found = _rows(
        "SELECT id FROM browse_folder WHERE id IN ("
        f"SELECT folder FROM browse_piece WHERE id >= ? AND id < ?{within}"
        f" UNION SELECT id FROM browse_folder WHERE browse = ? AND files = 0{empty}) ORDER BY place, id",
        *(id << SHIFT, id + 1 << SHIFT, *words, id, *places),
    )
    return [row for (row,) in found]


def folders_at(rows: Sequence[int]) -> list[FolderRow]:
    """These folders, in this order; those that are gone are left out."""
    marks = ", ".join("?" * len(rows))
    found = {row[0]: _folder(row) for row in _rows(f"{_FOLDER} WHERE id IN ({marks})", *rows)}
    return [found[row] for row in rows if row in found]


def files_of(folder: int, offset: int, limit: int) -> tuple[list[FileRow], int] | None:
    """Files of a folder in the order they came, and how many there are; None: no such folder."""
    known = _one("SELECT path, files FROM browse_folder WHERE id = ?", folder)
    if known is None:
        return None
    path = _text(known[0])
    found: list[FileRow] = []
    for first, body in _rows("SELECT id, body FROM browse_piece WHERE folder = ? ORDER BY id", folder):
        if len(found) >= offset + limit:
            break
        found += _files(first, path, body)
    return found[offset : offset + limit], known[1]


def listing(
    id: int, offset: int, after: int, limit: int, most: int
) -> tuple[list[tuple[FolderRow, list[FileRow], bool]], int]:
    """Folders with their files, in order, at most `limit` folders and `most` files; and how many folders there are.

    Of the first folder only files of greater numbers than `after`; True: of this one, the last, there are more files.
    """
    folders, total = page(id, offset, limit)
    told = []
    for folder in folders:
        found = _files_after(folder, after, most + 1)
        told.append((folder, found[:most], len(found) > most))
        after, most = 0, most - len(found)
        if most <= 0:
            break
    return told, total


def _files_after(folder: FolderRow, after: int, most: int) -> list[FileRow]:
    """The first files of greater numbers than `after` in a folder."""
    pieces = _run(
        "SELECT id, body FROM browse_piece WHERE folder = ? AND id >="
        " (SELECT coalesce(max(id), 0) FROM browse_piece WHERE folder = ? AND id <= ?) ORDER BY id",
        *(folder.row, folder.row, after),
    )
    found: list[FileRow] = []
    for first, body in pieces:
        found += [file for file in _files(first, folder.path, body) if file.row > after]
        if len(found) >= most:
            pieces.close()
            break
    return found[:most]


def files_at(rows: Iterable[int]) -> list[FileRow]:
    """These files, in the order they came; those that are gone are left out."""
    found: list[FileRow] = []
    held: dict[int, FileRow] = {}
    for row in sorted(set(rows)):
        if row not in held:
            piece = _one(
                "SELECT piece.id, folder.path, piece.body FROM browse_piece AS piece"
                " JOIN browse_folder AS folder ON folder.id = piece.folder"
                " WHERE piece.id <= ? AND piece.id >= ? ORDER BY piece.id DESC LIMIT 1",
                *(row, row >> SHIFT << SHIFT),
            )
            held = {one.row: one for one in _files(piece[0], _text(piece[1]), piece[2])} if piece else {}
        if row in held:
            found.append(held[row])
    return found


def below(folder: int, most: int) -> tuple[str, Folders] | None:
    """A folder's path, and it and what is below it with their files: the first `most` files and some more.

    None: no such folder.
    """
    known = _one("SELECT browse, path FROM browse_folder WHERE id = ?", folder)
    if known is None:
        return None
    browse, raw = known[0], bytes(known[1])
    found = _rows(
        "SELECT id, path FROM browse_folder WHERE browse = ? AND (path = ? OR (path > ? AND path < ?))"
        " ORDER BY path",
        *(browse, raw, raw + b"\\", raw + b"]"),
    )
    folders, count = [], 0
    for row, path in found:
        files = files_of(row, 0, most + 1)
        inside = tuple(one.file for one in files[0]) if files else ()
        folders.append((_text(path), inside))
        count += len(inside)
        if count > most:
            break
    return _text(raw), folders


def _folder(row: Sequence[Any]) -> FolderRow:
    return FolderRow(row[0], _text(row[1]), row[2], row[3])


def _files(first: int, path: str, body: bytes) -> Iterator[FileRow]:
    start = f"{path}\\" if path else ""
    for number, one in enumerate(_decode(zlib.decompress(body)), first):
        said = Attributes(one.bitrate, one.duration, one.vbr, one.sample_rate, one.bit_depth)
        name = _text(one.name)
        yield FileRow(number, RemoteFile(name if one.whole else start + name, one.size, said, one.locked))


def _run(query: str, *values: Any) -> Any:
    return database.connection().execute(query, values)


def _rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = _run(query, *values).fetchall()
    return found


def _one(query: str, *values: Any) -> Any:
    return _run(query, *values).fetchone()
