"""The asyncio thread beside trio: values, errors, cancellation, endings."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from slskmesh.soulseek.thread import AsyncioThread, ThreadEnded


@pytest.fixture
async def thread() -> AsyncIterator[AsyncioThread]:
    made = AsyncioThread("test asyncio")
    await made.start()
    yield made
    await made.stop()


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def test_values_and_errors_come_back(thread: AsyncioThread) -> None:
    async def fail() -> None:
        raise LookupError("as it was")

    assert await thread.call(double, 21) == 42
    with pytest.raises(LookupError, match="as it was"):
        await thread.call(fail)
    assert await thread.call(double, 1) == 2


async def test_trio_goes_on_only_after_asyncio_has_unwound(thread: AsyncioThread) -> None:
    steps: list[str] = []
    begun = threading.Event()

    async def slow() -> None:
        begun.set()
        try:
            await asyncio.sleep(99)
        finally:
            await asyncio.sleep(0.05)
            steps.append("unwound")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(thread.call, slow)
        await trio.to_thread.run_sync(begun.wait)
        nursery.cancel_scope.cancel()
    steps.append("trio goes on")
    assert nursery.cancel_scope.cancelled_caught
    assert steps == ["unwound", "trio goes on"]


async def test_cancelled_while_asyncio_is_busy(thread: AsyncioThread) -> None:
    ran = []

    async def never() -> None:
        await asyncio.sleep(0)
        ran.append("a cancelled call")

    busy = threading.Event()
    thread.post(busy.wait, 5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(thread.call, never)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        busy.set()
    assert ran == []
    assert await thread.call(double, 2) == 4


async def test_a_call_that_is_done_before_the_cancellation_gets_there_keeps_its_value(
    thread: AsyncioThread,
) -> None:
    begun, kept = threading.Event(), list[str]()

    async def stubborn() -> str:
        begun.set()
        try:
            await asyncio.sleep(99)
        except asyncio.CancelledError:
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
        return "kept"

    async def calling() -> None:
        kept.append(await thread.call(stubborn))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(calling)
        await trio.to_thread.run_sync(begun.wait)
        nursery.cancel_scope.cancel()
    assert kept == ["kept"]


async def test_stopping_ends_what_waits() -> None:
    thread = AsyncioThread("test asyncio")
    await thread.start()
    outcome: list[str] = []

    async def wait() -> None:
        try:
            await thread.call(asyncio.sleep, 99)
        except ThreadEnded:
            outcome.append("ended")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await thread.stop()
    assert outcome == ["ended"]
    with pytest.raises(ThreadEnded):
        await thread.call(double, 1)
    thread.post(outcome.append, "nobody")


async def test_many_calls_at_once(thread: AsyncioThread) -> None:
    results: list[int] = []

    async def one(number: int) -> None:
        results.append(await thread.call(double, number))

    async with trio.open_nursery() as nursery:
        for number in range(300):
            nursery.start_soon(one, number)
    assert sorted(results) == [2 * number for number in range(300)]


async def test_it_ends_cleanly_fifty_times() -> None:
    before = threading.active_count()
    for number in range(50):
        thread = AsyncioThread("test asyncio")
        await thread.start()
        assert await thread.call(double, number) == 2 * number
        await thread.stop()
    assert "test asyncio" not in {there.name for there in threading.enumerate()}
    assert threading.active_count() <= before + 2  # trio's own worker threads


def test_the_engine_may_end_first() -> None:
    kept: list[AsyncioThread] = []

    async def late() -> None:
        await asyncio.sleep(0.1)

    async def main() -> None:
        thread = AsyncioThread("test asyncio")
        kept.append(thread)
        await thread.start()
        thread.post(lambda: asyncio.get_running_loop().create_task(late()))

    trio.run(main)
    thread = kept[0]
    assert thread._stop is not None
    thread.post(thread._stop.set)
    thread._thread.join(5)
    assert not thread._thread.is_alive()


async def test_a_fault_nobody_waits_for_is_counted_without_its_text(
    thread: AsyncioThread, caplog: pytest.LogCaptureFixture
) -> None:
    async def bad() -> None:
        raise ValueError("anna's secret")

    async def forget() -> None:
        task = asyncio.ensure_future(bad())
        await asyncio.sleep(0.01)
        del task
        gc.collect()

    await thread.call(forget)
    assert thread.faults == 1
    assert "ValueError" in caplog.text
    assert "anna" not in caplog.text
