"""The name index: which shared files a search of the Soulseek network finds, by their network paths.

Rules:
- The index is SQLite's (`shared_names`, held to the library's rows by triggers); read here over connections of its own
  that can only read, so no search waits for a scan and no scan for a search. May be called from any thread.
- Only what is offered is told. Of one network path the file taken in first is told, by searches and by `find` alike.
- A search looks at ROWS_MAX files at most, ENDED_MAX where the database itself leaves out by their ending: what is left
  out after the index (shares that are away or hidden, phrases, an ending of very many words) cannot make it slow.
- Words are found by their ending as of the last `refresh`; words, whole, as of now.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from slskmesh.library import rows
from slskmesh.library.names_query import SHORTEST, Query, ends, fold, parse
from slskmesh.library.names_words import Endings
from slskmesh.store.failures import translated

ROWS_MAX: Final = 20_000
ENDED_MAX: Final = 100_000
FEW: Final = 2_000  # files that are rather looked at than the index asked for all words of an ending
ENDINGS_MIN: Final = 16  # words of an ending that the index is asked for in any case
ENDINGS_MAX: Final = 600  # words of an ending that it is asked for at most; beyond, paths are looked at
_CACHE: Final = 81_920  # KiB, for searches; what is read once in a while is not kept
_SMALL_CACHE: Final = 2_048
# Bytes of a page of the index's lists: to find a rare word's files among a common one's, whole pages are read, so that
# small ones halve the time of a search of several words (seen at 256 to 1,000; larger lists by a sixth).
PAGE: Final = 512

_FILES = (
    "SELECT file.folder, file.name, file.size, file.path, file.format, file.duration, file.bitrate,"
    " file.sample_rate, file.bit_depth, file.id FROM "
)
_OFFERED = f"JOIN share_root AS root ON root.id = file.root_id WHERE {rows.SHARED_WHERE}"
_SEARCH = (
    f"{_FILES} (SELECT rowid AS hit FROM shared_names WHERE shared_names MATCH ? LIMIT ?)"
    f" CROSS JOIN shared_file AS file ON file.id = hit {_OFFERED}"
)
# Leaves out plain names without the ending's letters; others are looked at by `ends`, since accents do not count.
_ENDED = (
    " AND (file.name LIKE ? OR file.folder LIKE ? OR length(CAST(file.name AS BLOB)) > length(file.name)"
    " OR length(CAST(file.folder AS BLOB)) > length(file.folder))"
)
_FEW = f"SELECT rowid FROM shared_names WHERE shared_names MATCH ? LIMIT {FEW + 1}"
_AT = f"{_FILES} shared_file AS file {_OFFERED} AND file.path = ?"
_BELOW = f"{_FILES} shared_file AS file {_OFFERED} AND file.path > ? AND file.path < ?"
_ALL = f"{_FILES} shared_file AS file {_OFFERED} ORDER BY file.folder, file.name, file.id"
_COUNT = f"SELECT count(DISTINCT file.folder), count(*) FROM shared_file AS file {_OFFERED}"
# What changes whenever an answer could: the index's own record of its parts, and how many files are in which state.
_SIGNS = (
    "SELECT block FROM shared_names_data WHERE id = 10",
    "SELECT root_id, state, count(*) FROM shared_file GROUP BY root_id, state",
    "SELECT id, listed, present FROM share_root",
)


class SharedName(NamedTuple):
    """One offered file under its network path. Bytes, ms, bit/s, Hz; 0 is unknown."""

    folder: str  # parted by "/"
    name: str
    size: int
    local: bytes
    format: str
    duration: int
    bitrate: int
    sample_rate: int
    bit_depth: int
    row: int  # of the database; smaller is taken in earlier

    @property
    def path(self) -> str:
        """As the network has it."""
        return network_path(self.folder, self.name)


Keep = Callable[[SharedName], bool]


def network_path(folder: str, name: str) -> str:
    """share\\folder\\name."""
    return f"{folder}/{name}".replace("/", "\\")


class Names:
    """The index in the database at `path`, which must exist. `shortest`: characters of a text that is answered."""

    def __init__(self, path: Path, shortest: int = SHORTEST) -> None:
        self._path = path
        self._shortest = shortest
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._endings: Endings | None = None
        self._counts = (0, 0)
        self._signs: list[Any] = []
        self._version = 0
        with self._translating():
            self._search = self._connect(_CACHE)
            self._look = self._connect()

    def close(self) -> None:
        """Ends it; nothing may be asked any more."""
        with self._lock, self._refreshing:
            self._search.close()
            self._look.close()

    def _connect(self, cache: int = _SMALL_CACHE) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )
        connection.execute(f"PRAGMA cache_size = -{cache}")
        return connection

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise translated(error, self._path) from error

    # -- searches ----------------------------------------------------------------------------------------------

    def search(self, text: str, limit: int, keep: Keep | None = None) -> list[SharedName]:
        """At most `limit` offered files for a search, those of a folder together; `keep` may leave some out.

        StorageError where the database cannot be read.
        """
        query = parse(text, self._shortest)
        if query is None or limit <= 0:
            return []
        with self._lock, self._translating(), closing(self._search.cursor()) as cursor:
            expression, late = self._expression(query, cursor)
            if not expression:
                return []
            _ask(cursor, expression, late)
            return _take(cursor, limit, late, keep)

    def _expression(self, query: Query, cursor: sqlite3.Cursor) -> tuple[str, tuple[str, ...]]:
        """What the index is asked, "" where nothing can be found; and the endings that paths are looked at for."""
        plain = " AND ".join(f'"{word}"' for word in query.words)
        parts, late = [plain], []
        few: bool | None = None
        for ending in query.endings:
            words = self._endings.of(ending, ENDINGS_MAX + 1) if self._endings is not None else None
            if words == []:
                return "", ()
            if words is not None and ENDINGS_MIN < len(words) <= ENDINGS_MAX and few is None:
                _execute(cursor, _FEW, [plain])
                few = len(cursor.fetchall()) <= FEW
            if words is None or len(words) > (ENDINGS_MIN if few else ENDINGS_MAX):
                late.append(ending)
            else:
                parts.append("(" + " OR ".join(f'"{word}"' for word in words) + ")")
        return " AND ".join(parts) + "".join(f' NOT "{word}"' for word in query.without), tuple(late)

    # -- single paths ------------------------------------------------------------------------------------------

    def find(self, path: str) -> SharedName | None:
        """The offered file of a network path. StorageError where the database cannot be read."""
        with self._lock, self._translating(), closing(self._search.cursor()) as cursor:
            found = [row for local in self._locals(path) for row in cursor.execute(_AT, (local,))]
            if not any(SharedName._make(row).path == path for row in found):  # its name was made harmless
                words = " AND ".join(f'"{word}"' for word in dict.fromkeys(fold(path)))
                found = _found(cursor, words)
        return min(
            (name for name in map(SharedName._make, found) if name.path == path),
            key=lambda name: name.row,
            default=None,
        )

    def below(self, folder: str) -> list[SharedName]:
        """Offered files in a network folder and its sub-folders. StorageError where the database cannot be read."""
        prefix = folder + "\\"
        with self._lock, self._translating(), closing(self._search.cursor()) as cursor:
            found: list[tuple[Any, ...]] = []
            for local in self._locals(folder):
                found += cursor.execute(_BELOW, (local + b"/", local + b"0"))
            if not found:  # its name was made harmless
                words = " AND ".join(f'"{word}"' for word in dict.fromkeys(fold(folder)))
                found = _found(cursor, words)
        names = sorted(map(SharedName._make, found), key=lambda name: -name.row)
        return _by_place({name.path: name for name in names if name.path.startswith(prefix)}.values())

    def _locals(self, path: str) -> list[bytes]:
        """Where a network path may stand on this machine, one place a share of its first part's name."""
        share, _, rest = path.partition("\\")
        tail = rest.replace("\\", "/").encode("utf-8", "replace")
        roots = self._search.execute("SELECT path FROM share_root WHERE listed AND present ORDER BY id")
        name = share.encode("utf-8", "replace")
        return [
            root + b"/" + tail if tail else root
            for (root,) in roots.fetchall()
            if (os.path.basename(root) or b"share") == name
        ]

    # -- everything --------------------------------------------------------------------------------------------

    def folders(self) -> Iterator[tuple[str, list[SharedName]]]:
        """Every network folder with its files, sorted, one at a time; to be read to its end or closed.

        StorageError where the database cannot be read.
        """
        with self._translating(), closing(self._connect()) as connection:
            names = map(SharedName._make, connection.execute(_ALL))
            for folder, inside in groupby(names, key=lambda name: name.folder):
                first: dict[str, SharedName] = {}
                for name in inside:
                    first.setdefault(name.name, name)
                yield folder.replace("/", "\\"), list(first.values())

    def counts(self) -> tuple[int, int]:
        """Folders and files offered, as of the last `refresh`."""
        return self._counts

    def refresh(self) -> bool:
        """Takes up what has changed in the library; returns whether anything had. For a worker thread.

        StorageError where the database cannot be read.
        """
        with self._refreshing, self._translating():
            (version,) = self._look.execute("PRAGMA data_version").fetchone()
            if version == self._version and self._signs:
                return False
            signs = [self._look.execute(sign).fetchall() for sign in _SIGNS]
            self._version = version
            if signs == self._signs:
                return False
            self._look.execute(
                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab('main', 'shared_names', 'row')"
            )
            with closing(self._look.execute("SELECT term FROM temp.words")) as terms:
                self._endings = Endings(term for (term,) in terms if term)  # a mark alone is none
            self._counts = self._look.execute(_COUNT).fetchone()
            self._signs = signs
            return True


