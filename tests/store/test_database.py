import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import peewee
import pytest
import trio
import trio.testing

from slskmesh.errors import StorageError
from slskmesh.store import database as module
from slskmesh.store.database import BATCH_MAX, QUEUE_MAX, open_store
from slskmesh.store.models.base import Base, database


def add(name: str) -> int:
    return database.execute_sql("INSERT INTO thing VALUES (?)", (name,)).lastrowid


def names() -> list[str]:
    return [name for (name,) in database.execute_sql("SELECT name FROM thing ORDER BY rowid")]


async def test_a_job_runs_on_the_one_thread_and_returns_its_value(tmp_path: Path, things: str) -> None:
    async with open_store(tmp_path / "a.db", things) as store:
        threads = {await store.run(threading.get_ident) for _ in range(3)}
        assert len(threads) == 1 and threading.get_ident() not in threads
        assert await store.run(add, "x") == 1
        assert await store.run(names) == ["x"]


async def test_a_job_that_fails_takes_back_only_itself(tmp_path: Path, things: str) -> None:
    def half(name: str) -> None:
        add(name)
        raise LookupError("no")

    results: dict[str, object] = {}

    async def call(fn: Callable[[str], object], name: str) -> None:
        try:
            results[name] = await store.run(fn, name)
        except (LookupError, peewee.IntegrityError) as error:
            results[name] = type(error)

    async with open_store(tmp_path / "a.db", things) as store:
        async with hold(store), trio.open_nursery() as nursery:
            for fn, name in ((add, "a"), (half, "b"), (add, "c"), (add, "d")):
                nursery.start_soon(call, fn, name)
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
        with pytest.raises(peewee.IntegrityError):
            await store.run(add, "a")
        assert sorted(await store.run(names)) == ["a", "c", "d"]
    assert results["b"] is LookupError and isinstance(results["d"], int)


gate = threading.Event()


class hold:
    """Keeps the database thread busy until `gate` is set, so that what is queued meanwhile makes one batch."""

    def __init__(self, store: module.Store) -> None:
        self.store = store

    async def __aenter__(self) -> None:
        gate.clear()
        entered = trio.Event()
        token = trio.lowlevel.current_trio_token()
        self.nursery_manager = trio.open_nursery()
        nursery = await self.nursery_manager.__aenter__()

        def wait() -> None:
            token.run_sync_soon(entered.set)
            gate.wait()

        nursery.start_soon(self.store.run, wait)
        await entered.wait()

    async def __aexit__(self, *error: object) -> None:
        gate.set()
        await self.nursery_manager.__aexit__(None, None, None)


