"""Who sent what: sources that reconnect are added up, the one who returned is told once, the liar is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo.tally import Tally
from slskmesh.engine.views import PeerState, PeersView, PeerView, SourceView, TransferState, TransferView
from slskmesh.text import sanitize

WORD = sanitize("x")


def source(peer: str, received: int, bad: int = 0) -> SourceView:
    return SourceView("A", peer, peer, WORD, WORD, received=received, bad=bad)


def transfer(*sources: SourceView, bad: int = 0, name: str = "aa") -> TransferView:
    return TransferView(name, WORD, WORD, 100, 0, TransferState.ACTIVE, bad_chunks=bad, sources=sources)


@given(st.lists(st.lists(st.integers(0, 1000), min_size=1).map(sorted), min_size=1, max_size=6))
def test_what_a_source_delivered_is_the_sum_over_its_connections(lives: list[list[int]]) -> None:
    """Each life is one connection's growing count; it begins below what the life before ended with."""
    tally, total, last = Tally(), 0, -1
    for life in lives:
        if life[0] >= last >= 0:
            continue  # cannot be told from the same connection going on
        for count in life:
            assert list(tally.transfers([transfer(source("p", count))])) == []
        total, last = total + life[-1], life[-1]
    assert tally.summary()["received"] == total


def test_the_one_who_returned_is_told_once_and_only_for_new_bytes() -> None:
    tally = Tally()
    tally.transfers([transfer(source("comet", 50))])
    tally.returned("comet")
    assert list(tally.transfers([transfer(source("comet", 50))])) == []
    assert list(tally.transfers([transfer(source("comet", 10), source("otter", 90))])) == ["comet"]
    assert list(tally.transfers([transfer(source("comet", 20))])) == []


def test_bad_chunks_are_counted_by_name_and_by_transfer() -> None:
    tally = Tally()
    assert tally.bad_chunks == 0
    tally.transfers([transfer(source("magpie", 5, bad=2), bad=3)])
    peer = PeerView("magpie", "m", WORD, PeerState.CONNECTED, False, bad_chunks=1)
    tally.peers(PeersView((peer, PeerView("otter", "o", WORD, PeerState.CONNECTED, False))))
    assert tally.bad_chunks == 2
    assert tally.summary() == {
        "bad_chunks": 3,
        "bad_peers": ["magpie"],
        "received": 5,
        "sources": ["magpie"],
    }
