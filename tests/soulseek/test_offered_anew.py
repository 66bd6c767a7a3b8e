"""An uploader who loses his line before the file came over it offers it again; and one of ours who loses the server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio
from aioslsk.protocol.messages import PeerTransferReply, PeerTransferRequest

from slskmesh.soulseek.values import Outcome, RemoteFile, TransferChanged, TransferPhase
from slskmesh.work import LocalBudget

from .scripted import ADDRESS, CONNECT, Person, ScriptedServer, exactly, framed, message, text, u32

PATH = "music\\song.mp3"
BYTES = os.urandom(150_000)
OFFER = 1  # the direction of a request that offers
PATIENCE = 60


class Kim:
    """An uploader on plain sockets: what he sends on the line he was asked on, and on lines for files."""

    def __init__(self, server: ScriptedServer, leecher: Person) -> None:
        self.server = server
        self.leecher = leecher
        self.peer: trio.SocketStream | None = None
        self.asked = trio.Event()

    async def live(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with await trio.open_tcp_stream("127.0.0.1", self.server.port) as line:
            await line.send_all(framed(1, text("kim") + text("word") + u32(1) + text("") + u32(1)))
            await message(line)
            self.server.ports["kim"] = listeners[0].socket.getsockname()[1]
            await trio.serve_listeners(self._asked, listeners, task_status=task_status)

    async def _asked(self, stream: trio.SocketStream) -> None:
        (length,) = (int.from_bytes(await exactly(stream, 4), "little"),)
        await exactly(stream, length)  # who it is
        self.peer = stream
        self.asked.set()
        async with stream:
            await trio.sleep_forever()

    async def offer(self, ticket: int) -> bool:
        """Offers the file; whether that was answered with a yes."""
        with trio.fail_after(PATIENCE):
            await self.asked.wait()
            assert self.peer is not None
            offer = PeerTransferRequest.Request(OFFER, ticket, PATH, filesize=len(BYTES))
            await self.peer.send_all(offer.serialize())
            while True:
                code, body = await message(self.peer)
                if code == PeerTransferReply.Request.MESSAGE_ID:
                    assert body[:4] == u32(ticket)
                    return body[4] == 1

    async def file_line(self, ticket: int) -> trio.SocketStream:
        assert self.leecher.client.listening is not None
        line = await trio.open_tcp_stream(*self.leecher.client.listening)
        init = text("kim") + text("F") + u32(0)
        await line.send_all(u32(len(init) + 1) + b"\x01" + init + u32(ticket))
        return line


async def test_the_newest_ticket_is_the_one(nursery: trio.Nursery, tmp_path: Path) -> None:
    server = ScriptedServer()
    await nursery.start(server.serve)
    anna = Person("anna")
    await nursery.start(anna.client.run)
    assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
    kim = Kim(server, anna)
    await nursery.start(kim.live)
    await anna.client.download("kim", RemoteFile(PATH, len(BYTES)), tmp_path / "song", LocalBudget())
    assert await kim.offer(5)
    assert await kim.offer(6)
    with trio.fail_after(PATIENCE):
        old = await kim.file_line(5)
        assert await old.receive_some() == b""  # nobody waits for it any more
        line = await kim.file_line(6)
        assert await exactly(line, 8) == bytes(8)
        await line.send_all(BYTES)
    await anna.hears(_is(TransferPhase.DONE), PATIENCE)
    assert await trio.Path(tmp_path / "song").read_bytes() == BYTES
    calls = anna.client._calls
    assert calls is not None and calls._aio is not None
    assert not calls._aio.transfers._expected_files and not calls._aio.transfers._places
    await old.aclose()
    await line.aclose()
    nursery.cancel_scope.cancel()


def _is(phase: TransferPhase) -> object:
    return lambda event: isinstance(event, TransferChanged) and event.news.phase is phase


@pytest.mark.parametrize("when", ["without a session", "asked for an address", "dialling"])
async def test_a_server_that_goes_costs_no_try(
    nursery: trio.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Ours is about to dial for the file when its line to the server ends: with the next one it goes on at once."""
    monkeypatch.setattr("slskmesh.soulseek.serving._PAUSE", 10_000.0)
    server = ScriptedServer()
    await nursery.start(server.serve)
    (tmp_path / "shared").write_bytes(BYTES)
    anna, ben = Person("anna"), Person("ben", {PATH: tmp_path / "shared"})
    for person in (anna, ben):
        await nursery.start(person.client.run)
        assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
    ben.rule.open = 0
    await anna.client.download("ben", RemoteFile(PATH, len(BYTES)), tmp_path / "song", LocalBudget())
    await ben.hears(_is(TransferPhase.QUEUED), PATIENCE)
    calls = ben.client._calls
    assert calls is not None and calls._aio is not None and ben.client._thread is not None
    ben.rule.open, port = 1, server.ports["anna"]
    asked = {"asked for an address": ADDRESS, "dialling": CONNECT}.get(when)
    if when == "dialling":
        monkeypatch.setattr("slskmesh.soulseek.connections._DIAL_WAIT", 6.0)
        server.ports["anna"] = 1
    if asked is None:
        await ben.client.disconnect()
    else:
        server.ignored.add(asked)
    ben.client._thread.post(calls._aio.transfers._again, 1)
    if asked is not None:
        await _asked_by_ben(server, asked)
        monkeypatch.setattr("slskmesh.soulseek.connections._DIAL_WAIT", 60.0)  # for the dials after this one
    await ben.client.disconnect()
    server.ignored.clear()
    server.ports["anna"] = port
    assert await ben.client.connect(ben.line(server.port)) is Outcome.ONLINE
    await anna.hears(_is(TransferPhase.DONE), PATIENCE)
    assert await trio.Path(tmp_path / "song").read_bytes() == BYTES
    nursery.cancel_scope.cancel()


async def _asked_by_ben(server: ScriptedServer, code: int) -> None:
    with trio.fail_after(PATIENCE):
        async with server.heard:
            while not any(got == code and name == "ben" for name, got, _ in server.seen):
                await server.heard.wait()
