"""What readers of a town get, and in which virtual time."""

from __future__ import annotations

import trio

from slskmesh.dht.mesh import Mesh
from slskmesh.dht.record import KEY
from tests.sim.net import WALL, Town

HOUR = 3600.0
LOSSES = (  # share of datagrams lost, nodes that take a record at least (mean), seconds of a read at most
    (0.0, 8.0, 1.0),
    (0.1, 7.0, 8.0),
    (0.2, 6.0, 12.0),
    (0.3, 4.5, 15.0),
)


def wall() -> int:
    """Wall time of the town, seconds."""
    return int(WALL + trio.current_time())


class Topic:
    """A key with publishers, each of which says a text of its own under it."""

    def __init__(self, town: Town, publishers: list[Mesh], key: bytes | None = None) -> None:
        self.town, self.publishers = town, publishers
        self.key = key or town.rng.randbytes(KEY)
        self.texts = {one.id: b"payload %d" % number for number, one in enumerate(publishers)}

    async def publish(self, ttl: float = HOUR) -> float:
        """All publish at once; how many nodes took a record, on average."""
        replicas: list[int] = []

        async def one(mesh: Mesh) -> None:
            replicas.append(await mesh.publish(self.key, self.texts[mesh.id], ttl))

        async with trio.open_nursery() as nursery:
            for mesh in self.publishers:
                nursery.start_soon(one, mesh)
        return sum(replicas) / len(replicas)

    def holders(self) -> list[Mesh]:
        """Living nodes with something under the key."""
        return [one for one in self.town.meshes.values() if one.responder.store.records(self.key, wall())]

    def strangers(self, count: int, but: list[Mesh] | None = None) -> list[Mesh]:
        """Living nodes that publish nothing here."""
        left_out = {*self.publishers, *(but or [])}
        return self.town.rng.sample([one for one in self.town.meshes.values() if one not in left_out], count)

    async def read_by(self, readers: list[Mesh]) -> float:
        """Each reader in turn gets every publisher's text and nothing else; seconds of the slowest."""
        slowest = 0.0
        for reader in readers:
            began = trio.current_time()
            got = [one.payload for one in await reader.fetch(self.key)]
            slowest = max(slowest, trio.current_time() - began)
            assert sorted(got) == sorted(self.texts.values()), (len(got), len(self.texts))
        return slowest


def topic(town: Town, publishers: int, key: bytes | None = None) -> Topic:
    """A topic with publishers chosen from the town."""
    return Topic(town, town.rng.sample(list(town.meshes.values()), publishers), key)
