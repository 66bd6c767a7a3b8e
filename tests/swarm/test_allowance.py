"""The rate of a group in virtual time, around the real picker: it holds, it is used up, and everyone gets a turn."""

from __future__ import annotations

import heapq
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.swarm.allowance import BURST, Allowance
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.picker import Picker
from tests.swarm.simulation import Peer

KIB = 1 << 10


class Fetch:
    """One download of the group; its peers serve in order at a fixed rate, half an RTT away."""

    def __init__(self, group: Group, chunk: int, chunks: int, peers: list[Peer]) -> None:
        self.group = group
        self.chunk = chunk
        self.peers = peers
        space = ChunkSpace(chunks)
        self.picker = Picker(space, chunk, random.Random(1))
        self.got = 0
        self.turn = 0
        for index, peer in enumerate(peers):
            self.picker.source_joined(index, space.full, peer.rtt)
            self.picker.unchoked(index)

    def on_its_way(self) -> int:
        return self.picker.open * self.chunk

    def ask_one(self) -> bool:
        now = self.group.now
        for _ in self.peers:
            self.turn = (self.turn + 1) % len(self.peers)
            peer = self.peers[self.turn]
            for chunk in self.picker.ask(self.turn, now, 1):
                start = max(now + peer.rtt / 2, peer.free_at)
                peer.free_at = start + self.chunk / peer.rate
                self.group.push(peer.free_at + peer.rtt / 2, self, self.turn, chunk)
                return True
        return False

    def came(self, index: int, chunk: int) -> None:
        if not self.picker.is_asked(index, chunk):
            return
        now = self.group.now
        self.group.allowance.pay(self.chunk, now)
        self.picker.progress(index, self.chunk, now)
        self.picker.received(index, chunk, now)
        self.picker.verified(chunk)
        self.got += self.chunk


class Group:
    """Downloads under one allowance; `log` is (when, bytes) of all that came."""

    def __init__(self, rate: int) -> None:
        self.now = 0.0
        self.allowance = Allowance(rate, 0.0)
        self.log: list[tuple[float, int]] = []
        self.most_open = 0
        self._events: list[tuple[float, int, Fetch | None, int, int]] = []
        self._tie = itertools.count()
        self.members: list[Fetch] = []

    def add(self, chunk: int, chunks: int, peers: list[Peer]) -> Fetch:
        self.members.append(Fetch(self, chunk, chunks, peers))
        self.allowance.join(self.members[-1])
        return self.members[-1]

    def push(self, when: float, fetch: Fetch | None, index: int, chunk: int) -> None:
        heapq.heappush(self._events, (when, next(self._tie), fetch, index, chunk))

    def run(self, until: float) -> None:
        self.push(self.now, None, 0, 0)
        while self._events and self._events[0][0] <= until:
            self.now, _, fetch, index, chunk = heapq.heappop(self._events)
            if fetch is not None:
                fetch.came(index, chunk)
                self.log.append((self.now, fetch.chunk))
            elif self.now + 0.25 <= until:
                self.push(self.now + 0.25, None, 0, 0)
            self.allowance.share_out(self.now)
            self.most_open = max(self.most_open, sum(member.on_its_way() for member in self.members))
        self.now = until

    def bytes_in(self, start: float, end: float) -> int:
        return sum(size for when, size in self.log if start < when <= end)


def test_fifty_kilobytes_a_second_are_fifty_over_any_ten_seconds() -> None:
    group = Group(50_000)
    for _ in range(3):
        group.add(16 * KIB, 1000, [Peer(3e6, 0.05), Peer(200_000, 0.2)])
    group.run(60.0)
    for start in range(0, 50, 5):
        assert 450_000 <= group.bytes_in(start, start + 10) <= 550_000, start
    assert group.most_open <= 50_000 * BURST + 16 * KIB


def test_a_large_file_and_a_small_one_both_get_on() -> None:
    group = Group(500_000)
    large = group.add(1024 * KIB, 100, [Peer(5e6, 0.02)])
    small = group.add(16 * KIB, 5000, [Peer(5e6, 0.02)])
    group.run(100.0)
    assert large.got >= 10 * 1024 * KIB and small.got >= 10 * 16 * KIB
    assert large.got + small.got == pytest.approx(50_000_000, rel=0.05)


def test_a_member_that_cannot_ask_costs_the_others_nothing() -> None:
    group = Group(100_000)
    group.add(16 * KIB, 1000, [])
    busy = group.add(16 * KIB, 1000, [Peer(1e6, 0.05)])
    group.run(20.0)
    assert busy.got == pytest.approx(2_000_000, rel=0.05)


def test_silent_sources_do_not_save_up_for_a_flood() -> None:
    group = Group(100_000)
    peer = Peer(1e6, 0.05, free_at=30.0)  # it begins to send then
    fetch = group.add(16 * KIB, 1000, [peer])
    group.run(60.0)
    assert group.most_open <= 100_000 * BURST + 16 * KIB
    assert group.bytes_in(30, 31) <= 2 * 100_000 * BURST + 16 * KIB
    assert fetch.got <= 30 * 100_000 + 2 * 100_000 * BURST


def test_another_rate_holds_from_then_on() -> None:
    group = Group(50_000)
    group.add(16 * KIB, 3000, [Peer(3e6, 0.05)])
    group.run(10.0)
    group.allowance.change(200_000, 10.0)
    group.run(20.0)
    assert group.bytes_in(0, 10) == pytest.approx(500_000, rel=0.1)
    assert group.bytes_in(10, 20) == pytest.approx(2_000_000, rel=0.1)
    group.allowance.change(0, 20.0)
    assert not group.allowance.limited and not group.allowance.exhausted(20.0)


def test_a_limit_set_in_full_flight_does_not_count_what_is_on_its_way() -> None:
    group = Group(10_000_000)
    fetch = group.add(64 * KIB, 3000, [Peer(2e6, 0.05)])
    group.run(5.0)
    flying = fetch.on_its_way()
    assert flying > 500_000
    group.allowance.change(100_000, 5.0)
    group.run(25.0)
    assert group.bytes_in(5, 7) <= flying + 100_000 * BURST + 64 * KIB
    assert group.bytes_in(10, 20) == pytest.approx(1_000_000, rel=0.1)


@settings(max_examples=40, deadline=None)
@given(
    rate=st.integers(20_000, 2_000_000),
    files=st.lists(
        st.tuples(
            st.sampled_from([16, 64, 256]), st.integers(1, 3), st.floats(20_000, 5e6), st.floats(0.001, 0.5)
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_the_rate_is_never_overdrawn_by_more_than_a_burst_and_a_chunk(
    rate: int, files: list[tuple[int, int, float, float]]
) -> None:
    group = Group(rate)
    for chunk, count, speed, rtt in files:
        group.add(chunk * KIB, 400, [Peer(speed, rtt) for _ in range(count)])
    group.run(20.0)
    largest = max(chunk for chunk, *_ in files) * KIB
    assert group.most_open <= rate * BURST + largest
    for start in range(0, 20, 4):
        for end in range(start + 4, 21, 4):
            assert group.bytes_in(start, end) <= rate * (end - start) + rate * BURST + largest
    left = sum(chunk * KIB * 400 for chunk, *_ in files) - sum(size for _, size in group.log)
    reach = sum(count * speed for _, count, speed, _ in files)
    if left and len(files) == 1 and reach > 4 * rate and files[0][3] < BURST / 4:
        assert group.bytes_in(0, 20) >= 0.9 * 20 * rate - largest
