"""Working on the queue of jobs from the command line: `slskmesh jobs run` and `slskmesh jobs add --wait`.

JSON: a line with the fields of a job (see `jobs`) whenever it changed, then
{"finished": true, "done", "failed", "waiting", "seconds"}, counts of the jobs that were followed.

Exit codes: 0 all of them are done (or cancelled), 1 one failed, 4 one is still waiting (nobody has it yet).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from slskmesh.cli.engine_run import running
from slskmesh.cli.exit_codes import WAITING
from slskmesh.cli.job_words import job_fields, job_text, jobs_of, next_jobs
from slskmesh.cli.output import Output
from slskmesh.cli.resolve import wait_for_table
from slskmesh.engine.commands import RetryJob
from slskmesh.engine.console import Console
from slskmesh.engine.job_views import JobPhase, JobRowView

OVER: Final = (JobPhase.DONE, JobPhase.FAILED, JobPhase.CANCELLED)
TABLE_TIMEOUT: Final = 15.0  # seconds for the first contacts, before a plan is made that would find nobody
_RESTING: Final = (*OVER, JobPhase.PAUSED)


class Watch:
    """Whether there is anything left to wait for. Pure: `now` is seconds of a monotonic clock.

    Jobs that only wait (for a source, for MusicBrainz) are given `patience` seconds together, counted from the last
    moment at which any job was worked on; None gives them all the time there is.
    """

    def __init__(self, patience: float | None, now: float) -> None:
        self._patience = patience
        self._worked = now

    def over(self, jobs: Sequence[JobRowView], now: float) -> bool:
        """Takes in how the jobs stand; True when none of them will go on soon."""
        going = [job for job in jobs if job.phase not in _RESTING]
        if any(job.phase is not JobPhase.WAITING for job in going):
            self._worked = now
        return not going or (self._patience is not None and now - self._worked >= self._patience)

    def left(self, now: float) -> float | None:
        """Seconds until `over` may change by itself; None: not by time alone."""
        return None if self._patience is None else max(0.0, self._patience - (now - self._worked))


def run_queue(home: Path, patience: float | None, out: Output) -> int:
    """Works on every job that is not over or paused, while there is something to do; returns the exit code.

    What waits is tried again once, now: the person asked for it.
    """
    with running(home) as console:
        mine = [job.job for job in jobs_of(console) if job.phase not in _RESTING]
        if not mine:
            out.say("no job is waiting to be worked on")
            return _end((), 0.0, out)
        wait_for_table(console, TABLE_TIMEOUT)
        return follow(console, mine, patience, out, retry=mine)


def follow(
    console: Console,
    jobs: Collection[int],
    patience: float | None,
    out: Output,
    retry: Collection[int] = (),
) -> int:
    """Tells of these jobs until they are over or out of `patience`; returns the exit code.

    Those in `retry` are tried again the first time they are seen to wait.
    """
    started = time.monotonic()
    watch = Watch(patience, started)
    told: dict[int, JobRowView] = {}
    again = set(retry)
    every = jobs_of(console)
    while True:
        rows = [row for row in every if row.job in jobs]
        for row in rows:
            if told.get(row.job) != row:
                told[row.job] = row
                out.progress(job_fields(row), job_text(row))
            if row.phase is JobPhase.WAITING and row.job in again:
                again.discard(row.job)
                console.post(RetryJob(row.job))
        now = time.monotonic()
        if len(told) == len(jobs) and watch.over(rows, now):
            return _end(rows, now - started, out)
        every = next_jobs(console, watch.left(now))


def _end(rows: Sequence[JobRowView], seconds: float, out: Output) -> int:
    done = sum(row.phase is JobPhase.DONE for row in rows)
    failed = sum(row.phase is JobPhase.FAILED for row in rows)
    waiting = sum(row.phase not in OVER for row in rows)
    for row in rows:
        if not out.as_json:
            out.row({}, job_text(row))
    if out.as_json:
        counts = {"done": done, "failed": failed, "waiting": waiting}
        out.row({"finished": True, **counts, "seconds": round(seconds, 2)}, "")
    return 1 if failed else WAITING if waiting else 0
