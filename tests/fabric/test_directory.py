"""Finding services and asking the best peer: over an index in memory, and sessions in memory."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from slskmesh.dht import record as records
from slskmesh.dht import topics
from slskmesh.dht.port import TableStatus
from slskmesh.dht.record import Record
from slskmesh.errors import PeerError
from slskmesh.fabric.descriptor import TTL, describe
from slskmesh.fabric.directory import FOUND_MAX, Directory
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import Session
from slskmesh.overlay.router import MessageRouter
from slskmesh.work import DHT_READ, DIAL, MESH_CALL, Budget, BudgetSpent, LocalBudget, RemoteBudget
from tests.fabric.pairs import Parrot, Side, Text, join

NOW = 1_000_000
SERVICE = topics.service("parrot")


def identity(number: int) -> Identity:
    seed = number.to_bytes(32, "big")
    return Identity(signing.public_key(seed), seed, Path("none"))


class Table:
    """The table's port, in memory, for one publisher's view: really signed and verified records."""

    def __init__(self, own: Identity) -> None:
        self.own = own
        self.held: dict[bytes, list[Record]] = {}
        self.ttls: list[float] = []

    def add(self, who: Identity, key: bytes, payload: bytes, ttl: float) -> None:
        kept = [one for one in self.held.get(key, []) if one.publisher != who.peer]
        self.held[key] = [*kept, records.make(who, key, len(self.ttls), int(NOW + ttl), payload)]

    async def publish(self, key: bytes, payload: bytes, ttl: float) -> int:
        self.ttls.append(ttl)
        self.add(self.own, key, payload, ttl)
        return 1

    async def withdraw(self, key: bytes) -> int:
        return await self.publish(key, b"", 60)

    async def fetch(self, key: bytes, budget: Budget) -> list[Record]:
        budget.spend(DHT_READ)
        for one in self.held.get(key, []):
            records.verify(one, key, NOW)
        return list(self.held.get(key, []))

    def status(self) -> TableStatus:
        return TableStatus()


class Town:
    """One asker and peers that offer the parrot; `reach` opens a line to those that are up."""

    def __init__(self) -> None:
        self.own = identity(1)
        self.table = Table(self.own)
        self.me = Side(MessageRouter(), self.own.peer, rng=random.Random(1))
        self.peers: dict[PeerId, Side] = {}
        self.addresses: dict[PeerId, str] = {}
        self.sessions: dict[PeerId, Session] = {}
        self.down: set[PeerId] = set()
        self.unwelcome: set[PeerId] = set()
        self.dialled: list[PeerId] = []
        self.directory = Directory(
            self.table,
            self.me.fabric,
            own=self.own.peer,
            reach=self,
            address_of=lambda peer: self.addresses.get(peer, ""),
            welcome=lambda peer: peer not in self.unwelcome,
            wall=lambda: NOW,
        )

    def settle(self, number: int, *, live: bool = True) -> PeerId:
        """A peer that says it offers the parrot."""
        who = identity(number)
        self.table.add(who, SERVICE, describe(Parrot()), TTL)
        if live:
            self.peers[who.peer] = Side(MessageRouter(), who.peer)
        return who.peer

    async def reach(self, peer: PeerId, budget: Budget) -> Session:
        budget.spend(DIAL)
        self.dialled.append(peer)
        if peer in self.down or peer not in self.peers:
            raise PeerError("unreachable", "no answer", blame=False)
        if peer not in self.sessions:
            self.sessions[peer] = join(self.me, self.peers[peer])[0]
        return self.sessions[peer]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            for side in (self.me, *self.peers.values()):
                await nursery.start(side.fabric.run)
            yield
            nursery.cancel_scope.cancel()

    async def ask(self, budget: Budget | None = None, tries: int = 3) -> Text:
        return await self.directory.call_best(
            "parrot", "Say", Text("hello"), Text, budget or LocalBudget(), tries=tries
        )


async def test_only_exposed_services_are_told_of_and_withdrawn_later() -> None:
    town = Town()
    assert await town.directory.advertise() == 1
    assert town.table.ttls == [TTL] and town.table.held[SERVICE][0].payload == describe(Parrot())
    assert await town.directory.find("parrot", LocalBudget()) == []  # not ourselves
    town.me.allowed.clear()
    assert await town.directory.advertise() == 0
    assert town.table.held[SERVICE][0].payload == b""


async def test_at_most_twenty_are_found_and_only_true_descriptors() -> None:
    town = Town()
    for number in range(100, 150):
        town.settle(number, live=False)
    refused = town.settle(500, live=False)
    town.unwelcome.add(refused)
    town.table.add(identity(501), SERVICE, b"rubbish", TTL)
    town.table.add(identity(502), SERVICE, describe(Parrot()), 5 * 3600)
    town.table.add(identity(503), SERVICE, b"", TTL)
    budget = LocalBudget()
    found = await town.directory.find("parrot", budget)
    assert len(found) == len({one.peer for one in found}) == FOUND_MAX and budget.spent == DHT_READ
    assert not {one.peer for one in found} & {refused, *(identity(n).peer for n in (501, 502, 503))}
    assert town.directory.refused == 2
    with pytest.raises(BudgetSpent):
        await town.directory.find("parrot", RemoteBudget((), 1))


async def test_no_prefix_has_more_than_two_places_once_addresses_are_known() -> None:
    town = Town()
    for number in range(100, 130):
        town.addresses[town.settle(number, live=False)] = f"203.0.113.{number}:1"
    lone = town.settle(200, live=False)
    town.addresses[lone] = "198.51.100.1:1"
    unknown = {town.settle(number, live=False) for number in (300, 301, 302)}
    found = [one.peer for one in await town.directory.find("parrot", LocalBudget())]
    assert len(found) == 6 and {lone, *unknown} <= set(found)


async def test_the_next_one_is_asked_when_one_fails_and_what_worked_is_remembered() -> None:
    town = Town()
    good = town.settle(100)
    hidden, down = town.settle(101), town.settle(102)
    town.peers[hidden].allowed.clear()
    town.down.add(down)
    async with town.open():
        for _ in range(12):
            assert await town.ask() == Text("hello")
        assert town.dialled.count(good) == 12
        assert town.dialled.count(hidden) <= 2 and town.dialled.count(down) <= 2
        assert (await town.directory.find("parrot", LocalBudget()))[0].peer == good


async def test_a_peer_that_went_bad_is_overtaken() -> None:
    town = Town()
    first, second = town.settle(100), town.settle(101)
    async with town.open():
        town.down.add(second)
        for _ in range(5):
            await town.ask()
        town.down = {first}
        for _ in range(20):
            await town.ask()
        town.dialled.clear()
        await town.ask()
        assert town.dialled == [second]


async def test_when_nobody_answers_the_reason_is_told() -> None:
    town = Town()
    with pytest.raises(CallFailed, match="nobody offers it") as caught:
        await town.ask()
    assert caught.value.status is Status.UNAVAILABLE
    for number in range(100, 110):
        town.settle(number, live=False)
    with pytest.raises(CallFailed, match="no answer"):
        await town.ask(tries=4)
    assert len(town.dialled) == 4


async def test_a_wrong_request_is_not_sent_to_others() -> None:
    town = Town()
    for number in (100, 101):
        town.settle(number)
    async with town.open():
        with pytest.raises(CallFailed) as caught:
            await town.directory.call_best("parrot", "Say", Text("x" * 20_000), Text, LocalBudget(), tries=2)
        assert caught.value.status is Status.PAYLOAD_TOO_LARGE and len(town.dialled) == 1


async def test_finding_reaching_and_calling_all_cost_the_callers_budget() -> None:
    town = Town()
    town.settle(100)
    async with town.open():
        budget = LocalBudget()
        await town.ask(budget)
        assert budget.spent == DHT_READ + DIAL + MESH_CALL
        with pytest.raises(BudgetSpent):
            await town.ask(RemoteBudget((), DHT_READ + DIAL))
