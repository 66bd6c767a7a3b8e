"""The shadow index over a real table in virtual time: told by some, found by one who knows nobody of them."""

from __future__ import annotations

import random

import trio

from slskmesh.dht.mesh import Mesh
from slskmesh.dht.node import Config
from slskmesh.dht.port import TableStatus
from slskmesh.dht.record import Record
from slskmesh.identity.key import Identity
from slskmesh.shadow import shard as shards
from slskmesh.shadow.census import key_of
from slskmesh.shadow.holdings import to_advert
from slskmesh.shadow.index import ShadowIndex
from slskmesh.shadow.shard import Shard
from slskmesh.work import DHT_READ, Budget, LocalBudget
from tests.shadow.doubles import TODAY, Crowd, Shelf, held, identities, mbid, standing
from tests.sim.net import WALL, Town, simulate

RELEASE = mbid(1)


class Index:
    """A node of the table as `dht.port.Index`."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self.publish, self.withdraw = mesh.publish, mesh.withdraw

    async def fetch(self, key: bytes, budget: Budget) -> list[Record]:
        budget.spend(DHT_READ)
        return await self._mesh.fetch(key)

    def status(self) -> TableStatus:
        return TableStatus(nodes=40)


def shadow_of(town: Town, mesh: Mesh, me: Identity, crowd: Crowd, shelf: Shelf) -> ShadowIndex:
    return ShadowIndex(
        Index(mesh),
        crowd,
        crowd,
        shelf,
        shelf,
        standing(),
        me=me.peer,
        connected=list,
        enabled=lambda: True,
        rng=random.Random(town.rng.random()),
        wall=lambda: WALL + trio.current_time(),
    )


def test_a_release_is_found_by_somebody_who_knows_none_of_its_holders() -> None:
    async def body(town: Town) -> None:
        crowd, (reader, liar, *holders) = Crowd(), identities(10, seed=21)
        async with trio.open_nursery() as nursery:
            for number, one in enumerate(holders):
                tracks = [held(10 * number + n, mbid(100 + n), RELEASE) for n in range(3)]
                crowd.add(one.peer, [to_advert(track) for track in tracks])
                mesh = await town.settle(one)
                await nursery.start(shadow_of(town, mesh, one, crowd, Shelf(tracks)).run)
            forging = await town.settle(liar)
            crowd.add(liar.peer, [])
            await forging.publish(key_of("release", RELEASE), b"\x01 no shard", 3600)
            town.net.loss = 0.1
            await trio.sleep(60)
            town.kill_some(0.3, keep=())
            mesh = await town.settle(reader)
            resolving = shadow_of(town, mesh, reader, crowd, Shelf())
            found = await resolving.resolve_release(RELEASE, LocalBudget())
            assert {holder.peer for holder in found.holders} == {one.peer for one in holders}
            assert dict(found.refused) == {"unreadable": 1} and liar.peer not in crowd.dialled
            assert found.publishers == 8 and 8 <= found.estimate <= 11
            nothing = await resolving.resolve_release(str(mbid(2)), LocalBudget())
            assert nothing.holders == () and nothing.publishers == 0
            nursery.cancel_scope.cancel()

    simulate(body, 30, seed=5, config=Config(exempt_local=False))


def test_shards_of_strangers_in_one_network_do_not_crowd_out_the_others() -> None:
    """Thirty keys of one network publish beside six honest ones; the reader asks all six."""

    async def body(town: Town) -> None:
        crowd, (reader, *holders) = Crowd(), identities(7, seed=22)
        meshes = [await town.settle(one) for one in holders]
        key = key_of("release", RELEASE)
        payload = shards.encode(Shard(0, 1, 0, TODAY))
        for number, (one, mesh) in enumerate(zip(holders, meshes, strict=True)):
            crowd.add(one.peer, [to_advert(held(number, mbid(100), RELEASE))])
            await mesh.publish(key, payload, 3600)
        for number, one in enumerate(identities(30, seed=23)):
            crowd.add(one.peer, [to_advert(held(500, mbid(100), RELEASE))], f"203.0.113.{number + 1}:50300")
            sybil = await town.settle(one, host=f"203.0.{number}.1")
            await sybil.publish(key, payload, 3600)
        mesh = await town.settle(reader)
        found = await shadow_of(town, mesh, reader, crowd, Shelf()).resolve_release(RELEASE, LocalBudget())
        asked = {holder.peer for holder in found.holders}
        assert len(asked & {one.peer for one in holders}) == 6
        assert found.publishers == 36

    simulate(body, 20, seed=6, config=Config(exempt_local=False))
