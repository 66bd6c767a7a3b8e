"""Private messages that wait for their readers. No I/O.

Rules:
- A message is kept until its reader acknowledges it, and sent again at each login until then, marked as not new.
- At most KEPT_MAX wait for one reader; one more drops the oldest. At most TOTAL_MAX wait in all; one more is not
  kept, so a reader who is away misses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

KEPT_MAX: Final = 200
TOTAL_MAX: Final = 20_000


class Letter(msgspec.Struct, frozen=True):
    """One private message; `when` in unix seconds."""

    number: int
    sender: str
    text: str
    when: int


class Mail:
    """What waits, by reader."""

    def __init__(self) -> None:
        self._number = 0
        self._total = 0
        self._waiting: dict[str, dict[int, Letter]] = {}

    def keep(self, sender: str, reader: str, text: str, now: float) -> Letter:
        """Takes a message in."""
        self._number = self._number % 0xFFFFFFFF + 1
        letter = Letter(self._number, sender, text, int(now))
        waiting = self._waiting.get(reader)
        if waiting is not None and len(waiting) >= KEPT_MAX:
            self.acknowledge(reader, next(iter(waiting)))
        if self._total < TOTAL_MAX:
            self._waiting.setdefault(reader, {})[letter.number] = letter
            self._total += 1
        return letter

    def waiting(self, reader: str) -> Iterator[Letter]:
        """What was not acknowledged, oldest first."""
        return iter(tuple(self._waiting.get(reader, {}).values()))

    def acknowledge(self, reader: str, number: int) -> None:
        """The reader has it."""
        waiting = self._waiting.get(reader)
        if waiting is not None and waiting.pop(number, None) is not None:
            self._total -= 1
            if not waiting:
                del self._waiting[reader]
