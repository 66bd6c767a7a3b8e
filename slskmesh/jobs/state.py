"""What jobs are and how they tell of themselves: specifications as stored, states as shown. Values only.

Units: bytes, bytes per second, seconds; wall-clock times are Unix seconds. Texts are not sanitised here.
"""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from slskmesh.acquire.domains import Constraints
from slskmesh.work import Origin

TRACKS_MAX = 2000
LIMIT_MAX = 500


class Kind(enum.Enum):
    """What a job does."""

    MB_RELEASE = "mb_release"
    DISCOGRAPHY = "discography"
    LABEL_CRATE = "label_crate"


class Profile(enum.Enum):
    """How much of a discography: core = official albums and EPs; extended adds singles, live and compilations;
    all takes every release group."""

    CORE = "core"
    EXTENDED = "extended"
    ALL = "all"


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it was asked for. `target` is the MusicBrainz id of a release, artist or label.

    `tracks`: places in the release (from 1) or recording ids; empty takes all. `target_dir` is below the downloads
    folder. `releases`: ids of the only releases a discography takes; empty takes those of its profile. `scene` is
    accepted and stored; it narrows a crate once scenes exist. `requested_by` and `library_hint` are words of whoever
    asked, kept and told.
    """

    kind: Kind
    target: str
    title: str = ""  # what the person sees until the catalogue tells
    target_dir: str = ""
    layout: str = ""  # empty: the setting jobs.layout
    tracks: Annotated[tuple[int | str, ...], Meta(max_length=TRACKS_MAX)] = ()
    profile: Profile = Profile.CORE
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = 20
    scene: Annotated[str, Meta(max_length=200)] = ""
    constraints: Constraints = Constraints()
    origin: Origin = Origin.USER
    requested_by: Annotated[str, Meta(max_length=100)] = ""
    releases: Annotated[tuple[str, ...], Meta(max_length=LIMIT_MAX)] = ()
    library_hint: Annotated[str, Meta(max_length=100)] = ""


class Phase(enum.Enum):
    """Where a job stands."""

    QUEUED = "queued"
    PLANNING = "planning"  # asking the catalogue, the table, the holders
    RUNNING = "running"
    WAITING = "waiting"  # nothing can be done now; `retry_at` tells when it is tried again
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"  # needs the person
    CANCELLED = "cancelled"


class TrackPhase(enum.Enum):
    """Where one track of a release stands."""

    WANTED = "wanted"
    NO_SOURCE = "no source"
    QUEUED = "queued"
    TRANSFER = "transfer"
    VERIFYING = "verifying"
    DONE = "done"
    HAVE = "have"  # was here before
    SKIPPED = "skipped"  # not asked for
    FAILED = "failed"


LineLevel = Literal["info", "good", "warn", "error"]


class JobLine(msgspec.Struct, frozen=True):
    """One line of a job's timeline."""

    when: float
    level: LineLevel
    text: str


class TrackState(msgspec.Struct, frozen=True):
    """One track. `key` is unique in its job and stays."""

    key: int
    release: str
    recording: str
    disc: int
    position: int
    title: str
    artist: str
    length: int | None  # ms
    phase: TrackPhase
    reason: str = ""
    content: str = ""  # hex, once chosen; of a file from a Soulseek user once it is here
    size: int = 0
    done: int = 0  # verified bytes
    rate: float = 0.0
    sources: int = 0
    variant: str = ""  # "FLAC 16/44.1", "MP3 320"
    canonical: bool = False
    candidates: int = 0
    why: str = ""  # why this candidate
    path: str = ""
    via: str = ""  # "mesh", "soulseek", "local"; "" before anything was chosen
    user: str = ""  # the Soulseek user who sends or sent it, raw
    legacy: str = ""  # key (hex) of its download in the list of those from Soulseek users, until it is here


class ReleaseState(msgspec.Struct, frozen=True):
    """One release of a job (a discography has many)."""

    mbid: str
    title: str
    artist: str
    date: str
    phase: Phase
    tracks_total: int = 0
    tracks_done: int = 0
    reason: str = ""


class JobState(msgspec.Struct, frozen=True):
    """One job."""

    job: int
    spec: Spec
    title: str
    phase: Phase
    reason: str = ""
    releases_total: int = 0
    releases_done: int = 0
    tracks_total: int = 0
    tracks_done: int = 0
    tracks_failed: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    rate: float = 0.0
    eta: float | None = None
    holders: int = 0
    publishers: int = 0
    estimate: int = 0
    added: float = 0.0
    updated: float = 0.0
    retry_at: float | None = None
    via: str = ""  # "mesh", "soulseek", "both", "local"
