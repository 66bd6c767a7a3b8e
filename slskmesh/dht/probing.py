"""How nodes test each other's ports: who may ask for a greeting, and whom it may be aimed at. Pure.

Rules, so that this is neither amplifier nor scanner:
- `Probe` and `Knock` need a token: their senders receive where they send from. A Probe concerns only the address it
  came from; a Knock is taken only from where a node has answered us lately.
- A Knock makes one hello of 112 bytes, no longer than the Knock with its question for the token, and tells its sender
  nothing of what became of it. An address is greeted at most once a minute, and of all Knocks one each 5 s counts.
- Nobody beyond the local network can aim us at an address inside it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Final

from slskmesh.dht import networks
from slskmesh.dht.networks import Address
from slskmesh.dht.rates import Bucket
from slskmesh.dht.table import Contact, NetworkRule

_AGAIN: Final = 9.0  # seconds before the same network may ask again
_ASKERS_MAX: Final = 1024
_ERRANDS_MAX: Final = 16
_RATE: Final = 0.2
_BURST: Final = 4.0


class Probing:
    """Errands waiting: (contact to ask, node and address it shall greet)."""

    def __init__(self, rule: NetworkRule, entropy: Callable[[int], bytes], now: float) -> None:
        self._rule, self._entropy = rule, entropy
        self._asked: OrderedDict[bytes, float] = OrderedDict()
        self._errands = Bucket(1.0, 10.0, 10.0, now)
        self._knocks = Bucket(_RATE, _BURST, _BURST, now)
        self.errands: deque[tuple[Contact, bytes, Address]] = deque(maxlen=_ERRANDS_MAX)

    def probe(self, node: bytes, address: Address, contacts: Sequence[Contact], now: float) -> bytes:
        """The packed endpoint of the contact that will be asked to greet `node`; b"" nobody."""
        asker = self._voice(address)
        if now - self._asked.get(asker, float("-inf")) < _AGAIN:
            return b""
        fit = [one for one in contacts if self._fits(one, node, address)]
        if not fit or len(self.errands) >= _ERRANDS_MAX or not self._errands.take(now):
            return b""
        self._asked[asker] = now
        self._asked.move_to_end(asker)
        if len(self._asked) > _ASKERS_MAX:
            self._asked.popitem(last=False)
        chosen = fit[int.from_bytes(self._entropy(4), "big") % len(fit)]
        self.errands.append((chosen, node, address))
        return networks.pack(chosen.address)

    def _fits(self, contact: Contact, node: bytes, address: Address) -> bool:
        """Of the asker's family and of another network, the asker itself not."""
        return (
            contact.id != node
            and networks.is_v6(contact.ip) == networks.is_v6(address[0])
            and self._voice(contact.address) != self._voice(address)
            and networks.is_local(contact.ip) == networks.is_local(address[0])
        )

    def _voice(self, address: Address) -> bytes:
        return networks.voice(*address, self._rule.limits(address[0]))

    def may_knock(self, source: Address, target: Address, now: float) -> bool:
        """Whether a Knock from `source`, where a node is known to be, may make us greet `target`."""
        return may_point(source, target) and self._knocks.take(now)


def may_point(source: Address, target: Address) -> bool:
    """Whether somebody at `source` may send us to `target`: into a local network only from inside one."""
    return networks.is_local(source[0]) or not networks.is_local(target[0])
