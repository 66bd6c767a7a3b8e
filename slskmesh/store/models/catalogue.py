"""Answers of MusicBrainz, kept as our own objects."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class CatalogueAnswer(Base):
    """One answer of one host. `body` is msgpack, empty where the host knows no such thing; times are Unix seconds."""

    host = peewee.TextField()
    kind = peewee.TextField()
    key = peewee.TextField()
    body = peewee.BlobField()
    size = peewee.IntegerField()  # bytes of `body` and the row around it
    fetched = peewee.FloatField()
    used = peewee.FloatField()

    class Meta:
        table_name = "catalogue_answer"
        primary_key = peewee.CompositeKey("kind", "key", "host")
