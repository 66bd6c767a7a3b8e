"""Jobs by MusicBrainz id."""

from __future__ import annotations

import peewee

_TABLES = (
    """
    CREATE TABLE job (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        spec BLOB NOT NULL,
        title TEXT NOT NULL,
        phase TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        position INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        expanded INTEGER NOT NULL DEFAULT 0,
        retry_at REAL,
        added REAL NOT NULL,
        updated REAL NOT NULL
    )
    """,
    """
    CREATE TABLE job_release (
        job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        mbid TEXT NOT NULL DEFAULT '',
        release_group TEXT NOT NULL DEFAULT '',
        title TEXT NOT NULL DEFAULT '',
        artist TEXT NOT NULL DEFAULT '',
        date TEXT NOT NULL DEFAULT '',
        phase TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        holders INTEGER NOT NULL DEFAULT 0,
        publishers INTEGER NOT NULL DEFAULT 0,
        estimate INTEGER NOT NULL DEFAULT 0,
        body BLOB NOT NULL DEFAULT x'',
        PRIMARY KEY (job_id, place)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE job_track (
        job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        release_place INTEGER NOT NULL,
        release_mbid TEXT NOT NULL,
        recording TEXT NOT NULL,
        place INTEGER NOT NULL,
        disc INTEGER NOT NULL,
        position INTEGER NOT NULL,
        title TEXT NOT NULL DEFAULT '',
        artist TEXT NOT NULL DEFAULT '',
        length INTEGER,
        phase TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        content BLOB NOT NULL DEFAULT x'',
        size INTEGER NOT NULL DEFAULT 0,
        variant TEXT NOT NULL DEFAULT '',
        canonical INTEGER NOT NULL DEFAULT 0,
        candidates INTEGER NOT NULL DEFAULT 0,
        why TEXT NOT NULL DEFAULT '',
        path BLOB NOT NULL DEFAULT x'',
        tried BLOB NOT NULL DEFAULT x'',
        begun BLOB NOT NULL DEFAULT x'',
        PRIMARY KEY (job_id, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE job_line (
        job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        at REAL NOT NULL,
        level TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (job_id, number)
    ) WITHOUT ROWID
    """,
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/jobs.py`."""
    for table in _TABLES:
        db.execute_sql(table)
