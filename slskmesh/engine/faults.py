"""Which faults of peers the person is told of, so that strangers cannot fill the event log. Pure; time comes in.

Rules: one notice a peer and minute, `NOTICES_MAX` a minute in all; the rest is counted and told as one line when the
minute is over. Standing hears of every fault, whatever is told.
"""

from __future__ import annotations

from slskmesh.identity.peerid import PeerId

MINUTE = 60.0
NOTICES_MAX = 20


class FaultLog:
    """Decides fault by fault; remembers no more than `NOTICES_MAX` peers."""

    def __init__(self) -> None:
        self._told: dict[PeerId, float] = {}  # oldest first
        self._more = 0
        self._since = 0.0  # when the first of those `more` came

    def tell(self, peer: PeerId, now: float) -> bool:
        """Whether this fault is worth a notice of its own; `now` in seconds of a monotonic clock."""
        self._forget(now)
        if peer in self._told or len(self._told) >= NOTICES_MAX:
            if not self._more:
                self._since = now
            self._more += 1
            return False
        self._told[peer] = now
        return True

    def summary(self, now: float) -> str:
        """What was left out, once it is a minute old; empty when there is nothing to say."""
        if not self._more or now - self._since < MINUTE:
            return ""
        more, self._more = self._more, 0
        return f"{more} more faults of peers in the last minute, not listed"

    def _forget(self, now: float) -> None:
        while self._told and now - next(iter(self._told.values())) >= MINUTE:
            del self._told[next(iter(self._told))]
