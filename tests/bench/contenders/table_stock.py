"""kademlia 2.2.3 as it is in the DHT bench: its asyncio servers over `Links`, on a loop whose time is virtual.

It has one value a key and no writers' names, so that of the product's tasks it can do those of one writer; what
becomes of ten writers, and of a stranger who writes under the same key, is counted all the same.
"""

from __future__ import annotations

import asyncio
import logging
import random
import selectors
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from kademlia.network import Server
from kademlia.utils import digest

from tests.bench.contenders.links import (
    DEAD,
    KEYS,
    READERS,
    SETTLE,
    WRITERS,
    Address,
    Links,
    Measured,
    payload,
)


class Leap(selectors.SelectSelector):
    """Waits by moving the clock on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen on this loop")
        self.now += max(0.0, timeout)
        return []


class Pipe(asyncio.DatagramTransport):
    """One server's socket."""

    def __init__(self, loop: VirtualLoop, address: Address, protocol: asyncio.DatagramProtocol) -> None:
        super().__init__()
        self._loop, self._address, self._protocol = loop, address, protocol
        self._open = True

    def sendto(self, data: Any, addr: Any = None) -> None:
        if self._open:
            self._loop.carry(bytes(data), self._address, addr)

    def deliver(self, data: bytes, source: Address) -> None:
        """A datagram that came."""
        if self._open:
            self._protocol.datagram_received(data, source)

    def close(self) -> None:
        self._open = False


class VirtualLoop(asyncio.SelectorEventLoop):
    """Virtual time, and datagram endpoints on `Links`."""

    def __init__(self, links: Links) -> None:
        self._leap = Leap()
        self._links = links
        self._pipes: dict[Address, Pipe] = {}
        self.faults = 0
        super().__init__(self._leap)
        self.set_exception_handler(self._fault)

    def _fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.faults += 1

    def time(self) -> float:
        return self._leap.now

    async def create_datagram_endpoint(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], local_addr: Address, **_: Any
    ) -> tuple[Pipe, Any]:
        protocol = protocol_factory()
        pipe = self._pipes[local_addr] = Pipe(self, local_addr, protocol)
        protocol.connection_made(pipe)
        return pipe, protocol

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        """Brings a datagram to whoever listens there by then."""
        to = (to[0], to[1])
        self._links.note(source, to, len(data))
        if pipe := self._pipes.get(to):
            self.call_later(self._links.delay(source, to), pipe.deliver, data, source)


class StockTable:
    """One network of `nodes` servers and what is measured on it."""

    def __init__(self, loop: VirtualLoop, links: Links, nodes: int, seed: int, k: int) -> None:
        self.loop, self.links, self.nodes, self.k = loop, links, nodes, k
        self.rng = random.Random(seed)
        self.measured = Measured()
        self.servers: dict[Address, Server] = {}
        self.started: list[Server] = []

    async def grow(self) -> None:
        """Every node joins by two that are there already."""
        for number in range(self.nodes):
            address = (f"20.{number // 250}.{number % 250}.1", 7000 + number)
            server = Server(ksize=self.k, node_id=self.rng.randbytes(20))
            await server.listen(address[1], address[0])
            known = self.rng.sample(list(self.servers), min(2, len(self.servers)))
            self.servers[address] = server
            self.started.append(server)
            if known:
                await server.bootstrap(known)
        await asyncio.sleep(30)
        self.measured.counts["join_datagrams"] = self.links.datagrams

    def some(self, count: int, but: Iterable[Address] = ()) -> list[Address]:
        """Living nodes, none of `but`."""
        left_out = set(but)
        return self.rng.sample([one for one in self.servers if one not in left_out], count)

    def strangers(self, key: str, count: int) -> list[Address]:
        """Living nodes that hold nothing under `key`, since a holder would ask nobody; others where too few are."""
        place = digest(key)
        holders = [one for one, server in self.servers.items() if server.storage.get(place) is not None]
        return self.some(count, holders if len(self.servers) - len(holders) >= count else ())

    async def timed(self, task: str, who: Address, work: Callable[[], Awaitable[float]]) -> None:
        """Measures one task of one server."""
        before, began = self.links.of(who), self.loop.time()
        good = await work()
        seconds = self.loop.time() - began
        await asyncio.sleep(SETTLE)
        self.measured.of(task).add(seconds, before, self.links.of(who), good)

    async def write(self, task: str, who: Address, key: str, value: bytes) -> None:
        """One `set`."""

        async def work() -> float:
            return float(bool(await self.servers[who].set(key, value)))

        await self.timed(task, who, work)

    async def read(self, task: str, who: Address, key: str, expected: set[bytes]) -> Any:
        """One `get`; good is the share of the expected values."""
        got: list[Any] = []

        async def work() -> float:
            got.append(await self.servers[who].get(key))
            return float(got[0] in expected) / len(expected) if expected else float(got[0] is None)

        await self.timed(task, who, work)
        return got[0]

    async def measure(self) -> None:
        """All tasks, before and after the loss."""
        said = {f"key {number}": payload(self.rng, number) for number in range(min(KEYS, self.nodes // 2))}
        for (key, value), writer in zip(said.items(), self.some(len(said)), strict=True):
            await self.write("publish", writer, key, value)
        for key in said:
            await self.read("read", self.strangers(key, 1)[0], key, {said[key]})
        texts = {payload(self.rng, number) for number in range(WRITERS)}
        for writer, text in zip(self.some(WRITERS), sorted(texts), strict=True):
            await self.write("publish_shared", writer, "topic", text)
        seen = {
            await self.read("read_shared", reader, "topic", texts)
            for reader in self.strangers("topic", READERS)
        }
        self.measured.counts["writers_seen"] = len(seen & texts)
        self._kill(self.rng.sample(list(self.servers), int(self.nodes * DEAD)))
        for key in said:
            await self.read("read_after_loss", self.strangers(key, 1)[0], key, {said[key]})
        for number, reader in enumerate(self.some(READERS)):
            await self.read("read_absent_after_loss", reader, f"absent {number}", set())

    async def forge(self) -> None:
        """A stranger writes under somebody's key; how many of the readers believe it."""
        for number in range(READERS):
            key = f"owned {number}"
            owner, stranger = self.some(2)
            await self.servers[owner].set(key, b"true")
            await self.servers[stranger].set(key, b"forged")
            self.measured.counts["forged_offered"] += 1
            got = await self.servers[self.strangers(key, 1)[0]].get(key)
            self.measured.counts["forged_accepted"] += got == b"forged"

    def _kill(self, addresses: Iterable[Address]) -> None:
        for address in addresses:
            self.servers.pop(address).stop()

    async def end(self) -> None:
        """Stops every server and what it left running."""
        self.measured.counts["loop_faults"] = self.loop.faults
        for server in self.started:
            server.stop()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def measure(nodes: int, seed: int, k: int) -> Measured:
    """One network from its first node to the last read."""
    for name in ("kademlia", "rpcudp"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    links = Links(seed)
    loop = VirtualLoop(links)
    table = StockTable(loop, links, nodes, seed, k)

    async def main() -> None:
        await table.grow()
        await table.forge()
        await table.measure()
        await table.end()

    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    return table.measured
