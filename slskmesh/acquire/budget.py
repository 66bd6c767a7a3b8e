"""How many searches of others we answer, shared so that a few who ask much leave room for the rest. Pure.

Rules:
- A peer's own rate comes first; what is over it counts against nobody else. It outlives its sessions, so coming
  back does not renew it.
- Then its network's share (/24, /48), then the budget of all. Whoever has hardly asked lately is let in from a
  reserve when those are used up, so that a busy neighbour's turn is not a quiet one's refusal.
- Answers under way are bounded by peer, by network and in all; here too there is one place for a peer that has none.
- Every table is bounded; the longest silent goes first.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable

import msgspec

from slskmesh.errors import UserError
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.address import split_address
from slskmesh.overlay.admission import is_loopback, network_of
from slskmesh.overlay.pacing import TokenBucket

PEER_RATE = (0.5, 10.0)  # searches a second, burst
NETWORK_RATE = (5.0, 20.0)
ALL_RATE = (20.0, 40.0)
RESERVE_RATE = (10.0, 20.0)
OPEN_PEER = 10  # answers under way: a whole burst
OPEN_NETWORK = 24  # twice as many, if one a peer
OPEN_ALL = 64
OPEN_RESERVE = 64
TABLE_MAX = 4096
_QUIET = 0.9  # of its burst left: a peer that has hardly asked lately


class Refusal(msgspec.Struct, frozen=True):
    """Not now: seconds until it may be tried again, and whether the peer itself asked too much."""

    wait: float
    own: bool


_BUSY = Refusal(1.0, own=False)


class _Buckets:
    """Token buckets by key, the least lately used forgotten first."""

    def __init__(self, rate: float, burst: float) -> None:
        self._shape = rate, burst
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def of(self, key: Hashable) -> TokenBucket:
        bucket = self._buckets.pop(key, None) or TokenBucket(*self._shape)
        self._buckets[key] = bucket
        if len(self._buckets) > TABLE_MAX:
            self._buckets.popitem(last=False)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)


class AnswerBudget:
    """Lets searches in, one `enter` and one `leave` each."""

    def __init__(self) -> None:
        self._peers = _Buckets(*PEER_RATE)
        self._networks = _Buckets(*NETWORK_RATE)
        self._all = TokenBucket(*ALL_RATE)
        self._reserve = TokenBucket(*RESERVE_RATE)
        self._open: Counter[Hashable] = Counter()
        self._open_all = 0

    def enter(self, peer: PeerId, address: str, now: float) -> Refusal | None:
        """A search of `peer`, which is connected as "host:port", is to be answered; None lets it in."""
        own, group = self._peers.of(peer), group_of(address)
        quiet = own.level(now) >= own.burst * _QUIET
        if not own.take(now):
            return Refusal(own.wait(now), own=True)
        if not self._has_place(peer, group):
            return _BUSY
        shared = (group is None or self._networks.of(group).take(now)) and self._all.take(now)
        if not shared and not (quiet and self._reserve.take(now)):
            return _BUSY
        self._open_all += 1
        self._open[peer] += 1
        if group is not None:
            self._open[group] += 1
        return None

    def leave(self, peer: PeerId, address: str) -> None:
        """The answer is out, or given up."""
        self._open_all -= 1
        for key in (peer, group_of(address)):
            if key is not None:
                self._open[key] -= 1
                if not self._open[key]:
                    del self._open[key]

    def _has_place(self, peer: PeerId, group: str | None) -> bool:
        own, near = self._open[peer], 0 if group is None else self._open[group]
        if own >= OPEN_PEER or near >= 2 * OPEN_NETWORK or self._open_all >= OPEN_ALL + OPEN_RESERVE:
            return False
        return not own or (self._open_all < OPEN_ALL and near < OPEN_NETWORK)


def group_of(address: str) -> str | None:
    """The network of a "host:port", the name of a host that was dialled by name, None for this machine."""
    try:
        host, _ = split_address(address)
    except UserError:
        return address
    try:
        return None if is_loopback(host) else network_of(host)
    except ValueError:
        return host
