"""Sessions between real overlay nodes over loopback."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError, UserError
from slskmesh.overlay.port import DataHeader, Session
from slskmesh.overlay.session import Timings
from slskmesh.wire.messages import Gone, Join
from tests.overlay.nodes import Node


class Sink:
    """Keeps received chunk data by (stream, chunk)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.chunks: dict[tuple[int, int], bytearray] = {}
        self.done = trio.Event()
        self.frames: list[DataHeader] = []

    def data_begin(self, session: Session, head: DataHeader) -> memoryview | None:
        buffer = self.chunks.setdefault((head.stream, head.chunk), bytearray(self.size))
        return memoryview(buffer)[head.offset : head.offset + head.length]

    def data_end(self, session: Session, head: DataHeader) -> None:
        self.frames.append(head)
        if sum(f.length for f in self.frames) == self.size * len(self.chunks):
            self.done.set()


async def test_two_nodes_talk_and_part(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        a = await Node(tmp_path, "a").start(nursery)
        b = Node(tmp_path, "b")
        got = trio.Event()
        b.router.on(Join, lambda session, message: session.send(Gone(message.stream, "unknown")))
        a.router.on(Gone, lambda session, message: got.set())
        await b.start(nursery)
        session = await a.overlay.connect(b.peer, [b.address])
        assert session.peer == b.peer and session.remote.name == "b"
        session.send(Join(7, b"x" * 32))
        with trio.fail_after(5):
            await got.wait()
        await b.until_open(a.peer)
        assert a.book.entries[b.peer].addresses == [b.address]
        assert b.book.entries[a.peer].addresses == [a.address]
        session.close("bye", "enough for today")
        await b.until_closed()
        assert "enough for today" in b.closed[0][1]
        await a.until_closed()
        assert not a.overlay.sessions and not b.overlay.sessions
        nursery.cancel_scope.cancel()


async def test_chunks_of_two_streams_arrive_whole(tmp_path: Path) -> None:
    size = 700_000
    async with trio.open_nursery() as nursery:
        a, b = Node(tmp_path, "a"), Node(tmp_path, "b")
        sink = Sink(size)
        a.router.set_sink(sink)
        await a.start(nursery)
        await b.start(nursery, listen=False)
        session = await b.overlay.connect(a.peer, [a.address])
        one, two = bytes(range(256)) * (size // 256 + 1), b"\x5a" * size
        async with trio.open_nursery() as sending:
            sending.start_soon(session.send_chunk, 1, 0, memoryview(one)[:size])
            sending.start_soon(session.send_chunk, 2, 0, memoryview(two))
        with trio.fail_after(10):
            await sink.done.wait()
        assert sink.chunks[1, 0] == one[:size] and sink.chunks[2, 0] == two
        order = [f.stream for f in sink.frames]
        assert order != sorted(order), "two streams should take turns"
        nursery.cancel_scope.cancel()


async def test_wrong_key_is_refused_by_the_dialler(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        a = await Node(tmp_path, "a").start(nursery)
        b = await Node(tmp_path, "b").start(nursery)
        c = await Node(tmp_path, "c").start(nursery, listen=False)
        with pytest.raises(PeerError) as caught:
            await c.overlay.connect(a.peer, [b.address])
        assert caught.value.code == "wrong-peer"
        assert not c.overlay.sessions
        nursery.cancel_scope.cancel()


async def test_simultaneous_dial_leaves_one_session(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        a = await Node(tmp_path, "a").start(nursery)
        b = await Node(tmp_path, "b").start(nursery)
        async with trio.open_nursery() as dialling:
            dialling.start_soon(a.overlay.connect, b.peer, [b.address])
            dialling.start_soon(b.overlay.connect, a.peer, [a.address])
        await a.until_open(b.peer)
        await b.until_open(a.peer)
        await trio.testing.wait_all_tasks_blocked(0.05)
        one, other = a.overlay.sessions[b.peer], b.overlay.sessions[a.peer]
        assert one.outbound != other.outbound
        assert one.outbound == (a.peer < b.peer)
        nursery.cancel_scope.cancel()


async def test_a_blocked_key_is_turned_away_with_the_reason(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        a = await Node(tmp_path, "a", may_connect=lambda peer: False).start(nursery)
        b = await Node(tmp_path, "b").start(nursery, listen=False)
        with pytest.raises(PeerError) as caught:
            await b.overlay.connect(a.peer, [a.address])
        assert caught.value.code == "blocked"
        assert not a.opened and not b.opened
        nursery.cancel_scope.cancel()


async def test_a_restarted_peer_replaces_its_dead_line_and_is_redialled(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        a = await Node(tmp_path, "a").start(nursery)
        b = await Node(tmp_path, "b").start(nursery)
        first = await b.overlay.connect(a.peer, [a.address])
        await a.until_open(b.peer)
        second = await b.overlay._dial(a.peer, [a.address])
        assert second is not first
        await a.until_closed()
        assert len(a.opened) == 2 and a.overlay.sessions[b.peer].remote.name == "b"
        nursery.cancel_scope.cancel()


async def test_listening_on_a_taken_port_says_so(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        a = await Node(tmp_path, "a").start(nursery)
        b = await Node(tmp_path, "b").start(nursery, listen=False)
        with pytest.raises(UserError, match="cannot listen"):
            await b.overlay.listen(a.address)
        nursery.cancel_scope.cancel()


async def test_shutdown_tells_the_peers(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        a = await Node(tmp_path, "a").start(nursery)
        b = await Node(tmp_path, "b").start(nursery, listen=False)
        await b.overlay.connect(a.peer, [a.address])
        await a.until_open(b.peer)
        with trio.fail_after(2):
            await a.overlay.shutdown()
        await b.until_closed()
        assert "program ends" in b.closed[0][1]
        nursery.cancel_scope.cancel()


async def test_a_tight_download_limit_shares_the_line_and_loses_no_session(tmp_path: Path) -> None:
    size, rate = 60_000, 100_000
    timings = Timings(connect=5.0, handshake=5.0, ping_every=0.2, silence=0.6, linger=0.5)
    async with trio.open_nursery() as nursery:
        a = Node(tmp_path, "a", timings=timings)
        sink = Sink(size)
        a.router.set_sink(sink)
        await a.start(nursery)
        senders = [await Node(tmp_path, f"s{n}").start(nursery, listen=False) for n in range(4)]
        sessions = [await sender.overlay.connect(a.peer, [a.address]) for sender in senders]
        a.overlay.limit_downloads(rate)
        began = trio.current_time()
        async with trio.open_nursery() as sending:
            for number, session in enumerate(sessions):
                sending.start_soon(session.send_chunk, number, 0, memoryview(bytes(size)))
        with trio.fail_after(15):
            await sink.done.wait()
        spent = trio.current_time() - began
        assert spent >= (4 * size - rate / 4) / rate * 0.9
        assert not a.closed, "a session was taken for dead while it waited its turn"
        nursery.cancel_scope.cancel()
