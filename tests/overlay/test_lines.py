"""Lines that break, stall or cross: half-open sockets, stopped readers, simultaneous dials, sudden ends."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import Session
from slskmesh.overlay.session import PeerSession, Timings
from slskmesh.wire.messages import Gone, Join, Joined
from tests.overlay import raw
from tests.overlay.nodes import Node
from tests.overlay.rawpeer import (
    BYE,
    PING,
    PONG,
    LineEndError,
    RawPeer,
    connect,
    listener,
    message,
    running,
    until_eof,
)

QUIET = Timings(connect=2.0, handshake=2.0, ping_every=0.1, silence=0.4, linger=0.1)
CHUNK = memoryview(bytes(1 << 20))


async def greeted(node: Node) -> tuple[RawPeer, PeerSession]:
    """A raw peer with an open session, and the node's end of it."""
    papers = raw.honest()
    peer = await RawPeer.dial(node.address, papers)
    await peer.greet()
    await node.until_open(PeerId(papers.public))
    return peer, node.overlay.sessions[PeerId(papers.public)]


async def test_a_line_whose_other_end_vanished_is_given_up(tmp_path: Path) -> None:
    """No end of file ever comes: only the unanswered pings tell."""
    async with running(Node(tmp_path, "node", timings=QUIET)) as node:
        _, session = await greeted(node)
        with trio.fail_after(2):
            await node.until_closed()
        assert session.error is not None
        assert (session.error.code, session.error.blame) == ("timeout", False)
        assert "nothing heard" in node.closed[0][1]


