"""What becomes of records and nodes in networks of real nodes; see also test_fifty.py and test_two_hundred.py."""

import pytest
import trio

from slskmesh.dht import replication, wire
from slskmesh.dht.mesh import Mesh
from slskmesh.dht.networks import Address, pack
from slskmesh.dht.node import Config
from slskmesh.dht.store import RecordStore
from tests.sim.net import WALL, Town, identity_of, simulate

HOUR = 3600.0


async def publish_by(town: Town, key: bytes, count: int) -> tuple[list[Mesh], list[int]]:
    publishers = town.rng.sample(list(town.meshes.values()), count)
    return publishers, [await one.publish(key, b"payload %d" % i, HOUR) for i, one in enumerate(publishers)]


def strangers(town: Town, publishers: list[Mesh], count: int) -> list[Mesh]:
    return town.rng.sample([one for one in town.meshes.values() if one not in publishers], count)


def test_two_hundred_nodes_find_what_one_published() -> None:
    async def body(town: Town) -> None:
        for _ in range(3):
            key = town.rng.randbytes(20)
            publishers, replicas = await publish_by(town, key, 1)
            assert replicas[0] == town.config.k
            nearest = sorted(
                town.meshes.values(),
                key=lambda one: int.from_bytes(one.id, "big") ^ int.from_bytes(key, "big"),
            )
            holders = [one for one in town.meshes.values() if one.responder.store.records(key, WALL)]
            assert len(set(nearest[: town.config.k]) & set(holders)) >= town.config.k - 1
            for reader in strangers(town, publishers, 3):
                assert len(await reader.fetch(key)) == 1

    simulate(body, 200)


def test_records_outlive_their_publishers_and_every_first_holder() -> None:
    async def body(town: Town) -> None:
        keys = [town.rng.randbytes(20) for _ in range(5)]
        publishers = town.rng.sample(list(town.meshes.values()), 5)
        for key, publisher in zip(keys, publishers, strict=True):
            await publisher.publish(key, b"here", 540)
        for publisher in publishers:
            town.kill(town.address_of(publisher))
        end = trio.current_time() + 460
        while trio.current_time() < end:
            await town.renew(40, 0.05, 15)
        for key, reader in zip(keys, strangers(town, [], 5), strict=True):
            assert len(await reader.fetch(key)) == 1
        visits = sum(one.replication.passed for one in town.meshes.values())
        assert visits < 20 * len(town.meshes)

    simulate(body, 40)


def test_a_record_nobody_repeats_is_said_again_by_its_holders_each_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        replication, "_HOUR", 300.0
    )  # else virtual hours of twelve nodes take half a real minute

    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        publisher = next(iter(town.meshes.values()))
        await publisher.publish(key, b"here", 480)
        town.kill(town.address_of(publisher))

        def holders() -> list[Mesh]:
            wall = WALL + trio.current_time()
            return [one for one in town.meshes.values() if one.responder.store.records(key, wall)]

        before = holders()
        for one in before[:-1]:
            one.responder.store = RecordStore(town.rng.randbytes(32))
        assert len(holders()) == 1
        await trio.sleep(360)
        assert len(holders()) >= len(before) - 1
        await trio.sleep(120)
        assert holders() == []

    simulate(body, 12)


def test_what_is_expired_or_withdrawn_is_gone() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        publisher, reader = town.rng.sample(list(town.meshes.values()), 2)
        await publisher.publish(key, b"soon gone", 100)
        assert [one.payload for one in await reader.fetch(key)] == [b"soon gone"]
        await publisher.withdraw(key)
        assert await reader.fetch(key) == []
        await publisher.publish(key, b"again", 100)
        town.kill(town.address_of(publisher))
        assert len(await reader.fetch(key)) == 1
        await trio.sleep(101)
        assert await reader.fetch(key) == []

    simulate(body, 20)


def test_a_large_set_is_read_whole_in_pages() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        for mesh in list(town.meshes.values())[:40]:
            await mesh.publish(key, bytes([1]) * 200, HOUR)
        reader = list(town.meshes.values())[-1]
        await trio.sleep(60)  # records said again as young tables grew are through
        sent = town.net.datagrams
        assert len(await reader.fetch(key)) == 40
        assert town.net.datagrams - sent < 200

    simulate(body, 50)


