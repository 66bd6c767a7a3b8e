"""How a node finds its first others, and finds them again. Pure: times are an argument.

Rules:
- No host is privileged: addresses come from saved contacts, invites, overlay peers and the local network, and are
  tried in the order they came; saved ones come first because they are known when a node starts.
- An address is greeted at most once a minute, whoever names it. Both the waiting and the remembered are bounded.
- While nobody is known, everything remembered is tried again, after 2 s, then twice as long each time up to 5 min.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from slskmesh.dht.networks import Address

BATCH: Final = 32
_KNOWN_MAX: Final = 512
_AGAIN: Final = 60.0
_FIRST_WAIT: Final = 2.0
_LONGEST_WAIT: Final = 300.0


class Bootstrap:
    """Addresses to greet. `now` is seconds of one monotonic clock."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._known: OrderedDict[Address, float] = OrderedDict()  # when greeted last
        self._waiting: OrderedDict[Address, None] = OrderedDict()
        self._wait = _FIRST_WAIT
        self._retry = float("-inf")

    def meet(self, addresses: Iterable[Address], now: float) -> bool:
        """Notes addresses to be greeted; whether any is new or due again."""
        before = len(self._waiting)
        for address in addresses:
            if now - self._known.get(address, float("-inf")) < _AGAIN:
                continue
            if len(self._waiting) < _KNOWN_MAX:
                self._waiting.setdefault(address)
        return len(self._waiting) > before

    def take(self, alone: bool, now: float) -> list[Address]:
        """Up to BATCH addresses to greet now; while we are `alone` those known are taken again in their time."""
        if not alone:
            self._wait = _FIRST_WAIT
        elif not self._waiting and now >= self._retry:
            for address in self._known:
                self._waiting[address] = None
            self._retry = now + self._wait * self._rng.uniform(0.8, 1.2)
            self._wait = min(self._wait * 2, _LONGEST_WAIT)
        batch = [self._waiting.popitem(last=False)[0] for _ in range(min(BATCH, len(self._waiting)))]
        for address in batch:
            self._known[address] = now
            self._known.move_to_end(address)
            if len(self._known) > _KNOWN_MAX:
                self._known.popitem(last=False)
        return batch

    def pause(self, alone: bool, now: float) -> float:
        """Seconds until `take` has something to give, unless somebody is named before."""
        if self._waiting:
            return 0.0
        return max(0.0, self._retry - now) if alone and self._known else _LONGEST_WAIT
