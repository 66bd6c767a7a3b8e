"""Removals wait ten seconds, come back newest first, and are bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.viewmodel.removals import SECONDS, WAITING_MAX, Removals


def test_a_removal_waits_and_comes_back() -> None:
    removals = Removals()
    removals.add("a", "A", True, 0.0)
    removals.add("b", "B", False, 3.0)
    assert removals.left("a", 4.0) == 6.0 and removals.left("c", 4.0) is None
    assert removals.take(9.9) == []
    undone = removals.undo()
    assert undone is not None and (undone.transfer, undone.paused) == ("b", False)
    assert [r.transfer for r in removals.take(SECONDS)] == ["a"]
    assert removals.undo() is None and len(removals) == 0


def test_one_too_many_makes_the_oldest_due() -> None:
    removals = Removals()
    for number in range(WAITING_MAX + 2):
        removals.add(str(number), "", False, 0.0)
    assert [r.transfer for r in removals.take(0.0)] == ["0", "1"]
    assert len(removals.take_all()) == WAITING_MAX and len(removals) == 0


@given(st.lists(st.tuples(st.sampled_from(["add", "undo", "take"]), st.integers(0, 5), st.floats(0, 20))))
def test_each_one_ends_once(steps: list[tuple[str, int, float]]) -> None:
    removals, now = Removals(), 0.0
    waiting: dict[str, float] = {}
    for what, number, pause in steps:
        now += pause
        if what == "add":
            removals.add(str(number), "", False, now)
            waiting.setdefault(str(number), now)
        elif what == "undo":
            undone = removals.undo()
            assert (undone.transfer if undone else None) == (waiting.popitem()[0] if waiting else None)
        else:
            due = {r.transfer for r in removals.take(now)}
            assert due == {key for key, since in waiting.items() if since + SECONDS <= now}
            waiting = {key: since for key, since in waiting.items() if key not in due}
    assert len(removals) == len(waiting)
