"""Answers of MusicBrainz."""

from __future__ import annotations

import peewee


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the table of `store/models/catalogue.py`."""
    db.execute_sql(
        """
        CREATE TABLE catalogue_answer (
            host TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            body BLOB NOT NULL,
            size INTEGER NOT NULL,
            fetched REAL NOT NULL,
            used REAL NOT NULL,
            PRIMARY KEY (kind, key, host)
        )
        """
    )
    db.execute_sql("CREATE INDEX catalogue_answer_used ON catalogue_answer (used, size)")
