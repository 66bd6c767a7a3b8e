"""Who counts as silent: only who was asked, while others answered, and until it says something authentic."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.dht import networks, wire
from slskmesh.dht import record as records
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.silences import SILENT, SILENT_MAX, Silences
from slskmesh.dht.table import Contact
from slskmesh.identity.key import Identity
from tests.sim.net import Town, simulate

ONE, OTHER = b"1" * 20, b"2" * 20
HERE, THERE = ("20.0.1.1", 7000), ("20.0.2.1", 7000)


def test_a_silence_counts_for_two_minutes_while_others_are_heard() -> None:
    silences = Silences()
    assert not silences.silent(ONE, HERE, asked=10, now=12)
    silences.heard(OTHER, THERE, 11)
    assert silences.silent(ONE, HERE, asked=10, now=12)
    assert silences.is_silent(ONE, HERE, 12 + SILENT - 1)
    assert not silences.is_silent(ONE, HERE, 12 + SILENT)
    silences.heard(ONE, HERE, 13)
    assert not silences.is_silent(ONE, HERE, 13)


def test_another_id_or_address_is_another_node() -> None:
    silences = Silences()
    silences.heard(OTHER, THERE, 11)
    silences.silent(ONE, ("20.0.9.9", 1), asked=10, now=12)  # a true id, hinted to be elsewhere
    silences.silent(b"3" * 20, HERE, asked=10, now=12)  # another id, hinted to be at a true address
    assert not silences.is_silent(ONE, HERE, 12)
    silences.heard(b"4" * 20, ("20.0.9.9", 1), 13)
    assert silences.is_silent(ONE, ("20.0.9.9", 1), 13)


@pytest.mark.parametrize(("host", "witness"), [("20.0.1.1", "192.168.1.9"), ("2001:470::1", "20.0.2.1")])
def test_who_is_heard_over_another_link_says_nothing_of_this_one(host: str, witness: str) -> None:
    silences = Silences()
    silences.heard(OTHER, (witness, 1), 11)
    assert not silences.silent(ONE, (host, 1), asked=10, now=12)
    assert silences.witness((host, 1)) is None


@given(st.lists(st.tuples(st.sampled_from("ahs"), st.integers(0, 5), st.integers(0, 3)), max_size=60))
def test_nobody_is_silent_who_was_heard_since_and_a_dead_link_makes_nobody(
    steps: list[tuple[str, int, int]],
) -> None:
    silences, now, heard, asked = Silences(), 0.0, dict[int, float](), dict[int, float]()
    for what, who, wait in steps:
        now += wait
        node, address = bytes([who]) * 20, ("20.0.0.1", 1 + who)
        if what == "a":
            asked[who] = now
        elif what == "h":
            silences.heard(node, address, now)
            heard[who] = now
            assert not silences.is_silent(node, address, now)
        elif who in asked:
            counts = silences.silent(node, address, asked[who], now)
            assert counts == any(at > asked[who] for one, at in heard.items() if one != who)
    for _ in range(3):  # the link is down
        now += 10
        before = [
            who for who in range(6) if silences.is_silent(bytes([who]) * 20, ("20.0.0.1", 1 + who), now)
        ]
        for who in range(6):
            silences.silent(bytes([who]) * 20, ("20.0.0.1", 1 + who), now - 2, now)
        after = [who for who in range(6) if silences.is_silent(bytes([who]) * 20, ("20.0.0.1", 1 + who), now)]
        assert after == before


def test_what_is_remembered_has_a_bound() -> None:
    silences = Silences()
    silences.heard(OTHER, THERE, 1)
    for number in range(SILENT_MAX + 10):
        silences.silent(number.to_bytes(20, "big"), HERE, asked=0, now=2)
    assert len(silences) == SILENT_MAX
    assert silences.is_silent((SILENT_MAX + 9).to_bytes(20, "big"), HERE, 2)


def hinted(node: Responder, source: Address) -> set[bytes]:
    question = wire.padded(wire.FindNode(b"a" * 20, node.id, bytes(20)), 900)
    answer = wire.decode(node.receive(wire.encode(bytes(16), question), source) or b"")[1]
    assert isinstance(answer, wire.Nodes)
    return {hint.node for hint in answer.hints}


def test_the_silent_are_named_only_where_nobody_else_can_be(identities: list[Identity]) -> None:
    clocks = Clocks(lambda: 100.0, lambda: 1_800_000_000.0, random.Random(1).randbytes)
    node = Responder(identities[0], clocks, Config())
    names = [records.node_id(one.peer) for one in identities[1:4]]
    for name, host in zip(names, "123", strict=True):
        node.table.add_contact(Contact(name, (f"20.0.{host}.1", 7000)))
    node.silences.heard(b"w" * 20, ("20.0.7.1", 1), 99)
    for name, host in zip(names[:2], "12", strict=True):
        assert node.silences.silent(name, (f"20.0.{host}.1", 7000), asked=98, now=100)
    assert hinted(node, ("20.9.9.9", 1)) == {names[2]}
    assert node.silences.silent(names[2], ("20.0.3.1", 7000), asked=98, now=100)
    assert hinted(node, ("20.9.9.9", 1)) == set(names)


def test_only_a_question_with_our_token_ends_a_silence(identities: list[Identity]) -> None:
    clocks = Clocks(lambda: 100.0, lambda: 1_800_000_000.0, random.Random(1).randbytes)
    node = Responder(identities[0], clocks, Config())
    node.silences.heard(OTHER, THERE, 99)
    node.silences.silent(ONE, HERE, asked=98, now=100)
    spoofed: list[wire.Request] = [
        wire.Hello(ONE, bytes(16)),
        wire.FindNode(ONE, node.id, bytes(20)),
        wire.FindValue(ONE, node.id, bytes(20), b"", b"12345678"),
    ]
    for body in spoofed:
        node.receive(wire.encode(bytes(16), body), HERE)
    assert node.silences.is_silent(ONE, HERE, 100)
    token = node.tokens.issue(HERE[0], ONE, 100)
    node.receive(wire.encode(bytes(16), wire.FindNode(ONE, node.id, bytes(20), token)), HERE)
    assert not node.silences.is_silent(ONE, HERE, 100)


def test_a_dead_link_of_ours_makes_nobody_silent_and_reads_are_whole_after_it() -> None:
    async def body(town: Town) -> None:
        writer, reader = town.rng.sample(list(town.meshes.values()), 2)
        key = town.rng.randbytes(20)
        await writer.publish(key, b"said", 600)
        contacts = reader.responder.table.contacts()
        await trio.sleep(3)
        town.net.loss = 1.0
        await reader.fetch(key)
        await trio.sleep(20)
        town.net.loss = 0.0
        assert contacts
        assert not any(map(reader.responder.is_silent, contacts))
        began = trio.current_time()
        assert [one.payload for one in await reader.fetch(key)] == [b"said"]
        assert trio.current_time() - began < 2

    simulate(body, 20, 5)


def test_a_quiet_node_learns_who_died_and_that_it_is_back() -> None:
    async def body(town: Town) -> None:
        watcher, mortal = town.rng.sample(list(town.meshes.values()), 2)
        address = town.address_of(mortal)
        contact = Contact(mortal.id, address)
        assert await watcher.asker.hello(address) is not None
        await trio.sleep(5)
        town.net.unplug(address)
        assert not await watcher.asker.is_alive(contact)
        assert watcher.responder.is_silent(contact)
        assert networks.pack(address) not in {
            hint.endpoint for hint in watcher.responder._hints(mortal.id, b"", ("20.9.9.9", 1), 3, 8, 900)
        }
        town.net._ports[address] = mortal._port._port  # plugged in again
        assert await watcher.asker.nodes(contact, bytes(20)) is not None
        assert not watcher.responder.is_silent(contact)

    simulate(body, 12, 6)
