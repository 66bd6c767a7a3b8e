"""The picker in virtual time: everything ends, nothing is asked twice too early, close to the ideal time."""

from __future__ import annotations

import random
import statistics
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.picker import BARRED, OUTSTANDING_BYTES, Picker
from tests.swarm.simulation import Peer, Simulation

KIB = 1 << 10
MIB = 1 << 20


def _unequal(seed: int, count: int = 10) -> list[Peer]:
    rng = random.Random(seed)
    return [Peer(20 * KIB * 150 ** rng.random(), rng.uniform(0.02, 0.3)) for _ in range(count)]


def _ideal(peers: list[Peer], size: int) -> float:
    return size / sum(peer.rate for peer in peers)


def test_forty_mebibytes_from_ten_unequal_peers_take_little_more_than_the_ideal_time() -> None:
    ratios, wasted = [], []
    for seed in range(10):
        peers = _unequal(seed)
        swarm = Simulation(640, 64 * KIB, peers, seed)
        ratios.append(swarm.run() / _ideal(peers, 40 * MIB))
        wasted.append(swarm.wasted / (40 * MIB))
        assert swarm.picker.finished
        assert swarm.doubled_early == 0
    print(f"time over ideal: mean {statistics.mean(ratios):.3f}, wasted {statistics.mean(wasted):.3f}")
    assert statistics.mean(ratios) <= 1.3
    assert statistics.mean(wasted) <= 0.15


def test_two_fastest_peers_falling_silent_cost_little_more_than_their_share() -> None:
    ratios = []
    for seed in range(6):
        peers = _unequal(seed)
        ideal = _ideal(peers, 40 * MIB)
        top = sorted(peers, key=lambda peer: -peer.rate)[:2]
        rest = sum(peer.rate for peer in peers if peer not in top)
        for peer in top:
            peer.dies = 0.3 * ideal
        best = 0.3 * ideal + 0.7 * 40 * MIB / rest
        swarm = Simulation(640, 64 * KIB, peers, seed)
        ratios.append(swarm.run() / best)
        assert swarm.picker.finished
    assert statistics.mean(ratios) <= 1.6


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    chunks=st.integers(1, 90),
    peers=st.lists(
        st.tuples(
            st.floats(2_000, 5e6),
            st.floats(0.001, 0.5),
            st.floats(0, 1),
            st.sampled_from(["good", "dies", "lies"]),
        ),
        max_size=7,
    ),
)
def test_every_chunk_that_stays_available_arrives(
    seed: int, chunks: int, peers: list[tuple[float, float, float, str]]
) -> None:
    rng = random.Random(seed)
    space = ChunkSpace(chunks)
    crowd = [Peer(50_000, 0.1)]  # one honest source that has all
    for rate, rtt, share, kind in peers:
        bits = space.of(chunk for chunk in range(chunks) if rng.random() < share)
        dies = rng.uniform(0, 5) if kind == "dies" else float("inf")
        crowd.append(Peer(rate, rtt, bits, dies, kind == "lies"))
    rng.shuffle(crowd)
    swarm = Simulation(chunks, 16 * KIB, crowd, seed)
    swarm.run()
    assert swarm.picker.finished
    assert swarm.doubled_early == 0
    assert swarm.picker.done == space.full
    assert swarm.picker.open == 0


def test_a_rare_chunk_at_the_slowest_peer_is_taken_from_it() -> None:
    space = ChunkSpace(40)
    slow = Peer(8 * KIB, bits=space.full)
    fast = [Peer(4 * MIB, bits=space.full & ~space.bit(39)) for _ in range(3)]
    swarm = Simulation(40, 16 * KIB, [slow, *fast])
    assert swarm.run() < 20
    assert swarm.picker.finished


def _order_of(picker: Picker, source: int) -> list[int]:
    """Serves everything the picker asks of one source; returns the order."""
    asked: list[int] = []
    now = 0.0
    while not picker.finished:
        asked += picker.ask(source, now)
        for chunk in picker.asked_of(source):
            now += 0.01
            picker.progress(source, 16 * KIB, now)
            picker.received(source, chunk, now)
            picker.verified(chunk)
    return asked


def test_four_by_lot_and_then_the_lowest_while_every_source_is_complete() -> None:
    orders = []
    for seed in range(4):
        picker = Picker(ChunkSpace(32), 16 * KIB, random.Random(seed))
        picker.source_joined(0, ChunkSpace(32).full, 0.01)
        picker.unchoked(0)
        orders.append(_order_of(picker, 0))
        assert orders[-1][4:] == sorted(orders[-1][4:])
    assert len({tuple(order[:4]) for order in orders}) > 1


