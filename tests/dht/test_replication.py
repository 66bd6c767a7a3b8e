"""Passing on: who is visited, by whom first, how often, and that nothing grows without bound. One node, no network."""

import random

import pytest

from slskmesh.dht import record as records
from slskmesh.dht import replication as module
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.replication import Replication
from slskmesh.dht.table import Contact
from slskmesh.identity.key import Identity

WALL = 1_800_000_000.0
KEY = bytes(20)


class Asker:
    def can_ask(self, contact: Contact) -> bool:
        return True


class Holder:
    """A node that holds one record under KEY, at a time that only moves by hand."""

    def __init__(self, identities: list[Identity], contacts: int) -> None:
        self.now = 0.0
        clocks = Clocks(lambda: self.now, lambda: WALL + self.now, random.Random(1).randbytes)
        self.responder = Responder(identities[0], clocks, Config(exempt_local=False))
        self.replication = Replication(
            Asker(),  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            self.responder,
            clocks,
            random.Random(1),
            Config(),
        )
        for number in range(contacts):
            self.meet(16 + number)
        self.hold(KEY, identities[1])

    def hold(self, key: bytes, publisher: Identity) -> None:
        wall = WALL + self.now
        record = records.make(publisher, key, int(wall), int(wall) + 20_000, b"x")
        self.responder.store.put(key, record, "20.0.0.1", wall)

    def meet(self, distance: int) -> Contact:
        contact = Contact(bytes([distance]) + bytes(19), (f"20.{distance}.0.1", 7000))
        self.responder.table.add_contact(contact)
        return contact

    def seconds(self, count: int) -> tuple[list[bytes], list[Contact]]:
        """Keys to be said again and contacts to be visited in that time."""
        said: list[bytes] = []
        visited: list[Contact] = []
        for _ in range(count):
            self.now += 1
            said += self.replication._look()
            visited += [contact for _, contact in self.replication._ripe()]
        return said, visited


def test_who_was_there_when_it_came_is_not_visited_and_who_comes_nearer_is_once(
    identities: list[Identity],
) -> None:
    holder = Holder(identities, 7)
    assert holder.seconds(60) == ([], [])
    nearer = holder.meet(1)
    farther = holder.meet(200)
    _, visited = holder.seconds(400)
    assert nearer in visited
    assert farther not in visited
    assert len(visited) == 1


def test_who_is_gone_makes_room_for_the_next(identities: list[Identity]) -> None:
    holder = Holder(identities, 9)
    first, ninth = holder.responder.table.get(bytes([16]) + bytes(19)), bytes([24]) + bytes(19)
    holder.seconds(5)
    assert first is not None
    holder.responder.table.remove_contact(first)
    _, visited = holder.seconds(400)
    assert [one.id for one in visited] == [ninth]


def test_what_was_not_heard_for_an_hour_is_said_again_once_an_hour(identities: list[Identity]) -> None:
    holder = Holder(identities, 8)
    said, _ = holder.seconds(3200)
    assert said == []
    holder.hold(KEY, identities[1])
    said, _ = holder.seconds(3200)
    assert said == []
    said, _ = holder.seconds(900)
    assert said == [KEY]
    said, _ = holder.seconds(2300)
    assert said == []


def test_work_is_bounded_by_the_second_whatever_is_held(
    identities: list[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "verify", lambda *_: None)  # 3,000 signatures are not the point
    holder = Holder(identities, 0)
    for number in range(3000):
        holder.hold(number.to_bytes(20, "big"), identities[1])
    holder.seconds(100)
    for distance in range(1, 9):
        holder.meet(distance)
    _, visited = holder.seconds(50)
    assert 0 < len(visited) <= 8 + 2 * 50
    assert len(holder.replication._errands) <= module._ERRANDS_MAX


def test_what_is_gone_from_the_store_is_forgotten(identities: list[Identity]) -> None:
    holder = Holder(identities, 8)
    holder.seconds(5)
    holder.now += 30_000
    holder.responder.store.sweep(WALL + holder.now)
    holder.seconds(3)
    assert not holder.replication._covered
    assert not holder.replication._looked
