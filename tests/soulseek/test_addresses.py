"""Where users are, as the client tells it: the server's word, a line's origin until then; new things only, bounded."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trio

from slskmesh.soulseek import connections
from slskmesh.soulseek.connections import NAME_MAX, NOBODY, Addresses
from slskmesh.soulseek.values import Answered, Outcome, UserAddress
from slskmesh.work import LocalBudget

from .scripted import CONNECT, Person, ScriptedServer, framed, text, u32

HOME = "127.0.0.1"


@pytest.fixture
async def server(nursery: trio.Nursery) -> ScriptedServer:
    there = ScriptedServer()
    await nursery.start(there.serve)
    return there


async def enter(nursery: trio.Nursery, server: ScriptedServer, person: Person) -> Person:
    await nursery.start(person.client.run)
    assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
    return person


def told(person: Person, user: str) -> list[str]:
    return [event.host for event in person.events if isinstance(event, UserAddress) and event.user == user]


async def says(person: Person, name: str, host: str) -> trio.SocketStream:
    """Somebody at `host` takes a line to a person and says who he is."""
    assert person.client.listening is not None
    with socket.socket() as plain:
        plain.bind((host, 0))
        plain.connect(person.client.listening)
        line = trio.SocketStream(trio.socket.from_stdlib_socket(plain.dup()))
    init = text(name) + text("P") + u32(0)
    await line.send_all(u32(len(init) + 1) + b"\x01" + init)
    return line


async def test_of_who_answers_and_who_is_asked(
    nursery: trio.Nursery, server: ScriptedServer, tmp_path: Path
) -> None:
    song = tmp_path / "song"
    song.write_bytes(b"x" * 100)
    anna = await enter(nursery, server, Person("anna"))
    ben = await enter(nursery, server, Person("ben", {"music\\song.mp3": song}))
    for _ in range(2):
        await anna.client.search("song", LocalBudget())
        await anna.hears(lambda event: isinstance(event, Answered))
        kinds = [type(event) for event in anna.events if isinstance(event, UserAddress | Answered)]
        assert kinds[0] is UserAddress, "a rule of his address must hold for his first answer"
        anna.events = [event for event in anna.events if not isinstance(event, Answered)]
    await anna.client.user_info("ben", LocalBudget())
    assert told(anna, "ben") == [HOME]
    await ben.hears(lambda event: event == UserAddress("anna", HOME))
    assert told(ben, "anna") == [HOME]
    nursery.cancel_scope.cancel()


async def test_the_server_is_believed_before_who_comes(nursery: trio.Nursery, server: ScriptedServer) -> None:
    anna = await enter(nursery, server, Person("anna"))
    lines = [await says(anna, "cleo", "127.0.0.2")]
    await anna.hears(lambda event: event == UserAddress("cleo", "127.0.0.2"))
    lines.append(await says(anna, "cleo", "127.0.0.3"))
    await anna.hears(lambda event: event == UserAddress("cleo", "127.0.0.3"))
    asks = framed(CONNECT, text("cleo") + text("P") + b"\x04\x00\x00\x7f" + u32(1, 7) + b"\x00")
    await server.tell("anna", asks)
    await anna.hears(lambda event: event == UserAddress("cleo", "127.0.0.4"))
    lines.append(await says(anna, "cleo", "127.0.0.5"))
    lines.append(await says(anna, "dora", "127.0.0.5"))
    await anna.hears(lambda event: event == UserAddress("dora", "127.0.0.5"))
    assert told(anna, "cleo") == ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    await anna.client.disconnect()
    assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
    lines.append(await says(anna, "cleo", "127.0.0.5"))  # what the server said in another session is old
    await anna.hears(lambda event: event == UserAddress("cleo", "127.0.0.5"))
    for line in lines:
        await line.aclose()
    nursery.cancel_scope.cancel()


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "ADDRESSES_MAX", 3)
    known = Addresses()
    assert known.learn("ann", "10.0.0.1", by_server=True) and not known.learn(
        "ann", "10.0.0.1", by_server=True
    )
    assert not known.learn("ann", "10.0.0.2", by_server=False)
    assert not known.learn("ben", NOBODY, by_server=True) and not known.learn("ben", "", by_server=False)
    assert not known.learn("x" * (NAME_MAX + 1), "10.0.0.1", by_server=False)
    for number in range(50):
        assert known.learn(f"user {number}", "10.0.0.1", by_server=False)
    assert len(known._known) == 3
    assert known.learn("ann", "10.0.0.1", by_server=False)  # forgotten meanwhile
    known.clear()
    assert known.learn("user 49", "10.0.0.1", by_server=False)
