"""Events of the Soulseek plane. Same rules as `engine/events.py`."""

from __future__ import annotations

from slskmesh.engine.events import Event
from slskmesh.engine.legacy_views import (
    ChatLineView,
    FolderView,
    ListedFolderView,
    MemberView,
    OfferView,
    RemoteFileView,
    RoomInfoView,
    ToldFolderView,
    ToldView,
)
from slskmesh.text import SafeStr

NOTHING = SafeStr("")


class ModeChanged(Event, frozen=True):
    """One change of mode or health, with its reason; a `Notice` tells it as well."""

    when: float
    mode: str
    health: str
    text: SafeStr
    entered_disaster: bool = False
    left_disaster: bool = False


class ChatLines(Event, frozen=True):
    """Lines of a room or conversation, oldest first: new ones, or (`earlier`) ones from before.

    The first after `WatchChat` is all that is kept in memory, maybe nothing. A line under a number that was told takes
    its place: a message that waited and was sent. `query`: the request they answer, None: nobody's.
    """

    room: bool
    name: SafeStr
    lines: tuple[ChatLineView, ...]
    earlier: bool = False
    query: int | None = None


class ChatShown(Event, frozen=True):
    """A room or conversation: its latest lines, oldest first, and who is there.

    `joined`: we are in the room, or the user is on the server. `unread`: of its lines those not seen yet.
    """

    query: int
    room: bool
    name: SafeStr
    joined: bool
    lines: tuple[ChatLineView, ...]
    unread: int = 0
    private: bool = False
    members: tuple[MemberView, ...] = ()
    tickers: tuple[tuple[SafeStr, SafeStr], ...] = ()


class RoomsShown(Event, frozen=True):
    """The server's rooms, the fullest first, at most 2,000; `total` is how many there are."""

    query: int
    rooms: tuple[RoomInfoView, ...]
    total: int


class UserShown(Event, frozen=True):
    """What a user says of himself and what we know of him. `note` says what could not be found out."""

    query: int
    user: SafeStr
    text: SafeStr = NOTHING
    slots: int = 0
    queue: int = 0
    free_slot: bool = False
    picture: int = 0  # bytes
    state: str = "unknown"
    received: int = 0  # bytes of ours from him, and to him
    sent: int = 0
    note: SafeStr = NOTHING


class PresenceShown(Event, frozen=True):
    """How a user is: "offline", "away", "online"; who is unknown to the server is offline."""

    query: int
    user: SafeStr
    state: str
    privileged: bool


class BrowseProgress(Event, frozen=True):
    """How far the list of a user's shares is, at most four times a second; `done`: no more comes, `note` says why."""

    user: SafeStr
    folders: int
    files: int
    size: int
    done: bool = False
    note: SafeStr = NOTHING


class BrowseStanding(Event, frozen=True):
    """A list that is kept, or, `coming`, on its way: `received` of its `of` bytes, 0: not told yet."""

    query: int
    user: SafeStr
    folders: int
    files: int
    size: int
    coming: bool = False
    received: int = 0
    of: int = 0


class ListingShown(Event, frozen=True):
    """A piece of the list of this `number`; `total` is how many folders it has."""

    query: int
    user: SafeStr
    number: int
    folders: tuple[ListedFolderView, ...]
    offset: int
    total: int


class FoldersShown(Event, frozen=True):
    """A page of folders. `total` is how many fit."""

    query: int
    user: SafeStr
    folders: tuple[FolderView, ...]
    offset: int
    total: int


class FolderTold(Event, frozen=True):
    """What a user told of a folder, which is the first, and of what is below it; at most 10,000 files of `total`."""

    query: int
    user: SafeStr
    folders: tuple[ToldFolderView, ...]
    total: int


class FilesShown(Event, frozen=True):
    """The files of one folder by name, at most 10,000."""

    query: int
    user: SafeStr
    folder: int
    files: tuple[RemoteFileView, ...]


class OffersShown(Event, frozen=True):
    """What a wish found, the newest first."""

    query: int
    wish: int
    offers: tuple[OfferView, ...]


class PublishedShown(Event, frozen=True):
    """What this peer tells the mesh: records that are out, those that come next, those about to be withdrawn."""

    query: int
    out: tuple[ToldView, ...]
    next: tuple[ToldView, ...]
    leaving: tuple[SafeStr, ...]
    lines: tuple[SafeStr, ...]
