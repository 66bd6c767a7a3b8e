"""The node as the engine holds it, over real sockets on loopback."""

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from slskmesh.dht import state
from slskmesh.dht.home import DhtNode
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Config
from slskmesh.dht.topics import mbid, peer_endpoints
from slskmesh.errors import UserError
from slskmesh.identity.key import Identity
from slskmesh.work import DHT_READ, BudgetSpent, LocalBudget, Pool, RemoteBudget

CONFIG = Config(rate=2000, burst=4000)
KEY = mbid("release", "b84ee12a-09ef-421b-82de-0441a926375b")


def node(identity: Identity, path: Path) -> DhtNode:
    rng = random.Random(identity.peer)
    return DhtNode(identity, path, rng=rng, clock=trio.current_time, wall=time.time, config=CONFIG)


@asynccontextmanager
async def running(identities: list[Identity], folder: Path, count: int) -> AsyncIterator[list[DhtNode]]:
    """`count` nodes listening on 127.0.0.1, the others named to the first."""
    async with trio.open_nursery() as nursery:
        nodes = [node(identity, folder / f"{i}.json") for i, identity in enumerate(identities[:count])]
        for one in nodes:
            await nursery.start(one.run)
            await one.listen("127.0.0.1", 0)
        for one in nodes[1:]:
            one.meet(nodes[0].sockets.addresses)
        with trio.fail_after(15):
            await until(lambda: all(one.status().nodes for one in nodes))
            yield nodes
        nursery.cancel_scope.cancel()


async def until(condition: object) -> None:
    while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - what is waited for has no event
        await trio.sleep(0.01)


async def test_nodes_meet_publish_read_and_tell_how_they_stand(
    identities: list[Identity], tmp_path: Path
) -> None:
    async with running(identities, tmp_path, 3) as (first, second, third):
        assert await second.publish(KEY, b"shard", 600) >= 1
        budget = LocalBudget()
        assert [one.payload for one in await third.fetch(KEY, budget)] == [b"shard"]
        assert budget.spent == DHT_READ
        status = second.status()
        assert (status.published, status.refused, status.closed, status.lan) == (1, 0, False, False)
        assert status.listening == (f"127.0.0.1:{second.sockets.addresses[0][1]}",)
        assert first.status().keys + third.status().keys >= 1
        await second.withdraw(KEY)
        assert await third.fetch(KEY, LocalBudget()) == []
        assert second.status().published == 0


async def test_reading_without_budget_asks_nobody(identities: list[Identity], tmp_path: Path) -> None:
    one = node(identities[0], tmp_path / "state")
    budget = RemoteBudget([Pool("a peer", 1, time.monotonic)])
    with pytest.raises(BudgetSpent):
        await one.fetch(KEY, budget)
    with pytest.raises(BudgetSpent):
        await one.endpoints(identities[1].peer, budget)
    assert one.mesh.asker.calls.sent == 0


async def test_endpoints_are_only_what_the_peer_itself_published(
    identities: list[Identity], tmp_path: Path
) -> None:
    async with running(identities, tmp_path, 3) as (first, second, third):
        await second.advertise([("127.0.0.1", 5001), ("not numeric", 1), ("::1", 5001)])
        liar = peer_endpoints(identities[1].peer)
        await third.publish(liar, b"\x01\x06\x14\x00\x00\x01\x00\x50", 600)
        expected: list[Address] = [("127.0.0.1", 5001), ("::1", 5001)]
        assert await first.endpoints(identities[1].peer, LocalBudget()) == expected
        await second.advertise([("127.0.0.1", 5002)])
        assert await first.endpoints(identities[1].peer, LocalBudget()) == [("127.0.0.1", 5002)]
        await second.advertise([])
        assert await first.endpoints(identities[1].peer, LocalBudget()) == []


async def test_what_is_published_before_anybody_is_known_is_there_later(
    identities: list[Identity], tmp_path: Path
) -> None:
    async with running(identities, tmp_path, 2) as nodes:
        async with trio.open_nursery() as nursery:
            late = node(identities[5], tmp_path / "late.json")
            await nursery.start(late.run)
            assert await late.publish(KEY, b"early", 600) == 0
            await late.listen("127.0.0.1", 0)
            late.meet(nodes[0].sockets.addresses)
            await until(lambda: late.status().nodes)
            assert await late.publish(KEY, b"now", 600) >= 1
            assert [one.payload for one in await nodes[1].fetch(KEY, LocalBudget())] == [b"now"]
            nursery.cancel_scope.cancel()


