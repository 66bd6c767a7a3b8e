"""Which peers nobody asked for by name, so that they are not dialled for ever."""

from __future__ import annotations

import peewee


def up(db: peewee.SqliteDatabase) -> None:
    """Adds the column; peers known before this were invited or met by invite."""
    db.execute_sql("ALTER TABLE known_peer ADD COLUMN found INTEGER NOT NULL DEFAULT 0")
