"""Peers that break the rules of calls: lines in memory, where every message is the test's own, and raw TLS peers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from slskmesh.errors import PeerError
from slskmesh.fabric.line import WINDOW
from slskmesh.fabric.rates import Bounds
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.router import MessageRouter
from slskmesh.wire import limits
from slskmesh.wire.messages import Call, CallCancel, CallReply
from slskmesh.work import LocalBudget
from tests.fabric.pairs import MemorySession, Side, Text, in_memory, join
from tests.overlay import raw
from tests.overlay.nodes import Node
from tests.overlay.rawpeer import RawPeer, message, running

SAY = msgspec.msgpack.encode(["x", 1])
CALL, REPLY, CANCEL = 48, 49, 50


def ask(number: int, method: str = "Say", payload: bytes = SAY, service: str = "parrot") -> Call:
    return Call(number, service, method, 5000, payload)


def statuses(session: MemorySession) -> dict[int, list[int]]:
    """Statuses of the replies that left over `session`, by call."""
    found: dict[int, list[int]] = {}
    for reply in session.log:
        if isinstance(reply, CallReply):
            found.setdefault(reply.call, []).append(reply.status)
    return found


@contextlib.asynccontextmanager
async def raw_caller(**options: Any) -> AsyncIterator[tuple[Side, Side, MemorySession, MemorySession]]:
    """A's own fabric hears nothing: the test speaks for it."""
    async with in_memory(**options) as (a, b, to_b, to_a):
        to_a.deliver = lambda message: None
        yield a, b, to_b, to_a


async def settled() -> None:
    """Everything that can happen without time passing has happened."""
    await trio.testing.wait_all_tasks_blocked()


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xc1", b"\xff" * 50, SAY + b"\x00", msgspec.msgpack.encode(["x", "1"]), b"\x91" * 5000],
    ids=["empty", "no-msgpack", "noise", "trailing", "wrong-type", "deep"],
)
async def test_a_payload_that_does_not_decode_is_a_breach(payload: bytes) -> None:
    async with raw_caller() as (a, b, to_b, to_a):
        to_b.send(ask(1, payload=payload))
        await settled()
        assert statuses(to_a) == {1: [Status.INVALID_PAYLOAD]}
        assert not b.parrot.callers and not to_a.closed.is_set()
        for number in range(2, 6):
            to_b.send(ask(number, payload=payload))
        await settled()
        assert to_a.why == "banned" and b.banned == [a.peer]
        assert b.violations.is_banned(a.peer)


async def test_somebody_banned_is_turned_away_when_the_session_opens() -> None:
    async with in_memory() as (a, b, to_b, to_a):
        to_a.close("gone")
        to_b.close("gone")
        for _ in range(5):
            b.violations.note(a.peer, "192.0.2.1:1", "unasked")
        _, again = join(a, b)
        assert again.why == "banned"
        b.wall += 3601
        _, later = join(a, b)
        assert not later.closed.is_set()


async def test_fresh_keys_of_one_prefix_are_turned_away_too() -> None:
    async with in_memory() as (_, b, *_rest):
        for number in range(5):
            b.violations.note(PeerId(bytes([number]) * 32), f"203.0.113.{number}:9", "unasked")
        near, far = (Side(MessageRouter(), PeerId(name * 32)) for name in (b"n", b"f"))
        _, session = join(near, b, ("203.0.113.200:5", "198.51.100.1:1"))
        assert session.why == "banned"
        _, session = join(far, b, ("203.0.114.200:5", "198.51.100.1:1"))
        assert not session.closed.is_set()


async def test_a_number_in_use_ends_the_session() -> None:
    async with raw_caller() as (_, b, to_b, to_a):
        to_b.send(ask(7, "Wait"))
        await settled()
        to_b.send(ask(7))
        await settled()
        assert to_a.why == "duplicate-call" and b.parrot.ended.is_set()


@pytest.mark.parametrize(
    "reply",
    [CallReply(99, 0, SAY), CallReply(99, 0, SAY, more=True), CallReply(99, 6), CallReply(0, 0)],
)
async def test_an_answer_nobody_asked_for_ends_the_session(reply: CallReply) -> None:
    async with in_memory() as (a, b, to_b, to_a):
        to_b.send(reply)
        await settled()
        assert to_a.why == "unasked-reply"
        (noted,) = [one for one in b.violations.take_changes() if "/" not in one.name]
        assert (noted.name, noted.kind) == (a.peer.hex(), "unasked")


