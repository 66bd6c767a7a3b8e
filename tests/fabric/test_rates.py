"""Rates, pools and bounds of calls, in virtual time."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.fabric import rates as module
from slskmesh.fabric.rates import Bounds, CallRates, Latest
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.identity.peerid import PeerId
from slskmesh.work import PER_PEER_MINUTE, BudgetSpent, LocalBudget
from tests.fabric.pairs import Text, in_memory, join

PEER = PeerId(b"p" * 32)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def calls(rates: CallRates, peer: PeerId, service: str, now: float, count: int) -> int:
    """How many of `count` calls get in."""
    let_in = 0
    for _ in range(count):
        if rates.enter(peer, service, now) is None:
            rates.leave(peer)
            let_in += 1
    return let_in


def test_a_service_takes_100_calls_a_minute_of_a_peer_and_500_of_all_its_services() -> None:
    rates = CallRates(Bounds(), Clock())
    assert calls(rates, PEER, "one", 0, 300) == 100
    assert calls(rates, PEER, "one", 30, 300) == 50
    assert [calls(rates, PEER, f"other{n}", 60, 200) for n in range(6)] == [100, 100, 100, 100, 100, 0]
    assert calls(rates, PeerId(b"q" * 32), "one", 60, 300) == 100


def test_names_that_are_not_exposed_share_one_rate() -> None:
    rates = CallRates(Bounds(), Clock())
    assert calls(rates, PEER, "", 0, 300) == 100


def test_refusals_tell_when_to_come_back_and_going_on_is_abuse() -> None:
    rates = CallRates(Bounds(), Clock())
    calls(rates, PEER, "one", 0, 100)
    refusal = rates.enter(PEER, "one", 0)
    assert refusal is not None and refusal.status is Status.RATE_LIMITED
    assert refusal.words == "too many calls a minute; try again in 1 s" and not refusal.abuse
    told = [rates.enter(PEER, "one", 0) for _ in range(202)]
    assert [n for n, one in enumerate(told, 2) if one is not None and one.abuse] == [51, 102, 153]


def test_a_caller_a_little_over_its_rate_is_never_abusive() -> None:
    rates = CallRates(Bounds(), Clock())
    for second in range(600):  # 120 calls a minute
        for _ in range(2):
            refusal = rates.enter(PEER, "one", float(second))
            if refusal is None:
                rates.leave(PEER)
            assert refusal is None or not refusal.abuse


def test_pools_and_rates_belong_to_the_key_not_to_the_session() -> None:
    clock = Clock()
    rates = CallRates(Bounds(), clock)
    for _ in range(PER_PEER_MINUTE // 10):
        rates.budget(PEER).spend(10)
    with pytest.raises(BudgetSpent, match=r"k:7070\.\.70"):
        rates.budget(PEER).spend(1)
    rates.budget(PeerId(b"q" * 32)).spend(10)
    clock.now += 12
    rates.budget(PEER).spend(10)


def test_all_peers_share_600_units_a_minute() -> None:
    rates = CallRates(Bounds(), Clock())
    spent = 0
    with pytest.raises(BudgetSpent, match="calls of all peers"):
        for number in range(100):
            for _ in range(5):
                rates.budget(PeerId(bytes([number]) * 32)).spend(10)
                spent += 10
    assert spent == 600


@given(st.lists(st.integers(0, 20), max_size=100), st.integers(1, 8))
def test_a_table_keeps_the_latest_used(keys: list[int], most: int) -> None:
    table: Latest[int, list[int]] = Latest(most, lambda key: [key])
    kept: list[int] = []
    for key in keys:
        assert table.of(key) == [key]
        kept = [*(one for one in kept if one != key), key][-most:]
        assert len(table) == len(kept) and all(table.get(one) == [one] for one in kept)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.floats(0, 5), st.booleans())))
def test_places_are_given_back_whatever_comes(steps: list[tuple[int, str, float, bool]]) -> None:
    bounds = Bounds(open_peer=2, answering=5)
    rates = CallRates(bounds, Clock())
    inside: list[PeerId] = []
    now = 0.0
    for who, service, wait, leaves in steps:
        now += wait
        peer = PeerId(bytes([who]) * 32)
        if leaves and inside:
            rates.leave(inside.pop())
        elif rates.enter(peer, service, now) is None:
            inside.append(peer)
        assert rates.open == len(inside) <= 5
        assert all(inside.count(one) <= 2 for one in inside)
    for peer in inside:
        rates.leave(peer)
    assert rates.open == 0 and not rates._open


def test_many_keys_cost_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PEERS_MAX", 10)
    monkeypatch.setattr(module, "SERVICES_MAX", 20)
    rates = CallRates(Bounds(), Clock())
    for number in range(200):
        peer = PeerId(number.to_bytes(32, "big"))
        calls(rates, peer, "one", 0, 101)
        rates.budget(peer)
    assert len(rates._peers) == len(rates._pools) == len(rates._refused) == 10
    assert len(rates._services) == 20


async def test_over_the_rate_a_call_fails_and_coming_back_renews_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with in_memory() as (a, b, to_b, to_a):

        async def say() -> Status:
            try:
                await a.fabric.call(b.peer, "parrot", "Say", Text("x"), Text, LocalBudget())
            except CallFailed as error:
                return error.status
            return Status.OK

        assert [await say() for _ in range(101)] == [Status.OK] * 100 + [Status.RATE_LIMITED]
        to_a.close("gone")
        to_b.close("gone")
        join(a, b)
        assert await say() is Status.RATE_LIMITED
        await trio.sleep(6.1)
        assert [await say() for _ in range(11)] == [Status.OK] * 10 + [Status.RATE_LIMITED]


async def test_deadlines_in_virtual_time(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory() as (a, b, *_):
        begin = trio.current_time()
        with pytest.raises(CallFailed) as caught:
            await a.fabric.call(b.peer, "parrot", "Wait", Text("x"), Text, LocalBudget(), timeout=7)
        assert caught.value.status is Status.TIMEOUT
        assert trio.current_time() - begin == pytest.approx(7, abs=0.1)
        await trio.testing.wait_all_tasks_blocked()
        assert b.parrot.ended.is_set()


async def test_a_call_waits_for_its_turn_inside_its_own_deadline(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with in_memory() as (a, b, *_):
        failures: list[Status] = []

        async def wait(timeout: float) -> None:
            with pytest.raises(CallFailed) as caught:
                await a.fabric.call(b.peer, "parrot", "Wait", Text("x"), Text, LocalBudget(), timeout=timeout)
            failures.append(caught.value.status)

        async with trio.open_nursery() as nursery:
            for _ in range(16):
                nursery.start_soon(wait, 20)
            await trio.testing.wait_all_tasks_blocked()
            begin = trio.current_time()
            await wait(3)
            assert trio.current_time() - begin == pytest.approx(3, abs=0.1)
            assert len(b.parrot.callers) == 16
        assert failures == [Status.TIMEOUT] * 17


async def test_open_calls_are_bounded_on_the_calling_side() -> None:
    async with in_memory(bounds=Bounds(asking=3)) as (a, b, *_):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(a.fabric.call, b.peer, "parrot", "Wait", Text("x"), Text, LocalBudget())
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(CallFailed, match="too many calls are open"):
                await a.fabric.call(b.peer, "parrot", "Say", Text("x"), Text, LocalBudget())
            b.parrot.let_go.set()
