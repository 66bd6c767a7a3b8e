"""What programs ordered."""

from __future__ import annotations

import peewee

_TABLES = (
    """
    CREATE TABLE program_order (
        transfer BLOB NOT NULL PRIMARY KEY,
        user TEXT NOT NULL,
        file TEXT NOT NULL,
        size INTEGER NOT NULL,
        batch TEXT NOT NULL DEFAULT '',
        at REAL NOT NULL,
        cancelled INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE program_batch (
        batch TEXT NOT NULL PRIMARY KEY,
        user TEXT NOT NULL,
        search TEXT NOT NULL DEFAULT '',
        external TEXT NOT NULL DEFAULT '',
        destination TEXT NOT NULL DEFAULT '',
        at REAL NOT NULL
    ) WITHOUT ROWID
    """,
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/orders.py`."""
    for table in _TABLES:
        db.execute_sql(table)
