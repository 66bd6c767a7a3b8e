"""Whether strangers reach our UDP port. Pure.

Rules:
- Proof is any datagram from an address we have not sent to for 5½ minutes: no filter that follows our own traffic lets
  one in. One from a local network is proof only while we know nobody beyond it. A proof counts for 15 minutes.
- Without proof and with four contacts or more we ask contacts to have somebody greet us whom we have not sent to
  (`Probe`). Three that say it was done, of three networks, and no greeting: closed. One that arrives: open again.
- Until then we are taken for open, else the first nodes of a network could never find each other.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from slskmesh.dht.networks import Address

CONTACTS_NEEDED: Final = 4
TRIALS_NEEDED: Final = 3
TRIAL: Final = 5.0  # seconds a greeting may take
_SENT_MAX: Final = 8192
_SENT: Final = 330.0  # routers keep a way in open for five minutes at most (RFC 4787)
_PROOF: Final = 900.0
_FIRST: Final = 20.0
_UNSURE: Final = 10.0
_CLOSED: Final = 60.0


class Reachability:
    """What we know of our own port. `now` is seconds of one monotonic clock."""

    def __init__(self, now: float) -> None:
        self._sent: OrderedDict[Address, float] = OrderedDict()
        self._blurred = float("-inf")  # addresses sent to before this may have been forgotten
        self._proof = float("-inf")
        self._next = now + _FIRST
        self._failed: set[bytes] = set()
        self._trial: tuple[Address, float, bytes] | None = None
        self.closed = False

    def sent(self, address: Address, now: float) -> None:
        """Notes a datagram of ours."""
        if self._trial is not None and self._trial[0] == address:
            self._trial = None  # now even a filter would let its greeting in
        self._sent[address] = now
        self._sent.move_to_end(address)
        if len(self._sent) > _SENT_MAX:
            _, self._blurred = self._sent.popitem(last=False)

    def knows(self, address: Address, now: float) -> bool:
        """Whether we may have sent to `address` in the last 5½ minutes."""
        return now - max(self._sent.get(address, float("-inf")), self._blurred) < _SENT

    def heard(self, address: Address, now: float) -> None:
        """Notes a datagram that came, whatever it holds."""
        if not self.knows(address, now):
            self._proof = now
            self._failed.clear()
            self._trial = None
            self.closed = False

    def doubt(self) -> None:
        """Forgets the proof: it came from a local network, and now somebody beyond is known."""
        self._proof = float("-inf")

    def is_due(self, now: float) -> bool:
        """Whether there is something to find out now."""
        if self._trial is not None and now >= self._trial[1]:
            self._settle(now)
        return now >= self._next and now - self._proof >= _PROOF

    def wants_probe(self, contacts: int, now: float) -> bool:
        """Whether to ask one of that many contacts for a greeting now: at most every 10 s, when closed every minute."""
        if not self.is_due(now) or contacts < CONTACTS_NEEDED:
            return False
        self._next = now + (_CLOSED if self.closed else _UNSURE)
        return True

    def trial(self, by: Address, asked: bytes, now: float) -> None:
        """Notes that a contact (`asked` is its network) says `by` will greet us. Void where we have sent to `by`."""
        if not self.knows(by, now) and self._proof < now - _PROOF:
            self._trial = by, now + TRIAL, asked

    def _settle(self, now: float) -> None:
        assert self._trial is not None
        self._failed.add(self._trial[2])
        self._trial = None
        if len(self._failed) >= TRIALS_NEEDED and now - self._proof >= _PROOF:
            self.closed = True
