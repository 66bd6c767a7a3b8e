"""Views: what the engine shows. Frozen snapshots, the only engine state a front end ever holds (design.md 2.2).

Rules:
- All text that came from a peer, a tag or a file name is `SafeStr`: sanitised, plain, never markup.
- Units: bytes, bytes per second, seconds; wall-clock times are Unix seconds. None means unknown.
- A view replaces the earlier one of the same type (and key, where it has one); nothing is ever patched in place.
"""

from __future__ import annotations

import enum

import msgspec

from slskmesh.modes import Banner as Banner  # told by views, defined by the state machine
from slskmesh.text import SafeStr


class View(msgspec.Struct, frozen=True):
    """Base of all views."""


class StatusView(View, frozen=True):
    """Banner and status row; published at most four times a second."""

    banner: Banner
    since: float
    detail: SafeStr  # why, in words: "no peers yet: connect with an invite (c)"
    peers: int = 0
    down_rate: float = 0.0
    up_rate: float = 0.0
    down_total: int = 0  # bytes this session
    up_total: int = 0
    transfers: int = 0  # active downloads
    uploads: int = 0  # upload slots in use
    upload_slots: int = 0
    disk_free: int | None = None  # on the downloads' file system
    peer_id: str = ""
    listening: str = ""  # "host:port", empty while not listening
    loop_lag: float = 0.0  # worst engine loop lag of the last seconds, in seconds
    dht_nodes: int | None = None  # contacts in the table of peers; None while it is switched off
    jobs: int = 0  # jobs that are not over


class ScanPhase(enum.Enum):
    """What the library is doing."""

    IDLE = "idle"
    WALKING = "walking"
    HASHING = "hashing"
    CANCELLED = "cancelled"
    FAILED = "failed"


class LibraryView(View, frozen=True):
    """Shares and the scan over them."""

    phase: ScanPhase
    roots: tuple[SafeStr, ...] = ()
    files: int = 0  # shared: hashed and offered
    size: int = 0
    pending: int = 0  # seen, not yet hashed
    done: int = 0  # of this scan, files
    total: int | None = None
    rate: float = 0.0  # bytes hashed per second
    eta: float | None = None
    problems: tuple[SafeStr, ...] = ()  # the first few, "path: reason"
    problem_count: int = 0


class OwnShareView(View, frozen=True):
    """One share: its number, the name others see, whether it is there now, and what it offers."""

    share: int
    name: SafeStr
    present: bool
    folders: int
    files: int
    size: int


class OwnFileView(View, frozen=True):
    """One file of ours as others see it: `folder` begins with the share's name, parted by "/". 0 is unknown."""

    folder: SafeStr
    name: SafeStr
    size: int
    format: SafeStr = SafeStr("")
    duration: float = 0.0  # seconds
    bitrate: int = 0  # bit/s
    sample_rate: int = 0
    bit_depth: int = 0


class DiskFileView(View, frozen=True):
    """One file of the downloads folder; `path` is below it, parted by "/". Times are Unix seconds."""

    name: SafeStr
    path: SafeStr
    size: int
    created: float
    modified: float


class DiskFolderView(View, frozen=True):
    """One folder of the downloads folder, which itself has an empty `path`. Not `read`: what is in it is not told.

    `parent`: the place in the listing of the folder it is in; -1: it is the one that was asked for.
    """

    name: SafeStr
    path: SafeStr
    created: float
    modified: float
    parent: int = -1
    read: bool = False
    files: tuple[DiskFileView, ...] = ()


class PeerState(enum.Enum):
    """Where a known peer stands."""

    CONNECTED = "connected"
    DIALLING = "dialling"
    WAITING = "waiting"  # back-off; `next_try` tells when
    KNOWN = "known"  # no address or not to be dialled
    BLOCKED = "blocked"


class PeerView(View, frozen=True):
    """One row of the Peers pane."""

    peer: str  # full text form, the key in commands
    short: str  # k:7f3a..9c
    name: SafeStr  # what it calls itself
    state: PeerState
    trusted: bool
    address: SafeStr = SafeStr("")
    outbound: bool = False
    since: float | None = None
    rtt: float | None = None  # seconds
    down_total: int = 0  # bytes received from it, all time
    up_total: int = 0
    good_chunks: int = 0  # verified / failed chunks, all time
    bad_chunks: int = 0
    score: float = 0.0  # local reputation
    next_try: float | None = None
    note: SafeStr = SafeStr("")  # last error, or why it gives no data


class PeersView(View, frozen=True):
    """All known peers, connected first."""

    peers: tuple[PeerView, ...]