async def test_contacts_are_saved_at_the_end_and_are_the_way_in_next_time(
    identities: list[Identity], tmp_path: Path
) -> None:
    async with running(identities, tmp_path, 2) as (first, _):
        path = tmp_path / "again.json"
        async with trio.open_nursery() as nursery:
            early = node(identities[5], path)
            await nursery.start(early.run)
            await early.listen("127.0.0.1", 0)
            early.meet(first.sockets.addresses)
            await until(lambda: early.status().nodes)
            nursery.cancel_scope.cancel()
        assert set(first.sockets.addresses) <= set(state.load(path))
        async with trio.open_nursery() as nursery:
            again = node(identities[5], path)
            await nursery.start(again.run)
            await again.listen("127.0.0.1", 0)
            await until(lambda: again.status().nodes)
            nursery.cancel_scope.cancel()


async def test_a_state_that_cannot_be_read_or_written_costs_only_itself(
    identities: list[Identity], tmp_path: Path
) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    async with running(identities, tmp_path, 1 + 1) as (first, _), trio.open_nursery() as nursery:
        one = node(identities[5], path)
        await nursery.start(one.run)
        assert "cannot be read" in one.trouble
        await one.listen("127.0.0.1", 0)
        one.meet(first.sockets.addresses)
        await until(lambda: one.status().nodes)
        nursery.cancel_scope.cancel()
    assert "cannot be written" in one.trouble


async def test_listening_moves_stops_and_refuses(identities: list[Identity], tmp_path: Path) -> None:
    async with running(identities, tmp_path, 2) as (first, second):
        taken = first.sockets.addresses[0][1]
        with pytest.raises(UserError, match="cannot listen"):
            await second.listen("127.0.0.1", taken)
        assert len(second.status().listening) == 1
        (moved,) = await second.listen("127.0.0.1", 0)
        assert second.status().listening == (moved,)
        assert await second.publish(KEY, b"moved", 600) == 1
        second.stop_listening()
        assert second.status().listening == ()
        assert await second.publish(KEY, b"silent", 600) == 0


async def test_clocks_that_differ_are_told(identities: list[Identity], tmp_path: Path) -> None:
    one = node(identities[0], tmp_path / "state")
    for difference in (100, 120, 5000):
        one.note_clock(time.time() - difference)
    assert 119 < one.status().skew < 121


async def test_endpoints_have_the_host_that_others_see(identities: list[Identity], tmp_path: Path) -> None:
    async with running(identities, tmp_path, 5) as nodes:
        one = nodes[0]
        assert one.status().external in ("", one.status().listening[0])
        await until(lambda: one.status().external == one.status().listening[0])
        await one.advertise([("0.0.0.0", 5009), ("::", 5009)])
        assert await nodes[1].endpoints(identities[0].peer, LocalBudget()) == [("127.0.0.1", 5009)]
        for voter in range(40):
            seen = ("20.0.0.7", 1234)
            one.mesh.responder.votes.cast(bytes([voter]), seen, trio.current_time())
        assert one.status().external == "20.0.0.7:1234"
        await one.advertise([("192.168.1.5", 5009), ("0.0.0.0", 5009)])
        assert await nodes[1].endpoints(identities[0].peer, LocalBudget()) == [("20.0.0.7", 5009)]


async def test_nodes_of_both_families_find_each_other_by_home(
    identities: list[Identity], tmp_path: Path
) -> None:
    async with trio.open_nursery() as nursery:
        nodes = [node(identity, tmp_path / str(i)) for i, identity in enumerate(identities[:3])]
        for one, host in zip(nodes, ["0.0.0.0", "127.0.0.1", "::1"], strict=True):
            await nursery.start(one.run)
            await one.listen(host, 0)
        both, four, six = nodes
        port = both.sockets.addresses[0][1]
        assert both.status().listening == (f"0.0.0.0:{port}", f"[::]:{port}")
        four.meet([("::1", port), ("127.0.0.1", port)])
        six.meet([("::1", port), ("127.0.0.1", port)])
        with trio.fail_after(10):
            await until(lambda: both.status().nodes == 2)
            assert await four.publish(KEY, b"shard", 600) >= 1
            assert [one.payload for one in await six.fetch(KEY, LocalBudget())] == [b"shard"]
        nursery.cancel_scope.cancel()


async def test_a_read_right_after_the_start_waits_for_the_first_contact(
    identities: list[Identity], tmp_path: Path
) -> None:
    async with running(identities, tmp_path, 2) as (first, second):
        assert await second.publish(KEY, b"shard", 600) == 1
        late = node(identities[2], tmp_path / "late.json")
        async with trio.open_nursery() as nursery:
            await nursery.start(late.run)
            await late.listen("127.0.0.1", 0)
            late.meet(first.sockets.addresses)
            assert [one.payload for one in await late.fetch(KEY, LocalBudget())] == [b"shard"]
            nursery.cancel_scope.cancel()
