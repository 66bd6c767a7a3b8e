"""Shares, files, contents, and the full-text index over names and tags."""

from __future__ import annotations

import peewee

_TABLES = (
    """
    CREATE TABLE share_root (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,
        device TEXT NOT NULL,
        listed INTEGER NOT NULL,
        present INTEGER NOT NULL,
        seen INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE content (
        id INTEGER PRIMARY KEY,
        content BLOB NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        chunk_size INTEGER NOT NULL,
        sha256 BLOB NOT NULL,
        hashes BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE shared_file (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,
        root_id INTEGER NOT NULL REFERENCES share_root (id) ON DELETE CASCADE,
        content_id INTEGER NOT NULL REFERENCES content (id),
        state INTEGER NOT NULL,
        size INTEGER NOT NULL,
        stamp BLOB NOT NULL,
        folder TEXT NOT NULL,
        name TEXT NOT NULL,
        domain INTEGER NOT NULL,
        format TEXT NOT NULL,
        artist TEXT NOT NULL,
        album TEXT NOT NULL,
        title TEXT NOT NULL,
        track INTEGER NOT NULL,
        disc INTEGER NOT NULL,
        year INTEGER NOT NULL,
        duration INTEGER NOT NULL,
        bitrate INTEGER NOT NULL,
        sample_rate INTEGER NOT NULL,
        bit_depth INTEGER NOT NULL,
        channels INTEGER NOT NULL,
        mb_recording TEXT NOT NULL,
        mb_release TEXT NOT NULL
    )
    """,
    "CREATE INDEX shared_file_root ON shared_file (root_id, state, size)",
    "CREATE INDEX shared_file_content ON shared_file (content_id)",
)

# The index keeps no text of its own; triggers hold it to the table.
_TEXT = (
    """
    CREATE VIRTUAL TABLE shared_text USING fts5(
        name, folder, artist, album, title, content='shared_file', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2', prefix='2 3'
    )
    """,
    """
    CREATE TRIGGER shared_text_insert AFTER INSERT ON shared_file BEGIN
        INSERT INTO shared_text (rowid, name, folder, artist, album, title)
        VALUES (new.id, new.name, new.folder, new.artist, new.album, new.title);
    END
    """,
    """
    CREATE TRIGGER shared_text_delete AFTER DELETE ON shared_file BEGIN
        INSERT INTO shared_text (shared_text, rowid, name, folder, artist, album, title)
        VALUES ('delete', old.id, old.name, old.folder, old.artist, old.album, old.title);
    END
    """,
    """
    CREATE TRIGGER shared_text_update AFTER UPDATE OF name, folder, artist, album, title ON shared_file BEGIN
        INSERT INTO shared_text (shared_text, rowid, name, folder, artist, album, title)
        VALUES ('delete', old.id, old.name, old.folder, old.artist, old.album, old.title);
        INSERT INTO shared_text (rowid, name, folder, artist, album, title)
        VALUES (new.id, new.name, new.folder, new.artist, new.album, new.title);
    END
    """,
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the tables of `store/models/library.py` and the index `shared_text`."""
    for statement in _TABLES + _TEXT:
        db.execute_sql(statement)