class HitView(View, frozen=True):
    """One found file at one peer. `key` is unique in its query and stays stable."""

    key: int
    content: str  # content id, hex
    size: int
    name: SafeStr
    folder: SafeStr
    peer: str
    short: str
    peer_name: SafeStr
    music: bool
    format: SafeStr = SafeStr("")
    artist: SafeStr = SafeStr("")
    album: SafeStr = SafeStr("")
    title: SafeStr = SafeStr("")
    track: int = 0
    disc: int = 0
    year: int = 0
    duration: float = 0.0  # seconds, 0 unknown
    bitrate: int = 0  # bit/s
    sample_rate: int = 0
    bit_depth: int = 0
    channels: int = 0
    trusted: bool = False
    have: bool = False  # already in the library or downloads
    recording: str = ""  # MusicBrainz ids by the file's own tags; empty unknown
    release: str = ""
    via: str = "mesh"  # or "soulseek": then `content` and `peer` are empty, `user` has it
    user: SafeStr = SafeStr("")
    same: str = ""  # one key for the same file, whoever has it
    group: str = ""  # one key for the folders that are one release
    group_title: SafeStr = SafeStr("")
    vbr: bool | None = None  # None: unknown, as all of these
    free_slot: bool | None = None
    speed: int | None = None  # bytes/s
    queue: int | None = None  # waiting there
    locked: bool = False


class TransferState(enum.Enum):
    """States of a download."""

    QUEUED = "queued"
    FINDING = "finding"  # asking peers, fetching the manifest
    CHECKING = "checking"  # verifying what an earlier run left on disk
    ACTIVE = "active"
    STALLED = "stalled"  # no source serves a missing chunk; `reason` says why
    FINISHING = "finishing"  # whole-file check and rename
    DONE = "done"
    PAUSED = "paused"
    FAILED = "failed"  # needs the person; `reason` says what to do


class SourceView(View, frozen=True):
    """One source of a download. `letter` is its sign on the chunk map ("A".."Z", then "a".."z", then "*").

    A user of the Soulseek network has the letter "S", an empty `peer`, and "slsk:" with his name as `short`.
    """

    letter: str
    peer: str
    short: str
    name: SafeStr
    state: SafeStr  # "active", "choked, place 3", "slow", "complete", "banned: bad chunk 7", "gone"
    rate: float = 0.0
    received: int = 0  # verified bytes
    chunks: int = 0
    bad: int = 0
    rtt: float | None = None
    in_flight: int = 0
    has: int = 0  # chunks it offers


class TransferView(View, frozen=True):
    """One download."""

    transfer: str  # content id, hex: the key in commands
    name: SafeStr
    folder: SafeStr
    size: int
    done: int  # verified bytes on disk
    state: TransferState
    reason: SafeStr = SafeStr("")
    rate: float = 0.0
    eta: float | None = None
    chunk_size: int = 0
    chunks: int = 0
    chunks_done: int = 0
    endgame: bool = False
    wasted: int = 0  # bytes received twice or refused
    bad_chunks: int = 0
    sources: tuple[SourceView, ...] = ()
    added: float = 0.0
    finished: float | None = None
    path: SafeStr = SafeStr("")  # where the finished file stands


class TransfersView(View, frozen=True):
    """All downloads in queue order; at most twice a second."""

    transfers: tuple[TransferView, ...]


# Chunk states on the map
MISSING, QUEUED, IN_FLIGHT, RECEIVED, VERIFIED, BAD = range(6)


class ChunkMapView(View, frozen=True):
    """The whole chunk map of the watched transfer (Watch command); at most ten times a second, only when changed.

    `states[i]` is one of MISSING..BAD, `owners[i]` is 0 or 1 + index into the transfer's `sources` (who is sending
    or sent chunk i). `copies[i]` counts connected sources that offer chunk i (255 at most).
    """

    transfer: str
    states: bytes
    owners: bytes
    copies: bytes


class UploadView(View, frozen=True):
    """One stream another peer opened on us."""

    peer: str
    short: str
    name: SafeStr  # of the file
    state: SafeStr  # "sending", "place 3 in queue", "idle"
    rate: float
    sent: int
    size: int


class UploadsView(View, frozen=True):
    """All upload streams, sending first; at most twice a second."""

    uploads: tuple[UploadView, ...]


class DoorView(View, frozen=True):
    """Where other programs reach this engine."""

    gateway: str = ""  # "http://127.0.0.1:5030", empty while it does not listen
    trouble: SafeStr = SafeStr("")  # why it does not, though it should
    attached: int = 0  # terminal apps on the socket of this home


class SettingView(View, frozen=True):
    """One setting as the Settings pane shows it."""

    key: str  # "overlay.listen"
    value: str  # as written in config.toml
    default: str
    help: str
    source: str  # "default", "config.toml", "environment"
    choices: tuple[str, ...] = ()
    restart: bool = False  # takes effect at the next start


class SettingsView(View, frozen=True):
    """All settings. `configured` is False until the person answered the first-run questions."""

    configured: bool
    home: str
    file: str
    settings: tuple[SettingView, ...]
    suggested_shares: tuple[str, ...] = ()
    suggested_downloads: str = ""
