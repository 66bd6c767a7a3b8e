"""Who is to be greeted: those who asked, were mentioned, or want to know whether they can be reached. Pure.

Rules: an address is greeted at most once a minute; who only asked is greeted within the bytes that came from its host
(`Credit`), who was only mentioned within what aims allow (`Aims`), who knocks once and without a second try. Who was
mentioned waits three seconds: the lookup that heard of it may ask it first and learn whether it exists.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import Final

from slskmesh.dht.networks import Address

_WAITING_MAX: Final = 64
_GREETED_MAX: Final = 4096
_MENTIONED_MAX: Final = 256
_AGAIN: Final = 60.0
_RIPE: Final = 3.0


class Why(enum.Enum):
    """What brings a greeting about."""

    PROVEN = "proven"  # asked with a token
    ASKED = "asked"
    MENTIONED = "mentioned"
    KNOCK = "knock"


class Greetings:
    """Addresses waiting to be greeted, with the node expected there."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Address, tuple[bytes, Why]] = OrderedDict()
        self._mentioned: OrderedDict[Address, tuple[bytes, float]] = OrderedDict()
        self._greeted: OrderedDict[Address, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def is_due(self, address: Address, now: float) -> bool:
        """Whether `address` was not greeted in the last minute."""
        return now - self._greeted.get(address, float("-inf")) >= _AGAIN

    def add(self, node: bytes, address: Address, why: Why, now: float) -> None:
        """Notes somebody to be greeted soon, unless that was done lately or too many wait."""
        if not self.is_due(address, now):
            return
        if why is Why.MENTIONED:
            if len(self._mentioned) < _MENTIONED_MAX:
                self._mentioned.setdefault(address, (node, now))
        elif len(self._waiting) < _WAITING_MAX:
            self._waiting.setdefault(address, (node, why))

    def ripen(self, now: float) -> bool:
        """Lets those mentioned three seconds ago be greeted; whether anybody waits."""
        while self._mentioned and len(self._waiting) < _WAITING_MAX:
            address, (node, at) = next(iter(self._mentioned.items()))
            if now - at < _RIPE:
                break
            del self._mentioned[address]
            if self.is_due(address, now):
                self._waiting.setdefault(address, (node, Why.MENTIONED))
        return bool(self._waiting)

    def take(self) -> tuple[Address, bytes, Why]:
        """The one that waits longest."""
        address, (node, why) = self._waiting.popitem(last=False)
        return address, node, why

    def greeted(self, address: Address, now: float) -> None:
        """Notes that `address` is greeted now."""
        self._greeted[address] = now
        self._greeted.move_to_end(address)
        if len(self._greeted) > _GREETED_MAX:
            self._greeted.popitem(last=False)
