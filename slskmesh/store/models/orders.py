"""What programs ordered, as it outlasts a restart: under which names they know their transfers."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class ProgramOrder(Base):
    """One order. `transfer` is the key of a download from a Soulseek user (16 bytes) or a content id (32 bytes); `user`
    and `file` are names as they are shown, `at` is Unix seconds, `batch` is "" for none.
    """

    transfer = peewee.BlobField(primary_key=True)
    user = peewee.TextField()
    file = peewee.TextField()
    size = peewee.IntegerField()
    batch = peewee.TextField(default="")
    at = peewee.FloatField()
    cancelled = peewee.BooleanField(default=False)

    class Meta:
        table_name = "program_order"
        without_rowid = True


class ProgramBatch(Base):
    """Orders that were given together. `search` and `external` are the program's own words for where they belong."""

    batch = peewee.TextField(primary_key=True)
    user = peewee.TextField()
    search = peewee.TextField(default="")
    external = peewee.TextField(default="")
    destination = peewee.TextField(default="")
    at = peewee.FloatField()

    class Meta:
        table_name = "program_batch"
        without_rowid = True
