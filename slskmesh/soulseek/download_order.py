"""Which downloads are asked for now, and which are put back: the rules of the list. Pure.

Rules:
- In the list's order. Up to ASKED_A_USER files of one user wait in his queue at once, so that an album keeps its place
  there; the user's client sends them one after the other.
- At most `active` come in at once, and one of each user. More than that for GRACE seconds (the end of one file and the
  beginning of the next overlap) are put back, the later ones first, and asked for again once there is room.
- A user who is away is not asked. One who said that he takes no more requests is asked for as many as he had taken
  then, until his time is over (`Full`). Nobody is asked while there is no session.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Set
from typing import Final, NamedTuple

from slskmesh.soulseek.retry import Trouble, delay_for

ASKED_A_USER: Final = 50
GRACE: Final = 20.0  # seconds


class Spot(NamedTuple):
    """One download that is neither done, paused nor failed."""

    key: bytes
    user: str
    asked: bool  # the client has it
    since: float | None  # when it began to come in; None: it does not
    ready: float = 0.0  # not to be asked for before
    held: bool = False  # was put back: waits until nothing of its user comes in


class Full:
    """Users who take no more requests of ours now: how many they had taken, and until when that is believed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._users: dict[str, tuple[int, float, int]] = {}  # taken, until, times in a row

    def said(self, user: str, taken: int, now: float) -> None:
        """He refused one, with `taken` of ours in his queue."""
        _, until, times = self._users.get(user, (0, 0.0, 0))
        if until <= now:
            until = now + (delay_for(Trouble.LIMIT, times, self._rng) or 0.0)
            times += 1
        self._users[user] = (taken, until, times)

    def room(self, user: str, now: float) -> tuple[int, float]:
        """How many may wait at him, and until when that holds (0: always)."""
        taken, until, _ = self._users.get(user, (0, 0.0, 0))
        return (taken, until) if until > now else (ASKED_A_USER, 0.0)

    def gave(self, user: str) -> None:
        """A file came from him: what he says next counts anew."""
        if user in self._users:
            taken, until, _ = self._users[user]
            self._users[user] = (taken, until, 0)

    def forget(self, user: str) -> None:
        """Nothing is wanted of him any more."""
        self._users.pop(user, None)


class Plan(NamedTuple):
    """What to do now, and when to look again if nothing happens before."""

    ask: list[bytes]
    hold: list[bytes]
    next_at: float | None


def plan(
    spots: Iterable[Spot],
    now: float,
    *,
    active: int,
    online: bool = True,
    away: Set[str] = frozenset(),
    full: Full | None = None,
) -> Plan:
    """What is to be done with `spots`, which are in the list's order."""
    listed = list(spots)
    asked = Counter(spot.user for spot in listed if spot.asked)
    hold, running, times = _over(listed, now, active)
    of_user = Counter(spot.user for spot in listed if spot.since is not None)
    ask: list[bytes] = []
    if online and running < active:
        for spot in listed:
            if spot.asked or spot.user in away:
                continue
            room, until = full.room(spot.user, now) if full is not None else (ASKED_A_USER, 0.0)
            if spot.ready > now:
                times.append(spot.ready)
            elif until and asked[spot.user] >= room:
                times.append(until)
            elif asked[spot.user] < room and not (spot.held and of_user[spot.user]):
                asked[spot.user] += 1
                ask.append(spot.key)
    return Plan(ask, hold, min(times, default=None))


def _over(spots: list[Spot], now: float, active: int) -> tuple[list[bytes], int, list[float]]:
    """What is put back, how many come in besides, and when to look again."""
    hold: list[bytes] = []
    times: list[float] = []
    users: set[str] = set()
    running = 0
    for spot in sorted((spot for spot in spots if spot.since is not None), key=_began):
        if running < active and spot.user not in users:
            running += 1
            users.add(spot.user)
        elif now - _began(spot) >= GRACE:
            hold.append(spot.key)
        else:
            times.append(_began(spot) + GRACE)
    return hold, running, times


def _began(spot: Spot) -> float:
    return spot.since if spot.since is not None else 0.0
