"""Calls between two real nodes over TLS on loopback."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError, StorageError, UserError
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.wire import limits
from slskmesh.work import BudgetSpent, LocalBudget, Origin, RemoteBudget
from tests.fabric.pairs import Side, Text, over_tls
from tests.overlay.nodes import Node


async def say(a: Side, b: Side, text: str, **options: float) -> str:
    """One call of A to B's parrot."""
    answer = await a.fabric.call(b.peer, "parrot", "Say", Text(text), Text, LocalBudget(), **options)
    return answer.text


async def failing(a: Side, b: Side, method: str, request: Text, service: str = "parrot") -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        await a.fabric.call(b.peer, service, method, request, Text, LocalBudget())
    return caught.value


async def test_a_call_is_answered_and_both_sides_may_call(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        assert await say(a, b, "hello") == "hello"
        assert await say(b, a, "back") == "back"
        (caller,) = b.parrot.callers
        assert caller.peer == a.peer and isinstance(caller.budget, RemoteBudget)
        assert b.fabric.answered == 1


async def test_a_call_spends_and_without_units_nothing_is_sent(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        budget = LocalBudget(Origin.AUTOMATION)
        await a.fabric.call(b.peer, "parrot", "Say", Text("x"), Text, budget)
        assert budget.spent == 1
        with pytest.raises(BudgetSpent):
            await a.fabric.call(b.peer, "parrot", "Say", Text("x"), Text, RemoteBudget((), 0))
        assert len(b.parrot.callers) == 1


async def test_what_is_not_exposed_answers_as_what_does_not_exist(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        b.allowed.clear()
        hidden = await failing(a, b, "Say", Text("x"))
        absent = await failing(a, b, "Say", Text("x"), service="no-such")
        assert hidden.status is absent.status is Status.SERVICE_NOT_FOUND
        assert str(hidden) == str(absent)
        b.allowed.append("parrot")
        assert await say(a, b, "now") == "now"
        assert (await failing(a, b, "Sing", Text("x"))).status is Status.METHOD_NOT_FOUND


async def test_parts_come_in_order_and_the_stream_ends(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        parts = a.fabric.stream(b.peer, "parrot", "Repeat", Text("x", 64), Text, LocalBudget())
        assert [part.count async for part in parts] == list(range(64))
        parts = a.fabric.stream(b.peer, "parrot", "Repeat", Text("x", 0), Text, LocalBudget())
        assert [part async for part in parts] == []
        assert a.fabric._asking.open == a.fabric._asking.buffered == 0


async def test_more_parts_than_allowed_end_in_a_status(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        got = []
        with pytest.raises(CallFailed) as caught:
            async for part in a.fabric.stream(
                b.peer, "parrot", "Repeat", Text("x", 100), Text, LocalBudget()
            ):
                got.append(part.count)
        assert caught.value.status is Status.PAYLOAD_TOO_LARGE
        assert got == list(range(limits.REPLY_PARTS_MAX))


@pytest.mark.parametrize("way", ["break", "aclose", "dropped"])
async def test_leaving_a_stream_early_stops_it_at_the_peer(tmp_path: Path, way: str) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        # Parts so big that the window is full before the stream would end by itself.
        parts = a.fabric.stream(b.peer, "parrot", "Forever", Text("x" * 1000, 40), Text, LocalBudget())
        if way == "aclose":
            async with contextlib.aclosing(parts):  # type: ignore[type-var]
                await anext(parts)
        else:
            async for _ in parts:
                break
            del parts
        with trio.fail_after(5):
            await b.parrot.ended.wait()
            assert await say(a, b, "still there") == "still there"
        assert a.fabric._asking.open == 0 and a.fabric._asking.buffered == 0


async def test_cancelling_a_call_stops_its_handler(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(a.fabric.call, b.peer, "parrot", "Wait", Text("x"), Text, LocalBudget())
            await b.parrot.started.wait()
            nursery.cancel_scope.cancel()
        with trio.fail_after(5):
            await b.parrot.ended.wait()
        assert await say(a, b, "still there") == "still there"
        assert a.fabric._asking.open == 0


async def test_a_deadline_ends_the_call_on_both_sides(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        with pytest.raises(CallFailed) as caught, trio.fail_after(5):
            await a.fabric.call(b.peer, "parrot", "Wait", Text("x"), Text, LocalBudget(), timeout=0.05)
        assert caught.value.status is Status.TIMEOUT
        with trio.fail_after(5):
            await b.parrot.ended.wait()
        assert await say(a, b, "still there") == "still there"


async def test_a_session_lost_in_mid_call_fails_it_and_stops_the_handler(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, node, _):
        failures: list[CallFailed] = []

        async def ask() -> None:
            failures.append(await failing(a, b, "Wait", Text("x")))

        async with trio.open_nursery() as nursery:
            for _ in range(20):  # four of them still wait for their turn
                nursery.start_soon(ask)
            await b.parrot.started.wait()
            node.overlay.disconnect(b.peer, "shutdown", "test")
        with trio.fail_after(5):
            await b.parrot.ended.wait()
        assert {failure.status for failure in failures} == {Status.UNAVAILABLE} and len(failures) == 20
        assert a.fabric._asking.open == 0
        assert (await failing(a, b, "Say", Text("x"))).status is Status.UNAVAILABLE


async def test_many_calls_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        got: dict[int, str] = {}

        async def ask(number: int) -> None:
            got[number] = await say(a, b, str(number))

        async with trio.open_nursery() as nursery:
            for number in range(80):
                nursery.start_soon(ask, number)
        assert got == {number: str(number) for number in range(80)}


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (UserError("no such release"), Status.INVALID_PAYLOAD, "no such release"),
        (CallFailed(Status.FORBIDDEN, "friends only"), Status.FORBIDDEN, "friends only"),
        (BudgetSpent("used up"), Status.UNAVAILABLE, "used up"),
        (StorageError("/srv/secret: gone"), Status.UNKNOWN, "the service's storage failed"),
        (PeerError("bad", "10.1.2.3:4 lied"), Status.UNAVAILABLE, "another peer that this needs failed"),
    ],
)
async def test_errors_of_a_service_become_a_status(
    tmp_path: Path, raised: Exception, status: Status, words: str
) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        b.parrot.raises = raised
        failure = await failing(a, b, "Fail", Text("x"))
        assert (failure.status, str(failure), failure.blame) == (status, words, False)


async def test_any_other_error_of_a_service_is_ours_and_ends_the_node(tmp_path: Path) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(ZeroDivisionError), flatten_subgroups=True):
        async with over_tls(tmp_path) as (a, b, *_):
            b.parrot.raises = ZeroDivisionError("our own fault")
            with pytest.raises(CallFailed):
                await a.fabric.call(b.peer, "parrot", "Fail", Text("x"), Text, LocalBudget())
            await trio.sleep_forever()


async def test_sizes_are_held_on_both_sides(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (a, b, *_):
        assert (await failing(a, b, "Say", Text("x" * 17_000))).status is Status.PAYLOAD_TOO_LARGE
        assert (await failing(a, b, "Say", Text("x" * 1000, 60))).status is Status.PAYLOAD_TOO_LARGE
        assert len(b.parrot.callers) == 1
        assert len(await say(a, b, "x" * 16_000)) == 16_000


def test_services_must_be_well_formed() -> None:
    from slskmesh.identity.peerid import PeerId
    from slskmesh.overlay.router import MessageRouter

    async def main() -> None:
        side = Side(MessageRouter(), PeerId(b"a" * 32))
        with pytest.raises(ValueError, match="taken"):
            side.fabric.offer(side.parrot)
        assert [service.name for service in side.fabric.exposed()] == ["parrot"]

    trio.run(main)


async def test_a_fabric_that_is_not_running_fails_calls_instead_of_leaving_them(tmp_path: Path) -> None:
    nodes = [Node(tmp_path, name) for name in ("a", "b")]
    a, b = (Side(node.router, node.peer) for node in nodes)
    async with trio.open_nursery() as nursery:
        for node in nodes:
            await node.start(nursery)
        await nodes[0].overlay.connect(b.peer, [nodes[1].address])
        assert (await failing(a, b, "Say", Text("x"))).status is Status.UNAVAILABLE
        async with trio.open_nursery() as running:
            await running.start(a.fabric.run)
            await running.start(b.fabric.run)
            failures: list[CallFailed] = []

            async def ask() -> None:
                failures.append(await failing(a, b, "Wait", Text("x")))

            nursery.start_soon(ask)
            await b.parrot.started.wait()
            running.cancel_scope.cancel()
        with trio.fail_after(5):
            await b.parrot.ended.wait()
            while not failures:
                await trio.lowlevel.checkpoint()
        assert failures[0].status is Status.UNAVAILABLE and "stopping" in str(failures[0])
        nursery.cancel_scope.cancel()
