"""One release of a job: its tracks from the catalogue, who has them from the planner, each fetched.

Rules:
- What is wanted says `wanted`; who could give it is asked of the planner.
- Local candidates are taken where they stand. A track nobody has is asked for again while others are fetched, at
  growing intervals (`jobs/retry.py`), and afterwards by the job's waiting.
- At most `width` downloads of a release are in the swarm's list at once, in the order of `collab.work_order` at that
  moment. What comes from Soulseek users is queued there all at once, by place, so that an album keeps its place.
- Downloads at Soulseek users that are in the list from an earlier run are gone on with, without asking anybody; ones
  that were waited for in vain only once they move. Where they are allowed again after they were not, all that lacks
  a source is planned anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import trio

from slskmesh.acquire.backends import SOULSEEK
from slskmesh.acquire.domains import Intent, Music
from slskmesh.acquire.plan import Candidate, Plan
from slskmesh.catalogue.objects import Release
from slskmesh.errors import SlskmeshError
from slskmesh.jobs.around import Surroundings
from slskmesh.jobs.fetch import NOBODY, TrackFetch
from slskmesh.jobs.ledger import Job, Words
from slskmesh.jobs.lists import Waited
from slskmesh.jobs.record import (
    CONTENT_BYTES,
    SERVED,
    SETTLED,
    ReleaseRecord,
    TrackRecord,
    is_legacy,
)
from slskmesh.jobs.retry import Stopped, Trouble, delay_for, foremost, stopped_by
from slskmesh.jobs.state import Phase, TrackPhase
from slskmesh.jobs.wanted import Wanted, line_of
from slskmesh.mbid import Mbid
from slskmesh.swarm.state import Phase as DownloadPhase
from slskmesh.wire.messages import CacheItem
from slskmesh.work import LocalBudget

HOLDERS_MAX = 1000  # peers remembered of a job
QUEUED_MAX = 50  # downloads of a release at Soulseek users at once
LOOK_SECONDS = 15.0


class ReleaseRun:
    """See the head of this file. Made for one attempt at one release."""

    def __init__(self, around: Surroundings, job: Job, index: int) -> None:
        self._around = around
        self._job = job
        self._index = index
        self._budget = LocalBudget(job.record.spec.origin)
        self._pending: dict[int, Sequence[Candidate]] = {}
        self._active: set[int] = set()
        self._held: set[int] = set()
        self._troubles: list[Stopped] = []
        self._plans = 0
        self._again = 0.0  # when to plan next, by the clock
        self._said: frozenset[str] = frozenset()
        self._waited = Waited(around.lists, around.legacy_allowed)
        self._allowed = around.legacy_allowed()
        self._wake = trio.Event()

    @property
    def record(self) -> ReleaseRecord:
        """The release as it is now."""
        return self._job.releases[self._index]

    async def run(self) -> Stopped | None:
        """One attempt; the release's phase tells how it ended. Returned is what keeps it from being done."""
        try:
            wanted = Wanted(self._around, self._job, self._index)
            release = await wanted.release()
            if release is None:
                return None
            await wanted.lay_out(release)
            await self._serve(release)
        except Stopped as stopped:
            self._troubles.append(stopped)
        except SlskmeshError as error:
            self._troubles.append(stopped_by(error))
        return await self._judge()

    # -- fetching ----------------------------------------------------------------------------------------------

    async def _serve(self, release: Release) -> None:
        mbid = Mbid(self.record.mbid)
        self._again = self._around.clock()
        self._around.peers.begin(self._job.number, mbid)
        try:
            async with trio.open_nursery() as nursery:
                try:
                    await self._work(nursery, release)
                except SlskmeshError as error:
                    self._troubles.append(stopped_by(error))
                nursery.cancel_scope.cancel()
        finally:
            self._around.peers.end(self._job.number, mbid)

    async def _work(self, nursery: trio.Nursery, release: Release) -> None:
        """Plans and fetches until nothing more can be done now."""
        if self._job.record.attempts:  # they were waited for before
            for track in self._job.tracks_of(self._index):
                for key in self._around.lists.alive(track):
                    if not self._around.lists.moves(key):
                        self._waited.add(key)
        while not self._is_broken:
            self._take_up()
            self._look_at_mode()
            await self._plan_if_due(release)
            await self._fill(nursery, release)
            if not self._active:
                return
            self._wake = trio.Event()
            pause = self._again - self._around.clock() if self._unserved() else float("inf")
            with trio.move_on_after(max(0.0, min(pause, LOOK_SECONDS))):
                await self._wake.wait()

    def _take_up(self) -> None:
        """Goes on with downloads at Soulseek users that are in the list and come, or may come."""
        for track in self._unserved():
            found = [
                self._at_user(track, key)
                for key in self._around.lists.alive(track)
                if not self._waited.why_not(key)
            ]
            if found:
                self._pending[track.key] = found

    def _at_user(self, track: TrackRecord, key: bytes) -> Candidate:
        view = self._around.lists.view(key)
        assert view is not None  # it is alive
        reasons = (track.why,) if track.why and key == track.content else ()
        return Candidate(key, view.size, SOULSEEK, reasons=reasons, user=view.user, remote=view.path)

    def _look_at_mode(self) -> None:
        before, self._allowed = self._allowed, self._around.legacy_allowed()
        if self._allowed and not before:
            self._again, self._plans = self._around.clock(), 0
            self._waited.clear()

    @property
    def _is_broken(self) -> bool:
        return any(stopped.trouble is Trouble.STORAGE for stopped in self._troubles)

    def _unserved(self) -> list[TrackRecord]:
        """Tracks that nothing is being done for."""
        busy = self._active | self._held | self._pending.keys()
        tracks = self._job.tracks_of(self._index)
        return [track for track in tracks if track.phase not in SETTLED and track.key not in busy]

    async def _fill(self, nursery: trio.Nursery, release: Release) -> None:
        """Starts what there is room for, one after the other, so that the list of downloads has their order."""
        while not self._is_broken and (key := self._next()) is not None:
            fetch = TrackFetch(self._around, self._job, release, key, self._waited)
            self._active.add(key)
            nursery.start_soon(self._fetch, fetch, key, self._pending.pop(key))
            await fetch.begun.wait()
            self._show()

    def _next(self) -> int | None:
        """The track that is begun next, if there is room for one more of its kind."""
        tracks = self._job.tracks
        queued = sum(is_legacy(tracks[key].content) for key in self._active)
        users = [key for key, found in self._pending.items() if found[0].backend == SOULSEEK]
        if users and queued < QUEUED_MAX:
            return min(users)
        wants = [(key, found[0].content) for key, found in self._pending.items() if key not in users]
        if not wants or len(self._active) - queued >= self._around.width():
            return None
        return self._around.peers.order(Mbid(self.record.mbid), wants)[0]

    async def _fetch(self, fetch: TrackFetch, key: int, candidates: Sequence[Candidate]) -> None:
        try:
            await fetch.run(candidates)
        except Stopped as stopped:
            if stopped.trouble is Trouble.HELD:
                self._held.add(key)
            self._troubles.append(stopped)
        except SlskmeshError as error:
            self._troubles.append(stopped_by(error))
        self._active.discard(key)
        self._show()
        self._wake.set()

    def _show(self) -> None:
        """Tells peers that work on the same release."""
        items = [
            CacheItem(track.content, track.place, track.phase in SERVED)
            for track in self._job.tracks_of(self._index)
            if len(track.content) == CONTENT_BYTES and (track.phase in SERVED or track.key in self._active)
        ]
        self._around.peers.show(self._job.number, Mbid(self.record.mbid), items)

    # -- planning ----------------------------------------------------------------------------------------------

    async def _plan_if_due(self, release: Release) -> None:
        unserved = self._unserved()
        if not unserved or self._around.clock() < self._again:
            return
        try:
            plan = await self._plan(release, unserved)
        except SlskmeshError as error:
            if not self._active:
                raise
            said: Words = ("warn", f"asking again who has the rest: {error}")
            await self._around.ledger.write(self._job, words=[said])
            plan = None
        delay = delay_for(Trouble.NO_SOURCE, self._plans, self._around.rng)
        self._plans += 1
        self._again = self._around.clock() + (delay or 0.0)
        if plan is not None:
            await self._take_plan(plan, unserved)

    async def _plan(self, release: Release, tracks: Sequence[TrackRecord]) -> Plan[Music]:
        spec = self._job.record.spec
        wants = [Intent(_music(track, self.record.mbid), spec.origin, spec.constraints) for track in tracks]
        return await self._around.planner.plan_release(release, wants, self._budget)

    async def _take_plan(self, plan: Plan[Music], tracks: Sequence[TrackRecord]) -> None:
        """Who was asked, what is to be fetched, what nobody has."""
        told = [one for planned in plan.wants for one in planned.candidates]
        told += [one for planned in plan.wants for one, _ in planned.refused]
        peers = {peer for candidate in told for peer in candidate.peers}
        self._around.peers.asked(self._job.number, Mbid(self.record.mbid), peers.union(plan.told))
        self._job.holders.update(list(peers)[: HOLDERS_MAX - len(self._job.holders)])
        records: list[ReleaseRecord | TrackRecord] = [
            msgspec.structs.replace(
                self.record, holders=plan.holders, publishers=plan.publishers, estimate=plan.estimate
            )
        ]
        for track, planned in zip(tracks, plan.wants, strict=True):
            usable = [one for one in planned.candidates if self._is_usable(track, one)]
            usable = usable or self._running(track)
            if usable:
                self._pending[track.key] = usable
                continue
            wrong = "every variant that was offered came out wrong" if planned.candidates else ""
            reason = self._queued_at_user(track) or wrong or planned.reason or NOBODY
            gone = msgspec.structs.replace(track, phase=TrackPhase.NO_SOURCE, reason=reason, candidates=0)
            records.append(gone)
        news = [line for line in plan.lines if line not in self._said]
        words: list[Words] = [("info", line_of(self._job, self.record, line)) for line in news]
        self._said = frozenset(plan.lines)
        await self._around.ledger.write(self._job, *records, words=words)

    def _is_usable(self, track: TrackRecord, candidate: Candidate) -> bool:
        if candidate.content in track.tried:
            return False
        return candidate.backend != SOULSEEK or not self._waited.why_not(candidate.content)

    def _queued_at_user(self, track: TrackRecord) -> str:
        for key in self._around.lists.alive(track):
            state = self._around.lists.state(key)
            if state is not None and state.reason:
                return f"queued at a Soulseek user: {state.reason}"
        return ""

    def _running(self, track: TrackRecord) -> list[Candidate]:
        """The download begun before, where it is done or has sources though the plan names none."""
        name = track.content
        state = self._around.downloads.state(name) if name and not is_legacy(name) else None
        if state is None or track.content in track.tried:  # those at Soulseek users are taken up before
            return []
        fed = state.phase in (DownloadPhase.ACTIVE, DownloadPhase.CHECKING, DownloadPhase.FINISHING)
        if not fed and state.phase is not DownloadPhase.DONE:
            return []
        reasons = (track.why,) if track.why else ()
        return [Candidate(track.content, state.size, "mesh", canonical=track.canonical, reasons=reasons)]

    # -- the end -----------------------------------------------------------------------------------------------

    async def _judge(self) -> Stopped | None:
        """Sets the release's phase by what became of its tracks."""
        tracks = [t for t in self._job.tracks_of(self._index) if t.phase is not TrackPhase.SKIPPED]
        left = [track for track in tracks if track.phase not in SETTLED]
        failed = [track for track in tracks if track.phase is TrackPhase.FAILED]
        stopped = foremost(self._troubles)
        if stopped is None or (stopped.trouble is Trouble.HELD and len(self._held) < len(left)):
            if left:
                missing = f"{len(left)} of {_count(len(tracks), 'track')} have no source now"
                stopped = Stopped(Trouble.NO_SOURCE, _one_reason(left) or missing)
            elif failed:
                stopped = Stopped(Trouble.REFUSED, f"{failed[0].label}: {failed[0].reason}")
            else:
                stopped = None
        phase = Phase.DONE if stopped is None else _PHASES[stopped.trouble]
        record = msgspec.structs.replace(self.record, phase=phase, reason=stopped.reason if stopped else "")
        await self._around.ledger.write_if_it_can(self._job, record)
        return stopped


_PHASES = {
    Trouble.NO_SOURCE: Phase.WAITING,
    Trouble.CATALOGUE: Phase.WAITING,
    Trouble.STORAGE: Phase.FAILED,
    Trouble.REFUSED: Phase.FAILED,
    Trouble.HELD: Phase.PAUSED,
}


def _music(track: TrackRecord, release: str) -> Music:
    return Music(
        recording=Mbid(track.recording),
        release=Mbid(release),
        title=track.title,
        artist=track.artist,
        disc=track.disc,
        position=track.position,
        length=track.length,
    )


def _one_reason(tracks: Sequence[TrackRecord]) -> str:
    """What a single missing track says of itself; of several the number says more."""
    return f"{tracks[0].label}: {tracks[0].reason}" if len(tracks) == 1 and tracks[0].reason else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
