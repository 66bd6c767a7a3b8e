"""Lines of rooms and conversations as they came, and in each the place where reading stopped.

Rules:
- Bounded: LOGS_MAX places, the one used longest ago goes first; LINES_MAX lines in each, the oldest go first, and
  earlier ones are taken only where there is room.
- A line has an index that stays the same while others come before and behind it and the oldest go.
- A line with a known number takes the place of the earlier one: a message that waited and was sent.
- Taking a line in never looks through the others.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import ChatLineView, ModeView
from slskmesh.text import SafeStr, sanitize

LINES_MAX = 2_000
LOGS_MAX = 8
MARKS_MAX = 50
EARLIER = 200  # messages asked for at once
FOREIGN = frozenset({"said", "mention", "came", "kept"})
ONLINE = "online"
_SENTENCE = "Legacy connection: offline; mesh-only mode active."


class Place(NamedTuple):
    """A room, or the conversation with a user."""

    room: bool
    name: str


class ChatLog:
    """The lines of one place. Indexes go from `first` to `end` (without it)."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.first = 0
        self.end = 0
        self.marker: int | None = None  # the first line that was not read
        self.fresh = 0  # lines of others from the marker on
        self.complete = place.room  # nothing earlier is kept; of a room everything comes at once
        self.asking = False  # earlier lines are on their way
        self.begun = False  # the engine told what is kept since it was last watched
        self._lines: dict[int, ChatLineView] = {}
        self._indexes: dict[int, int] = {}  # number -> index
        self._newest = 0
        self._unread = 0
        self._attended = False

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def full(self) -> bool:
        """Whether earlier lines have no room."""
        return len(self) >= LINES_MAX

    @property
    def oldest(self) -> int:
        """The lowest number, 0 where there is none."""
        return next((line.number for line in self.lines() if line.number), 0)

    def line(self, index: int) -> ChatLineView:
        """The line of an index."""
        return self._lines[index]

    def lines(self, newest: int = LINES_MAX) -> Iterable[ChatLineView]:
        """The newest lines, oldest first."""
        return (self._lines[at] for at in range(max(self.first, self.end - newest), self.end))

    # -- what the person does ------------------------------------------------------------------------------------

    def watched(self, unread: int) -> None:
        """It is shown now; `unread` lines of those the engine will tell were not read."""
        self.begun = False
        self._unread = unread
        self.unmark()

    def attend(self, there: bool) -> None:
        """Whether the person sees lines as they come."""
        self._attended = there

    def unmark(self) -> None:
        """Everything up to now was read."""
        self.marker, self.fresh = None, 0

    # -- what comes ----------------------------------------------------------------------------------------------

    def take(self, lines: Sequence[ChatLineView], marks: Sequence[ChatLineView] = ()) -> None:
        """New lines. The first after `watched` are all that is kept; `marks` are put between those of a new log."""
        if self.begun:
            for line in lines:
                self._put(line)
            return
        if self._broken(lines) or not self._newest:
            self._clear()
            lines = list(heapq.merge(lines, marks, key=lambda line: line.at))
        attended, self._attended = self._attended, True
        for line in lines:
            self._put(line)
        self.begun, self._attended = True, attended
        self._mark_unread()

    def tell(self, mark: ChatLineView) -> None:
        """A line of ours."""
        self._append(mark)

    def take_earlier(self, lines: Sequence[ChatLineView]) -> None:
        """Lines from before; the newest of them where not all have room."""
        self.asking = False
        self.complete = len(lines) < EARLIER
        oldest = self.oldest
        for line in reversed(lines):
            if self.full:
                self.complete = False
                return
            if line.number not in self._indexes and (not oldest or line.number < oldest):
                self.first -= 1
                self._lines[self.first] = line
                self._indexes[line.number] = self.first

    def remove(self, number: int) -> None:
        """Takes a line out; those behind it move up."""
        gone = self._indexes.pop(number, None)
        if gone is None:
            return
        for at in range(gone, self.end - 1):
            line = self._lines[at] = self._lines[at + 1]
            if line.number:
                self._indexes[line.number] = at
        self.end -= 1
        del self._lines[self.end]
        if self.marker is not None and self.marker > gone:
            self.marker -= 1

    # -- inside --------------------------------------------------------------------------------------------------

    def _put(self, line: ChatLineView) -> None:
        at = self._indexes.get(line.number) if line.number else None
        if at is not None:
            self._lines[at] = line
        elif not line.number or line.number > self._newest:
            self._append(line)

    def _append(self, line: ChatLineView) -> None:
        index = self.end
        self._lines[index] = line
        self.end += 1
        if line.number:
            self._indexes[line.number] = index
            self._newest = line.number
        if line.kind in FOREIGN and (self.marker is not None or not self._attended):
            self.marker = index if self.marker is None else self.marker
            self.fresh += 1
        if len(self) > LINES_MAX:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        old = self._lines.pop(self.first)
        self._indexes.pop(old.number, None)
        self.first += 1
        self.complete = self.place.room
        if self.marker is not None and self.marker < self.first:
            self.marker = self.first

    def _broken(self, lines: Sequence[ChatLineView]) -> bool:
        """Whether lines are missing between those here and these: then only these are shown."""
        if not self._newest or not lines:
            return False
        if lines[0].number > self._newest + 1:
            return True
        return any(line.number <= self._newest and line.number not in self._indexes for line in lines)

    def _clear(self) -> None:
        self.first = self.end
        self._lines.clear()
        self._indexes.clear()
        self._newest = 0
        self.complete = self.place.room

    def _mark_unread(self) -> None:
        """Puts the marker before the last `unread` lines of others."""
        left, self._unread = self._unread, 0
        for index in range(self.end - 1, self.first - 1, -1):
            if not left:
                return
            if self._lines[index].kind in FOREIGN:
                left -= 1
                self.marker, self.fresh = index, self.fresh + 1


