"""Known peers and their local standing."""

from __future__ import annotations

import peewee


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/peers.py`."""
    db.execute_sql(
        """
        CREATE TABLE known_peer (
            key BLOB NOT NULL PRIMARY KEY,
            name TEXT NOT NULL DEFAULT '',
            addresses TEXT NOT NULL DEFAULT '',
            dial INTEGER NOT NULL DEFAULT 0,
            fails INTEGER NOT NULL DEFAULT 0,
            next_try REAL NOT NULL DEFAULT 0,
            last_seen REAL NOT NULL DEFAULT 0
        ) WITHOUT ROWID
        """
    )
    db.execute_sql(
        """
        CREATE TABLE peer_standing (
            key BLOB NOT NULL PRIMARY KEY,
            trusted INTEGER NOT NULL DEFAULT 0,
            blocked INTEGER NOT NULL DEFAULT 0,
            score REAL NOT NULL DEFAULT 0,
            score_at REAL NOT NULL DEFAULT 0,
            good_chunks INTEGER NOT NULL DEFAULT 0,
            bad_chunks INTEGER NOT NULL DEFAULT 0,
            last_bad REAL NOT NULL DEFAULT 0,
            no_data_until REAL NOT NULL DEFAULT 0,
            received INTEGER NOT NULL DEFAULT 0,
            sent INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID
        """
    )
