"""What is shared, share by share and page by page, in the order of folders and names.

Rules:
- Read over a connection of its own that can only read, so that no scan waits for it; for worker threads.
- A page goes on behind a place (`Place`), not at an offset: it costs the page, however many files there are.
- Only what is offered is told, and never where it stands on this machine.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from slskmesh.library import rows
from slskmesh.library.intake import virtual_place
from slskmesh.library.names import SharedName
from slskmesh.store.failures import translated

PAGE_MAX: Final = 1_000

_FILE: Final = (
    "file.folder, file.name, file.size, file.path, file.format, file.duration, file.bitrate,"
    " file.sample_rate, file.bit_depth, file.id"
)
_PAGE: Final = (
    f"SELECT {_FILE} FROM shared_file AS file JOIN share_root AS root ON root.id = file.root_id"
    f" WHERE {rows.SHARED_WHERE} AND (file.folder, file.name, file.id) > (?, ?, ?)"
    " AND (? = 0 OR file.root_id = ?) AND (? = '' OR file.folder < ?)"
    " ORDER BY file.folder, file.name, file.id LIMIT ?"
)
_COUNTS: Final = (
    "SELECT root.id, root.path, root.present, count(DISTINCT file.folder), count(file.id),"
    " coalesce(sum(file.size), 0) FROM share_root AS root"
    f" LEFT JOIN shared_file AS file ON file.root_id = root.id AND {rows.SHARED_WHERE}"
    " WHERE root.listed GROUP BY root.id ORDER BY root.id"
)


class Place(NamedTuple):
    """Where a page ended: of its last file. The first page begins at `START`."""

    folder: str
    name: str
    row: int


START: Final = Place("", "", 0)


class Share(NamedTuple):
    """One listed share: its number, the name that others see, whether it is there now, and what it offers."""

    id: int
    name: str
    present: bool
    folders: int
    files: int
    size: int


def shares(database: Path) -> list[Share]:
    """All listed shares. Looks at every file. StorageError where the database cannot be read."""
    with _reading(database) as connection:
        found = connection.execute(_COUNTS).fetchall()
    return [Share(id, _name(path), bool(present), *counts) for id, path, present, *counts in found]


def page(database: Path, after: Place, limit: int, share: int = 0) -> list[SharedName]:
    """At most `limit` offered files behind a place, of one share or (0) of all. StorageError as `shares`."""
    with _reading(database) as connection:
        last = ""
        if share:
            found = connection.execute("SELECT path FROM share_root WHERE id = ?", (share,)).fetchone()
            if found is None:
                return []
            first = _name(found[0])  # its folders are this one and those below it
            after, last = max(after, Place(first, "", 0)), first + "0"
        values = (*after, share, share, last, last, max(0, min(limit, PAGE_MAX)))
        return list(map(SharedName._make, connection.execute(_PAGE, values)))


def _name(root: bytes) -> str:
    return str(virtual_place(root, os.path.join(root, b"x"))[0])


@contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise translated(error, database) from error
