"""The queue of events: order, merging, bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.soulseek.inbox import Inbox
from slskmesh.soulseek.values import (
    Answered,
    LegacyEvent,
    Outcome,
    RemoteFile,
    SearchAnswer,
    ServerChanged,
    ServerSaid,
    TransferChanged,
    TransferNews,
    TransferPhase,
)


def news(key: int, phase: TransferPhase, done: int = 0) -> TransferChanged:
    return TransferChanged(TransferNews(key, "u", "p", False, phase, 1000, done))


events = st.one_of(
    st.builds(ServerSaid, st.text(max_size=3)),
    st.builds(ServerChanged, st.sampled_from(Outcome)),
    st.builds(news, st.integers(1, 3), st.sampled_from(TransferPhase), st.integers(0, 1000)),
)


@given(st.lists(st.one_of(events, st.none())))
def test_only_progress_is_merged_and_order_holds(steps: list[LegacyEvent | None]) -> None:
    """None: take some. What comes out is what went in, less progress that newer progress of its phase replaced."""
    inbox = Inbox()
    put, out = [], []
    for step in steps:
        if step is None:
            out += inbox.take(2)
        else:
            assert inbox.put(step)
            put.append(step)
    out += inbox.take(10_000)
    assert len(inbox) == 0

    def kept(all_events: list[LegacyEvent]) -> list[LegacyEvent]:
        return [
            event
            for event in all_events
            if not (isinstance(event, TransferChanged) and event.news.phase is TransferPhase.ACTIVE)
        ]

    assert kept(out) == kept(put)
    for key in (1, 2, 3):
        mine = [e for e in put if isinstance(e, TransferChanged) and e.news.key == key]
        heard = [e for e in out if isinstance(e, TransferChanged) and e.news.key == key]
        if mine:
            assert heard[-1] == mine[-1]
        rest = iter(mine)
        assert all(event in rest for event in heard)  # a subsequence
        changes = [
            e.news.phase for i, e in enumerate(mine) if i == 0 or mine[i - 1].news.phase is not e.news.phase
        ]
        told = [
            e.news.phase for i, e in enumerate(heard) if i == 0 or heard[i - 1].news.phase is not e.news.phase
        ]
        assert told == changes


def test_progress_waits_once() -> None:
    inbox = Inbox()
    for done in range(1000):
        inbox.put(news(1, TransferPhase.ACTIVE, done))
        inbox.put(news(2, TransferPhase.ACTIVE, done))
    assert inbox.take(10) == [news(1, TransferPhase.ACTIVE, 999), news(2, TransferPhase.ACTIVE, 999)]


def test_the_bound_says_no_until_it_is_cleared_and_never_to_our_own() -> None:
    inbox = Inbox(events=2)
    assert inbox.put(ServerSaid("1"))
    assert inbox.put(ServerSaid("2"))
    assert not inbox.put(ServerSaid("3"))
    assert inbox.put(ServerChanged(Outcome.LOST))
    assert inbox.put(news(1, TransferPhase.DONE))
    assert len(inbox.take(10)) == 4
    assert not inbox.put(ServerSaid("4"))
    inbox.clear()
    assert inbox.put(ServerSaid("5"))


def test_files_of_answers_are_counted() -> None:
    inbox = Inbox(files=10)
    answer = Answered(SearchAnswer(1, "u", (RemoteFile("a", 1),) * 6, True, 0, 0))
    assert inbox.put(answer)
    assert inbox.take(1) == [answer]
    assert inbox.put(answer)
    assert not inbox.put(answer)
