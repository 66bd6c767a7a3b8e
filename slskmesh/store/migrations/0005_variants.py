"""Music by MusicBrainz id, what it sounds like, and downloads that belong together."""

from __future__ import annotations

import peewee

# Partial indexes: a file without ids costs nothing, and what is analysed leaves the list of what is not. State and
# share are in them, so that ids can be listed and counted without looking at the files.
_STATEMENTS = (
    "CREATE INDEX shared_file_release ON shared_file (mb_release, state, root_id) WHERE mb_release <> ''",
    "CREATE INDEX shared_file_recording ON shared_file (mb_recording, state, root_id) WHERE mb_recording <> ''",
    "ALTER TABLE content ADD COLUMN analysed INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX content_to_analyse ON content (id) WHERE analysed = 0",
    """
    CREATE TABLE audio_variant (
        content_id INTEGER NOT NULL PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
        codec TEXT NOT NULL,
        container TEXT NOT NULL,
        lossless INTEGER NOT NULL,
        sample_rate INTEGER NOT NULL,
        bit_depth INTEGER NOT NULL,
        channels INTEGER NOT NULL,
        duration INTEGER NOT NULL,
        bitrate INTEGER NOT NULL,
        stream BLOB NOT NULL,
        quality REAL NOT NULL,
        reasons TEXT NOT NULL
    )
    """,
    "ALTER TABLE transfer ADD COLUMN \"group\" TEXT NOT NULL DEFAULT ''",
)


def up(db: peewee.SqliteDatabase) -> None:
    """Adds the indexes, the table `audio_variant` and the columns `content.analysed` and `transfer.group`."""
    for statement in _STATEMENTS:
        db.execute_sql(statement)