async def test_pongs_alone_keep_a_line_alive(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node", timings=QUIET)) as node:
        peer, session = await greeted(node)
        end = trio.current_time() + 3 * QUIET.silence
        while trio.current_time() < end:
            fields = await peer.message()
            assert fields[0] == PING
            await peer.send(message(PONG, fields[1]))
        assert not node.closed
        assert session.rtt is not None and 0 < session.rtt < 1


async def test_a_peer_hears_from_us_also_while_its_answers_are_late(tmp_path: Path) -> None:
    """Where a limit makes us read slowly, Pongs wait behind data: pings go on, and late Pongs are no fault."""
    async with running(Node(tmp_path, "node", timings=QUIET)) as node:
        peer, session = await greeted(node)
        tokens = []
        while len(tokens) < 5:
            fields = await peer.message()
            assert fields[0] == PING
            tokens.append(fields[1])
            await peer.send(message(PING, 1))
            assert (await peer.message())[0] == PONG
        assert session.rtt is None
        for token in tokens:
            await peer.send(message(PONG, token))
        await peer.send(message(PING, 2))
        while (fields := await peer.message())[0] != PONG:
            pass
        assert session.rtt is not None and not node.closed
        await peer.send(message(PONG, tokens[0]))  # but one Ping is answered once
        await node.until_closed()
        assert session.error is not None and session.error.code == "unexpected"


async def test_a_frame_that_dribbles_in_does_not_hold_a_session(tmp_path: Path) -> None:
    """One byte of a long frame now and then is no sign of life."""
    async with running(Node(tmp_path, "node", timings=QUIET)) as node:
        peer, session = await greeted(node)

        async def dribble() -> None:
            await peer.send(b"\0\0\x80\0\0")
            try:
                while True:
                    await peer.send(b"\0")
                    await trio.sleep(0.02)
            except LineEndError:
                return

        with trio.fail_after(3):
            async with trio.open_nursery() as both:
                both.start_soon(dribble)
                await node.until_closed()
        assert session.error is not None and session.error.code == "timeout"


async def test_messages_to_a_peer_that_does_not_read_are_bounded(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node")) as node:
        _, session = await greeted(node)
        part = Joined(1, 1 << 30, 1 << 20, bytes(32), bytes(8192))
        sent = 0
        while not session.closed.is_set():
            session.send(part)
            sent += 8192
            assert sent < 64 << 20
            await trio.lowlevel.checkpoint()
        await node.until_closed()
        assert session.error is not None and session.error.code == "slow-reader"
        assert not session.error.blame


async def test_a_chunk_to_a_peer_that_does_not_read_ends_with_its_session(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node", timings=QUIET)) as node:
        peer, session = await greeted(node)

        async def answer_pings_only_by_writing() -> None:
            """Seems alive, but never reads."""
            try:
                while True:
                    await peer.send(message(PING, 1))
                    await trio.sleep(0.05)
            except LineEndError:
                return

        with trio.fail_after(5):
            async with trio.open_nursery() as both:
                both.start_soon(answer_pings_only_by_writing)
                with pytest.raises(PeerError) as caught:
                    while True:
                        await session.send_chunk(1, 0, CHUNK)
                await node.until_closed()
        assert caught.value.code == "gone"
        assert session.error is not None and session.error.code in ("slow-reader", "flood")


async def test_a_close_in_the_middle_of_a_chunk_looks_like_an_end_and_not_like_forgery(
    tmp_path: Path,
) -> None:
    """A record cut off half-way must be the last thing on the line: nothing may follow it, not even close_notify."""
    async with running(Node(tmp_path, "node", timings=QUIET)) as node:
        peer, session = await greeted(node)

        async def send() -> None:
            with pytest.raises(PeerError):
                while True:
                    await session.send_chunk(1, 0, CHUNK)

        async with trio.open_nursery() as both:
            both.start_soon(send)
            while session._sending is None or trio.current_time() - session._sending < 0.1:
                await trio.lowlevel.checkpoint()  # until the socket takes no more
            session.close("shutdown")
            await session.closed.wait()  # from here on the socket is given room again
        line = await until_eof(peer.stream.transport_stream)
        position = 0
        while position < len(line):
            position += 5 + int.from_bytes(line[position + 3 : position + 5], "big")
        assert position > len(line), "the line should end inside a record"
        assert not line[-24:].startswith(b"\x17\x03\x03\x00\x13"), "a close_notify follows the cut record"


async def test_a_reset_line_ends_its_session_without_blame(tmp_path: Path) -> None:
    faults: list[PeerError] = []
    node = Node(tmp_path, "node", on_fault=lambda line, error: faults.append(error))
    async with running(node):
        peer, session = await greeted(node)
        linger = b"\1\0\0\0\0\0\0\0"  # close sends a reset
        peer.stream.transport_stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, linger)
        await peer.close()
        await node.until_closed()
        assert session.error is not None and session.error.code == "gone"
    assert not faults


async def test_an_end_in_the_middle_of_a_frame_is_an_end_without_blame(tmp_path: Path) -> None:
    faults: list[PeerError] = []
    node = Node(tmp_path, "node", on_fault=lambda line, error: faults.append(error))
    async with running(node):
        peer, session = await greeted(node)
        await peer.send(b"\0\0\x10\0\0half")
        await peer.close()
        await node.until_closed()
        assert session.error is not None and session.error.code == "gone"
    assert not faults


async def test_forged_bytes_on_an_open_line_end_it(tmp_path: Path) -> None:
    """Someone on the way writes into the connection: TLS notices, the session ends."""
    async with running(Node(tmp_path, "node")) as node:
        peer, session = await greeted(node)
        await peer.stream.transport_stream.send_all(b"\x17\x03\x03\x00\x20" + bytes(32))
        await node.until_closed()
        assert session.error is not None and session.error.code == "tls"


@pytest.mark.parametrize("round_number", range(8))
async def test_both_dial_at_once_and_exactly_one_line_works(tmp_path: Path, round_number: int) -> None:
    one, other = Node(tmp_path, "one"), Node(tmp_path, "other")
    echoed = trio.Event()

    def echo(session: Session, join: Join) -> None:
        session.send(Gone(join.stream, "unknown"))

    for node in (one, other):
        node.router.on(Join, echo)
        node.router.on(Gone, lambda session, gone: echoed.set())
    async with running(one), running(other):
        results: list[PeerSession] = []

        async def dial(node: Node, target: Node) -> None:
            results.append(await node.overlay.connect(target.peer, [target.address]))

        with trio.fail_after(10):
            async with trio.open_nursery() as dialling:
                dialling.start_soon(dial, one, other)
                dialling.start_soon(dial, other, one)
            await trio.testing.wait_all_tasks_blocked(0.02)
        assert len(one.overlay.sessions) == len(other.overlay.sessions) == 1
        mine, theirs = one.overlay.sessions[other.peer], other.overlay.sessions[one.peer]
        assert mine.outbound is (one.peer < other.peer) is not theirs.outbound
        assert len(one.opened) - len(one.closed) == len(other.opened) - len(other.closed) == 1
        assert not [s.error for s in results if s.error and s.error.blame]
        mine.send(Join(1, bytes(32)))
        with trio.fail_after(5):
            await echoed.wait()


async def test_a_listener_that_claims_a_second_connection_holds_nobody_up(tmp_path: Path) -> None:
    """Where no other connection comes up the dial fails, soon, and backs off like any other."""
    papers = raw.honest()
    peer = PeerId(papers.public)
    refused = trio.Event()

    async def serve(line: RawPeer) -> None:
        await line.send(message(BYE, "duplicate", "another one is kept"))
        refused.set()
        await line.until_end()

    patient = Timings(connect=2.0, handshake=600.0, linger=0.1)
    async with running(Node(tmp_path, "node", timings=patient), listen=False) as node:
        async with listener(papers, serve) as address:
            began = trio.current_time()
            with trio.fail_after(20), pytest.raises(PeerError, match="another one is kept"):
                await node.overlay.connect(peer, [address, address])
            assert refused.is_set() and trio.current_time() - began < 4
            assert node.book.entries[peer].fails == 1


async def test_a_peer_that_dials_again_and_again_holds_one_session(tmp_path: Path) -> None:
    """Each new line replaces the one before, and says so; none are piled up."""
    papers = raw.honest()
    async with running(Node(tmp_path, "node")) as node:
        lines = []
        for count in range(1, 6):
            peer = await RawPeer.dial(node.address, papers)
            await peer.greet()
            lines.append(peer)
            with trio.fail_after(5):
                while len(node.opened) < count:
                    await node.changed.wait()
        for old in lines[:-1]:
            assert (await old.until_end())[-1][:2] == [BYE, "duplicate"]
        assert len(node.overlay.sessions) == 1
        assert len(node.closed) == 4
        await lines[-1].send(message(PING, 9))
        while await lines[-1].message() != [PONG, 9]:
            pass


async def test_a_stopped_listener_takes_nobody_and_keeps_its_sessions(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node")) as node:
        peer, _ = await greeted(node)
        node.overlay.stop_listening()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(OSError):
            await connect(node.address)
        await peer.send(message(PING, 3))
        while await peer.message() != [PONG, 3]:
            pass
