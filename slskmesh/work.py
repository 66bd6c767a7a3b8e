"""Work: who caused it, what it costs, and how much of it is left. Pure; what costs takes a `Budget` as an argument.

Rules:
- Whatever spends this machine's or somebody else's time (a call, a lookup, a catalogue request, a dial) has a required
  `budget` parameter and spends before it works. Nothing makes a budget out of nothing on the way.
- A remote peer's call gets a `RemoteBudget`: at most 10 units a call, 50 a minute for each peer and 600 a minute for
  all of them (documents 003 part 1; research features 2.3). What reaches Soulseek takes a `LocalBudget` by type, so a
  remote call cannot cause a Soulseek search: the type checker refuses it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Final

from slskmesh.errors import SlskmeshError

# Units
MESH_CALL: Final = 1
LIBRARY_QUERY: Final = 1
DHT_READ: Final = 2
DIAL: Final = 2
CATALOGUE_FETCH: Final = 2
PLAN: Final = 3

PER_CALL: Final = 10
PER_PEER_MINUTE: Final = 50
ALL_REMOTE_MINUTE: Final = 600
_MINUTE: Final = 60.0


class Origin(enum.Enum):
    """Who caused a piece of work; the order is that of priority."""

    USER = "user"
    GATEWAY = "gateway"
    AUTOMATION = "automation"
    REMOTE = "remote"


class BudgetSpent(SlskmeshError):
    """No work units are left for this; the text says whose and until when."""


class Pool:
    """Units that come back evenly over a minute; shared by calls of one peer, or of all."""

    def __init__(self, name: str, units: int, clock: Callable[[], float]) -> None:
        self.name = name
        self._units = units
        self._clock = clock
        self._left = float(units)
        self._at = clock()

    def left(self) -> float:
        """Units there now."""
        now = self._clock()
        self._left = min(self._units, self._left + (now - self._at) * self._units / _MINUTE)
        self._at = now
        return self._left

    def take(self, units: int) -> None:
        """Takes `units`; to be called only with that many left."""
        self._left = self.left() - units


class Budget:
    """What one piece of work may spend. Made as a `LocalBudget` or a `RemoteBudget`."""

    origin: Origin

    def __init__(self) -> None:
        self.spent = 0

    def spend(self, units: int) -> None:
        """Counts `units` as spent. BudgetSpent where they are not there; then nothing is counted."""
        self._check(units)
        self.spent += units

    def _check(self, units: int) -> None:
        raise BudgetSpent("this work has no budget")


class LocalBudget(Budget):
    """Work of this machine's own person, programs or timers; what bounds it is where the work is done."""

    def __init__(self, origin: Origin = Origin.USER) -> None:
        if origin is Origin.REMOTE:
            raise ValueError("a remote origin has no local budget")
        super().__init__()
        self.origin = origin

    def _check(self, units: int) -> None:
        """Nothing to hold it against."""


class RemoteBudget(Budget):
    """One call of a remote peer: its own units, taken from the peer's and everybody's pools as they are spent."""

    origin = Origin.REMOTE

    def __init__(self, pools: Sequence[Pool], units: int = PER_CALL) -> None:
        super().__init__()
        self._pools = tuple(pools)
        self._units = units

    def _check(self, units: int) -> None:
        if self.spent + units > self._units:
            raise BudgetSpent(f"this call has used up its {self._units} work units")
        for pool in self._pools:
            if pool.left() < units:
                raise BudgetSpent(f"no work units are left for {pool.name}; try again in a minute")
        for pool in self._pools:
            pool.take(units)
