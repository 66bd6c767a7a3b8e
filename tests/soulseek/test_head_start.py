"""Who can be dialled is dialled and nothing else; who cannot be is asked through the server to dial us."""

from __future__ import annotations

import pytest
import trio

from slskmesh.errors import PeerError
from slskmesh.soulseek.values import Outcome
from slskmesh.work import LocalBudget

from .scripted import CONNECT, PRIVILEGES, Person, ScriptedServer, exactly, framed, message, u32


async def user(server: ScriptedServer, name: str, port: int) -> trio.SocketStream:
    """Somebody on the server who listens there, or says so."""
    stream = await trio.open_tcp_stream("127.0.0.1", server.port)
    await stream.send_all(framed(1, u32(len(name)) + name.encode()))
    await message(stream)
    await stream.send_all(framed(2, u32(port)))
    await server.until(2, name)
    return stream


async def ask(anna: Person, name: str) -> None:
    with pytest.raises(PeerError):  # he says nothing of himself
        await anna.client.user_info(name, LocalBudget())


async def test_a_user_who_can_be_dialled_is_not_asked_to_dial() -> None:
    server = ScriptedServer()
    dialled = trio.Event()

    async def accept(stream: trio.SocketStream) -> None:
        await exactly(stream, 4)
        dialled.set()
        await trio.sleep_forever()

    anna = Person("anna")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        await nursery.start(anna.client.run)
        assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
        listeners = await nursery.start(trio.serve_tcp, accept, 0)
        port = listeners[0].socket.getsockname()[1]
        bob = await user(server, "bob", port)
        async with bob:
            nursery.start_soon(ask, anna, "bob")
            with trio.fail_after(60):
                await dialled.wait()
                await bob.send_all(framed(PRIVILEGES))
                await server.until(PRIVILEGES, "bob")
        assert not [code for name, code, _ in server.seen if name == "anna" and code == CONNECT]
        nursery.cancel_scope.cancel()


async def test_a_user_who_cannot_be_dialled_is_asked_to_dial() -> None:
    server = ScriptedServer()
    anna = Person("anna")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        await nursery.start(anna.client.run)
        assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
        bob = await user(server, "bob", 1)
        async with bob:
            nursery.start_soon(ask, anna, "bob")
            with trio.fail_after(60):
                assert b"bob" in await server.until(CONNECT, "anna")
        nursery.cancel_scope.cancel()
