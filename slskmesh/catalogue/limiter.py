"""When the next request may go to MusicBrainz: one a second, the person's own first. Pure; time comes in as arguments.

Rules:
- Requests start at least INTERVAL seconds apart, one at a time; among those waiting the origin decides, then age.
- After LIMITED or UNREACHABLE nothing goes for 2 s, doubling to 5 min, each up to 20 % longer by chance; what the
  host asked for (Retry-After) is the least. The first answer of any other kind ends it.
- At most QUEUE_MAX wait. Other origins leave room for the person's; who comes to a full queue is told so at once.
"""

from __future__ import annotations

import random
from typing import Final

from slskmesh.work import Origin

INTERVAL: Final = 1.0
FIRST_WAIT: Final = 2.0
LONGEST_WAIT: Final = 300.0
RETRY_AFTER_MAX: Final = 3600.0
QUEUE_MAX: Final = 200
JITTER: Final = 0.2
_ROOM: Final = {
    Origin.USER: QUEUE_MAX,
    Origin.GATEWAY: 180,
    Origin.AUTOMATION: 160,
    Origin.REMOTE: 50,
}
_RANK: Final = {origin: rank for rank, origin in enumerate(Origin)}


class QueueFullError(Exception):
    """No more requests of this origin may wait."""


class Ticket:
    """One waiting request."""

    __slots__ = ("number", "origin")

    def __init__(self, origin: Origin, number: int) -> None:
        self.origin = origin
        self.number = number


class Limiter:
    """The queue in front of one host. Times are seconds of any one clock that does not go back.

    Nothing goes before `free_at`.
    """

    def __init__(self, rng: random.Random, free_at: float = 0.0) -> None:
        self._rng = rng
        self._waiting: set[Ticket] = set()
        self._next_number = 0
        self.free_at = free_at
        self._blocked_until = 0.0
        self._fails = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(self, origin: Origin) -> Ticket:
        """Joins the queue. QueueFullError."""
        if len(self._waiting) >= _ROOM[origin]:
            raise QueueFullError
        self._next_number += 1
        ticket = Ticket(origin, self._next_number)
        self._waiting.add(ticket)
        return ticket

    def promote(self, ticket: Ticket, origin: Origin) -> None:
        """Somebody of `origin` waits for it too: it goes as early as the better of both."""
        if _RANK[origin] < _RANK[ticket.origin]:
            ticket.origin = origin

    def leave(self, ticket: Ticket) -> bool:
        """Takes it out of the queue; False if it is not there any more (it went)."""
        if ticket not in self._waiting:
            return False
        self._waiting.remove(ticket)
        return True

    def wait(self, now: float) -> float | None:
        """Seconds until `take` gives something; None while nobody waits."""
        if not self._waiting:
            return None
        return max(0.0, self.free_at - now, self._blocked_until - now)

    def take(self, now: float) -> Ticket | None:
        """The next request to go, which is now on its way; None if none may go."""
        if self.wait(now) != 0.0:
            return None
        ticket = min(self._waiting, key=lambda one: (_RANK[one.origin], one.number))
        self._waiting.remove(ticket)
        self.free_at = now + INTERVAL
        return ticket

    def backoff(self, now: float) -> float:
        """Seconds during which nothing goes because the host failed or asked for it; 0 if it may be asked."""
        return max(0.0, self._blocked_until - now)

    def answered(self) -> None:
        """The host answered, whatever it said."""
        self._fails = 0
        self._blocked_until = 0.0

    def failed(self, now: float, retry_after: float | None = None) -> float:
        """The host did not answer or asked us to wait; returns the seconds of rest."""
        self._fails += 1
        rest: float = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._fails - 1, 16))
        rest = min(LONGEST_WAIT, rest * (1 + self._rng.random() * JITTER))
        if retry_after is not None:
            rest = max(rest, min(retry_after, RETRY_AFTER_MAX))
        self._blocked_until = now + rest
        return rest
