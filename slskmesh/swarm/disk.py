"""The disk thread, the thread that reads back, and the chunk buffers.

Rules:
- One thread verifies and writes the chunks of all downloads, in order; jobs are plain functions, their results
  come back to trio in batches.
- A second thread runs the followers (whole-file hashing over what is written), so that the hash is nearly done when
  the last chunk arrives. A follower takes small steps; `unfollow` ends before any job queued after it.
- Every queued chunk lives in a buffer of the `Pool`, so the queue is bounded by the pool. Over half full means
  `congested`: then nobody asks for more chunks.
- A job raises StorageError for what the disk did; anything else it raises is our own fault and ends the engine.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
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
        self._followers: list[Callable[[], bool]] = []  # touched under the lock only
        self._stepping = threading.Lock()
        self._more = threading.Event()  # something was written, or the end has come
        self._ended = trio.Event()
        self._closing = False
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="slskmesh-disk", daemon=True)
        self._thread.start()
        self._reader = threading.Thread(target=self._follow, name="slskmesh-readback", daemon=True)
        self._reader.start()

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
        """Calls `step` whenever something was written; it does a little work and returns whether there was any."""
        self._jobs.put((partial(self._add_follower, step), None))

    def unfollow(self, step: Callable[[], bool]) -> None:
        """Takes a follower back, if it is one; it takes no step once a job queued after this runs."""
        self._jobs.put((partial(self._remove_follower, step), None))

    async def close(self) -> None:
        """Ends the thread after everything queued; gives up on a disk that hangs."""
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + STOP_SECONDS):
            await self._ended.wait()
            self._thread.join()
            self._reader.join()

    # -- in the threads ----------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            outcome: Any
            try:
                outcome = work()
            except Exception as error:  # noqa: BLE001 - carried to the loop, which raises what is our fault
                outcome = error
            if done is not None or isinstance(outcome, Exception):
                self._report(done or _raise, outcome)
            if self._followers:
                self._more.set()
        self._closed = True
        self._more.set()
        self._post(self._ended.set)

    def _follow(self) -> None:
        """Takes steps while there is anything to do for any follower."""
        while not self._closed:
            self._more.wait()
            self._more.clear()
            try:
                while self._step():
                    pass
            except Exception as error:  # noqa: BLE001 - carried to the loop, which raises what is our fault
                self._report(_raise, error)
                return

    def _step(self) -> bool:
        with self._stepping:
            return sum([follower() for follower in self._followers]) > 0

    def _add_follower(self, step: Callable[[], bool]) -> None:
        with self._stepping:
            self._followers.append(step)

    def _remove_follower(self, step: Callable[[], bool]) -> None:
        with self._stepping:
            self._followers = [follower for follower in self._followers if follower != step]

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
