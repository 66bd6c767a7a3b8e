"""Views of jobs, of what the catalogue knows, and of the table of peers. Same rules as `engine/views.py`."""

from __future__ import annotations

import enum

from slskmesh.engine.views import View
from slskmesh.text import SafeStr

NOTHING = SafeStr("")


class EntityView(View, frozen=True):
    """One release, artist or label the catalogue knows."""

    mbid: str
    kind: str  # "release", "artist", "label"
    title: SafeStr
    artist: SafeStr = NOTHING
    detail: SafeStr = NOTHING  # "CD · Warp WARPCD101 · GB", "Group · GB", "Original Production"
    year: int = 0
    tracks: int = 0
    score: int = 0  # 0-100 of a text search
    held: int = 0  # tracks of it in the library, by tags


class VariantView(View, frozen=True):
    """One candidate for a track."""

    content: str  # hex
    size: int
    name: SafeStr  # "FLAC 16/44.1", "MP3 320"
    lossless: bool
    canonical: bool
    peers: tuple[str, ...]  # short forms
    score: float
    reasons: tuple[SafeStr, ...]
    via: str  # "local", "mesh", "soulseek"
    user: SafeStr = NOTHING  # of via "soulseek": who has it


class PlanTrackView(View, frozen=True):
    """One track of a release and who could give it, best first."""

    place: int  # in the release, from 1
    disc: int
    position: int
    recording: str
    title: SafeStr
    artist: SafeStr
    length: float  # seconds, 0 unknown
    variants: tuple[VariantView, ...] = ()
    refused: int = 0
    reason: SafeStr = NOTHING


class PlanView(View, frozen=True):
    """A release, its tracks and its holders."""

    release: EntityView
    tracks: tuple[PlanTrackView, ...]
    holders: int
    publishers: int
    estimate: int
    lines: tuple[SafeStr, ...] = ()


class JobPhase(enum.Enum):
    """Where a job stands; the words of `jobs.state.Phase`."""

    QUEUED = "queued"
    PLANNING = "planning"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobRowView(View, frozen=True):
    """One row of the Jobs pane."""

    job: int
    kind: str
    title: SafeStr
    phase: JobPhase
    reason: SafeStr = NOTHING
    target: str = ""
    releases_total: int = 0
    releases_done: int = 0
    tracks_total: int = 0
    tracks_done: int = 0
    tracks_failed: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    rate: float = 0.0
    eta: float | None = None
    retry_at: float | None = None
    holders: int = 0
    publishers: int = 0
    estimate: int = 0
    added: float = 0.0
    updated: float = 0.0
    via: str = ""
    requested_by: SafeStr = NOTHING


class SpecView(View, frozen=True):
    """A job as it was asked for; fields as those of the command `AddJob`."""

    job: int
    kind: str
    target: str
    title: SafeStr
    target_dir: SafeStr
    layout: SafeStr
    tracks: tuple[int | str, ...]
    profile: str
    limit: int
    scene: SafeStr
    releases: tuple[str, ...]
    preferred_codecs: tuple[SafeStr, ...]
    allow_lossy: bool
    prefer_canonical: bool
    use_overlay: bool
    overlay_bandwidth_kbps: int
    requested_by: SafeStr
    library_hint: SafeStr


class JobsView(View, frozen=True):
    """All jobs in the order of work; at most twice a second."""

    jobs: tuple[JobRowView, ...]


class TrackView(View, frozen=True):
    """One track of the watched job. `phase` is one of the words of `jobs.state.TrackPhase`."""

    key: int
    release: str
    disc: int
    position: int
    title: SafeStr
    artist: SafeStr
    phase: str
    reason: SafeStr = NOTHING
    recording: str = ""
    length: float = 0.0
    content: str = ""  # the transfer's id, once there is one
    size: int = 0
    done: int = 0
    rate: float = 0.0
    sources: int = 0
    variant: SafeStr = NOTHING
    canonical: bool = False
    candidates: int = 0
    why: SafeStr = NOTHING
    path: SafeStr = NOTHING


class JobReleaseView(View, frozen=True):
    """One release of the watched job."""

    mbid: str
    title: SafeStr
    artist: SafeStr
    year: int
    phase: JobPhase
    tracks_total: int = 0
    tracks_done: int = 0
    reason: SafeStr = NOTHING


class LineView(View, frozen=True):
    """One line of a timeline; `level` as the event log's."""

    when: float
    level: str
    text: SafeStr


class JobView(View, frozen=True):
    """The watched job (WatchJob command); at most twice a second, only when changed. `options` tell its constraints."""

    row: JobRowView
    options: SafeStr
    releases: tuple[JobReleaseView, ...]
    tracks: tuple[TrackView, ...]
    lines: tuple[LineView, ...]  # the last 200


class MeshView(View, frozen=True):
    """The table of peers, the shadow index and the catalogue, for the banner's explanation and pane Peers."""

    on: bool
    listening: SafeStr = NOTHING
    external: SafeStr = NOTHING
    closed: bool = False
    lan: bool = False
    nodes: int = 0
    keys: int = 0
    records: int = 0
    published: int = 0
    refused: int = 0
    limited: int = 0
    skew: float = 0.0
    shards: int = 0  # releases of ours whose shard is out now
    releases: int = 0  # releases we could tell of
    catalogue: SafeStr = NOTHING  # "musicbrainz.org answers"
    calls: int = 0  # calls of peers' services answered
    banned: int = 0  # peers and networks banned from calling now
