"""How far our clock is from the clocks of peers: the median of what they said last. Pure."""

from __future__ import annotations

import math
import statistics
from collections import deque
from typing import Final

_SAMPLES: Final = 32
_NEEDED: Final = 3  # fewer say nothing: one peer's wrong clock is not ours


class Skew:
    """The last 32 differences in seconds; positive means that our clock is ahead."""

    def __init__(self) -> None:
        self._ahead: deque[float] = deque(maxlen=_SAMPLES)

    def note(self, ours: float, theirs: float) -> None:
        """Takes one comparison of wall times; what is no time is passed over."""
        if math.isfinite(theirs):
            self._ahead.append(ours - theirs)

    def median(self) -> float:
        """Seconds our clock is ahead of most peers', 0 while fewer than three have spoken.

        One of those told, never between two: the sum of two absurd ones may be no number.
        """
        return statistics.median_low(self._ahead) if len(self._ahead) >= _NEEDED else 0.0
