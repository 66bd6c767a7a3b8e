"""The gate before planning: who caused a plan decides when its turn comes and how many it may have.

Rules:
- User before gateway before automation before remote; among equals, who came first. A person's plan waits only for
  plans of people and programs at the gateway, never for what peers or timers cause.
- Plans of peers: two at once, ten a minute in all, few may wait; more are refused, not kept.
- Automation leaves places free, so that a person who comes later need not wait for timers.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import trio

from slskmesh.overlay.pacing import TokenBucket
from slskmesh.work import BudgetSpent, Origin

ALL: Final = 8  # plans at once
AT_ONCE: Final[Mapping[Origin, int]] = {
    Origin.USER: ALL,
    Origin.GATEWAY: 6,
    Origin.AUTOMATION: 4,
    Origin.REMOTE: 2,
}
REMOTE_MINUTE: Final = 10
WAITING: Final[Mapping[Origin, int]] = {
    Origin.USER: 1024,
    Origin.GATEWAY: 256,
    Origin.AUTOMATION: 256,
    Origin.REMOTE: 8,
}
_ORDER: Final = tuple(Origin)
_RESERVED: Final = 2  # places that only people and the gateway's programs get


class Turns:
    """The order of turns. Pure: `now` in seconds of a monotonic clock; a ticket is what `enter` gave."""

    def __init__(self) -> None:
        self._running: Counter[Origin] = Counter()
        self._waiting: list[tuple[int, int]] = []  # (rank of the origin, ticket): a heap
        self._origins: dict[int, Origin] = {}
        self._tickets = itertools.count(1)
        self._remote = TokenBucket(REMOTE_MINUTE / 60, REMOTE_MINUTE)

    def enter(self, origin: Origin, now: float) -> int:
        """A ticket; `admit` tells whose turn it is. BudgetSpent: too many of that origin."""
        rank = _ORDER.index(origin)
        if sum(1 for waiting, _ in self._waiting if waiting == rank) >= WAITING[origin]:
            raise BudgetSpent(f"too many plans of this origin ({origin.value}) are waiting")
        if origin is Origin.REMOTE and not self._remote.take(now):
            raise BudgetSpent(
                f"peers had their {REMOTE_MINUTE} plans a minute; {self._remote.wait(now):.0f} s to go"
            )
        ticket = next(self._tickets)
        self._origins[ticket] = origin
        heapq.heappush(self._waiting, (rank, ticket))
        return ticket

    def admit(self) -> list[int]:
        """Tickets whose turn it is now; each needs one `leave`."""
        turns, later = [], []
        while self._waiting:
            rank, ticket = heapq.heappop(self._waiting)
            if self._fits(_ORDER[rank]):
                self._running[_ORDER[rank]] += 1
                turns.append(ticket)
            else:
                later.append((rank, ticket))
        self._waiting = later  # in order, hence a heap
        return turns

    def leave(self, ticket: int) -> None:
        """Its work is over, or it no longer waits."""
        origin = self._origins.pop(ticket)
        entry = (_ORDER.index(origin), ticket)
        if entry in self._waiting:
            self._waiting.remove(entry)
            heapq.heapify(self._waiting)
        else:
            self._running[origin] -= 1

    def _fits(self, origin: Origin) -> bool:
        reserved = _RESERVED if origin in (Origin.AUTOMATION, Origin.REMOTE) else 0
        return self._running.total() < ALL - reserved and self._running[origin] < AT_ONCE[origin]


class Gate:
    """Lets plans in by turns."""

    def __init__(self, clock: Callable[[], float] = trio.current_time) -> None:
        self._clock = clock
        self._turns = Turns()
        self._events: dict[int, trio.Event] = {}

    @asynccontextmanager
    async def turn(self, origin: Origin) -> AsyncIterator[None]:
        """Waits for a turn and holds it. BudgetSpent: refused at once."""
        ticket = self._turns.enter(origin, self._clock())
        event = self._events[ticket] = trio.Event()
        try:
            self._next()
            await event.wait()
            yield
        finally:
            del self._events[ticket]
            self._turns.leave(ticket)
            self._next()

    def _next(self) -> None:
        for ticket in self._turns.admit():
            self._events[ticket].set()
