"""What this node publishes: its own records, said again while they are ours.

Rules:
- A record is said again at half its life (±10 %) with a higher number; nobody else prolongs it. One that nobody took
  is tried again sooner: after 15 s, then twice as long each time.
- While our table is young, a record is said again each time the table has doubled: nearer nodes are known by then.
- A withdrawn record is replaced by an empty one, which is said until the former has expired everywhere.
- At most 4,096 records are ours at a time and four are said at once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

import trio

from slskmesh.dht import record as records
from slskmesh.dht.asking import Asker
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.table import Contact
from slskmesh.identity.key import Identity

_MOST: Final = 4096
_WITHDRAWN_MOST: Final = 4096
_AT_ONCE: Final = 4
_SOON: Final = 15.0
_YOUNG: Final = 32  # contacts


@dataclass(slots=True)
class _Publication:
    payload: bytes
    ttl: float
    again: float = 0.0  # monotonic
    soon: float = _SOON
    nodes: int = 0  # contacts when it was said
    until: float = float("inf")  # monotonic; a withdrawn one is forgotten then
    busy: bool = False


class Publications:
    """Our own records by key."""

    def __init__(
        self,
        identity: Identity,
        asker: Asker,
        responder: Responder,
        clocks: Clocks,
        rng: random.Random,
        config: Config,
    ) -> None:
        self._identity, self._asker, self._responder = identity, asker, responder
        self._clocks, self._rng, self._config = clocks, rng, config
        self._ours: dict[bytes, _Publication] = {}
        self._withdrawn: dict[bytes, _Publication] = {}
        self._limit = trio.CapacityLimiter(_AT_ONCE)
        self._seq = 0  # of the newest record: milliseconds of wall time, so that a restart goes on from there

    @property
    def count(self) -> int:
        """Records in force."""
        return len(self._ours)

    def ours(self) -> dict[bytes, tuple[bytes, float]]:
        """Payload and life in seconds of every record in force, by key: all that anybody can read of us."""
        return {key: (what.payload, what.ttl) for key, what in self._ours.items()}

    def tick(self, nursery: trio.Nursery) -> None:
        """Starts saying again what is due; to be called every second or so."""
        for key, what in self._due(self._clocks.now()):
            what.busy = True
            nursery.start_soon(self._say_again, key, what)

    async def _say_again(self, key: bytes, what: _Publication) -> None:
        async with self._limit:
            await self._say(key, what)
        what.busy = False

    def _due(self, now: float) -> list[tuple[bytes, _Publication]]:
        for key in [key for key, what in self._withdrawn.items() if what.until <= now]:
            del self._withdrawn[key]
        everything = [*self._ours.items(), *self._withdrawn.items()]
        nodes = len(self._responder.table.contacts())
        return [
            (key, what)
            for key, what in everything
            if not what.busy
            and (what.again <= now or (what.nodes < _YOUNG and nodes >= max(1, 2 * what.nodes)))
        ]

    async def publish(self, key: bytes, payload: bytes, ttl: float) -> int:
        """Publishes our record under `key` for `ttl` seconds, again and again until `withdraw`; how many hold it.

        ValueError: the payload is too long, the ttl out of (0, 24 h], or too much is published already.
        """
        if not 0 < ttl <= records.TTL_MAX or len(payload) > records.PAYLOAD_MAX or not payload:
            raise ValueError("a record's life or payload is out of bounds")
        if key not in self._ours and len(self._ours) >= _MOST:
            raise ValueError("too many records are published already")
        self._withdrawn.pop(key, None)
        what = self._ours[key] = _Publication(payload, ttl)
        return await self._say(key, what)

    async def withdraw(self, key: bytes) -> int:
        """Replaces our record under `key` by an empty one that lives as long; how many took it."""
        former = self._ours.pop(key, None)
        if former is None:
            return 0
        if len(self._withdrawn) >= _WITHDRAWN_MOST:
            del self._withdrawn[next(iter(self._withdrawn))]
        until = self._clocks.now() + former.ttl
        what = self._withdrawn[key] = _Publication(b"", former.ttl, until=until)
        return await self._say(key, what)

    async def _say(self, key: bytes, what: _Publication) -> int:
        now, wall = self._clocks.now(), self._clocks.wall()
        self._seq = max(self._seq + 1, int(wall * 1000))
        what.nodes = len(self._responder.table.contacts())
        what.again = now + what.ttl / 2 * self._rng.uniform(0.9, 1.1)
        record = records.make(self._identity, key, self._seq, int(wall + what.ttl), what.payload)
        nearest = await self._asker.near(key)
        if self._ours.get(key, self._withdrawn.get(key)) is not what:
            return 0  # said anew or withdrawn meanwhile
        if not self._responder.closed and self._is_near(key, nearest):
            self._responder.store.put(key, record, "", int(wall))
        holders = await self._give(key, nearest, records.encode(record))
        if holders == 0:
            what.again = min(what.again, self._clocks.now() + what.soon)
            what.soon *= 2
        else:
            what.soon = _SOON
        return holders

    async def _give(self, key: bytes, nearest: list[Contact], data: bytes) -> int:
        held: list[bool] = []

        async def one(contact: Contact) -> None:
            held.append(await self._asker.store(contact, key, [data]))

        async with trio.open_nursery() as nursery:
            for contact in nearest:
                nursery.start_soon(one, contact)
        return sum(held)

    def _is_near(self, key: bytes, nearest: list[Contact]) -> bool:
        target = int.from_bytes(key, "big")
        own = int.from_bytes(self._responder.id, "big") ^ target
        return len(nearest) < self._config.k or own < max(one.long_id ^ target for one in nearest)
