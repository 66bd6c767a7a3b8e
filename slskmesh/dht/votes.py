"""Where others see us: each network that answered us has one vote, for each family of addresses. Pure.

Rules: three networks and more than half of those that voted lately must name the same host; the port is the one most
of them saw. A vote is forgotten after an hour. No single owner of a network can move us.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final

from slskmesh.dht.networks import Address

_VOTERS_MAX: Final = 32
_NEEDED: Final = 3
_LIFE: Final = 3600.0


class Votes:
    """Votes on our own address of IPv4 and of IPv6."""

    def __init__(self) -> None:
        self._seen: dict[bool, OrderedDict[bytes, tuple[Address, float]]] = {
            False: OrderedDict(),
            True: OrderedDict(),
        }

    def cast(self, voter: bytes, seen: Address, now: float) -> None:
        """Notes that the network `voter` sees us at `seen`; it replaces what that network said before."""
        votes = self._seen[":" in seen[0]]
        votes[voter] = seen, now
        votes.move_to_end(voter)
        if len(votes) > _VOTERS_MAX:
            votes.popitem(last=False)

    def external(self, v6: bool, now: float) -> Address | None:
        """Our address of that family as others see it; None while they do not agree."""
        seen = [address for address, at in self._seen[v6].values() if now - at < _LIFE]
        if not seen:
            return None
        host, votes = Counter(address[0] for address in seen).most_common(1)[0]
        if votes < _NEEDED or votes * 2 <= len(seen):
            return None
        return host, Counter(address[1] for address in seen if address[0] == host).most_common(1)[0][0]

    def all(self, now: float) -> tuple[Address, ...]:
        """The addresses known, IPv4 first."""
        return tuple(found for v6 in (False, True) if (found := self.external(v6, now)))
