"""The answering half: what strangers get, what a token buys, what a forged hello proves."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.dht import networks, wire
from slskmesh.dht import record as records
from slskmesh.dht.greetings import Why
from slskmesh.dht.node import Clocks, Config, Responder, hello_body
from slskmesh.dht.table import Contact
from slskmesh.identity.key import Identity
from slskmesh.identity.signing import Domain
from tests.dht.conftest import identity

NOW = 1_800_000_000
KEY = bytes(range(20))
ASKER, SOURCE = b"a" * 20, ("20.9.9.9", 9000)


def responder(identities: list[Identity], **config: float) -> Responder:
    clocks = Clocks(lambda: 100.0, lambda: float(NOW), random.Random(1).randbytes)
    node = Responder(identities[0], clocks, Config(**config))  # type: ignore[arg-type]
    for i, one in enumerate(identities):
        node.store.put(KEY, records.make(one, KEY, 1, NOW + 60, bytes(300)), "", NOW)
        node.table.add_contact(Contact(records.node_id(one.peer), (f"20.0.{i}.1", 7000)))
    return node


@pytest.mark.parametrize("size", [0, 100, 160, 430, 900])
def test_strangers_get_at_most_three_times_what_they_sent(identities: list[Identity], size: int) -> None:
    node = responder(identities)
    for body in (
        wire.Hello(ASKER, bytes(16)),
        wire.FindNode(ASKER, node.id, KEY),
        wire.FindValue(ASKER, node.id, KEY),
    ):
        question = wire.encode(bytes(16), wire.padded(body, size))
        answer = node.receive(question, SOURCE) or b""
        back = wire.HELLO_PAD if not isinstance(body, wire.Hello) else 0
        assert len(answer) + back <= 3 * len(question) or not answer
        assert len(answer) <= wire.DATAGRAM_MAX


def test_a_token_buys_a_whole_page_and_a_store(identities: list[Identity]) -> None:
    node = responder(identities)
    mine = records.encode(records.make(identities[5], b"k" * 20, 1, NOW + 60, b"x"))

    def ask(body: wire.Request, source: tuple[str, int] = SOURCE) -> wire.Answer | None:
        reply = node.receive(wire.encode(bytes(16), body), source)
        return None if reply is None else wire.decode(reply)[1]  # type: ignore[return-value]

    nodes = ask(wire.padded(wire.FindNode(ASKER, node.id, KEY), 160))
    assert isinstance(nodes, wire.Nodes)
    page = ask(wire.FindValue(ASKER, node.id, KEY, b"", nodes.token))
    assert isinstance(page, wire.Values)
    assert page.records
    assert page.count == 64
    store = wire.Store(ASKER, node.id, b"k" * 20, nodes.token, [mine])
    assert ask(store, ("20.9.9.8", 9000)) is None
    assert ask(store) == wire.Stored([True])
    assert ask(wire.FindNode(ASKER, bytes(20), KEY, nodes.token)) is None


def test_a_source_that_asks_too_often_is_not_served(identities: list[Identity]) -> None:
    node = responder(identities, rate=1, burst=5)
    question = wire.encode(bytes(16), wire.padded(wire.FindNode(ASKER, node.id, KEY), 160))
    served = [node.receive(question, SOURCE) is not None for _ in range(8)]
    assert served == [True] * 5 + [False] * 3
    assert node.counts["limited"] == 3


def test_a_hello_for_another_nonce_or_asker_proves_nothing(identities: list[Identity]) -> None:
    node = responder(identities)
    seen = b"\x14\0\0\1\x10\0"
    signature = identities[3].sign(Domain.DHT_HELLO, hello_body(bytes(16), node.id, seen, False))
    answer = wire.HelloAnswer(identities[3].peer, seen, False, signature)
    assert node.prove(bytes(16), SOURCE, answer) is not None
    assert node.prove(b"\1" * 16, SOURCE, answer) is None
    closed = wire.HelloAnswer(identities[3].peer, seen, True, signature)
    assert node.prove(bytes(16), SOURCE, closed) is None


def test_a_spoofed_flood_does_not_silence_who_holds_a_token(identities: list[Identity]) -> None:
    node = responder(identities)
    token = node.tokens.issue(SOURCE[0], ASKER, 100.0)
    flood = wire.encode(bytes(16), wire.padded(wire.FindNode(b"x" * 20, node.id, KEY), 160))
    assert sum(node.receive(flood, SOURCE) is not None for _ in range(500)) <= 60
    assert node.receive(wire.encode(bytes(16), wire.Hello(ASKER, bytes(16))), SOURCE) is None
    asked = wire.encode(bytes(16), wire.FindValue(ASKER, node.id, KEY, b"", token))
    assert node.receive(asked, SOURCE) is not None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_an_unproven_host_sends_it_gets_three_times_that_at_most(data: st.DataObject) -> None:
    node = responder([identity(number) for number in range(1, 12)], rate=1000, burst=1000)
    came = went = 0
    for _ in range(data.draw(st.integers(1, 40))):
        sender, port = data.draw(st.binary(min_size=20, max_size=20)), data.draw(st.integers(1, 9))
        body = data.draw(
            st.sampled_from(
                [
                    wire.Hello(sender, bytes(16)),
                    wire.FindNode(sender, node.id, KEY),
                    wire.FindValue(sender, node.id, KEY),
                    wire.FindValue(sender, node.id, KEY, bytes(32), b"12345678"),
                    wire.Store(sender, node.id, KEY, b"", [bytes(200)]),
                    wire.Probe(sender, node.id, b""),
                ]
            )
        )
        question = wire.encode(bytes(16), wire.padded(body, data.draw(st.integers(0, 1000))))
        came += len(question)
        went += len(node.receive(question, ("20.9.9.9", port)) or b"")
        if len(node.greetings) and data.draw(st.booleans()):
            address, _, why = node.greetings.take()
            assert why is Why.ASKED
            node.greetings.greeted(address, 100.0)
            went += wire.HELLO_PAD * node.credit.spend(address[0], wire.HELLO_PAD)
        assert went <= 3 * came


def test_hints_are_of_the_families_asked_for_and_local_ones_stay_local(identities: list[Identity]) -> None:
    clocks = Clocks(lambda: 100.0, lambda: float(NOW), random.Random(1).randbytes)
    node = Responder(identities[0], clocks, Config())
    for i, host in enumerate(["20.1.1.1", "2001:470::1", "192.168.1.1", "fd00::1"]):
        node.table.add_contact(Contact(bytes([i + 1]) * 20, (host, 7000)))

    def hosts(source: tuple[str, int], families: int) -> set[str]:
        body = wire.padded(wire.FindNode(ASKER, node.id, KEY, b"", families), 900)
        reply = node.receive(wire.encode(bytes(16), body), source)
        answer = wire.decode(reply or b"")[1]
        assert isinstance(answer, wire.Nodes)
        return {networks.unpack(hint.endpoint)[0] for hint in answer.hints}

    assert hosts(("20.9.9.9", 1), 1) == {"20.1.1.1"}
    assert hosts(("20.9.9.9", 2), 3) == {"20.1.1.1", "2001:470::1"}
    assert hosts(("192.168.7.7", 3), 3) == {"20.1.1.1", "2001:470::1", "192.168.1.1", "fd00::1"}
    assert hosts(("2001:470::9", 4), 2) == {"2001:470::1"}


@pytest.mark.parametrize("closed", [False, True])
def test_only_what_is_false_counts_as_refused(closed: bool, identities: list[Identity]) -> None:
    clocks = Clocks(lambda: 100.0, lambda: float(NOW), random.Random(1).randbytes)
    node = Responder(identities[0], clocks, Config(closed=closed))
    one = identities[5]
    good = records.make(one, KEY, 5, NOW + 60, b"x")
    token = node.tokens.issue(SOURCE[0], ASKER, 100.0)

    def store(data: bytes) -> tuple[bool, int]:
        before = node.counts["refused"]
        body = wire.Store(ASKER, node.id, KEY, token, [data])
        answer = wire.decode(node.receive(wire.encode(bytes(16), body), SOURCE) or b"")[1]
        assert isinstance(answer, wire.Stored)
        return answer.held[0], node.counts["refused"] - before

    if closed:
        assert store(records.encode(good)) == (False, 0)
        return
    assert store(records.encode(good)) == (True, 0)
    assert store(records.encode(records.make(one, KEY, 4, NOW + 60, b"older"))) == (True, 0)
    assert store(records.encode(records.make(one, KEY, 6, NOW, b"expired"))) == (False, 0)
    forged = records.Record(one.peer, 7, NOW + 60, b"forged", good.signature)
    same_number = records.Record(one.peer, 5, NOW + 60, b"forged", good.signature)
    moved = records.make(one, b"m" * 20, 8, NOW + 60, b"moved")
    immortal = records.make(one, KEY, 9, NOW + 90_000, b"immortal")
    for lie in (forged, same_number, moved, immortal):
        assert store(records.encode(lie)) == (False, 1)
    assert store(b"\xc1") == (False, 1)
    assert node.store.equivocations == 0
    assert store(records.encode(records.make(one, KEY, 5, NOW + 60, b"y"))) == (False, 0)
    assert node.store.equivocations == 1
