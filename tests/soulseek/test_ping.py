"""The round trip to the server: measured, bounded, one at a time, and nobody else hears of it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
import trio

from slskmesh.soulseek import pings
from slskmesh.soulseek.pings import Pings
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.values import Outcome, ServerChanged
from slskmesh.work import LocalBudget
from tests.demo.soulseek_line import ServerProcess

from .scripted import PRIVILEGES, Person, ScriptedServer, framed, u32

PATIENCE = 60


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slskmesh.soulseek.calls.PING_SECONDS", float(PATIENCE))


@pytest.fixture
async def server(nursery: trio.Nursery) -> ScriptedServer:
    there = ScriptedServer()
    await nursery.start(there.serve)
    return there


@pytest.fixture
async def anna(nursery: trio.Nursery, server: ScriptedServer) -> Person:
    person = Person("anna")
    await nursery.start(person.client.run)
    assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
    await person.hears(lambda event: isinstance(event, ServerChanged))
    await server.until(PRIVILEGES, "anna")  # the library's own, at the login
    return person


def asked(server: ScriptedServer) -> int:
    return sum(code == PRIVILEGES for _, code, _ in server.seen)


async def until_asked(server: ScriptedServer, times: int) -> None:
    with trio.fail_after(PATIENCE):
        async with server.heard:
            while asked(server) < times:
                await server.heard.wait()


async def test_it_is_measured_and_tells_nobody_anything(anna: Person, server: ScriptedServer) -> None:
    before, told = asked(server), list(anna.events)
    began = trio.current_time()
    took = await anna.client.ping(LocalBudget())
    assert took is not None and 0 < took <= trio.current_time() - began
    assert await anna.client.ping(LocalBudget()) is not None
    await until_asked(server, before + 2)
    assert asked(server) == before + 2
    assert anna.events == told


async def test_a_server_that_stops_answering_is_not_waited_for_and_may_begin_again(
    anna: Person, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ignored.add(PRIVILEGES)
    with monkeypatch.context() as patch:
        patch.setattr("slskmesh.soulseek.calls.PING_SECONDS", 0.2)
        assert await anna.client.ping(LocalBudget()) is None
        assert anna.client.online
    server.ignored.clear()
    await server.tell("anna", framed(PRIVILEGES, u32(0)))  # the answer, too late for anybody
    assert await anna.client.ping(LocalBudget()) is not None


async def test_a_lost_line_ends_it_with_words(
    anna: Person, server: ScriptedServer, nursery: trio.Nursery
) -> None:
    server.ignored.add(PRIVILEGES)
    before, failed = asked(server), trio.Event()

    async def pinging() -> None:
        with pytest.raises(Offline):
            await anna.client.ping(LocalBudget())
        failed.set()

    nursery.start_soon(pinging)
    await until_asked(server, before + 1)
    await server.lines["anna"].aclose()
    with trio.fail_after(PATIENCE):
        await failed.wait()
    with pytest.raises(Offline, match="connect first"):
        await anna.client.ping(LocalBudget())


async def test_one_at_a_time(anna: Person, server: ScriptedServer, nursery: trio.Nursery) -> None:
    server.ignored.add(PRIVILEGES)
    before, took = asked(server), list[float | None]()

    async def pinging() -> None:
        took.append(await anna.client.ping(LocalBudget()))

    async with trio.open_nursery() as both:
        both.start_soon(pinging)
        both.start_soon(pinging)
        await until_asked(server, before + 1)
        await anna.client.watch("x", False)  # a round trip through the client: the second one waits
        assert asked(server) == before + 1
        await server.tell("anna", framed(PRIVILEGES, u32(0)))
        await until_asked(server, before + 2)
        await server.tell("anna", framed(PRIVILEGES, u32(0)))
    assert len(took) == 2 and None not in took


async def of_the_demo(port: int, pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Person("anna")
    async with trio.open_nursery() as nursery:
        await nursery.start(anna.client.run)
        assert await anna.client.connect(anna.line(port)) is Outcome.ONLINE
        assert await anna.client.ping(LocalBudget()) is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            with monkeypatch.context() as patch:
                patch.setattr("slskmesh.soulseek.calls.PING_SECONDS", 0.2)
                assert await anna.client.ping(LocalBudget()) is None
        finally:
            os.kill(pid, signal.SIGCONT)
        assert await anna.client.ping(LocalBudget()) is not None
        nursery.cancel_scope.cancel()


def test_the_demos_server_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ServerProcess(tmp_path) as server:
        port = int(server.address.rpartition(":")[2])
        trio.run(of_the_demo, port, server.child.pid, monkeypatch)


def test_answers_are_told_to_who_asked() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        first, second, third = (loop.create_future() for _ in range(3))
        order = Pings()
        order.answered(0.0)  # to nobody
        order.began(0.0)
        order.sent(0.1, first)
        order.answered(0.2)  # the library's own
        assert not first.done()
        order.answered(0.3)
        assert first.result() == 0.3
        order.sent(1.0, second)
        second.cancel()
        order.sent(2.0, third)
        order.answered(2.1)  # late, the second's
        assert not third.done()
        order.answered(2.2)
        assert third.result() == 2.2

    asyncio.run(main())


def test_a_question_that_was_left_out_does_not_shift_the_answers_for_ever() -> None:
    async def main() -> None:
        order = Pings()
        order.began(0.0)  # never answered
        for number in range(1, 4):
            answer = asyncio.get_running_loop().create_future()
            order.sent(number * (pings.LATE + 1), answer)
            order.answered(number * (pings.LATE + 1) + 0.5)
            assert answer.result() == number * (pings.LATE + 1) + 0.5

    asyncio.run(main())
