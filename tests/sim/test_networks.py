"""What readers get from networks of real nodes: loss, sudden death, churn, eclipse, lies, floods, spoofed sources."""

import pytest
import trio

from slskmesh.dht import record as records
from slskmesh.dht import replication, wire
from slskmesh.dht.mesh import Mesh
from slskmesh.dht.networks import Address, pack
from slskmesh.dht.node import Config
from slskmesh.dht.record import node_id
from slskmesh.dht.store import RecordStore
from slskmesh.identity.key import Identity
from tests.sim.net import WALL, Town, identity_of, simulate

HOUR = 3600.0


async def publish_by(town: Town, key: bytes, count: int) -> tuple[list[Mesh], list[int]]:
    publishers = town.rng.sample(list(town.meshes.values()), count)
    return publishers, [await one.publish(key, b"payload %d" % i, HOUR) for i, one in enumerate(publishers)]


def strangers(town: Town, publishers: list[Mesh], count: int) -> list[Mesh]:
    return town.rng.sample([one for one in town.meshes.values() if one not in publishers], count)


def test_every_reader_gets_every_publisher_after_40_percent_vanish_at_once() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        sent = town.net.datagrams
        publishers, replicas = await publish_by(town, key, 10)
        print("datagrams a publish", (town.net.datagrams - sent) / 10, "replicas", replicas)
        assert min(replicas) >= 7
        readers = strangers(town, publishers, 5)
        sent = town.net.datagrams
        assert len(await readers[0].fetch(key)) == 10
        print("datagrams a read", town.net.datagrams - sent)
        town.kill_some(0.4, readers)
        for reader in readers:
            began = trio.current_time()
            assert len(await reader.fetch(key)) == 10
            print("after loss: virtual s", round(trio.current_time() - began, 2))

    simulate(body, 50)


@pytest.mark.parametrize("loss", [0.1, 0.3])
def test_lost_datagrams_lose_no_reader_a_record(loss: float) -> None:
    async def body(town: Town) -> None:
        town.net.loss = loss
        key = town.rng.randbytes(20)
        publishers, replicas = await publish_by(town, key, 10)
        print("loss", loss, "replicas", sum(replicas) / 10)
        for reader in strangers(town, publishers, 3):
            began = trio.current_time()
            got = len(await reader.fetch(key))
            print("read", got, round(trio.current_time() - began, 2))
            assert got == 10

    simulate(body, 50)


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


def test_churn_of_20_percent_a_minute_is_outlived_by_publishing_again() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        publishers = town.rng.sample(list(town.meshes.values()), 5)
        for one in publishers:
            await one.publish(key, b"here", 240)
        for _ in range(6):
            await town.renew(50, 0.2, 60, publishers)
            for reader in strangers(town, publishers, 2):
                assert len(await reader.fetch(key)) == 5

    simulate(body, 50)


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


def test_nothing_forged_moved_replayed_oversized_or_immortal_is_believed() -> None:
    async def body(town: Town) -> None:
        key, other = town.rng.randbytes(20), town.rng.randbytes(20)
        liar, victim = identity_of(town.rng), identity_of(town.rng)
        wall = int(WALL + trio.current_time())
        good = records.make(victim, key, 5, wall + 600, b"true")
        forged = records.Record(victim.peer, 9, wall + 600, b"false", good.signature)
        lies = [
            forged,
            records.make(victim, other, 8, wall + 600, b"moved"),
            records.make(victim, key, 4, wall + 600, b"replayed"),
            records.make(liar, key, 1, wall - 1, b"expired"),
            records.make(liar, key, 1, wall + 90_000, b"immortal"),
        ]
        data = [*map(records.encode, lies), bytes(640), b"\xc1"]

        class Liar(Mesh):
            """Answers every read with lies under a digest of its own."""

            def reply(self, raw: bytes, address: Address) -> bytes | None:
                call, request = wire.decode(raw)
                if isinstance(request, wire.FindValue):
                    return wire.encode(call, wire.Values(bytes(8), [], data[:3], bytes(8), 9))
                return super().reply(raw, address)

        for _ in range(10):
            await town.settle(make=Liar)
        honest = next(iter(town.meshes.values()))
        refused = sum(one.responder.counts["refused"] for one in town.meshes.values())
        assert refused == 0
        for contact in await honest.asker.near(key):
            await honest.asker.store(contact, key, [records.encode(good)])
            for lie in data:
                held = await honest.asker.store(contact, key, [lie])
                assert not held or lie == data[2]
            if not isinstance(town.meshes[contact.address], Liar):
                counts = town.meshes[contact.address].responder.counts
                assert counts["refused"] == 5  # forged, moved, immortal and two that are no records
        refused = 0
        for reader in town.rng.sample(list(town.meshes.values())[:30], 5):
            before = reader.responder.counts["refused"]
            assert [one.payload for one in await reader.fetch(key)] == [b"true"]
            refused += reader.responder.counts["refused"] - before
        assert refused > 0

    simulate(body, 30)


