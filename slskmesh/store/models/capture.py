"""What was seen on the Soulseek network for the person's own searches and transfers; and rescues under way.

Nothing of these tables is ever published. Times are Unix seconds; texts of the network are UTF-8 as they came.
"""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class SeenFile(Base):
    """One file of one user in an answer to one of our searches: raw, gone after a week.

    `who` is the user's pseudonym; `name` the user, empty unless the person wants names kept. `recording` is empty where
    the path is no known recording; `judged` is how many tracks were known when that was last looked at, -1 never.
    """

    who = peewee.BlobField()
    path = peewee.BlobField()
    size = peewee.IntegerField()
    name = peewee.BlobField(default=b"")
    codec = peewee.TextField(default="")
    bitrate = peewee.IntegerField(default=0)  # kbit/s
    duration = peewee.IntegerField(default=0)  # seconds
    free_slot = peewee.BooleanField(default=False)
    speed = peewee.IntegerField(default=0)  # bytes per second, as the user says
    queue = peewee.IntegerField(default=0)
    seen = peewee.FloatField(index=True)
    recording = peewee.TextField(default="", index=True)
    confidence = peewee.FloatField(default=0)
    judged = peewee.IntegerField(default=-1, index=True)
    cost = peewee.IntegerField()  # bytes of the row

    class Meta:
        table_name = "seen_file"
        primary_key = peewee.CompositeKey("who", "path", "size")
        without_rowid = True


class Availability(Base):
    """How one recording was to be had, of one codec and one user: statistics, gone after a month."""

    recording = peewee.TextField()
    codec = peewee.TextField()
    who = peewee.BlobField()
    confidence = peewee.FloatField()
    times = peewee.IntegerField(default=1)  # answers it was in
    first = peewee.FloatField()
    last = peewee.FloatField(index=True)

    class Meta:
        table_name = "availability"
        primary_key = peewee.CompositeKey("recording", "codec", "who")
        without_rowid = True


class UserSpeed(Base):
    """Our own transfers from one user: statistics, gone after a month without one."""

    who = peewee.BlobField(primary_key=True)
    name = peewee.BlobField(default=b"")
    files = peewee.IntegerField(default=0)
    failed = peewee.IntegerField(default=0)
    bytes = peewee.IntegerField(default=0)
    seconds = peewee.FloatField(default=0)  # of sending
    last = peewee.FloatField(index=True)

    class Meta:
        table_name = "user_speed"
        without_rowid = True


class RescueLink(Base):
    """A download from a Soulseek user (its key in that list) that a download from peers (its content) finishes."""

    legacy = peewee.BlobField(primary_key=True)
    content = peewee.BlobField()

    class Meta:
        table_name = "rescue_link"
        without_rowid = True
