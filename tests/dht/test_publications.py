"""Our own records: said again at half their life, sooner where nobody took them, withdrawn until the former is gone."""

import itertools
import random

import pytest
import trio
import trio.testing

from slskmesh.dht import publications as module
from slskmesh.dht import record as records
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.publications import Publications
from slskmesh.dht.record import Record
from slskmesh.dht.table import Contact
from slskmesh.identity.key import Identity

KEY = bytes(range(20))
WALL = 1_800_000_000.0


class Takers:
    """Stands for the network: `count` nodes that take what they are given."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.said: list[tuple[float, Record]] = []
        self.tries = 0

    async def near(self, key: bytes) -> list[Contact]:
        await trio.sleep(0.1)
        self.tries += 1
        return [Contact(bytes([i]) * 20, (f"20.0.{i}.1", 7)) for i in range(self.count)]

    async def store(self, contact: Contact, key: bytes, data: list[bytes]) -> bool:
        record = records.decode(data[0])
        records.verify(record, key, WALL + trio.current_time())
        if contact.id[0] == 0:
            self.said.append((trio.current_time(), record))
        return True


def publications(identity: Identity, takers: Takers) -> Publications:
    clocks = Clocks(trio.current_time, lambda: WALL + trio.current_time(), random.Random(1).randbytes)
    responder = Responder(identity, clocks, Config())
    return Publications(identity, takers, responder, clocks, random.Random(1), Config())  # type: ignore[arg-type]


async def tick(ours: Publications, seconds: int) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(seconds):
            ours.tick(nursery)
            await trio.sleep(1)


async def test_a_record_is_said_again_at_half_its_life_with_higher_numbers(
    identities: list[Identity], autojump_clock: trio.testing.MockClock
) -> None:
    takers = Takers(8)
    ours = publications(identities[0], takers)
    assert await ours.publish(KEY, b"here", 600) == 8
    await tick(ours, 1000)
    times = [at for at, _ in takers.said]
    assert len(times) == 4
    assert all(265 <= b - a <= 335 for a, b in itertools.pairwise(times))
    numbers = [record.seq for _, record in takers.said]
    assert numbers == sorted(set(numbers))
    assert all(record.expiry - (WALL + at) <= 600 for at, record in takers.said)


async def test_what_nobody_took_is_tried_sooner_and_less_and_less_often(
    identities: list[Identity], autojump_clock: trio.testing.MockClock
) -> None:
    takers = Takers(0)
    ours = publications(identities[0], takers)
    assert await ours.publish(KEY, b"here", 3600) == 0
    await tick(ours, 100)
    assert takers.tries == 3  # at once, after 15 s, after 30 s more
    takers.count = 8
    await tick(ours, 100)
    assert takers.tries == 4
    assert len(takers.said) == 1


async def test_a_withdrawal_is_said_until_the_former_record_is_gone(
    identities: list[Identity], autojump_clock: trio.testing.MockClock
) -> None:
    takers = Takers(8)
    ours = publications(identities[0], takers)
    await ours.publish(KEY, b"here", 600)
    assert await ours.withdraw(KEY) == 8
    assert ours.count == 0
    assert await ours.withdraw(KEY) == 0
    await tick(ours, 1500)
    assert [record.payload for _, record in takers.said] == [b"here", b"", b""]
    await ours.publish(KEY, b"again", 600)
    await tick(ours, 10)
    assert takers.said[-1][1].payload == b"again"


async def test_a_record_withdrawn_while_it_is_said_is_not_said_after(
    identities: list[Identity], autojump_clock: trio.testing.MockClock
) -> None:
    takers = Takers(8)
    ours = publications(identities[0], takers)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ours.publish, KEY, b"here", 600)
        await trio.sleep(0.05)
        await ours.withdraw(KEY)
    assert [record.payload for _, record in takers.said] == [b""]


async def test_what_is_out_of_bounds_is_refused(
    identities: list[Identity], monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    ours = publications(identities[0], Takers(1))
    for payload, ttl in ((b"", 60), (bytes(513), 60), (b"x", 0), (b"x", 86_401)):
        with pytest.raises(ValueError, match="out of bounds"):
            await ours.publish(KEY, payload, ttl)
    monkeypatch.setattr(module, "_MOST", 2)
    for i in range(2):
        await ours.publish(bytes([i]) * 20, b"x", 60)
    with pytest.raises(ValueError, match="too many"):
        await ours.publish(KEY, b"x", 60)
    assert ours.count == 2


async def test_a_record_is_said_again_each_time_a_young_table_has_doubled(
    identities: list[Identity], autojump_clock: trio.testing.MockClock
) -> None:
    takers = Takers(8)
    clocks = Clocks(trio.current_time, lambda: WALL + trio.current_time(), random.Random(1).randbytes)
    responder = Responder(identities[0], clocks, Config())
    ours = Publications(identities[0], takers, responder, clocks, random.Random(1), Config())  # type: ignore[arg-type]
    await ours.publish(KEY, b"x", 3600)
    said = []
    for nodes in range(1, 250):
        rng = random.Random(nodes)
        responder.table.add_contact(Contact(rng.randbytes(20), (f"30.{nodes}.0.1", 7)))
        await tick(ours, 2)
        said.append((len(responder.table.contacts()), len(takers.said)))
    times = {
        count: next(nodes for nodes, done in said if done >= count)
        for count in range(2, len(takers.said) + 1)
    }
    assert list(times.values()) == [1, 2, 4, 8, 16, 32]
