"""The product's table in the DHT bench: the network of tests/sim over `Links`, in trio's virtual time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable

import trio
import trio.testing

from slskmesh.dht import record as records
from slskmesh.dht import wire
from slskmesh.dht.mesh import Mesh
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Config
from tests.bench.contenders.links import DEAD, KEYS, READERS, SETTLE, WRITERS, Links, Measured, payload
from tests.sim.net import WALL, Net, Town, identity_of, seeded

TTL = 6 * 3600.0
KIND = wire.HEADER + 1  # where the tag stands in a datagram
HELLOS = (0, 4)
FIRST = 8  # nodes that join one after another; then a twentieth of the network joins at a time


class FarNet(Net):
    """Datagrams take as long as `Links` says and are counted there."""

    def __init__(self, nursery: trio.Nursery, rng: random.Random, links: Links) -> None:
        super().__init__(nursery, rng)
        self._links = links

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        self._links.note(source, to, len(data), data[KIND] in HELLOS)
        self._nursery.start_soon(self._deliver, data, source, to, self._links.delay(source, to))


class MeshTable:
    """One network of `nodes` and what is measured on it."""

    def __init__(self, nursery: trio.Nursery, nodes: int, seed: int) -> None:
        self.nodes, self.links, self.measured = nodes, Links(seed), Measured()
        self.town = Town(nursery, seed, Config(exempt_local=False))
        self.town.net = FarNet(nursery, self.town.rng, self.links)
        self.rng = self.town.rng

    async def grow(self) -> None:
        """Every node joins by two that are there already."""
        while (there := len(self.town.meshes)) < self.nodes:
            batch = 1 if there < FIRST else min(self.nodes - there, max(1, self.nodes // 20))
            async with trio.open_nursery() as nursery:
                for _ in range(batch):
                    nursery.start_soon(self.town.settle)
        await trio.sleep(30)
        self.measured.counts["join_datagrams"] = self.links.datagrams

    def some(self, count: int, but: Iterable[Mesh] = ()) -> list[Mesh]:
        """Living nodes, none of `but`."""
        left_out = set(but)
        return self.rng.sample([one for one in self.town.meshes.values() if one not in left_out], count)

    async def timed(self, task: str, who: Mesh, work: Callable[[], Awaitable[float]]) -> None:
        """Measures one task of one node."""
        address = self.town.address_of(who)
        before, began = self.links.of(address), trio.current_time()
        good = await work()
        seconds = trio.current_time() - began
        await trio.sleep(SETTLE)
        self.measured.of(task).add(seconds, before, self.links.of(address), good)

    async def publish(self, task: str, who: Mesh, key: bytes, data: bytes) -> None:
        """One record; good is the share of k nodes that hold it."""

        async def work() -> float:
            return await who.publish(key, data, TTL) / who.config.k

        await self.timed(task, who, work)

    async def read(self, task: str, who: Mesh, key: bytes, expected: set[bytes]) -> None:
        """One read; good is the share of the expected records, nothing if anything else came."""

        async def work() -> float:
            got = {one.payload for one in await who.fetch(key)}
            self.measured.counts["forged_accepted"] += len(got - expected)
            return len(got & expected) / len(expected) if expected else float(not got)

        await self.timed(task, who, work)

    async def forge(self, key: bytes, victim: Mesh) -> None:
        """Offers the holders of `key` what its publisher never said; each that takes it is counted."""
        forger = self.some(1, [victim])[0]
        true = next(r for r in await forger.fetch(key))
        own, wall = identity_of(self.rng), int(WALL + trio.current_time())
        moved = records.make(own, self.rng.randbytes(20), 1, wall + 600, b"moved")
        lies = [
            records.Record(true.publisher, true.seq + 1, true.expiry, b"forged", true.signature),
            records.Record(true.publisher, true.seq + 1, true.expiry + 9, true.payload, true.signature),
            moved,
            records.make(own, key, 1, wall - 1, b"expired"),
        ]
        for contact in await forger.asker.near(key):
            for lie in lies:
                taken = await forger.asker.store(contact, key, [records.encode(lie)])
                self.measured.counts["forged_offered"] += 1
                self.measured.counts["forged_accepted"] += taken

    async def measure(self) -> None:
        """All tasks, before and after the loss."""
        said: dict[bytes, bytes] = {}
        writers = self.some(min(KEYS, self.nodes // 2))
        for number, writer in enumerate(writers):
            key, said_now = self.rng.randbytes(20), payload(self.rng, number)
            said[key] = said_now
            await self.publish("publish", writer, key, said_now)
        for key, reader in zip(said, self.some(len(said), writers), strict=True):
            await self.read("read", reader, key, {said[key]})
        topic, crowd = self.rng.randbytes(20), self.some(WRITERS)
        texts = [payload(self.rng, number) for number in range(WRITERS)]
        for writer, text in zip(crowd, texts, strict=True):
            await self.publish("publish_shared", writer, topic, text)
        readers = self.some(READERS, crowd)
        for reader in readers:
            await self.read("read_shared", reader, topic, set(texts))
        await self.forge(next(iter(said)), writers[0])
        for key, reader in zip(said, self.some(len(said), writers), strict=True):
            await self.read("read_after_forgery", reader, key, {said[key]})
        self.town.kill_some(DEAD, readers)
        for reader in readers:
            await self.read("read_shared_after_loss", reader, topic, set(texts))
        for key in said:
            await self.read("read_after_loss", self.some(1)[0], key, {said[key]})
        for reader in readers:
            await self.read("read_absent_after_loss", reader, self.rng.randbytes(20), set())


def measure(nodes: int, seed: int) -> Measured:
    """One network from its first node to the last read."""

    async def main() -> Measured:
        async with trio.open_nursery() as nursery:
            table = MeshTable(nursery, nodes, seed)
            await table.grow()
            await table.measure()
            nursery.cancel_scope.cancel()
        return table.measured

    with seeded(seed):
        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
