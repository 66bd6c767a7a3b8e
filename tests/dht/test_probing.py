"""Port tests for others: aimed at nobody but the asker, seldom, and never into a local network from beyond it."""

import random

import pytest

from slskmesh.dht import networks, wire
from slskmesh.dht.greetings import Why
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks, Config, Responder
from slskmesh.dht.probing import Probing, may_point
from slskmesh.dht.table import Contact, NetworkRule
from slskmesh.identity.key import Identity

ASKER: Address = ("20.1.1.1", 7)
NODE = b"n" * 20


def contact(number: int, host: str) -> Contact:
    return Contact(bytes([number]) * 20, (host, 7000))


def probing() -> Probing:
    return Probing(NetworkRule(True), random.Random(1).randbytes, 0.0)


def test_the_greeter_is_of_the_askers_family_and_of_another_network() -> None:
    contacts = [
        contact(1, "20.1.1.9"),
        contact(2, "2001:db8::1"),
        contact(3, "192.168.0.4"),
        Contact(NODE, ("20.4.4.4", 7000)),
        contact(5, "20.5.5.5"),
    ]
    one = probing()
    assert one.probe(NODE, ASKER, contacts, 1.0) == networks.pack(("20.5.5.5", 7000))
    assert list(one.errands) == [(contacts[4], NODE, ASKER)]
    assert one.probe(NODE, ASKER, contacts[:4], 100.0) == b""


def test_a_host_asks_seldom_and_all_of_them_not_often() -> None:
    contacts, one = [contact(5, "20.5.5.5")], probing()
    assert one.probe(NODE, ASKER, contacts, 1.0)
    assert not one.probe(NODE, (ASKER[0], 8), contacts, 2.0)
    assert one.probe(NODE, ASKER, contacts, 11.0)
    one.errands.clear()
    assert sum(bool(one.probe(NODE, (f"20.2.{i}.1", 7), contacts, 11.0)) for i in range(100)) <= 16


def test_knocks_are_few() -> None:
    one = probing()
    taken = sum(one.may_knock(ASKER, (f"20.2.{i}.1", 7), 1.0) for i in range(100))
    assert taken == 4
    assert sum(one.may_knock(ASKER, (f"20.2.{i}.1", 7), 61.0) for i in range(100)) == 4


def test_nobody_beyond_points_into_a_local_network() -> None:
    assert may_point(("192.168.1.1", 1), ("192.168.1.2", 1))
    assert may_point(("127.0.0.1", 1), ("20.0.0.1", 1))
    assert not may_point(("20.0.0.1", 1), ("192.168.1.2", 1))
    assert not may_point(("2001:470::1", 1), ("fd00::2", 1))


@pytest.mark.parametrize("known", [True, False])
def test_a_knock_counts_only_with_a_token_and_from_a_node_we_know(
    known: bool, identities: list[Identity]
) -> None:
    clocks = Clocks(lambda: 100.0, lambda: 1.8e9, random.Random(1).randbytes)
    node = Responder(identities[0], clocks, Config())
    sender, source = b"s" * 20, ("20.7.7.7", 7)
    if known:
        node.table.add_contact(Contact(sender, source))

    def knock(token: bytes, target: Address) -> bytes | None:
        body = wire.Knock(sender, node.id, token, NODE, networks.pack(target))
        reply = node.receive(wire.encode(bytes(16), body), source)
        answer = wire.decode(reply)[1] if reply else None
        return answer.endpoint if isinstance(answer, wire.Probed) else None

    token = node.tokens.issue(source[0], sender, 100.0)
    assert knock(b"12345678", ASKER) is None
    assert knock(token, ("10.0.0.1", 22)) == b""
    assert knock(token, ASKER) == (networks.pack(ASKER) if known else b"")
    waiting = [node.greetings.take() for _ in range(len(node.greetings))]
    assert waiting == ([(ASKER, NODE, Why.KNOCK)] if known else [])
