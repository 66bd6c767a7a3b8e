"""Which waiting jobs are worth trying before their time, because of what Soulseek users do. Pure.

Rules: a job is, once bytes came of what it left queued there, or one is whole; every job is, once such users may be
sources again after they were not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slskmesh.jobs.ledger import Job
from slskmesh.jobs.lists import Lists
from slskmesh.jobs.record import SETTLED
from slskmesh.jobs.state import Phase
from slskmesh.soulseek.values import TransferPhase


class Early:
    """See the head of this file. To be asked now and then."""

    def __init__(self, lists: Lists, allowed: Callable[[], bool]) -> None:
        self._lists = lists
        self._allowed = allowed
        self._was_allowed = True
        self._came: dict[int, int] = {}  # waiting job -> bytes that were here

    def look(self, jobs: Iterable[Job]) -> list[Job]:
        """Those to be tried now."""
        if self._lists.legacy is None:
            return []
        before, self._was_allowed = self._was_allowed, self._allowed()
        again = self._was_allowed and not before
        found: list[Job] = []
        came: dict[int, int] = {}
        for job in jobs:
            if job.record.phase is Phase.WAITING:
                came[job.number], whole = self._came_for(job)
                if again or whole or came[job.number] > self._came.get(job.number, came[job.number]):
                    found.append(job)
        self._came = came
        return found

    def _came_for(self, job: Job) -> tuple[int, bool]:
        """Bytes that are here of what stayed queued, and whether one of them is whole."""
        tracks = [track for track in job.tracks.values() if track.phase not in SETTLED]
        keys = {key for track in tracks for key in self._lists.alive(track)}
        views = [view for key in keys if (view := self._lists.view(key)) is not None]
        whole = any(view.phase is TransferPhase.DONE for view in views)
        return sum(view.done for view in views), whole
