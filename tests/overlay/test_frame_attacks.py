"""What a peer with a true identity may not say: each breach ends its session, names it, and costs nobody else."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import DataHeader, Session
from slskmesh.wire.messages import Join, Leave
from tests.overlay import raw
from tests.overlay.nodes import Node
from tests.overlay.rawpeer import (
    BYE,
    DATA,
    HELLO,
    JOIN,
    LEAVE,
    PING,
    PONG,
    LineEndError,
    RawPeer,
    frame,
    heard_refusals,
    hello,
    message,
    running,
)

DATA_FRAME = struct.pack(">III", 7, 0, 0) + bytes(1000)
LATE_CHUNK = struct.pack(">III", 7, 65_536, 0) + b"x"

BREACHES: dict[str, tuple[bytes, str]] = {
    "a frame of 4 GiB": (b"\xff\xff\xff\xff\x00", "frame-too-long"),
    "a data frame of 4 GiB": (b"\xff\xff\xff\xff\x01", "frame-too-long"),
    "a control frame one byte too long": (struct.pack(">IB", 65_538, 0), "frame-too-long"),
    "a data frame one byte too long": (struct.pack(">IB", 262_144 + 12 + 2, 1), "frame-too-long"),
    "a frame of an unknown kind": (struct.pack(">IB", 10, 2), "bad-frame"),
    "a frame of no length": (struct.pack(">IB", 0, 0), "bad-frame"),
    "a control frame of nothing": (struct.pack(">IB", 1, 0), "bad-frame"),
    "a data frame without payload": (struct.pack(">IB", 13, 1), "bad-frame"),
    "data of a chunk no file has": (frame(LATE_CHUNK, DATA), "bad-frame"),
    "data nobody asked for": (frame(DATA_FRAME, DATA), "unexpected"),
    "random bytes as a message": (frame(b"\xc1" * 200), "bad-message"),
    "arrays nested to the end": (frame(b"\x91" * 60_000), "bad-message"),
    "a text that claims 4 GiB": (frame(b"\x92\x04\xdb\xff\xff\xff\xff"), "bad-message"),
    "an array that claims 4 Gi fields": (frame(b"\xdd\xff\xff\xff\xff"), "bad-message"),
    "an unknown tag": (message(999, 1), "bad-message"),
    "a field out of bounds": (message(JOIN, 1 << 40, bytes(32)), "bad-message"),
    "text that is no UTF-8": (frame(b"\x92\x04\xa2\xff\xfe"), "bad-message"),
    "two messages in one frame": (frame(b"\x92\x2b\x01\x92\x2b\x01"), "bad-message"),
    "a second Hello": (hello(), "unexpected"),
    "a message no room takes": (message(JOIN, 1, bytes(32)), "unexpected"),
    "a Pong nobody pinged for": (message(PONG, 1 << 50), "unexpected"),
}


class Bench:
    """A node that keeps the faults it was told of, and one greeted raw peer."""

    def __init__(self, folder: Path) -> None:
        self.faults: list[tuple[PeerId, str]] = []
        self.node = Node(
            folder, "node", on_fault=lambda line, error: self.faults.append((line.peer, error.code))
        )
        self.papers = raw.honest()
        self.key = PeerId(self.papers.public)

    async def greeted(self) -> RawPeer:
        """The peer, its session open."""
        peer = await RawPeer.dial(self.node.address, self.papers)
        await peer.greet()
        await self.node.until_open(self.key)
        return peer


@pytest.mark.parametrize("case", BREACHES)
async def test_a_breach_ends_the_session_and_blames_its_peer_alone(tmp_path: Path, case: str) -> None:
    data, code = BREACHES[case]
    bench = Bench(tmp_path)
    async with running(bench.node) as node:
        other = raw.honest()
        bystander = await RawPeer.dial(node.address, other)
        await bystander.greet()
        await node.until_open(PeerId(other.public))
        attacker = await bench.greeted()
        await attacker.send(data)
        said = await attacker.until_end()
        assert said[-1][:2] == [BYE, code]
        await node.until_closed()
        assert bench.faults == [(bench.key, code)]
        await bystander.send(message(PING, 77))
        while await bystander.message() != [PONG, 77]:
            pass


async def flood(peer: RawPeer, data: bytes, times: int) -> None:
    """Sends without end, until the node has had enough."""
    try:
        for _ in range(times):
            await peer.send(data)
    except LineEndError:
        pass


async def listen_through(peer: RawPeer, got: list[list[object]]) -> None:
    """Reads all messages to the end."""
    got.extend(await peer.until_end())


@pytest.mark.parametrize(
    ("data", "times"),
    [(message(PING, 5) * 100, 100), (message(LEAVE, 1) * 1000, 60)],
    ids=["pings", "messages"],
)
async def test_floods_of_messages_are_cut(tmp_path: Path, data: bytes, times: int) -> None:
    bench = Bench(tmp_path)
    taken = 0

    def count(session: Session, message: Leave) -> None:
        nonlocal taken
        taken += 1

    bench.node.router.on(Leave, count)
    got: list[list[object]] = []
    async with running(bench.node) as node:
        attacker = await bench.greeted()
        async with trio.open_nursery() as both:
            both.start_soon(listen_through, attacker, got)
            both.start_soon(flood, attacker, data, times)
        await node.until_closed()
    assert bench.faults == [(bench.key, "flood")]
    assert sum(fields[0] == PONG for fields in got) <= 40
    assert taken < 20_000


EARLY: dict[str, tuple[bytes, str]] = {
    "a message": (message(JOIN, 1, bytes(32)), "unexpected"),
    "chunk data": (frame(DATA_FRAME, DATA), "unexpected"),
    "a Hello longer than any": (frame(b"\xc4" * 5000), "unexpected"),
    "a frame of 4 GiB": (b"\xff\xff\xff\xff\x00", "frame-too-long"),
    "a name longer than allowed": (hello("n" * 65), "bad-message"),
    "a version before the first": (hello(version=0), "version"),
    "nothing but noise": (b"\0" * 64, "bad-frame"),
    "an end": (message(BYE, "never-mind", "wrong number"), "never-mind"),
}


@pytest.mark.parametrize("case", EARLY)
async def test_nothing_goes_before_a_hello(tmp_path: Path, case: str) -> None:
    data, code = EARLY[case]
    bench = Bench(tmp_path)
    with heard_refusals() as refusals:
        async with running(bench.node) as node:
            attacker = await RawPeer.dial(node.address, bench.papers)
            await attacker.send(data)
            said = await attacker.until_end()
            assert said[0][0] == HELLO
            assert await refusals.first() == code
            assert not node.opened
            await bench.greeted()


async def test_a_room_that_refuses_a_message_ends_that_session(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    def refuse(session: Session, message: Join) -> None:
        raise PeerError("too-many-streams", "more streams than allowed")

    bench.node.router.on(Join, refuse)
    async with running(bench.node) as node:
        attacker = await bench.greeted()
        await attacker.send(message(JOIN, 1, bytes(32)))
        assert (await attacker.until_end())[-1] == [BYE, "too-many-streams", "more streams than allowed"]
        await node.until_closed()
    assert bench.faults == [(bench.key, "too-many-streams")]


class Nothing:
    """A sink that wants no data."""

    def data_begin(self, session: Session, head: DataHeader) -> memoryview | None:
        return None

    def data_end(self, session: Session, head: DataHeader) -> None:
        raise AssertionError("no buffer was handed out")


async def test_data_that_comes_late_is_read_past(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.node.router.set_sink(Nothing())
    async with running(bench.node):
        peer = await bench.greeted()
        payload = struct.pack(">III", 7, 0, 0) + bytes(262_144)
        await peer.send(frame(payload, DATA) + message(PING, 78))
        while await peer.message() != [PONG, 78]:
            pass
    assert not bench.faults
