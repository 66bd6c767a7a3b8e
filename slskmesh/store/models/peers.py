"""Peers we know (overlay) and how we judge them (governance)."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class KnownPeer(Base):
    """Where a peer can be found. `addresses` is one host:port a line, best first; times are Unix seconds."""

    key = peewee.BlobField(primary_key=True)
    name = peewee.TextField(default="")
    addresses = peewee.TextField(default="")
    dial = peewee.BooleanField(default=False)  # keep connected to it by ourselves
    fails = peewee.IntegerField(default=0)
    next_try = peewee.FloatField(default=0)
    last_seen = peewee.FloatField(default=0)
    found = peewee.BooleanField(default=False)  # met by itself or through the table

    class Meta:
        table_name = "known_peer"
        without_rowid = True


class PeerStanding(Base):
    """Local judgement of one key: never shared as a command. `score_at` is when `score` was last true (it decays)."""

    key = peewee.BlobField(primary_key=True)
    trusted = peewee.BooleanField(default=False)
    blocked = peewee.BooleanField(default=False)
    score = peewee.FloatField(default=0)
    score_at = peewee.FloatField(default=0)
    good_chunks = peewee.IntegerField(default=0)
    bad_chunks = peewee.IntegerField(default=0)
    last_bad = peewee.FloatField(default=0)
    no_data_until = peewee.FloatField(default=0)
    received = peewee.IntegerField(default=0)  # bytes, all time
    sent = peewee.IntegerField(default=0)

    class Meta:
        table_name = "peer_standing"
        without_rowid = True