def _ask(cursor: sqlite3.Cursor, expression: str, endings: tuple[str, ...] = ()) -> None:
    """Begins to find rows under an expression; where `endings` are given, without most of those that have none."""
    query = _SEARCH
    values: list[Any] = [expression, ENDED_MAX if endings else ROWS_MAX]
    for ending in endings:
        if ending.isascii():  # letters and digits only, none of LIKE's signs
            query += _ENDED
            values += [f"%{ending}%"] * 2
    _execute(cursor, query, values)


def _execute(cursor: sqlite3.Cursor, query: str, values: list[Any]) -> None:
    try:
        cursor.execute(query, values)
    except sqlite3.OperationalError as error:
        # A letter younger than SQLite's tables: it parts the word there, and parts of words are not indexed together.
        if "phrase queries" not in str(error):
            raise
        cursor.execute("SELECT 0 WHERE 0")


def _found(cursor: sqlite3.Cursor, words: str) -> list[tuple[Any, ...]]:
    """All rows under an expression, none under an empty one."""
    if not words:
        return []
    _ask(cursor, words)
    return cursor.fetchall()


def _take(
    cursor: sqlite3.Cursor, limit: int, endings: tuple[str, ...], keep: Keep | None
) -> list[SharedName]:
    """The first `limit` that pass, one a network path, by folder and name."""
    taken: dict[tuple[str, str], SharedName] = {}
    while len(taken) < limit and (rows := cursor.fetchmany(limit - len(taken))):
        for row in rows:
            if endings and not ends(f"{row[0]}/{row[1]}", endings):
                continue
            name = SharedName._make(row)
            if keep is None or keep(name):
                taken.setdefault(row[:2], name)
    return sorted(taken.values())


def _by_place(names: Any) -> list[SharedName]:
    return sorted(names, key=lambda name: name[:2])


def tidy() -> None:
    """Puts the index's parts together, so that each word is looked up once; for the database thread, after a scan.

    Takes about half a second for a million files, and nothing where nothing has changed.
    """
    rows.connection().execute(f"INSERT INTO shared_names (shared_names, rank) VALUES ('pgsz', {PAGE})")
    rows.connection().execute("INSERT INTO shared_names (shared_names) VALUES ('optimize')")
