"""The plot tells each act once, in order, whatever progress and clock do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo.plot import KILL_SEEDER_AT, RETURN_AFTER, Act, Plot

steps = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 2)), max_size=60)


@given(steps, st.booleans())
def test_acts_come_once_and_in_order(path: list[tuple[float, float]], kill_leecher: bool) -> None:
    plot = Plot(kill_leecher=kill_leecher)
    now, told = 0.0, []
    for progress, passed in [*path, (1.0, 0.0), (1.0, 0.0), (1.0, 5.0)]:
        now += passed
        act = plot.step(progress, now)
        if act is not None:
            told.append(act)
    order = [Act.KILL_LEECHER, Act.KILL_SEEDER, Act.RETURN_SEEDER]
    assert told == (order if kill_leecher else order[1:])
    assert plot.over


def test_the_seeder_returns_by_the_clock_where_progress_stands_still() -> None:
    plot = Plot(kill_leecher=False)
    assert plot.next_due() is None
    assert plot.step(KILL_SEEDER_AT, 100.0) is Act.KILL_SEEDER
    due = plot.next_due()
    assert due == 100.0 + RETURN_AFTER
    assert plot.step(KILL_SEEDER_AT, due - 0.001) is None
    assert plot.step(KILL_SEEDER_AT, due) is Act.RETURN_SEEDER


def test_nothing_happens_early() -> None:
    plot = Plot(kill_leecher=True)
    assert plot.step(0.24, 1e9) is None
    assert plot.step(0.26, 1e9) is Act.KILL_LEECHER
    assert plot.step(0.41, 1e9) is None
