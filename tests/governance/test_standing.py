"""Standing of peers in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.governance import standing as module
from slskmesh.governance.standing import DAY, Standing
from slskmesh.identity.peerid import PeerId

PEER = PeerId(b"p" * 32)
OTHER = PeerId(b"o" * 32)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_two_bad_chunks_in_a_day_cost_a_day_of_data() -> None:
    clock = Clock()
    standing = Standing(clock)
    standing.note(PEER, "bad-chunk")
    assert standing.may_send(PEER)
    clock.now += DAY - 1
    standing.note(PEER, "bad-chunk")
    assert not standing.may_send(PEER) and standing.may_connect(PEER) and standing.may_send(OTHER)
    clock.now += DAY + 1
    assert standing.may_send(PEER)


def test_bad_chunks_days_apart_are_forgiven() -> None:
    clock = Clock()
    standing = Standing(clock)
    for _ in range(3):
        standing.note(PEER, "bad-chunk")
        assert standing.may_send(PEER)
        clock.now += DAY + 1


def test_protocol_faults_bar_longer_each_time() -> None:
    clock = Clock()
    standing = Standing(clock)
    waits = []
    for _ in range(9):
        standing.note(PEER, "protocol")
        start = clock.now
        while not standing.may_connect(PEER):
            clock.now += 10
        waits.append(clock.now - start)
    assert waits[0] == pytest.approx(60, abs=10) and waits[2] == pytest.approx(240, abs=10)
    assert max(waits) == pytest.approx(3600, abs=10)


def test_score_is_capped_and_halves_in_half_a_week() -> None:
    clock = Clock()
    standing = Standing(clock)
    for _ in range(100):
        standing.note(PEER, "good-chunk")
    assert standing.score(PEER) == pytest.approx(8)
    clock.now += 3.5 * DAY
    assert standing.score(PEER) == pytest.approx(4)
    standing.note(PEER, "bad-chunk")
    assert standing.score(PEER) == pytest.approx(2)
    assert standing.record(PEER).good_chunks == 100


def test_the_persons_word_outranks_scores() -> None:
    clock = Clock()
    standing = Standing(clock)
    standing.set_trusted(PEER, True)
    assert standing.is_trusted(PEER)
    standing.set_blocked(PEER, True)
    assert standing.is_blocked(PEER) and not standing.is_trusted(PEER)
    assert not standing.may_send(PEER) and not standing.may_connect(PEER)
    standing.set_blocked(PEER, False)
    assert standing.may_connect(PEER) and not standing.is_trusted(PEER)


def test_the_table_is_bounded_but_never_forgets_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STANDINGS_MAX", 10)
    clock = Clock()
    standing = Standing(clock)
    standing.set_blocked(PEER, True)
    for number in range(100):
        clock.now += 1
        standing.note(PeerId(number.to_bytes(32, "big")), "good-chunk")
    assert standing.is_blocked(PEER)
    assert standing.score(PeerId((99).to_bytes(32, "big"))) == 1
    assert standing.score(PeerId((1).to_bytes(32, "big"))) == 0


@given(
    st.lists(st.sampled_from(["good-chunk", "bad-chunk", "timeout", "false-have", "protocol"]), max_size=50)
)
def test_what_changed_is_handed_over_once(deeds: list[module.Deed]) -> None:
    standing = Standing(Clock())
    for deed in deeds:
        standing.note(PEER, deed)
    changed = standing.take_changes()
    assert len(changed) == bool(deeds)
    again = Standing(Clock(), changed)
    assert again.score(PEER) == pytest.approx(standing.score(PEER))
    assert again.may_send(PEER) == standing.may_send(PEER)
    assert standing.take_changes() == []
