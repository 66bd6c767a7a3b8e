"""The asking half of a node: hello, questions, stores and lookups over a `Datagrams` port.

Rules:
- Who answered is believed to exist, who was only mentioned is not: it is asked at most once a minute, with little.
- Who was silent lately is asked last, once and briefly, unless the caller is `patient`; nobody is greeted because
  others name it meanwhile.
- Tokens given to us are shown again while they count: then questions are short and answers whole.
- Hints of addresses we cannot send to, or that would aim us into our own local network from outside, are dropped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import trio

from slskmesh.dht import networks, wire
from slskmesh.dht.calls import Calls, Datagrams
from slskmesh.dht.greetings import Why
from slskmesh.dht.lookup import Shortlist, crawl
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.probing import may_point
from slskmesh.dht.table import Contact
from slskmesh.dht.tokens import Granted
from slskmesh.errors import PeerError

_Q = TypeVar("_Q", wire.Nodes, wire.Values)


class Asker:
    """Asks others on behalf of `responder`, whose table and counters it shares."""

    def __init__(self, responder: Responder, port: Datagrams, clocks: Clocks, config: Config) -> None:
        self._responder, self._port, self._clocks, self._config = responder, port, clocks, config
        self.calls = Calls(port, clocks.entropy, config.timeout, config.tries)
        self.aims = responder.aims
        self.granted = Granted()
        self.id = responder.id
        self.company = trio.Event()  # set once anybody proved itself
        self._trying: dict[Address, trio.Event] = {}
        self._witness = trio.Lock()
        self._witness_asked = float("-inf")

    # -- hello ----------------------------------------------------------------------------------------------------

    async def hello(
        self,
        address: Address,
        expect: bytes | None = None,
        *,
        tries: int | None = None,
        may: Callable[[int], bool] = lambda _: True,
    ) -> Contact | None:
        """Greets an address; the contact that proved itself there (and has the id `expect`).

        The table takes it, unless it says that strangers cannot reach it: then the table drops it.
        """
        asked = self._clocks.now()
        self._responder.greetings.greeted(address, asked)
        proven = await self._greet(address, tries, may)
        if proven is None:
            if expect is not None:
                await self._note_silence(expect, address, asked)
            return None
        contact, closed = proven
        if (expect is not None and contact.id != expect) or contact.id == self.id:
            return None
        self.aims.answered(address, self._clocks.now())
        if not closed:
            await self._admit(contact)
        elif (known := self._responder.table.get(contact.id)) and known.address == address:
            self._responder.table.remove_contact(known)
        return contact

    async def try_hello(self, address: Address, expect: bytes, tries: int | None) -> None:
        """Greets an address that was only mentioned, if that may be done now."""
        async with self._trial_of(address, self.aims.is_known(address, self._clocks.now())) as may:
            if may:
                await self.hello(address, expect, tries=tries)

    async def _greet(
        self,
        address: Address,
        tries: int | None,
        may: Callable[[int], bool] = lambda _: True,
        timeout: float | None = None,
    ) -> tuple[Contact, bool] | None:
        nonce = self._clocks.entropy(wire.NONCE)
        question = wire.padded(wire.Hello(self.id, nonce, self._responder.closed), wire.HELLO_PAD)
        answer = await self.calls.call(
            address, question, wire.HelloAnswer, tries=tries, timeout=timeout, may=may
        )
        contact = self._responder.prove(nonce, address, answer) if answer is not None else None
        if answer is None or contact is None:
            return None
        self._responder.silences.heard(contact.id, address, self._clocks.now())
        return contact, answer.closed

    async def _admit(self, contact: Contact) -> None:
        table = self._responder.table
        known = table.get(contact.id)
        if known is not None and known.address != contact.address:
            if await self.is_alive(known):
                return
            table.remove_contact(known)
        eldest = table.add_contact(contact)
        self.company.set()
        if eldest is not None and not await self.is_alive(eldest):
            table.remove_contact(eldest)

    async def is_alive(self, contact: Contact) -> bool:
        """Whether a contact of the table still answers as itself; one that strangers cannot reach is dropped."""
        asked = self._clocks.now()
        proven = await self._greet(contact.address, None)
        alive = proven is not None and proven[0].id == contact.id
        if not alive:
            await self._note_silence(contact.id, contact.address, asked)
        self._responder.table.heard(contact, alive, self._clocks.wall())
        if alive and proven is not None and proven[1]:
            self._responder.table.remove_contact(contact)
            return False
        return alive

    async def _note_silence(self, node: bytes, address: Address, asked: float) -> None:
        """Remembers that no answer came since `asked`, unless nobody answers: who was heard last is asked at need."""
        silences = self._responder.silences
        if not self._port.reaches(address) or silences.silent(node, address, asked, self._clocks.now()):
            return
        async with self._witness:
            witness = silences.witness(address)
            if witness is not None and self._witness_asked <= asked:
                self._witness_asked = self._clocks.now()
                await self._greet(witness, 1, timeout=self._config.brief)
        silences.silent(node, address, asked, self._clocks.now())

    # -- questions ------------------------------------------------------------------------------------------------

    async def nodes(self, contact: Contact, target: bytes) -> list[Contact] | None:
        """The hints of `contact` on who is near `target`; None: no answer."""
        token = self.granted.token(contact.id, contact.address, self._clocks.now())
        question = wire.FindNode(self.id, contact.id, target, token, self._families(), self._responder.closed)
        body = question if token else wire.padded(question, wire.ASK_PAD)
        answer = await self._ask(contact, body, wire.Nodes)
        return None if answer is None else self.hints(contact, answer.hints)

    async def values(
        self, contact: Contact, key: bytes, after: bytes = b"", *, patient: bool = False
    ) -> wire.Values | None:
        """What `contact` holds under `key` of publishers beyond `after`; None: no answer."""
        now = self._clocks.now()
        token = self.granted.token(contact.id, contact.address, now)
        question = wire.FindValue(
            self.id, contact.id, key, after, token, self._families(), self._responder.closed
        )
        pad = wire.READ_PAD if self.is_known(contact) else wire.ASK_PAD
        body = question if token else wire.padded(question, pad)
        return await self._ask(contact, body, wire.Values, patient)

    async def store(self, contact: Contact, key: bytes, data: list[bytes]) -> bool:
        """Offers encoded records under `key`; whether `contact` holds them all now."""
        token = self.granted.token(contact.id, contact.address, self._clocks.now())
        if not token and await self.nodes(contact, key) is not None:
            token = self.granted.token(contact.id, contact.address, self._clocks.now())
        if not token:
            return False
        question = wire.Store(self.id, contact.id, key, token, data)
        answer = await self.calls.call(contact.address, question, wire.Stored)
        self._responder.table.heard(contact, answer is not None, self._clocks.wall())
        if answer is None:
            self.granted.forget(contact.id, contact.address)
        return answer is not None and len(answer.held) == len(data) and all(answer.held)

    async def errand(self, contact: Contact, body: wire.Probe | wire.Knock) -> bytes | None:
        """The answer to a Probe or Knock, whose token is put in here; None: there was none."""
        token = self.granted.token(contact.id, contact.address, self._clocks.now())
        if not token and await self.nodes(contact, self.id) is not None:
            token = self.granted.token(contact.id, contact.address, self._clocks.now())
        if not token:
            return None
        if isinstance(body, wire.Probe):
            body = wire.Probe(body.sender, body.to, token)
        else:
            body = wire.Knock(body.sender, body.to, token, body.node, body.endpoint)
        answer = await self.calls.call(contact.address, body, wire.Probed)
        return None if answer is None else answer.endpoint

    def is_known(self, contact: Contact) -> bool:
        """Whether somebody answered at the contact's address lately, or the table has it there."""
        known = self._responder.table.get(contact.id)
        if known is not None and known.address == contact.address:
            return True
        return self.aims.is_known(contact.address, self._clocks.now())

    async def _ask(
        self, contact: Contact, body: wire.Request, kind: type[_Q], patient: bool = False
    ) -> _Q | None:
        async with self._trial_of(contact.address, self.is_known(contact)) as may:
            return await self._question(contact, body, kind, patient) if may else None

    @asynccontextmanager
    async def _trial_of(self, address: Address, known: bool) -> AsyncIterator[bool]:
        """Whether to send to an address; of those that want to try the same unknown one, one does and others wait."""
        while not known and (trying := self._trying.get(address)) is not None:
            await trying.wait()
            known = self.aims.is_known(address, self._clocks.now())
        if known:
            yield True
            return
        done = self._trying[address] = trio.Event()
        try:
            yield self.aims.may(address, self._responder.rule.limits(address[0]), self._clocks.now())
        finally:
            del self._trying[address]
            done.set()

    async def _question(
        self, contact: Contact, body: wire.Request, kind: type[_Q], patient: bool
    ) -> _Q | None:
        asked = self._clocks.now()
        tries, timeout = (1, self._config.brief) if self.is_silent(contact) and not patient else (None, None)
        answer = await self.calls.call(contact.address, body, kind, tries=tries, timeout=timeout)
        self._responder.table.heard(contact, answer is not None, self._clocks.wall())
        if answer is None:
            await self._note_silence(contact.id, contact.address, asked)
            return None
        now = self._clocks.now()
        self._responder.silences.heard(contact.id, contact.address, now)
        self.aims.answered(contact.address, now)
        self.granted.note(contact.id, contact.address, answer.token, now)
        return answer

    def hints(self, source: Contact, hints: Iterable[wire.Hint]) -> list[Contact]:
        """The usable ones of `source`'s hints; those that the table wants will be greeted."""
        found = []
        for hint in hints:
            try:
                contact = Contact(hint.node, networks.unpack(hint.endpoint))
            except PeerError:
                continue
            address = contact.address
            if (
                contact.id == self.id
                or not may_point(source.address, address)
                or not self._port.reaches(address)
            ):
                continue
            found.append(contact)
            if self.is_silent(contact):
                continue
            known = self._responder.table.get(contact.id)
            if known.address != address if known else self._responder.table.wants(contact.id):
                self._responder.meet(contact.id, address, Why.MENTIONED)
        return found

    def _families(self) -> int:
        families = [wire.V4] if self._port.reaches(("0.0.0.0", 0)) else []
        families += [wire.V6] if self._port.reaches(("::", 0)) else []
        return sum(families) or wire.V4 | wire.V6

    # -- lookups --------------------------------------------------------------------------------------------------

    def shortlist(self, target: bytes, start: Iterable[Contact] = ()) -> Shortlist:
        """Where a lookup begins: `start` and the nearest of the table that we can send to."""
        found = Shortlist(target, self._config.k, self._responder.rule, self.is_silent)
        find = self._responder.table.find_neighbors
        speaking = find(found.node, only=lambda one: self.can_ask(one) and not self.is_silent(one))
        found.offer([*start, *speaking, *find(found.node, only=self.can_ask)])
        return found

    def is_silent(self, contact: Contact) -> bool:
        """Whether the contact was silent to us lately."""
        return self._responder.is_silent(contact)

    def can_ask(self, contact: Contact) -> bool:
        """Whether we can send to the contact's family at all."""
        return self._port.reaches(contact.address)

    async def near(self, target: bytes, start: Iterable[Contact] = ()) -> list[Contact]:
        """The k nearest to `target` that answered."""

        async def ask(contact: Contact) -> list[Contact] | None:
            return await self.nodes(contact, target)

        return await crawl(self.shortlist(target, start), ask, self._config.alpha, self._config.slow)
