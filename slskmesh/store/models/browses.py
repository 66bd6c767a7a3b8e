"""Lists of users' shares, as they were browsed, for a while.

Numbers are given in the order things came: folders and files of browse N are N << 24 | 1, 2, 3…, so that the rows of
one browse are one range. A number is never given twice: one of a list that is gone names nothing.
"""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class Browse(Base):
    """One list. `user` as the network names him, UTF-8; `state` is "coming", "part", "whole", or "gone" where only its
    rows are still to be deleted; `at` is Unix seconds, the rest sums over all of it.
    """

    id = peewee.AutoField()
    user = peewee.BlobField()
    at = peewee.FloatField()
    state = peewee.TextField()
    folders = peewee.IntegerField(default=0)
    files = peewee.IntegerField(default=0)
    size = peewee.IntegerField(default=0)

    class Meta:
        table_name = "browse"


class BrowseFolder(Base):
    """One folder. `path` as the network has it, UTF-8; `place` what it is sorted by."""

    id = peewee.IntegerField(primary_key=True)
    browse = peewee.IntegerField()
    path = peewee.BlobField()
    place = peewee.BlobField()
    files = peewee.IntegerField(default=0)
    size = peewee.IntegerField(default=0)

    class Meta:
        table_name = "browse_folder"
        indexes = ((("browse", "path"), True), (("browse", "place"), False))


class BrowsePiece(Base):
    """Files of one folder that came together; `id` is the number of the first of them.

    `words`: the folder's path and the files' names as they are looked for; `body`: the files (`soulseek.browses_body`).
    """

    id = peewee.IntegerField(primary_key=True)
    folder = peewee.IntegerField(index=True)
    words = peewee.BlobField()
    body = peewee.BlobField()

    class Meta:
        table_name = "browse_piece"
