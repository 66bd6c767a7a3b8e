"""How an attempt to be on the server ends, and how a session does: each outcome on real sockets."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable

import pytest
import trio

from slskmesh.errors import UserError
from slskmesh.soulseek import session
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.values import (
    Outcome,
    PhrasesExcluded,
    ServerChanged,
    ServerSaid,
    WishInterval,
)
from slskmesh.work import LocalBudget, RemoteBudget

from .scripted import (
    ANNOUNCE,
    INTERVAL,
    KICK,
    LOGIN,
    PHRASES,
    SEARCH,
    SET_PORT,
    Person,
    ScriptedServer,
    framed,
    message,
    refusal,
    text,
    u32,
)

Handler = Callable[[trio.SocketStream], Awaitable[bool]]


@pytest.fixture
async def server(nursery: trio.Nursery) -> ScriptedServer:
    there = ScriptedServer()
    await nursery.start(there.serve)
    return there


@pytest.fixture
async def anna(nursery: trio.Nursery) -> Person:
    person = Person("anna")
    await nursery.start(person.client.run)
    return person


def answers(data: bytes) -> Handler:
    async def answer(stream: trio.SocketStream) -> bool:
        await message(stream)
        await stream.send_all(data)
        await stream.receive_some(1)
        return False

    return answer


async def closes(stream: trio.SocketStream) -> bool:
    return False


async def closes_later(stream: trio.SocketStream) -> bool:
    await message(stream)
    return False


@pytest.mark.parametrize(
    ("handler", "outcome", "words"),
    [
        (answers(refusal("INVALIDPASS")), Outcome.WRONG_PASSWORD, "INVALIDPASS"),
        (answers(refusal("EMPTYPASSWORD")), Outcome.WRONG_PASSWORD, "EMPTYPASSWORD"),
        (answers(refusal("INVALIDUSERNAME", "Nick too long.")), Outcome.BAD_NAME, "Nick too long."),
        (answers(refusal("INVALIDVERSION")), Outcome.BAD_VERSION, "INVALIDVERSION"),
        (answers(refusal("SVRFULL")), Outcome.FULL, "SVRFULL"),
        (answers(refusal("SOMETHING NEW")), Outcome.BAD_NAME, "SOMETHING NEW"),
        (closes, Outcome.ADDRESS_BAN, ""),
        (closes_later, Outcome.ADDRESS_BAN, ""),
        (answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Outcome.UNREACHABLE, "not a Soulseek server"),
        (answers(framed(SEARCH, text("x"))), Outcome.UNREACHABLE, "not a Soulseek server"),
    ],
)
async def test_refused(
    server: ScriptedServer, anna: Person, handler: Handler, outcome: Outcome, words: str
) -> None:
    server.on_login = handler
    assert await anna.client.connect(anna.line(server.port)) is outcome
    assert not anna.client.online
    told = await anna.hears(lambda event: isinstance(event, ServerChanged))
    assert isinstance(told, ServerChanged)
    assert told.outcome is outcome
    assert words in told.text
    server.on_login = None
    assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE


async def test_a_server_that_says_nothing(
    server: ScriptedServer, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = trio.Event()

    async def mute(stream: trio.SocketStream) -> bool:
        while await stream.receive_some():
            pass
        ended.set()
        return False

    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.3)
    server.on_login = mute
    assert await anna.client.connect(anna.line(server.port)) is Outcome.NO_ANSWER
    with trio.fail_after(60):
        await ended.wait()


async def test_nobody_listens(anna: Person) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    assert await anna.client.connect(anna.line(port)) is Outcome.UNREACHABLE


async def test_kicked_is_told_once(server: ScriptedServer, anna: Person) -> None:
    await anna.client.connect(anna.line(server.port))
    await server.tell("anna", framed(KICK))
    await anna.hears(lambda event: event == ServerChanged(Outcome.KICKED))
    assert not anna.client.online
    assert [event.outcome for event in anna.events if isinstance(event, ServerChanged)] == [
        Outcome.ONLINE,
        Outcome.KICKED,
    ]
    with pytest.raises(Offline):
        await anna.client.search("words", LocalBudget())


async def test_a_lost_session_ends_what_waits(
    server: ScriptedServer, anna: Person, nursery: trio.Nursery
) -> None:
    await anna.client.connect(anna.line(server.port))
    failed = trio.Event()

    async def joins() -> None:
        with pytest.raises(Offline):
            await anna.client.join("a room that never answers", LocalBudget())
        failed.set()

    async def swallow(name: str, code: int, body: bytes) -> None:
        pass

    server._relay = swallow  # type: ignore[method-assign]
    nursery.start_soon(joins)
    await server.until(14, "anna")
    await server.lines["anna"].aclose()
    await anna.hears(lambda event: event == ServerChanged(Outcome.LOST))
    with trio.fail_after(60):
        await failed.wait()


async def test_the_same_client_comes_back(server: ScriptedServer, anna: Person) -> None:
    for _ in range(3):
        assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
        assert anna.client.online
        await anna.client.disconnect()
        assert not anna.client.online


async def test_what_the_server_says(server: ScriptedServer, anna: Person) -> None:
    await anna.client.connect(anna.line(server.port))
    await server.tell("anna", framed(INTERVAL, u32(720)) + framed(ANNOUNCE, text("going down")))
    await server.tell("anna", framed(PHRASES, u32(2) + text("one") + text("two")))
    await anna.hears(lambda event: event == WishInterval(720))
    await anna.hears(lambda event: event == ServerSaid("going down"))
    await anna.hears(lambda event: event == PhrasesExcluded(("one", "two")))
    token = await anna.client.wish("words", LocalBudget())
    body = await server.until(103, "anna")
    assert body == u32(token) + text("words")


async def test_it_listens_where_it_is_told(server: ScriptedServer, anna: Person) -> None:
    await anna.client.connect(anna.line(server.port))
    host, port = anna.client.listening or ("", 0)
    assert host == "127.0.0.1"
    assert int.from_bytes((await server.until(SET_PORT, "anna"))[:4], "little") == port
    taken = anna.line(server.port, listen=f"127.0.0.1:{server.port}")
    with pytest.raises(UserError, match=r"in use.*soulseek\.listen"):
        await anna.client.connect(taken)
    for wrong in ("2242", "host:port", "[::1]:2242", "127.0.0.1:99999"):
        with pytest.raises(UserError, match=r"soulseek\.listen"):
            await anna.client.connect(anna.line(server.port, listen=wrong))
    assert await anna.client.connect(anna.line(server.port, listen="")) is Outcome.ONLINE
    assert anna.client.listening is None


async def test_the_environment_is_not_looked_at(
    server: ScriptedServer, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", "1")
    monkeypatch.setenv("NETWORK", "{}")
    assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE


async def test_no_work_of_others_gets_here(server: ScriptedServer, anna: Person) -> None:
    await anna.client.connect(anna.line(server.port))
    with pytest.raises(TypeError, match="this machine's own"):
        await anna.client.search("words", RemoteBudget(()))  # type: ignore[arg-type]
    assert LOGIN not in [code for _, code, _ in server.seen]
    assert SEARCH not in [code for _, code, _ in server.seen]


async def test_cancelled_in_the_middle_of_a_login(server: ScriptedServer, anna: Person) -> None:
    asked, ended = trio.Event(), trio.Event()

    async def mute(stream: trio.SocketStream) -> bool:
        await message(stream)
        asked.set()
        while await stream.receive_some():
            pass
        ended.set()
        return False

    server.on_login = mute
    async with trio.open_nursery() as nursery:
        nursery.start_soon(anna.client.connect, anna.line(server.port))
        await asked.wait()
        nursery.cancel_scope.cancel()
    with trio.fail_after(60):
        await ended.wait()
    server.on_login = None
    assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE


async def test_a_flood_that_finds_no_room_ends_the_session_with_words(
    server: ScriptedServer, anna: Person
) -> None:
    await anna.client.connect(anna.line(server.port))
    anna.client._inbox._events_max = 50
    flood = b"".join(framed(ANNOUNCE, text(f"line {n}")) for n in range(20_000))
    with trio.fail_after(60):
        while "anna" in server.lines:
            await server.tell("anna", flood)
    lost = await anna.hears(lambda event: isinstance(event, ServerChanged) and event.outcome is Outcome.LOST)
    assert isinstance(lost, ServerChanged)
    assert "more news came" in lost.text
    said = [event.text for event in anna.events if isinstance(event, ServerSaid)]
    assert said == [f"line {n}" for n in range(len(said))]


async def test_clients_come_and_go_without_a_trace(server: ScriptedServer) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    def threads() -> int:
        return sum("soulseek" in thread.name for thread in threading.enumerate())

    before, running = 0, threads()
    for number in range(12):
        if number == 2:
            before = open_files()
        async with trio.open_nursery() as nursery:
            person = Person("anna")
            await nursery.start(person.client.run)
            assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
            await person.client.search("words", LocalBudget())
            nursery.cancel_scope.cancel()
        with pytest.raises(Offline):
            await person.client.search("words", LocalBudget())
        while "anna" in server.lines:
            await trio.lowlevel.checkpoint()
    assert threads() == running
    assert open_files() <= before + 2
