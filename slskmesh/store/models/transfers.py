"""Downloads as they outlast a restart. What is verified of them is in their maps on disk, not here."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class TransferRow(Base):
    """One download. `state` is "queued", "paused", "failed" or "done"; times are Unix seconds; paths are the
    file system's bytes: `path` empty while unfinished, `root` (the downloads folder) while not begun; `group` is what
    it shares a rate limit with.
    """

    content = peewee.BlobField(primary_key=True)
    name = peewee.TextField()
    folder = peewee.TextField(default="")
    size = peewee.IntegerField(default=0)
    state = peewee.TextField()
    reason = peewee.TextField(default="")
    position = peewee.IntegerField(default=0)
    added = peewee.FloatField()
    finished = peewee.FloatField(null=True)
    path = peewee.BlobField(default=b"")
    root = peewee.BlobField(default=b"")
    group = peewee.TextField(default="")

    class Meta:
        table_name = "transfer"
        without_rowid = True