async def calling(a: Side, b: Side, outcome: list[Any], **options: Any) -> None:
    """One call of A to a service of B that no handler of B answers; what came of it."""
    try:
        outcome.append(
            await a.fabric.call(b.peer, "parrot", "Say", Text("x"), Text, LocalBudget(), **options)
        )
    except PeerError as error:
        outcome.append(error)


async def test_a_second_answer_to_one_call_ends_the_session() -> None:
    async with in_memory() as (a, b, to_b, to_a):
        outcome: list[Any] = []
        await calling(a, b, outcome)
        assert outcome == [Text("x")]
        to_a.send(CallReply(1, 0, SAY))
        await settled()
        assert to_b.why == "unasked-reply"


async def test_an_answer_that_does_not_decode_blames_the_peer() -> None:
    async with in_memory() as (a, b, _to_b, to_a):
        b.allowed.clear()
        to_a.send = lambda message, priority=0: None  # type: ignore[assignment,misc]
        outcome: list[Any] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(calling, a, b, outcome)
            await settled()
            MemorySession.send(to_a, CallReply(1, 0, b"\xc1"))
        assert outcome[0].code == "bad-reply" and outcome[0].blame
        (noted,) = [one for one in a.violations.take_changes() if "/" not in one.name]
        assert (noted.name, noted.kind) == (b.peer.hex(), "bad-payload")


async def test_a_status_of_a_later_version_is_a_failure() -> None:
    async with in_memory() as (a, b, _to_b, to_a):
        to_a.send = lambda message, priority=0: None  # type: ignore[assignment,misc]
        outcome: list[Any] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(calling, a, b, outcome)
            await settled()
            MemorySession.send(to_a, CallReply(1, 15, error="\x1b[31mred\u202e"))
        assert isinstance(outcome[0], CallFailed) and outcome[0].status is Status.UNKNOWN
        assert "\x1b" not in str(outcome[0]) and "\u202e" not in str(outcome[0])


async def test_parts_still_under_way_after_a_cancel_are_ignored_but_not_for_ever() -> None:
    async with in_memory() as (a, b, to_b, to_a):
        to_a.send = lambda message, priority=0: None  # type: ignore[assignment,misc]
        parts = a.fabric.stream(b.peer, "parrot", "Repeat", Text("x"), Text, LocalBudget())
        outcome: list[Text] = []

        async def read() -> None:
            async for part in parts:
                outcome.append(part)
                break

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await settled()
            MemorySession.send(to_a, CallReply(1, 0, SAY, more=True))
        await parts.aclose()  # type: ignore[attr-defined]
        await settled()
        assert CallCancel(1) in to_b.log and outcome == [Text("x")]
        for _ in range(limits.REPLY_PARTS_MAX):
            MemorySession.send(to_a, CallReply(1, 0, SAY, more=True))
        await settled()
        assert not to_b.closed.is_set()
        MemorySession.send(to_a, CallReply(1, 0, SAY, more=True))
        await settled()
        assert to_b.why == "unasked-reply"


@pytest.mark.parametrize(
    "parts",
    [[CallReply(1, 0, b"", more=True)], [CallReply(1, 0, SAY, more=True)] * (limits.REPLY_PARTS_MAX + 1)],
    ids=["empty-part", "never-ending"],
)
async def test_a_stream_outside_its_bounds_ends_the_session(parts: list[CallReply]) -> None:
    async with in_memory() as (a, b, to_b, to_a):
        to_a.send = lambda message, priority=0: None  # type: ignore[assignment,misc]
        failures = []

        async def read() -> None:
            with pytest.raises(CallFailed) as caught:
                async for _ in a.fabric.stream(b.peer, "parrot", "Repeat", Text("x"), Text, LocalBudget()):
                    pass
            failures.append(caught.value.status)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await settled()
            for part in parts:
                MemorySession.send(to_a, part)
        assert to_b.why == "unasked-reply" and failures == [Status.UNAVAILABLE]


