"""Transfers with users of the Soulseek network as they outlast a restart, and what they add up to."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class LegacyDownloadRow(Base):
    """One download. `state` is "queued", "paused", "failed" or "done"; times are Unix seconds, `next_at` the earliest
    next try. `user` and `path` are the network's names, UTF-8 with what it could not hold passed through; `root` and
    `local` are the file system's bytes: `root` is the downloads folder it began in, `local` where the file stands,
    or is just being put. `folder` lies below `root`; `batch` is what it was added with, "" for nothing;
    `stem` is the finished file's name without its ending, "" for the remote one's.
    """

    key = peewee.BlobField(primary_key=True)
    user = peewee.BlobField()
    path = peewee.BlobField()
    size = peewee.IntegerField()
    folder = peewee.TextField(default="")
    batch = peewee.TextField(default="")
    state = peewee.TextField()
    trouble = peewee.TextField(default="")
    reason = peewee.TextField(default="")
    position = peewee.IntegerField(default=0)
    tries = peewee.IntegerField(default=0)
    next_at = peewee.FloatField(null=True)
    added = peewee.FloatField()
    finished = peewee.FloatField(null=True)
    root = peewee.BlobField(default=b"")
    local = peewee.BlobField(default=b"")
    stem = peewee.TextField(default="")

    class Meta:
        table_name = "legacy_download"
        without_rowid = True


class LegacyTallyRow(Base):
    """Bytes and finished files of all time, with one user, or with all under the empty name."""

    user = peewee.BlobField(primary_key=True)
    received = peewee.IntegerField(default=0)
    sent = peewee.IntegerField(default=0)
    files_received = peewee.IntegerField(default=0)
    files_sent = peewee.IntegerField(default=0)
    last = peewee.FloatField(default=0.0)  # Unix seconds

    class Meta:
        table_name = "legacy_tally"
        without_rowid = True
