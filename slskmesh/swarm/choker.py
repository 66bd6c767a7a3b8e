"""Who may fetch from us now: a pure state machine of upload slots.

Rules:
- At most `slots` streams are unchoked, at most `per_peer` of one peer; a blocked peer never is.
- Free slots are given at once. Every 15 s they are judged anew: trusted peers first, then those who gave us most
  in the last hour, then the better score, then who waits longest.
- One slot is optimistic: for 30 s it goes to a waiting stream drawn by lot, so that newcomers get a start.
- A stream that has a slot and asked for nothing for 15 s gives it up if others wait, and goes to the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

from slskmesh.identity.peerid import PeerId

JUDGE_SECONDS = 15.0
OPTIMISTIC_SECONDS = 30.0
IDLE_SECONDS = 15.0


class Rank(NamedTuple):
    """What decides between two peers, higher first."""

    trusted: bool
    given: int  # bytes received from the peer in the last hour
    score: float


class Verdict(NamedTuple):
    """What changed: streams that lose and get a slot, and places (1 = next) of all that wait."""

    choke: list[Hashable]
    unchoke: list[Hashable]
    places: dict[Hashable, int]


@dataclass(slots=True)
class _Stream:
    peer: PeerId
    since: float  # waiting since
    active: float  # last request
    open: bool = False
    told: bool = False  # it knows whether it is choked


class Choker:
    """Slots and who holds them. Streams are named by any hashable value."""

    def __init__(
        self, rank: Callable[[PeerId], Rank | None], rng: random.Random, slots: int = 20, per_peer: int = 2
    ) -> None:
        """`rank` tells how a peer stands, None if it is blocked."""
        self.slots = slots
        self.per_peer = per_peer
        self._rank = rank
        self._rng = rng
        self._streams: dict[Hashable, _Stream] = {}
        self._judged = 0.0
        self._lucky: Hashable | None = None
        self._lucky_until = 0.0

    @property
    def used(self) -> int:
        """Slots in use."""
        return sum(stream.open for stream in self._streams.values())

    def is_open(self, name: Hashable) -> bool:
        """Whether the stream has a slot."""
        stream = self._streams.get(name)
        return stream is not None and stream.open

    def joined(self, name: Hashable, peer: PeerId, now: float) -> Verdict:
        """A stream that wants to fetch."""
        self._streams[name] = _Stream(peer, now, now)
        return self._fill(now)

    def left(self, name: Hashable, now: float) -> Verdict:
        """The stream is gone."""
        self._streams.pop(name, None)
        if self._lucky == name:
            self._lucky = None
        return self._fill(now)

    def asked(self, name: Hashable, now: float) -> None:
        """The stream uses its slot."""
        if name in self._streams:
            self._streams[name].active = now

    def judge(self, now: float) -> Verdict | None:
        """Judges all slots anew when it is time to."""
        if now - self._judged < JUDGE_SECONDS:
            return None
        self._judged = now
        order = self._order(now, keep_holders=False)
        return self._settle(order, self._draw(order, now), now)

    def _fill(self, now: float) -> Verdict:
        order = self._order(now, keep_holders=True)
        return self._settle(order, self._lucky, now)

    def _order(self, now: float, *, keep_holders: bool) -> list[Hashable]:
        ranked: list[tuple[tuple[bool, bool, Rank, float], Hashable]] = []
        for name, stream in self._streams.items():
            rank = self._rank(stream.peer)
            if rank is not None:
                busy = not stream.open or now - stream.active < IDLE_SECONDS
                ranked.append(((keep_holders and stream.open, busy, rank, -stream.since), name))
        ranked.sort(key=lambda entry: entry[0], reverse=True)
        return [name for _, name in ranked]

    def _draw(self, order: list[Hashable], now: float) -> Hashable | None:
        if len(order) <= self.slots:
            self._lucky = None
        elif self._lucky is None or now >= self._lucky_until:
            waiting = [name for name in order if not self._streams[name].open]
            self._lucky = self._rng.choice(waiting) if waiting else None
            self._lucky_until = now + OPTIMISTIC_SECONDS
        return self._lucky

    def _settle(self, order: list[Hashable], lucky: Hashable | None, now: float) -> Verdict:
        if lucky in order:
            order = [lucky, *(name for name in order if name != lucky)]
        chosen: set[Hashable] = set()
        per_peer: dict[PeerId, int] = {}
        for name in order:
            peer = self._streams[name].peer
            if len(chosen) < self.slots and per_peer.get(peer, 0) < self.per_peer:
                chosen.add(name)
                per_peer[peer] = per_peer.get(peer, 0) + 1
        places = {name: at for at, name in enumerate((n for n in order if n not in chosen), 1)}
        return self._apply(chosen, places, now)

    def _apply(self, chosen: set[Hashable], places: dict[Hashable, int], now: float) -> Verdict:
        choke, unchoke = [], []
        for name, stream in self._streams.items():
            if name in chosen:
                if not stream.open:
                    unchoke.append(name)
                    stream.open, stream.active = True, now
            elif stream.open or not stream.told:
                choke.append(name)
                stream.open, stream.since = False, now
            stream.told = True
        return Verdict(choke, unchoke, places)
