"""A network of datagrams in memory and nodes on it, in virtual time: latency, loss, filters, spoofing, sudden death."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import trio
import trio.testing
from trio._core import _run

from slskmesh.dht.mesh import Mesh
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks, Config
from slskmesh.identity import signing
from slskmesh.identity.key import Identity

WALL = 1_800_000_000.0


def identity_of(rng: random.Random) -> Identity:
    seed = rng.randbytes(32)
    return Identity(signing.public_key(seed), seed, Path("unused"))


class Port:
    def __init__(self, net: Net, address: Address) -> None:
        self._net, self.address = net, address
        self.inbox_in, self.inbox = trio.open_memory_channel[tuple[bytes, Address]](256)

    def reaches(self, address: Address) -> bool:
        return (":" in address[0]) == (":" in self.address[0])

    async def send(self, data: bytes, address: Address) -> None:
        self._net.carry(data, self.address, address)
        await trio.lowlevel.checkpoint()

    async def receive(self) -> tuple[bytes, Address]:
        return await self.inbox.receive()


HOLE = 120.0  # seconds a filter lets answers in after something went out to the same address


class Net:
    """`loss` is the share of datagrams lost; `bytes_to` counts what each address was sent, bytes_from what it sent.

    Addresses in `filtered` stand behind a filter like that of a home router: only addresses they have sent to in the
    last HOLE seconds get through to them.
    """

    def __init__(self, nursery: trio.Nursery, rng: random.Random) -> None:
        self._nursery, self.rng = nursery, rng
        self.loss = 0.0
        self.datagrams = 0
        self.bytes_to: Counter[Address] = Counter()
        self.bytes_from: Counter[Address] = Counter()
        self.filtered: set[Address] = set()
        self._holes: dict[tuple[Address, Address], float] = {}
        self._ports: dict[Address, Port] = {}

    def port(self, address: Address) -> Port:
        port = self._ports[address] = Port(self, address)
        return port

    def unplug(self, address: Address) -> None:
        self._ports.pop(address, None)

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        """Also the door for spoofed datagrams: `source` is what the sender claims."""
        self.datagrams += 1
        self.bytes_to[to] += len(data)
        self.bytes_from[source] += len(data)
        if source in self.filtered:
            self._holes[source, to] = trio.current_time()
        if self.rng.random() >= self.loss:
            self._nursery.start_soon(self._deliver, data, source, to, self.rng.uniform(0.005, 0.04))

    async def _deliver(self, data: bytes, source: Address, to: Address, delay: float) -> None:
        await trio.sleep(delay)
        if to in self.filtered and trio.current_time() - self._holes.get((to, source), -HOLE) >= HOLE:
            return
        if port := self._ports.get(to):
            try:
                port.inbox_in.send_nowait((data, source))
            except trio.WouldBlock:
                return


class Town:
    """Nodes by address, each one the product's class."""

    def __init__(self, nursery: trio.Nursery, seed: int, config: Config) -> None:
        self.rng = random.Random(seed)
        self.net = Net(nursery, self.rng)
        self.config = config
        self._nursery = nursery
        self.meshes: dict[Address, Mesh] = {}
        self._scopes: dict[Address, trio.CancelScope] = {}
        self._made = 0

    def clocks(self) -> Clocks:
        return Clocks(trio.current_time, lambda: WALL + trio.current_time(), self.rng.randbytes)

    async def settle(
        self,
        identity: Identity | None = None,
        host: str | None = None,
        make: Callable[..., Mesh] = Mesh,
        filtered: bool = False,
    ) -> Mesh:
        """A new node that has joined by two others; `make` is its class, `filtered` puts it behind a filter."""
        self._made += 1
        address = (host or f"20.{self._made // 250}.{self._made % 250}.1", 7000 + self._made)
        if filtered:
            self.net.filtered.add(address)
        mesh = make(
            identity or identity_of(self.rng), self.net.port(address), self.clocks(), self.rng, self.config
        )
        scope = self._scopes[address] = trio.CancelScope()
        self._nursery.start_soon(self._live, mesh, scope)
        known = self.rng.sample(list(self.meshes), min(2, len(self.meshes)))
        self.meshes[address] = mesh
        if known:
            await mesh.join(known)
        return mesh

    @staticmethod
    async def _live(mesh: Mesh, scope: trio.CancelScope) -> None:
        with scope:
            await mesh.run()

    def kill(self, address: Address) -> None:
        self.net.unplug(address)
        self._scopes.pop(address).cancel()
        del self.meshes[address]

    def address_of(self, mesh: Mesh) -> Address:
        return next(address for address, one in self.meshes.items() if one is mesh)

    def kill_some(self, share: float, keep: Iterable[Mesh]) -> None:
        kept = set(keep)
        mortal = [address for address, mesh in self.meshes.items() if mesh not in kept]
        for address in self.rng.sample(mortal, int(len(self.meshes) * share)):
            self.kill(address)

    async def renew(self, count: int, share: float, seconds: float, keep: Iterable[Mesh] = ()) -> None:
        """Churn for `seconds`: `share` of the nodes die at once, new ones join until there are `count` again."""
        end = trio.current_time() + seconds
        self.kill_some(share, keep)
        async with trio.open_nursery() as nursery:
            for _ in range(count - len(self.meshes)):
                nursery.start_soon(self.settle)
        await trio.sleep_until(end)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Makes the order in which trio runs its tasks depend on `seed` alone, by the door it has for hypothesis."""
    former = _run._ALLOW_DETERMINISTIC_SCHEDULING, _run._r.getstate()
    _run._ALLOW_DETERMINISTIC_SCHEDULING = True
    _run._r.seed(seed)
    try:
        yield
    finally:
        _run._ALLOW_DETERMINISTIC_SCHEDULING = former[0]
        _run._r.setstate(former[1])


def simulate(
    body: Callable[[Town], Awaitable[None]], nodes: int, seed: int = 1, config: Config | None = None
) -> None:
    """Runs `body` on a settled town of `nodes`, in virtual time; the same each time, for trio's dice are seeded too."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            town = Town(nursery, seed, config or Config(exempt_local=False))
            for _ in range(nodes):
                await town.settle()
            await trio.sleep(5)
            await body(town)
            nursery.cancel_scope.cancel()

    with seeded(seed):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
