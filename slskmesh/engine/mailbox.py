"""What goes up from the engine to a front end: coalesced views, queued events, one wake-up (research tui.md 5).

Rules:
- Any thread may put; `drain` takes everything. Nobody ever blocks on it for longer than a list swap.
- Views are coalesced by type. Events are bounded: over the bound search hits and INFO notices are dropped and
  counted; of louder notices the oldest give way. Only what answers a command, and the engine's end, is never dropped.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from slskmesh.engine.client import Batch
from slskmesh.engine.events import Event, Found, Level, Notice
from slskmesh.engine.views import View

HITS_MAX = 20_000
EVENTS_MAX = 2_000
LOUD_MAX = 500  # notices from GOOD up


def _droppable(event: Event) -> bool:
    return isinstance(event, Found) or (isinstance(event, Notice) and event.level is Level.INFO)


_YIELDING = (Level.WARN, Level.GOOD, Level.ERROR)  # whose oldest notice gives way first


class Mailbox:
    """One front end's letter box."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._views: dict[type[View], View] = {}
        self._events: dict[int, Event] = {}  # by a running number, in order
        self._number = 0
        self._loud: dict[Level, deque[int]] = {level: deque() for level in _YIELDING}
        self._hits = 0
        self._dropped = 0
        self._woken = False
        self._wake: Callable[[], None] = lambda: None

    def on_wake(self, wake: Callable[[], None]) -> None:
        """`wake` is called, from the putting thread, when the box stops being empty."""
        with self._lock:
            self._wake = wake
            waiting = self._woken
        if waiting:
            wake()

    @property
    def waiting(self) -> int:
        """Events that were not drained yet."""
        return len(self._events)

    def put_view(self, view: View) -> None:
        """Replaces the view of the same type."""
        with self._lock:
            self._views[type(view)] = view
            wake = self._first()
        wake()

    def put_event(self, event: Event) -> None:
        """Queues an event."""
        with self._lock:
            hits = len(event.hits) if isinstance(event, Found) else 0
            full = self._hits + hits > HITS_MAX or len(self._events) >= EVENTS_MAX
            if full and _droppable(event):
                self._dropped += hits or 1
                return
            self._hits += hits
            self._events[self._number] = event
            if isinstance(event, Notice) and event.level in self._loud:
                self._bound(event.level)
            self._number += 1
            wake = self._first()
        wake()

    def leave_out(self, count: int) -> None:
        """Counts events that were dropped before they came here."""
        with self._lock:
            self._dropped += count

    def drain(self) -> Batch:
        """Takes everything."""
        with self._lock:
            views, self._views = self._views, {}
            events, self._events = self._events, {}
            for loud in self._loud.values():
                loud.clear()
            dropped, self._dropped = self._dropped, 0
            self._hits = 0
            self._woken = False
        return Batch(tuple(views.values()), tuple(events.values()), dropped)

    def _bound(self, level: Level) -> None:
        self._loud[level].append(self._number)
        if sum(map(len, self._loud.values())) > LOUD_MAX:
            oldest = next(numbers for numbers in self._loud.values() if numbers).popleft()
            del self._events[oldest]
            self._dropped += 1

    def _first(self) -> Callable[[], None]:
        if self._woken:
            return _nothing
        self._woken = True
        return self._wake


def _nothing() -> None:
    """Somebody already called."""
