"""Toasts: few, short-lived, counted instead of repeated."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.events import Level
from tests.tui.fake import s
from tui.viewmodel.toasts import QUIET, REMEMBERED, SECONDS, SHOWN, Toasts

BAD = "chunk {} from k:7f3a..9c is false: refused, fetched again"


def texts(toasts: Toasts) -> list[str]:
    return [str(toast) for toast in toasts.shown]


def test_a_repeat_counts_and_does_not_stay_longer() -> None:
    toasts = Toasts()
    for at in range(5):
        toasts.add(s(BAD.format(60 + at)), Level.WARN, at / 2, asked=False)
    assert texts(toasts) == [BAD.format(64) + "  (5 times)"]
    assert toasts.next_end == SECONDS
    assert toasts.expire(SECONDS) and not toasts.shown
    assert not toasts.add(s(BAD.format(70)), Level.WARN, SECONDS + 1, asked=False), "quiet for a while"
    assert toasts.add(s(BAD.format(71)), Level.WARN, SECONDS + QUIET, asked=False)


def test_what_a_person_asked_is_always_answered() -> None:
    toasts = Toasts()
    assert toasts.add(s("no match"), Level.INFO, 0.0, asked=True)
    toasts.expire(SECONDS)
    assert toasts.add(s("no match"), Level.INFO, SECONDS, asked=True)


def test_an_error_is_not_pushed_out_by_small_talk() -> None:
    toasts = Toasts()
    toasts.add(s("the disk is full"), Level.ERROR, 0.0, asked=False)
    toasts.add(s("one"), Level.INFO, 0.1, asked=True)
    toasts.add(s("two"), Level.INFO, 0.2, asked=True)
    assert texts(toasts) == ["the disk is full", "two"]


@given(
    st.lists(
        st.tuples(st.text("ab1 ", max_size=3), st.sampled_from(list(Level)), st.booleans(), st.floats(0, 9))
    )
)
def test_never_more_than_two_never_longer_than_their_time(
    steps: list[tuple[str, Level, bool, float]],
) -> None:
    toasts, now = Toasts(), 0.0
    for text, level, asked, pause in steps:
        now += pause
        toasts.add(s(text), level, now, asked=asked)
        assert len(toasts.shown) <= SHOWN
        assert all(now < toast.until <= now + SECONDS for toast in toasts.shown)
        assert not asked or any(toast.text == s(text) for toast in toasts.shown)
        assert len(toasts._gone) <= REMEMBERED
