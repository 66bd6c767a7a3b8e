"""Who broke the mesh's rules (governance)."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class Violator(Base):
    """One key (hex) or address prefix. `recent` is JSON: times of its last breaches, and whose they were."""

    name = peewee.TextField(primary_key=True)
    recent = peewee.TextField(default="[[],[]]")
    bans = peewee.IntegerField(default=0)
    until = peewee.FloatField(default=0)  # Unix seconds
    kind = peewee.TextField(default="")
    at = peewee.FloatField(default=0)

    class Meta:
        table_name = "violator"
        without_rowid = True
