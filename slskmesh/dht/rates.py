"""What sources may cost us, and what we may send to whom has proven nothing. Pure; every table has a bound.

Rules:
- Requests have token buckets by address and by network (three times an address). Those with a valid token have
  buckets of their own: whoever spoofs a source cannot use up what its true owner may ask.
- `Credit`: to a host that has proven nothing we send at most three times the bytes that came from it, whatever kind.
- `Aims`: where a foreign hint sends us we send at most once a minute an address, and 8 and then 6 a minute a network.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from slskmesh.dht.networks import Address, network_of, text

_SOURCES_MAX: Final = 4096
_AIM_AGAIN: Final = 60.0
_AIM_RATE: Final = 0.1
_AIM_BURST: Final = 8.0
_ANSWERED: Final = 600.0  # seconds an answer speaks for its address


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
        self._sources: dict[bool, OrderedDict[str | bytes, Bucket]] = {
            False: OrderedDict(),
            True: OrderedDict(),
        }
        self._signatures = Bucket(signatures, signatures, signatures, now)

    def admits(self, address: Address, counted: bool, proven: bool, now: float) -> bool:
        """Whether a request from `address` may be served now; `proven` is one with a valid token.

        Where networks are not `counted`, on a local network, each port of a host is a source of its own.
        """
        sources = self._sources[proven]
        if not counted:
            return self._bucket(sources, text(address), 1, now).take(now)
        host = address[0]
        return self._bucket(sources, host, 1, now).take(now) and self._bucket(
            sources, network_of(host), 3, now
        ).take(now)

    def may_verify(self, now: float) -> bool:
        """Whether there is time for one more signature; without it a flood of forgeries would take the processor."""
        return self._signatures.take(now)

    def _bucket(
        self, sources: OrderedDict[str | bytes, Bucket], source: str | bytes, times: int, now: float
    ) -> Bucket:
        bucket = sources.get(source)
        if bucket is None:
            burst = self._burst * times
            bucket = sources[source] = Bucket(self._rate * times, burst, burst, now)
            if len(sources) > _SOURCES_MAX:
                sources.popitem(last=False)
        else:
            sources.move_to_end(source)
        return bucket


class Credit:
    """Bytes that may still go to hosts that have proven nothing."""

    def __init__(self, times: int, most: int) -> None:
        self._times, self._most = times, most
        self._left: OrderedDict[str, int] = OrderedDict()

    def came(self, host: str, size: int) -> None:
        """Notes `size` bytes from `host`."""
        self._left[host] = min(self._most, self._left.get(host, 0) + self._times * size)
        self._left.move_to_end(host)
        if len(self._left) > _SOURCES_MAX:
            self._left.popitem(last=False)

    def left(self, host: str) -> int:
        """Bytes that may go to `host`."""
        return self._left.get(host, 0)

    def spend(self, host: str, size: int) -> bool:
        """Whether `size` bytes may go to `host` now; they are counted if so."""
        left = self.left(host)
        if left < size:
            return False
        if size:
            self._left[host] = left - size
        return True


class Aims:
    """Addresses that were only mentioned to us: when we sent there last, and which of them answered."""

    def __init__(self) -> None:
        self._aimed: OrderedDict[Address, float] = OrderedDict()
        self._answered: OrderedDict[Address, float] = OrderedDict()
        self._networks: OrderedDict[bytes, Bucket] = OrderedDict()

    def answered(self, address: Address, now: float) -> None:
        """Notes that somebody answers there."""
        self._answered[address] = now
        self._answered.move_to_end(address)
        if len(self._answered) > _SOURCES_MAX:
            self._answered.popitem(last=False)

    def is_known(self, address: Address, now: float) -> bool:
        """Whether somebody answered there in the last ten minutes."""
        return now - self._answered.get(address, float("-inf")) < _ANSWERED

    def may(self, address: Address, counted: bool, now: float) -> bool:
        """Whether to send to `address` now, which is noted; its network has a budget where networks are `counted`."""
        if self.is_known(address, now):
            return True
        if now - self._aimed.get(address, float("-inf")) < _AIM_AGAIN:
            return False
        if counted and not self._network(network_of(address[0]), now).take(now):
            return False
        self._aimed[address] = now
        self._aimed.move_to_end(address)
        if len(self._aimed) > _SOURCES_MAX:
            self._aimed.popitem(last=False)
        return True

    def _network(self, network: bytes, now: float) -> Bucket:
        bucket = self._networks.get(network)
        if bucket is None:
            bucket = self._networks[network] = Bucket(_AIM_RATE, _AIM_BURST, _AIM_BURST, now)
            if len(self._networks) > _SOURCES_MAX:
                self._networks.popitem(last=False)
        return bucket
