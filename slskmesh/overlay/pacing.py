"""Frame sizes fitted to the link, so that a control message never waits long behind chunk data (design.md 2.8).

Pure: time comes in as an argument. Rule: one data frame should take about `TARGET` seconds on the wire; with the
kernel holding about one more unsent frame, a control message waits two of them, 50 ms, at any rate the link has.
Seconds a byte are averaged, not bytes a second: the kernel takes a line's first frames at once however slow it is,
and one such sample among rates would outweigh a dozen true ones.
"""

from __future__ import annotations

from slskmesh.wire import limits

TARGET = 0.025  # seconds one data frame may take
BACKLOG_MAX = 2 << 20  # bytes; a faster line is not served better by more
_WEIGHT = 0.3  # of the newest sample in the moving average


class FrameSizer:
    """Payload bytes the next data frame may carry, learned from how long earlier sends took."""

    def __init__(self) -> None:
        self._cost = 0.0  # seconds a byte takes, 0 until known
        self.limit = limits.DATA_FRAME_START
        self.backlog = self.limit  # bytes the kernel should hold unsent: `TARGET` seconds of them

    def sent(self, size: int, seconds: float) -> bool:
        """Notes that `size` bytes took `seconds` to leave. True if `backlog` changed.

        Sends too quick to be told from the clock's grain count as a quarter of a millisecond: they only mean "fast".
        """
        sample = max(seconds, 0.000_25) / size
        self._cost = sample if not self._cost else self._cost + _WEIGHT * (sample - self._cost)
        want = min(max(TARGET / self._cost, limits.DATA_FRAME_MIN), BACKLOG_MAX)
        # Powers of two, and at most one step up a send: a lucky sample must not cost a slow link a long frame.
        backlog = min(1 << (int(want).bit_length() - 1), self.backlog * 2)
        changed = backlog != self.backlog
        self.backlog = backlog
        self.limit = min(backlog, limits.DATA_FRAME_MAX)
        return changed


class TokenBucket:
    """A rate with a burst: `take` says whether `cost` is within it, at `now` (seconds of any monotonic clock)."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._at: float | None = None

    def _refill(self, now: float) -> None:
        if self._at is not None:
            self._level = min(self.burst, self._level + max(0.0, now - self._at) * self.rate)
        self._at = now

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Takes `cost` if it is there."""
        self._refill(now)
        if self._level < cost:
            return False
        self._level -= cost
        return True

    def owe(self, now: float, cost: float) -> float:
        """Takes `cost` even into debt; returns the seconds to wait until the debt is paid."""
        self._refill(now)
        self._level -= cost
        return 0.0 if self._level >= 0 else -self._level / self.rate

    def level(self, now: float) -> float:
        """What may be taken now."""
        self._refill(now)
        return self._level

    def wait(self, now: float, cost: float = 1.0) -> float:
        """Seconds until `take` would say yes."""
        self._refill(now)
        return max(0.0, (cost - self._level) / self.rate)
