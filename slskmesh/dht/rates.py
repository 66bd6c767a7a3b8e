"""Token buckets for whoever sends us requests: by address, by network, and for signatures as a whole. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from slskmesh.dht.networks import network_of

_SOURCES_MAX: Final = 4096


@dataclass(slots=True)
class Bucket:
    """`rate` units a second, up to `burst` saved; times are seconds of one monotonic clock."""

    rate: float
    burst: float
    level: float
    at: float

    def take(self, now: float) -> bool:
        """Whether one more unit may pass now; it is taken if so."""
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


class Rates:
    """Requests a second of one address (its network gets three times that) and signatures a second of everyone."""

    def __init__(self, rate: float, burst: float, signatures: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._sources: OrderedDict[str | bytes, Bucket] = OrderedDict()
        self._signatures = Bucket(signatures, signatures, signatures, now)

    def admits(self, host: str, now: float) -> bool:
        """Whether a request from `host` may be served now."""
        return self._bucket(host, 1, now).take(now) and self._bucket(network_of(host), 3, now).take(now)

    def may_verify(self, now: float) -> bool:
        """Whether there is time for one more signature; without it a flood of forgeries would take the processor."""
        return self._signatures.take(now)

    def _bucket(self, source: str | bytes, times: int, now: float) -> Bucket:
        bucket = self._sources.get(source)
        if bucket is None:
            burst = self._burst * times
            bucket = self._sources[source] = Bucket(self._rate * times, burst, burst, now)
            if len(self._sources) > _SOURCES_MAX:
                self._sources.popitem(last=False)
        else:
            self._sources.move_to_end(source)
        return bucket
