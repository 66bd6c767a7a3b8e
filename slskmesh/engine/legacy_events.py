"""Events of the Soulseek plane. Same rules as `engine/events.py`."""

from __future__ import annotations

from slskmesh.engine.events import Event
from slskmesh.engine.legacy_views import (
    ChatLineView,
    FolderView,
    OfferView,
    RemoteFileView,
    RoomInfoView,
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
    its place: a message that waited and was sent.
    """

    room: bool
    name: SafeStr
    lines: tuple[ChatLineView, ...]
    earlier: bool = False


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


class BrowseProgress(Event, frozen=True):
    """How far the list of a user's shares is, at most four times a second; `done`: no more comes, `note` says why."""

    user: SafeStr
    folders: int
    files: int
    size: int
    done: bool = False
    note: SafeStr = NOTHING


class FoldersShown(Event, frozen=True):
    """A page of folders. `total` is how many fit."""

    query: int
    user: SafeStr
    folders: tuple[FolderView, ...]
    offset: int
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
