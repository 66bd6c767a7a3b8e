"""Events on their way from the network's thread to the engine's loop: one bounded queue that merges progress.

Rules:
- Order is kept. Progress of a transfer replaces the progress of the same transfer that still waits, in its place;
  a change of phase is never merged, and progress after it stands after it.
- What others can cause (answers, lines, messages, states) is bounded. Over the bound nothing is dropped in silence:
  `put` says no, once and for all, and the session is ended with words.
- What this machine causes (its transfers, the end of the session) is always taken; its tables are bounded.
- Put on one thread, taken on another.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from slskmesh.soulseek.values import Answered, LegacyEvent, ServerChanged, TransferChanged, TransferPhase

EVENTS_MAX: Final = 20_000
FILES_MAX: Final = 400_000  # files of answers that wait


class _Entry:
    """One place in the queue; progress is renewed in it."""

    __slots__ = ("event",)

    def __init__(self, event: LegacyEvent) -> None:
        self.event = event


class Inbox:
    """The queue; `put` on the network's thread, `take` on the engine's loop."""

    def __init__(self, events: int = EVENTS_MAX, files: int = FILES_MAX) -> None:
        self._events_max = events
        self._files_max = files
        self._entries: deque[_Entry] = deque()
        self._progress: dict[int, _Entry] = {}
        self._files = 0
        self._lock = threading.Lock()
        self._overflowed = False

    def put(self, event: LegacyEvent) -> bool:
        """Queues `event`; False when it found no room, and from then on until `clear`."""
        with self._lock:
            if isinstance(event, TransferChanged):
                self._put_transfer(event)
            elif isinstance(event, ServerChanged):
                self._entries.append(_Entry(event))
            else:
                return self._put_bounded(event)
        return True

    def take(self, limit: int) -> list[LegacyEvent]:
        """Up to `limit` events, oldest first."""
        with self._lock:
            taken = [self._entries.popleft() for _ in range(min(limit, len(self._entries)))]
            for entry in taken:
                event = entry.event
                if isinstance(event, TransferChanged):
                    if self._progress.get(event.news.key) is entry:
                        del self._progress[event.news.key]
                elif isinstance(event, Answered):
                    self._files -= len(event.answer.files)
        return [entry.event for entry in taken]

    def clear(self) -> None:
        """A new session: what was refused for want of room is taken again."""
        with self._lock:
            self._overflowed = False

    def __len__(self) -> int:
        return len(self._entries)

    def _put_transfer(self, event: TransferChanged) -> None:
        key = event.news.key
        if event.news.phase is not TransferPhase.ACTIVE:
            self._progress.pop(key, None)
        elif (waiting := self._progress.get(key)) is not None:
            waiting.event = event
            return
        entry = _Entry(event)
        self._entries.append(entry)
        if event.news.phase is TransferPhase.ACTIVE:
            self._progress[key] = entry

    def _put_bounded(self, event: LegacyEvent) -> bool:
        files = len(event.answer.files) if isinstance(event, Answered) else 0
        if len(self._entries) >= self._events_max or (files and self._files + files > self._files_max):
            self._overflowed = True
        if self._overflowed:
            return False
        self._files += files
        self._entries.append(_Entry(event))
        return True
