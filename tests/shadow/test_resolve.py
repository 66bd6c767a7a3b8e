"""Resolving: who is dialled, who is believed, and when it ends. Virtual time, peers in memory."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
import pytest
import trio

from slskmesh.dht import record as records
from slskmesh.errors import PeerError
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.governance.standing import Standing
from slskmesh.identity.key import Identity
from slskmesh.mbid import mbid_bytes
from slskmesh.shadow import resolve
from slskmesh.shadow import shard as shards
from slskmesh.shadow.census import key_of
from slskmesh.shadow.descriptors import FingerprintBundleAdvert, MbidSwarmDescriptor, VariantAdvert
from slskmesh.shadow.port import Resolution
from slskmesh.shadow.resolve import Resolver
from slskmesh.shadow.shard import Shard
from slskmesh.work import BudgetSpent, LocalBudget, RemoteBudget
from tests.shadow.doubles import TODAY, Crowd, Table, View, advert, identities, mbid, standing
from tests.sim.net import WALL

RELEASE, RECORDING = mbid(1), mbid(100)
KEY = key_of("release", RELEASE)
RAW = mbid_bytes(RELEASE)


class Scene:
    """`count` publishers that hold one track each, each in a network of its own."""

    def __init__(self, count: int, seed: int = 7) -> None:
        self.me, *self.others = identities(count + 1, seed)
        self.table, self.crowd, self.standing = Table(), Crowd(), standing()
        self.view = View(self.table, self.me)
        self.resolver = Resolver(
            self.view,
            self.crowd,
            self.crowd,
            self.standing,
            me=self.me.peer,
            connected=self.crowd.sessions,
            rng=random.Random(seed),
            wall=lambda: WALL,
        )
        for number, one in enumerate(self.others):
            self.publish(one)
            self.crowd.add(one.peer, [advert(number, RECORDING)])

    def publish(self, one: Identity, payload: bytes = b"", ttl: float = 6 * 3600) -> None:
        self.table.put(one, KEY, payload or shards.encode(Shard(1, 1, 10, TODAY)), ttl)

    async def resolve(self, budget: Any = None, **options: Any) -> Resolution:
        return await self.resolver.resolve("release", RELEASE, budget or LocalBudget(), **options)


async def test_publishers_become_holders_with_what_they_show(autojump_clock: object) -> None:
    scene = Scene(5)
    heard: list[Resolution] = []
    found = await scene.resolve(progress=heard.append)
    assert {holder.peer for holder in found.holders} == {one.peer for one in scene.others}
    assert all(len(holder.variants) == 1 and holder.level == 1 and holder.network for holder in found.holders)
    assert (found.publishers, found.asked, found.done) == (5, 5, True) and found.estimate == 5
    assert found.lines[0] == "5 peers in the table say they hold it, about 5 in all"
    assert found.lines[1] == "5 peers asked, 5 showed what they hold"
    assert [len(one.holders) for one in heard] == [0, 1, 2, 3, 4, 5] and not any(one.done for one in heard)


async def test_forged_shards_never_lead_to_a_dial(autojump_clock: object) -> None:
    scene = Scene(2)
    victims = identities(6, seed=3)
    for one in victims:
        scene.crowd.add(one.peer, [advert(90, RECORDING)])
    good = shards.encode(Shard(0, 1, 0, TODAY))
    mine = records.make(victims[0], KEY, 1, int(WALL + 3600), good)
    scene.table.put_raw(KEY, msgspec.structs.replace(mine, publisher=victims[1].peer))
    scene.table.put_raw(KEY, records.make(victims[2], key_of("release", mbid(2)), 1, int(WALL + 3600), good))
    scene.table.put_raw(KEY, records.make(victims[3], KEY, 1, int(WALL - 1), good))
    scene.publish(victims[4], b"\x01 not a shard")
    scene.publish(victims[5], ttl=20 * 3600)
    found = await scene.resolve()
    assert set(scene.crowd.dialled) == {one.peer for one in scene.others}
    assert found.publishers == 2
    assert dict(found.refused) == {"forged": 2, "expired": 1, "unreadable": 1, "living too long": 1}
    assert (
        "5 records of the table refused: 1 expired, 2 forged, 1 living too long, 1 unreadable" in found.lines
    )


async def test_neither_we_ourselves_nor_the_blocked_are_dialled(autojump_clock: object) -> None:
    scene = Scene(3)
    scene.publish(scene.me)
    scene.standing.set_blocked(scene.others[0].peer, True)
    found = await scene.resolve()
    assert set(scene.crowd.dialled) == {one.peer for one in scene.others[1:]}
    assert found.publishers == 2


async def test_connected_peers_are_asked_without_a_shard_and_without_a_dial(autojump_clock: object) -> None:
    scene = Scene(0)
    neighbour, empty = identities(2, seed=5)
    scene.crowd.add(neighbour.peer, [advert(1, RECORDING)])
    scene.crowd.add(empty.peer, [])
    scene.crowd.connect(neighbour.peer)
    scene.crowd.connect(empty.peer)
    found = await scene.resolve()
    assert [holder.peer for holder in found.holders] == [neighbour.peer]
    assert found.holders[0].level == -1 and not scene.crowd.dialled
    assert found.estimate == 1 and found.publishers == 0


async def test_sixteen_at_once_sixty_four_in_all_and_no_more_after_enough(autojump_clock: object) -> None:
    scene = Scene(100)
    scene.crowd.delay = 1.0
    found = await scene.resolve()
    assert scene.crowd.most == resolve.AT_ONCE
    assert resolve.ENOUGH <= len(found.holders) < resolve.ENOUGH + resolve.AT_ONCE
    scene = Scene(100)
    scene.crowd.shows = {peer: [] for peer in scene.crowd.shows}
    found = await scene.resolve()
    assert len(scene.crowd.dialled) == resolve.TRIED_MAX
    assert not found.holders and "64 no longer had it" in found.lines[1]


async def test_trusted_first_then_own_experience(autojump_clock: object) -> None:
    scene = Scene(30)
    scene.crowd.delay = 1.0
    trusted, known = scene.others[20].peer, scene.others[25].peer
    scene.standing.set_trusted(trusted, True)
    scene.standing.note(known, "good-chunk")
    await scene.resolve()
    assert scene.crowd.dialled[:2] == [trusted, known]


async def test_two_of_a_network_are_asked_and_more_only_where_few_others_hold_it(
    autojump_clock: object,
) -> None:
    scene = Scene(12)
    sybils = identities(10, seed=9)
    for number, one in enumerate(sybils):
        scene.publish(one)
        scene.crowd.add(one.peer, [advert(500, RECORDING)], f"203.0.113.{number + 1}:50300")
    found = await scene.resolve()
    networks = Counter(holder.network for holder in found.holders)
    assert networks["203.0.113.0/24"] == resolve.NETWORK_MAX and len(found.holders) == 14
    assert "8 peers of networks that had been asked twice came last" in found.lines
    for one in scene.others[4:]:
        scene.crowd.shows[one.peer] = []
    found = await scene.resolve()
    assert Counter(holder.network for holder in found.holders)["203.0.113.0/24"] == 10


async def test_peers_of_this_machine_are_each_their_own_network(autojump_clock: object) -> None:
    scene = Scene(0)
    for number, one in enumerate(identities(12, seed=9)):
        scene.publish(one)
        scene.crowd.add(one.peer, [advert(number, RECORDING)], f"127.0.0.1:{5000 + number}")
    assert len({holder.network for holder in (await scene.resolve()).holders}) == 12


def part(*variants: VariantAdvert, release: bytes = RAW) -> MbidSwarmDescriptor:
    return MbidSwarmDescriptor(release, variants)


@pytest.mark.parametrize(
    "answer",
    [
        [part(advert(1, RECORDING), release=mbid_bytes(mbid(2)))],
        [part(advert(1, RECORDING), advert(1, RECORDING))],
        [part(advert(1, RECORDING)), part(advert(1, RECORDING))],
        [part(msgspec.structs.replace(advert(1, RECORDING), recording=b"short"))],
        [part(advert(1, RECORDING, stream=b"short"))],
        [part(*(advert(n + 200 * p, RECORDING) for n in range(200))) for p in range(11)],
    ],
)
async def test_a_false_descriptor_costs_its_sender_only(
    autojump_clock: object, answer: list[MbidSwarmDescriptor]
) -> None:
    scene = Scene(4)
    liar = scene.others[0].peer
    scene.crowd.wrong[liar] = answer
    found = await scene.resolve()
    assert {holder.peer for holder in found.holders} == {one.peer for one in scene.others[1:]}
    assert dict(found.refused) == {"false descriptor": 1} and "1 answered falsely" in found.lines[1]
    assert not scene.standing.may_connect(liar)
    assert all(scene.standing.may_connect(one.peer) for one in scene.others[1:])


async def test_a_long_descriptor_in_parts_is_put_together(autojump_clock: object) -> None:
    scene = Scene(1)
    parts = [part(*(advert(n + 200 * p, RECORDING) for n in range(200))) for p in range(10)]
    scene.crowd.wrong[scene.others[0].peer] = parts
    assert len((await scene.resolve()).holders[0].variants) == 2000


async def test_who_cannot_be_reached_or_does_not_answer_is_told_of_and_not_blamed(
    autojump_clock: object,
) -> None:
    scene = Scene(4)
    del scene.crowd.addresses[scene.others[0].peer]
    scene.crowd.wrong[scene.others[1].peer] = CallFailed(Status.TIMEOUT, "no answer in time")
    scene.crowd.wrong[scene.others[2].peer] = PeerError("gone", "the line closed", blame=False)
    found = await scene.resolve()
    assert len(found.holders) == 1 and found.silent == 2
    assert found.lines[1] == "3 peers asked, 1 showed what they hold, 1 not reached, 2 did not answer"
    assert all(scene.standing.may_connect(one.peer) for one in scene.others)


async def test_it_ends_by_its_deadline_with_what_is_known(autojump_clock: object) -> None:
    scene = Scene(40)
    scene.crowd.delay = 12.0
    began = trio.current_time()
    found = await scene.resolve()
    assert trio.current_time() - began == pytest.approx(resolve.DEADLINE, abs=0.5)
    assert found.done and 0 < len(found.holders) < 40
    assert found.lines[-1] == "the time for asking (30 s) was up"
    scene.view.reading = trio.Event()
    found = await scene.resolve()
    assert found.holders == () and found.done


async def test_cancelling_ends_every_call_under_way(autojump_clock: object) -> None:
    scene = Scene(20)
    scene.crowd.delay = 5.0
    with trio.move_on_after(7) as scope:
        await scene.resolve()
    assert scope.cancelled_caught and scene.crowd.now == 0


async def test_a_remote_budget_dials_as_far_as_it_goes_and_no_further(autojump_clock: object) -> None:
    scene = Scene(20)
    budget = RemoteBudget([])
    found = await scene.resolve(budget)
    # 10 units: reading 2, then 3 each for reaching and asking; dials that cannot be asked for are spent too.
    assert budget.spent <= 10 and 1 <= len(scene.crowd.dialled) <= 4
    assert len(found.holders) + found.silent <= 4
    assert any("used up its 10 work units" in line for line in found.lines)
    with pytest.raises(BudgetSpent):
        await scene.resolve(RemoteBudget([], units=1))


async def test_recordings_are_asked_for_as_bundles(autojump_clock: object) -> None:
    scene = Scene(0)
    holder, liar = identities(2, seed=5)
    key = key_of("recording", RECORDING)
    for one in (holder, liar):
        scene.table.put(one, key, shards.encode(Shard(0, 1, 0, TODAY)))
        scene.crowd.add(one.peer, [advert(1, RECORDING), advert(2, mbid(101))])
    scene.crowd.wrong[liar.peer] = FingerprintBundleAdvert(mbid_bytes(RECORDING), (advert(7, mbid(102)),))
    found = await scene.resolver.resolve("recording", RECORDING, LocalBudget())
    assert [one.peer for one in found.holders] == [holder.peer] and len(found.holders[0].variants) == 1
    assert {method for _, method in scene.crowd.called} == {"FingerprintBundle"}
    assert dict(found.refused) == {"false descriptor": 1}


async def test_contents_are_only_reached_for(autojump_clock: object) -> None:
    scene = Scene(0)
    holder, gone = identities(2, seed=5)
    key = key_of("content", "ab" * 32)
    for one in (holder, gone):
        scene.table.put(one, key, shards.encode(Shard(1, 1, 1, TODAY)))
    scene.crowd.add(holder.peer, [])
    found = await scene.resolver.resolve("content", "ab" * 32, LocalBudget())
    assert [one.peer for one in found.holders] == [holder.peer] and not scene.crowd.called


async def test_the_estimate_gives_unreached_keys_one_voice(autojump_clock: object) -> None:
    scene = Scene(12)
    for one in identities(40, seed=11):
        scene.publish(one, shards.encode(Shard(0, 1, 0, TODAY, sketch=b"\xff" * 64)))
    found = await scene.resolve()
    assert found.publishers == 52 and 52 <= found.estimate <= 70


def test_standing_is_a_regard() -> None:
    regard: resolve.Regard = Standing(lambda: 0.0)
    assert regard.may_connect(identities(1)[0].peer)
