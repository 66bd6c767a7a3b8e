"""Nodes over real sockets on loopback: IPv4, IPv6, both in one node; sockets that move, close and are taken."""

import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from slskmesh.dht.mesh import Mesh
from slskmesh.dht.node import Clocks, Config
from slskmesh.dht.topics import peer_endpoints
from slskmesh.dht.udp import Sockets
from slskmesh.errors import UserError
from slskmesh.identity.key import Identity

CONFIG = Config(rate=2000, burst=4000)


@asynccontextmanager
async def live(
    identities: list[Identity], hosts: list[str], config: Config = CONFIG
) -> AsyncIterator[list[tuple[Mesh, Sockets]]]:
    """Running nodes, one a host, none of them knowing another."""
    clocks = Clocks(trio.current_time, time.time, os.urandom)
    async with trio.open_nursery() as nursery:
        nodes = []
        for i, host in enumerate(hosts):
            sockets = Sockets()
            mesh = Mesh(identities[i], sockets, clocks, random.Random(i), config)
            nursery.start_soon(sockets.run)
            nursery.start_soon(mesh.run)
            await sockets.bind(host, 0)
            nodes.append((mesh, sockets))
        with trio.fail_after(10):
            yield nodes
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_nodes_find_what_one_of_them_published(host: str, identities: list[Identity]) -> None:
    async with live(identities, [host] * 3) as ((_, a), (second, b), (third, c)):
        for mesh in (second, third):
            assert await mesh.join([a.addresses[0]]) == 1
        key = peer_endpoints(identities[1].peer)
        await a.send(b"garbage", c.addresses[0])
        assert await second.publish(key, b"here", 600) >= 1
        found = await third.fetch(key)
        assert [(one.publisher, one.payload) for one in found] == [(identities[1].peer, b"here")]
        assert b.addresses != c.addresses


async def test_a_node_of_both_families_joins_nodes_of_one(identities: list[Identity]) -> None:
    async with live(identities, ["", "127.0.0.1", "::1"]) as ((both, sockets), (four, a), (six, b)):
        assert [address[0] for address in sockets.addresses] == ["0.0.0.0", "::"]
        assert len({address[1] for address in sockets.addresses}) == 1
        assert await both.join([*a.addresses, *b.addresses]) == 2
        key = b"k" * 20
        assert await four.publish(key, b"over four", 600) >= 1
        assert [one.payload for one in await six.fetch(key)] == [b"over four"]
        assert not a.reaches(b.addresses[0])
        assert await four.join(b.addresses) == 0
        assert four.responder.table.get(six.id) is None
        assert six.responder.table.get(four.id) is None


async def test_one_network_of_ipv6_gets_three_places_a_bucket_and_two_in_answers(
    identities: list[Identity],
) -> None:
    config = Config(rate=2000, burst=4000, exempt_local=False)
    async with live(identities, ["::1"] * 7, config) as nodes:
        first, _ = nodes[0]
        await first.join([sockets.addresses[0] for _, sockets in nodes[1:]])
        table = first.responder.table
        assert max(len(bucket.get_nodes()) for bucket in table.buckets) == 3
        assert len(table.find_neighbors(table.node)) == 2


async def test_sockets_move_close_and_come_back() -> None:
    async with trio.open_nursery() as nursery:
        a, b = Sockets(), Sockets()
        nursery.start_soon(a.run)
        nursery.start_soon(b.run)
        (target,) = await b.bind("127.0.0.1", 0)
        (first,) = await a.bind("127.0.0.1", 0)
        with trio.fail_after(5):
            await a.send(b"one", target)
            assert await b.receive() == (b"one", first)
            (second,) = await a.bind("127.0.0.1", 0)
            assert second != first
            await b.send(b"two", second)
            assert await a.receive() == (b"two", target)
            assert await a.bind("", second[1]) == (("0.0.0.0", second[1]), ("::", second[1]))
            await b.send(b"three", second)
            assert await a.receive() == (b"three", target)
            a.close()
            assert not a.reaches(target)
            await a.send(b"lost", target)
            (third,) = await a.bind("127.0.0.1", 0)
            await b.send(b"four", third)
            assert await a.receive() == (b"four", target)
        nursery.cancel_scope.cancel()
    assert a.addresses == ()


async def test_a_taken_port_is_told_and_the_former_place_kept() -> None:
    a, b = Sockets(), Sockets()
    (taken,) = await a.bind("127.0.0.1", 0)
    (own,) = await b.bind("127.0.0.1", 0)
    with pytest.raises(UserError, match="cannot listen"):
        await b.bind("127.0.0.1", taken[1])
    with pytest.raises(UserError, match="cannot listen"):
        await b.bind("203.0.113.7", own[1])
    with pytest.raises(UserError):
        await b.bind("no.such.host.invalid", 0)
    assert b.addresses == (own,)
    a.close()
    b.close()
