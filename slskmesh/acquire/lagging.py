"""When a transfer from a Soulseek user underperforms, so that peers should finish it. Pure: times are arguments.

Rules:
- Three troubles (research p2p.md 3.4): slower than `rate` over `over` seconds; no byte for `silent` seconds while it
  is said to be sending; waiting or failed for `queued` seconds. Waiting is measured from the last byte, so that
  a transfer that is begun again and again is not taken for a lively one.
- A trouble has to be there at two looks, `STEADY` seconds apart. What is nearly done by itself is left alone, and so is
  what is slow only because the person set a limit.
- After an attempt that led nowhere the next one waits `AGAIN` seconds, then twice as long each time, up to `AGAIN_MAX`.
- Judging is by what came: nobody is asked anything for it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from slskmesh.soulseek.values import TransferPhase

STEADY: Final = 5.0
NEARLY: Final = 30.0  # seconds to go at the present rate
AGAIN: Final = 600.0
AGAIN_MAX: Final = 4 * 3600.0
_SAMPLES: Final = 64
_WAITS: Final = frozenset({TransferPhase.REQUESTED, TransferPhase.CONNECTING, TransferPhase.FAILED})
_RESTS: Final = frozenset({TransferPhase.PAUSED, TransferPhase.ABORTED, TransferPhase.DONE})


class Rules(msgspec.Struct, frozen=True):
    """What counts as too little; settings of the person. Seconds, bytes per second."""

    enabled: bool = True
    rate: int = 20 << 10
    over: float = 30.0
    silent: float = 60.0
    queued: float = 600.0
    at_once: int = 5


class Watch:
    """One transfer, as it goes."""

    def __init__(self, now: float) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)  # while it sends
        self._done = -1
        self._byte = now  # when the last one came, or it was first seen
        self._active: float | None = None  # since when
        self._since: float | None = None  # when the trouble was first seen
        self._failures = 0
        self._not_before = now

    def look(
        self, rules: Rules, phase: TransferPhase, size: int, done: int, now: float, throttled: bool = False
    ) -> str:
        """What is wrong with it, in words; empty: nothing, or not for long enough. `throttled`: our own limit binds."""
        if done > self._done:
            self._byte = now if self._done >= 0 else self._byte
        elif done < self._done:
            self._samples.clear()  # begun anew
        self._done = done
        if phase in _RESTS:
            self._rest(now)
            return ""
        self._sample(rules, phase, done, now)
        trouble = self._trouble(rules, phase, size, now, throttled)
        if not trouble:
            self._since = None
            return ""
        if self._since is None:
            self._since = now
        steady = now - self._since >= STEADY and now >= self._not_before
        return trouble if rules.enabled and steady else ""

    def put_off(self, now: float, *, long: bool = False) -> float:
        """An attempt led nowhere, or (`long`) the person ended it. Seconds until the next one may begin."""
        wait = AGAIN_MAX if long else min(AGAIN_MAX, AGAIN * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._not_before = now + wait
        self._since = None
        return wait

    def _rest(self, now: float) -> None:
        self._samples.clear()
        self._active = self._since = None
        self._byte = now

    def _sample(self, rules: Rules, phase: TransferPhase, done: int, now: float) -> None:
        if phase is not TransferPhase.ACTIVE:
            self._samples.clear()
            self._active = None
            return
        if self._active is None:
            self._active = now
        if not self._samples or now - self._samples[-1][0] >= rules.over / (_SAMPLES // 2):
            self._samples.append((now, done))
        while len(self._samples) > 1 and self._samples[1][0] <= now - rules.over:
            self._samples.popleft()

    def _trouble(self, rules: Rules, phase: TransferPhase, size: int, now: float, throttled: bool) -> str:
        if phase in _WAITS and now - self._byte >= rules.queued:
            return f"no byte for {_minutes(now - self._byte)}: {phase.value}"
        if phase is not TransferPhase.ACTIVE or self._active is None:
            return ""
        quiet = now - max(self._byte, self._active)
        if quiet >= rules.silent:
            return f"no byte for {quiet:.0f} s"
        begin, there = self._samples[0]
        span = now - begin
        if throttled or span < rules.over:
            return ""
        rate = (self._done - there) / span
        if rate >= rules.rate or (size - self._done) <= rate * NEARLY:
            return ""
        return f"{rate / 1024:.1f} KiB/s over {span:.0f} s"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
