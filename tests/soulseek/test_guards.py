"""Hostile lines and what aioslsk would log: bounds hold over real sockets, names stay out of the log."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import random
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError, UserError
from slskmesh.soulseek import guards
from slskmesh.soulseek.values import (
    Answered,
    Outcome,
    RemoteFile,
    ServerSaid,
    TransferChanged,
    TransferPhase,
)
from slskmesh.work import LocalBudget

from .scripted import (
    ANNOUNCE,
    CONNECT,
    Person,
    ScriptedServer,
    exactly,
    framed,
    message,
    packed_shares,
    text,
    u32,
    welcome,
)

SHARES_REQUEST, SHARES, SEARCH_ANSWER, INFO_REQUEST = 4, 5, 9, 15


@pytest.fixture
async def server(nursery: trio.Nursery) -> ScriptedServer:
    there = ScriptedServer()
    await nursery.start(there.serve)
    return there


@pytest.fixture
async def anna(nursery: trio.Nursery, server: ScriptedServer) -> AsyncIterator[Person]:
    person = Person("anna")
    await nursery.start(person.client.run)
    assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
    yield person
    nursery.cancel_scope.cancel()


async def dial(person: Person, name: str = "mallory", kind: str = "P") -> trio.SocketStream:
    host, port = person.client.listening or ("", 0)
    stream = await trio.open_tcp_stream(host, port)
    body = b"\x01" + text(name) + text(kind) + u32(0)
    await stream.send_all(u32(len(body)) + body)
    return stream


async def closed(stream: trio.SocketStream) -> bool:
    with trio.fail_after(60):
        async with stream:
            try:
                while await stream.receive_some(65536):
                    pass
            except trio.BrokenResourceError:
                pass
    return True


@contextlib.contextmanager
def at_most(size: int) -> Iterator[None]:
    """Python never holds more than `size` bytes more than before."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size


async def still_works(person: Person) -> None:
    with pytest.raises(PeerError):
        await person.client.user_info("nobody", LocalBudget())


async def test_a_length_nobody_means(anna: Person) -> None:
    with at_most(16 << 20):
        for length in (0xFFFFFFFF, 300 << 20, guards.PEER_MAX + 1):
            stream = await dial(anna)
            await stream.send_all(u32(length, INFO_REQUEST))
            with pytest.raises(trio.BrokenResourceError):  # it hangs up while the message still comes
                for _ in range(300):
                    await stream.send_all(bytes(1 << 20))
            await stream.aclose()
        host, port = anna.client.listening or ("", 0)
        stream = await trio.open_tcp_stream(host, port)
        await stream.send_all(u32(guards.INIT_MAX + 1))
        assert await closed(stream)
        for kind in ("D", "P"):
            stream = await dial(anna, kind=kind)
            await stream.send_all(u32(64 << 20, SHARES))
            assert await closed(stream)
    await still_works(anna)


async def test_compressed_bombs(anna: Person) -> None:
    zipper = zlib.compressobj(9)
    piece = bytes(1 << 20)
    bomb = b"".join(zipper.compress(piece) for _ in range(300)) + zipper.flush()
    assert len(bomb) < 400_000
    with at_most(48 << 20):
        for code in (SHARES, SEARCH_ANSWER, 37):
            stream = await dial(anna)
            await stream.send_all(framed(code, bomb))
            if code == SHARES:  # nobody asked for them: not even decompressed
                await stream.send_all(u32(0xFFFFFFFF, 1))
            assert await closed(stream)
    await still_works(anna)


async def test_a_server_that_sends_too_much(server: ScriptedServer, anna: Person) -> None:
    await server.tell("anna", u32(guards.SERVER_MAX + 1, 64))
    await anna.hears(lambda event: getattr(event, "outcome", None) is Outcome.LOST)


async def test_answers_nobody_asked_for(server: ScriptedServer, anna: Person) -> None:
    token = await anna.client.search("words", LocalBudget())

    async def answers(name: str, user: str, number: int) -> None:
        plain = text(user) + u32(number) + u32(0) + b"\x01" + u32(1, 0)
        stream = await dial(anna, name)
        await stream.send_all(framed(SEARCH_ANSWER, zlib.compress(plain)))
        assert await closed(stream)

    async def heard() -> list[str]:
        """Once what came before has been handed on: events keep their order."""
        await server.tell("anna", framed(ANNOUNCE, text("so far")))
        await anna.hears(lambda event: event == ServerSaid("so far"))
        users = [event.answer.user for event in anna.events if isinstance(event, Answered)]
        anna.events.clear()
        return users

    await answers("mallory", "mallory", token + 1)
    await answers("mallory", "kim", token)
    await answers("mallory", "mallory", token)
    assert await heard() == ["mallory"]
    for _ in range(20):
        await answers("mallory", "mallory", token)
    assert await heard() == ["mallory"] * 7
    anna.client.forget_search(token)
    await answers("cleo", "cleo", token)
    assert await heard() == []


