"""Holders passing on what they hold, so that records outlive the nodes that hold them. Work per second is bounded.

Rules:
- Each second a few keys are looked at, all in turn. Who has come among the k nearest to a key since its records were
  heard gets what it lacks; the nearest holder sees to that first, the others later, and then only ask.
- A record of which no copy came for an hour is said again to the k nearest; others that hold it hear that and rest.
- Nothing is prolonged: a record keeps its publisher's expiry and number. Closed nodes hold and pass on nothing.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from typing import Final

import trio
from kademlia.node import Node

from slskmesh.dht import records_union
from slskmesh.dht.asking import Asker
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.rates import Bucket
from slskmesh.dht.reading import Reader
from slskmesh.dht.table import Contact

_KEYS: Final = 32  # looked at in a second
_HOUR: Final = 3600.0
_STEP: Final = 4.0  # seconds that a holder of rank r waits: 4 r² and up to 4 more
_ERRANDS_MAX: Final = 1024
_AT_ONCE: Final = 4
_RATE: Final = 2.0  # nodes visited a second
_BURST: Final = 8.0
_SAY_RATE: Final = 0.1  # keys said again a second
_SAY_BURST: Final = 2.0


class Replication:
    """Keeps `responder`'s records on the nodes nearest to their keys."""

    def __init__(
        self,
        asker: Asker,
        reader: Reader,
        responder: Responder,
        clocks: Clocks,
        rng: random.Random,
        config: Config,
    ) -> None:
        self._asker, self._reader, self._responder = asker, reader, responder
        self._clocks, self._rng, self._config = clocks, rng, config
        self._turn: deque[bytes] = deque()
        self._covered: dict[bytes, set[bytes]] = {}  # nodes that have a key's records as far as we know
        self._looked: dict[bytes, int] = {}  # at how many changes of the table
        self._errands: list[tuple[float, int, bytes, Contact]] = []
        self._limit = trio.CapacityLimiter(_AT_ONCE)
        self._number = 0
        now = clocks.now()
        self._visits = Bucket(_RATE, _BURST, _BURST, now)
        self._sayings = Bucket(_SAY_RATE, _SAY_BURST, _SAY_BURST, now)
        self._hour = _HOUR * rng.uniform(0.9, 1.1)
        self.passed = 0  # nodes visited

    def tick(self, nursery: trio.Nursery) -> None:
        """Looks, and starts visits and sayings; to be called every second."""
        if self._responder.closed:
            return
        for key in self._look():
            nursery.start_soon(self._say, key)
        for key, contact in self._ripe():
            self.passed += 1
            nursery.start_soon(self._visit, key, contact)

    async def _visit(self, key: bytes, contact: Contact) -> None:
        async with self._limit:
            if not await self._reader.pass_on(contact, key):
                self._covered.get(key, set()).discard(contact.id)
                self._looked.pop(key, None)

    def _look(self) -> list[bytes]:
        """Looks at the next keys; those that must be said again."""
        if not self._turn:
            held = self._responder.store.keys()
            self._turn.extend(held)
            for key in self._covered.keys() - set(held):
                del self._covered[key]
                self._looked.pop(key, None)
        stale = []
        for _ in range(min(_KEYS, len(self._turn))):
            key = self._turn.popleft()
            if not self._responder.store.records(key, self._clocks.wall()):
                continue
            if self._is_stale(key):
                stale.append(key)
            if self._looked.get(key) != self._responder.table.changes and self._look_at(key):
                self._looked[key] = self._responder.table.changes
        return stale

    def _is_stale(self, key: bytes) -> bool:
        wall, now = self._clocks.wall(), self._clocks.now()
        if not self._responder.store.unheard(key, wall - self._hour, wall) or not self._sayings.take(now):
            return False
        self._responder.store.touch(key, wall)
        self._hour = _HOUR * self._rng.uniform(0.9, 1.1)
        return True

    def _look_at(self, key: bytes) -> bool:
        """Notes whom to visit for `key`; False where no more visits can be noted."""
        if len(self._errands) + self._config.k > _ERRANDS_MAX:
            return False
        target = Node(key)
        near = self._responder.table.find_neighbors(target, only=self._asker.can_ask)
        names = {contact.id for contact in near}
        # at first they are taken to have it: its publisher, or who passed it on, told them too
        covered = self._covered.setdefault(key, set(names))
        covered &= names
        own = int.from_bytes(self._responder.id, "big") ^ target.long_id
        rank = sum(contact.long_id ^ target.long_id < own for contact in near if contact.id in covered)
        for contact in near:
            if contact.id in covered:
                continue
            covered.add(contact.id)
            self._number += 1
            at = self._clocks.now() + _STEP * (rank * rank + self._rng.random())
            heapq.heappush(self._errands, (at, self._number, key, contact))
        return True

    def _ripe(self) -> list[tuple[bytes, Contact]]:
        now, ripe = self._clocks.now(), []
        while self._errands and self._errands[0][0] <= now and self._visits.take(now):
            _, _, key, contact = heapq.heappop(self._errands)
            if self._responder.table.get(contact.id) is not None:
                ripe.append((key, contact))
        return ripe

    async def _say(self, key: bytes) -> None:
        async with self._limit:
            nearest = await self._asker.near(key)
            held = self._responder.store.records(key, self._clocks.wall())
            for batch in records_union.batches(held):
                async with trio.open_nursery() as nursery:
                    for contact in nearest:
                        nursery.start_soon(self._asker.store, contact, key, batch)
