"""The forger really forges, over UDP, and honest nodes take none of it: neither as readers nor as holders."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import trio

from slskmesh.demo.forger import Forger
from slskmesh.demo.forgeries import near
from slskmesh.dht import topics
from slskmesh.dht.mesh import Mesh
from slskmesh.dht.node import Clocks
from slskmesh.dht.udp import Sockets
from slskmesh.identity import signing
from slskmesh.identity.key import Identity

RELEASE = "0d4f0a0b-5c1f-4b51-9c6e-0c2f1d1b9a77"


def identity(number: int) -> Identity:
    seed = number.to_bytes(32, "big")
    return Identity(signing.public_key(seed), seed, Path("unused"))


async def test_readers_and_holders_refuse_every_forgery() -> None:
    key = topics.mbid("release", RELEASE)
    clocks = Clocks(trio.current_time, time.time, os.urandom)
    async with trio.open_nursery() as nursery:
        ports = [Sockets() for _ in range(5)]
        for port in ports:
            await port.bind("127.0.0.1", 0)
            nursery.start_soon(port.run)
        honest = [Mesh(identity(n), port, clocks, random.Random(n)) for n, port in enumerate(ports[:4], 1)]
        forger = Forger(near(key), ports[4], key, clocks)
        for mesh in (*honest, forger.mesh):
            nursery.start_soon(mesh.run)
        with trio.fail_after(20):
            for mesh in honest[1:]:
                assert await mesh.join([ports[0].addresses[0]]) == 1
            await forger.join(ports[0].addresses[0])
            assert await honest[1].publish(key, b"the truth", 600) >= 3
            await forger.offer()
            found = await honest[3].fetch(key)
        assert [(one.publisher, one.payload) for one in found] == [(identity(2).peer, b"the truth")]
        assert honest[3].responder.counts["refused"] >= 3
        assert forger.port.answered >= 1
        assert forger.offered >= 8 * 3
        assert forger.kept == 0
        for mesh in honest:
            held = {one.publisher for one in mesh.responder.store.records(key, time.time())}
            assert held <= {identity(2).peer}
        nursery.cancel_scope.cancel()
