"""Transfers with users of the Soulseek network."""

from __future__ import annotations

import peewee

_TABLES = (
    """
    CREATE TABLE legacy_download (
        key BLOB NOT NULL PRIMARY KEY,
        user BLOB NOT NULL,
        path BLOB NOT NULL,
        size INTEGER NOT NULL,
        folder TEXT NOT NULL DEFAULT '',
        batch TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        trouble TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        position INTEGER NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0,
        next_at REAL,
        added REAL NOT NULL,
        finished REAL,
        root BLOB NOT NULL DEFAULT x'',
        local BLOB NOT NULL DEFAULT x''
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE legacy_tally (
        user BLOB NOT NULL PRIMARY KEY,
        received INTEGER NOT NULL DEFAULT 0,
        sent INTEGER NOT NULL DEFAULT 0,
        files_received INTEGER NOT NULL DEFAULT 0,
        files_sent INTEGER NOT NULL DEFAULT 0,
        last REAL NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/legacy.py`."""
    for table in _TABLES:
        db.execute_sql(table)