def test_a_publisher_that_starts_anew_replaces_its_older_records() -> None:
    async def body(town: Town) -> None:
        key, identity = town.rng.randbytes(20), identity_of(town.rng)
        first = await town.settle(identity)
        await first.publish(key, b"old address", HOUR)
        town.kill(town.address_of(first))
        second = await town.settle(identity)
        await second.publish(key, b"new address", HOUR)
        reader = next(iter(town.meshes.values()))
        assert [one.payload for one in await reader.fetch(key)] == [b"new address"]
        await trio.sleep(5)
        moved = [one.responder.table.get(second.id) for one in town.meshes.values() if one is not second]
        places = {contact.address for contact in moved if contact}
        assert town.address_of(second) in places

    simulate(body, 20)


def test_nodes_behind_a_closed_door_read_and_publish_and_are_in_no_table() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        town.config = Config(exempt_local=False, closed=True)
        client = await town.settle()
        assert await client.publish(key, b"from inside", HOUR) == client.config.k
        assert len(await client.fetch(key)) == 1
        await trio.sleep(5)
        others = [one for one in town.meshes.values() if one is not client]
        assert [one for one in others if one.responder.table.get(client.id)] == []
        assert client.external() == (town.address_of(client),)

    simulate(body, 20)


def test_a_node_behind_a_filter_finds_out_steps_back_and_comes_again() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        inside, began = await town.settle(filtered=True), trio.current_time()
        address = town.address_of(inside)
        others = [one for one in town.meshes.values() if one is not inside]
        with trio.fail_after(900):
            while not inside.closed:  # noqa: ASYNC110 - virtual time
                await trio.sleep(5)
        print("closed after s", round(trio.current_time() - began))
        assert not any(one.closed for one in others)
        assert await inside.publish(key, b"from inside", HOUR) >= town.config.k - 1
        assert [one.payload for one in await inside.fetch(key)] == [b"from inside"]
        with trio.fail_after(900):  # each table greets its eldest, by turns of its buckets, once in a while
            while any(one.responder.table.get(inside.id) for one in others):  # noqa: ASYNC110 - virtual time
                await trio.sleep(5)
        assert inside.responder.store.count == 0
        town.net.filtered.discard(address)
        with trio.fail_after(900):
            while inside.closed:  # noqa: ASYNC110 - virtual time
                await trio.sleep(5)
        await inside.asker.near(inside.id)
        await trio.sleep(5)
        assert [one for one in others if one.responder.table.get(inside.id)] != []

    simulate(body, 40)


def test_nobody_is_taken_for_closed_where_datagrams_get_lost() -> None:
    async def body(town: Town) -> None:
        town.net.loss = 0.2
        await trio.sleep(300)
        assert [one for one in town.meshes.values() if one.closed] == []

    simulate(body, 15)


def test_hints_cannot_aim_a_network_at_an_address() -> None:
    async def body(town: Town) -> None:
        victim = ("99.9.9.9", 53)

        class Aimer(Mesh):
            """Names the victim as every node anybody looks for."""

            def reply(self, raw: bytes, address: Address) -> bytes | None:
                call, request = wire.decode(raw)
                if not isinstance(request, wire.FindNode | wire.FindValue):
                    return super().reply(raw, address)
                target = request.target if isinstance(request, wire.FindNode) else request.key
                hints = [wire.Hint(target[:-1] + bytes([i]), pack(victim)) for i in range(6)]
                if isinstance(request, wire.FindNode):
                    return wire.encode(call, wire.Nodes(bytes(8), hints))
                return wire.encode(call, wire.Values(bytes(8), hints, [], bytes(8), 0))

        for _ in range(10):
            await town.settle(make=Aimer)
        honest = [one for one in town.meshes.values() if not isinstance(one, Aimer)]
        await trio.sleep(61)
        town.net.bytes_to.clear()
        began = trio.current_time()
        for _ in range(4):
            for reader in honest:
                await reader.fetch(town.rng.randbytes(20))
        minutes = (trio.current_time() - began) // 60 + 1
        print("aimed", town.net.bytes_to[victim], "minutes", minutes)
        assert 0 < town.net.bytes_to[victim] <= len(honest) * minutes * 2 * wire.ASK_PAD

    simulate(body, 15)


def test_a_flood_under_a_stolen_address_leaves_its_owner_its_answers() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        publishers, _ = await publish_by(town, key, 5)
        reader = strangers(town, publishers, 1)[0]
        assert len(await reader.fetch(key)) == 5
        source = town.address_of(reader)
        for to, target in town.meshes.items():
            for _ in range(200):
                question = wire.padded(wire.FindNode(bytes(20), target.id, key), 160)
                town.net.carry(wire.encode(town.rng.randbytes(16), question), source, to)
        await trio.sleep(0.1)
        began = trio.current_time()
        assert len(await reader.fetch(key)) == 5
        assert trio.current_time() - began < 1

    simulate(body, 20)
