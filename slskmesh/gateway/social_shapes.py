"""Rooms, messages and users as slskd's API has them. Pure: from views and events of the façade to shapes.

Rules: what the engine does not know is absent, never made up. Names and texts are those the engine shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from slskmesh.engine.legacy_events import BrowseStanding, ChatShown, PresenceShown, UserShown
from slskmesh.engine.legacy_views import ChatLineView, ConversationView, MemberView, RoomInfoView
from slskmesh.gateway.answers import Camel

PRESENCES: Final = {"offline": "Offline", "away": "Away", "online": "Online"}
_SAID: Final = frozenset(("said", "mention", "own"))  # lines of a room that were heard there
_CAME: Final = frozenset(("came", "kept"))
_OWN: Final = {"waiting": "Waiting", "sent": "Sent", "refused": "Refused"}


class RoomListed(Camel, frozen=True, kw_only=True):
    """One room of the server's list."""

    name: str
    user_count: int
    is_private: bool
    is_owned: bool
    is_moderated: bool


class RoomUser(Camel, frozen=True, kw_only=True):
    """Somebody in a room; speed in bytes/s."""

    username: str
    status: str | None = None
    average_speed: int | None = None
    upload_count: int | None = None
    file_count: int | None = None
    directory_count: int | None = None
    slots_free: int | None = None
    country_code: str | None = None
    own: bool | None = msgspec.field(default=None, name="self")


class RoomMessage(Camel, frozen=True, kw_only=True):
    """One line of a room."""

    timestamp: str
    username: str
    message: str
    room_name: str
    own: bool | None = msgspec.field(default=None, name="self")


class Room(Camel, frozen=True, kw_only=True):
    """A room we are in."""

    name: str
    is_private: bool
    users: list[RoomUser]
    messages: list[RoomMessage]


class PrivateMessage(Camel, frozen=True, kw_only=True):
    """One message with a user. `delivery` of an own one: "Waiting" for the next login, "Sent", "Refused"."""

    timestamp: str
    id: int
    username: str
    direction: str  # "In", "Out"
    message: str
    is_acknowledged: bool
    was_replayed: bool
    delivery: str | None = None


class Conversation(Camel, frozen=True, kw_only=True):
    """The messages with one user."""

    username: str
    is_active: bool
    un_acknowledged_message_count: int
    has_un_acknowledged_messages: bool
    messages: list[PrivateMessage] | None = None


class UserInfo(Camel, frozen=True, kw_only=True):
    """What a user says of himself. His picture is not kept."""

    description: str
    has_free_upload_slot: bool
    has_picture: bool
    queue_length: int
    upload_slots: int


class UserStatus(Camel, frozen=True, kw_only=True):
    """How a user is: "Offline", "Away", "Online"."""

    presence: str
    is_privileged: bool


class BrowseStatus(Camel, frozen=True, kw_only=True):
    """How far a list of shares is that is on its way; bytes of the list as it is sent, all 0 before it begins."""

    username: str
    size: int
    bytes_transferred: int
    bytes_remaining: int
    percent_complete: float
    directory_count: int
    file_count: int


def iso(at: float) -> str:
    """A time as slskd writes it, UTC; Unix seconds. A time no calendar has is the nearest one it has."""
    bounded = min(max(at, 0.0), 253_402_300_799.0)
    return datetime.fromtimestamp(bounded, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- rooms -------------------------------------------------------------------------------------------------------------


def room_listed(room: RoomInfoView) -> RoomListed:
    """One room of the server's list."""
    return RoomListed(
        name=room.name,
        user_count=room.users,
        is_private=room.private,
        is_owned=room.owned,
        is_moderated=room.moderated,
    )


def room_user(member: MemberView, me: str) -> RoomUser:
    """Somebody in a room."""
    return RoomUser(
        username=member.name,
        status=PRESENCES.get(member.state),
        average_speed=member.speed,
        upload_count=member.uploads,
        file_count=member.files,
        directory_count=member.folders,
        slots_free=member.slots,
        country_code=member.country or None,
        own=_own(member.name, me),
    )


def room_messages(chat: ChatShown) -> list[RoomMessage]:
    """What was said in a room, oldest first; own lines that did not get there and words of the server are none."""
    return [
        RoomMessage(
            timestamp=iso(line.at),
            username=line.user,
            message=line.text,
            room_name=chat.name,
            own=True if line.kind == "own" else None,
        )
        for line in chat.lines
        if line.kind in _SAID
    ]


def room(chat: ChatShown, me: str) -> Room:
    """A room we are in; `me` is our name there."""
    return Room(
        name=chat.name,
        is_private=chat.private,
        users=[room_user(member, me) for member in chat.members],
        messages=room_messages(chat),
    )


def _own(name: str, me: str) -> bool | None:
    return True if me and name == me else None


# -- messages ----------------------------------------------------------------------------------------------------------


def conversation(talk: ConversationView) -> Conversation:
    """Without its messages."""
    return _conversation(talk.user, talk.unread, None)


def whole_conversation(chat: ChatShown, with_messages: bool) -> Conversation:
    """With its messages or without."""
    return _conversation(chat.name, chat.unread, messages(chat) if with_messages else None)


def _conversation(user: str, unread: int, lines: list[PrivateMessage] | None) -> Conversation:
    return Conversation(
        username=user,
        is_active=True,
        un_acknowledged_message_count=unread,
        has_un_acknowledged_messages=unread > 0,
        messages=lines,
    )


def messages(chat: ChatShown) -> list[PrivateMessage]:
    """The messages of a conversation, oldest first; of those that came the last `unread` are not acknowledged."""
    fresh = _fresh(chat.lines, chat.unread)
    return [
        PrivateMessage(
            timestamp=iso(line.at),
            id=line.number,
            username=chat.name,
            direction="In" if line.kind in _CAME else "Out",
            message=line.text,
            is_acknowledged=line.number not in fresh,
            was_replayed=line.kind == "kept",
            delivery=_OWN.get(line.kind),
        )
        for line in chat.lines
        if line.kind in _CAME or line.kind in _OWN
    ]


def _fresh(lines: Sequence[ChatLineView], unread: int) -> set[int]:
    came = [line.number for line in lines if line.kind in _CAME]
    return set(came[-unread:]) if unread > 0 else set()


# -- users -------------------------------------------------------------------------------------------------------------


def user_info(user: UserShown) -> UserInfo:
    """What a user said of himself."""
    return UserInfo(
        description=user.text,
        has_free_upload_slot=user.free_slot,
        has_picture=user.picture > 0,
        queue_length=user.queue,
        upload_slots=user.slots,
    )


def user_status(user: PresenceShown) -> UserStatus:
    """How a user is."""
    return UserStatus(presence=PRESENCES.get(user.state, "Offline"), is_privileged=user.privileged)


def browse_status(standing: BrowseStanding) -> BrowseStatus:
    """How far a list is."""
    return BrowseStatus(
        username=standing.user,
        size=standing.of,
        bytes_transferred=standing.received,
        bytes_remaining=max(0, standing.of - standing.received),
        percent_complete=100 * standing.received / standing.of if standing.of else 0.0,
        directory_count=standing.folders,
        file_count=standing.files,
    )
