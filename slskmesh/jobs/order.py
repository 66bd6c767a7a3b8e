"""The order of work: which jobs may begin, where a moved one goes, when the next is due. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slskmesh.jobs.record import JobRecord
from slskmesh.jobs.state import Phase

WORKED_ON = frozenset({Phase.PLANNING, Phase.RUNNING})


def may_begin(jobs: Sequence[JobRecord], active: int) -> list[int]:
    """Jobs to start now, in order: QUEUED ones while fewer than `active` are worked on."""
    places = active - sum(job.phase in WORKED_ON for job in jobs)
    return [job.job for job in jobs if job.phase is Phase.QUEUED][: max(0, places)]


def due(jobs: Sequence[JobRecord], now: float) -> list[int]:
    """WAITING jobs whose time has come."""
    return [
        job.job
        for job in jobs
        if job.phase is Phase.WAITING and job.retry_at is not None and job.retry_at <= now
    ]


def next_due(jobs: Sequence[JobRecord]) -> float | None:
    """When (Unix seconds) the next WAITING job's time comes."""
    times = (job.retry_at for job in jobs if job.phase is Phase.WAITING and job.retry_at is not None)
    return min(times, default=None)


def moved(order: Sequence[int], job: int, by: int) -> list[int]:
    """`order` with `job` moved `by` places (negative: earlier), as far as there is room. ValueError: not in it."""
    rest = list(order)
    at = rest.index(job)
    rest.insert(max(0, min(len(order) - 1, at + by)), rest.pop(at))
    return rest


def clipped(retry_at: Mapping[int, float], now: float, most: float) -> dict[int, float]:
    """Times that lie further ahead than `most` seconds (the wall clock was set back) brought to that."""
    return {job: now + most for job, at in retry_at.items() if at > now + most}