class ChatLogs:
    """The logs of the places shown lately, and what changed in the network meanwhile."""

    def __init__(self) -> None:
        self.marks: deque[ChatLineView] = deque(maxlen=MARKS_MAX)
        self._logs: dict[Place, ChatLog] = {}
        self._mode: ModeView | None = None
        self._been_there = False  # on the server, since the start

    def log(self, place: Place) -> ChatLog:
        """The log of a place, made if there is none."""
        found = self._logs.pop(place, None)
        self._logs[place] = found = ChatLog(place) if found is None else found
        if len(self._logs) > LOGS_MAX:
            del self._logs[next(iter(self._logs))]
        return found

    def take(self, event: ChatLines) -> None:
        """Lines of a place; those of one that is not known any more are dropped."""
        found = self._logs.get(Place(event.room, str(event.name)))
        if found is None:
            return
        if event.earlier:
            found.take_earlier(event.lines)
        else:
            found.take(event.lines, tuple(self.marks))

    def drop(self, place: Place) -> None:
        """Forgets a place."""
        self._logs.pop(place, None)

    def mode_changed(self, view: ModeView, now: float) -> bool:
        """Tells a change of the network in every log; True where there was one."""
        before, self._mode = self._mode, view
        words = mode_words(before, view) if before is not None else ""
        first = view.phase == ONLINE and not self._been_there
        self._been_there = self._been_there or view.phase == ONLINE
        if not words or (first and before is not None and before.mode == view.mode):
            return False
        mark = ChatLineView(0, now, SafeStr(""), sanitize(words, 400), "mode")
        self.marks.append(mark)
        for found in self._logs.values():
            found.tell(mark)
        return True


def mode_words(before: ModeView, now: ModeView) -> str:
    """What changed for who is talking; empty where nothing did."""
    was, is_on = before.phase == ONLINE, now.phase == ONLINE
    if before.mode != now.mode:
        head = _SENTENCE if now.mode in {"disaster", "mesh-only"} else f"Mode {now.mode}."
        return _sentences(head, str(now.reason), str(now.chat))
    if was and not is_on:
        return _sentences("The Soulseek server is away.", str(now.what), str(now.chat))
    if is_on and not was:
        settling = "mesh-only mode goes on until it has stayed for a while"
        return _sentences(
            "On the Soulseek server again.", settling if now.mode == "disaster" else str(now.chat)
        )
    if before.health != now.health and now.health == "unavailable":
        return _sentences("The Soulseek server does not answer.", str(now.reason), str(now.chat))
    return ""


def _sentences(head: str, *parts: str) -> str:
    said = [f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part]
    return " ".join([head, *dict.fromkeys(said)])
