"""What a node says when it is asked. No I/O: datagrams in, datagrams out; clocks and secrets are parameters.

Rules:
- Nobody enters the table by being mentioned or by asking: first it signs a nonce (`hello`) at its address, and its
  id must be the hash of its key. A known id at another address is rebound only when the old address is silent.
- To an unproven address at most three times its request is sent, a hello back included.
- Stores need a token; records prove themselves. Bad datagrams are counted and cost nothing else.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kademlia.node import Node

from slskmesh.dht import networks, wire
from slskmesh.dht.networks import Address
from slskmesh.dht.rates import Rates
from slskmesh.dht.record import node_id
from slskmesh.dht.store import RecordStore, offer
from slskmesh.dht.table import Contact, NetworkRule, Table
from slskmesh.dht.tokens import Tokens
from slskmesh.errors import PeerError
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import PeerId
from slskmesh.identity.signing import Domain

_STRANGERS_MAX: Final = 64
_GREETED_MAX: Final = 4096
_GREET_AGAIN: Final = 60.0  # seconds before the same address is greeted for asking again
_VOTES_MAX: Final = 32
_VOTES_NEEDED: Final = 3
_VALUE_HINTS: Final = 6


@dataclass(frozen=True, slots=True)
class Config:
    """Numbers of a node: replicas, calls at once, seconds, requests a second of one address, signatures a second."""

    k: int = 8
    alpha: int = 3
    timeout: float = 1.0
    tries: int = 2
    slow: float = 0.3
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
    """The answering half of a node: table, store, tokens, rates."""

    def __init__(self, identity: Identity, clocks: Clocks, config: Config) -> None:
        self._identity, self.clocks, self.config = identity, clocks, config
        self.id = node_id(identity.peer)
        self.rule = NetworkRule(config.exempt_local)
        self.table = Table(self.id, config.k, self.rule)
        self.store = RecordStore(clocks.entropy(32))
        now = clocks.now()
        self.tokens = Tokens(clocks.entropy, now)
        self.rates = Rates(config.rate, config.burst, config.signatures, now)
        self.counts: Counter[str] = Counter()
        self.strangers: OrderedDict[Address, bytes] = OrderedDict()
        self._greeted: OrderedDict[Address, float] = OrderedDict()
        self._votes: OrderedDict[bytes, bytes] = OrderedDict()

    def receive(self, data: bytes, address: Address) -> bytes | None:
        """The datagram to send back for one that came, if any. Answers that nobody waits for are only counted."""
        if not self.rates.admits(address[0], self.clocks.now()):
            self.counts["limited"] += 1
            return None
        try:
            call, body = wire.decode(data)
        except PeerError as error:
            self.counts[error.code] += 1
            return None
        if isinstance(body, wire.HelloAnswer | wire.Nodes | wire.Values | wire.Stored):
            self.counts["unasked"] += 1
            return None
        answer = self._answer(body, address, len(data))
        if answer is None:
            return None
        self.meet(body.sender, address)
        return wire.encode(call, answer)

    def _answer(self, body: wire.Request, address: Address, size: int) -> wire.Answer | None:
        if isinstance(body, wire.Hello):
            return self._hello(body, address, size)
        if body.to != self.id or body.sender == self.id:
            self.counts["not-for-us"] += 1
            return None
        proven = self.tokens.accepts(body.token, address[0], body.sender, self.clocks.now())
        if isinstance(body, wire.Store):
            if not proven:
                self.counts["bad-token"] += 1
                return None
            return self._stored(body, address)
        room = wire.DATAGRAM_MAX if proven else wire.AMPLIFICATION * size - wire.HELLO_ROOM
        token = self.tokens.issue(address[0], body.sender, self.clocks.now())
        if isinstance(body, wire.FindNode):
            return self._nodes(body, token, min(room, wire.DATAGRAM_MAX))
        return self._values(body, token, min(room, wire.DATAGRAM_MAX))

    def _hello(self, body: wire.Hello, address: Address, size: int) -> wire.Answer | None:
        seen = networks.pack(address)
        text = hello_body(body.nonce, body.sender, seen, self.config.closed)
        if not self.rates.may_verify(self.clocks.now()):
            return None
        signature = self._identity.sign(Domain.DHT_HELLO, text)
        answer = wire.HelloAnswer(self._identity.peer, seen, self.config.closed, signature)
        return answer if wire.size_of(answer) <= wire.AMPLIFICATION * size - wire.HELLO_ROOM else None

    def _hints(self, target: bytes, asker: bytes, most: int, room: int) -> list[wire.Hint]:
        hints = []
        for contact in self.table.find_neighbors(Node(target), most, exclude=asker):
            hint = wire.Hint(contact.id, networks.pack(contact.address))
            room -= len(hint.endpoint) + 25
            if room < 0:
                break
            hints.append(hint)
        return hints

    def _nodes(self, body: wire.FindNode, token: bytes, room: int) -> wire.Answer | None:
        rest = room - wire.size_of(wire.Nodes(token, []))
        return (
            wire.Nodes(token, self._hints(body.target, body.sender, wire.HINTS_MAX, rest))
            if rest >= 0
            else None
        )

    def _values(self, body: wire.FindValue, token: bytes, room: int) -> wire.Answer | None:
        rest = room - wire.size_of(wire.Values(token, [], [], bytes(8), 65535)) - 4
        if rest < 0:
            return None
        hints = [] if body.after else self._hints(body.key, body.sender, _VALUE_HINTS, rest)
        rest -= sum(len(hint.endpoint) + 25 for hint in hints)
        page, digest, count = self.store.page(body.key, body.after, rest, self.clocks.wall())
        return wire.Values(token, hints, page, digest, count)

    def _stored(self, body: wire.Store, address: Address) -> wire.Answer:
        now, wall = self.clocks.now(), self.clocks.wall()

        def may() -> bool:
            return self.rates.may_verify(now)

        return wire.Stored(
            [offer(self.store, body.key, data, address[0], wall, may) for data in body.records]
        )

    def meet(self, node: bytes, address: Address) -> None:
        """Notes somebody who asked or was mentioned, to be greeted soon; known ones and the latest greeted are not."""
        known = self.table.get(node)
        if node == self.id or (known is not None and known.address == address):
            return
        if self.clocks.now() - self._greeted.get(address, -_GREET_AGAIN) < _GREET_AGAIN:
            return
        if len(self.strangers) < _STRANGERS_MAX:
            self.strangers.setdefault(address, node)

    def greeting(self, address: Address) -> None:
        """Notes that `address` is greeted now."""
        self._greeted[address] = self.clocks.now()
        self._greeted.move_to_end(address)
        if len(self._greeted) > _GREETED_MAX:
            self._greeted.popitem(last=False)

    def prove(self, nonce: bytes, address: Address, answer: wire.HelloAnswer) -> Contact | None:
        """The contact that `answer` proves at `address`; None if it proves nothing. Counts its vote on our address."""
        text = hello_body(nonce, self.id, answer.seen, answer.closed)
        try:
            signing.verify(PeerId(answer.peer), Domain.DHT_HELLO, text, answer.signature)
            networks.unpack(answer.seen)
        except PeerError:
            self.counts["bad-hello"] += 1
            return None
        voter = networks.network_of(address[0]) if self.rule.limits(address[0]) else networks.pack(address)
        self._votes[voter] = answer.seen
        self._votes.move_to_end(voter)
        if len(self._votes) > _VOTES_MAX:
            self._votes.popitem(last=False)
        return Contact(node_id(answer.peer), address)

    def external(self) -> Address | None:
        """Where others see us, once nodes of three networks agree."""
        if not self._votes:
            return None
        seen, votes = Counter(self._votes.values()).most_common(1)[0]
        return networks.unpack(seen) if votes >= _VOTES_NEEDED else None
