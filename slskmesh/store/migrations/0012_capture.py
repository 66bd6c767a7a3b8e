"""What was seen for own searches and transfers on the Soulseek network, and rescues under way."""

from __future__ import annotations

import peewee

_STATEMENTS = (
    """
    CREATE TABLE seen_file (
        who BLOB NOT NULL,
        path BLOB NOT NULL,
        size INTEGER NOT NULL,
        name BLOB NOT NULL DEFAULT x'',
        codec TEXT NOT NULL DEFAULT '',
        bitrate INTEGER NOT NULL DEFAULT 0,
        duration INTEGER NOT NULL DEFAULT 0,
        free_slot INTEGER NOT NULL DEFAULT 0,
        speed INTEGER NOT NULL DEFAULT 0,
        queue INTEGER NOT NULL DEFAULT 0,
        seen REAL NOT NULL,
        recording TEXT NOT NULL DEFAULT '',
        confidence REAL NOT NULL DEFAULT 0,
        judged INTEGER NOT NULL DEFAULT -1,
        cost INTEGER NOT NULL,
        PRIMARY KEY (who, path, size)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX seen_file_seen ON seen_file (seen)",
    "CREATE INDEX seen_file_recording ON seen_file (recording)",
    "CREATE INDEX seen_file_judged ON seen_file (judged)",
    """
    CREATE TABLE availability (
        recording TEXT NOT NULL,
        codec TEXT NOT NULL,
        who BLOB NOT NULL,
        confidence REAL NOT NULL,
        times INTEGER NOT NULL DEFAULT 1,
        first REAL NOT NULL,
        last REAL NOT NULL,
        PRIMARY KEY (recording, codec, who)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX availability_last ON availability (last)",
    """
    CREATE TABLE user_speed (
        who BLOB NOT NULL PRIMARY KEY,
        name BLOB NOT NULL DEFAULT x'',
        files INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0,
        last REAL NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX user_speed_last ON user_speed (last)",
    "CREATE TABLE rescue_link (legacy BLOB NOT NULL PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID",
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/capture.py`."""
    for statement in _STATEMENTS:
        db.execute_sql(statement)
