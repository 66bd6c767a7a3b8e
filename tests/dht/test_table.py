"""The table over kademlia's classes: exact neighbours, network rule, and the package's shape as it is relied on."""

import inspect
import random

import pytest
from kademlia.node import Node, NodeHeap
from kademlia.routing import KBucket, RoutingTable

from slskmesh.dht.table import Contact, NetworkRule, Table


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (Node.__init__, ["self", "node_id", "ip", "port"]),
        (NodeHeap.__init__, ["self", "node", "maxsize"]),
        (NodeHeap.push, ["self", "nodes"]),
        (NodeHeap.remove, ["self", "peers"]),
        (NodeHeap.mark_contacted, ["self", "node"]),
        (NodeHeap.get_uncontacted, ["self"]),
        (KBucket.__init__, ["self", "rangeLower", "rangeUpper", "ksize", "replacementNodeFactor"]),
        (KBucket.add_node, ["self", "node"]),
        (KBucket.has_in_range, ["self", "node"]),
        (RoutingTable.__init__, ["self", "protocol", "ksize", "node"]),
        (RoutingTable.split_bucket, ["self", "index"]),
        (RoutingTable.get_bucket_for, ["self", "node"]),
        (RoutingTable.add_contact, ["self", "node"]),
        (RoutingTable.remove_contact, ["self", "node"]),
        (RoutingTable.find_neighbors, ["self", "node", "k", "exclude"]),
    ],
)
def test_the_package_has_the_shape_we_override(function: object, parameters: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == parameters  # type: ignore[arg-type]


def test_the_package_has_the_attributes_we_use() -> None:
    table = Table(bytes(20), 8, NetworkRule(False))
    assert {"range", "nodes", "replacement_nodes", "ksize"} <= set(vars(table.buckets[0]))
    assert {"heap", "contacted", "maxsize", "node"} <= set(vars(NodeHeap(Node(bytes(20)), 3)))


def filled(seed: int, count: int) -> tuple[Table, random.Random]:
    rng = random.Random(seed)
    table = Table(rng.randbytes(20), 8, NetworkRule(False))
    for i in range(count):
        table.add_contact(Contact(rng.randbytes(20), (f"20.{i // 250}.{i % 250}.1", 7000)))
    return table, rng


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_are_the_nearest(seed: int) -> None:
    table, rng = filled(seed, 400)
    for _ in range(20):
        target = Node(rng.randbytes(20))
        wanted = sorted(table.contacts(), key=lambda one: one.long_id ^ target.long_id)[:8]
        assert table.find_neighbors(target) == wanted


def test_every_id_has_a_bucket_also_at_the_edges() -> None:
    table, _ = filled(1, 300)
    for number in (0, 2**159 - 1, 2**159, 2**160 - 1):
        contact = Contact(number.to_bytes(20, "big"), ("30.0.0.1", 1))
        assert table.buckets[table.get_bucket_for(contact)].has_in_range(contact)
    assert all(bucket.has_in_range(one) for bucket in table.buckets for one in bucket.get_nodes())


def test_one_network_gets_three_places_a_bucket_and_two_in_an_answer() -> None:
    table = Table(bytes(20), 8, NetworkRule(False))
    for i in range(8):
        table.add_contact(Contact(bytes([255, i]) + bytes(18), (f"66.6.6.{i}", 7000)))
    assert len(table.contacts()) == 3
    assert len(table.find_neighbors(Node(b"\xff" * 20))) == 2


def test_a_full_bucket_gives_its_eldest_and_two_silences_end_a_contact() -> None:
    table = Table(bytes(20), 2, NetworkRule(False))
    a, b, c = (Contact(bytes([255, i]) + bytes(18), (f"20.0.{i}.1", 1)) for i in range(3))
    assert (table.add_contact(a), table.add_contact(b)) == (None, None)
    assert table.add_contact(c) is a
    table.heard(a, False)
    assert table.get(a.id) is a
    table.heard(a, False)
    assert table.get(a.id) is None
    assert table.get(c.id) is c


def test_strangers_are_wanted_where_there_is_room_near_us_or_too_few_stand_by() -> None:
    table = Table(bytes(20), 4, NetworkRule(exempt_local=False))
    far = [bytes([0x80 | n]) + bytes(19) for n in range(40)]
    for n, node in enumerate(far[:4]):
        assert table.wants(node)
        table.add_contact(Contact(node, (f"40.{n}.0.1", 7)))
    table.add_contact(
        Contact(b"\x01" + bytes(19), ("40.99.0.1", 7))
    )  # a full bucket with us in its range splits
    assert table.wants(far[10]), "nobody stands by yet"
    for n, node in enumerate(far[4:6], 4):
        table.add_contact(Contact(node, (f"40.{n}.0.1", 7)))
    assert not table.wants(far[10]), "the far half is full and two stand by"
    assert table.wants(b"\x02" + bytes(19)), "near us there is room"
    table.remove_contact(Contact(far[0], ("40.0.0.1", 7)))
    assert table.wants(far[10]), "one who stood by moved up"
