"""Tokens: proof that a sender receives at the address it sends from. Pure.

A token is 8 bytes of HMAC-SHA256 over host and node id, under a secret of this node that turns every 5 minutes; the
former secret still counts. So a token lives 5 to 10 minutes and nothing is remembered for it.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from slskmesh.dht.networks import Address

TOKEN: Final = 8  # bytes
_TURN: Final = 300.0  # seconds
_GRANTED_MAX: Final = 4096
_GRANTED_LIFE: Final = _TURN * 0.9  # a token counts at least so long


class Tokens:
    """Issues tokens and knows its own. `entropy(n)` gives n secret bytes, `now` is seconds of a monotonic clock."""

    def __init__(self, entropy: Callable[[int], bytes], now: float) -> None:
        self._entropy = entropy
        self._secrets = (entropy(32), entropy(32))
        self._turned = now

    def issue(self, host: str, node: bytes, now: float) -> bytes:
        """The token of `node` at `host`."""
        self._turn(now)
        return self._token(self._secrets[0], host, node)

    def accepts(self, token: bytes, host: str, node: bytes, now: float) -> bool:
        """Whether `token` was issued to `node` at `host` and still counts."""
        self._turn(now)
        matches = [hmac.compare_digest(token, self._token(secret, host, node)) for secret in self._secrets]
        return any(matches)

    def _turn(self, now: float) -> None:
        if now - self._turned >= 2 * _TURN:
            self._secrets = (self._entropy(32), self._entropy(32))
            self._turned = now
        elif now - self._turned >= _TURN:
            self._secrets = (self._entropy(32), self._secrets[0])
            self._turned += _TURN

    @staticmethod
    def _token(secret: bytes, host: str, node: bytes) -> bytes:
        return hmac.digest(secret, node + host.encode("ascii"), "sha256")[:TOKEN]


class Granted:
    """Tokens that other nodes gave us lately; bounded, the oldest go first."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[bytes, Address], tuple[bytes, float]] = OrderedDict()

    def note(self, node: bytes, address: Address, token: bytes, now: float) -> None:
        """Keeps the token that `node` gave us at `address`."""
        self._tokens[node, address] = token, now
        self._tokens.move_to_end((node, address))
        if len(self._tokens) > _GRANTED_MAX:
            self._tokens.popitem(last=False)

    def token(self, node: bytes, address: Address, now: float) -> bytes:
        """The token to show there; b"" where none is known to count."""
        token, at = self._tokens.get((node, address), (b"", now))
        return token if now - at < _GRANTED_LIFE else b""

    def forget(self, node: bytes, address: Address) -> None:
        """Drops a token that was not accepted."""
        self._tokens.pop((node, address), None)