class Stranger:
    """A user on plain sockets who is asked for his shares."""

    def __init__(self, server: ScriptedServer, body: bytes) -> None:
        self.server = server
        self.body = body
        self.sent = 0

    async def live(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        line = await trio.open_tcp_stream("127.0.0.1", self.server.port)
        await line.send_all(framed(1, text("kim") + text("word") + u32(1) + text("") + u32(1)))
        assert await exactly(line, len(welcome())) == welcome()
        self.server.ports["kim"] = listeners[0].socket.getsockname()[1]
        async with line:
            await trio.serve_listeners(self._answer, listeners, task_status=task_status)

    async def _answer(self, stream: trio.SocketStream) -> None:
        try:
            async with stream:
                (length,) = (int.from_bytes(await exactly(stream, 4), "little"),)
                await exactly(stream, length)
                code, _ = await message(stream)
                assert code == SHARES_REQUEST
                at = 0
                while at < len(self.body):
                    await stream.send_all(self.body[at : at + 65536])
                    at = self.sent = at + 65536
                await closed(stream)
        except trio.BrokenResourceError:
            pass


def one_file(number: int) -> bytes:
    return b"\x01" + text(f"{number:03} a track.flac") + bytes(8) + text("") + u32(0)


async def test_a_large_browse_arrives_in_portions(
    server: ScriptedServer, anna: Person, nursery: trio.Nursery
) -> None:
    folder = [one_file(number) for number in range(500)]
    body = packed_shares([(f"music\\record {number}", folder) for number in range(100)])
    await nursery.start(Stranger(server, framed(SHARES, body)).live)
    seen, portions = 0, 0
    async for listing in anna.client.browse("kim", LocalBudget()):
        inside = sum(len(files) for _, files in listing.folders)
        assert inside <= 1000
        seen += inside
        portions += 1
    assert (seen, portions >= 50) == (50_000, True)


async def test_a_browse_that_nobody_takes_slows_its_sender_and_can_be_left(
    server: ScriptedServer, anna: Person, nursery: trio.Nursery
) -> None:
    rng = random.Random(1)
    noise = [b"\x01" + text(rng.randbytes(40).hex()) + bytes(8) + text("") + u32(0) for _ in range(120_000)]
    stranger = Stranger(server, framed(SHARES, packed_shares([("music", noise)])))
    await nursery.start(stranger.live)
    browse = anna.client.browse("kim", LocalBudget())
    first = await anext(browse)
    assert not first.done
    with pytest.raises(UserError, match="on their way already"):
        await anext(anna.client.browse("kim", LocalBudget()))
    await browse.aclose()  # type: ignore[attr-defined]
    await still_works(anna)


async def test_shares_with_a_lie_end_with_words(
    server: ScriptedServer, anna: Person, nursery: trio.Nursery
) -> None:
    await nursery.start(Stranger(server, u32((65 << 20), SHARES) + bytes(1000)).live)
    with pytest.raises(PeerError):
        async for _ in anna.client.browse("kim", LocalBudget()):
            pass


async def test_nothing_of_anybody_is_in_the_log(
    server: ScriptedServer,
    anna: Person,
    nursery: trio.Nursery,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    song = tmp_path / "a secret song.flac"
    song.write_bytes(b"x" * 1000)
    ben = Person("benjamin", {"hidden\\secret song.flac": song})
    await nursery.start(ben.client.run)
    await ben.client.connect(ben.line(server.port))
    await anna.client.search("secret song", LocalBudget())
    await anna.hears(lambda event: isinstance(event, Answered))
    file = RemoteFile("hidden\\secret song.flac", 1000)
    await anna.client.download("benjamin", file, tmp_path / "in", LocalBudget())
    await anna.hears(
        lambda event: isinstance(event, TransferChanged) and event.news.phase is TransferPhase.DONE
    )
    stream = await dial(anna, "mallory")
    await stream.send_all(framed(INFO_REQUEST) + framed(4711, b"mallory") + u32(0xFFFFFFFF, 1))
    await closed(stream)
    await server.tell("anna", framed(CONNECT, text("mallory") + text("P") + u32(1, 1, 1) + b"\x00"))
    await still_works(anna)
    logging.getLogger("aioslsk.network.network").error("to %s", "mallory", exc_info=ValueError("mallory"))
    assert not [record for record in caplog.records if record.name.startswith("aioslsk")]
    told = [record for record in caplog.records if record.name.startswith("slskmesh.soulseek")]
    assert any(record.getMessage().endswith("ValueError") for record in told)
    for word in ("anna", "benjamin", "mallory", "secret", "hidden", "127.0.0.1", str(tmp_path)):
        assert word not in caplog.text
        assert not any(word in repr(record.__dict__) for record in told if word != "hidden")


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "_installed", False)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.8.0")
    with pytest.raises(UserError, match=r"1\.8\.0.*install aioslsk==1\.7\.1"):
        guards.install()
