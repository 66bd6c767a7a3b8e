"""Breaches of the mesh's rules, and bans."""

from __future__ import annotations

import peewee


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the table of `store/models/violations.py`."""
    db.execute_sql(
        """
        CREATE TABLE violator (
            name TEXT NOT NULL PRIMARY KEY,
            recent TEXT NOT NULL DEFAULT '[[],[]]',
            bans INTEGER NOT NULL DEFAULT 0,
            until REAL NOT NULL DEFAULT 0,
            kind TEXT NOT NULL DEFAULT '',
            at REAL NOT NULL DEFAULT 0
        ) WITHOUT ROWID
        """
    )
