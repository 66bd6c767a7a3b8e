"""Toasts: the few short texts that stand over the panes for a moment.

Rules: at most SHOWN at once, each for SECONDS, never longer; a repeat of a shown text, numbers aside, raises its
count; a repeated notice that nobody asked for stays quiet for a while after it went. All texts are in the event log,
so nothing is lost here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from slskmesh.engine.events import Level
from slskmesh.text import SafeStr

SHOWN = 2
SECONDS = 4.0
QUIET = 20.0
REMEMBERED = 64
_NUMBER = re.compile(r"\b\d[\d,.]*\b")
_LOUDNESS = {Level.INFO: 0, Level.GOOD: 0, Level.WARN: 1, Level.ERROR: 2}


@dataclass(slots=True)
class Toast:
    """One text on the screen. `count` tells how often it came."""

    kind: str
    text: SafeStr
    level: Level
    until: float
    count: int = 1

    def __str__(self) -> str:
        return f"{self.text}  ({self.count} times)" if self.count > 1 else str(self.text)


class Toasts:
    """What is shown now, oldest first."""

    def __init__(self) -> None:
        self.shown: list[Toast] = []
        self._gone: dict[str, float] = {}

    def add(self, text: SafeStr, level: Level, now: float, *, asked: bool) -> bool:
        """Takes a text; `asked`: it answers something the person did. True where the screen changes."""
        changed = self.expire(now)
        kind = _NUMBER.sub("#", text)
        for toast in self.shown:
            if toast.kind == kind:
                toast.count += 1
                toast.text = text
                return True
        if not asked and now < self._gone.get(kind, 0.0):
            return changed
        self.shown.append(Toast(kind, text, level, now + SECONDS))
        if len(self.shown) > SHOWN:
            least = min(_LOUDNESS[toast.level] for toast in self.shown[:-1])
            self._drop(next(t for t in self.shown if _LOUDNESS[t.level] == least), now)
        return True

    def expire(self, now: float) -> bool:
        """Takes away what stood long enough; True where something went."""
        over = [toast for toast in self.shown if toast.until <= now]
        for toast in over:
            self._drop(toast, now)
        return bool(over)

    def _drop(self, toast: Toast, now: float) -> None:
        self.shown.remove(toast)
        self._gone[toast.kind] = now + QUIET
        while len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]

    @property
    def next_end(self) -> float | None:
        """When the next one goes."""
        return min((toast.until for toast in self.shown), default=None)
