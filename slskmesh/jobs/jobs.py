"""All jobs: the list and its commands, what is worked on, what is kept.

Rules:
- At most `active()` jobs are worked on at once, in the order of the list; one that waits holds no place.
- Jobs that were not over when the process ended go on at the start. Downloads are found again by content.
- Two jobs that are not over do not ask for the same thing; jobs that overlap share their downloads.
- Every command answers clearly (UserError) where the job's phase does not fit.
- A waiting job is tried before its time when a holder comes back, when something that stayed queued at a Soulseek user
  comes, and when Soulseek users may be sources again.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
import trio

from slskmesh.errors import StorageError, UserError
from slskmesh.identity.peerid import KEY_BYTES
from slskmesh.jobs.albums import Albums
from slskmesh.jobs.around import OnVerified, Surroundings, TakeIn, nobody_listens, nobody_takes_in
from slskmesh.jobs.cache_jobs import CacheJobs
from slskmesh.jobs.early import Early
from slskmesh.jobs.layout import check_folder, check_layout
from slskmesh.jobs.ledger import Job, Ledger
from slskmesh.jobs.lists import Lists
from slskmesh.jobs.order import clipped, due, may_begin, moved, next_due
from slskmesh.jobs.port import Catalogue, Downloads, LegacyList, Library, Planner
from slskmesh.jobs.record import OVER, SETTLED, JobRecord, ReleaseRecord, TrackRecord
from slskmesh.jobs.retry import JITTER, NO_SOURCE_MOST
from slskmesh.jobs.runner import JobRun, drop_downloads, pause_downloads
from slskmesh.jobs.shown import Shown, release_state
from slskmesh.jobs.state import (
    JobLine,
    JobState,
    Kind,
    Phase,
    ReleaseState,
    Spec,
    TrackPhase,
    TrackState,
)
from slskmesh.mbid import is_mbid, parse_mbid
from slskmesh.overlay.port import Router, Session
from slskmesh.paths import safe_join
from slskmesh.store.database import Store
from slskmesh.text import sanitize
from slskmesh.work import Origin

JOBS_MAX: Final = 500
LOOK_SECONDS: Final = 60.0  # the wall clock may be set meanwhile
_MOMENT: Final = 0.05  # seconds; a shorter pause may be less than the wall clock can tell
RETURN_SECONDS: Final = 60.0  # a holder that comes back is asked again no sooner than this after the last try


class Jobs:
    """See the head of this file. Made before the overlay starts; `run` runs before commands come."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        planner: Planner,
        downloads: Downloads,
        library: Library,
        *,
        router: Router,
        root: Callable[[], Path],
        layout: Callable[[], str],
        active: Callable[[], int],
        transfers: Callable[[], int] = lambda: 3,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = trio.current_time,
        rng: random.Random | None = None,
        on_line: Callable[[int, JobLine], None] = lambda job, line: None,
        on_verified: OnVerified = nobody_listens,
        own: bytes = b"",
        legacy: LegacyList | None = None,
        legacy_allowed: Callable[[], bool] = lambda: True,
        rescued: Callable[[bytes], bool] = lambda key: False,
        take_in: TakeIn = nobody_takes_in,
    ) -> None:
        """`root`: the downloads folder; `layout`, `active`, `transfers`: the settings jobs.layout, jobs.active and
        swarm.active; `on_line` gets the timelines; `on_verified` gets (release, recording, content) of each
        file that was fetched and proved; `own`: our peer id, by which peers on one release begin apart (else random).

        `legacy`: the list of downloads from Soulseek users, run before this; `legacy_allowed`: whether they may be
        sources now; `rescued`: whether peers finish a download of theirs; `take_in`: a finished file of theirs into the
        library, its content id. None of those files is told to `on_verified`: nobody vouched for what is in them.
        """
        self._ledger = Ledger(store, wall, on_line)
        self._downloads = downloads
        self._lists = Lists(downloads, legacy, rescued)
        self._early = Early(self._lists, legacy_allowed)
        self._root = root
        self._layout = layout
        self._active = active
        self._wall = wall
        rng = rng or random.Random()
        self._peers = CacheJobs(router, own or rng.randbytes(KEY_BYTES), clock, rng)
        self._around = Surroundings(
            ledger=self._ledger, catalogue=catalogue, planner=planner, downloads=downloads, library=library,
            peers=self._peers, root=root, layout=layout, width=lambda: max(1, transfers()) + 1, clock=clock, rng=rng,
            lists=self._lists, on_verified=on_verified, legacy_allowed=legacy_allowed, take_in=take_in,
        )  # fmt: skip
        self._shown = Shown(self._lists.state)
        self._wake = trio.Event()
        self._adding = trio.Lock()
        router.on_open(self._opened)

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Loads the jobs and works on them until cancelled. StorageError: they cannot be read."""
        await self._ledger.load()
        self._take_up()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._peers.run)
            task_status.started()
            while True:
                self._wake = trio.Event()
                self._begin(nursery)
                at = next_due(self._records())
                pause = LOOK_SECONDS if at is None else min(LOOK_SECONDS, max(_MOMENT, at - self._wall()))
                with trio.move_on_after(pause):
                    await self._wake.wait()

    def _records(self) -> list[JobRecord]:
        return [job.record for job in self._ledger]

    def _take_up(self) -> None:
        """Jobs the end of the process cut short are queued again."""
        times = {job.number: job.record.retry_at for job in self._ledger}
        most = NO_SOURCE_MOST * (1 + JITTER)
        late = clipped({number: at for number, at in times.items() if at is not None}, self._wall(), most)
        for job in self._ledger:
            if job.record.phase in (Phase.PLANNING, Phase.RUNNING):
                job.take(msgspec.structs.replace(job.record, phase=Phase.QUEUED))
            if job.number in late:
                job.take(msgspec.structs.replace(job.record, retry_at=late[job.number]))

    def _begin(self, nursery: trio.Nursery) -> None:
        """Starts what may begin. A job that a command is at is left until the command is done with it."""
        for job in self._early.look(self._ledger):
            self._hasten(job, self._wall())
        for number in due(self._records(), self._wall()):
            if not self._find(number).lock.locked():
                self._set(number, Phase.QUEUED)
        records = [job.record for job in self._ledger if job.scope is not None or not job.lock.locked()]
        for number in may_begin(records, self._active()):
            job = self._set(number, Phase.PLANNING)
            job.scope, job.stopped = trio.CancelScope(), trio.Event()
            nursery.start_soon(self._drive, job, job.scope)

    def _hasten(self, job: Job, at: float) -> None:
        if job.record.retry_at is not None and at < job.record.retry_at:
            job.take(msgspec.structs.replace(job.record, retry_at=at))
            job.revision += 1
            self._wake.set()

    def _set(self, number: int, phase: Phase) -> Job:
        job = self._find(number)
        job.take(msgspec.structs.replace(job.record, phase=phase, retry_at=None))
        job.revision += 1
        return job

    async def _drive(self, job: Job, scope: trio.CancelScope) -> None:
        try:
            with scope:
                await JobRun(self._around, job).run()
        finally:
            job.scope = None
            job.stopped.set()
            self._wake.set()

    async def _halt(self, job: Job) -> None:
        """Ends a run and waits for its end."""
        if job.scope is not None:
            job.scope.cancel()
            await job.stopped.wait()

    def _opened(self, session: Session) -> None:
        """A holder that comes back is worth asking before its job's time."""
        for job in self._ledger:
            record = job.record
            if record.phase is Phase.WAITING and record.retry_at and session.peer in job.holders:
                self._hasten(job, max(self._wall() + 1.0, record.updated + RETURN_SECONDS))

    # -- commands ----------------------------------------------------------------------------------------------

    async def add(self, spec: Spec) -> int:
        """Adds a job; its number. UserError: what is wrong with it. StorageError: it cannot be kept."""
        spec = await self._checked(spec)
        async with self._adding:
            if len(self._ledger) >= JOBS_MAX:
                raise UserError(f"the list holds {JOBS_MAX} jobs; remove some that are over first")
            for job in self._ledger:
                if job.record.phase not in OVER and _asks_same(job.record.spec, spec):
                    raise UserError(f"job {job.number} is for this already: {job.record.phase.value}")
            what = spec.kind.value.replace("_", " ")
            job = await self._ledger.enter(spec, spec.title or spec.target, ("info", f"added: {what}"))
        self._wake.set()
        return job.number

    async def _checked(self, spec: Spec) -> Spec:
        if spec.origin is Origin.REMOTE:
            raise UserError("a peer cannot start a job here")
        if spec.tracks and spec.kind is not Kind.MB_RELEASE:
            raise UserError("tracks can be chosen of a release only")
        if spec.releases and spec.kind is not Kind.DISCOGRAPHY:
            raise UserError("releases can be chosen of a discography only")
        for track in spec.tracks:
            if (isinstance(track, int) and track < 1) or (isinstance(track, str) and not is_mbid(track)):
                raise UserError(
                    f"{track!r} is no track: give its place in the release (from 1) or its recording's id"
                )
        check_layout(spec.layout or self._layout())
        root = self._root()
        folder = check_folder(spec.target_dir, os.fspath(root))
        if folder:
            await trio.to_thread.run_sync(safe_join, root, folder)
        return msgspec.structs.replace(
            spec,
            target=parse_mbid(spec.target),
            title=sanitize(spec.title).strip(),
            target_dir=folder,
            layout=check_layout(spec.layout) if spec.layout else "",
            scene=sanitize(spec.scene).strip(),
            requested_by=sanitize(spec.requested_by, 100).strip(),
            releases=tuple(dict.fromkeys(map(parse_mbid, spec.releases))),
            library_hint=sanitize(spec.library_hint, 100).strip(),
        )

    async def pause(self, number: int) -> None:
        """Stops a job and its downloads; what is there stays."""
        async with self._held(number) as job:
            if job.record.phase is Phase.PAUSED:
                raise UserError(f"job {number} is paused already")
            self._refuse_over(job)
            await self._halt(job)
            self._refuse_over(job)  # its end may have come first
            await self._let_go(job, pause_downloads)
            await self._ledger.phase(job, Phase.PAUSED, "paused by you", words=[("info", "paused by you")])

    async def resume(self, number: int) -> None:
        """Goes on with a paused job, or one that failed: its reason may say “then resume”, as downloads do."""
        async with self._held(number) as job:
            if job.record.phase is Phase.FAILED:
                await self._again(job)
                return
            if job.record.phase is not Phase.PAUSED:
                raise UserError(f"job {number} is not paused: {job.record.phase.value}")
            await self._ledger.phase(job, Phase.QUEUED, words=[("info", "resumed")])

    async def retry(self, number: int) -> None:
        """Tries everything of a job again that is not done: plans anew, now."""
        async with self._held(number) as job:
            if job.record.phase is Phase.DONE:
                raise UserError(f"job {number} is done: there is nothing to try again")
            await self._again(job)

    async def _again(self, job: Job) -> None:
        await self._halt(job)
        if self._phase(job) is Phase.DONE:
            return
        records: list[ReleaseRecord | TrackRecord] = [
            msgspec.structs.replace(release, phase=Phase.QUEUED, reason="")
            for release in job.releases.values()
            if release.phase not in (Phase.DONE, Phase.CANCELLED)
        ]
        records += [
            msgspec.structs.replace(track, phase=TrackPhase.WANTED, reason="", tried=())
            for track in job.tracks.values()
            if track.phase not in SETTLED - {TrackPhase.FAILED}
        ]
        await self._ledger.write(job, *records)
        await self._ledger.phase(
            job, Phase.QUEUED, attempts=0, words=[("info", "everything that is not done is tried again")]
        )

    async def cancel(self, number: int) -> None:
        """Ends a job; finished files stay, unfinished ones are removed."""
        async with self._held(number) as job:
            if job.record.phase in (Phase.DONE, Phase.CANCELLED):
                raise UserError(f"job {number} is over: {job.record.phase.value}")
            await self._halt(job)
            if self._phase(job) is Phase.DONE:
                raise UserError(f"job {number} is done meanwhile")
            await self._let_go(job, drop_downloads)
            self._downloads.limit_group(job.group, 0)
            words = "cancelled by you; finished files stay"
            await self._ledger.phase(job, Phase.CANCELLED, "cancelled by you", words=[("info", words)])

    async def remove(self, number: int) -> None:
        """Takes a job that is over off the list; files stay. StorageError: unfinished data cannot be deleted."""
        async with self._held(number) as job:
            if job.record.phase not in OVER:
                raise UserError(f"job {number} is not over: {job.record.phase.value}; cancel it first")
            await drop_downloads(self._around, job)
            await self._ledger.remove(job)
            self._shown.forget(number)
            self._downloads.limit_group(job.group, 0)

    async def move(self, number: int, by: int) -> None:
        """Moves a job `by` places in the order of work (negative: earlier)."""
        self._find(number)
        async with self._adding:
            await self._ledger.reorder(moved([job.number for job in self._ledger], number, by))
        self._wake.set()

    async def _let_go(self, job: Job, act: Callable[[Surroundings, Job], Awaitable[None]]) -> None:
        """What the disk refuses is told in the timeline and stops no command."""
        try:
            await act(self._around, job)
        except StorageError as error:
            await self._ledger.write_if_it_can(job, words=[("warn", str(error))])

    @contextlib.asynccontextmanager
    async def _held(self, number: int) -> AsyncIterator[Job]:
        """The job, with no other command on it meanwhile."""
        try:
            async with self._find(number).lock:
                yield self._find(number)  # it may have been removed while this waited
        finally:
            self._wake.set()

    def _phase(self, job: Job) -> Phase:
        """Its phase now, after something else had its turn."""
        return job.record.phase

    def _refuse_over(self, job: Job) -> None:
        if job.record.phase in OVER:
            raise UserError(f"job {job.number} is over: {job.record.phase.value}")

    def _find(self, number: int) -> Job:
        job = self._ledger.find(number)
        if job is None:
            raise UserError(f"there is no job {number}")
        return job

    # -- what is shown -----------------------------------------------------------------------------------------

    def states(self) -> tuple[JobState, ...]:
        """All jobs in the order of work."""
        return tuple(self._shown.state(job) for job in self._ledger)

    def tracks(self, number: int) -> tuple[TrackState, ...]:
        """A job's tracks by release and place; none if there is no such job."""
        job = self._ledger.find(number)
        if job is None:
            return ()
        return tuple(self._shown.track(track) for _, track in sorted(job.tracks.items()))

    def releases(self, number: int) -> tuple[ReleaseState, ...]:
        """A job's releases in order; none if there is no such job."""
        job = self._ledger.find(number)
        if job is None:
            return ()
        return tuple(release_state(job, release) for _, release in sorted(job.releases.items()))

    def timeline(self, number: int) -> tuple[JobLine, ...]:
        """A job's latest lines, oldest first; none if there is no such job."""
        job = self._ledger.find(number)
        return tuple(job.lines) if job is not None else ()

    def albums(self) -> Albums:
        """The releases of all jobs whose tracks are known."""
        return Albums(self._ledger)

    def recording_of(self, key: bytes) -> str:
        """The recording that a download from a Soulseek user is wanted as; "": no job wants it."""
        for job in self._ledger:
            for track in job.tracks.values():
                if key == track.content or key in track.begun:
                    return track.recording
        return ""

    def revision(self, number: int) -> int:
        """Grows whenever what is shown of the job has changed since this was asked last; -1: no such job."""
        job = self._ledger.find(number)
        return self._shown.revision(job) if job is not None else -1


def _asks_same(one: Spec, two: Spec) -> bool:
    return (one.kind, one.target, one.tracks, one.profile, one.limit, one.releases) == (
        two.kind, two.target, two.tracks, two.profile, two.limit, two.releases
    )  # fmt: skip
