"""Lists of users' shares, as they were browsed."""

from __future__ import annotations

import peewee

_STATEMENTS = (
    """
    CREATE TABLE browse (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user BLOB NOT NULL,
        at REAL NOT NULL,
        state TEXT NOT NULL,
        folders INTEGER NOT NULL DEFAULT 0,
        files INTEGER NOT NULL DEFAULT 0,
        size INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE browse_folder (
        id INTEGER PRIMARY KEY,
        browse INTEGER NOT NULL,
        path BLOB NOT NULL,
        place BLOB NOT NULL,
        files INTEGER NOT NULL DEFAULT 0,
        size INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE UNIQUE INDEX browse_folder_path ON browse_folder (browse, path)",
    "CREATE INDEX browse_folder_place ON browse_folder (browse, place)",
    """
    CREATE TABLE browse_piece (
        id INTEGER PRIMARY KEY,
        folder INTEGER NOT NULL,
        words BLOB NOT NULL,
        body BLOB NOT NULL
    )
    """,
    "CREATE INDEX browse_piece_folder ON browse_piece (folder)",
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/browses.py`."""
    for statement in _STATEMENTS:
        db.execute_sql(statement)
