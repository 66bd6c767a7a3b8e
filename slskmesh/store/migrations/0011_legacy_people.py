"""Rooms, private messages, buddies, blocks and wishes of the Soulseek network."""

from __future__ import annotations

import peewee

_STATEMENTS = (
    """
    CREATE TABLE legacy_room (
        name TEXT NOT NULL PRIMARY KEY,
        wanted INTEGER NOT NULL DEFAULT 1,
        private INTEGER NOT NULL DEFAULT 0,
        unread INTEGER NOT NULL DEFAULT 0,
        mentions INTEGER NOT NULL DEFAULT 0,
        added REAL NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE legacy_room_line (
        room TEXT NOT NULL,
        number INTEGER NOT NULL,
        at REAL NOT NULL,
        user TEXT NOT NULL,
        text TEXT NOT NULL,
        kind TEXT NOT NULL,
        PRIMARY KEY (room, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE legacy_conversation (
        user TEXT NOT NULL PRIMARY KEY,
        unread INTEGER NOT NULL DEFAULT 0,
        wrote INTEGER NOT NULL DEFAULT 0,
        last REAL NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE legacy_message (
        user TEXT NOT NULL,
        number INTEGER NOT NULL,
        at REAL NOT NULL,
        text TEXT NOT NULL,
        state TEXT NOT NULL,
        why TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (user, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE legacy_buddy (
        name TEXT NOT NULL PRIMARY KEY,
        note TEXT NOT NULL DEFAULT '',
        trusted INTEGER NOT NULL DEFAULT 0,
        notify INTEGER NOT NULL DEFAULT 0,
        added REAL NOT NULL DEFAULT 0,
        last_seen REAL NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE legacy_block (
        address INTEGER NOT NULL DEFAULT 0,
        target TEXT NOT NULL,
        scope INTEGER NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        added REAL NOT NULL DEFAULT 0,
        PRIMARY KEY (address, target)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE legacy_wish (
        id INTEGER NOT NULL PRIMARY KEY,
        text TEXT NOT NULL,
        sieve TEXT NOT NULL DEFAULT '',
        auto TEXT NOT NULL DEFAULT 'off',
        phase TEXT NOT NULL DEFAULT 'looking',
        added REAL NOT NULL DEFAULT 0,
        turn INTEGER NOT NULL DEFAULT 0,
        ran_at REAL NOT NULL DEFAULT 0,
        runs INTEGER NOT NULL DEFAULT 0,
        hits INTEGER NOT NULL DEFAULT 0,
        fresh INTEGER NOT NULL DEFAULT 0,
        note TEXT NOT NULL DEFAULT '',
        took BLOB NOT NULL DEFAULT x'',
        seen BLOB NOT NULL DEFAULT x'',
        tried BLOB NOT NULL DEFAULT x''
    )
    """,
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/legacy_people.py`."""
    for statement in _STATEMENTS:
        db.execute_sql(statement)
