"""Frame sizes and token buckets in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.overlay.pacing import TARGET, FrameSizer, TokenBucket
from slskmesh.wire import limits


@pytest.mark.parametrize("rate", [20e3, 100e3, 1e6, 5e6])
def test_a_control_message_waits_two_frames_of_25_ms_at_any_rate(rate: float) -> None:
    sizer = FrameSizer()
    for _ in range(200):
        sizer.sent(sizer.limit, sizer.limit / rate)
    floor = limits.DATA_FRAME_MIN / rate
    assert 2 * sizer.limit / rate <= max(2 * TARGET, 2 * floor)
    assert sizer.limit >= min(rate * TARGET / 2, limits.DATA_FRAME_MAX)


def test_a_fast_line_gets_the_longest_frames_and_a_slowed_one_loses_them() -> None:
    sizer = FrameSizer()
    for _ in range(10):
        sizer.sent(sizer.limit, 0.0)
    assert sizer.limit == limits.DATA_FRAME_MAX
    for _ in range(100):
        sizer.sent(sizer.limit, sizer.limit / 50e3)
    assert sizer.limit == limits.DATA_FRAME_MIN


@given(st.lists(st.tuples(st.integers(1, 1 << 18), st.floats(0, 100)), max_size=100))
def test_the_limit_never_leaves_its_bounds(sends: list[tuple[int, float]]) -> None:
    sizer = FrameSizer()
    for size, seconds in sends:
        sizer.sent(size, seconds)
        assert limits.DATA_FRAME_MIN <= sizer.limit <= limits.DATA_FRAME_MAX


@given(
    st.floats(0.1, 100),
    st.floats(1, 50),
    st.lists(st.floats(0, 3), min_size=1, max_size=200),
)
def test_a_bucket_never_gives_more_than_burst_and_rate(rate: float, burst: float, gaps: list[float]) -> None:
    bucket, now, taken = TokenBucket(rate, burst), 0.0, 0
    for gap in gaps:
        now += gap
        taken += bucket.take(now)
    assert taken <= burst + rate * now + 1e-6


def test_a_debt_is_waited_off() -> None:
    bucket = TokenBucket(100, 50)
    assert bucket.owe(0.0, 50) == 0
    assert bucket.owe(0.0, 100) == pytest.approx(1.0)
    assert not bucket.take(0.5)
    assert bucket.wait(1.0) == pytest.approx(0.01)
    assert bucket.take(1.02)
