"""What the swarm tells of itself: frozen snapshots, and the words they use.

Rules: texts that hold names a peer chose are not sanitised here; the engine does that where it makes views.
Units: bytes, bytes per second, seconds; wall-clock times are Unix seconds.
"""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from slskmesh.identity.peerid import PeerId

# Chunk states on the map; the same numbers as engine views use
MISSING, QUEUED, IN_FLIGHT, RECEIVED, VERIFIED, BAD = range(6)

LineLevel = Literal["info", "good", "warn", "error"]


class Phase(enum.Enum):
    """Where a download stands."""

    QUEUED = "queued"
    FINDING = "finding"
    CHECKING = "checking"
    ACTIVE = "active"
    STALLED = "stalled"
    FINISHING = "finishing"
    DONE = "done"
    PAUSED = "paused"
    FAILED = "failed"


RUNNING = frozenset({Phase.FINDING, Phase.CHECKING, Phase.ACTIVE, Phase.STALLED, Phase.FINISHING})
RESTING = frozenset({Phase.DONE, Phase.PAUSED, Phase.FAILED})


class Line(msgspec.Struct, frozen=True):
    """One line of a download's timeline."""

    when: float
    level: LineLevel
    text: str


class SourceState(msgspec.Struct, frozen=True):
    """One source of a download."""

    letter: str
    peer: PeerId
    state: str  # "active", "choked, place 3", "slow", "complete", "banned: bad chunk 7", "gone"
    rate: float = 0.0
    received: int = 0  # verified bytes
    chunks: int = 0
    bad: int = 0
    rtt: float | None = None
    in_flight: int = 0
    has: int = 0
    user: str = ""  # a user of the Soulseek network; `peer` is then no peer's key (`source.LEGACY`)


class DownloadState(msgspec.Struct, frozen=True):
    """One download."""

    content: bytes
    name: str
    folder: str
    size: int
    done: int  # verified bytes on disk
    phase: Phase
    reason: str = ""
    rate: float = 0.0
    eta: float | None = None
    chunk_size: int = 0
    chunks: int = 0
    chunks_done: int = 0
    endgame: bool = False
    wasted: int = 0
    bad_chunks: int = 0
    sources: tuple[SourceState, ...] = ()
    added: float = 0.0
    finished: float | None = None
    path: str = ""


class MapState(msgspec.Struct, frozen=True):
    """The chunk map: one byte a chunk in each field (see engine views)."""

    content: bytes
    states: bytes
    owners: bytes
    copies: bytes


class UploadState(msgspec.Struct, frozen=True):
    """One stream another peer opened on us."""

    peer: PeerId
    content: bytes
    name: str
    state: str  # "sending", "place 3 in queue", "idle"
    rate: float
    sent: int
    size: int
