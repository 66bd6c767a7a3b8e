"""Shares, files and manifests on disk. Functions for the database thread: they take and return values, never models.

Rules:
- What a scan does for each file goes through plain cursors: a model a row costs more than hashing a small file.
- Rows of a share that is gone or no longer listed are kept, so that nothing is hashed twice when it comes back;
  those of a share not listed for KEEP_UNLISTED seconds are dropped.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from slskmesh.library.domain import Domain, SharedFile, Tags
from slskmesh.library.intake import Taken
from slskmesh.library.manifest import ContentId, Manifest
from slskmesh.store.models.base import database
from slskmesh.store.models.library import ContentRow, FileRow, FileState, ShareRoot
from slskmesh.text import SafeStr

KEEP_UNLISTED: Final = 30 * 24 * 3600
DUPLICATES_MAX: Final = 64  # paths of one content that `holders` tells

_TAGS = list(Tags.__struct_fields__)
_COLUMNS = ["path", "root_id", "state", "size", "stamp", "folder", "name", "domain", *_TAGS]
_PUT_CONTENT = (
    "INSERT INTO content (content, size, chunk_size, sha256, hashes) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (content) DO NOTHING"
)
_PUT_FILE = (
    f"INSERT INTO shared_file (content_id, {', '.join(_COLUMNS)})"
    f" VALUES ((SELECT id FROM content WHERE content = ?), {', '.join('?' * len(_COLUMNS))})"
    " ON CONFLICT (path) DO UPDATE SET content_id = excluded.content_id, "
    + ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS if column != "path")
)
SHARED_COLUMNS: Final = (
    "content.content, file.size, file.path, root.path, file.folder, file.name, file.domain, "
    + ", ".join(f"file.{column}" for column in _TAGS)
)
SHARED_TABLES: Final = (
    "shared_file AS file JOIN content ON content.id = file.content_id"
    " JOIN share_root AS root ON root.id = file.root_id"
)
SHARED_WHERE: Final = f"file.state = {int(FileState.OFFERED)} AND root.listed AND root.present"


class RootState(NamedTuple):
    """One share as the last scan left it. `files`: rows kept of it."""

    id: int
    path: bytes
    device: int
    files: int


class Moved(NamedTuple):
    """A known file that now stands at `new`, in the share with row number `root`."""

    root: int
    old: bytes
    new: bytes
    folder: str
    name: str


class LibraryStats(msgspec.Struct, frozen=True):
    """What is offered: files, their bytes, how many different contents, and the shares that are there."""

    files: int = 0
    size: int = 0
    contents: int = 0
    roots: tuple[str, ...] = ()


class Holder(NamedTuple):
    """One file that holds a content, with what it must still look like."""

    file: int
    stamp: bytes
    shared: SharedFile


def connection() -> Any:
    """The database thread's own sqlite3 connection."""
    return database.connection()


def shared_of(row: Sequence[Any]) -> SharedFile:
    """A row of SHARED_COLUMNS as a value."""
    content, size, path, root, folder, name, domain, *tags = row
    return SharedFile(
        ContentId(bytes(content)),
        size,
        Path(os.fsdecode(path)),
        Path(os.fsdecode(root)),
        SafeStr(folder),
        SafeStr(name),
        Domain(domain),
        *tags,
    )


# -- shares ----------------------------------------------------------------------------------------------------


def enlist(paths: Sequence[bytes], now: int) -> list[RootState]:
    """Makes `paths` the listed shares and tells what is known of each, in that order."""
    ShareRoot.update(listed=False).execute()
    for path in paths:
        ShareRoot.insert(path=path, device="0", present=False, seen=now).on_conflict(
            conflict_target=[ShareRoot.path], update={ShareRoot.listed: True, ShareRoot.seen: now}
        ).execute()
    ShareRoot.delete().where(~ShareRoot.listed & (ShareRoot.seen < now - KEEP_UNLISTED)).execute()
    states = []
    for path in paths:
        root = ShareRoot.get(ShareRoot.path == path)
        files = FileRow.select().where(FileRow.root == root.id).count()
        states.append(RootState(root.id, path, int(root.device), files))
    return states


def set_present(root: int, present: bool, device: int = 0) -> None:
    """Whether the share is there now; its device is kept where it is not."""
    change: dict[str, Any] = {"present": present}
    if present:
        change["device"] = str(device)
    ShareRoot.update(**change).where(ShareRoot.id == root).execute()


