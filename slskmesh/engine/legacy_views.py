"""Views of the Soulseek plane: mode and server, transfers with legacy users, rooms and messages, people, wishes.

Same rules as `engine/views.py`. Names of users and rooms are sanitised; a command takes them as they are shown. Remote
paths are never a key up here: commands name a hit of a query, a row of a browse, or the key of a transfer.
"""

from __future__ import annotations

import enum

from slskmesh.engine.views import View
from slskmesh.text import SafeStr

NOTHING = SafeStr("")


class ModeView(View, frozen=True):
    """Mode, health of the server, and the session with it; whenever it changes, once a second at most.

    Times are Unix seconds, None: not by time. `phase` is that of `soulseek.watch.Phase`: "off", "no account",
    "connecting", "online", "waiting", "stopped".
    """

    mode: str  # "hybrid", "disaster", "mesh-only", "legacy-only"
    health: str  # "healthy", "degraded", "unavailable"
    since: float  # of mode and health together
    reason: SafeStr
    rtt: float | None = None  # seconds, of the last check of the server
    outlook: SafeStr = NOTHING  # "mesh-only in 4:10 if this lasts"
    next_at: float | None = None
    phase: str = "off"
    what: SafeStr = NOTHING  # how the session stands, in words
    todo: SafeStr = NOTHING  # what the person can do about it
    next_try: float | None = None
    tries: int = 0
    ban_suspected: bool = False
    taken: bool = False  # another login has the name; RetakeName takes it back
    server: SafeStr = NOTHING  # "host:port"
    username: SafeStr = NOTHING  # empty: no account
    listening: str = ""  # where legacy users reach us
    connect: bool = False  # whether the mode wants the server at all
    ask_server: bool = False
    ask_mesh: bool = True
    legacy_sources: bool = False
    rooms: bool = False
    search: SafeStr = NOTHING  # what the mode does, in words
    jobs: SafeStr = NOTHING
    transfers: SafeStr = NOTHING
    chat: SafeStr = NOTHING
    searches_left: int = 0  # that could be sent at once
    searches_of: int = 0
    searches_next: float = 0.0  # seconds until one may be sent; 0: now
    events: tuple[tuple[float, SafeStr], ...] = ()  # the latest changes of mode and health, newest last


class LegacyPhase(enum.Enum):
    """Where a transfer with a legacy user stands; the words of `soulseek.values.TransferPhase`."""

    QUEUED = "queued"
    REQUESTED = "requested"
    CONNECTING = "connecting"
    ACTIVE = "active"
    DONE = "done"
    PAUSED = "paused"
    ABORTED = "aborted"
    FAILED = "failed"


class LegacyDownloadView(View, frozen=True):
    """One download from a legacy user."""

    key: str  # hex: the key in commands
    user: SafeStr
    name: SafeStr
    remote: SafeStr  # the remote folder
    folder: SafeStr  # below the downloads folder
    size: int
    done: int
    phase: LegacyPhase
    reason: SafeStr = NOTHING
    rate: float = 0.0
    eta: float | None = None
    place: int | None = None  # in the user's queue
    next_try: float | None = None  # Unix seconds
    elsewhere: bool = False  # this user will not give it: another source is wanted
    tries: int = 0
    rescued: bool = False  # peers are finishing it; its chunk map is the transfer of the same name
    transfer: str = ""  # content id of that transfer, hex, while it is rescued
    added: float = 0.0
    finished: float | None = None
    path: SafeStr = NOTHING  # where the finished file stands
    lines: tuple[tuple[float, SafeStr], ...] = ()  # its timeline, the latest lines, of the watched one only


class LegacyDownloadsView(View, frozen=True):
    """All downloads from legacy users in queue order; at most twice a second."""

    downloads: tuple[LegacyDownloadView, ...]


class LegacyUploadView(View, frozen=True):
    """One upload to a legacy user that waits or is under way."""

    key: int
    user: SafeStr
    name: SafeStr
    folder: SafeStr
    group: str  # "buddies", "default", "leechers"
    phase: LegacyPhase
    size: int
    done: int
    rate: float = 0.0


class LegacyUploadsView(View, frozen=True):
    """Uploads to legacy users, those under way first; at most twice a second."""

    uploads: tuple[LegacyUploadView, ...]
    active: int = 0
    slots: int = 0


class SumsView(View, frozen=True):
    """What went to and fro: bytes and whole files."""

    received: int = 0
    sent: int = 0
    files_received: int = 0
    files_sent: int = 0


class UserSumsView(View, frozen=True):
    """The same with one user."""

    user: SafeStr
    sums: SumsView


class HookRanView(View, frozen=True):
    """One run of a hook after a download."""

    when: float
    event: str  # "file", "folder"
    hook: SafeStr
    target: SafeStr
    seconds: float
    code: int | None
    line: SafeStr
    good: bool


class RescueView(View, frozen=True):
    """Rescues since the start: begun, files finished, bytes that peers brought, attempts that led nowhere."""

    begun: int = 0
    rescued: int = 0
    bytes: int = 0
    refused: int = 0


class CaptureView(View, frozen=True):
    """What is kept of own searches and transfers; see `shadow.capture`."""

    seen: int = 0  # remote files, raw, a week
    recordings: int = 0
    users: int = 0  # pseudonyms
    tracks: int = 0  # known to match with
    dropped: int = 0
    trouble: SafeStr = NOTHING


