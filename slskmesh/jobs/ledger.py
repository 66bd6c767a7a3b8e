"""The jobs in memory and on disk: one place that changes both, and tells of it.

Rules:
- A change is on disk before it is shown; a change and the lines that tell of it are one transaction.
- The order of work is changed by `reorder` alone; other writes of a job leave its position as it is.
- A write once begun is finished, also if its task is cancelled meanwhile, so that memory and disk stay one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec
import trio

from slskmesh.errors import StorageError
from slskmesh.identity.peerid import PeerId
from slskmesh.jobs import rows
from slskmesh.jobs.record import JobRecord, Record, ReleaseRecord, TrackRecord
from slskmesh.jobs.state import JobLine, LineLevel, Phase, Spec
from slskmesh.store.database import Store

Words: TypeAlias = tuple[LineLevel, str]


class Job:
    """One job in memory. `holders` are peers that showed what they have of its releases, since the start."""

    def __init__(self, record: JobRecord) -> None:
        self.record = record
        self.releases: dict[int, ReleaseRecord] = {}
        self.tracks: dict[int, TrackRecord] = {}
        self.changed: set[int] = set()  # releases of which a track changed since what is shown was summed up
        self._of_release: dict[int, dict[int, None]] = {}
        self.lines: deque[JobLine] = deque(maxlen=rows.LINES_MAX)
        self.told = 0  # lines so far
        self.revision = 0
        self.holders: set[PeerId] = set()
        self.lock = trio.Lock()  # commands of one job come one after the other
        self.scope: trio.CancelScope | None = None  # of the run
        self.stopped = trio.Event()

    @property
    def number(self) -> int:
        """The job's number."""
        return self.record.job

    @property
    def group(self) -> str:
        """What its downloads are called together."""
        return f"job-{self.record.job}"

    def tracks_of(self, index: int) -> list[TrackRecord]:
        """Tracks of one of its releases, in order."""
        return [self.tracks[key] for key in self._of_release.get(index, ())]

    def wanted(self, content: bytes) -> bool:
        """Whether a track of it is being fetched as this content, or was begun so."""
        return any(content == track.content or content in track.begun for track in self.tracks.values())

    def take(self, record: Record) -> None:
        """Puts a record in its place."""
        if isinstance(record, JobRecord):
            self.record = msgspec.structs.replace(record, position=self.record.position)
        elif isinstance(record, ReleaseRecord):
            self.releases[record.index] = record
        else:
            self.tracks[record.key] = record
            self._of_release.setdefault(record.index, {})[record.key] = None
            self.changed.add(record.index)


class Ledger:
    """See the head of this file."""

    def __init__(
        self, store: Store, wall: Callable[[], float], on_line: Callable[[int, JobLine], None]
    ) -> None:
        self._store = store
        self._wall = wall
        self._on_line = on_line
        self._jobs: dict[int, Job] = {}  # in the order of work

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)

    def now(self) -> float:
        """Unix seconds."""
        return self._wall()

    def find(self, number: int) -> Job | None:
        """The job of this number."""
        return self._jobs.get(number)

    async def load(self) -> None:
        """Reads all jobs. StorageError."""
        for kept in await self._store.run(rows.load):
            job = Job(kept.record)
            records: list[Record] = [*kept.releases, *kept.tracks]
            for record in records:
                job.take(record)
            job.lines.extend(line for _, line in kept.lines)
            job.told = kept.lines[-1][0] if kept.lines else 0
            self._jobs[job.number] = job

    async def enter(self, spec: Spec, title: str, words: Words) -> Job:
        """Adds a job at the end of the order. StorageError."""
        now = self._wall()
        position = max((job.record.position for job in self), default=0) + 1
        record = JobRecord(0, spec, title, position=position, added=now, updated=now)
        with trio.CancelScope(shield=True):
            number = await self._store.run(rows.enter, record)
            job = self._jobs[number] = Job(msgspec.structs.replace(record, job=number))
            await self.write(job, words=[words])
        return job

    async def write(self, job: Job, *records: Record, words: Sequence[Words] = ()) -> None:
        """Changes a job and says why. StorageError: nothing is changed."""
        lines = self._lines(job, words)
        with trio.CancelScope(shield=True):
            await self._store.run(rows.write, records, job.number, lines)
        self._show(job, records, lines)

    async def write_if_it_can(self, job: Job, *records: Record, words: Sequence[Words] = ()) -> None:
        """As `write`; where the disk fails the change holds until the end of the process, and a line says so."""
        try:
            await self.write(job, *records, words=words)
        except StorageError as error:
            self._show(job, records, self._lines(job, [*words, ("error", f"the job was not saved: {error}")]))

    def _lines(self, job: Job, words: Sequence[Words]) -> list[tuple[int, JobLine]]:
        """Numbered now, for another task may write to the job before this write is done."""
        now, first = self._wall(), job.told + 1
        job.told += len(words)
        return [(number, JobLine(now, *said)) for number, said in enumerate(words, first)]

    def _show(self, job: Job, records: Sequence[Record], lines: Sequence[tuple[int, JobLine]]) -> None:
        for record in records:
            job.take(record)
        for _, line in lines:
            job.lines.append(line)
            self._on_line(job.number, line)
        job.revision += 1

    async def phase(
        self,
        job: Job,
        phase: Phase,
        reason: str = "",
        *,
        words: Sequence[Words] = (),
        retry_at: float | None = None,
        attempts: int | None = None,
    ) -> None:
        """Moves a job to a phase, saved if the disk lets it."""
        record = msgspec.structs.replace(
            job.record,
            phase=phase,
            reason=reason,
            retry_at=retry_at,
            attempts=job.record.attempts if attempts is None else attempts,
            updated=self._wall(),
        )
        await self.write_if_it_can(job, record, words=words)

    async def remove(self, job: Job) -> None:
        """Takes a job off. StorageError: it stays."""
        with trio.CancelScope(shield=True):
            await self._store.run(rows.delete, job.number)
        del self._jobs[job.number]

    async def reorder(self, order: Sequence[int]) -> None:
        """Sets the order of work. StorageError: it stays as it was."""
        with trio.CancelScope(shield=True):
            await self._store.run(rows.reorder, order)
        for position, number in enumerate(order):
            job = self._jobs[number]
            job.record = msgspec.structs.replace(job.record, position=position)
        self._jobs = {number: self._jobs[number] for number in order}
