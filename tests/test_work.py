"""Work budgets and pools, in virtual time, and that the type checker keeps remote work from where it must not go."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.work import PER_CALL, Budget, BudgetSpent, LocalBudget, Origin, Pool, RemoteBudget
from tests.typing_check import complaints

UNITS = st.integers(1, 12)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_call_has_ten_units_and_a_refused_one_costs_nothing() -> None:
    pool = Pool("a", 50, Clock())
    budget = RemoteBudget((pool,))
    budget.spend(7)
    with pytest.raises(BudgetSpent, match="10 work units"):
        budget.spend(4)
    assert budget.spent == 7 and pool.left() == 43
    budget.spend(3)


def test_the_poorest_pool_decides_and_the_others_keep_theirs() -> None:
    clock = Clock()
    rich, poor = Pool("the rich", 600, clock), Pool("the poor", 5, clock)
    with pytest.raises(BudgetSpent, match="no work units are left for the poor"):
        RemoteBudget((rich, poor)).spend(6)
    assert rich.left() == 600 and poor.left() == 5


def test_units_come_back_evenly_over_a_minute() -> None:
    clock = Clock()
    pool = Pool("a", 50, clock)
    pool.take(50)
    clock.now = 30
    assert pool.left() == pytest.approx(25)
    clock.now = 10_000
    assert pool.left() == 50


@given(st.lists(st.tuples(st.floats(0, 90), st.integers(0, 2), UNITS), max_size=60))
def test_no_minute_gives_out_more_than_two_of_its_fillings(steps: list[tuple[float, int, int]]) -> None:
    """Full at first, then 50 a minute: whatever the order of spending, and whoever spends."""
    clock = Clock()
    everybody = Pool("all", 60, clock)
    pools = [Pool(str(number), 50, clock) for number in range(3)]
    spent: list[tuple[float, int, int]] = []
    for wait, who, units in steps:
        clock.now += wait
        budget = RemoteBudget((pools[who], everybody))
        try:
            budget.spend(units)
        except BudgetSpent:
            assert budget.spent == 0
        else:
            assert units <= PER_CALL
            spent.append((clock.now, who, units))
        begin = clock.now - 60
        recent = [one for one in spent if one[0] > begin]
        assert sum(units for _, _, units in recent) <= 120 + 1e-6
        assert sum(units for _, one, units in recent if one == who) <= 100 + 1e-6
        assert all(-1e-6 <= pool.left() <= 60 for pool in (*pools, everybody))


@given(st.sampled_from(list(Origin)), st.lists(UNITS))
def test_local_work_is_counted_and_never_refused(origin: Origin, units: list[int]) -> None:
    if origin is Origin.REMOTE:
        with pytest.raises(ValueError, match="remote"):
            LocalBudget(origin)
        return
    budget = LocalBudget(origin)
    for one in units:
        budget.spend(one)
    assert budget.spent == sum(units) and budget.origin is origin


def test_a_budget_made_out_of_nothing_is_worth_nothing() -> None:
    with pytest.raises(BudgetSpent):
        Budget().spend(1)


LOCAL_ONLY = """
from slskmesh.work import Budget, LocalBudget, RemoteBudget

def search_soulseek(text: str, budget: LocalBudget) -> None: ...

def mine(budget: LocalBudget) -> None:
    search_soulseek("x", budget)

def of_a_peer(budget: RemoteBudget) -> None:
    search_soulseek("x", budget)

def of_anybody(budget: Budget) -> None:
    search_soulseek("x", budget)
"""


def test_the_type_checker_refuses_a_remote_budget_where_a_local_one_is_needed(tmp_path: Path) -> None:
    wrong = [
        number for number, line in enumerate(LOCAL_ONLY.splitlines(), 1) if 'search_soulseek("x"' in line
    ]
    found = complaints(LOCAL_ONLY, tmp_path)
    assert [line for line, _, _ in found] == wrong[1:]
    assert all(code == "arg-type" and "LocalBudget" in text for _, code, text in found)