class StatisticsView(View, frozen=True):
    """Sums with legacy users, the log of hooks, rescue and capture; every two seconds at most."""

    session: SumsView = SumsView()
    all_time: SumsView = SumsView()
    users: tuple[UserSumsView, ...] = ()
    hooks: tuple[HookRanView, ...] = ()
    rescue: RescueView = RescueView()
    capture: CaptureView = CaptureView()


class RoomView(View, frozen=True):
    """One room we are in, or were."""

    name: SafeStr
    wanted: bool
    joined: bool
    private: bool = False
    users: int = 0
    tickers: int = 0
    unread: int = 0
    mentions: int = 0
    fault: SafeStr = NOTHING  # the server's words on why we are not in it


class ConversationView(View, frozen=True):
    """Private messages with one user."""

    user: SafeStr
    unread: int = 0
    waiting: int = 0  # not sent yet
    last: float = 0.0
    text: SafeStr = NOTHING  # of the last message
    state: str = "unknown"  # "unknown", "offline", "away", "online"


class ChatsView(View, frozen=True):
    """All rooms and conversations; at most twice a second."""

    rooms: tuple[RoomView, ...] = ()
    conversations: tuple[ConversationView, ...] = ()


class ChatView(View, frozen=True):
    """Who is in the watched room (`WatchChat`) and what hangs on its wall; lines come as `ChatLines` events."""

    room: bool
    name: SafeStr
    joined: bool = False
    users: tuple[SafeStr, ...] = ()
    tickers: tuple[tuple[SafeStr, SafeStr], ...] = ()


class ChatLineView(View, frozen=True):
    """One line. `kind`: of a room "said", "mention", "own", "unsent", "fault"; of messages "came", "kept", "waiting",
    "sent", "refused"; "mode" for a change of the network's mode.
    """

    number: int
    at: float
    user: SafeStr
    text: SafeStr
    kind: str
    why: SafeStr = NOTHING


class MemberView(View, frozen=True):
    """Somebody in a room. `state` "unknown" and None: the server does not say."""

    name: SafeStr
    state: str = "unknown"  # "unknown", "offline", "away", "online"
    speed: int | None = None  # bytes/s
    uploads: int | None = None
    files: int | None = None
    folders: int | None = None
    slots: int | None = None  # free ones
    country: SafeStr = NOTHING


class BuddyView(View, frozen=True):
    """Somebody on the buddy list."""

    name: SafeStr
    state: str  # "unknown", "offline", "away", "online"
    note: SafeStr = NOTHING
    trusted: bool = False
    notify: bool = False
    last_seen: float = 0.0


class RuleView(View, frozen=True):
    """One ban or ignore. `scope` of "results", "chat", "transfers"."""

    target: SafeStr
    address: bool
    scope: tuple[str, ...]
    note: SafeStr = NOTHING
    added: float = 0.0


class PeopleView(View, frozen=True):
    """Buddies by name, rules newest first."""

    buddies: tuple[BuddyView, ...] = ()
    rules: tuple[RuleView, ...] = ()


class WishView(View, frozen=True):
    """One wish. `phase`: "looking", "taking", "done", "paused"."""

    wish: int
    text: SafeStr
    filter: SafeStr = NOTHING
    auto: bool = False  # takes the best new folder by itself
    phase: str = "looking"
    runs: int = 0
    hits: int = 0
    fresh: int = 0  # hits since the person looked
    ran_at: float = 0.0
    note: SafeStr = NOTHING


class WishesView(View, frozen=True):
    """All wishes, the oldest first. `next_in`: seconds until one may run."""

    wishes: tuple[WishView, ...] = ()
    next_in: float = 0.0


class OfferView(View, frozen=True):
    """One folder that a wish found. `offer` is its key in commands."""

    offer: str
    via: str  # "soulseek", "mesh"
    user: SafeStr
    folder: SafeStr
    files: int
    size: int
    lossless: bool
    free_slot: bool = False
    speed: int = 0
    queue: int = 0


class RoomInfoView(View, frozen=True):
    """One room of the server's list."""

    name: SafeStr
    users: int
    private: bool = False
    joined: bool = False
    owned: bool = False  # a private one that is ours
    moderated: bool = False  # a private one in which we are an operator


class FolderView(View, frozen=True):
    """One folder of a browsed user. `row` is its key in commands."""

    row: int
    path: SafeStr
    files: int
    size: int


class RemoteFileView(View, frozen=True):
    """One file of a user's folder. `row` is its key in commands, 0 where it was not browsed; None is unknown."""

    row: int
    name: SafeStr
    size: int
    bitrate: int | None = None  # kbit/s
    duration: int | None = None  # seconds
    vbr: bool | None = None
    sample_rate: int | None = None
    bit_depth: int | None = None
    locked: bool = False


class ListedFolderView(View, frozen=True):
    """One folder with its files in the order they came; `more`: there are more than those."""

    folder: FolderView
    files: tuple[RemoteFileView, ...]
    more: bool = False


class ToldFolderView(View, frozen=True):
    """A folder as a user told of it when he was asked, by its path with slashes."""

    path: SafeStr
    files: tuple[RemoteFileView, ...]


class ToldView(View, frozen=True):
    """One record that this peer publishes, or will. See `shadow.listing.Told`."""

    kind: str
    name: SafeStr
    title: SafeStr
    size: int  # bytes of the payload
    life: float  # seconds
    says: tuple[SafeStr, ...] = ()
