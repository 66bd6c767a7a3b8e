"""The disk thread and its buffers."""

from __future__ import annotations

import threading

import pytest
import trio

from slskmesh.errors import StorageError
from slskmesh.swarm.disk import Disk, Pool, open_disk


def test_the_pool_never_hands_out_more_than_its_limit_and_uses_buffers_again() -> None:
    pool = Pool(100)
    first, second = pool.take(40), pool.take(40)
    assert first is not None and second is not None
    assert pool.take(40) is None and pool.used == 80 and pool.congested
    pool.give(first)
    assert pool.take(40) is first
    pool.give(first)
    pool.give(second)
    assert pool.take(90) is not None  # spare buffers of another size give way
    assert pool._spare_bytes + pool.used <= 100
    assert pool.peak == 90


def test_a_forgotten_buffer_is_not_used_again() -> None:
    pool = Pool(100)
    buffer = pool.take(50)
    assert buffer is not None
    pool.forget(buffer)
    assert pool.used == 0 and pool.take(50) is not buffer


async def test_jobs_run_in_order_in_one_thread_and_results_come_back_on_the_loop() -> None:
    order: list[int] = []
    threads: set[int] = set()

    def work(number: int) -> int:
        threads.add(threading.get_ident())
        order.append(number)
        return number

    results: list[object] = []
    async with open_disk() as disk:
        for number in range(100):
            disk.submit(lambda number=number: work(number), results.append)  # type: ignore[misc]
        assert await disk.call(lambda: work(100)) == 100
    assert order == list(range(101))
    assert results == list(range(100))
    assert len(threads) == 1 and threading.get_ident() not in threads


async def test_closing_does_everything_that_was_queued() -> None:
    done: list[object] = []
    async with open_disk() as disk:
        for number in range(50):
            disk.submit(lambda number=number: number, done.append)  # type: ignore[misc]
    assert done == list(range(50))


async def test_storage_errors_come_back_and_the_thread_lives_on() -> None:
    def fail() -> None:
        raise StorageError("disk full")

    async with open_disk() as disk:
        with pytest.raises(StorageError, match="disk full"):
            await disk.call(fail)
        assert await disk.call(lambda: 1) == 1


async def test_a_cancelled_caller_leaves_the_job_to_run() -> None:
    gate, ran = threading.Event(), threading.Event()
    async with open_disk() as disk:
        with trio.move_on_after(0):
            await disk.call(lambda: gate.wait(5) and ran.set())
        assert not ran.is_set()
        gate.set()
    assert ran.is_set()


async def test_followers_step_until_they_are_taken_back() -> None:
    steps = 0
    idle = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def step() -> bool:
        nonlocal steps
        steps += 1
        if steps == 5:
            token.run_sync_soon(idle.set)
        return steps < 5

    async with open_disk() as disk:
        disk.follow(step)
        await idle.wait()
        disk.unfollow(step)
        await disk.call(lambda: None)
        seen = steps
        await disk.call(lambda: None)
        assert steps == seen
        assert isinstance(disk, Disk)
