"""Who was silent to us lately: asked last, once and briefly, and not named to others. Pure; bounded.

Rules:
- What is remembered is a node at an address. A false hint (a true id elsewhere, another id at a true address) makes
  nobody else count as silent, and no datagram can: only our own question without an answer does.
- A silence counts only if somebody else was heard over the same link (family, local or beyond) since the question was
  sent; where nobody was, who was heard last is asked now. When everybody is silent, it is our link.
- Anything authentic from the node there ends it at once: an answer to our question, or a question with our token.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from slskmesh.dht import networks
from slskmesh.dht.networks import Address

SILENT_MAX: Final = 1024
SILENT: Final = 120.0  # seconds a silence is remembered
_HEARD_MAX: Final = 4  # of a link


class Silences:
    """Nodes at addresses, and when they were silent last. `now` is seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._silent: OrderedDict[tuple[bytes, Address], float] = OrderedDict()
        self._heard: dict[tuple[bool, bool], OrderedDict[Address, float]] = {}

    def heard(self, node: bytes, address: Address, now: float) -> None:
        """Notes something authentic from `node` at `address`."""
        heard = self._heard.setdefault(_link(address), OrderedDict())
        heard[address] = now
        heard.move_to_end(address)
        if len(heard) > _HEARD_MAX:
            heard.popitem(last=False)
        self._silent.pop((node, address), None)

    def silent(self, node: bytes, address: Address, asked: float, now: float) -> bool:
        """Notes that no answer came to what was sent from `asked` on; False if that may be our own link."""
        witness = self.witness(address)
        if witness is None or self._heard[_link(address)][witness] <= asked:
            return False
        self._silent[node, address] = now
        self._silent.move_to_end((node, address))
        if len(self._silent) > SILENT_MAX:
            self._silent.popitem(last=False)
        return True

    def witness(self, address: Address) -> Address | None:
        """Where somebody else was heard last over the link that leads to `address`."""
        heard = self._heard.get(_link(address), OrderedDict())
        return next((one for one in reversed(heard) if one != address), None)

    def is_silent(self, node: bytes, address: Address, now: float) -> bool:
        """Whether `node` was silent at `address` in the last two minutes and not heard there since."""
        return now - self._silent.get((node, address), float("-inf")) < SILENT

    def __len__(self) -> int:
        return len(self._silent)


def _link(address: Address) -> tuple[bool, bool]:
    return networks.is_v6(address[0]), networks.is_local(address[0])
