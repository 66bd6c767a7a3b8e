"""What attackers do to a town: nodes that lie, nodes around a topic that hide it, floods and spoofed sources."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
import trio

from slskmesh.dht import record as records
from slskmesh.dht import wire
from slskmesh.dht.mesh import Mesh
from slskmesh.dht.networks import Address, pack
from slskmesh.dht.record import Record, node_id
from slskmesh.identity.key import Identity
from slskmesh.identity.signing import Domain
from tests.sim.net import Town, identity_of
from tests.sim.readers import Topic, wall

VICTIM = "99.9.9.9"
LIFE = 600


def held(town: Town, key: bytes, publisher: Mesh) -> Record:
    """The newest record of `publisher` under `key` as somebody holds it."""
    everyone = (one.responder.store.records(key, wall()) for one in town.meshes.values())
    theirs = [one for found in everyone for one in found if node_id(one.publisher) == publisher.id]
    return max(theirs, key=lambda one: one.seq)


def oversized(identity: Identity, key: bytes) -> bytes:
    """A record truly signed, but with more payload than any may have."""
    payload, expiry = bytes(records.PAYLOAD_MAX + 1), wall() + LIFE
    signature = identity.sign(Domain.DHT_RECORD, records._body(key, identity.peer, 2**40, expiry, payload))
    return records.encode(Record(identity.peer, 2**40, expiry, payload, signature))


async def lies_about(town: Town, topic: Topic) -> dict[str, bytes]:
    """Publishes the topic; encoded records that nobody may believe under its key, by what is wrong with them."""
    key, other, victim = topic.key, town.rng.randbytes(records.KEY), topic.publishers[0]
    await victim.publish(key, b"said before", LIFE)
    replayed = held(town, key, victim)
    await topic.publish()
    await victim.publish(other, b"said elsewhere", LIFE)
    true, moved = held(town, key, victim), held(town, other, victim)
    liar, now = identity_of(town.rng), wall()
    assert replayed.seq < true.seq < moved.seq
    lies = {
        "forged": Record(true.publisher, true.seq + 1, true.expiry, b"forged", true.signature),
        "prolonged": Record(true.publisher, true.seq + 1, true.expiry + 60, true.payload, true.signature),
        "moved": moved,
        "replayed": replayed,
        "expired": records.make(liar, key, 1, now - 1, b"expired"),
        "immortal": records.make(liar, key, 1, now + records.TTL_MAX + records.SKEW + 60, b"immortal"),
    }
    raw = {
        "oversized": oversized(liar, key),
        "unsigned": records.encode(true)[:-64] + bytes(64),
        "garbage": town.rng.randbytes(300),
    }
    return {name: records.encode(one) for name, one in lies.items()} | raw


def liar_class(rng: random.Random, lies: list[bytes]) -> type[Mesh]:
    """Nodes that answer every read with some of `lies`, and stores with a yes that means nothing."""

    class Liar(Mesh):
        def reply(self, data: bytes, address: Address) -> bytes | None:
            answer = super().reply(data, address)
            if answer is None:
                return None
            call, body = wire.decode(answer)
            if isinstance(body, wire.Stored):
                return wire.encode(call, wire.Stored([True] * len(body.held)))
            if not isinstance(body, wire.Values):
                return answer
            told = rng.sample(lies, min(2, len(lies)))
            lie = msgspec.structs.replace(
                body, records=told, hints=body.hints[:2], digest=rng.randbytes(8), count=9
            )
            return wire.encode(call, lie)

    return Liar


def near_identity(rng: random.Random, key: bytes, bits: int) -> Identity:
    """An identity whose node shares the first `bits` of its id with `key`."""
    while True:
        identity = identity_of(rng)
        distance = int.from_bytes(node_id(identity.peer), "big") ^ int.from_bytes(key, "big")
        if distance >> (160 - bits) == 0:
            return identity


async def offer(by: Mesh, key: bytes, lies: dict[str, bytes], crooks: Iterable[Mesh] = ()) -> None:
    """Offers each lie to each honest node nearest to `key`; none is taken, a replay at most held already."""
    ids = {one.id for one in crooks}
    for contact in [one for one in await by.asker.near(key) if one.id not in ids]:
        for name, lie in lies.items():
            taken = await by.asker.store(contact, key, [lie])
            assert not taken or name == "replayed", name


async def eclipse(town: Town, key: bytes, count: int, bits: int) -> list[Mesh]:
    """Settles `count` nodes of one /24 nearest to `key`, that swallow stores and name only their like."""
    gang: list[Mesh] = []

    class Sybil(Mesh):
        def reply(self, data: bytes, address: Address) -> bytes | None:
            call, request = wire.decode(data)
            hints = [wire.Hint(one.id, pack(town.address_of(one))) for one in gang[:6]]
            if isinstance(request, wire.FindValue):
                return wire.encode(call, wire.Values(bytes(8), hints, [], bytes(8), 0))
            if isinstance(request, wire.FindNode):
                return wire.encode(call, wire.Nodes(bytes(8), hints))
            if isinstance(request, wire.Store):
                return wire.encode(call, wire.Stored([True] * len(request.records)))
            return super().reply(data, address)

    for number in range(count):
        identity = near_identity(town.rng, key, bits)
        gang.append(await town.settle(identity, f"66.6.6.{number + 1}", Sybil))
    return gang


class Flood:
    """Datagrams of many kinds at some nodes, from sources that are not the sender's.

    Questions in VICTIM's name from ports of all kinds, as short as they may be and padded; garbage, answers nobody
    asked for, and stores of a good record without a token.
    """

    def __init__(self, town: Town, key: bytes, targets: list[Mesh]) -> None:
        self._town, self._key = town, key
        self._targets = [(town.address_of(one), one.id) for one in targets]
        self._record = records.encode(records.make(identity_of(town.rng), key, 1, wall() + LIFE, b"unproven"))
        self.rounds = 0
        self.spoofed = 0  # bytes sent in VICTIM's name

    def reflected(self) -> int:
        """Bytes that the town sent to VICTIM."""
        return sum(size for (host, _), size in self._town.net.bytes_to.items() if host == VICTIM)

    async def pour(self, rate: float, seconds: float) -> None:
        """`rate` rounds a second, four datagrams a target and round."""
        for _ in range(round(rate * seconds)):
            self.rounds += 1
            for address, node in self._targets:
                self._spoof(address, node)
                self._round(address, node)
            await trio.sleep(1 / rate)

    def _spoof(self, to: Address, node: bytes) -> None:
        rng, sender = self._town.rng, bytes(records.KEY)
        kinds: list[wire.Request] = [
            wire.FindValue(sender, node, self._key),
            wire.FindNode(sender, node, self._key),
            wire.Hello(sender, rng.randbytes(wire.NONCE)),
            wire.padded(wire.FindValue(sender, node, self._key), wire.READ_PAD),
        ]
        raw = wire.encode(rng.randbytes(wire.CALL), kinds[self.rounds % len(kinds)])
        self.spoofed += len(raw)
        self._town.net.carry(raw, (VICTIM, rng.randrange(1024, 65536)), to)

    def _round(self, to: Address, node: bytes) -> None:
        rng, net = self._town.rng, self._town.net
        elsewhere = (f"98.{rng.randrange(256)}.{rng.randrange(256)}.7", 53)
        store = wire.Store(bytes(records.KEY), node, self._key, rng.randbytes(8), [self._record])
        net.carry(wire.encode(rng.randbytes(wire.CALL), store), elsewhere, to)
        net.carry(rng.randbytes(rng.randrange(1400)), elsewhere, to)
        answer = wire.Values(bytes(8), [], [self._record], bytes(8), 9)
        net.carry(wire.encode(rng.randbytes(wire.CALL), answer), self._targets[0][0], to)
