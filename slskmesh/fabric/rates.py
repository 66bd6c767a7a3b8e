"""How much one peer may ask: calls a minute, calls at once, work units. Pure; `now` is any monotonic clock's seconds.

Rules:
- 100 calls a minute for each peer and service and 500 for each peer, with a burst of as many (documents 003 part 1;
  research features 2.2). Names that are not exposed share one rate, so that probing for names is no cheaper and
  tells nothing.
- Work units come from the peer's pool and everybody's (`work.py`). Rates and pools belong to the key, not to the
  session: coming back renews nothing.
- A caller may overstep a little; one that goes on being refused is reported (`Refusal.abuse`) for each 50 refusals a
  minute.
- Every table is bounded; what was used least lately goes first.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

import msgspec

from slskmesh.fabric.status import Status
from slskmesh.identity.peerid import PeerId, peer_short
from slskmesh.overlay.pacing import TokenBucket
from slskmesh.work import ALL_REMOTE_MINUTE, PER_PEER_MINUTE, Pool, RemoteBudget

PEERS_MAX: Final = 4096
SERVICES_MAX: Final = 16_384  # (peer, service) pairs
_MINUTE: Final = 60.0

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounds(msgspec.Struct, frozen=True):
    """What the fabric allows; calls a minute unless the name says otherwise."""

    service_minute: int = 100  # of one peer to one service
    peer_minute: int = 500
    refusals_minute: int = 50  # of one peer, before it counts as abuse
    open_peer: int = 16  # calls of one peer answered at once, and open to one peer
    answering: int = 256  # calls answered at once in all
    asking: int = 1000  # calls open or waiting for their turn in all
    buffered: int = 16 << 20  # bytes of streamed parts that nobody took yet, in all


class Refusal(msgspec.Struct, frozen=True):
    """Not now, in a status and words; `abuse` where the peer went on and on."""

    status: Status
    words: str
    abuse: bool = False


class Latest(Generic[K, V]):
    """A table that forgets what was used least lately."""

    def __init__(self, most: int, make: Callable[[K], V]) -> None:
        self._most = most
        self._make = make
        self._values: OrderedDict[K, V] = OrderedDict()

    def of(self, key: K) -> V:
        """The value of `key`, made if there is none."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
            return value
        if len(self._values) >= self._most:
            self._values.popitem(last=False)
        value = self._values[key] = self._make(key)
        return value

    def get(self, key: K) -> V | None:
        """The value of `key` if there is one; this is no use of it."""
        return self._values.get(key)

    def forget(self, key: K) -> None:
        """As if `key` had never been used."""
        self._values.pop(key, None)

    def __len__(self) -> int:
        return len(self._values)


class CallRates:
    """Lets calls in, one `enter` and one `leave` each."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self._peers: Latest[PeerId, TokenBucket] = Latest(
            PEERS_MAX, lambda key: _a_minute(bounds.peer_minute)
        )
        self._services: Latest[tuple[PeerId, str], TokenBucket] = Latest(
            SERVICES_MAX, lambda key: _a_minute(bounds.service_minute)
        )
        self._refused: Latest[PeerId, TokenBucket] = Latest(
            PEERS_MAX, lambda key: _a_minute(bounds.refusals_minute)
        )
        self._pools: Latest[PeerId, Pool] = Latest(
            PEERS_MAX, lambda peer: Pool(peer_short(peer), PER_PEER_MINUTE, clock)
        )
        self._pool_of_all = Pool("calls of all peers", ALL_REMOTE_MINUTE, clock)
        self._open: Counter[PeerId] = Counter()
        self.open = 0

    def enter(self, peer: PeerId, service: str, now: float) -> Refusal | None:
        """A call of `peer` to `service` (empty: not exposed) came; None lets it in."""
        own, ours = self._peers.of(peer), self._services.of((peer, service))
        if own.level(now) < 1 or ours.level(now) < 1:
            wait = max(own.wait(now), ours.wait(now))
            return self._refuse(peer, f"too many calls a minute; try again in {int(wait) + 1} s", now)
        own.take(now)
        ours.take(now)
        if self._open[peer] >= self._bounds.open_peer:
            return self._refuse(peer, f"more than {self._bounds.open_peer} calls at once", now)
        if self.open >= self._bounds.answering:
            return Refusal(Status.UNAVAILABLE, "too many calls are being answered; try again in 1 s")
        self._open[peer] += 1
        self.open += 1
        return None

    def leave(self, peer: PeerId) -> None:
        """The call is answered, or given up."""
        self.open -= 1
        self._open[peer] -= 1
        if not self._open[peer]:
            del self._open[peer]

    def budget(self, peer: PeerId) -> RemoteBudget:
        """What one call of `peer` may cost."""
        return RemoteBudget((self._pools.of(peer), self._pool_of_all))

    def _refuse(self, peer: PeerId, words: str, now: float) -> Refusal:
        abuse = not self._refused.of(peer).take(now)
        if abuse:
            self._refused.forget(peer)  # reported: the next ones are counted anew
        return Refusal(Status.RATE_LIMITED, words, abuse)


def _a_minute(count: int) -> TokenBucket:
    return TokenBucket(count / _MINUTE, float(count))
