"""Networks of two hundred nodes, each under several conditions at once or in turn: what readers get and how soon."""

import trio

from tests.sim.hostile import Flood, eclipse, liar_class, lies_about, offer
from tests.sim.net import Town, simulate
from tests.sim.readers import LOSSES, topic

NODES = 200


def test_losses_churn_and_then_40_percent_gone_at_once_hide_no_record() -> None:
    async def body(town: Town) -> None:
        subject = topic(town, 10)
        for loss, least, seconds in LOSSES:
            town.net.loss = loss
            replicas = await subject.publish(ttl=120)
            slowest = await subject.read_by(subject.strangers(2))
            print("loss", loss, "replicas", replicas, "slowest read", round(slowest, 2))
            assert replicas >= least
            assert slowest <= seconds
        town.net.loss = 0.0
        await town.renew(NODES, 0.2, 60, subject.publishers)
        churned = await subject.read_by(subject.strangers(3))
        readers = subject.strangers(5)
        town.kill_some(0.4, readers)
        vanished = await subject.read_by(readers)
        print("slowest read after churn", round(churned, 2), "after loss", round(vanished, 2))
        assert churned <= 10
        assert vanished <= 10

    simulate(body, NODES, 21)


def test_liars_an_eclipse_a_flood_and_then_sudden_loss_hide_no_record_and_add_none() -> None:
    async def body(town: Town) -> None:
        subject = topic(town, 10)
        gang = await eclipse(town, subject.key, 20, bits=8)
        lies = await lies_about(town, subject)
        make = liar_class(town.rng, list(lies.values()))
        crooks = [*gang, *[await town.settle(make=make) for _ in range(20)]]
        await offer(subject.strangers(1, crooks)[0], subject.key, lies, crooks)
        targets = [one for one in subject.holders() if one not in crooks]
        flood = Flood(town, subject.key, targets)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood.pour, 40, 3)
            slowest = await subject.read_by(subject.strangers(5, crooks))
        await trio.sleep(2)
        print("honest holders", len(targets), "slowest read", round(slowest, 2))
        assert len(targets) >= 4
        assert slowest <= 6
        assert 0 < flood.reflected() <= 3 * flood.spoofed
        readers = subject.strangers(5, crooks)
        town.kill_some(1 / 3, [*readers, *crooks])  # 40 % of the honest
        slowest = await subject.read_by(readers)
        print("slowest read after loss", round(slowest, 2))
        assert slowest <= 10

    simulate(body, NODES, 23)
