"""Entry of the demo's forger: `python -m slskmesh.demo.forger --meet HOST:PORT --release MBID`.

A node of the table with a key of its own near the release's, so that whoever looks for the release asks it. It is the
real node but for two things, both over the wire: questions for the release it answers with false records, and it
offers the same to every node around. Never part of the product.

Writes {"ready": true, "peer_id", "dht"}, then {"answered", "offered", "kept"} whenever they changed: questions
answered with forgeries, forgeries offered to other nodes, and how many of those were kept (none, where nodes check).
Ends with the process that started it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from typing import Final

import trio

from slskmesh.demo.forgeries import Forgery, forgeries, near
from slskmesh.dht import topics, wire
from slskmesh.dht.calls import Datagrams
from slskmesh.dht.mesh import Mesh
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks
from slskmesh.dht.record import node_id
from slskmesh.dht.table import Contact
from slskmesh.dht.udp import Sockets
from slskmesh.engine.serve import end_with_parent, json_line
from slskmesh.errors import PeerError, SlskmeshError
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import peer_text
from slskmesh.overlay.address import join_address, split_address

_ROUND: Final = 3.0  # seconds between offers to others
_JOIN_AGAIN: Final = 0.3
_FIRST_PAGE: Final = 6  # forgeries that fit one datagram; the longer ones come on the second page
_TOKEN: Final = b"forgery!"


class FalsePort:
    """A `Datagrams` port around another: questions for `key` never reach the node, forgeries answer them."""

    def __init__(self, inner: Datagrams, me: bytes, key: bytes, false: tuple[Forgery, ...]) -> None:
        self._inner, self._me, self._key = inner, me, key
        self.false = false
        self.answered = 0

    def reaches(self, address: Address) -> bool:
        """As Datagrams."""
        return self._inner.reaches(address)

    async def send(self, data: bytes, address: Address) -> None:
        """As Datagrams."""
        await self._inner.send(data, address)

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram that is no question for the key."""
        while True:
            data, address = await self._inner.receive()
            answer = self._answer(data)
            if answer is None:
                return data, address
            self.answered += 1
            await self._inner.send(answer, address)

    def _answer(self, data: bytes) -> bytes | None:
        try:
            call, body = wire.decode(data)
        except PeerError:
            return None
        if not isinstance(body, wire.FindValue) or body.key != self._key or body.to != self._me:
            return None
        page = self.false[_FIRST_PAGE:] if body.after else self.false[:_FIRST_PAGE]
        records = [one.data for one in page]
        return wire.encode(call, wire.Values(_TOKEN, [], records, os.urandom(8), len(self.false)))


class Forger:
    """The node, its false port, and its rounds of offers."""

    def __init__(self, me: Identity, port: Datagrams, key: bytes, clocks: Clocks) -> None:
        self._me, self._key, self._clocks = me, key, clocks
        self._nobody = signing.public_key(
            clocks.entropy(signing.SEED_BYTES)
        )  # spoken for while nobody is known
        self.port = FalsePort(port, node_id(me.peer), key, forgeries(me, self._nobody, key, clocks.wall()))
        self.mesh = Mesh(me, self.port, clocks, random.Random())
        self.offered = 0
        self.kept = 0

    async def join(self, meet: Address) -> None:
        """Tries until the node at `meet` answers."""
        while True:
            if await self.mesh.join([meet]):
                return
            await trio.sleep(_JOIN_AGAIN)

    async def offer(self) -> None:
        """Offers every forgery to each of the nodes nearest to the key, speaking for one who is published there."""
        true = await self.mesh.fetch(self._key)
        victim = true[0].publisher if true else self._nobody
        self.port.false = forgeries(self._me, victim, self._key, self._clocks.wall())
        for contact in await self.mesh.asker.near(self._key):
            await self._offer_to(contact)

    async def _offer_to(self, contact: Contact) -> None:
        asker = self.mesh.asker
        await asker.nodes(contact, self._key)
        token = asker.granted.token(contact.id, contact.address, self._clocks.now())
        for batch in (self.port.false[:_FIRST_PAGE], self.port.false[_FIRST_PAGE:]):
            records = [one.data for one in batch]
            store = wire.Store(self.mesh.id, contact.id, self._key, token, records)
            answer = await asker.calls.call(contact.address, store, wire.Stored)
            self.offered += len(records)
            self.kept += sum(answer.held) if answer is not None else 0


async def run(meet: Address, release: str) -> None:
    """Joins at `meet` and forges until a signal. UserError: no socket."""
    key = topics.mbid("release", release)
    me = near(key)
    clocks = Clocks(trio.current_time, time.time, os.urandom)
    sockets = Sockets()
    address = (await sockets.bind("127.0.0.1", 0))[0]
    async with trio.open_nursery() as nursery:
        await nursery.start(_until_signal, nursery.cancel_scope)
        forger = Forger(me, sockets, key, clocks)
        nursery.start_soon(sockets.run)
        nursery.start_soon(forger.mesh.run)
        await forger.join(meet)
        json_line({"ready": True, "peer_id": peer_text(me.peer), "dht": join_address(*address)})
        told: dict[str, int] = {}
        while True:
            await forger.offer()
            now = {"answered": forger.port.answered, "offered": forger.offered, "kept": forger.kept}
            if now != told:
                json_line(told := now)
            await trio.sleep(_ROUND)


async def _until_signal(
    scope: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()


def main(argv: list[str] | None = None) -> int:
    """Runs until its parent is gone or a signal; returns the exit code."""
    parser = argparse.ArgumentParser(prog="slskmesh.demo.forger", description=__doc__)
    parser.add_argument("--meet", required=True, metavar="HOST:PORT", help="a node of the table")
    parser.add_argument("--release", required=True, metavar="MBID", help="the release to forge records of")
    args = parser.parse_args(argv)
    end_with_parent()
    try:
        trio.run(run, split_address(args.meet), args.release)
    except SlskmeshError as error:
        print(f"slskmesh: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
