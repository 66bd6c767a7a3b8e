"""The answering half: what strangers get, what a token buys, what a forged hello proves."""

import random

import pytest

from slskmesh.dht import record as records
from slskmesh.dht import wire
from slskmesh.dht.node import Clocks, Config, Responder, hello_body
from slskmesh.dht.table import Contact
from slskmesh.identity.key import Identity
from slskmesh.identity.signing import Domain

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
