"""Jobs, their releases and tracks, and the lines of their timelines. Paths are the file system's bytes."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class JobRow(Base):
    """One job. `spec` is `jobs.state.Spec` as JSON; times are Unix seconds."""

    id = peewee.AutoField()
    spec = peewee.BlobField()
    title = peewee.TextField()
    phase = peewee.TextField()
    reason = peewee.TextField(default="")
    position = peewee.IntegerField(default=0)
    attempts = peewee.IntegerField(default=0)
    expanded = peewee.BooleanField(default=False)
    retry_at = peewee.FloatField(null=True)
    added = peewee.FloatField()
    updated = peewee.FloatField()

    class Meta:
        table_name = "job"


class JobReleaseRow(Base):
    """One release of a job, at `place` in it. `body` is the catalogue's answer in msgpack."""

    job = peewee.ForeignKeyField(JobRow, on_delete="CASCADE", index=False)
    place = peewee.IntegerField()
    mbid = peewee.TextField(default="")
    release_group = peewee.TextField(default="")
    title = peewee.TextField(default="")
    artist = peewee.TextField(default="")
    date = peewee.TextField(default="")
    phase = peewee.TextField()
    reason = peewee.TextField(default="")
    holders = peewee.IntegerField(default=0)
    publishers = peewee.IntegerField(default=0)
    estimate = peewee.IntegerField(default=0)
    body = peewee.BlobField(default=b"")

    class Meta:
        table_name = "job_release"
        primary_key = peewee.CompositeKey("job", "place")
        without_rowid = True


class JobTrackRow(Base):
    """One track of a job. `length` in ms. `tried` and `begun` are names of downloads, 32 bytes each: content ids, and
    keys of downloads from Soulseek users behind a mark (`jobs.rows`). `user` is the network's name, UTF-8 with what it
    could not hold passed through.
    """

    job = peewee.ForeignKeyField(JobRow, on_delete="CASCADE", index=False)
    number = peewee.IntegerField()
    release_place = peewee.IntegerField()
    release_mbid = peewee.TextField()
    recording = peewee.TextField()
    place = peewee.IntegerField()
    disc = peewee.IntegerField()
    position = peewee.IntegerField()
    title = peewee.TextField(default="")
    artist = peewee.TextField(default="")
    length = peewee.IntegerField(null=True)
    phase = peewee.TextField()
    reason = peewee.TextField(default="")
    content = peewee.BlobField(default=b"")
    size = peewee.IntegerField(default=0)
    variant = peewee.TextField(default="")
    canonical = peewee.BooleanField(default=False)
    candidates = peewee.IntegerField(default=0)
    why = peewee.TextField(default="")
    path = peewee.BlobField(default=b"")
    tried = peewee.BlobField(default=b"")
    begun = peewee.BlobField(default=b"")
    backend = peewee.TextField(default="")
    user = peewee.BlobField(default=b"")

    class Meta:
        table_name = "job_track"
        primary_key = peewee.CompositeKey("job", "number")
        without_rowid = True


class JobLineRow(Base):
    """One line of a job's timeline."""

    job = peewee.ForeignKeyField(JobRow, on_delete="CASCADE", index=False)
    number = peewee.IntegerField()
    at = peewee.FloatField()
    level = peewee.TextField()
    text = peewee.TextField()

    class Meta:
        table_name = "job_line"
        primary_key = peewee.CompositeKey("job", "number")
        without_rowid = True
