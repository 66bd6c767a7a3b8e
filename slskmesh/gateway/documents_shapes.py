"""Jobs as the documents' API has them: requests into the engine's command, views into its shapes. Pure.

| the engine says | status |
|---|---|
| queued | pending |
| planning, running, waiting for somebody who has it | running |
| paused | paused |
| done | completed |
| failed, cancelled | failed, cancelled |

Rules:
- Every field of a request is honoured or refused with a sentence; none is passed over. What slskdN calls otherwise is
  taken as an alias; both names with different values are refused.
- Ids may be given as addresses of MusicBrainz, of the right kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from slskmesh.engine.commands import AddJob
from slskmesh.engine.job_views import JobPhase, JobRowView, SpecView
from slskmesh.errors import UserError
from slskmesh.gateway.answers import GatewayError, Snake
from slskmesh.gateway.social_shapes import iso
from slskmesh.mbid import Mbid, find_mbid
from slskmesh.text import sanitize

MB_RELEASE, DISCOGRAPHY, LABEL_CRATE = "mb_release", "discography", "label_crate"
KINDS: Final = (MB_RELEASE, DISCOGRAPHY, LABEL_CRATE)
LIMIT: Final = 20  # releases of a label
_PROFILES: Final = {
    "core": "core",
    "extended": "extended",
    "all": "all",
    "corediscography": "core",
    "extendeddiscography": "extended",
    "allreleases": "all",
}
_STATUS: Final = {
    JobPhase.QUEUED: "pending",
    JobPhase.PLANNING: "running",
    JobPhase.RUNNING: "running",
    JobPhase.WAITING: "running",
    JobPhase.PAUSED: "paused",
    JobPhase.DONE: "completed",
    JobPhase.FAILED: "failed",
    JobPhase.CANCELLED: "cancelled",
}
STATUSES: Final = frozenset(_STATUS.values())

Text = Annotated[str, Meta(max_length=1024)]
Id = Annotated[str, Meta(max_length=200)]
Tracks = Annotated[list[int | Id], Meta(max_length=2000)]


class Conditions(Snake, frozen=True, kw_only=True):
    """What may be fetched and how. `overlay_bandwidth_kbps`: kilobits per second from peers, 0 is no limit."""

    preferred_codecs: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=40)] = ()
    allow_lossy: bool = True
    prefer_canonical: bool = True
    use_overlay: bool = True
    overlay_bandwidth_kbps: Annotated[int, Meta(ge=0, le=100_000_000)] = 0


class Metadata(Snake, frozen=True, kw_only=True):
    """Words of whoever asks: kept with the job and told."""

    requested_by: Annotated[str, Meta(max_length=100)] | None = None
    library_hint: Annotated[str, Meta(max_length=100)] | None = None


class MbReleaseRequest(Snake, frozen=True, kw_only=True):
    """A release. `tracks`: "all", or places in the release (from 1) and recording ids.

    `target_dir` is below the downloads folder, relative to it or whole.
    """

    mb_release_id: Id
    target_dir: Text | None = None
    tracks: Text | Tracks | None = None
    constraints: Conditions | None = None
    metadata: Metadata | None = None


class DiscographyRequest(Snake, frozen=True, kw_only=True):
    """An artist's releases: those of the profile, or only those that are named. `artist_id` is slskdN's name."""

    mb_artist_id: Id | None = None
    artist_id: Id | None = None
    artist_name: Text | None = None
    profile: Annotated[str, Meta(max_length=40)] | None = None
    release_ids: Annotated[list[Id], Meta(max_length=500)] | None = None
    target_dir: Text | None = None
    constraints: Conditions | None = None
    metadata: Metadata | None = None


class LabelName(Snake, frozen=True, kw_only=True):
    """A label, by its id, or by a name that only one label has."""

    mb_label_id: Id | None = None
    name: Text | None = None


class LabelCrateRequest(Snake, frozen=True, kw_only=True):
    """The first releases of a label. `label_id`, `label_name`, `limit` are slskdN's names."""

    label: LabelName | None = None
    limit_releases: Annotated[int, Meta(ge=1, le=500)] | None = None
    label_id: Id | None = None
    label_name: Text | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] | None = None
    target_dir: Text | None = None
    constraints: Conditions | None = None
    metadata: Metadata | None = None


class Accepted(Snake, frozen=True, kw_only=True):
    """A job that was added, or was changed."""

    job_id: str
    status: str


