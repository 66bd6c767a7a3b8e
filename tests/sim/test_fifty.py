"""Networks of fifty nodes, several seeds each, under one condition at a time: what readers get and how soon.

Times are virtual; one way takes 5 to 40 ms and an unanswered call a second, twice.
"""

import pytest
import trio

from tests.sim.hostile import Flood, eclipse, liar_class, lies_about, offer, wall
from tests.sim.net import Town, simulate
from tests.sim.readers import LOSSES, topic

NODES = 50
SEEDS = (11, 12, 13)
seeds = pytest.mark.parametrize("seed", SEEDS)
few = pytest.mark.parametrize("seed", SEEDS[:2])


@few
def test_losses_of_0_to_30_percent_hide_no_record(seed: int) -> None:
    async def body(town: Town) -> None:
        for loss, least, seconds in LOSSES:
            town.net.loss = loss
            subject = topic(town, 10)
            replicas = await subject.publish()
            slowest = await subject.read_by(subject.strangers(3))
            print("loss", loss, "replicas", replicas, "slowest read", round(slowest, 2))
            assert replicas >= least
            assert slowest <= seconds

    simulate(body, NODES, seed)


@seeds
def test_readers_lose_nothing_when_40_percent_vanish_at_once(seed: int) -> None:
    async def body(town: Town) -> None:
        subject = topic(town, 10)
        await subject.publish()
        readers = subject.strangers(5)
        town.kill_some(0.4, readers)
        first = await subject.read_by(readers)
        await trio.sleep(120)
        again = await subject.read_by(readers)
        others = await subject.read_by(subject.strangers(5, readers))
        print(
            "slowest read after loss", round(first, 2), "again", round(again, 2), "others", round(others, 2)
        )
        assert first <= 8
        assert again < 2
        assert others <= 4

    simulate(body, NODES, seed)


@few
def test_churn_of_20_percent_a_minute_hides_no_record(seed: int) -> None:
    async def body(town: Town) -> None:
        subject = topic(town, 5)
        await subject.publish(ttl=120)
        for _ in range(3):
            await town.renew(NODES, 0.2, 60, subject.publishers)
            slowest = await subject.read_by(subject.strangers(2))
            print("minute of churn: slowest read", round(slowest, 2))
            assert slowest <= 10

    simulate(body, NODES, seed)


@seeds
def test_lies_are_neither_taken_nor_believed(seed: int) -> None:
    async def body(town: Town) -> None:
        subject = topic(town, 10)
        lies = await lies_about(town, subject)
        await offer(subject.strangers(1)[0], subject.key, lies)
        make = liar_class(town.rng, list(lies.values()))
        liars = [await town.settle(make=make) for _ in range(12)]
        await trio.sleep(10)
        slowest = await subject.read_by(subject.strangers(5, liars))
        print("slowest read among liars", round(slowest, 2))
        honest = [one for one in town.meshes.values() if one not in liars]
        assert sum(one.responder.counts["refused"] for one in honest) > 0
        assert slowest <= 6
        kept = {one.payload for mesh in honest for one in mesh.responder.store.records(subject.key, wall())}
        assert set(subject.texts.values()) <= kept <= {*subject.texts.values(), b"said before"}

    simulate(body, NODES, seed)


@few
def test_twenty_keys_of_one_network_nearest_to_a_topic_hide_no_record(seed: int) -> None:
    async def body(town: Town) -> None:
        subject = topic(town, 10)
        gang = await eclipse(town, subject.key, 20, bits=7)
        await trio.sleep(5)
        await subject.publish()
        honest = [one for one in subject.holders() if one not in gang]
        slowest = await subject.read_by(subject.strangers(8, gang))
        print("honest holders", len(honest), "slowest read", round(slowest, 2))
        assert len(honest) >= 4
        assert slowest <= 6

    simulate(body, NODES, seed)


def test_reads_go_on_under_floods_and_spoofed_sources_and_nothing_is_amplified() -> None:
    async def body(town: Town) -> None:
        subject = topic(town, 10)
        await subject.publish()
        targets = subject.holders()
        flood = Flood(town, subject.key, targets)
        await flood.pour(rate=5, seconds=6)  # below any rate, so that all is answered that will be
        await trio.sleep(20)
        print("reflected", flood.reflected(), "of", flood.spoofed)
        assert flood.spoofed < flood.reflected() <= 3 * flood.spoofed
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood.pour, 80, 5)
            await trio.sleep(3)
            slowest = await subject.read_by(subject.strangers(5))
        await trio.sleep(20)
        rates = town.config
        served = rates.burst + rates.rate * 6  # of one source by one node, in the seconds of the flood
        assert slowest <= 4
        assert flood.reflected() <= 3 * flood.spoofed
        assert all(one.responder.counts["limited"] >= 2 * (80 * 5 - served) for one in targets)
        assert all(len(one.asker.calls) == 0 for one in targets)
        assert all(one.responder.table.get(bytes(20)) is None for one in town.meshes.values())

    simulate(body, NODES, SEEDS[0])
