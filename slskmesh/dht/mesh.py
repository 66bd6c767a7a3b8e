"""A whole node on a `Datagrams` port: hears, greets, joins, refreshes, learns whether it can be reached.

Rules:
- The answering half (`node`), the asking half (`asking`), reading, publications and replication are parts of their
  own; here they are put together and given their time.
- One endless call (`run`) owns the loops; no other task outlives the call that started it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import partial
from typing import Final

import trio

from slskmesh.dht import networks, wire
from slskmesh.dht import record as records
from slskmesh.dht.asking import Asker
from slskmesh.dht.calls import Datagrams
from slskmesh.dht.greetings import Why
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.publications import Publications
from slskmesh.dht.reading import Reader
from slskmesh.dht.record import Record
from slskmesh.dht.replication import Replication
from slskmesh.dht.table import Contact
from slskmesh.errors import PeerError
from slskmesh.identity.key import Identity

_GREET_AT_ONCE: Final = 8
_JOIN_MAX: Final = 64
_TICK: Final = 1.0
_SWEEP: Final = 60.0
_REFRESH: Final = 900.0
_PING: Final = 15.0
_PING_LATER: Final = 1.25  # times the pause, after an answer
_KNOCKS: Final = 3


class _Noting:
    """A port that tells `reachability` what goes out."""

    def __init__(self, port: Datagrams, responder: Responder) -> None:
        self._port, self._responder = port, responder
        self.reaches, self.receive = port.reaches, port.receive

    async def send(self, data: bytes, address: Address) -> None:
        self._responder.reachability.sent(address, self._responder.clocks.now())
        await self._port.send(data, address)


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
        self._clocks, self._rng = clocks, rng
        self.responder = Responder(identity, clocks, self.config, port.reaches)
        self._port = _Noting(port, self.responder)
        self.asker = Asker(self.responder, self._port, clocks, self.config)
        self.reader = Reader(self.asker, self.responder, self.config)
        self.publications = Publications(identity, self.asker, self.responder, clocks, rng, self.config)
        self.replication = Replication(self.asker, self.reader, self.responder, clocks, rng, self.config)
        self.id = self.responder.id
        self._met = trio.Event()
        self._said_closed = False
        self._knows_beyond = False  # contacts beyond the local network
        self._pinging: set[bytes] = set()
        self._pause = _PING
        self._last = dict.fromkeys(("sweep", "refresh", "ping"), clocks.now())

    @property
    def closed(self) -> bool:
        """Whether strangers cannot reach us."""
        return self.responder.closed

    @property
    def published(self) -> int:
        """Our own records in force."""
        return self.publications.count

    def external(self) -> tuple[Address, ...]:
        """Where others see us, IPv4 first."""
        return self.responder.votes.all(self._clocks.now())

    async def run(self) -> None:
        """Hears, greets, keeps house and says records again until it is cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen)
            nursery.start_soon(self._greet)
            nursery.start_soon(self._keep)

    # -- hearing --------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            data, address = await self._port.receive()
            if not (self._knows_beyond and networks.is_local(address[0])):
                self.responder.reachability.heard(address, self._clocks.now())
            reply = self.reply(data, address)
            if reply is not None:
                await self._port.send(reply, address)
            if self.responder.greetings:
                self._met.set()

    def reply(self, data: bytes, address: Address) -> bytes | None:
        """What to send back for a datagram; answers go to who waits for them."""
        return None if self.asker.calls.take(data, address) else self.responder.receive(data, address)

    async def _greet(self) -> None:
        greetings = self.responder.greetings
        while True:
            await self._met.wait()
            self._met = trio.Event()
            while len(greetings):
                async with trio.open_nursery() as nursery:
                    for _ in range(min(_GREET_AT_ONCE, len(greetings))):
                        nursery.start_soon(self._greet_one, *greetings.take())

    async def _greet_one(self, address: Address, node: bytes, why: Why) -> None:
        if why in (Why.MENTIONED, Why.KNOCK):
            await self.asker.try_hello(address, node, 1 if why is Why.KNOCK else None)
        elif why is Why.ASKED:
            await self.asker.hello(address, node, may=partial(self.responder.credit.spend, address[0]))
        else:
            await self.asker.hello(address, node)

    # -- keeping house --------------------------------------------------------------------------------------------

    def _is_time(self, what: str, every: float) -> bool:
        now = self._clocks.now()
        if now - self._last[what] < every:
            return False
        self._last[what] = now
        return True

    async def _keep(self) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                await trio.sleep(_TICK)
                if self.responder.greetings.ripen(self._clocks.now()):
                    self._met.set()
                if self._is_time("sweep", _SWEEP):
                    self.responder.store.sweep(self._clocks.wall())
                if self._is_time("refresh", _REFRESH):
                    nursery.start_soon(self.asker.near, self.id)
                    nursery.start_soon(self.asker.near, self._rng.randbytes(records.KEY))
                if contact := self._to_ping():
                    nursery.start_soon(self._ping, contact)
                self._test_port(nursery)
                self.publications.tick(nursery)
                self.replication.tick(nursery)

    def _to_ping(self) -> Contact | None:
        """The contact to ask now whether it lives: one that was silent, else from time to time the eldest of some."""
        table = self.responder.table
        idle = [one for one in table.contacts() if one.id not in self._pinging]
        silent = next(filter(self.responder.is_silent, idle), None)
        if silent is not None or not self._is_time("ping", self._pause):
            return silent
        if self._pause < _PING:
            return min(idle, key=lambda contact: contact.answered, default=None)
        eldest = table.eldest(self._rng.random())
        return None if eldest is None or eldest.id in self._pinging else eldest

    async def _ping(self, contact: Contact) -> None:
        """Asks whether a contact lives. After a silence the next is asked soon, later again with each answer."""
        self._pinging.add(contact.id)
        alive = await self.asker.is_alive(contact)
        self._pinging.discard(contact.id)
        if alive:
            self._pause = min(_PING, self._pause * _PING_LATER)
        elif self.responder.is_silent(contact):
            self._pause = _TICK

    # -- the port -------------------------------------------------------------------------------------------------

    def _test_port(self, nursery: trio.Nursery) -> None:
        reachability, probing = self.responder.reachability, self.responder.probing
        while probing.errands:
            nursery.start_soon(self._knock, *probing.errands.popleft())
        contacts = self.responder.table.contacts()
        if not self._knows_beyond and any(not networks.is_local(one.ip) for one in contacts):
            self._knows_beyond = True
            reachability.doubt()
        is_due = reachability.is_due(self._clocks.now())
        if reachability.closed and not self._said_closed:
            nursery.start_soon(self._say_closed, contacts[:_JOIN_MAX])
        self._said_closed = reachability.closed
        if not is_due:
            return
        able = [one for one in contacts if self.asker.can_ask(one)]
        beyond = [one for one in able if not networks.is_local(one.ip)] or able
        if reachability.wants_probe(len(beyond), self._clocks.now()):
            nursery.start_soon(self._probe, self._rng.choice(beyond))

    async def _say_closed(self, contacts: list[Contact]) -> None:
        """Asks contacts something, which says that we are closed: who has us in its table greets us and drops us."""
        for contact in contacts:
            await self.asker.nodes(contact, self.id)

    async def _probe(self, contact: Contact) -> None:
        by = await self.asker.errand(contact, wire.Probe(self.id, contact.id, b""))
        if by:
            try:
                greeter = networks.unpack(by)
            except PeerError:
                return
            voice = self.responder.voice(contact.address)
            self.responder.reachability.trial(greeter, voice, self._clocks.now())

    async def _knock(self, contact: Contact, node: bytes, address: Address) -> None:
        knock = wire.Knock(self.id, contact.id, b"", node, networks.pack(address))
        for _ in range(_KNOCKS):
            if await self.asker.errand(contact, knock) != b"":
                return
            await trio.sleep(_TICK)  # it may be greeting us first

    # -- the table's use ------------------------------------------------------------------------------------------

    async def join(self, addresses: Iterable[Address]) -> int:
        """Greets addresses (invites, saved contacts, peers met) and looks for our neighbours; how many answered."""
        greeted: list[Contact] = []

        async def one(address: Address) -> None:
            if contact := await self.asker.hello(address):
                greeted.append(contact)

        async with trio.open_nursery() as nursery:
            for address in list(addresses)[:_JOIN_MAX]:
                nursery.start_soon(one, address)
        if greeted:
            await self.asker.near(self.id, greeted)
        return len(greeted)

    async def publish(self, key: bytes, payload: bytes, ttl: float) -> int:
        """As `Publications.publish`."""
        return await self.publications.publish(key, payload, ttl)

    async def withdraw(self, key: bytes) -> int:
        """As `Publications.withdraw`."""
        return await self.publications.withdraw(key)

    async def fetch(self, key: bytes) -> list[Record]:
        """As `Reader.fetch`."""
        return await self.reader.fetch(key)
