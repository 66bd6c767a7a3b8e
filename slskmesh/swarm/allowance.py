"""A rate that several downloads share: how much they may ask for now, and whose turn it is.

Rules:
- Tokens are bytes that may come; they grow with time up to BURST seconds of the rate. What comes is paid when it is
  here, whatever becomes of it; what is asked for is held back from the tokens until then, so a request that is
  given up costs nothing, and no more is on its way than the tokens and one chunk.
- What was asked for before there was a limit, or under another one, comes as it was asked for and is not paid.
- A chunk is asked for whole, so the tokens may be overdrawn by one; the next waits until that is paid. Over any
  time the rate holds to within a chunk and BURST seconds.
- The members take turns, one chunk a turn, so that neither a large file nor a fast source starves the others.

The clock is handed in with each call; rate 0 is no limit.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

BURST = 1.0  # seconds


class Member(Protocol):
    """One download of the group."""

    def on_its_way(self) -> int:
        """Bytes asked for and not yet come."""

    def ask_one(self) -> bool:
        """Asks for one chunk, wherever it is to be had; False where nothing can be asked for now."""


class Allowance:
    """The shared rate of one group."""

    def __init__(self, rate: int, now: float) -> None:
        """`rate` in bytes per second."""
        self._rate = rate
        self._tokens = 0.0
        self._prior = 0  # bytes asked for under another rate
        self._at = now
        self._members: deque[Member] = deque()
        self._sharing = False

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._rate > 0

    def change(self, rate: int, now: float) -> None:
        """Another rate from now on."""
        self._rate = rate
        self._tokens = 0.0
        self._at = now
        self._prior = self._spoken_for()

    def join(self, member: Member) -> None:
        """The member takes part."""
        self._members.append(member)

    def leave(self, member: Member) -> None:
        """The member is over."""
        self._members.remove(member)

    def pay(self, size: int, now: float) -> None:
        """`size` bytes came."""
        if self._rate:
            self._grow(now)
            unpaid = min(size, self._prior)
            self._prior -= unpaid
            self._tokens -= size - unpaid

    def share_out(self, now: float) -> None:
        """Lets the members ask in turn until the tokens are spoken for or nobody can ask."""
        if self._sharing:
            return
        self._sharing = True
        try:
            self._grow(now)
            self._prior = min(self._prior, self._spoken_for())
            idle = 0
            while idle < len(self._members) and self._spoken_for() < self._tokens:
                member = self._members[0]
                self._members.rotate(-1)
                idle = 0 if member.ask_one() else idle + 1
        finally:
            self._sharing = False

    def exhausted(self, now: float) -> bool:
        """Whether nothing may be asked for now."""
        self._grow(now)
        return self.limited and self._spoken_for() >= self._tokens

    def _spoken_for(self) -> int:
        return sum(member.on_its_way() for member in self._members)

    def _grow(self, now: float) -> None:
        passed = max(0.0, now - self._at)
        self._at = max(self._at, now)
        self._tokens = min(self._tokens + passed * self._rate, BURST * self._rate)
