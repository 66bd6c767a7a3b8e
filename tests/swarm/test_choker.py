"""Upload slots in made-up time."""

from __future__ import annotations

import random
from collections.abc import Hashable

from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.identity.peerid import PeerId
from slskmesh.swarm.choker import Choker, Rank, Verdict


def peer(number: int) -> PeerId:
    return PeerId(bytes([number]) * 32)


class World:
    """Ranks that the tests change, and what the streams were told."""

    def __init__(self, slots: int = 20, per_peer: int = 2) -> None:
        self.ranks: dict[PeerId, Rank | None] = {}
        self.choker = Choker(
            lambda p: self.ranks.get(p, Rank(False, 0, 0.0)), random.Random(1), slots, per_peer
        )
        self.open: set[Hashable] = set()
        self.places: dict[Hashable, int] = {}

    def hear(self, verdict: Verdict | None) -> Verdict | None:
        if verdict is not None:
            assert not set(verdict.choke) & set(verdict.unchoke)
            self.open -= set(verdict.choke)
            self.open |= set(verdict.unchoke)
            self.places = verdict.places
        return verdict

    def join(self, name: str, number: int, now: float) -> None:
        self.hear(self.choker.joined(name, peer(number), now))

    def leave(self, name: str, now: float) -> None:
        self.open.discard(name)
        self.hear(self.choker.left(name, now))


def test_two_streams_a_peer_and_the_third_waits_for_its_place() -> None:
    world = World()
    for name in "abc":
        world.join(name, 1, 0.0)
    assert world.open == {"a", "b"}
    assert world.places == {"c": 1}
    world.leave("a", 1.0)
    assert world.open == {"b", "c"}


def test_trusted_then_givers_then_score_then_patience() -> None:
    world = World(slots=2)
    world.ranks = {peer(3): Rank(False, 500, 0.0), peer(4): Rank(True, 0, 0.0), peer(5): Rank(False, 0, 3.0)}
    for number in range(1, 6):
        world.join(f"s{number}", number, float(number))
    assert world.open == {"s1", "s2"}  # who has a slot keeps it until slots are judged
    for name in ("s1", "s2"):
        world.choker.asked(name, 15.0)
    world.choker._lucky, world.choker._lucky_until = "s9", 1e9  # no newcomer by lot in this test
    world.hear(world.choker.judge(16.0))
    assert world.open == {"s4", "s3"}
    assert world.places == {"s5": 1, "s1": 2, "s2": 3}


def test_a_blocked_peer_never_gets_a_slot() -> None:
    world = World()
    world.ranks[peer(1)] = None
    world.join("a", 1, 0.0)
    assert world.open == set() and not world.choker.is_open("a")


def test_a_newcomer_gets_the_optimistic_slot_sooner_or_later() -> None:
    world = World(slots=1)
    world.ranks[peer(1)] = Rank(True, 10**9, 8.0)
    for number in range(1, 5):
        world.join(f"s{number}", number, 0.0)
    assert world.open == {"s1"}
    lucky: set[Hashable] = set()
    for step in range(1, 60):
        now = 15.0 * step
        for name in world.open:
            world.choker.asked(name, now)
        world.hear(world.choker.judge(now))
        assert len(world.open) == 1
        lucky |= world.open
    assert {"s2", "s3", "s4"} <= lucky


def test_who_asks_for_nothing_gives_the_slot_up() -> None:
    world = World(slots=1)
    world.join("idle", 1, 0.0)
    world.join("eager", 2, 1.0)
    world.hear(world.choker.judge(16.0))
    assert world.open == {"eager"}


def test_slots_are_not_judged_twice_within_fifteen_seconds() -> None:
    world = World()
    assert world.choker.judge(100.0) is not None
    assert world.choker.judge(114.9) is None
    assert world.choker.judge(115.1) is not None


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.sampled_from(["join", "leave", "judge", "ask"]), st.integers(0, 30)), max_size=80)
)
def test_the_bounds_hold_whatever_happens(steps: list[tuple[str, int]]) -> None:
    world = World(slots=4)
    names: dict[str, int] = {}
    for at, (what, number) in enumerate(steps):
        now, name = at * 4.0, f"s{number}"
        if what == "join" and name not in names:
            names[name] = number % 7
            world.join(name, number % 7, now)
        elif what == "leave" and name in names:
            del names[name]
            world.leave(name, now)
        elif what == "judge":
            world.hear(world.choker.judge(now))
        elif what == "ask":
            world.choker.asked(name, now)
        assert world.open == {n for n in names if world.choker.is_open(n)}
        assert len(world.open) == world.choker.used <= 4
        for owner in range(7):
            mine = [n for n in names if names[n] == owner]
            assert sum(n in world.open for n in mine) <= 2
        waiting = set(names) - world.open
        assert set(world.places) <= waiting or what == "leave" or what == "ask"
        if len(world.open) < 4:  # a free slot is only left where the per-peer bound forbids it
            assert all(sum(names[o] == names[n] for o in world.open) == 2 for n in waiting)
