"""Connections that cost and bring nothing: garbage, silence, dribble, too many at once. Honest peers still get in."""

from __future__ import annotations

import contextlib
import random
import ssl
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.admission import Admission, Limits
from slskmesh.overlay.session import Timings
from tests.overlay import raw
from tests.overlay.nodes import Node
from tests.overlay.rawpeer import LineEndError, RawPeer, connect, heard_refusals, hello, running, until_eof

HASTY = Timings(connect=1.0, handshake=0.3, ping_every=5.0, silence=15.0, linger=0.1)


async def greeted(node: Node) -> RawPeer:
    """An honest peer, its session open; tries again while the node is full."""
    papers = raw.honest()
    with trio.fail_after(10):
        while True:
            try:
                peer = await RawPeer.dial(node.address, papers)
                await peer.greet()
                break
            except (LineEndError, OSError):
                continue
        await node.until_open(PeerId(papers.public))
    return peer


def resident() -> int:
    """Bytes of memory this process holds now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


async def test_a_thousand_connections_of_garbage(tmp_path: Path) -> None:
    """Memory stays, nothing of them is left over, and honest peers get in during and after."""
    rng = random.Random(7)
    half_way = trio.Event()
    garbage = [rng.randbytes(rng.randint(16, 4096)) for _ in range(1000)]

    async def throw() -> None:
        while garbage:
            data = garbage.pop()
            stream = await connect(node.address)
            try:
                await stream.send_all(data)
            except trio.BrokenResourceError:
                pass
            assert len(await until_eof(stream)) < 100  # a TLS alert at most
            await stream.aclose()
            if len(garbage) < 500:
                half_way.set()

    async with running(Node(tmp_path, "node", timings=HASTY)) as node:
        await greeted(node)
        before = resident()
        async with trio.open_nursery() as throwing:
            for _ in range(20):
                throwing.start_soon(throw)
            await half_way.wait()
            await greeted(node)
        assert resident() - before < 20 << 20
        await greeted(node)
        assert node.overlay._admission.half_open == 0
        assert len(node.overlay.sessions) == 3 == len(node.opened)


async def dribble(data: bytes) -> AsyncGenerator[bytes, None]:
    """One byte now and then, always another before anyone could call it silence."""
    for value in data * 100:
        yield bytes([value])
        await trio.sleep(0.02)


async def slowly(stream: trio.abc.SendStream, data: bytes) -> None:
    """Sends a dribble until the node has had enough."""
    async with contextlib.aclosing(dribble(data)) as pieces:
        async for piece in pieces:
            try:
                await stream.send_all(piece)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return


def client_hello() -> bytes:
    """The first flight of an honest client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = raw.context(raw.honest()).wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("data", [b"", client_hello()], ids=["silent", "dribbling"])
async def test_a_line_that_never_gets_to_tls_is_cut_in_time(tmp_path: Path, data: bytes) -> None:
    with heard_refusals() as refusals:
        async with running(Node(tmp_path, "node", timings=HASTY)) as node:
            stream = await connect(node.address)
            with trio.fail_after(2):
                async with trio.open_nursery() as both:
                    both.start_soon(slowly, stream, data)
                    await until_eof(stream)
                    both.cancel_scope.cancel()
            assert await refusals.first() == "timeout"
            await greeted(node)


@pytest.mark.parametrize("data", [b"", hello()[:-1]], ids=["silent", "dribbling"])
async def test_a_peer_that_never_gets_to_its_hello_is_cut_in_time(tmp_path: Path, data: bytes) -> None:
    with heard_refusals() as refusals:
        async with running(Node(tmp_path, "node", timings=HASTY)) as node:
            peer = await RawPeer.dial(node.address, raw.honest())
            with trio.fail_after(2):
                async with trio.open_nursery() as both:
                    both.start_soon(slowly, peer.stream, data and data[:4] + b"\x00" * 60)
                    await peer.until_end()
                    both.cancel_scope.cancel()
            assert await refusals.first() in ("timeout", "bad-message")
            assert not node.opened


