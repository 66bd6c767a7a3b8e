"""What a node says when it is asked. No I/O: datagrams in, datagrams out; clocks and secrets are parameters.

Rules:
- Nobody enters the table by being mentioned or by asking: first it signs a nonce (`hello`) at its address, and its
  id must be the hash of its key. A known id at another address is rebound only when the old address is silent.
- To a host that has proven nothing at most three times what came from it is sent, hellos back included (`Credit`).
- Stores need a token; records prove themselves. Bad datagrams are counted and cost nothing else.
- Hints go to whom they serve: of families the asker can send to, and no address of a local network beyond it. Who
  was silent to us lately is named only where nobody else can be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kademlia.node import Node

from slskmesh.dht import networks, wire
from slskmesh.dht import record as records
from slskmesh.dht.greetings import Greetings, Why
from slskmesh.dht.networks import Address
from slskmesh.dht.probing import Probing, may_point
from slskmesh.dht.rates import Aims, Credit, Rates
from slskmesh.dht.reachability import Reachability
from slskmesh.dht.record import node_id
from slskmesh.dht.silences import Silences
from slskmesh.dht.store import RecordStore, is_held
from slskmesh.dht.table import Contact, NetworkRule, Table
from slskmesh.dht.tokens import Tokens
from slskmesh.dht.votes import Votes
from slskmesh.errors import PeerError
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import PeerId
from slskmesh.identity.signing import Domain

_VALUE_HINTS = 6
_HINT = 25  # bytes of a hint beside its endpoint
_CREDIT_MOST = 4 * wire.AMPLIFICATION * wire.DATAGRAM_MAX


@dataclass(frozen=True, slots=True)
class Config:
    """Numbers of a node: replicas, calls at once, seconds, requests a second of one address, signatures a second.

    A call takes `tries` of `timeout` seconds; one to who was silent lately takes a single one of `brief` seconds.
    `closed` says that our port is known to be closed; else the node finds out by itself.
    """

    k: int = 8
    alpha: int = 3
    timeout: float = 1.0
    tries: int = 2
    slow: float = 0.3
    brief: float = 0.5
    rate: float = 20
    burst: float = 60
    signatures: float = 2000
    exempt_local: bool = True
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Clocks:
    """`now` is monotonic seconds, `wall` Unix seconds, `entropy(n)` gives n secret bytes."""

    now: Callable[[], float]
    wall: Callable[[], float]
    entropy: Callable[[int], bytes]


def hello_body(nonce: bytes, asker: bytes, seen: bytes, closed: bool) -> bytes:
    """What a HelloAnswer signs."""
    return nonce + asker + bytes((len(seen), closed)) + seen


class Responder:
    """The answering half of a node: table, store, tokens, rates. `reaches` tells which addresses we can send to."""

    def __init__(
        self,
        identity: Identity,
        clocks: Clocks,
        config: Config,
        reaches: Callable[[Address], bool] = lambda _: True,
    ) -> None:
        self._identity, self.clocks, self.config, self.reaches = identity, clocks, config, reaches
        self.id = node_id(identity.peer)
        self.rule = NetworkRule(config.exempt_local)
        self.table = Table(self.id, config.k, self.rule)
        self.store = RecordStore(clocks.entropy(32))
        now = clocks.now()
        self.tokens = Tokens(clocks.entropy, now)
        self.rates = Rates(config.rate, config.burst, config.signatures, now)
        self.credit = Credit(wire.AMPLIFICATION, _CREDIT_MOST)
        self.aims = Aims()
        self.silences = Silences()
        self.greetings = Greetings()
        self.probing = Probing(self.rule, clocks.entropy, now)
        self.reachability = Reachability(now)
        self.votes = Votes()
        self.counts: Counter[str] = Counter()

    @property
    def closed(self) -> bool:
        """Whether strangers cannot reach us."""
        return self.config.closed or self.reachability.closed

    def receive(self, data: bytes, address: Address) -> bytes | None:
        """The datagram to send back for one that came, if any. Answers that nobody waits for are only counted."""
        now, host = self.clocks.now(), address[0]
        try:
            call, body = wire.decode(data)
        except PeerError as error:
            self._refuse(error.code, address, now)
            return None
        if isinstance(body, wire.ANSWERS):
            self._refuse("unasked", address, now)
            return None
        proven = not isinstance(body, wire.Hello) and self.tokens.accepts(body.token, host, body.sender, now)
        if not self.rates.admits(address, self.rule.limits(host), proven, now):
            self.counts["limited"] += 1
            return None
        if proven:
            self.silences.heard(body.sender, address, now)
        else:
            self.credit.came(host, len(data))
        answer = self._answer(body, address, proven, len(data))
        if answer is None:
            return None
        reply = wire.encode(call, answer)
        if not proven and not self.credit.spend(host, len(reply)):
            self.counts["unpaid"] += 1
            return None
        if isinstance(body, wire.Hello | wire.FindNode | wire.FindValue):
            self._note_asker(body.sender, address, body.closed, proven)
        return reply

    def _refuse(self, code: str, address: Address, now: float) -> None:
        admitted = self.rates.admits(address, self.rule.limits(address[0]), False, now)
        self.counts[code if admitted else "limited"] += 1

    def _answer(self, body: wire.Request, address: Address, proven: bool, size: int) -> wire.Answer | None:
        if isinstance(body, wire.Hello):
            return self._hello(body, address)
        if body.to != self.id or body.sender == self.id:
            self.counts["not-for-us"] += 1
            return None
        if isinstance(body, wire.FindNode | wire.FindValue):
            room = wire.DATAGRAM_MAX if proven else self._room(body, address, size)
            token = self.tokens.issue(address[0], body.sender, self.clocks.now())
            if isinstance(body, wire.FindNode):
                return self._nodes(body, address, token, room)
            return self._values(body, address, token, room)
        if not proven:
            self.counts["bad-token"] += 1
            return None
        if isinstance(body, wire.Store):
            return wire.Stored([self._take(body.key, data, address[0]) for data in body.records])
        return self._probed(body, address)

    def _room(self, body: wire.FindNode | wire.FindValue, address: Address, size: int) -> int:
        """Bytes an answer to the unproven may have, what a hello back needs set aside."""
        room = min(wire.DATAGRAM_MAX, wire.AMPLIFICATION * size, self.credit.left(address[0]))
        known = self.table.get(body.sender)
        is_met = known is not None and known.address == address
        wanted = is_met == body.closed and self.greetings.is_due(address, self.clocks.now())
        return room - wire.HELLO_PAD if wanted else room

    def _hello(self, body: wire.Hello, address: Address) -> wire.Answer | None:
        seen = networks.pack(address)
        if not self.rates.may_verify(self.clocks.now()):
            return None
        text = hello_body(body.nonce, body.sender, seen, self.closed)
        return wire.HelloAnswer(
            self._identity.peer, seen, self.closed, self._identity.sign(Domain.DHT_HELLO, text)
        )

    def _hints(
        self, target: bytes, asker: bytes, address: Address, families: int, most: int, room: int
    ) -> list[wire.Hint]:
        def serves(contact: Contact) -> bool:
            family = wire.V6 if networks.is_v6(contact.ip) else wire.V4
            return bool(families & family) and may_point(address, contact.address)

        def speaks(contact: Contact) -> bool:
            return serves(contact) and not self.is_silent(contact)

        find, node = self.table.find_neighbors, Node(target)
        hints = []
        for contact in find(node, most, asker, speaks) or find(node, most, asker, serves):
            hint = wire.Hint(contact.id, networks.pack(contact.address))
            room -= len(hint.endpoint) + _HINT
            if room < 0:
                break
            hints.append(hint)
        return hints

    def _nodes(self, body: wire.FindNode, address: Address, token: bytes, room: int) -> wire.Answer | None:
        rest = room - wire.size_of(wire.Nodes(token, []))
        if rest < 0:
            return None
        hints = self._hints(body.target, body.sender, address, body.families, wire.HINTS_MAX, rest)
        return wire.Nodes(token, hints)

    def _values(self, body: wire.FindValue, address: Address, token: bytes, room: int) -> wire.Answer | None:
        rest = room - wire.size_of(wire.Values(token, [], [], bytes(8), 65535)) - 4
        if rest < 0:
            return None
        hints = (
            []
            if body.after
            else self._hints(body.key, body.sender, address, body.families, _VALUE_HINTS, rest)
        )
        rest -= sum(len(hint.endpoint) + _HINT for hint in hints)
        page, digest, count = self.store.page(body.key, body.after, rest, self.clocks.wall())
        return wire.Values(token, hints, page, digest, count)

    def _take(self, key: bytes, data: bytes, host: str) -> bool:
        """Whether a record offered is held now. Closed nodes hold nothing for others."""
        if self.closed:
            return False
        try:
            record = records.decode(data)
            return is_held(self.store.put(key, record, host, self.clocks.wall(), self._may_verify))
        except PeerError as error:
            if error.code != "expired":
                self.counts["refused"] += 1
            return False

    def _may_verify(self) -> bool:
        return self.rates.may_verify(self.clocks.now())

    def _probed(self, body: wire.Probe | wire.Knock, address: Address) -> wire.Answer:
        now = self.clocks.now()
        if isinstance(body, wire.Probe):
            return wire.Probed(self.probing.probe(body.sender, address, self.table.contacts(), now))
        try:
            target = networks.unpack(body.endpoint)
        except PeerError:
            return wire.Probed(b"")
        known = self.table.get(body.sender)
        is_node = (known is not None and known.address == address) or self.aims.is_known(address, now)
        fits = body.node != self.id and self.reaches(target) and self.greetings.is_due(target, now)
        if not (is_node and fits and self.probing.may_knock(address, target, now)):
            return wire.Probed(b"")
        self.greetings.add(body.node, target, Why.KNOCK, now)
        return wire.Probed(body.endpoint)

    def _note_asker(self, node: bytes, address: Address, closed: bool, proven: bool) -> None:
        """Greets who asked and is not known; who says it is closed only if it is, to hear that signed."""
        known = self.table.get(node)
        if closed == (known is not None and known.address == address) and (known or self.table.wants(node)):
            self.meet(node, address, Why.PROVEN if proven else Why.ASKED)

    def is_silent(self, contact: Contact) -> bool:
        """Whether a contact was silent to us lately."""
        return self.silences.is_silent(contact.id, contact.address, self.clocks.now())

    def meet(self, node: bytes, address: Address, why: Why) -> None:
        """Notes somebody to be greeted."""
        if node != self.id and self.reaches(address):
            self.greetings.add(node, address, why, self.clocks.now())

    def prove(self, nonce: bytes, address: Address, answer: wire.HelloAnswer) -> Contact | None:
        """The contact that `answer` proves at `address`; None if it proves nothing. Counts its vote on our address."""
        text = hello_body(nonce, self.id, answer.seen, answer.closed)
        try:
            signing.verify(PeerId(answer.peer), Domain.DHT_HELLO, text, answer.signature)
            seen = networks.unpack(answer.seen)
        except PeerError:
            self.counts["bad-hello"] += 1
            return None
        self.votes.cast(self.voice(address), seen, self.clocks.now())
        contact = Contact(node_id(answer.peer), address)
        contact.answered = self.clocks.wall()
        return contact

    def voice(self, address: Address) -> bytes:
        """Who counts as one voice at `address`: its network, or the address where networks are not counted."""
        return networks.voice(*address, self.rule.limits(address[0]))
