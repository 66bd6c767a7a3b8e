"""The database on its one owned thread (design.md 2.7).

Rules:
- A job is a plain function. It runs on the database thread inside a savepoint, alone; it returns values, never
  models or queries (those would touch the database from the caller's thread).
- Jobs that wait together share one commit. If that commit fails, each is run again by itself, so that only those
  at fault fail. A job must therefore have no effect outside the database.
- A job once queued runs, also if its caller is cancelled meanwhile; only its result is dropped.
- The queue is bounded: callers wait for room. Closing runs what is queued, then folds the log into the file.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, TypeVar, TypeVarTuple

import peewee
import trio

from slskmesh.errors import StorageError
from slskmesh.store.failures import translated
from slskmesh.store.migrate import PACKAGE, migrate
from slskmesh.store.models.base import connect, database

QUEUE_MAX: Final = 1024
BATCH_MAX: Final = 256

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Job:
    """One call: what to run and, later, how it went."""

    __slots__ = ("args", "done", "error", "fn", "value")

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.fn = fn
        self.args = args
        self.done = trio.Event()
        self.value: Any = None
        self.error: BaseException | None = None


class Store:
    """An open database; made by `open_store`. Used from one trio loop."""

    def __init__(self, path: Path, migrations: str) -> None:
        self.path = path
        self._migrations = migrations
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._room = trio.Semaphore(QUEUE_MAX)
        self._token = trio.lowlevel.current_trio_token()
        self._opened = trio.Event()
        self._ended = trio.Event()
        self._closing = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="slskmesh database", daemon=True)

    async def run(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        """What `fn(*args)` returned or raised on the database thread; StorageError where the machine failed."""
        await self._room.acquire()
        if self._closing:
            self._room.release()
            raise RuntimeError(f"{self.path} is closed")
        job = _Job(fn, args)
        self._queue.put(job)
        await job.done.wait()
        if job.error is not None:
            raise job.error
        result: T = job.value
        return result

    # -- the trio side -----------------------------------------------------------------------------------------

    async def _open(self) -> None:
        self._thread.start()
        await self._opened.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    async def _close(self) -> None:
        self._closing = True
        self._queue.put(None)
        await self._ended.wait()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _finished(self, jobs: list[_Job]) -> None:
        for job in jobs:
            self._room.release()
            job.done.set()

    def _thread_ended(self, failure: BaseException | None) -> None:
        self._closing = True
        self._failure = failure
        while not self._queue.empty():
            job = self._queue.get()
            if job is not None:
                job.error = failure or RuntimeError(f"{self.path} is closed")
                self._finished([job])
        self._opened.set()
        self._ended.set()

    # -- the database thread -----------------------------------------------------------------------------------

    def _main(self) -> None:
        failure: BaseException | None = None
        try:
            self._prepare()
            try:
                self._token.run_sync_soon(self._opened.set)
                while self._serve():
                    pass
                with contextlib.suppress(
                    peewee.OperationalError
                ):  # nothing is lost: the next start folds the log
                    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                database.close()
        except BaseException as error:  # noqa: BLE001 - handed to the loop, which raises it
            failure = translated(error, self.path)
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._thread_ended, failure)

    def _prepare(self) -> None:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be opened: {error.strerror or error}") from error
        try:
            connect(self.path)
            migrate(database, self.path, self._migrations)
        except BaseException:
            database.close()
            raise

    def _serve(self) -> bool:
        """Waits for jobs and runs those that came; False when the store is to be closed."""
        jobs: list[_Job] = []
        job = self._queue.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == BATCH_MAX:
                break
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
        if jobs:
            try:
                self._run_together(jobs)
            except BaseException as error:
                for job in jobs:
                    job.error = job.error or error
                raise
            finally:
                with contextlib.suppress(trio.RunFinishedError):
                    self._token.run_sync_soon(self._finished, jobs)
        return job is not None

    def _run_together(self, jobs: list[_Job]) -> None:
        try:
            with database.atomic():
                for job in jobs:
                    self._run_one(job)
        except (peewee.PeeweeException, _Undone) as error:
            if len(jobs) == 1:
                jobs[0].error = jobs[0].error or translated(error, self.path)
                return
            for job in jobs:
                self._run_together([job])

    def _run_one(self, job: _Job) -> None:
        job.value = job.error = None
        database.execute_sql("SAVEPOINT job")
        try:
            job.value = _plain(job.fn(*job.args))
        except BaseException as error:
            job.error = translated(error, self.path)
            if not database.connection().in_transaction:
                raise _Undone from error
            database.execute_sql("ROLLBACK TO job")
        database.execute_sql("RELEASE job")


class _Undone(Exception):
    """SQLite gave up the whole transaction (disk full, I/O error), other jobs' work with it."""


def _plain(value: T) -> T:
    """`value`, unless it would reach into the database later."""
    first = value[0] if isinstance(value, list | tuple) and value else value
    if isinstance(first, peewee.Model | peewee.Node | peewee.CursorWrapper):
        raise TypeError(f"a job returned a {type(first).__name__}; return values, not models or queries")
    return value


@contextlib.asynccontextmanager
async def open_store(path: Path, migrations: str = PACKAGE) -> AsyncIterator[Store]:
    """The store at `path`, made or brought up to date first. UserError: a newer one; StorageError: cannot be opened."""
    store = Store(path, migrations)
    with trio.CancelScope(shield=True):
        await store._open()
    try:
        yield store
    finally:
        with trio.CancelScope(shield=True):
            await store._close()