async def test_a_listener_that_says_nothing_does_not_hold_a_dial(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node", timings=HASTY), listen=False) as node:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(PeerError) as caught, trio.fail_after(2):
            await node.overlay.connect(None, [f"127.0.0.1:{port}"])
        assert caught.value.code == "timeout"
        await listeners[0].aclose()


async def test_half_open_lines_are_bounded_and_give_way(tmp_path: Path) -> None:
    """64 silent lines are held; each that comes then takes the oldest one's place: an honest peer gets in at once."""
    patient = Timings(connect=1.0, handshake=30.0, ping_every=5.0, silence=15.0, linger=0.1)
    async with running(Node(tmp_path, "node", timings=patient)) as node:
        held = [await connect(node.address) for _ in range(64)]
        with trio.fail_after(2):
            while node.overlay._admission.half_open < 64:
                await trio.lowlevel.checkpoint()
            late = await connect(node.address)
            assert await until_eof(held[0]) == b""
            while node.overlay._admission.half_open < 64:
                await trio.lowlevel.checkpoint()
            peer = await greeted(node)
            assert await until_eof(held[1]) == b""
        assert node.overlay._admission.half_open == 63
        await peer.close()
        for stream in (*held, late):
            await stream.aclose()


async def test_sessions_are_bounded_and_the_one_too_many_hears_why(tmp_path: Path) -> None:
    async with running(Node(tmp_path, "node", limits=Limits(sessions=3))) as node:
        first = [await greeted(node) for _ in range(3)]
        late = await RawPeer.dial(node.address, raw.honest())
        await late.greet()
        assert (await late.until_end())[-1][:2] == [4, "full"]
        assert len(node.overlay.sessions) == 3
        await first[0].close()
        await node.until_closed()
        await greeted(node)


def knocks(admission: Admission, ips: list[str]) -> int:
    """How many of these connections are let in."""
    count = 0
    for ip in ips:
        try:
            admission.knock(ip)
        except PeerError as error:
            assert error.code == "full" and not error.blame
        else:
            count += 1
    return count


NEIGHBOURS: dict[str, tuple[Callable[[int], str], int]] = {
    "one address": (lambda n: "203.0.113.9", 4),
    "one address as IPv4 in IPv6": (lambda n: "::ffff:203.0.113.9", 4),
    "one /24": (lambda n: f"203.0.113.{n}", 16),
    "one /48": (lambda n: f"2001:db8:7:{n:x}::1", 16),
    "everywhere": (lambda n: f"198.{n}.1.1", 64),
}


@pytest.mark.parametrize("case", NEIGHBOURS)
def test_half_open_lines_of_neighbours_share_a_bound(case: str) -> None:
    address, bound = NEIGHBOURS[case]
    admission = Admission(Limits())
    ips = [address(n) for n in range(100)]
    assert knocks(admission, ips) == bound
    assert admission.half_open == bound
    assert knocks(admission, ["192.0.2.1"]) == (1 if bound < 64 else 0)


def test_a_bound_frees_up_as_lines_end() -> None:
    admission = Admission(Limits())
    ips = ["203.0.113.9"] * 6
    assert knocks(admission, ips) == 4
    for _ in range(4):
        admission.leave("203.0.113.9")
    assert admission.half_open == 0
    assert knocks(admission, ips) == 4


def test_sessions_of_one_address_are_bounded() -> None:
    admission = Admission(Limits(sessions_ip=2))
    for _ in range(2):
        admission.knock("203.0.113.9")
        admission.enter("203.0.113.9")
        admission.leave("203.0.113.9")
    assert knocks(admission, ["203.0.113.9"]) == 0
    admission.exit("203.0.113.9")
    assert knocks(admission, ["203.0.113.9"]) == 1
