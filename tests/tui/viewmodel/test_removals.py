"""Removals wait ten seconds, come back newest first, and are bounded; what they ask of the engine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.commands import Pause, Remove, Resume
from slskmesh.engine.legacy_commands import PauseLegacy, RemoveLegacy, ResumeLegacy
from tui.viewmodel.removals import SECONDS, WAITING_MAX, Going, Removals


def test_a_removal_waits_and_comes_back() -> None:
    removals = Removals()
    removals.add("A", [Going("a", paused=True)], 0.0)
    removals.add("B", [Going("b")], 3.0)
    assert removals.left("a", 4.0) == 6.0 and removals.left("c", 4.0) is None
    assert removals.take(9.9) == []
    undone = removals.undo()
    assert undone is not None and undone.going == (Going("b"),) and removals.left("b", 4.0) is None
    assert [r.going for r in removals.take(SECONDS)] == [(Going("a", paused=True),)]
    assert removals.undo() is None and len(removals) == 0


def test_one_too_many_makes_the_oldest_due() -> None:
    removals = Removals()
    for number in range(WAITING_MAX + 2):
        removals.add("", [Going(str(number))], 0.0)
    assert [r.going[0].key for r in removals.take(0.0)] == ["0", "1"]
    assert len(removals.take_all()) == WAITING_MAX and len(removals) == 0


def test_what_one_key_press_removed_comes_back_together() -> None:
    removals = Removals()
    removals.add("one", [Going(legacy="x")], 0.0)
    removals.add("all", [Going("m", paused=True), Going(legacy="x"), Going(legacy="y", paused=True)], 1.0)
    undone = removals.undo()
    assert undone is not None and [g.key for g in undone.going] == ["m", "y"], (
        "what goes already keeps its time"
    )
    assert removals.left("x", 1.0) == 9.0 and removals.left("y", 1.0) is None


def test_what_is_asked_of_the_engine() -> None:
    going = [
        Going("m"),
        Going("n", paused=True),
        Going(legacy="x", paused=True),
        Going("o", "y"),  # finished by a rescue: both lists have it
        Going(legacy="z", paused=True),
    ]
    removal = Removals().add("", going, 0.0)
    assert removal.pausing() == [Pause("n"), PauseLegacy(("x", "z"))]
    assert removal.keeping() == [Resume("n"), ResumeLegacy(("x", "z"))]
    assert removal.removing() == [Remove("m"), Remove("n"), Remove("o"), RemoveLegacy(("x", "y", "z"))]


@given(st.lists(st.tuples(st.sampled_from(["add", "undo", "take"]), st.integers(0, 5), st.floats(0, 20))))
def test_each_one_ends_once(steps: list[tuple[str, int, float]]) -> None:
    removals, now = Removals(), 0.0
    waiting: dict[str, float] = {}
    for what, number, pause in steps:
        now += pause
        if what == "add":
            removals.add(str(number), [Going(str(number))], now)
            waiting.setdefault(str(number), now)
        elif what == "undo":
            undone = removals.undo()
            assert (undone.going[0].key if undone else None) == (waiting.popitem()[0] if waiting else None)
        else:
            due = {r.going[0].key for r in removals.take(now)}
            assert due == {key for key, since in waiting.items() if since + SECONDS <= now}
            waiting = {key: since for key, since in waiting.items() if key not in due}
    assert len(removals) == len(waiting)
    assert all((removals.left(key, now) is not None) is (key in waiting) for key in map(str, range(6)))
