"""Progress of a scan: never backwards, a rate that is a rate, a time left that comes true."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.library.progress import PROBLEMS_MAX, Meter, Phase

sizes = st.lists(st.integers(1, 50_000_000), min_size=1, max_size=40)


@given(sizes, st.lists(st.floats(0, 2), min_size=40, max_size=40), st.data())
@settings(deadline=None, max_examples=100)
def test_it_only_goes_forward_and_ends_full(
    files: list[int], steps: list[float], draw: st.DataObject
) -> None:
    meter = Meter(0.0)
    meter.seen(len(files))
    walking = meter.look(0.0)
    assert (walking.phase, walking.done, walking.total, walking.eta) == (
        Phase.WALKING,
        len(files),
        None,
        None,
    )
    now = 1.0
    meter.plan(len(files), sum(files), now)
    last = meter.look(now)
    for size, step in zip(files, steps, strict=False):
        read = draw.draw(st.integers(0, 2 * size))  # a file may have grown or failed since it was counted
        meter.begin(b"/x/\xff.flac")
        meter.add(read)
        now += step
        middle = meter.look(now)
        meter.finish(size, read)
        here = meter.look(now)
        for before, after in ((last, middle), (middle, here)):
            assert before.done <= after.done
            assert before.bytes_done <= after.bytes_done <= (after.bytes_total or 0)
            assert after.rate >= 0
            assert after.eta is None or after.eta >= 0
        last = here
    assert last.done == last.total == len(files)
    assert last.bytes_done == last.bytes_total


def test_at_a_steady_pace_rate_and_time_left_are_right() -> None:
    meter = Meter(0.0)
    meter.plan(100, 100 * 1_000_000, 0.0)
    for done in range(1, 51):
        meter.add(1_000_000)
        meter.finish(1_000_000, 1_000_000)
        look = meter.look(done * 0.5)
    assert look.rate == pytest.approx(2_000_000)
    assert look.eta == pytest.approx(25.0)


def test_problems_are_bounded_and_counted_and_harmless() -> None:
    meter = Meter(0.0)
    for number in range(PROBLEMS_MAX + 50):
        meter.note(b"/share/\x1b[31m%d" % number, "cannot be read")
    assert meter.problem_count == PROBLEMS_MAX + 50
    assert len(meter.problems) == PROBLEMS_MAX
    assert "\x1b" not in meter.problems[0].path
