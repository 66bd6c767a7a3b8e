"""A swarm in virtual time around the real picker: peers serve in order at a fixed rate, half an RTT away."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, field

from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.picker import Picker


@dataclass
class Peer:
    """`bits` None: everything. Falls silent at `dies` if given; lies about every chunk if `lies`."""

    rate: float  # bytes per second
    rtt: float = 0.05
    bits: int | None = None
    dies: float = float("inf")
    lies: bool = False
    free_at: float = 0.0
    cancelled: set[int] = field(default_factory=set)  # request numbers


class Simulation:
    """Runs a picker until it is finished or `limit` seconds went by."""

    def __init__(self, chunks: int, chunk: int, peers: list[Peer], seed: int = 0) -> None:
        self.space = ChunkSpace(chunks)
        self.chunk = chunk
        self.peers = peers
        self.picker = Picker(self.space, chunk, random.Random(seed))
        self.now = 0.0
        self.wasted = 0
        self.asked: dict[int, int] = defaultdict(int)  # chunk -> copies open now
        self.doubled_early = 0
        self.deepest = 0
        self.banned: set[int] = set()
        self._events: list[tuple[float, int, str, int, int, int]] = []
        self._tie = itertools.count()
        self._numbers: dict[tuple[int, int], int] = {}  # (peer, chunk) -> number of its open request
        for index, peer in enumerate(peers):
            bits = self.space.full if peer.bits is None else peer.bits
            self.picker.source_joined(index, bits, peer.rtt)
            self.picker.unchoked(index)

    def run(self, limit: float = 3600.0) -> float:
        """Virtual seconds until the end."""
        for index in range(len(self.peers)):
            self._ask(index)
        self._push(0.25, "tick", 0, 0, 0)
        while self._events and not self.picker.finished and self.now < limit:
            self.now, _, what, index, chunk, number = heapq.heappop(self._events)
            if what == "tick":
                self._tick()
            elif number not in self.peers[index].cancelled:
                self._came(index, chunk)
        return self.now

    def _push(self, when: float, what: str, index: int, chunk: int, number: int) -> None:
        heapq.heappush(self._events, (when, next(self._tie), what, index, chunk, number))

    def _ask(self, index: int) -> None:
        if index in self.banned:
            return
        peer = self.peers[index]
        before = self.picker.endgame or not self.picker._free & self.picker._reachable(self.now)
        for chunk in self.picker.ask(index, self.now):
            free = self.picker._free & self.picker._reachable(self.now)
            self.asked[chunk] += 1
            if self.asked[chunk] > 1 and free and not before:
                self.doubled_early += 1
            number = next(self._tie)
            self._numbers[index, chunk] = number
            start = max(self.now + peer.rtt / 2, peer.free_at)
            peer.free_at = start + self.chunk / peer.rate
            if peer.free_at < peer.dies:
                self._push(peer.free_at + peer.rtt / 2, "came", index, chunk, number)
        self.deepest = max(self.deepest, self.picker.in_flight(index))

    def _tick(self) -> None:
        for index, chunks in self.picker.overdue(self.now):
            for chunk in chunks:
                self._cancel(index, chunk)
        for index in range(len(self.peers)):
            self._ask(index)
        self._push(self.now + 0.25, "tick", 0, 0, 0)

    def _cancel(self, index: int, chunk: int) -> None:
        peer = self.peers[index]
        self.asked[chunk] -= 1
        peer.cancelled.add(self._numbers.pop((index, chunk)))
        if peer.free_at < peer.dies:
            peer.free_at = max(self.now + peer.rtt / 2, peer.free_at - self.chunk / peer.rate)
        self.wasted += self.chunk // 4

    def _came(self, index: int, chunk: int) -> None:
        self._numbers.pop((index, chunk))
        self.asked[chunk] -= 1
        self.picker.progress(index, self.chunk, self.now)
        others = self.picker.received(index, chunk, self.now)
        for other in others:
            self._cancel(other, chunk)
        if self.peers[index].lies:
            self.picker.failed(chunk)
            self.banned.add(index)
            for lost in self.picker.asked_of(index):
                self._cancel(index, lost)
            self.picker.source_left(index)
            others = [other for other in range(len(self.peers)) if other not in self.banned]
        else:
            self.picker.verified(chunk)
        for name in [index, *others]:
            self._ask(name)