async def test_jobs_that_wait_together_share_a_commit(
    tmp_path: Path, things: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    together = module.Store._run_together
    monkeypatch.setattr(
        module.Store, "_run_together", lambda self, jobs: (begun.append(len(jobs)), together(self, jobs))[1]
    )
    async with open_store(tmp_path / "a.db", things) as store:
        async with hold(store), trio.open_nursery() as nursery:
            for i in range(BATCH_MAX + 10):
                nursery.start_soon(store.run, add, str(i))
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
        assert len(await store.run(names)) == BATCH_MAX + 10
    assert begun == [1, BATCH_MAX, 10, 1]


async def test_callers_wait_for_room(tmp_path: Path, things: str) -> None:
    async with open_store(tmp_path / "a.db", things) as store:
        async with hold(store), trio.open_nursery() as nursery:
            for i in range(QUEUE_MAX + 50):
                nursery.start_soon(store.run, add, str(i))
            await trio.testing.wait_all_tasks_blocked()
            assert store._queue.qsize() == QUEUE_MAX - 1
            gate.set()
        assert len(await store.run(names)) == QUEUE_MAX + 50


async def test_a_cancelled_callers_job_still_runs(tmp_path: Path, things: str) -> None:
    async with open_store(tmp_path / "a.db", things) as store:
        async with hold(store):
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(store.run, add, "x")
                    await trio.testing.wait_all_tasks_blocked()
                    scope.cancel()
            assert scope.cancelled_caught
        assert await store.run(names) == ["x"]
        assert store._room.value == QUEUE_MAX


async def test_closing_runs_what_is_queued_and_folds_the_log(tmp_path: Path, things: str) -> None:
    path = tmp_path / "a.db"
    with trio.CancelScope() as scope:
        async with open_store(path, things) as store:
            async with trio.open_nursery() as nursery:
                for i in range(20):
                    nursery.start_soon(store.run, add, str(i))
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
    assert not store._thread.is_alive()
    assert not path.with_name("a.db-wal").exists()
    with pytest.raises(RuntimeError, match="closed"):
        await store.run(names)
    async with open_store(path, things) as store:
        assert len(await store.run(names)) == 20


async def test_two_stores_in_one_process_do_not_meet(tmp_path: Path, things: str) -> None:
    async with open_store(tmp_path / "a.db", things) as one, open_store(tmp_path / "b.db", things) as two:
        await one.run(add, "in a")
        await two.run(add, "in b")
        assert await one.run(names) == ["in a"]
        assert await two.run(names) == ["in b"]


async def test_a_query_on_another_thread_raises(tmp_path: Path, things: str) -> None:
    async with open_store(tmp_path / "a.db", things):
        with pytest.raises(peewee.InterfaceError):
            names()


class Thing(Base):
    name = peewee.TextField(primary_key=True)


async def test_models_and_queries_do_not_leave_the_thread(tmp_path: Path, things: str) -> None:
    async with open_store(tmp_path / "a.db", things) as store:
        await store.run(add, "x")
        for leak in (
            lambda: Thing.get(),
            lambda: list(Thing.select()),
            lambda: Thing.select(),
            lambda: Thing.select().execute(),
        ):
            with pytest.raises(TypeError, match="not models"):
                await store.run(leak)
        assert await store.run(lambda: list(Thing.select().tuples())) == [("x",)]


async def test_a_full_disk_is_a_storage_error_and_other_jobs_keep_their_work(
    tmp_path: Path, things: str
) -> None:
    def fill() -> None:
        (pages,) = database.execute_sql("PRAGMA page_count").fetchone()
        database.execute_sql(f"PRAGMA max_page_count = {pages + 4}")
        for i in range(1000):
            add("x" * 1000 + str(i))

    def relieve() -> None:
        database.execute_sql("PRAGMA max_page_count = 1000000")

    full = trio.Event()

    async def expect_full() -> None:
        with pytest.raises(StorageError, match=r"a\.db: the disk is full"):
            await store.run(fill)
        full.set()

    async with open_store(tmp_path / "a.db", things) as store:
        async with hold(store), trio.open_nursery() as nursery:
            nursery.start_soon(store.run, add, "one")
            nursery.start_soon(expect_full)
            nursery.start_soon(store.run, add, "two")
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
        assert full.is_set()
        await store.run(relieve)
        await store.run(add, "three")
        assert sorted(await store.run(names)) == ["one", "three", "two"]


async def test_when_sqlite_gives_up_the_transaction_the_others_are_run_again(
    tmp_path: Path, things: str
) -> None:
    def undo() -> None:
        database.connection().rollback()
        raise sqlite3.OperationalError("disk I/O error")

    undone = trio.Event()

    async def expect() -> None:
        with pytest.raises(sqlite3.OperationalError):
            await store.run(undo)
        undone.set()

    async with open_store(tmp_path / "a.db", things) as store:
        async with hold(store), trio.open_nursery() as nursery:
            nursery.start_soon(store.run, add, "one")
            nursery.start_soon(expect)
            nursery.start_soon(store.run, add, "two")
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
        assert undone.is_set()
        assert sorted(await store.run(names)) == ["one", "two"]


WRITER = """
import sys
from pathlib import Path
import trio
import trio.testing
from slskmesh.store.database import open_store
from slskmesh.store.models.base import database

def pair(i):
    database.execute_sql("INSERT INTO thing VALUES (?)", (f"a{i}",))
    database.execute_sql("INSERT INTO thing VALUES (?)", (f"b{i}",))
    return i

async def main():
    async with open_store(Path(sys.argv[1]), sys.argv[2]) as store:
        for i in range(10**9):
            print(await store.run(pair, i), flush=True)

trio.run(main)
"""


async def reopened(path: Path, things: str) -> list[str]:
    async with open_store(path, things) as store:
        assert await store.run(lambda: database.execute_sql("PRAGMA integrity_check").fetchall()) == [("ok",)]
        return await store.run(names)


def test_a_kill_keeps_what_was_told_and_never_half_a_job(tmp_path: Path, things: str) -> None:
    path = tmp_path / "a.db"
    command = [sys.executable, "-c", WRITER, str(path), things]
    env = os.environ | {"PYTHONPATH": str(tmp_path / "code")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(300)]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    kept = trio.run(reopened, path, things)
    firsts = {int(name[1:]) for name in kept if name[0] == "a"}
    seconds = {int(name[1:]) for name in kept if name[0] == "b"}
    assert firsts == seconds >= set(told)
