"""Shared files in the order of their folders and names, so that a page of them costs the page."""

from __future__ import annotations

import peewee


def up(db: peewee.SqliteDatabase) -> None:
    """Creates an index over `shared_file`."""
    db.execute_sql("CREATE INDEX shared_file_place ON shared_file (folder, name)")
