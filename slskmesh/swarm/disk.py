"""The disk thread and the chunk buffers: hashing and writing of all downloads happens here, in order.

Rules:
- One thread, so that bytes are verified, written and read back without two threads taking turns on one disk;
  jobs are plain functions, their results come back to trio in batches.
- Every queued chunk lives in a buffer of the `Pool`, so the queue is bounded by the pool. Over half full means
  `congested`: then nobody asks for more chunks.
- A job raises StorageError for what the disk did; anything else it raises is our own fault and ends the engine.
- While nothing waits, followers (whole-file hashing) take small steps.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import trio

from slskmesh.errors import StorageError

T = TypeVar("T")
POOL_BYTES = 32 << 20
STOP_SECONDS = 10.0


class Pool:
    """Chunk buffers, at most `limit` bytes of them in use; buffers given back are used again."""

    def __init__(self, limit: int = POOL_BYTES) -> None:
        self.limit = limit
        self.used = 0
        self.promised = 0  # bytes asked of peers that have no buffer yet, kept by the transfers
        self.peak = 0
        self._spare: dict[int, list[bytearray]] = {}
        self._spare_bytes = 0

    @property
    def congested(self) -> bool:
        """More than half of the limit is in use."""
        return self.used * 2 > self.limit

    def take(self, size: int) -> bytearray | None:
        """A buffer of `size` bytes with any content, None when the limit is reached."""
        if self.used + size > self.limit:
            return None
        self.used += size
        self.peak = max(self.peak, self.used)
        spare = self._spare.get(size)
        if spare:
            self._spare_bytes -= size
            return spare.pop()
        if self.used + self._spare_bytes > self.limit:
            self._spare.clear()
            self._spare_bytes = 0
        return bytearray(size)

    def give(self, buffer: bytearray) -> None:
        """The buffer is free and nobody writes into it any more."""
        self.used -= len(buffer)
        self._spare.setdefault(len(buffer), []).append(buffer)
        self._spare_bytes += len(buffer)

    def forget(self, buffer: bytearray) -> None:
        """The buffer is not needed any more, but somebody may still write into it: it is not used again."""
        self.used -= len(buffer)


class Disk:
    """The disk thread, seen from the engine's loop. Made by `open_disk`."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._token = trio.lowlevel.current_trio_token()
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None] | None] | None]
        self._jobs = queue.SimpleQueue()
        self._results: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._followers: list[Callable[[], bool]] = []  # touched by the thread only
        self._ended = trio.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="slskmesh-disk", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T], done: Callable[[T | StorageError], None]) -> None:
        """Queues `work` for the thread; `done` gets its result, or its StorageError, on the engine's loop."""
        self._jobs.put((work, done))

    async def call(self, work: Callable[[], T]) -> T:
        """Runs `work` in the thread, after everything queued before it. A cancelled caller's work still runs."""
        box: list[T | StorageError] = []
        ready = trio.Event()

        def done(outcome: T | StorageError) -> None:
            box.append(outcome)
            ready.set()

        self.submit(work, done)
        await ready.wait()
        outcome = box[0]
        if isinstance(outcome, StorageError):
            raise outcome
        return outcome

    def follow(self, step: Callable[[], bool]) -> None:
        """Calls `step` while nothing waits; it does a little work and returns whether there was any."""
        self._jobs.put((lambda: self._followers.append(step), None))

    def unfollow(self, step: Callable[[], bool]) -> None:
        """Takes a follower back, if it is one."""
        self._jobs.put((lambda: self._unfollow(step), None))

    async def close(self) -> None:
        """Ends the thread after everything queued; gives up on a disk that hangs."""
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + STOP_SECONDS):
            await self._ended.wait()
            self._thread.join()

    # -- in the thread -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._next()) is not None:
            work, done = job
            outcome: Any
            try:
                outcome = work()
            except Exception as error:  # noqa: BLE001 - carried to the loop, which raises what is our fault
                outcome = error
            if done is not None or isinstance(outcome, Exception):
                self._report(done or _raise, outcome)
        self._post(self._ended.set)

    def _unfollow(self, step: Callable[[], bool]) -> None:
        self._followers = [follower for follower in self._followers if follower != step]

    def _next(self) -> tuple[Callable[[], Any], Callable[[Any], None] | None] | None:
        while True:
            try:
                return self._jobs.get_nowait()
            except queue.Empty:
                if not sum(step() for step in self._followers):
                    return self._jobs.get()

    def _report(self, done: Callable[[Any], None], outcome: Any) -> None:
        self._results.append((done, outcome))
        if len(self._results) == 1:
            self._post(self._deliver)

    def _post(self, function: Callable[[], Any]) -> None:
        try:
            self._token.run_sync_soon(function)
        except trio.RunFinishedError:
            return  # nobody is left to tell

    # -- on the loop -------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        while self._results:
            done, outcome = self._results[0]
            if isinstance(outcome, Exception) and not isinstance(outcome, StorageError):
                raise outcome
            done(outcome)
            self._results.popleft()


def _raise(outcome: Any) -> None:
    raise outcome


@asynccontextmanager
async def open_disk(pool: Pool | None = None) -> AsyncIterator[Disk]:
    """The disk thread for the length of the body. It must outlive everything that uses it."""
    disk = Disk(pool or Pool())
    try:
        yield disk
    finally:
        await disk.close()
