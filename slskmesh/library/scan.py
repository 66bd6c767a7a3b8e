"""One scan over all shares: walk, compare with the database, hash what is new, write it down as it goes.

Rules:
- Nothing blocks the loop: walking, reading and hashing run in worker threads, a slice of at most SLICE seconds or
  BATCH files at a time, and each slice is written at once. A kill loses no more than the slices under way.
- Cancelled, it writes what is hashed and ends; the next scan goes on from there.
- A share that is not there, or is an empty mount point, is reported; its rows are kept and not offered.
- A file that cannot be read or changes while it is read is reported and tried again at the next scan.
- StorageError (the database's disk) ends the scan; what was written before stays.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar, TypeVarTuple, Unpack

import trio

from slskmesh.errors import StorageError
from slskmesh.library import rows
from slskmesh.library.diff import Difference, compare
from slskmesh.library.intake import Taken, take
from slskmesh.library.plan import Plan, Target, make_plan
from slskmesh.library.progress import Meter, ScanProgress, ScanSummary
from slskmesh.library.rows import RootState
from slskmesh.library.walk import Filter, Walk, inside, reason_of
from slskmesh.store.database import Store

WORKERS: Final = 2
SLICE: Final = 0.5  # seconds
BATCH: Final = 1000  # files
LARGE: Final = 64 * 1024 * 1024  # bytes; a file from here on does not make hashed ones wait to be written
TICK: Final = 0.25  # seconds between two reports
ROWS: Final = 1000  # rows changed in one transaction where nothing is hashed

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Report = Callable[[ScanProgress], None]


class _Halted(Exception):
    """The scan is being cancelled: a worker thread gives up what it is at."""


class Scan:
    """A scan, run once. `roots`: absolute paths; `follow_links`, `rules` and `private` as for `walk.Walk`."""

    def __init__(
        self,
        store: Store,
        roots: Sequence[bytes],
        report: Report,
        *,
        rules: Filter,
        follow_links: bool,
        private: Sequence[bytes] = (),
    ) -> None:
        self._store = store
        self._roots = roots
        self._report = report
        self._rules = rules
        self._follow = follow_links
        self._private = private
        self._halt = threading.Event()
        self._started = time.monotonic()
        self._meter = Meter(self._started)
        self._queue: deque[Target] = deque()
        self._limiter = trio.CapacityLimiter(WORKERS)
        self._seen = 0
        self._added = self._changed = 0
        self._failure: StorageError | None = None

    async def run(self) -> ScanSummary:
        """Scans to the end. StorageError where the database cannot be written."""
        summary: ScanSummary | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick)
            try:
                summary = await self._stages()
            except StorageError as exc:
                self._failure = exc
            nursery.cancel_scope.cancel()
        if summary is None:
            raise self._failure or AssertionError("a scan ended without a word")
        self._report(self._meter.look(time.monotonic()))
        return summary

    async def _stages(self) -> ScanSummary:
        plan = await self._in_thread(make_plan, await self._walk_all())
        self._queue = plan.targets
        self._meter.plan(len(plan.targets), plan.size, time.monotonic())
        await self._settle(plan)
        await self._hash_all()
        if self._changed or plan.gone or plan.moved:
            await self._store.run(rows.sweep)
        meter = self._meter
        return ScanSummary(
            added=self._added,
            changed=self._changed,
            moved=len(plan.moved),
            removed=len(plan.gone),
            unchanged=plan.unchanged,
            empty=plan.empty,
            hashed_bytes=meter.hashed_bytes,
            problems=tuple(meter.problems),
            problem_count=meter.problem_count,
            seconds=time.monotonic() - self._started,
        )

    # -- walking -----------------------------------------------------------------------------------------------

    async def _walk_all(self) -> list[tuple[RootState, Difference]]:
        """Each share that is there, with what is new, gone and changed in it."""
        reals = await self._in_thread(self._outermost)
        states = await self._store.run(rows.enlist, list(reals), int(time.time()))
        found = []
        for root in states:
            device = await self._in_thread(self._device_of, root)
            await self._store.run(rows.set_present, root.id, device is not None, device or 0)
            if device is not None:
                known = await self._store.run(rows.stamps, root.id)
                away = await self._store.run(rows.away, root.id)
                found.append(
                    (root, await self._in_thread(self._walk, root, list(reals.values()), known, away))
                )
        return found

    def _outermost(self) -> dict[bytes, bytes]:
        """Path to real path of the shares, without private folders and those inside another one."""
        reals = {root: os.path.realpath(root) for root in self._roots}
        kept: dict[bytes, bytes] = {}
        for root, real in sorted(reals.items(), key=lambda pair: len(pair[1])):
            if real in self._private:
                self._meter.note(root, "is slskmesh's own folder and never shared")
                continue
            outer = next((path for path, above in kept.items() if inside(real, above)), None)
            if outer is None:
                kept[root] = real
            else:
                self._meter.note(root, f"is inside the share {os.fsdecode(outer)!r} and scanned with it")
        return kept

    def _device_of(self, root: RootState) -> int | None:
        """The share's device number, or None where the share is not there, which is reported."""
        kept = "; its files are kept in the list and not offered" if root.files else ""
        try:
            status = os.stat(root.path)
            if not stat.S_ISDIR(status.st_mode):
                self._meter.note(root.path, "the share is not a folder" + kept)
                return None
            with os.scandir(root.path) as listing:
                empty = next(listing, None) is None
        except OSError as exc:
            self._meter.note(root.path, f"the share is not there: {reason_of(exc)}{kept}")
            return None
        if empty and root.files and status.st_dev != root.device:
            self._meter.note(root.path, "the share looks like a disk that is not mounted" + kept)
            return None
        return status.st_dev

    def _walk(
        self, root: RootState, reals: list[bytes], known: dict[bytes, bytes], away: set[bytes]
    ) -> Difference:
        walk = Walk(
            root.path,
            reals,
            self._meter.note,
            rules=self._rules,
            follow_links=self._follow,
            private=self._private,
            pulse=self._check,
        )
        before = self._seen
        found = compare(
            walk.entries(), known, away, walk.blind, lambda count: self._meter.seen(before + count)
        )
        self._seen = before + found.unchanged + found.empty + len(found.fresh)
        return found

    async def _settle(self, plan: Plan) -> None:
        """Writes what is known without hashing."""
        for marks in _parts(plan.marks):
            await self._store.run(rows.set_state, marks)
        for moved in _parts(plan.moved):
            await self._store.run(rows.move, moved)
        for gone in _parts(plan.gone):
            await self._store.run(rows.forget, gone)

    # -- hashing -----------------------------------------------------------------------------------------------

    async def _hash_all(self) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(WORKERS + 1):  # one more than threads: while one writes, no thread is idle
                nursery.start_soon(self._work, nursery.cancel_scope)
        if self._failure is not None:
            raise self._failure

    async def _work(self, all_workers: trio.CancelScope) -> None:
        while self._queue:
            taken = await self._in_thread(self._slice)
            try:
                with trio.CancelScope(shield=True):
                    await self._store.run(rows.put, [(target.root.id, item) for target, item in taken])
            except StorageError as exc:
                self._failure = exc
                self._halt.set()
                all_workers.cancel()
                return
            changed = sum(target.file.known for target, _ in taken)
            self._changed += changed
            self._added += len(taken) - changed

    def _slice(self) -> list[tuple[Target, Taken]]:
        """Takes files in until the slice is over; on a worker thread."""
        taken: list[tuple[Target, Taken]] = []
        until = time.monotonic() + SLICE
        while len(taken) < BATCH and time.monotonic() < until and not self._halt.is_set():
            try:
                target = self._queue.popleft()
            except IndexError:
                break
            if taken and target.file.size >= LARGE:
                self._queue.appendleft(target)
                break
            item = self._take(target)
            if item is not None:
                taken.append((target, item))
        return taken

    def _take(self, target: Target) -> Taken | None:
        path = target.file.path
        read = 0

        def pulse(size: int) -> None:
            nonlocal read
            read += size
            self._meter.add(size)
            self._check()

        self._meter.begin(path)
        try:
            item = take(target.root.path, path, follow_link=self._follow, pulse=pulse)
        except _Halted:
            return None
        except StorageError as exc:
            self._meter.note(path, str(exc))
            item = None
        if item is not None and item.problem:
            self._meter.note(path, item.problem)
        self._meter.finish(target.file.size, read)
        return item

    # -- threads and reports -----------------------------------------------------------------------------------

    async def _tick(self) -> None:
        try:
            while True:
                self._report(self._meter.look(time.monotonic()))
                await trio.sleep(TICK)
        finally:
            self._halt.set()

    def _check(self) -> None:
        if self._halt.is_set():
            raise _Halted

    async def _in_thread(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        try:
            return await trio.to_thread.run_sync(fn, *args, limiter=self._limiter)
        except _Halted:
            await trio.lowlevel.checkpoint()  # halted only while being cancelled: raises that
            raise


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """`items` in parts of at most ROWS."""
    for at in range(0, len(items), ROWS):
        yield items[at : at + ROWS]
