"""The end of the client, as who shares its nursery sees it: one more step says `Offline`, and nothing hangs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from slskmesh.soulseek.client import LegacyClient
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.thread import AsyncioThread
from slskmesh.soulseek.values import LegacyEvent, Listing, Outcome, RemoteFile, ServerSaid
from slskmesh.work import LocalBudget

from .scripted import Person, Rule, ScriptedServer, Shelf

PATIENCE = 60


async def _all(listings: AsyncIterator[Listing]) -> None:
    async for _ in listings:
        pass


# Every call that waits. What needs no session before there is one does nothing, also after the end.
CALLS: dict[str, Callable[[LegacyClient], Awaitable[object]]] = {
    "connect": lambda client: client.connect(Person("anna").line(1)),
    "watch": lambda client: client.watch("ben", True),
    "ping": lambda client: client.ping(LocalBudget()),
    "search": lambda client: client.search("words", LocalBudget()),
    "wish": lambda client: client.wish("words", LocalBudget()),
    "browse": lambda client: _all(client.browse("ben", LocalBudget())),
    "folder": lambda client: client.folder("ben", "a", LocalBudget()),
    "user_info": lambda client: client.user_info("ben", LocalBudget()),
    "download": lambda client: client.download("ben", RemoteFile("a", 1), Path("/nowhere"), LocalBudget()),
    "place": lambda client: client.place(1, LocalBudget()),
    "rooms": lambda client: client.rooms(LocalBudget()),
    "join": lambda client: client.join("jazz", LocalBudget()),
    "say": lambda client: client.say("jazz", "hello", LocalBudget()),
    "ticker": lambda client: client.ticker("jazz", "hello", LocalBudget()),
    "whisper": lambda client: client.whisper("ben", "hello", LocalBudget()),
}
NEEDLESS: dict[str, Callable[[LegacyClient], Awaitable[object]]] = {
    "disconnect": lambda client: client.disconnect(),
    "pause": lambda client: client.pause(1),
    "abort": lambda client: client.abort(1),
    "leave": lambda client: client.leave("jazz"),
    "shares_changed": lambda client: client.shares_changed(),
}


@pytest.fixture
async def server(nursery: trio.Nursery) -> ScriptedServer:
    there = ScriptedServer()
    await nursery.start(there.serve)
    return there


async def test_before_it_is_run_it_is_a_fault_of_the_caller() -> None:
    client = LegacyClient(Shelf(), Rule())
    for name in ("connect", "watch"):
        with pytest.raises(RuntimeError, match="not run"):
            await CALLS[name](client)


async def test_after_it_ended_each_call_says_so(server: ScriptedServer) -> None:
    anna = Person("anna")
    async with trio.open_nursery() as nursery:
        await nursery.start(anna.client.run)
        assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
        nursery.cancel_scope.cancel()
    for call in CALLS.values():
        with pytest.raises(Offline):
            await call(anna.client)
    for call in NEEDLESS.values():
        await call(anna.client)
    anna.client.acknowledge(1)
    anna.client.forget_search(1)
    assert not anna.client.online and anna.client.listening is None


@pytest.mark.parametrize("name", [*CALLS, *NEEDLESS])
async def test_one_more_step_while_the_nursery_is_cancelled(server: ScriptedServer, name: str) -> None:
    """As a task does that was started a moment before: it runs to its first wait before it is cancelled."""
    anna, ended = Person("anna"), list[str]()

    async def one_more() -> None:
        with trio.CancelScope(shield=True):  # its step is done, whatever is cancelled around it
            while anna.client._token is not None:
                await trio.lowlevel.checkpoint()
            try:
                await (CALLS | NEEDLESS)[name](anna.client)
            except Offline:
                ended.append("offline")
            else:
                ended.append("done")

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            await nursery.start(anna.client.run)
            assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
            nursery.start_soon(one_more)
            nursery.cancel_scope.cancel()
    assert ended == ["offline" if name in CALLS else "done"]


async def test_ended_at_each_moment_of_its_start_and_run_again(server: ScriptedServer) -> None:
    """Steps of the scheduler between the call and the end; with every one of them the thread is gone afterwards."""
    anna = Person("anna")
    for steps in range(25):

        async def connecting() -> None:
            with trio.CancelScope(shield=True):
                try:
                    outcome = await anna.client.connect(anna.line(server.port))
                except Offline:
                    return
                assert outcome in (Outcome.ONLINE, Outcome.LOST)

        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                await nursery.start(anna.client.run)
                nursery.start_soon(connecting)
                for _ in range(steps):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
        assert anna.client._thread is None and anna.client._calls is None
    async with trio.open_nursery() as nursery:
        await nursery.start(anna.client.run)
        assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
        nursery.cancel_scope.cancel()


async def test_the_handler_hears_nothing_once_it_is_cancelled() -> None:
    """It may start tasks in a nursery that is over by then."""
    client, heard = LegacyClient(Shelf(), Rule()), list[LegacyEvent]()
    client.on_event(heard.append)
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        await wait_all_tasks_blocked()
        client._put(ServerSaid("first"))
        await wait_all_tasks_blocked()
        client._inbox.put(ServerSaid("second"))
        client._wake()  # it is about to go on, when it is cancelled
        nursery.cancel_scope.cancel()
    assert heard == [ServerSaid("first")]


async def test_a_thread_is_stopped_while_it_starts() -> None:
    for _ in range(20):
        thread = AsyncioThread("test asyncio")
        begun = trio.Event()

        async def starting(thread: AsyncioThread = thread, begun: trio.Event = begun) -> None:
            begun.set()
            await thread.start()

        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(starting)
                await begun.wait()
                await thread.stop()
        assert not thread._thread.is_alive()
    never = AsyncioThread("test asyncio")
    await never.stop()
