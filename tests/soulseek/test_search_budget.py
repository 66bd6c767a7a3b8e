"""The search budget in virtual time: no window holds more than the server bears, whoever asks and in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.soulseek.search_budget import (
    IN_MINUTE,
    IN_WINDOW,
    MINUTE,
    REPEAT,
    WINDOW,
    SearchBudget,
    SearchRefused,
)
from slskmesh.work import LocalBudget, Origin

LOCAL = [Origin.USER, Origin.GATEWAY, Origin.AUTOMATION]


class Clock:
    def __init__(self, now: float = 5000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Person:
    """Sends searches with ever new words."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.searches = SearchBudget(self.clock)
        self.sent: list[float] = []

    def send(self, origin: Origin = Origin.USER) -> int:
        """0 if it went out, else the seconds to wait."""
        try:
            self.searches.take(f"words {len(self.sent)}", LocalBudget(origin))
        except SearchRefused as refused:
            assert str(refused.retry_after) in str(refused)
            return refused.retry_after
        self.sent.append(self.clock.now)
        return 0

    def fill(self, origin: Origin) -> int:
        """As many as go out at this moment."""
        before = len(self.sent)
        while not self.send(origin):
            pass
        return len(self.sent) - before


def test_ten_at_once_then_the_minute_is_full_and_says_for_how_long() -> None:
    person = Person()
    assert person.searches.status().left == IN_MINUTE == person.searches.status().of
    assert person.fill(Origin.USER) == 10
    assert person.send() == 60
    person.clock.now += 20.5
    assert person.send() == 40 and person.searches.status().left == 0
    assert person.searches.status().next_in == pytest.approx(39.5)
    person.clock.now += 40
    assert person.fill(Origin.USER) == 10


def test_thirty_four_in_two_hundred_and_twenty_seconds() -> None:
    person = Person()
    for _ in range(3):
        person.fill(Origin.USER)
        person.clock.now += 60
    assert person.fill(Origin.USER) == 4 and len(person.sent) == IN_WINDOW
    assert person.send() == 40, "220 s after the first"
    assert person.searches.status().all_in == WINDOW
    with pytest.raises(SearchRefused, match="34 searches in 220 s and bans"):
        person.searches.take("more", LocalBudget())
    person.clock.now += WINDOW
    status = person.searches.status()
    assert (status.left, status.next_in, status.all_in) == (10, 0, 0)


def test_programs_and_wishes_leave_room_for_the_person() -> None:
    person = Person()
    assert person.fill(Origin.AUTOMATION) == 5
    assert person.fill(Origin.GATEWAY) == 3
    assert person.fill(Origin.USER) == 2
    person = Person()
    for _ in range(4):
        person.fill(Origin.AUTOMATION)
        person.clock.now += 54
    assert len(person.sent) <= 18
    assert person.fill(Origin.USER) >= 5, "whatever automation does, the person can search at once"
    with pytest.raises(SearchRefused, match="kept for the person"):
        person.searches.take("a wish", LocalBudget(Origin.AUTOMATION))


def test_the_same_words_again_are_refused_with_words() -> None:
    clock = Clock()
    searches = SearchBudget(clock)
    searches.take("Boards of  Canada", LocalBudget())
    clock.now += 12
    with pytest.raises(
        SearchRefused, match=r"“boards of canada” was searched 12 s ago .* again in 48 s"
    ) as caught:
        searches.take("boards of canada", LocalBudget())
    assert caught.value.retry_after == 48
    assert searches.status().left == 9, "what is refused is not counted"
    searches.take("boards of canada", LocalBudget(), room="warp")
    searches.take("boards of canada", LocalBudget(), user="somebody")
    clock.now += 48
    searches.take("BOARDS OF CANADA", LocalBudget())
    clock.now += REPEAT - 1
    with pytest.raises(SearchRefused, match="again in 1 s"):
        searches.take("boards of canada", LocalBudget())


def test_hostile_words_are_told_harmlessly() -> None:
    searches = SearchBudget(Clock())
    text = "\x1b[31m" + "x" * 5000
    searches.take(text, LocalBudget())
    with pytest.raises(SearchRefused) as caught:
        searches.take(text, LocalBudget())
    assert "\x1b" not in str(caught.value) and len(str(caught.value)) < 250


def test_the_one_that_was_not_sent_is_taken_out_and_no_other() -> None:
    clock = Clock()
    searches = SearchBudget(clock)
    for words in ("a", "b"):
        searches.take(words, LocalBudget())
        clock.now += 50
    searches.withdraw("b")
    assert searches.status().all_in == WINDOW - 100


def test_what_was_not_sent_after_all_does_not_count() -> None:
    clock = Clock()
    searches = SearchBudget(clock)
    searches.take("a", LocalBudget())
    searches.take("b", LocalBudget())
    searches.withdraw("A")
    searches.withdraw("never sent")
    assert searches.status().left == 9
    searches.take("a", LocalBudget())
    with pytest.raises(SearchRefused):
        searches.take("b", LocalBudget())


STEPS = st.lists(
    st.tuples(st.floats(0, 90, allow_nan=False), st.sampled_from(LOCAL), st.integers(1, 12)), max_size=60
)


@given(STEPS)
def test_no_window_holds_more_than_the_server_bears(steps: list[tuple[float, Origin, int]]) -> None:
    person = Person()
    for wait, origin, times in steps:
        person.clock.now += wait
        for _ in range(times):
            left = person.searches.status(origin).left
            assert (person.send(origin) == 0) is (left > 0)
    for begin in person.sent:
        assert sum(begin <= at < begin + WINDOW for at in person.sent) <= IN_WINDOW
        assert sum(begin <= at < begin + MINUTE for at in person.sent) <= IN_MINUTE


@given(STEPS, st.sampled_from(LOCAL))
def test_who_waits_as_long_as_told_is_let_through(
    steps: list[tuple[float, Origin, int]], origin: Origin
) -> None:
    person = Person()
    for wait, other, times in steps:
        person.clock.now += wait
        for _ in range(times):
            person.send(other)
    wait = person.send(origin)
    status = person.searches.status(origin)
    assert status.next_in <= status.all_in <= WINDOW and wait <= WINDOW + 1
    person.clock.now += wait
    assert not wait or person.send(origin) == 0
