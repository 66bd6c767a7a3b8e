"""The bridge, the driver's fences and the pictures: each with small doubles."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from queue import Queue

import pytest

from slskmesh.engine.client import Batch
from slskmesh.engine.commands import Rescan, Search, Watch
from slskmesh.engine.events import Reply
from slskmesh.engine.job_views import JobsView
from slskmesh.engine.views import TransferState, TransfersView
from slskmesh.errors import UserError
from tests.tui.fake import FakeClient, status, transfer
from tests.tui.fake_jobs import job
from tests.tui.stage import play, stage
from tui.bridge import WAITING_MAX, Bridge, linger
from tui.driver import GuardedDriver
from tui.export import export


class Slow(FakeClient):
    """A client whose start takes until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def start(self, wake):  # type: ignore[no-untyped-def]
        self.gate.wait(5)
        super().start(wake)


def test_commands_given_before_the_engine_is_up_wait_in_order_and_bounded() -> None:
    async def scene() -> None:
        client, batches, failures = Slow(), [], []
        bridge = Bridge(client, 0, batches.append, failures.append)
        bridge.start()
        told: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        bridge.ask(Search("a"), told.set_result)
        for _ in range(WAITING_MAX + 50):
            bridge.ask(Rescan())
        assert not client.commands
        client.gate.set()
        await asyncio.wait_for(bridge.ready.wait(), 5)
        assert client.commands[0] == Search("a") and len(client.commands) == WAITING_MAX
        assert (await asyncio.wait_for(told, 5)).ok and not failures

    play(scene())


def test_a_failed_start_is_told() -> None:
    class Broken(FakeClient):
        def start(self, wake):  # type: ignore[no-untyped-def]
            raise UserError("no home")

    async def scene() -> None:
        told: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        Bridge(Broken(), 0, lambda batch: None, told.set_result).start()
        assert str(await asyncio.wait_for(told, 5)) == "no home"

    play(scene())


def test_many_wakes_from_another_thread_are_few_drains() -> None:
    async def scene() -> None:
        client = FakeClient()
        batches: list[Batch] = []
        bridge = Bridge(client, 0.05, batches.append, lambda error: None)
        bridge.start()
        await asyncio.wait_for(bridge.ready.wait(), 5)
        before = len(batches)

        def flood() -> None:
            for number in range(5_000):
                client.push(status(peers=number))

        await asyncio.to_thread(flood)
        seen = 0
        while seen != 4_999:
            await asyncio.sleep(0.01)
            views = [view for batch in batches for view in batch.views]
            seen = views[-1].peers if views else 0  # type: ignore[attr-defined]
        assert len(batches) - before < 100

    play(scene())


def test_after_close_nothing_is_drained() -> None:
    async def scene() -> None:
        client = FakeClient()
        batches: list[Batch] = []
        bridge = Bridge(client, 0, batches.append, lambda error: None)
        bridge.start()
        await asyncio.wait_for(bridge.ready.wait(), 5)
        await asyncio.sleep(0)
        bridge.close()
        before = len(batches)
        client.push(status())
        await asyncio.sleep(0.01)
        assert len(batches) == before

    play(scene())


def test_lingering_ends_when_no_download_runs() -> None:
    client = FakeClient()
    client.push(TransfersView((transfer(0, state=TransferState.DONE),)))
    linger(client, threading.Event(), running=2, poll=0.001)
    ended = threading.Event()
    ended.set()
    linger(FakeClient(), ended, running=2)


def test_lingering_waits_for_jobs_at_work_but_not_for_those_that_wait() -> None:
    class Counting(FakeClient):
        drained = 0

        def drain(self):  # type: ignore[no-untyped-def]
            self.drained += 1
            if self.drained == 3:
                self.push(JobsView((job(3), job(4), job(5))))
            return super().drain()

    client = Counting()
    linger(client, threading.Event(), running=0, jobs=1, poll=0.001)
    assert client.drained == 3
    busy = FakeClient()
    busy.push(JobsView((job(1),)))
    ended = threading.Event()
    threading.Timer(0.05, ended.set).start()
    linger(busy, ended, running=0, poll=0.001)
    assert ended.is_set(), "a running job keeps it"


class Writer:
    """A writer thread that takes nothing until it is emptied."""

    def __init__(self) -> None:
        self._queue: Queue[str | None] = Queue(3)

    def is_alive(self) -> bool:
        return True


def guarded() -> tuple[GuardedDriver, Writer, list[str]]:
    driver = GuardedDriver.__new__(GuardedDriver)
    writer, called = Writer(), []
    driver._writer_thread = writer  # type: ignore[assignment]
    driver._call_app = called.append  # type: ignore[method-assign]
    return driver, writer, called


def test_a_terminal_that_takes_nothing_never_blocks_and_is_painted_whole_later() -> None:
    driver, writer, called = guarded()
    for number in range(10):
        driver.write(str(number))
    assert driver.behind and writer._queue.qsize() == 3
    while not writer._queue.empty():
        writer._queue.get()
    driver.write("later")
    assert called == ["repaint_all"] and not driver.behind


def test_a_gone_terminal_is_not_written_to() -> None:
    driver, writer, _ = guarded()
    driver.gone = True
    driver.write("x")
    assert writer._queue.empty()


def test_stopping_gives_up_on_a_dead_terminal() -> None:
    driver, _, _ = guarded()
    driver._stopping = True
    for number in range(4):
        driver.write(str(number))
    assert driver.gone
    driver.close()


def test_an_error_of_ours_is_told_in_one_line_without_locals(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with stage() as st:
            secret = "seed-1234"
            try:
                raise RuntimeError("broken [/b]")
            except RuntimeError as error:
                assert secret
                st.app._handle_exception(error)
            shown = [str(line) for line in st.app._exit_renderables]
            assert shown == ["slskmesh: internal error: RuntimeError: broken [/b]"]

    with caplog.at_level(logging.CRITICAL, "slskmesh.terminal"), pytest.raises(RuntimeError):
        play(scene())


def test_a_picture_names_no_server(tmp_path: Path) -> None:
    async def scene() -> None:
        async with stage() as st:
            await export(st.app, tmp_path / "search.svg")

    play(scene())
    svg = (tmp_path / "search.svg").read_text()
    assert svg.startswith("<svg") and "MESH-ONLY" in svg
    assert "@font-face" not in svg and "https://" not in svg and "monospace" in svg
    assert Watch("") and svg.count("Fira") == 0
