"""The flood guard in virtual time: no order of lines gets more through than its rules say, and none waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.soulseek.speech import LIMITS, PLACES, REPEAT_SECONDS, REPEATS, FloodGuard, SayingRefused


@given(
    st.lists(
        st.tuples(
            st.floats(0, 30),
            st.sampled_from(["#a", "#b", "#c", "@d", "@e"]),
            st.sampled_from(["hi", " HI ", "x", "y"]),
        ),
        max_size=150,
    )
)
def test_what_goes_out_keeps_every_limit(lines: list[tuple[float, str, str]]) -> None:
    now = 0.0
    guard = FloodGuard(lambda: now)
    said: list[tuple[float, str, str]] = []
    for pause, place, text in lines:
        now += pause
        wait = guard.wait(place, text)
        try:
            guard.take(place, text)
        except SayingRefused as refused:
            assert 0 < wait <= refused.retry_after
            now += wait + 1e-6
            assert guard.wait(place, text) == 0  # what it says is enough
            continue
        assert wait == 0
        said.append((now, place, text.strip().lower()))
    for at, place, words in said:
        for most, span in LIMITS:
            assert sum(at <= when < at + span for when, _, _ in said) <= most
        same = [one for one in said if one[2] == words and at <= one[0] < at + REPEAT_SECONDS]
        assert sum(one[1] == place for one in same) <= REPEATS
        assert len({one[1] for one in same}) <= PLACES