class ShownConditions(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of a job, all of them."""

    preferred_codecs: tuple[str, ...]
    allow_lossy: bool
    prefer_canonical: bool
    use_overlay: bool
    overlay_bandwidth_kbps: int


class JobSpec(Snake, frozen=True, kw_only=True):
    """A job as it was asked for: the fields of its kind's request."""

    mb_release_id: str | None = None
    mb_artist_id: str | None = None
    label: LabelName | None = None
    tracks: str | tuple[int | str, ...] | None = None
    profile: str | None = None
    release_ids: tuple[str, ...] | None = None
    limit_releases: int | None = None
    target_dir: str
    constraints: ShownConditions
    metadata: Metadata


class Progress(Snake, frozen=True, kw_only=True):
    """How far a job is; totals grow while it finds out what there is."""

    releases_total: int
    releases_done: int
    tracks_total: int
    tracks_done: int
    tracks_failed: int
    bytes_total: int
    bytes_done: int


class Job(Snake, frozen=True, kw_only=True):
    """One job. `error` is why it failed, else null; `reason` why it waits; `retry_at` when it is tried again."""

    id: str
    type: str
    title: str
    status: str
    created_at: str
    updated_at: str
    spec: JobSpec
    progress: Progress
    error: str | None
    reason: str | None = None
    retry_at: str | None = None


class JobList(Snake, frozen=True, kw_only=True):
    """A page of jobs. `total` counts all that fit, `has_more` is whether some follow this page."""

    jobs: list[Job]
    total: int
    has_more: bool


# -- from requests -----------------------------------------------------------------------------------------------------


def release_job(asked: MbReleaseRequest) -> AddJob:
    """The job a request asks for. GatewayError 400: what is wrong with it."""
    target = _id(asked.mb_release_id, "mb_release_id", "release")
    return _with(AddJob(MB_RELEASE, target, tracks=_tracks(asked.tracks)), asked)


def discography_job(asked: DiscographyRequest) -> AddJob:
    """As `release_job`."""
    artist = _one(asked.mb_artist_id, asked.artist_id, "mb_artist_id", "artist_id")
    if not artist:
        raise GatewayError(400, "mb_artist_id: whose discography?")
    profile = _PROFILES.get((asked.profile or "core").strip().lower())
    if profile is None:
        raise GatewayError(400, f"profile: core, extended or all, not {sanitize(asked.profile or '', 40)}")
    command = AddJob(
        DISCOGRAPHY,
        _id(artist, "mb_artist_id", "artist"),
        title=asked.artist_name or "",
        profile=profile,
        releases=tuple(_id(one, "release_ids", "release") for one in asked.release_ids or ()),
    )
    return _with(command, asked)


def label_of(asked: LabelCrateRequest) -> tuple[Mbid | None, str]:
    """The label's id where one is told, and its name. GatewayError 400: neither, or two of one."""
    label = asked.label or LabelName()
    identifier = _one(label.mb_label_id, asked.label_id, "label.mb_label_id", "label_id")
    name = _one(label.name, asked.label_name, "label.name", "label_name")
    if not identifier and not name:
        raise GatewayError(400, "label: give mb_label_id, or a name")
    return (_id(identifier, "label.mb_label_id", "label") if identifier else None), name


def label_job(asked: LabelCrateRequest, label: Mbid, name: str) -> AddJob:
    """The job a request asks for, once it is known which label is meant. GatewayError 400."""
    if asked.limit is not None and asked.limit_releases not in (None, asked.limit):
        raise GatewayError(400, "limit_releases and limit differ")
    limit = asked.limit_releases or asked.limit or LIMIT
    return _with(AddJob(LABEL_CRATE, label, title=name, limit=limit), asked)


def _with(command: AddJob, asked: MbReleaseRequest | DiscographyRequest | LabelCrateRequest) -> AddJob:
    """What all jobs have."""
    conditions, metadata = asked.constraints or Conditions(), asked.metadata or Metadata()
    return msgspec.structs.replace(
        command,
        target_dir=asked.target_dir or "",
        preferred_codecs=conditions.preferred_codecs,
        allow_lossy=conditions.allow_lossy,
        prefer_canonical=conditions.prefer_canonical,
        use_overlay=conditions.use_overlay,
        overlay_bandwidth_kbps=conditions.overlay_bandwidth_kbps,
        requested_by=(metadata.requested_by or "").strip(),
        library_hint=(metadata.library_hint or "").strip(),
    )


def _one(ours: str | None, theirs: str | None, name: str, alias: str) -> str:
    ours, theirs = (ours or "").strip(), (theirs or "").strip()
    if ours and theirs and ours.lower() != theirs.lower():
        raise GatewayError(400, f"{name} and {alias} differ")
    return ours or theirs


def _id(text: str, field: str, kind: str) -> Mbid:
    try:
        pasted, mbid = find_mbid(text)
    except UserError as error:
        raise GatewayError(400, f"{field}: {error}") from error
    if pasted not in ("", kind):
        raise GatewayError(400, f"{field}: this is the address of a {pasted}, not of a {kind}")
    return mbid


def _tracks(asked: str | Sequence[int | str] | None) -> tuple[int | str, ...]:
    """Empty: all. An empty list asks for nothing and is refused, for the engine takes it as all."""
    if asked is None or (isinstance(asked, str) and asked.strip().lower() == "all"):
        return ()
    words = asked.split(",") if isinstance(asked, str) else asked
    if not words:
        raise GatewayError(400, 'tracks: none is named; "all", or places and recording ids')
    return tuple(dict.fromkeys(map(_track, words)))


def _track(word: int | str) -> int | str:
    if isinstance(word, str):
        word = word.strip()
        if not (word.isascii() and word.isdigit() and len(word) <= 9):
            return _id(word, "tracks", "recording")
        word = int(word)
    if not 1 <= word < 100_000:
        raise GatewayError(400, f"tracks: {word} is no place in a release; they count from 1")
    return word


# -- to shapes ---------------------------------------------------------------------------------------------------------


def status_of(phase: JobPhase) -> str:
    """See the head of this file."""
    return _STATUS[phase]


def job_shape(row: JobRowView, spec: SpecView) -> Job:
    """One job."""
    failed = row.phase is JobPhase.FAILED
    return Job(
        id=str(row.job),
        type=row.kind,
        title=row.title,
        status=status_of(row.phase),
        created_at=iso(row.added),
        updated_at=iso(row.updated),
        spec=spec_shape(spec),
        progress=Progress(
            releases_total=row.releases_total,
            releases_done=row.releases_done,
            tracks_total=row.tracks_total,
            tracks_done=row.tracks_done,
            tracks_failed=row.tracks_failed,
            bytes_total=row.bytes_total,
            bytes_done=row.bytes_done,
        ),
        error=row.reason or "it failed" if failed else None,
        reason=None if failed else row.reason or None,
        retry_at=None if row.retry_at is None else iso(row.retry_at),
    )


def spec_shape(spec: SpecView) -> JobSpec:
    """What a job was asked for."""
    crate, albums = spec.kind == LABEL_CRATE, spec.kind == DISCOGRAPHY
    release = spec.kind == MB_RELEASE
    return JobSpec(
        mb_release_id=spec.target if release else None,
        mb_artist_id=spec.target if albums else None,
        label=LabelName(mb_label_id=spec.target, name=spec.title or None) if crate else None,
        tracks=(spec.tracks or "all") if release else None,
        profile=spec.profile if albums else None,
        release_ids=spec.releases or None,
        limit_releases=spec.limit if crate else None,
        target_dir=spec.target_dir,
        constraints=ShownConditions(
            preferred_codecs=spec.preferred_codecs,
            allow_lossy=spec.allow_lossy,
            prefer_canonical=spec.prefer_canonical,
            use_overlay=spec.use_overlay,
            overlay_bandwidth_kbps=spec.overlay_bandwidth_kbps,
        ),
        metadata=Metadata(requested_by=spec.requested_by or None, library_hint=spec.library_hint or None),
    )


# -- lists -------------------------------------------------------------------------------------------------------------


def listed(rows: Sequence[JobRowView], kind: str, status: str, sort: str) -> list[JobRowView]:
    """Jobs of a kind and status (empty: all), sorted by a field, behind a "-" from the last to the first.

    GatewayError 400: there is no such kind, status or field.
    """
    kind, status = kind.strip().lower().replace("-", "_"), status.strip().lower()
    field, down = sort.removeprefix("-").strip().lower(), sort.startswith("-")
    for word, known, name in ((kind, KINDS, "type"), (status, STATUSES, "status"), (field, SORTS, "sort")):
        if word and word not in known:
            raise GatewayError(400, f"{name}: one of {', '.join(sorted(known))}, not {sanitize(word, 40)}")
    found = [row for row in rows if kind in ("", row.kind) and status in ("", status_of(row.phase))]
    return sorted(found, key=SORTS[field or "id"], reverse=down)


_Key = Callable[[JobRowView], tuple[str, float, int]]
SORTS: Final[Mapping[str, _Key]] = {
    "id": lambda row: ("", 0.0, row.job),
    "created_at": lambda row: ("", row.added, row.job),
    "updated_at": lambda row: ("", row.updated, row.job),
    "type": lambda row: (row.kind, 0.0, row.job),
    "status": lambda row: (status_of(row.phase), 0.0, row.job),
    "title": lambda row: (row.title.casefold(), 0.0, row.job),
}


def number_of(text: str) -> int:
    """The number of a job, given its id. GatewayError 404: no job is called so."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise GatewayError(404, "there is no such job")
    return int(text)
