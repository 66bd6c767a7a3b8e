"""How far a scan is: counters the worker threads feed, and the values shown (pure: the clock is a parameter).

Rules:
- `done` and `bytes_done` never go down within a scan.
- A rate is bytes hashed per second, smoothed over about SMOOTH seconds. The time left counts each file as
  FILE_COST bytes more than it has, since opening and tags cost time too.
- Problems are kept up to PROBLEMS_MAX; the count goes on.
"""

from __future__ import annotations

import enum
import math
import threading
from typing import Final

import msgspec

from slskmesh.library.domain import NOTHING
from slskmesh.text import SafeStr, sanitize

SMOOTH: Final = 4.0
FILE_COST: Final = 64 * 1024
PROBLEMS_MAX: Final = 1000


class Phase(enum.Enum):
    """What a scan is doing."""

    WALKING = "walking"
    HASHING = "hashing"


class ScanProgress(msgspec.Struct, frozen=True):
    """One look at a running scan. `done` and `total` are files (while walking: files seen; the total is unknown);
    bytes for the rest; `rate` in bytes/s, `eta` in seconds. `current` is the file last begun.
    """

    phase: Phase
    done: int
    total: int | None
    bytes_done: int = 0
    bytes_total: int | None = None
    rate: float = 0.0
    eta: float | None = None
    current: SafeStr = NOTHING
    problem_count: int = 0


class Problem(msgspec.Struct, frozen=True):
    """One file, folder or share that could not be (fully) taken in, and why."""

    path: SafeStr
    reason: str


class ScanSummary(msgspec.Struct, frozen=True):
    """What a scan that ran to its end found. `moved`: known by size, time and inode, so not hashed again."""

    added: int
    changed: int
    moved: int
    removed: int
    unchanged: int
    empty: int  # files without a byte, which are not shared
    hashed_bytes: int
    problems: tuple[Problem, ...]
    problem_count: int
    seconds: float


class Meter:
    """Counters of one scan. `seen`, `begin`, `add`, `note` come from worker threads; `look` from the loop."""

    def __init__(self, started: float) -> None:
        self.problem_count = 0
        self.problems: list[Problem] = []
        self.hashed_bytes = 0
        self._lock = threading.Lock()
        self._done = 0
        self._total: int | None = None
        self._bytes_total: int | None = None
        self._credit = 0
        self._current = b""
        self._at = started
        self._at_bytes = 0
        self._at_work = 0
        self._rate = 0.0
        self._work_rate = 0.0

    def seen(self, files: int) -> None:
        """The walk has seen `files` files so far."""
        self._done = files

    def plan(self, files: int, size: int, now: float) -> None:
        """The walk is over: `files` files of `size` bytes in all are to be hashed."""
        self._done, self._total, self._bytes_total = 0, files, size
        self._at, self._at_bytes, self._at_work = now, 0, 0

    def begin(self, path: bytes) -> None:
        """A worker opens this file."""
        self._current = path

    def add(self, size: int) -> None:
        """`size` more bytes are hashed."""
        with self._lock:
            self.hashed_bytes += size

    def finish(self, size: int, read: int) -> None:
        """One planned file of `size` bytes is dealt with, `read` bytes of it by `add`."""
        with self._lock:
            self._done += 1
            self._credit += max(0, size - read)

    def note(self, path: bytes, reason: str) -> None:
        """Something a person should know."""
        with self._lock:
            self.problem_count += 1
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(Problem(sanitize(path, 1024), reason))

    def look(self, now: float) -> ScanProgress:
        """The state at `now` (seconds, of the clock given at the start)."""
        if self._total is None or self._bytes_total is None:
            return ScanProgress(Phase.WALKING, self._done, None, problem_count=self.problem_count)
        with self._lock:
            hashed, credit, done = self.hashed_bytes, self._credit, self._done
        reached = min(hashed + credit, self._bytes_total)
        work = reached + done * FILE_COST
        self._smooth(now, hashed, work)
        left = self._bytes_total + self._total * FILE_COST - work
        return ScanProgress(
            Phase.HASHING,
            done,
            self._total,
            reached,
            self._bytes_total,
            self._rate,
            left / self._work_rate if self._work_rate > 0 else (0.0 if left <= 0 else None),
            sanitize(self._current, 1024),
            self.problem_count,
        )

    def _smooth(self, now: float, hashed: int, work: int) -> None:
        passed = now - self._at
        if passed <= 0:
            return
        share = 1 - math.exp(-passed / SMOOTH) if self._rate or self._work_rate else 1.0
        self._rate += share * ((hashed - self._at_bytes) / passed - self._rate)
        self._work_rate += share * ((work - self._at_work) / passed - self._work_rate)
        self._at, self._at_bytes, self._at_work = now, hashed, work
