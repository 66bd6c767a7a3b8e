"""What all tables share: the one database object.

Connections belong to threads: each store's thread opens its own (`store/database.py`), and a query on any other
thread raises instead of opening a second connection. So several stores may be open in one process.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import peewee

database: Final = peewee.SqliteDatabase(None, autoconnect=False)

_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "normal",
    "foreign_keys": 1,
    "busy_timeout": 5000,  # ms
    "cache_size": -16_000,  # KiB
    "temp_store": "memory",
}
_naming = threading.Lock()


class Base(peewee.Model):
    """Root of all models. Models never leave the database thread."""

    class Meta:
        database = database


def connect(path: Path) -> None:
    """Opens `path` for the calling thread. peewee and sqlite3 errors as they come."""
    with _naming:
        database.init(str(path), pragmas=_PRAGMAS)
        database.connect()
