"""People of the Soulseek network: rooms, messages, buddies, blocks, wishes. Texts are as the network gave them."""

from __future__ import annotations

import peewee

from slskmesh.store.models.base import Base


class LegacyRoom(Base):
    """One room. `wanted`: to be joined at each login; `added` is Unix seconds."""

    name = peewee.TextField(primary_key=True)
    wanted = peewee.BooleanField(default=True)
    private = peewee.BooleanField(default=False)
    unread = peewee.IntegerField(default=0)
    mentions = peewee.IntegerField(default=0)
    added = peewee.FloatField(default=0)

    class Meta:
        table_name = "legacy_room"
        without_rowid = True


class LegacyRoomLine(Base):
    """One line of a room; numbers grow."""

    room = peewee.TextField()
    number = peewee.IntegerField()
    at = peewee.FloatField()
    user = peewee.TextField()
    text = peewee.TextField()
    kind = peewee.TextField()

    class Meta:
        table_name = "legacy_room_line"
        primary_key = peewee.CompositeKey("room", "number")
        without_rowid = True


class LegacyConversation(Base):
    """All messages with one user. `wrote`: we wrote to him; `last` is when the last one was, Unix seconds."""

    user = peewee.TextField(primary_key=True)
    unread = peewee.IntegerField(default=0)
    wrote = peewee.BooleanField(default=False)
    last = peewee.FloatField(default=0)

    class Meta:
        table_name = "legacy_conversation"
        without_rowid = True


class LegacyMessage(Base):
    """One private message; numbers grow. `state` is `soulseek.mail.State`, `why` of one that cannot be sent."""

    user = peewee.TextField()
    number = peewee.IntegerField()
    at = peewee.FloatField()
    text = peewee.TextField()
    state = peewee.TextField()
    why = peewee.TextField(default="")

    class Meta:
        table_name = "legacy_message"
        primary_key = peewee.CompositeKey("user", "number")
        without_rowid = True


class LegacyBuddy(Base):
    """Somebody on the buddy list; times are Unix seconds."""

    name = peewee.TextField(primary_key=True)
    note = peewee.TextField(default="")
    trusted = peewee.BooleanField(default=False)
    notify = peewee.BooleanField(default=False)
    added = peewee.FloatField(default=0)
    last_seen = peewee.FloatField(default=0)

    class Meta:
        table_name = "legacy_buddy"
        without_rowid = True


class LegacyBlock(Base):
    """A ban or ignore. `address`: target is a network in CIDR form, else a name or a pattern; `scope`: bits."""

    address = peewee.BooleanField(default=False)
    target = peewee.TextField()
    scope = peewee.IntegerField()
    note = peewee.TextField(default="")
    added = peewee.FloatField(default=0)

    class Meta:
        table_name = "legacy_block"
        primary_key = peewee.CompositeKey("address", "target")
        without_rowid = True


class LegacyWish(Base):
    """One wish. `sieve` is its filter's text, `turn` orders runs; `seen` and `tried` are digests, 8 bytes each."""

    id = peewee.IntegerField(primary_key=True)
    text = peewee.TextField()
    sieve = peewee.TextField(default="")
    auto = peewee.TextField(default="off")
    phase = peewee.TextField(default="looking")
    added = peewee.FloatField(default=0)
    turn = peewee.IntegerField(default=0)
    ran_at = peewee.FloatField(default=0)
    runs = peewee.IntegerField(default=0)
    hits = peewee.IntegerField(default=0)
    fresh = peewee.IntegerField(default=0)
    note = peewee.TextField(default="")
    took = peewee.BlobField(default=b"")
    seen = peewee.BlobField(default=b"")
    tried = peewee.BlobField(default=b"")

    class Meta:
        table_name = "legacy_wish"
