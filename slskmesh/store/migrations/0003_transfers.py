"""The list of downloads."""

from __future__ import annotations

import peewee


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the table of `store/models/transfers.py`."""
    db.execute_sql(
        """
        CREATE TABLE transfer (
            content BLOB NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            folder TEXT NOT NULL DEFAULT '',
            size INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            position INTEGER NOT NULL DEFAULT 0,
            added REAL NOT NULL,
            finished REAL,
            path BLOB NOT NULL DEFAULT x''
        ) WITHOUT ROWID
        """
    )
