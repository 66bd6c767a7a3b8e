"""What crosses from the Soulseek network into the engine: frozen values and events. No library's objects.

Rules:
- Names, paths and texts are as the network gave them (hostile, not sanitised); whoever shows, logs or writes them
  sanitises.
- A remote path is a key: it is sent back exactly as it came. Sizes in bytes, durations in seconds, rates in bytes/s.
- Nothing here is ever published to peers of the mesh (design.md 2.12).
"""

from __future__ import annotations

import enum

import msgspec


class Outcome(enum.Enum):
    """How an attempt to be on the server ended (research p2p.md 3.3, soulseek-facts.md)."""

    ONLINE = "online"
    WRONG_PASSWORD = "wrong password"
    BAD_NAME = "name refused"
    BAD_VERSION = "version refused"
    KICKED = "logged in elsewhere"  # code 41: final until the person says otherwise
    FULL = "server full"
    ADDRESS_BAN = "closed at once"  # suspected
    NO_ANSWER = "no answer"  # a silent ban is suspected after three in a row
    UNREACHABLE = "unreachable"
    LOST = "connection lost"


class Attributes(msgspec.Struct, frozen=True, gc=False):
    """What a listing says of a file; None where it says nothing (unknown is a third value, never 0)."""

    bitrate: int | None = None  # kbit/s
    duration: int | None = None
    vbr: bool | None = None
    sample_rate: int | None = None
    bit_depth: int | None = None


class RemoteFile(msgspec.Struct, frozen=True, gc=False):
    """One file of a user. `path` with backslashes, as the network has it."""

    path: str
    size: int
    attributes: Attributes = Attributes()
    locked: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.replace("/", "\\").rpartition("\\")[2]

    @property
    def folder(self) -> str:
        """All but the last part."""
        return self.path.replace("/", "\\").rpartition("\\")[0]


class SearchAnswer(msgspec.Struct, frozen=True):
    """One user's answer to one of our searches."""

    token: int
    user: str
    files: tuple[RemoteFile, ...]
    free_slot: bool
    speed: int
    queue: int


class Listing(msgspec.Struct, frozen=True):
    """Some folders of a user's shares (browse is streamed): folder path -> files in it.

    `received` bytes of the list's `of` have come with this; both 0: not told.
    """

    user: str
    folders: tuple[tuple[str, tuple[RemoteFile, ...]], ...]
    done: bool = False
    received: int = 0
    of: int = 0


class UserState(enum.Enum):
    """What the server says of a user."""

    UNKNOWN = "unknown"
    OFFLINE = "offline"
    AWAY = "away"
    ONLINE = "online"


class Member(msgspec.Struct, frozen=True, gc=False):
    """What the server says of somebody in a room of ours. Speed in bytes/s; None: it does not say."""

    state: UserState
    speed: int
    uploads: int
    files: int
    folders: int
    slots: int | None = None  # free ones
    country: str = ""  # two letters


class UserInfo(msgspec.Struct, frozen=True):
    """What a user says of himself. `picture` is never shown in a terminal, only its size is."""

    user: str
    text: str
    slots: int
    queue: int
    free_slot: bool
    picture: int = 0  # bytes


class TransferPhase(enum.Enum):
    """States of a transfer of the legacy network."""

    QUEUED = "queued"  # here
    REQUESTED = "requested"  # waits in the other side's queue
    CONNECTING = "connecting"
    ACTIVE = "active"
    DONE = "done"
    PAUSED = "paused"
    ABORTED = "aborted"
    FAILED = "failed"


class TransferNews(msgspec.Struct, frozen=True):
    """How one transfer stands now. `key` is the adapter's number for it; `reason` in the network's words."""

    key: int
    user: str
    path: str
    upload: bool
    phase: TransferPhase
    size: int
    done: int
    rate: float = 0.0
    place: int | None = None
    reason: str = ""
    local: str = ""


class RoomInfo(msgspec.Struct, frozen=True):
    """One room of the server's list."""

    name: str
    users: int
    private: bool = False
    joined: bool = False
    owned: bool = False  # a private one that is ours
    moderated: bool = False  # a private one in which we are an operator


# -- events: what happens by itself -----------------------------------------------------------------------------------


class LegacyEvent(msgspec.Struct, frozen=True):
    """Base of all events."""


class ServerChanged(LegacyEvent, frozen=True):
    """The line to the server: up, or down and why. `text` is the server's own words, if any."""

    outcome: Outcome
    text: str = ""


class Answered(LegacyEvent, frozen=True):
    """A search was answered."""

    answer: SearchAnswer


class TransferChanged(LegacyEvent, frozen=True):
    """A transfer moved on; progress may be merged, changes of phase never are."""

    news: TransferNews


class UserChanged(LegacyEvent, frozen=True):
    """The state of a user who is watched or in a room of ours. `privileged` is None where that is not told."""

    user: str
    state: UserState
    privileged: bool | None = None


class UserAddress(LegacyEvent, frozen=True):
    """Where a user is, an IP address without a port: as the server says, or, until it does, where his line comes from.

    Told when it is learnt and new in this session, before anything else that comes of his line.
    """

    user: str
    host: str


class RoomsListed(LegacyEvent, frozen=True):
    """The server's list of rooms."""

    rooms: tuple[RoomInfo, ...]


class RoomJoined(LegacyEvent, frozen=True):
    """We are in a room, with these users and tickers (user, text). `members`: what is told of the users, in order."""

    room: str
    users: tuple[str, ...]
    tickers: tuple[tuple[str, str], ...] = ()
    members: tuple[Member, ...] = ()


class RoomLeft(LegacyEvent, frozen=True):
    """We are no longer in a room."""

    room: str


class RoomUser(LegacyEvent, frozen=True):
    """Somebody came or went."""

    room: str
    user: str
    there: bool
    member: Member | None = None


class RoomTicker(LegacyEvent, frozen=True):
    """Somebody's ticker; empty: taken away."""

    room: str
    user: str
    text: str


class RoomSaid(LegacyEvent, frozen=True):
    """A line in a room."""

    room: str
    user: str
    text: str
    when: float


class Whispered(LegacyEvent, frozen=True):
    """A private message. `live` is False for one that waited on the server while we were away.

    `number` is the server's, for `Client.acknowledge`: until then it is delivered again at each login.
    """

    user: str
    text: str
    when: float
    live: bool = True
    number: int = 0


class ServerSaid(LegacyEvent, frozen=True):
    """An announcement of the server."""

    text: str


class WishInterval(LegacyEvent, frozen=True):
    """Seconds the server wants between wishlist searches."""

    seconds: int


class PhrasesExcluded(LegacyEvent, frozen=True):
    """Phrases the server does not want in answers (code 160)."""

    phrases: tuple[str, ...]
