"""The downloads folder a download began in, which it keeps when the setting changes."""

from __future__ import annotations

import peewee


def up(db: peewee.SqliteDatabase) -> None:
    """Adds the column; empty means: not begun, or begun before this was kept."""
    db.execute_sql("ALTER TABLE transfer ADD COLUMN root BLOB NOT NULL DEFAULT x''")
