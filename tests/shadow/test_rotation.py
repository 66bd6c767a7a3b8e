"""Rotation: a fixed cost, every release in bounded time, the urgent at once."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.shadow.rotation import RARE_STAYS, RETRY, STAY, Act, Rotation, Topic


def topic(number: int) -> Topic:
    return Topic("release", f"00000000-0000-4000-8000-{number:012x}")


class Walk:
    """A library of `count` releases, paged in laps, published by turns; `told` says when each came up."""

    def __init__(self, count: int, slots: int, seed: int = 1, rare: set[int] | None = None) -> None:
        self.rotation = Rotation(random.Random(seed), slots)
        self.count, self.slots = count, slots
        self.rare = {topic(number) for number in rare or ()}
        self.now, self.cursor = 0.0, 0
        self.told: dict[Topic, list[float]] = {}
        self.steps = 0

    def turn(self, seconds: float) -> None:
        """Everything to be done now, then time goes on."""
        for _ in range(10_000):
            if self.rotation.wants_page and self.cursor is not None:
                page = [topic(n % self.count) for n in range(self.cursor, self.cursor + min(50, self.count))]
                self.cursor = (self.cursor + len(page)) % self.count
                self.rotation.offer(page)
            step = self.rotation.step(self.now)
            if step is None:
                break
            self.steps += 1
            act, one = step
            if act is Act.PUBLISH:
                self.told.setdefault(one, []).append(self.now)
                self.rotation.published(one, self.now, 0 if one in self.rare else 9)
            assert len(self.rotation.in_force) <= self.slots
        self.now += seconds


def test_a_small_library_is_always_told_of_whole() -> None:
    walk = Walk(20, 200)
    for _ in range(10):
        walk.turn(STAY / 2)
        assert set(walk.rotation.in_force) == {topic(n) for n in range(20)}
    assert max(len(times) for times in walk.told.values()) <= 6  # once a stay, not at each turn


@settings(max_examples=30, deadline=None)
@given(st.integers(11, 150), st.integers(0, 99), st.sets(st.integers(0, 149), max_size=150))
def test_every_release_comes_up_in_bounded_time_at_a_fixed_cost(
    count: int, seed: int, rare: set[int]
) -> None:
    slots = 10
    walk = Walk(count, slots, seed, rare)
    # Half of the slots rotate every stay; the page just dealt is drawn before the next, so a lap and a page at most.
    turns = 2 * (2 * count // slots) + RARE_STAYS + 2
    for _ in range(turns):
        walk.turn(STAY)
    assert {topic(n) for n in range(count)} <= walk.told.keys()
    assert walk.steps <= turns * 3 * slots


def test_what_hardly_anybody_tells_of_stays_longer() -> None:
    walk = Walk(200, 20, rare={1, 2, 3})
    for _ in range(60):
        walk.turn(STAY)
    rare = [len(walk.told[topic(n)]) for n in (1, 2, 3)]
    common = [len(walk.told[topic(n)]) for n in range(10, 40)]
    assert min(rare) > 2 * sum(common) / len(common)


def test_what_is_asked_for_comes_up_at_once_and_one_gives_way() -> None:
    walk = Walk(200, 20)
    walk.turn(10)
    before = set(walk.rotation.in_force)
    wanted = next(topic(n) for n in range(200) if topic(n) not in before)
    walk.rotation.ask(wanted)
    walk.turn(10)
    assert wanted in walk.rotation.in_force
    assert len(before - set(walk.rotation.in_force)) == 1


def test_asking_for_everything_moves_only_half_of_the_slots() -> None:
    walk = Walk(400, 20)
    walk.turn(10)
    before = set(walk.rotation.in_force)
    for n in range(200, 400):
        walk.rotation.ask(topic(n))
    walk.turn(10)
    assert len(before & set(walk.rotation.in_force)) >= 9


def test_many_who_ask_leave_a_bounded_queue() -> None:
    rotation = Rotation(random.Random(1), 4)
    for n in range(5000):
        rotation.ask(topic(n))
    done = 0
    while (step := rotation.step(0.0)) is not None and done < 10_000:
        done += 1
        if step[0] is Act.PUBLISH:
            rotation.published(step[1], 0.0, 9)
    assert done <= 2 * 256


def test_one_slot_is_enough_to_go_round() -> None:
    walk = Walk(5, 1)
    for _ in range(20):
        walk.turn(STAY)
    assert len(walk.told) == 5
    walk.rotation.ask(topic(3))
    walk.turn(1)
    assert walk.rotation.in_force == [topic(3)]


def test_what_is_gone_is_dropped_and_switching_off_clears_all() -> None:
    walk = Walk(20, 200)
    walk.turn(10)
    assert walk.rotation.drop(topic(4))
    assert not walk.rotation.drop(topic(4))
    told = walk.rotation.clear()
    assert len(told) == 19
    assert walk.rotation.in_force == [] and walk.rotation.step(walk.now) is None


def test_what_no_node_took_is_tried_again_soon() -> None:
    rotation = Rotation(random.Random(1), 4)
    rotation.offer([topic(1)])
    assert rotation.step(0) == (Act.PUBLISH, topic(1))
    rotation.published(topic(1), 0, 0, held=False)
    assert rotation.step(RETRY - 1) is None
    assert rotation.step(RETRY + 1) == (Act.PUBLISH, topic(1))
