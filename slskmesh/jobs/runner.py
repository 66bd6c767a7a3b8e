"""One run of a job: its releases, some at once, and what the job is afterwards.

Rules:
- A run ends in DONE, FAILED, WAITING with the time of the next try, or PAUSED where the person holds its downloads;
  each with its reason. Cancelling a run leaves the job's phase to who cancelled.
- While the catalogue cannot be asked, releases that need it are left for the next run; the others go on.
- A job that fails pauses its downloads; one that waits has none that run but places in queues of Soulseek users.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from slskmesh.errors import SlskmeshError, UserError
from slskmesh.jobs.around import Surroundings
from slskmesh.jobs.expand import expand
from slskmesh.jobs.ledger import Job
from slskmesh.jobs.mb_release import ReleaseRun
from slskmesh.jobs.record import SERVED, SETTLED, ReleaseRecord
from slskmesh.jobs.retry import Stopped, Trouble, delay_for, foremost, stopped_by
from slskmesh.jobs.state import Phase, TrackPhase

RELEASES_AT_ONCE: Final = 2
_SETTLED: Final = frozenset({Phase.DONE, Phase.CANCELLED})


class JobRun:
    """See the head of this file."""

    def __init__(self, around: Surroundings, job: Job) -> None:
        self._around = around
        self._job = job
        self._troubles: list[Stopped] = []
        self._served = _served(job)

    async def run(self) -> None:
        """The whole run."""
        around, job = self._around, self._job
        await around.ledger.phase(job, Phase.PLANNING)
        rate = job.record.spec.constraints.overlay_bandwidth_kbps * 1000 // 8
        around.downloads.limit_group(job.group, rate)
        try:
            await expand(around, job)
        except Stopped as stopped:
            self._troubles.append(stopped)
        except SlskmeshError as error:
            self._troubles.append(stopped_by(error))
        else:
            await self._work()
        await self._judge()

    async def _work(self) -> None:
        todo = [record for _, record in sorted(self._job.releases.items()) if record.phase not in _SETTLED]
        todo.reverse()
        async with trio.open_nursery() as nursery:
            for _ in range(min(RELEASES_AT_ONCE, len(todo))):
                nursery.start_soon(self._take_releases, todo)

    async def _take_releases(self, todo: list[ReleaseRecord]) -> None:
        while todo and not self._met(Trouble.STORAGE):
            record = todo.pop()
            if self._met(Trouble.CATALOGUE) and not record.body:
                continue
            stopped = await ReleaseRun(self._around, self._job, record.index).run()
            if stopped is not None:
                self._troubles.append(stopped)

    def _met(self, trouble: Trouble) -> bool:
        return any(stopped.trouble is trouble for stopped in self._troubles)

    # -- the end -----------------------------------------------------------------------------------------------

    async def _judge(self) -> None:
        job, ledger = self._job, self._around.ledger
        stopped = foremost(self._troubles)
        if stopped is None:
            self._around.downloads.limit_group(job.group, 0)
            await ledger.phase(job, Phase.DONE, attempts=0, words=[("good", summary(job))])
        elif stopped.trouble is Trouble.HELD:
            reason = f"{stopped.reason}; resume the job to go on"
            await ledger.phase(job, Phase.PAUSED, reason, words=[("warn", f"paused: {reason}")])
        elif stopped.trouble in (Trouble.STORAGE, Trouble.REFUSED):
            reason = self._reason(stopped)
            await pause_downloads(self._around, job)
            await ledger.phase(job, Phase.FAILED, reason, words=[("error", f"failed: {reason}")])
        else:
            await self._wait(stopped)

    async def _wait(self, stopped: Stopped) -> None:
        job = self._job
        attempts = 0 if _served(job) > self._served else job.record.attempts
        delay = delay_for(stopped.trouble, attempts, self._around.rng, stopped.delay) or 0.0
        reason = self._reason(stopped)
        await self._around.ledger.phase(
            job,
            Phase.WAITING,
            reason,
            words=[("warn", f"waiting: {reason}; next try in {in_words(delay)}")],
            retry_at=self._around.ledger.now() + delay,
            attempts=attempts + 1,
        )

    def _reason(self, stopped: Stopped) -> str:
        """A single release's reason is the job's; of several missing ones the number says more."""
        same = [one for one in self._troubles if one.trouble is stopped.trouble]
        if stopped.trouble is Trouble.NO_SOURCE and len(same) > 1:
            return f"{len(same)} releases have tracks that nobody has now"
        return stopped.reason


async def pause_downloads(around: Surroundings, job: Job) -> None:
    """Pauses what the job began and nobody else wants."""
    await _each_begun(around, job, around.lists.pause)


async def drop_downloads(around: Surroundings, job: Job) -> None:
    """Removes what the job began, is not whole and nobody else wants. StorageError: data cannot be deleted."""
    await _each_begun(around, job, around.lists.remove)


async def _each_begun(around: Surroundings, job: Job, act: Callable[[bytes], Awaitable[None]]) -> None:
    for track in list(job.tracks.values()):
        if track.phase in SETTLED - {TrackPhase.FAILED}:
            continue
        for content in track.begun:
            if not around.is_shared(job, content):
                with contextlib.suppress(UserError):
                    await act(content)


def _served(job: Job) -> int:
    return sum(track.phase in SERVED for track in job.tracks.values())


def summary(job: Job) -> str:
    """What a job that is done has done."""
    asked = [track for track in job.tracks.values() if track.phase is not TrackPhase.SKIPPED]
    here = sum(track.phase is TrackPhase.HAVE for track in asked)
    text = f"done: {len(asked)} track{'' if len(asked) == 1 else 's'}"
    return f"{text}, {here} of them were here already" if here else text


def in_words(seconds: float) -> str:
    """ "40 s", "5 min", "2 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"
