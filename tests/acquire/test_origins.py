"""Turns by origin: people first, peers capped, nobody who matters starved."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire import origins
from slskmesh.acquire.origins import Gate, Turns
from slskmesh.work import BudgetSpent, Origin


def test_remote_plans_are_two_at_once_and_ten_a_minute() -> None:
    turns = Turns()
    tickets = [turns.enter(Origin.REMOTE, 0.0) for _ in range(8)]
    assert turns.admit() == tickets[:2]
    with pytest.raises(BudgetSpent, match="waiting"):
        [turns.enter(Origin.REMOTE, 0.0) for _ in range(9)]
    for ticket in [*turns.admit(), *tickets[:2]]:
        turns.leave(ticket)
    assert turns.admit() == tickets[2:4]
    fresh = Turns()
    for _ in range(origins.REMOTE_MINUTE):
        fresh.leave(fresh.enter(Origin.REMOTE, 0.0))
    with pytest.raises(BudgetSpent, match="10 plans a minute"):
        fresh.enter(Origin.REMOTE, 0.0)
    fresh.enter(Origin.REMOTE, 6.1)


def test_people_do_not_wait_for_peers_or_timers() -> None:
    turns = Turns()
    for _ in range(8):
        turns.enter(Origin.REMOTE, 0.0)
    for _ in range(50):
        turns.enter(Origin.AUTOMATION, 0.0)
    assert len(turns.admit()) == origins.ALL - 2
    person = turns.enter(Origin.USER, 1.0)
    assert turns.admit() == [person]


def test_who_is_more_important_goes_first_and_equals_in_their_order() -> None:
    turns = Turns()
    running = [turns.enter(Origin.USER, 0.0) for _ in range(origins.ALL)]
    assert turns.admit() == running
    order = [Origin.REMOTE, Origin.AUTOMATION, Origin.USER, Origin.GATEWAY, Origin.USER]
    waiting = [turns.enter(origin, 0.0) for origin in order]
    assert turns.admit() == []
    admitted: list[int] = []
    for ticket in running:
        turns.leave(ticket)
        admitted += turns.admit()
    assert admitted == [waiting[i] for i in (2, 4, 3, 1, 0)]


@given(st.lists(st.tuples(st.sampled_from(list(Origin)), st.booleans()), max_size=200))
def test_the_caps_hold_whoever_comes_and_goes(moves: list[tuple[Origin, bool]]) -> None:
    turns, running, waiting = Turns(), {}, {}
    for now, (origin, leaves) in enumerate(moves):
        if leaves and (running or waiting):
            ticket = next(iter(running or waiting))
            turns.leave(ticket)
            running.pop(ticket, None), waiting.pop(ticket, None)
        else:
            try:
                waiting[turns.enter(origin, float(now))] = origin
            except BudgetSpent:
                assert origin is Origin.REMOTE
        for ticket in turns.admit():
            running[ticket] = waiting.pop(ticket)
        counts = [sum(one is origin for one in running.values()) for origin in Origin]
        assert sum(counts) <= origins.ALL
        assert all(count <= origins.AT_ONCE[origin] for count, origin in zip(counts, Origin, strict=True))
        assert not any(one is Origin.USER for one in waiting.values()) or sum(counts) == origins.ALL


async def test_the_gate_lets_in_and_a_cancelled_wait_leaves_its_place() -> None:
    gate = Gate()
    release = trio.Event()
    inside = 0

    async def plan() -> None:
        nonlocal inside
        async with gate.turn(Origin.REMOTE):
            inside += 1
            await release.wait()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(plan)
        await trio.testing.wait_all_tasks_blocked()
        assert inside == 2
        with trio.move_on_after(0):
            await plan()
        release.set()
    assert inside == 3
    async with gate.turn(Origin.USER):
        assert inside == 3
