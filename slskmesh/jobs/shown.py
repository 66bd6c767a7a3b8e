"""Jobs as they are shown: what is kept of them, and over it what their downloads tell now.

Rules: sums are made once a change and only of the release that changed; of each track that is being fetched its
download is asked each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from slskmesh.acquire.backends import LOCAL, MESH, SOULSEEK
from slskmesh.jobs.ledger import Job
from slskmesh.jobs.progress import Part, Piece, Totals, part, seconds_left, together
from slskmesh.jobs.record import SERVED, ReleaseRecord, TrackRecord, is_legacy
from slskmesh.jobs.state import JobState, Phase, ReleaseState, TrackPhase, TrackState
from slskmesh.swarm.state import DownloadState
from slskmesh.swarm.state import Phase as DownloadPhase

_CHECKING = frozenset({DownloadPhase.CHECKING, DownloadPhase.FINISHING})
_MOVING = frozenset({DownloadPhase.FINDING, DownloadPhase.ACTIVE, DownloadPhase.STALLED})
_KEPT = frozenset({TrackPhase.QUEUED, TrackPhase.NO_SOURCE, TrackPhase.WANTED})
BOTH = "both"  # peers and Soulseek users
Look = Callable[[bytes], DownloadState | None]


class _Part(NamedTuple):
    """Sums of one release: without what its live tracks have fetched; which those are; which ways it came."""

    sums: Part
    live: tuple[TrackRecord, ...]
    ways: frozenset[str]


class _Sums(NamedTuple):
    """Made at one revision of a job, of the parts of its releases."""

    revision: int
    totals: Totals
    live: tuple[TrackRecord, ...]
    via: str
    parts: dict[int, _Part]


class Shown:
    """See the head of this file. `look` gives the state of a download."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._sums: dict[int, _Sums] = {}
        self._seen: dict[int, tuple[object, int]] = {}

    def forget(self, number: int) -> None:
        """The job is off the list."""
        self._sums.pop(number, None)
        self._seen.pop(number, None)

    def revision(self, job: Job) -> int:
        """Grows whenever what is shown of the job has changed since this was asked last."""
        states = (self._look(track.content) for track in self._sums_of(job).live)
        live = tuple((s.phase, s.done, s.rate, s.reason, len(s.sources)) for s in states if s is not None)
        seen, number = self._seen.get(job.number, (None, 0))
        now = (job.revision, live)
        if now != seen:
            number += 1
            self._seen[job.number] = (now, number)
        return number

    def state(self, job: Job) -> JobState:
        """The job as one row."""
        sums = self._sums_of(job)
        done, rate = sums.totals.done, 0.0
        for track in sums.live:
            state = self._look(track.content)
            if state is not None:
                done += min(state.done, state.size or state.done)
                rate += state.rate if track.phase is TrackPhase.QUEUED else 0.0
        now = sums.totals._replace(done=done)
        record, releases = job.record, job.releases.values()
        taken = [release for release in releases if release.phase is not Phase.CANCELLED]
        fetching = any(track.phase is TrackPhase.QUEUED for track in sums.live)
        return JobState(
            job=job.number,
            spec=record.spec,
            title=record.title,
            phase=Phase.RUNNING if fetching and record.phase is Phase.PLANNING else record.phase,
            reason=record.reason,
            releases_total=len(taken),
            releases_done=sum(release.phase is Phase.DONE for release in taken),
            tracks_total=now.tracks,
            tracks_done=now.served,
            tracks_failed=now.failed,
            bytes_total=now.size,
            bytes_done=done,
            rate=rate,
            eta=seconds_left(now, rate),
            holders=max((release.holders for release in releases), default=0),
            publishers=max((release.publishers for release in releases), default=0),
            estimate=max((release.estimate for release in releases), default=0),
            added=record.added,
            updated=record.updated,
            retry_at=record.retry_at,
            via=sums.via,
        )

    def _sums_of(self, job: Job) -> _Sums:
        sums = self._sums.get(job.number)
        if sums is not None and sums.revision == job.revision:
            return sums
        parts = sums.parts if sums is not None else {}
        for index in job.changed if sums is not None else job.releases:
            parts[index] = _part(job.tracks_of(index))
        job.changed.clear()
        live = tuple(track for one in parts.values() for track in one.live)
        whole = together(one.sums for one in parts.values())
        via = _via(frozenset().union(*(one.ways for one in parts.values())))
        made = self._sums[job.number] = _Sums(job.revision, whole, live, via, parts)
        return made

    def track(self, record: TrackRecord) -> TrackState:
        """One track, with what its download tells while there is one."""
        state = self._look(record.content) if record.content and record.phase in _KEPT else None
        phase, reason = record.phase, record.reason
        if state is not None and phase is TrackPhase.QUEUED:
            phase = _phase(state)
            reason = reason or state.reason
        served = record.phase in SERVED
        sources = sum(source.has > 0 for source in state.sources) if state else 0
        return TrackState(
            key=record.key,
            release=record.release,
            recording=record.recording,
            disc=record.disc,
            position=record.position,
            title=record.title,
            artist=record.artist,
            length=record.length,
            phase=phase,
            reason=reason,
            content="" if is_legacy(record.content) else record.content.hex(),
            size=record.size,
            done=record.size if served else state.done if state is not None else 0,
            rate=state.rate if state is not None else 0.0,
            sources=sources,
            variant=record.variant,
            canonical=record.canonical,
            candidates=record.candidates,
            why=record.why,
            path=record.path,
            via=way_of(record),
            user=record.user,
            legacy=record.content.hex() if is_legacy(record.content) else "",
        )


def release_state(job: Job, record: ReleaseRecord) -> ReleaseState:
    """One release of a job."""
    tracks = [t for t in job.tracks_of(record.index) if t.phase is not TrackPhase.SKIPPED]
    at_work = job.record.phase is Phase.PLANNING and record.phase in (Phase.QUEUED, Phase.PLANNING)
    fetching = at_work and any(track.phase is TrackPhase.QUEUED for track in tracks)
    return ReleaseState(
        mbid=record.mbid or record.group,
        title=record.title,
        artist=record.artist,
        date=record.date,
        phase=Phase.RUNNING if fetching else record.phase,
        tracks_total=len(tracks),
        tracks_done=sum(track.phase in SERVED for track in tracks),
        reason=record.reason,
    )


def _part(tracks: Sequence[TrackRecord]) -> _Part:
    return _Part(
        part(map(_piece, tracks)),
        tuple(track for track in tracks if track.content and track.phase in _KEPT),
        frozenset(filter(None, map(way_of, tracks))),
    )


def way_of(track: TrackRecord) -> str:
    """Where it came from, or is to come from: "local", "mesh", "soulseek"; "" before anything was chosen."""
    if track.phase is TrackPhase.HAVE:
        return LOCAL
    if track.backend in (MESH, SOULSEEK):
        return track.backend
    return (SOULSEEK if is_legacy(track.content) else MESH) if track.begun else ""


def _via(ways: frozenset[str]) -> str:
    """The ways of a job in one word; what was here before does not count where something was fetched."""
    fetched = ways - {LOCAL}
    return BOTH if len(fetched) > 1 else next(iter(fetched or ways), "")


def _piece(track: TrackRecord) -> Piece:
    return Piece(track.phase, track.size, track.size if track.phase is TrackPhase.DONE else 0, track.length)


def _phase(state: DownloadState) -> TrackPhase:
    if state.phase in _CHECKING:
        return TrackPhase.VERIFYING
    return TrackPhase.TRANSFER if state.phase in _MOVING else TrackPhase.QUEUED