async def test_parts_that_nobody_takes_are_bounded_in_bytes() -> None:
    async with in_memory(bounds=Bounds(buffered=1000)) as (a, b, *_):
        parts = a.fabric.stream(b.peer, "parrot", "Repeat", Text("x" * 300, 10), Text, LocalBudget())
        await anext(parts)
        await settled()
        assert a.fabric._asking.buffered <= 1400
        with pytest.raises(CallFailed) as caught:
            async for _ in parts:
                pass
        assert caught.value.status is Status.UNAVAILABLE
        assert a.fabric._asking.buffered == 0


async def test_a_peer_that_does_not_read_holds_a_window_and_no_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with raw_caller() as (_, b, to_b, to_a):
        to_a.reading = False
        for number in range(1, 17):
            payload = msgspec.msgpack.encode(["x" * 1000, 40])
            to_b.send(ask(number, "Forever", payload))
        await trio.sleep(1)
        part = 40_100
        assert WINDOW < to_a.queued < WINDOW + 2 * part
        assert not to_a.closed.is_set()
        await trio.sleep(10)  # the deadlines pass; nothing is left but what was queued
        assert b.fabric._answering.rates.open == 0
        to_a.pump()
        await settled()
        assert all(ends[-1] == Status.TIMEOUT for ends in statuses(to_a).values())


async def test_more_than_sixteen_at_once_are_refused_and_a_place_frees_up() -> None:
    async with raw_caller() as (_, b, to_b, to_a):
        for number in range(1, 21):
            to_b.send(ask(number, "Wait"))
        await settled()
        assert statuses(to_a) == {number: [Status.RATE_LIMITED] for number in range(17, 21)}
        to_b.send(CallCancel(3))
        to_b.send(CallCancel(4_000_000))
        to_b.send(ask(21))
        await settled()
        assert statuses(to_a)[21] == [Status.OK]
        assert b.fabric._answering.rates.open == 15


async def test_all_peers_together_are_bounded() -> None:
    async with raw_caller(bounds=Bounds(answering=20)) as (_, b, to_b, to_a):
        other = Side(MessageRouter(), PeerId(b"o" * 32))
        other_to_b, b_to_other = join(other, b)
        b_to_other.deliver = lambda message: None
        for number in range(1, 17):
            to_b.send(ask(number, "Wait"))
            other_to_b.send(ask(number, "Wait"))
        await settled()
        ends = [*statuses(to_a).values(), *statuses(b_to_other).values()]
        assert ends == [[Status.UNAVAILABLE]] * 12


async def test_a_flood_of_calls_over_tls_ends_in_a_ban_and_others_are_served(tmp_path: Path) -> None:
    """The flooder knows nothing of the product's own limits: it writes frames as fast as the line takes them."""
    node = Node(tmp_path, "node")
    side = Side(node.router, node.peer)
    async with running(node), trio.open_nursery() as nursery:
        await nursery.start(side.fabric.run)
        papers, honest = raw.honest(), raw.honest()
        flooder, friend = [await RawPeer.dial(node.address, who) for who in (papers, honest)]
        for peer in (flooder, friend):
            await peer.greet()
        await flooder.send(b"".join(message(CALL, n, "parrot", "Say", 5000, SAY) for n in range(1, 500)))
        ends = [fields for fields in await flooder.until_end() if fields[0] in (REPLY, 4)]
        assert ends[-1][:2] == [4, "banned"]
        assert sum(1 for fields in ends if fields[0] == REPLY and fields[2] == Status.OK) <= 101
        assert side.banned == [PeerId(papers.public)]
        await friend.send(message(CALL, 1, "parrot", "Say", 5000, SAY))
        while (fields := await friend.message())[0] != REPLY:
            pass
        assert fields[1:3] == [1, Status.OK]
        nursery.cancel_scope.cancel()


async def test_a_payload_over_the_bound_never_reaches_the_fabric(tmp_path: Path) -> None:
    node = Node(tmp_path, "node")
    side = Side(node.router, node.peer)
    async with running(node), trio.open_nursery() as nursery:
        await nursery.start(side.fabric.run)
        peer = await RawPeer.dial(node.address, raw.honest())
        await peer.greet()
        await peer.send(message(CALL, 1, "parrot", "Say", 5000, b"x" * (limits.CALL_MAX + 1)))
        assert (await peer.until_end())[-1][:2] == [4, "bad-message"]
        assert not side.parrot.callers
        nursery.cancel_scope.cancel()
