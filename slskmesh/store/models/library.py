"""Shares, their files, and the manifests of what is in them. Paths are the file system's bytes."""

from __future__ import annotations

import enum

import peewee

from slskmesh.store.models.base import Base


class FileState(enum.IntEnum):
    """What is known of a file since it was taken in."""

    OFFERED = 0
    CHANGED = 1  # no longer what was hashed: not offered, hashed again at the next scan
    AWAY = 2  # its folder or disk is not there: not offered, taken back as it is when it shows up again


class ShareRoot(Base):
    """One share. Not `listed`: taken out of the settings; not `present`: gone or not mounted. Neither is offered."""

    id = peewee.AutoField()
    path = peewee.BlobField(unique=True)
    device = peewee.TextField()  # st_dev as decimal text, which may have more than 63 bits
    listed = peewee.BooleanField(default=True)
    present = peewee.BooleanField(default=True)
    seen = peewee.IntegerField()  # Unix seconds of the last scan that had it listed

    class Meta:
        table_name = "share_root"


class ContentRow(Base):
    """One content and its manifest, however many files hold it. `analysed`: its `AudioVariantRow` was made, or
    it is no audio; 0 where nobody has looked yet.
    """

    id = peewee.AutoField()
    content = peewee.BlobField(unique=True)
    size = peewee.IntegerField()
    chunk_size = peewee.IntegerField()
    sha256 = peewee.BlobField()
    hashes = peewee.BlobField()
    analysed = peewee.IntegerField(default=0)

    class Meta:
        table_name = "content"


class AudioVariantRow(Base):
    """What one content sounds like (`library.variant.AudioVariant`); `reasons` are parted by newlines."""

    content = peewee.ForeignKeyField(ContentRow, primary_key=True, on_delete="CASCADE")
    codec = peewee.TextField()
    container = peewee.TextField()
    lossless = peewee.BooleanField()
    sample_rate = peewee.IntegerField()
    bit_depth = peewee.IntegerField()
    channels = peewee.IntegerField()
    duration = peewee.IntegerField()
    bitrate = peewee.IntegerField()
    stream = peewee.BlobField()
    quality = peewee.FloatField()
    reasons = peewee.TextField()

    class Meta:
        table_name = "audio_variant"


class FileRow(Base):
    """One file. `stamp` is size, mtime and inode packed (`library.walk.stamp_of`); text is sanitised."""

    id = peewee.AutoField()
    path = peewee.BlobField(unique=True)
    root = peewee.ForeignKeyField(ShareRoot, on_delete="CASCADE")
    content = peewee.ForeignKeyField(ContentRow)
    state = peewee.IntegerField()
    size = peewee.IntegerField()
    stamp = peewee.BlobField()
    folder = peewee.TextField()
    name = peewee.TextField()
    domain = peewee.IntegerField()
    format = peewee.TextField()
    artist = peewee.TextField()
    album = peewee.TextField()
    title = peewee.TextField()
    track = peewee.IntegerField()
    disc = peewee.IntegerField()
    year = peewee.IntegerField()
    duration = peewee.IntegerField()
    bitrate = peewee.IntegerField()
    sample_rate = peewee.IntegerField()
    bit_depth = peewee.IntegerField()
    channels = peewee.IntegerField()
    mb_recording = peewee.TextField()
    mb_release = peewee.TextField()

    class Meta:
        table_name = "shared_file"
