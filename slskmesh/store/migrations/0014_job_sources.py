"""Where a job's track comes from, and what a file from a Soulseek user is called here."""

from __future__ import annotations

import peewee

_COLUMNS = (
    "ALTER TABLE legacy_download ADD COLUMN stem TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE job_track ADD COLUMN backend TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE job_track ADD COLUMN user BLOB NOT NULL DEFAULT x''",
)


def up(db: peewee.SqliteDatabase) -> None:
    """Adds columns of `store/models/jobs.py` and `store/models/legacy.py`."""
    for column in _COLUMNS:
        db.execute_sql(column)
