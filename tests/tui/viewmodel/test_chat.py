"""Logs of rooms and conversations: bounds, indexes, the unread mark, what changed in the network."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import ChatLineView, ModeView
from slskmesh.text import sanitize
from tests.tui.fake import NOW, s
from tui.viewmodel.chat import EARLIER, LINES_MAX, LOGS_MAX, ChatLog, ChatLogs, Place, mode_words

ROOM, TALK = Place(True, "ambient"), Place(False, "lena")


def line(number: int, kind: str = "said", text: str = "", at: float | None = None) -> ChatLineView:
    when = NOW + number if at is None else at
    return ChatLineView(number, when, s("lena"), sanitize(text or f"line {number}"), kind)


def batch(first: int, end: int, kind: str = "said") -> tuple[ChatLineView, ...]:
    return tuple(line(n, kind) for n in range(first, end))


def numbers(log: ChatLog) -> list[int]:
    return [one.number for one in log.lines()]


def begun(place: Place = ROOM, first: int = 1, end: int = 11, unread: int = 0) -> ChatLog:
    log = ChatLog(place)
    log.watched(unread)
    log.take(batch(first, end))
    return log


def consistent(log: ChatLog) -> None:
    assert [log.line(at) for at in range(log.first, log.end)] == list(log.lines())
    assert len(log) <= LINES_MAX
    assert log.marker is None or log.first <= log.marker < log.end
    known = [n for n in numbers(log) if n]
    assert known == sorted(set(known)), "in order, each once"


def test_lines_come_once_and_a_known_number_is_put_in_its_place() -> None:
    log = begun(TALK)
    log.take((line(5, "sent", "now it is out"), line(11)))
    assert numbers(log) == list(range(1, 12))
    assert log.line(log.first + 4).text == "now it is out"


def test_the_oldest_go_and_indexes_stay() -> None:
    log = begun(end=LINES_MAX + 1)
    kept = log.line(log.end - 1)
    place = log.end - 1
    log.take(batch(LINES_MAX + 1, LINES_MAX + 51))
    assert len(log) == LINES_MAX and log.first == 50
    assert log.line(place) is kept
    consistent(log)


def test_earlier_lines_stand_before_and_only_as_many_as_fit() -> None:
    log = begun(TALK, 301, 311)
    place, kept = log.first + 3, log.line(log.first + 3)
    log.asking = True
    log.take_earlier(batch(101, 301))
    assert not log.asking and not log.complete and log.line(place) is kept
    assert numbers(log) == list(range(101, 311))
    log.take_earlier(batch(1, 101))
    assert log.complete and numbers(log)[0] == 1
    full = begun(TALK, 501, 501 + LINES_MAX - 10)
    full.take_earlier(batch(301, 501))
    assert full.full and not full.complete, "190 of them had no room"
    assert numbers(full)[0] == 491, "the newest of the earlier ones are taken"
    consistent(full)


def test_earlier_lines_that_are_known_are_not_taken_twice() -> None:
    log = begun(TALK, 10, 20)
    log.take_earlier(batch(5, 15))
    assert numbers(log) == list(range(5, 20))


def test_a_gap_after_a_time_away_begins_the_log_anew() -> None:
    log = begun(TALK)
    log.watched(0)
    log.take(batch(8, 15))
    assert numbers(log) == list(range(1, 15)), "what is known goes on"
    log.watched(0)
    log.take(batch(30, 40))
    assert numbers(log) == list(range(30, 40)), "between them lines are missing"
    log.take((line(45),))
    assert numbers(log)[-1] == 45 and len(log) == 11, "one taken back leaves a gap that is none"


def test_the_mark_stands_before_the_last_unread_lines_of_others() -> None:
    log = ChatLog(ROOM)
    log.watched(2)
    log.take((*batch(1, 5), line(5, "own"), line(6, "mention"), line(7, "own")))
    assert log.marker is not None and log.line(log.marker).number == 4 and log.fresh == 2
    log.attend(True)
    log.take((line(8),))
    assert log.fresh == 3, "the mark stays, and counts on"
    log.unmark()
    log.take((line(9),))
    assert log.marker is None, "the person looks"
    log.attend(False)
    log.take((line(10, "own"), line(11), line(12)))
    assert log.marker is not None and log.line(log.marker).number == 11 and log.fresh == 2


def test_more_unread_than_is_kept_marks_the_first_line() -> None:
    log = begun(end=6, unread=50)
    assert log.marker == log.first and log.fresh == 5


def test_a_message_taken_back_goes_and_the_rest_moves_up() -> None:
    log = begun(TALK)
    log.watched(2)
    log.take(())
    log.remove(4)
    log.remove(4)
    assert numbers(log) == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert log.marker is not None and log.line(log.marker).number == 9
    log.take((line(7, "sent", "changed"),))
    assert log.line(log.first + 5).text == "changed"
    consistent(log)


def test_only_the_places_used_lately_are_kept() -> None:
    logs = ChatLogs()
    first = logs.log(Place(True, "0"))
    for number in range(1, LOGS_MAX):
        logs.log(Place(True, str(number)))
    assert logs.log(Place(True, "0")) is first
    logs.log(Place(True, "one more"))
    assert logs.log(Place(True, "0")) is first and logs.log(Place(True, "1")) is not first
    logs.drop(Place(True, "0"))
    assert logs.log(Place(True, "0")) is not first
    logs.take(ChatLines(True, s("nobody watches this"), batch(1, 3)))


def mode(**changes: object) -> ModeView:
    values: dict[str, object] = {
        "mode": "hybrid",
        "health": "healthy",
        "since": NOW,
        "reason": s("it answers"),
        "phase": "online",
        "chat": s("rooms and private messages"),
        "rooms": True,
    }
    values.update(changes)
    return ModeView(**values)  # type: ignore[arg-type]


LOST = mode(phase="waiting", health="degraded", what=s("the line was lost"), chat=s("messages wait"))
DISASTER = mode(mode="disaster", health="unavailable", phase="waiting", chat=s("rooms are away"), rooms=False)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (mode(), mode(rtt=0.3), ""),
        (mode(), LOST, "The Soulseek server is away. The line was lost. Messages wait."),
        (LOST, mode(), "On the Soulseek server again. Rooms and private messages."),
        (
            LOST,
            DISASTER,
            "Legacy connection: offline; mesh-only mode active. It answers. Rooms are away.",
        ),
        (DISASTER, mode(), "Mode hybrid. It answers. Rooms and private messages."),
        (LOST, msgspec.structs.replace(LOST, health="unavailable"), "The Soulseek server does not answer."),
        (LOST, msgspec.structs.replace(LOST, what=s("other words")), ""),
        (
            DISASTER,
            msgspec.structs.replace(DISASTER, phase="online"),
            "On the Soulseek server again. Mesh-only mode goes on until it has stayed for a while.",
        ),
    ],
)
def test_what_is_told_of_a_change(before: ModeView, now: ModeView, words: str) -> None:
    said = mode_words(before, now)
    assert said.startswith(words) and bool(said) == bool(words)


def test_a_change_stands_in_every_log_also_in_those_opened_later() -> None:
    logs = ChatLogs()
    one = logs.log(ROOM)
    one.watched(0)
    one.take(batch(1, 4))
    assert not logs.mode_changed(mode(), NOW), "the first is no change"
    assert logs.mode_changed(LOST, NOW + 2.5)
    assert [x.kind for x in one.lines()] == ["said", "said", "said", "mode"]
    other = logs.log(TALK)
    other.watched(0)
    logs.take(ChatLines(False, s("lena"), batch(1, 5, "came")))
    assert [x.kind for x in other.lines()] == ["came", "came", "mode", "came", "came"], "by its time"
    consistent(other)


def test_the_first_login_is_no_return() -> None:
    logs = ChatLogs()
    assert not logs.mode_changed(mode(phase="connecting"), NOW)
    assert not logs.mode_changed(mode(), NOW), "it was never away"
    assert logs.mode_changed(LOST, NOW) and logs.mode_changed(mode(), NOW)
    assert "again" in logs.marks[-1].text


def test_a_change_before_the_first_lines_came_stands_at_its_time() -> None:
    logs = ChatLogs()
    log = logs.log(ROOM)
    logs.mode_changed(mode(), NOW)
    log.watched(0)
    logs.mode_changed(LOST, NOW + 2.5)
    assert len(log) == 1, "an empty room tells it too"
    logs.take(ChatLines(True, s("ambient"), batch(1, 5)))
    assert [x.kind for x in log.lines()] == ["said", "said", "mode", "said", "said"]


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["new", "earlier", "watch", "remove", "attend", "tell", "again"]), st.integers(0, 400)
    ),
    max_size=30,
)


@given(STEPS)
def test_whatever_comes_the_log_stays_in_order(steps: Iterable[Step]) -> None:
    log = begun(TALK, 1000, 1010)
    low, high = 1000, 1010
    for what, amount in steps:
        if what == "new":
            log.take(batch(high, high + amount, "came"))
            high += amount
        elif what == "earlier":
            log.take_earlier(batch(max(1, low - amount), low, "came"))
            low = max(1, low - min(amount, EARLIER))
        elif what == "watch":
            log.watched(amount)
        elif what == "remove":
            log.remove(low + amount)
        elif what == "attend":
            log.attend(amount % 2 == 0)
        elif what == "tell":
            log.tell(line(0, "mode"))
        else:
            log.take(tuple(x for x in log.lines() if x.number)[-amount:])
        consistent(log)
