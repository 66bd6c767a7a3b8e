"""The searches a gateway remembers: bounded, and whatever they found is found again while they are remembered."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.gateway import search_memory
from slskmesh.gateway.search_finds import Finds
from slskmesh.gateway.search_memory import KEPT_SECONDS, Memory, Record
from slskmesh.gateway.search_shapes import CANCELLED, IN_PROGRESS, TIMED_OUT, SearchRequest
from slskmesh.text import SafeStr
from tests.gateway.test_search_finds import PEERS, hit

steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "whole", "whole", "take", "end", "delete", "wait"]),
        st.integers(0, 5),
        st.sampled_from(["ann", "bob", *PEERS]),
        st.sampled_from(["1.flac", "2.flac", "3.flac"]),
    ),
    max_size=40,
)


def record(number: int) -> Record:
    return Record(number, f"id {number}", SafeStr("x"), number, 0.0, Finds(SearchRequest(search_text="x"), 1))


class Kept:
    """A memory with what was put into it."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.all: list[Record] = []
        self.now = 0.0
        self.kept: list[Record] = []

    def step(self, what: str, which: int, user: str, name: str) -> None:
        if what == "add":
            self.all.append(record(len(self.all)))
            self.memory.add(self.all[-1], self.now)
        elif what == "whole":
            for part in ("add", "take", "end"):
                self.step(part, 0, user, name)
        elif what == "wait":
            self.now += KEPT_SECONDS * which / 10
            self.memory.tidy(self.now)
        elif self.all:
            self._step(what, self.all[-1 - which % len(self.all)], user, name)

    def _step(self, what: str, one: Record, user: str, name: str) -> None:
        if what == "delete":
            self.memory.delete(one)
        elif one.runs and what == "take":
            self.memory.take(one, [hit(user, name), hit(user, "0.mp3")], self.now)
        elif one.runs:
            self.memory.end(one, TIMED_OUT, 1.0, self.now)
            self.memory.tidy(self.now)

    def check(self) -> None:
        kept = [*self.memory._records.values()]
        running = [one for one in self.all if one.runs]
        assert set(running) <= set(kept) <= set(self.all)
        hits = sum(one.finds.hits for one in kept)
        over = [one for one in kept if not one.runs]
        assert len(kept) <= max(search_memory.SEARCHES_MAX, len(running)) and (
            not over or hits <= search_memory.HITS_MAX
        )
        assert all(one.until > self.now for one in over)
        self._check_forgotten(kept)
        assert {one.id for one in self.memory.all()} == {one.id for one in kept if not one.deleted}
        self._check_files(kept)

    def _check_forgotten(self, kept: list[Record]) -> None:
        """Nothing is forgotten that had a place and was not too old, and the oldest is forgotten first."""
        forgotten = [one for one in self.kept if one not in kept]
        for at, one in enumerate(forgotten):
            beside = [*kept, *forgotten[at:]]
            full = len(beside) > search_memory.SEARCHES_MAX
            full |= sum(other.finds.hits for other in beside) > search_memory.HITS_MAX
            assert full or one.until <= self.now
        self.kept = kept

    def _check_files(self, kept: list[Record]) -> None:
        """Whatever a remembered search found is found, and nothing else is."""
        found = {
            (user, path)
            for one in kept
            for user, answers in one.finds.users.items()
            for path in answers.files
        }
        for user, path in found:
            got = self.memory.find(user, path)
            assert got is not None
            number, view = got
            assert self.all[number] in kept and self.all[number].finds.users[user].files[path] is view
        held = {(user, path) for user, files in self.memory._files.items() for path in files}
        assert held == found and all(self.memory._files.values())


@given(steps)
def test_memory_is_bounded_and_finds_what_it_holds(taken: list[tuple[str, int, str, str]]) -> None:
    bounds = mock.patch.multiple(search_memory, SEARCHES_MAX=4, HITS_MAX=5)
    kept = Kept()
    with bounds:
        for step in taken:
            kept.step(*step)
            kept.check()


def test_the_newest_search_that_showed_a_file_counts() -> None:
    memory, old, new = Memory(), record(1), record(2)
    memory.add(old, 0.0)
    memory.add(new, 0.0)
    memory.take(old, [hit("ann", key=4)], 0.0)
    memory.take(new, [hit("ann", key=9)], 0.0)
    path = "@@x\\Kim Boo\\First Light\\01 Dawn.flac"
    found = memory.find("ann", path)
    assert found is not None and (found[0], found[1].key) == (2, 9)
    memory.end(new, CANCELLED, 5.0, 0.0)
    memory.tidy(KEPT_SECONDS + 1)
    found = memory.find("ann", path)
    assert found is not None and (found[0], found[1].key) == (1, 4)
    assert memory.find("ann", path.upper()) is None and memory.find("bob", path) is None


def test_what_a_deleted_search_found_is_still_found() -> None:
    memory, one = Memory(), record(1)
    memory.add(one, 0.0)
    memory.take(one, [hit("ann")], 0.0)
    memory.end(one, TIMED_OUT, 5.0, 0.0)
    memory.delete(one)
    assert memory.get("id 1") is None and memory.all() == []
    assert memory.in_folder("ann", "@@x\\Kim Boo\\First Light")
    memory.tidy(KEPT_SECONDS + 1)
    assert not memory.in_folder("ann", "@@x\\Kim Boo\\First Light")


def test_a_folder_has_what_is_right_in_it() -> None:
    memory, one = Memory(), record(1)
    memory.add(one, 0.0)
    memory.take(
        one, [hit("ann", "1", "a"), hit("ann", "2", "a/b"), hit("ann", "3", ""), hit("b", "4", "a")], 0.0
    )
    assert [view.name for _, view in memory.in_folder("ann", "a")] == ["1"]
    assert [view.name for _, view in memory.in_folder("ann", "a\\b")] == ["2"]
    assert [view.name for _, view in memory.in_folder("ann", "")] == ["3"]


def test_a_search_tells_how_it_stands() -> None:
    memory, one = Memory(), record(1)
    memory.add(one, 0.0)
    shape = one.shape()
    assert (shape.state, shape.is_complete, shape.ended_at, shape.responses) == (IN_PROGRESS, False, None, [])
    memory.end(one, TIMED_OUT, 1_700_000_000.0, 0.0)
    shape = one.shape()
    assert (shape.state, shape.is_complete) == (TIMED_OUT, True)
    assert shape.ended_at == "2023-11-14T22:13:20.000Z"
