"""Who offers a service: telling of ours in the table, finding others', asking the best that can be reached.

Rules:
- Found means claimed. Whom to ask is decided by our own measurement (`scores.py`), never by what a record says of
  itself; at most 20 a lookup, one a publisher, two of one address prefix as far as addresses are known.
- Only exposed services are told of, and their records are withdrawn when they are exposed no longer.
- Looking up, dialling and calling each cost the caller's budget.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import msgspec

from slskmesh.dht import topics
from slskmesh.dht.port import Index
from slskmesh.errors import PeerError
from slskmesh.fabric.calls import Fabric
from slskmesh.fabric.descriptor import TTL, Descriptor, describe, read
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.governance.violations import prefix_of
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import Session
from slskmesh.work import Budget

FOUND_MAX: Final = 20
PREFIX_MAX: Final = 2
_OUR_FAULT: Final = frozenset({Status.INVALID_PAYLOAD, Status.PAYLOAD_TOO_LARGE})

R = TypeVar("R", bound=msgspec.Struct)


class Reach(Protocol):
    """Sessions with peers we may not be connected to."""

    async def reach(self, peer: PeerId, budget: Budget) -> Session:
        """An open session, dialled if there is none. PeerError, BudgetSpent."""


class Directory:
    """The services of the mesh as this node sees them."""

    def __init__(
        self,
        index: Index,
        fabric: Fabric,
        *,
        own: PeerId,
        reach: Reach,
        address_of: Callable[[PeerId], str] = lambda peer: "",
        welcome: Callable[[PeerId], bool] = lambda peer: True,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._fabric = fabric
        self._own = own
        self._reach = reach
        self._address_of = address_of
        self._welcome = welcome
        self._wall = wall
        self._told: set[str] = set()
        self.refused = 0  # records that were no descriptors of what was looked up

    async def advertise(self) -> int:
        """Tells the table of each exposed service, and takes back those that are exposed no longer; how many are out.

        To be called at the start and whenever the allowlist changed; the table republishes by itself.
        """
        exposed = {service.name: service for service in self._fabric.exposed()}
        for name in sorted(self._told - exposed.keys()):
            self._told.discard(name)
            await self._index.withdraw(topics.service(name))
        for name, service in exposed.items():
            self._told.add(name)
            await self._index.publish(topics.service(name), describe(service), TTL)
        return len(exposed)

    async def find(self, name: str, budget: Budget) -> list[Descriptor]:
        """At most 20 peers that say they offer the service, the one to try first first. BudgetSpent."""
        found: dict[PeerId, Descriptor] = {}
        for record in await self._index.fetch(topics.service(name), budget):
            if not record.payload:
                continue  # withdrawn
            try:
                descriptor = read(record, name, self._wall())
            except PeerError:
                self.refused += 1
                continue
            if descriptor.peer != self._own and self._welcome(descriptor.peer):
                found[descriptor.peer] = descriptor
        order = self._fabric.scores.order(sorted(found), name)
        return [found[peer] for peer in self._spread(order)]

    def _spread(self, order: list[PeerId]) -> list[PeerId]:
        """The first 20 of which no address prefix has more than its share."""
        near: Counter[str] = Counter()
        chosen: list[PeerId] = []
        for peer in order:
            prefix = prefix_of(self._address_of(peer))
            if prefix is not None:
                if near[prefix] >= PREFIX_MAX:
                    continue
                near[prefix] += 1
            chosen.append(peer)
            if len(chosen) == FOUND_MAX:
                break
        return chosen

    async def call_best(
        self,
        name: str,
        method: str,
        request: msgspec.Struct,
        reply: type[R],
        budget: Budget,
        *,
        timeout: float = 10.0,
        tries: int = 3,
    ) -> R:
        """The answer of the best peer that gives one, of at most `tries`.

        CallFailed UNAVAILABLE tells why the last did not; a request that a peer finds wrong is not sent to others.
        BudgetSpent.
        """
        offers = [one for one in await self.find(name, budget) if not one.methods or method in one.methods]
        last = "nobody offers it"
        for offer in offers[:tries]:
            try:
                await self._reach.reach(offer.peer, budget)
            except PeerError as error:
                self._fabric.scores.failed(offer.peer, name)
                last = str(error)
                continue
            try:
                return await self._fabric.call(
                    offer.peer, name, method, request, reply, budget, timeout=timeout
                )
            except PeerError as error:
                if isinstance(error, CallFailed) and error.status in _OUR_FAULT:
                    raise
                last = str(error)
        raise CallFailed(Status.UNAVAILABLE, f"no peer answers for {name}: {last}")