def listed_roots() -> list[tuple[int, bytes]]:
    """(id, path) of the shares that are offered."""
    found = connection().execute("SELECT id, path FROM share_root WHERE listed AND present ORDER BY id")
    return [(root, path) for root, path in found]


# -- what a scan compares and writes ---------------------------------------------------------------------------


def stamps(root: int) -> dict[bytes, bytes]:
    """Path to stamp of every file known of a share; an empty stamp where the file must be hashed again."""
    query = "SELECT path, CASE state WHEN ? THEN x'' ELSE stamp END FROM shared_file WHERE root_id = ?"
    return dict(connection().execute(query, (int(FileState.CHANGED), root)))


def away(root: int) -> set[bytes]:
    """Paths of the share's files that were out of reach at the last scan."""
    query = "SELECT path FROM shared_file WHERE root_id = ? AND state = ?"
    return {path for (path,) in connection().execute(query, (root, int(FileState.AWAY)))}


def put(taken: Sequence[tuple[int, Taken]]) -> None:
    """Writes files that were taken in, each with its share's row number, and their manifests."""
    contents, files = [], []
    for root, item in taken:
        head = item.manifest
        contents.append((item.content, head.size, head.chunk_size, head.sha256, head.hashes))
        place = (item.path, root, int(FileState.OFFERED), head.size, item.stamp, item.folder, item.name)
        files.append((item.content, *place, int(item.domain), *msgspec.structs.astuple(item.tags)))
    cursor = connection()
    cursor.executemany(_PUT_CONTENT, contents)
    cursor.executemany(_PUT_FILE, files)


def set_state(marks: Sequence[tuple[FileState, bytes]]) -> None:
    """Marks files by path."""
    connection().executemany(
        "UPDATE shared_file SET state = ? WHERE path = ?", [(int(s), path) for s, path in marks]
    )


def move(moves: Sequence[Moved]) -> None:
    """Gives rows another place; what was known of that place goes."""
    cursor = connection()
    cursor.executemany("DELETE FROM shared_file WHERE path = ?", [(moved.new,) for moved in moves])
    cursor.executemany(
        "UPDATE shared_file SET root_id = ?, path = ?, folder = ?, name = ?, state = ? WHERE path = ?",
        [
            (moved.root, moved.new, moved.folder, moved.name, int(FileState.OFFERED), moved.old)
            for moved in moves
        ],
    )


def forget(paths: Sequence[bytes]) -> None:
    """Takes rows of files that are gone out."""
    connection().executemany("DELETE FROM shared_file WHERE path = ?", [(path,) for path in paths])


def sweep() -> None:
    """Drops manifests that no file needs any more."""
    connection().execute("DELETE FROM content WHERE id NOT IN (SELECT content_id FROM shared_file)")


# -- what the rooms above ask ----------------------------------------------------------------------------------


def holders(content: bytes) -> list[Holder]:
    """Files that hold a content and are offered, first taken in first."""
    query = (
        f"SELECT file.id, file.stamp, {SHARED_COLUMNS} FROM {SHARED_TABLES}"
        f" WHERE content.content = ? AND {SHARED_WHERE} ORDER BY file.id LIMIT {DUPLICATES_MAX}"
    )
    return [
        Holder(file, bytes(stamp), shared_of(rest))
        for file, stamp, *rest in connection().execute(query, (content,))
    ]


def mark(files: Sequence[tuple[int, FileState]]) -> None:
    """Marks files by row number."""
    for file, state in files:
        FileRow.update(state=int(state)).where(FileRow.id == file).execute()


def manifest(content: bytes) -> Manifest | None:
    """The manifest of a content, whether or not a file of it is offered now."""
    row = (
        ContentRow.select(ContentRow.size, ContentRow.chunk_size, ContentRow.sha256, ContentRow.hashes)
        .where(ContentRow.content == content)
        .tuples()
        .first()
    )
    return Manifest(row[0], row[1], bytes(row[2]), bytes(row[3])) if row else None


def stats() -> LibraryStats:
    """Counts over what is offered."""
    offered = (
        f"FROM shared_file AS file JOIN share_root AS root ON root.id = file.root_id WHERE {SHARED_WHERE}"
    )
    files, size = connection().execute(f"SELECT count(*), coalesce(sum(file.size), 0) {offered}").fetchone()
    (contents,) = connection().execute(f"SELECT count(DISTINCT file.content_id) {offered}").fetchone()
    return LibraryStats(files, size, contents, tuple(os.fsdecode(path) for _, path in listed_roots()))
