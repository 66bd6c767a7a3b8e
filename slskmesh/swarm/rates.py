"""Byte rates from events and a clock that is passed in: no timers, no history lists.

- `Rate` is for people: a smoothed rate that falls to zero when nothing comes.
- `ServiceRate` is for the picker: how fast a peer serves while it has something to serve; waiting for our own
  requests does not count against it, silence while requests are open does.
- `Tally` counts bytes a key gave in the last hour.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable


class Rate:
    """Exponentially smoothed bytes per second; `tau` seconds of memory."""

    __slots__ = ("_mark", "_start", "_sum", "_tau")

    def __init__(self, now: float, tau: float = 3.0) -> None:
        self._tau = tau
        self._start = now
        self._mark = now
        self._sum = 0.0

    def add(self, size: int, now: float) -> None:
        """`size` bytes came at `now`."""
        if now > self._mark:
            self._sum *= math.exp((self._mark - now) / self._tau)
            self._mark = now
        self._sum += size

    def value(self, now: float) -> float:
        """Bytes per second; early values are corrected for the short history."""
        age = max(now - self._start, 0.25)
        left = self._sum * math.exp(min(0.0, self._mark - now) / self._tau)
        rate = left / (self._tau * (1.0 - math.exp(-age / self._tau)))
        return rate if rate >= 1.0 else 0.0


class ServiceRate:
    """Bytes per busy second of one peer, the last `tau` busy seconds weighing most."""

    __slots__ = ("_busy_since", "_bytes", "_seconds", "_tau")

    def __init__(self, tau: float = 4.0) -> None:
        self._tau = tau
        self._bytes = 0.0
        self._seconds = 0.0
        self._busy_since: float | None = None

    def busy(self, now: float) -> None:
        """Requests are open from now on."""
        if self._busy_since is None:
            self._busy_since = now

    def idle(self) -> None:
        """No request is open."""
        self._busy_since = None

    def add(self, size: int, now: float) -> None:
        """`size` bytes came."""
        since = self._busy_since
        if since is None:
            self._bytes += size
            return
        spent = max(0.0, now - since)
        keep = math.exp(-spent / self._tau)
        self._bytes = self._bytes * keep + size
        self._seconds = self._seconds * keep + spent
        self._busy_since = now

    def steady(self) -> float:
        """Bytes per second up to the last byte that came; 0 while unknown."""
        return self._bytes / max(self._seconds, 1e-3) if self._bytes else 0.0

    def value(self, now: float) -> float:
        """Bytes per second, silence since then counted; 0 while unknown."""
        if not self._bytes:
            return 0.0
        silent = max(0.0, now - self._busy_since) if self._busy_since is not None else 0.0
        return self._bytes / max(self._seconds + silent, 1e-3)


class Tally:
    """Bytes each key gave within the last `span` seconds, in `span / 12` steps; empty keys are forgotten."""

    def __init__(self, span: float = 3600.0) -> None:
        self._step = span / 12
        self._sums: dict[Hashable, int] = {}
        self._slots: deque[tuple[float, dict[Hashable, int]]] = deque()

    def add(self, key: Hashable, size: int, now: float) -> None:
        """`key` gave `size` bytes."""
        self._expire(now)
        if not self._slots or now - self._slots[-1][0] >= self._step:
            self._slots.append((now, {}))
        newest = self._slots[-1][1]
        newest[key] = newest.get(key, 0) + size
        self._sums[key] = self._sums.get(key, 0) + size

    def value(self, key: Hashable, now: float) -> int:
        """Bytes `key` gave."""
        self._expire(now)
        return self._sums.get(key, 0)

    def _expire(self, now: float) -> None:
        while self._slots and now - self._slots[0][0] > self._step * 12:
            for key, size in self._slots.popleft()[1].items():
                left = self._sums[key] - size
                if left:
                    self._sums[key] = left
                else:
                    del self._sums[key]