def test_rarest_first_and_by_lot_among_peers_that_fetch_themselves() -> None:
    space = ChunkSpace(32)
    picker = Picker(space, 16 * KIB, random.Random(1))
    picker.source_joined(0, space.full, 0.01)
    picker.source_joined(1, space.full & ~space.of([20, 30]), 0.01)
    picker.unchoked(0)
    order = _order_of(picker, 0)
    rare = {20, 30} - set(order[:4])
    assert set(order[4 : 4 + len(rare)]) == rare
    rest = order[4 + len(rare) :]
    assert rest != sorted(rest)


def test_outstanding_bytes_and_slow_start_are_bounded() -> None:
    swarm = Simulation(400, 256 * KIB, [Peer(1e9, 0.2)])
    swarm.picker._sources[0].window = 2
    swarm.run()
    assert swarm.picker.finished
    assert 2 < swarm.deepest <= OUTSTANDING_BYTES // (256 * KIB)


def test_a_silent_source_is_slow_and_then_left_alone_for_a_while() -> None:
    space = ChunkSpace(100)
    picker = Picker(space, 16 * KIB, random.Random(1))
    picker.source_joined(0, space.full, 0.01)
    picker.unchoked(0)
    assert len(picker.ask(0, 0.0)) == 2
    assert picker.overdue(4.9) == []
    assert [(index, len(chunks)) for index, chunks in picker.overdue(5.1)] == [(0, 2)]
    assert picker.is_slow(0)
    assert len(picker.ask(0, 5.1)) == 1
    assert [index for index, _ in picker.overdue(10.3)] == [0]
    assert picker.ask(0, 10.4) == []
    assert picker.barred_for(0, 10.4) == pytest.approx(BARRED - 0.1)
    assert len(picker.ask(0, 10.3 + BARRED)) == 1
    assert picker.open == 1


def test_a_choked_source_gets_no_requests_and_gives_its_chunks_back() -> None:
    space = ChunkSpace(10)
    picker = Picker(space, 16 * KIB, random.Random(1))
    picker.source_joined(0, space.full, 0.01)
    assert picker.ask(0, 0.0) == []
    picker.unchoked(0)
    first, second = picker.ask(0, 0.0)
    assert picker.choked(0, keep=first) == [second]
    assert picker.asked_of(0) == [first]
    assert picker.ask(0, 1.0) == []
    picker.source_joined(1, space.full, 0.01)
    picker.unchoked(1)
    assert first not in picker.ask(1, 1.0)


def test_copies_and_gaps_follow_the_sources() -> None:
    space = ChunkSpace(11)
    picker = Picker(space, 16 * KIB, random.Random(1))
    picker.source_joined(0, space.of([0, 1, 2]), 0.01)
    picker.source_joined(1, space.of([2, 3]), 0.01)
    assert list(picker.copies()) == [1, 1, 2, 1] + [0] * 7
    assert list(space.walk(picker.unreachable())) == list(range(4, 11))
    picker.have(1, space.of([10]))
    picker.source_joined(2, space.full, 0.01)
    assert list(picker.copies()) == [2, 2, 3, 2] + [1] * 6 + [2]
    assert picker.unreachable() == 0
    picker.absent(2, space.of([5]))
    picker.source_left(0)
    assert list(picker.copies()) == [1, 1, 2, 2, 1, 0, 1, 1, 1, 1, 2]


def test_asking_does_not_grow_with_the_number_of_chunks() -> None:
    chunks = 65_536
    space = ChunkSpace(chunks)
    rng = random.Random(7)
    picker = Picker(space, MIB, rng)
    for index in range(50):
        bits = space.full if index % 5 == 0 else rng.getrandbits(chunks)
        picker.source_joined(index, bits, 0.01)
        picker.unchoked(index)
    begun, taken, now = time.perf_counter(), 0, 0.0
    while taken < 1000:
        now += 0.01
        for index in range(50):
            picker.ask(index, now)
            for chunk in picker.asked_of(index):
                picker.progress(index, MIB, now)
                picker.received(index, chunk, now)
                picker.verified(chunk)
                taken += 1
    each = (time.perf_counter() - begun) / taken
    print(f"{each * 1e6:.0f} us a chunk with 65,536 chunks and 50 sources")
    assert each < 0.002  # walking the chunks once in Python alone would take longer
