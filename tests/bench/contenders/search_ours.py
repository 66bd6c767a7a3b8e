"""slskmesh as a contender of the search bench: its library's table, its name index, its answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slskmesh.library.names import Names, tidy
from slskmesh.soulseek.answers import ShareAnswers
from slskmesh.store.migrate import migrate
from slskmesh.store.models.base import connect, database
from tests.bench.contenders.searching import LIMIT
from tests.bench.search_data import SHARE, read

_TRIGGERS = [
    f"shared_{index}_{change}" for index in ("text", "names") for change in ("insert", "delete", "update")
]
_INSERT = (
    "INSERT INTO shared_file (path, root_id, content_id, state, size, stamp, folder, name, domain, format, artist,"
    " album, title, track, disc, year, duration, bitrate, sample_rate, bit_depth, channels, mb_recording, mb_release)"
    " VALUES (?, 1, 1, 0, ?, ?, ?, ?, 1, ?, ?, ?, ?, 1, 1, 2000, ?, ?, 44100, ?, 2, '', '')"
)


def build(rows: Path, folder: Path) -> dict[str, Any]:
    """The library's rows as a scan leaves them (not counted: a scan is for more than searches), then the index."""
    path = folder / "slskmesh.sqlite"
    connect(path)
    migrate(database, path)
    connection = database.connection()
    for trigger in _TRIGGERS:
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("INSERT INTO share_root VALUES (1, ?, '1', 1, 1, 0)", (f"/shares/{SHARE}".encode(),))
    connection.execute("INSERT INTO content VALUES (1, x'00', 1, 1, x'', x'', 0)")
    with database.atomic():
        connection.executemany(_INSERT, map(_values, read(rows)))
    started = time.perf_counter()
    with database.atomic():
        connection.execute("INSERT INTO shared_names (shared_names) VALUES ('rebuild')")
        tidy()
    spent = time.perf_counter() - started
    (size,) = connection.execute("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'shared_names%'").fetchone()
    database.close()
    return {"build_s": spent, "index_on_disk_mib": round(size / 2**20, 1)}


def _values(row: Any) -> tuple[Any, ...]:
    artist, album = row.folder.split("/")[:2]
    return (
        f"/shares/{SHARE}/{row.folder}/{row.name}".encode(), row.size, bytes(24), f"{SHARE}/{row.folder}", row.name,
        row.format, artist, album, row.name, row.duration, row.bitrate, row.depth,
    )  # fmt: skip


def open_index(rows: Path, folder: Path) -> tuple[Callable[[str], object], Callable[[str, int], list[str]]]:
    """A search as a user's request makes it, and one for its paths."""
    names = Names(folder / "slskmesh.sqlite")
    names.refresh()
    answers = ShareAnswers(names)

    def paths(text: str, limit: int) -> list[str]:
        return [file.path.partition("\\")[2] for file in answers.files("somebody", text, limit)]

    return lambda text: answers.files("somebody", text, LIMIT), paths
