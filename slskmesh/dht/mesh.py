"""A whole node on a `Datagrams` port: joins, greets, reads, publishes, republishes, refreshes.

Rules:
- A read asks the k nearest, verifies each record, unions them, pages only holders whose digest differs from the
  union, and mends at most two lacking holders with at most twelve records each.
- A publisher says its own records again at half their life (±10 %) with a higher number; nobody else prolongs them.
- One endless call (`run`) owns the loops; no other task outlives the call that started it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import trio

from slskmesh.dht import networks, records_union, wire
from slskmesh.dht import record as records
from slskmesh.dht.calls import Calls, Datagrams
from slskmesh.dht.lookup import Shortlist, crawl
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.record import Record
from slskmesh.dht.records_union import Holder, Union
from slskmesh.dht.table import Contact
from slskmesh.errors import PeerError
from slskmesh.identity.key import Identity

_GREET_AT_ONCE: Final = 8
_TICK: Final = 1.0
_SWEEP: Final = 60.0
_REFRESH: Final = 900.0
_PUBLICATIONS_MAX: Final = 4096
_MEND_HOLDERS: Final = 2
_FIND_NODE_PAD: Final = 160
_FIND_VALUE_PAD: Final = 430
_HELLO_PAD: Final = 112


@dataclass(slots=True)
class _Publication:
    payload: bytes
    ttl: float
    again: float


@dataclass(slots=True)
class _Tokens:
    by_node: dict[bytes, bytes] = field(default_factory=dict)


class Mesh:
    """One node of the table. Built on the trio thread; `run` must run for anything to be heard."""

    def __init__(
        self,
        identity: Identity,
        port: Datagrams,
        clocks: Clocks,
        rng: random.Random,
        config: Config | None = None,
    ) -> None:
        self.config = config or Config()
        self._identity, self._port, self._clocks, self._rng = identity, port, clocks, rng
        self.responder = Responder(identity, clocks, self.config)
        self.calls = Calls(port, clocks.entropy, self.config.timeout, self.config.tries)
        self.id = self.responder.id
        self._mine: dict[bytes, _Publication] = {}
        self._seq = 0  # of the newest record: milliseconds of wall time, so that a restart goes on from there
        self._met = trio.Event()

    async def run(self) -> None:
        """Hears, greets and keeps house until it is cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen)
            nursery.start_soon(self._greet)
            nursery.start_soon(self._keep)

    async def _listen(self) -> None:
        while True:
            data, address = await self._port.receive()
            if self.calls.take(data, address):
                continue
            reply = self.responder.receive(data, address)
            if reply is not None:
                await self._port.send(reply, address)
            if self.responder.strangers:
                self._met.set()

    async def _greet(self) -> None:
        while True:
            await self._met.wait()
            self._met = trio.Event()
            while strangers := self.responder.strangers:
                batch = [strangers.popitem(last=False) for _ in range(min(_GREET_AT_ONCE, len(strangers)))]
                async with trio.open_nursery() as nursery:
                    for address, node in batch:
                        nursery.start_soon(self.hello, address, node)

    async def _keep(self) -> None:
        swept = refreshed = self._clocks.now()
        while True:
            await trio.sleep(_TICK)
            now = self._clocks.now()
            if now - swept >= _SWEEP:
                swept = now
                self.responder.store.sweep(self._clocks.wall())
            if now - refreshed >= _REFRESH:
                refreshed = now
                await self.find_nodes(self.id)
                await self.find_nodes(self._rng.randbytes(records.KEY))
            for key in [key for key, one in self._mine.items() if one.again <= now]:
                if key in self._mine:
                    await self._say(key, self._mine[key])

    async def hello(self, address: Address, expect: bytes | None = None) -> Contact | None:
        """Greets an address; the contact that proved itself there (and has the id `expect`), which the table takes."""
        self.responder.greeting(address)
        nonce = self._clocks.entropy(wire.NONCE)
        question = wire.padded(wire.Hello(self.id, nonce), _HELLO_PAD)
        answer = await self.calls.call(address, question, wire.HelloAnswer)
        if answer is None:
            return None
        contact = self.responder.prove(nonce, address, answer)
        if contact is None or (expect is not None and contact.id != expect) or contact.id == self.id:
            return None
        if not answer.closed:
            await self._admit(contact)
        return contact

    async def _admit(self, contact: Contact) -> None:
        table = self.responder.table
        known = table.get(contact.id)
        if known is not None and known.address != contact.address:
            if await self._is_alive(known):
                return
            table.remove_contact(known)
        eldest = table.add_contact(contact)
        if eldest is not None and not await self._is_alive(eldest):
            table.remove_contact(eldest)

    async def _is_alive(self, contact: Contact) -> bool:
        nonce = self._clocks.entropy(wire.NONCE)
        question = wire.padded(wire.Hello(self.id, nonce), _HELLO_PAD)
        answer = await self.calls.call(contact.address, question, wire.HelloAnswer)
        proven = self.responder.prove(nonce, contact.address, answer) if answer else None
        alive = proven is not None and proven.id == contact.id
        self.responder.table.heard(contact, alive)
        return alive

    async def join(self, addresses: Iterable[Address]) -> int:
        """Greets addresses (invites, saved contacts, peers met) and looks for our neighbours; how many answered."""
        greeted: list[Contact] = []

        async def one(address: Address) -> None:
            if contact := await self.hello(address):
                greeted.append(contact)

        async with trio.open_nursery() as nursery:
            for address in list(addresses)[:64]:
                nursery.start_soon(one, address)
        if greeted:
            await self.find_nodes(self.id, greeted)
        return len(greeted)

    def _hints(self, hints: list[wire.Hint]) -> list[Contact]:
        found = []
        for hint in hints:
            try:
                contact = Contact(hint.node, networks.unpack(hint.endpoint))
            except PeerError:
                continue
            if contact.id != self.id:
                found.append(contact)
                self.responder.meet(contact.id, contact.address)
        if found:
            self._met.set()
        return found

    def _shortlist(self, target: bytes, start: Iterable[Contact] = ()) -> Shortlist:
        shortlist = Shortlist(target, self.config.k, self.responder.rule)
        shortlist.offer([*start, *self.responder.table.find_neighbors(shortlist.node)])
        return shortlist

    async def find_nodes(
        self, target: bytes, start: Iterable[Contact] = (), tokens: _Tokens | None = None
    ) -> list[Contact]:
        """The k nearest to `target` that answered; their write tokens go to `tokens`."""

        async def ask(contact: Contact) -> list[Contact] | None:
            question = wire.padded(wire.FindNode(self.id, contact.id, target), _FIND_NODE_PAD)
            answer = await self.calls.call(contact.address, question, wire.Nodes)
            self.responder.table.heard(contact, answer is not None)
            if answer is None:
                return None
            if tokens is not None:
                tokens.by_node[contact.id] = answer.token
            return self._hints(answer.hints)

        return await crawl(self._shortlist(target, start), ask, self.config.alpha, self.config.slow)

    async def publish(self, key: bytes, payload: bytes, ttl: float) -> int:
        """Publishes our record under `key` for `ttl` seconds, again and again until `withdraw`; how many hold it.

        ValueError: the payload is too long, the ttl out of (0, 24 h], or too much is published already.
        """
        if not 0 < ttl <= records.TTL_MAX or len(payload) > records.PAYLOAD_MAX:
            raise ValueError("a record's life or payload is out of bounds")
        if key not in self._mine and len(self._mine) >= _PUBLICATIONS_MAX:
            raise ValueError("too many records are published already")
        publication = self._mine[key] = _Publication(payload, ttl, 0)
        return await self._say(key, publication)

    async def withdraw(self, key: bytes) -> int:
        """Replaces our record under `key` by an empty one that lives as long; how many took it."""
        former = self._mine.pop(key, None)
        if former is None:
            return 0
        return await self._say(key, _Publication(b"", former.ttl, 0))

    async def _say(self, key: bytes, what: _Publication) -> int:
        wall = int(self._clocks.wall())
        self._seq = max(self._seq + 1, int(self._clocks.wall() * 1000))
        what.again = self._clocks.now() + what.ttl / 2 * self._rng.uniform(0.9, 1.1)
        record = records.make(self._identity, key, self._seq, int(wall + what.ttl), what.payload)
        tokens = _Tokens()
        nearest = await self.find_nodes(key, tokens=tokens)
        holders: list[Contact] = []
        if not self.config.closed and self._is_near(key, nearest):
            self.responder.store.put(key, record, "", wall)
        data = [records.encode(record)]

        async def one(contact: Contact) -> None:
            if await self._give(contact, key, tokens.by_node[contact.id], data):
                holders.append(contact)

        async with trio.open_nursery() as nursery:
            for contact in nearest:
                nursery.start_soon(one, contact)
        return len(holders)

    def _is_near(self, key: bytes, nearest: list[Contact]) -> bool:
        target = int.from_bytes(key, "big")
        own = int.from_bytes(self.id, "big") ^ target
        return len(nearest) < self.config.k or own < max(one.long_id ^ target for one in nearest)

    async def _give(self, contact: Contact, key: bytes, token: bytes, data: list[bytes]) -> bool:
        question = wire.Store(self.id, contact.id, key, token, data)
        answer = await self.calls.call(contact.address, question, wire.Stored)
        self.responder.table.heard(contact, answer is not None)
        return answer is not None and len(answer.held) == len(data) and all(answer.held)

    async def fetch(self, key: bytes) -> list[Record]:
        """Every valid record that the nearest nodes hold under `key`, by publisher; withdrawn ones are left out."""
        wall = self._clocks.wall
        union = Union(key, self.responder.store.records(key, wall()))

        async def ask(contact: Contact) -> list[Contact] | None:
            question = wire.padded(wire.FindValue(self.id, contact.id, key), _FIND_VALUE_PAD)
            answer = await self.calls.call(contact.address, question, wire.Values)
            self.responder.table.heard(contact, answer is not None)
            if answer is None:
                return None
            union.answered(contact, answer, wall())
            return self._hints(answer.hints)

        nearest = await crawl(self._shortlist(key), ask, self.config.alpha, self.config.slow)
        for holder in union.differing()[:1]:  # alone: those that agree with it afterwards cost nothing
            await self._page(union, holder)
        async with trio.open_nursery() as nursery:
            for holder in union.differing():
                nursery.start_soon(self._page, union, holder)
        wanting = union.lacking({one.id for one in nearest}, _MEND_HOLDERS)
        async with trio.open_nursery() as nursery:
            for holder, missing in wanting:
                nursery.start_soon(partial(self._mend, key, holder, missing))
        return [one for one in union.records(wall()) if one.payload]

    async def _page(self, union: Union, holder: Holder) -> None:
        while union.wants_page(holder):
            question = wire.FindValue(self.id, holder.contact.id, union.key, holder.last, holder.token)
            answer = await self.calls.call(holder.contact.address, question, wire.Values)
            if answer is None:
                holder.done = True
                return
            union.paged(holder, answer, self._clocks.wall())

    async def _mend(self, key: bytes, holder: Holder, missing: list[Record]) -> None:
        for batch in records_union.batches(missing):
            await self._give(holder.contact, key, holder.token, batch)
