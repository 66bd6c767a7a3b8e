"""Whose answer is it: questions to the server that it answers in order and without saying which. Pure.

Rules:
- Who asked first is answered first. The library asks once at the login, for nobody here.
- A question without answer for LATE seconds is taken for one that the server left out: its place is given up, so that
  the answers after it are not told one too late for ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

LATE: Final = 20.0  # seconds


class Pings:
    """Of one session; an answer is given the time it came."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, asyncio.Future[float] | None]] = deque()

    def began(self, now: float) -> None:
        """A session begins, and the library asks for itself."""
        self._waiting.clear()
        self._waiting.append((now, None))

    def sent(self, now: float, answer: asyncio.Future[float]) -> None:
        """A question goes out."""
        self._give_up(now)
        self._waiting.append((now, answer))

    def answered(self, now: float) -> None:
        """An answer came."""
        self._give_up(now)
        if self._waiting:
            _, answer = self._waiting.popleft()
            if answer is not None and not answer.done():
                answer.set_result(now)

    def _give_up(self, now: float) -> None:
        while self._waiting and now - self._waiting[0][0] > LATE:
            self._waiting.popleft()
