"""Nodes over real sockets on loopback, IPv4 and IPv6."""

import os
import random
import time

import pytest
import trio

from slskmesh.dht.mesh import Mesh
from slskmesh.dht.node import Clocks, Config
from slskmesh.dht.topics import peer_endpoints
from slskmesh.dht.udp import open_udp
from slskmesh.errors import UserError
from slskmesh.identity.key import Identity


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_nodes_find_what_one_of_them_published(host: str, identities: list[Identity]) -> None:
    clocks = Clocks(trio.current_time, time.time, os.urandom)
    config = Config(rate=2000, burst=4000)
    async with (
        open_udp(host, 0) as a,
        open_udp(host, 0) as b,
        open_udp(host, 0) as c,
        trio.open_nursery() as nursery,
    ):
        ports = [a, b, c]
        meshes = [
            Mesh(one, port, clocks, random.Random(1), config)
            for one, port in zip(identities, ports, strict=False)
        ]
        for mesh in meshes:
            nursery.start_soon(mesh.run)
        with trio.fail_after(5):
            for mesh in meshes[1:]:
                assert await mesh.join([a.address]) == 1
            key = peer_endpoints(identities[1].peer)
            await a.send(b"garbage", c.address)
            assert await meshes[1].publish(key, b"here", 600) >= 1
            found = await meshes[2].fetch(key)
        assert [(one.publisher, one.payload) for one in found] == [(identities[1].peer, b"here")]
        nursery.cancel_scope.cancel()


async def test_a_taken_port_is_told() -> None:
    async with open_udp("127.0.0.1", 0) as taken:
        with pytest.raises(UserError, match="cannot listen"):
            async with open_udp("127.0.0.1", taken.address[1]):
                pass