def near_identity(town: Town, key: bytes, bits: int) -> Identity:
    while True:
        identity = identity_of(town.rng)
        if (int.from_bytes(node_id(identity.peer), "big") ^ int.from_bytes(key, "big")) >> (160 - bits) == 0:
            return identity


def test_twenty_keys_of_one_network_around_a_topic_hide_nothing() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        honest = list(town.meshes.values())
        sybils: list[Mesh] = []

        class Sybil(Mesh):
            """Swallows stores and names only its like."""

            def reply(self, raw: bytes, address: Address) -> bytes | None:
                call, request = wire.decode(raw)
                hints = [wire.Hint(one.id, pack(town.address_of(one))) for one in sybils[:6]]
                if isinstance(request, wire.FindValue):
                    return wire.encode(call, wire.Values(bytes(8), hints, [], bytes(8), 0))
                if isinstance(request, wire.FindNode):
                    return wire.encode(call, wire.Nodes(bytes(8), hints))
                if isinstance(request, wire.Store):
                    return wire.encode(call, wire.Stored([True] * len(request.records)))
                return super().reply(raw, address)

        for i in range(20):
            sybils.append(await town.settle(near_identity(town, key, 8), f"66.6.6.{i + 1}", Sybil))
        await trio.sleep(5)
        publishers = town.rng.sample(honest, 10)
        for one in publishers:
            await one.publish(key, b"seen", HOUR)
        holders = sum(bool(one.responder.store.records(key, WALL)) for one in honest)
        print("honest holders", holders)
        got = [len(await one.fetch(key)) for one in honest if one not in publishers]
        print("readers got", sorted(got))
        assert holders >= 4
        assert min(got) == 10

    simulate(body, 50)


def test_spoofed_and_flooding_sources_gain_little_and_break_nothing() -> None:
    async def body(town: Town) -> None:
        key = town.rng.randbytes(20)
        publishers, _ = await publish_by(town, key, 10)
        target = next(one for one in town.meshes.values() if one.responder.store.records(key, WALL))
        to = town.address_of(target)
        held = len(target.responder.store.records(key, WALL))
        victim, spent = ("99.9.9.9", 53), 0
        for _ in range(300):
            raw = wire.encode(
                town.rng.randbytes(16), wire.padded(wire.FindValue(bytes(20), target.id, key), 430)
            )
            town.net.carry(raw, victim, to)
            town.net.carry(town.rng.randbytes(town.rng.randrange(1400)), victim, to)
            store = wire.Store(bytes(20), target.id, key, bytes(8), [bytes(300)])
            town.net.carry(wire.encode(town.rng.randbytes(16), store), ("99.9.9.10", 53), to)
            spent += len(raw)
        await trio.sleep(10)
        print("reflected", town.net.bytes_to.get(victim, 0), "of", spent, dict(target.responder.counts))
        assert 0 < town.net.bytes_to[victim] <= 3 * spent
        assert town.net.bytes_to[victim] <= 3 * town.net.bytes_from[victim]
        assert target.responder.counts["limited"] > 300
        assert len(target.responder.store.records(key, WALL)) == held
        assert len(target.asker.calls) == 0
        reader = strangers(town, [*publishers, target], 1)[0]
        assert len(await reader.fetch(key)) == 10

    simulate(body, 30)


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
