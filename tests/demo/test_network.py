"""Who plays which part in the demo, and who holds which file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo.headless import refetched
from slskmesh.demo.network import FEWEST_PEERS, MOST_PEERS, cast, holders


@given(st.integers(FEWEST_PEERS, MOST_PEERS), st.integers(1, 100_000_000))
def test_each_part_is_cast_once(peers: int, rate: int) -> None:
    roles = cast(peers, rate)
    assert len(roles) == peers == len({role.name for role in roles})
    assert sum(role.mortal for role in roles) == 1
    assert [role.name for role in roles if role.faults.lie_every] == ["magpie"]
    assert [role.name for role in roles if role.faults.rate] == ["tortoise"]
    assert [role.name for role in roles if not role.reliable] == ["magpie"]


@given(st.integers(FEWEST_PEERS, MOST_PEERS), st.integers(1, 40))
def test_every_file_has_two_true_sources_and_the_mix_has_all(peers: int, files: int) -> None:
    roles = cast(peers, 1_000_000)
    reliable = {role.name for role in roles if role.reliable}
    shared = holders(roles, files)
    assert len(shared) == files
    assert shared[0] == {role.name for role in roles}
    assert all(len(names & reliable) >= 2 for names in shared)


def test_refetched_counts_what_was_lost_only() -> None:
    assert refetched({}, {}) == 0.0
    assert refetched({"a": 100, "b": 100}, {"a": 150, "b": 96}) == 0.02
    assert refetched({"a": 100}, {}) == 1.0
