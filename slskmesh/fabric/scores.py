"""How peers' services did when we called them, and whom to ask next. Own measurement only. Pure.

Rules:
- A score is the Laplace success rate, brought down by the smoothed time to the first answer and up or down by the
  peer's standing. What was our own fault (a bad request, a cancelled call) is not counted.
- A peer that was never tried gets a fair chance: each place in the order goes to one with a chance of a quarter while
  there are good known ones, and before the poor known ones. So strangers never crowd out what works, however many.
- Old deeds fade: counts are halved when there are many. The table is bounded; the least lately used goes first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from slskmesh.fabric.rates import Latest
from slskmesh.fabric.status import Status
from slskmesh.identity.peerid import PeerId

SCORES_MAX: Final = 4096
EXPLORE: Final = 0.25
PEERS_FAULT: Final = frozenset(
    {
        Status.UNKNOWN,
        Status.SERVICE_NOT_FOUND,
        Status.METHOD_NOT_FOUND,
        Status.TIMEOUT,
        Status.RATE_LIMITED,
        Status.UNAVAILABLE,
    }
)
_COUNTS_MAX: Final = 64.0
_WEIGHT: Final = 0.3  # of the newest time
_USUAL: Final = 0.5  # seconds an answer is expected to take
_STANDING_RANGE: Final = 16.0  # a standing of 8, the best, counts half as much again


class _Deeds:
    __slots__ = ("bad", "good", "latency")

    def __init__(self) -> None:
        self.good = 0.0
        self.bad = 0.0
        self.latency = _USUAL


class Scores:
    """Scores by peer and service. `standing` is of `governance`: -n bad to 8 best, 0 for strangers."""

    def __init__(self, rng: random.Random, standing: Callable[[PeerId], float] = lambda peer: 0.0) -> None:
        self._rng = rng
        self.standing = standing
        self._deeds: Latest[tuple[PeerId, str], _Deeds] = Latest(SCORES_MAX, lambda key: _Deeds())

    def worked(self, peer: PeerId, service: str, latency: float) -> None:
        """A call was answered; `latency` in seconds to the first answer."""
        deeds = self._deeds.of((peer, service))
        deeds.latency = latency if not deeds.good else deeds.latency + _WEIGHT * (latency - deeds.latency)
        deeds.good += 1
        _fade(deeds)

    def failed(self, peer: PeerId, service: str) -> None:
        """A call failed, and not by our fault."""
        deeds = self._deeds.of((peer, service))
        deeds.bad += 1
        _fade(deeds)

    def score(self, peer: PeerId, service: str) -> float:
        """From 0 to about 1.5; a stranger's is 0.25."""
        deeds = self._deeds.get((peer, service)) or _Deeds()
        rate = (deeds.good + 1) / (deeds.good + deeds.bad + 2)
        speed = _USUAL / (_USUAL + deeds.latency)
        trust = max(0.1, 1 + self.standing(peer) / _STANDING_RANGE)
        return rate * speed * trust

    def tried(self, peer: PeerId, service: str) -> bool:
        """Whether it was ever called, as far as is remembered."""
        return self._deeds.get((peer, service)) is not None

    def order(self, peers: Sequence[PeerId], service: str) -> list[PeerId]:
        """`peers` in the order to try them."""
        scores = {peer: self.score(peer, service) for peer in peers}
        known = sorted((p for p in scores if self.tried(p, service)), key=lambda p: -scores[p])
        fresh = [p for p in scores if not self.tried(p, service)]
        self._rng.shuffle(fresh)
        fresh.sort(key=lambda p: -scores[p])
        stranger = self.score(_NOBODY, service)
        good = [p for p in known if scores[p] >= stranger]
        return self._mix(good, fresh) + [p for p in known if scores[p] < stranger]

    def _mix(self, good: list[PeerId], fresh: list[PeerId]) -> list[PeerId]:
        mixed: list[PeerId] = []
        known, new = iter(good), iter(fresh)
        left, left_new = len(good), len(fresh)
        while left and left_new:
            explore = self._rng.random() < EXPLORE
            mixed.append(next(new if explore else known))
            left, left_new = (left, left_new - 1) if explore else (left - 1, left_new)
        return [*mixed, *known, *new]


_NOBODY: Final = PeerId(b"")


def _fade(deeds: _Deeds) -> None:
    if deeds.good + deeds.bad > _COUNTS_MAX:
        deeds.good /= 2
        deeds.bad /= 2
