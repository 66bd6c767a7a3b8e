"""Who shows a key: looked up in constant time, and whoever guesses keys is made to wait.

Rules:
- Different wrong keys from one place (an address; this machine; an IPv6 /64) use up its allowance. After that no key
  from there is looked at until it grew again, right or wrong: else the limit would not hinder guessing.
- A wrong key that was seen before is no guess: a client with an old key locks nobody out. Nor is a line locked out on
  which the same right key was shown before; another one on it is a guess, or the read-only key would help to guess.
- Both tables are bounded; what is kept of a wrong key is a keyed hash.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections import OrderedDict
from typing import Final, Protocol

import trio

from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.keys import Keys, Role

GUESSES: Final = 20  # wrong keys in a row
GUESS_EVERY: Final = 3.0  # seconds until one more is allowed
_PLACES_MAX: Final = 256
_WRONG_MAX: Final = 64


class Allowance:
    """So many at once, and one more each so often; seconds of trio's clock."""

    def __init__(self, most: float, per_second: float) -> None:
        self._most, self._rate = most, per_second
        self._left, self._seen = most, trio.current_time()

    def take(self) -> float:
        """0 if one was left, which is taken; else the seconds until there is one."""
        wait = self.wait()
        if not wait:
            self._left -= 1
        return wait

    def wait(self) -> float:
        """0 if one is left, else the seconds until there is."""
        now = trio.current_time()
        self._left = min(self._most, self._left + (now - self._seen) * self._rate)
        self._seen = now
        return 0.0 if self._left >= 1 else (1 - self._left) / self._rate


class Shown(Protocol):
    """A line. `known`: keyed hash of the right key that was shown on it last, empty before."""

    known: bytes


class Guesses:
    """Looks up keys for one gateway."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._places: OrderedDict[str, Allowance] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._secret = secrets.token_bytes(32)

    def role_of(self, key: str, address: str, line: Shown | None = None) -> Role:
        """What a key allows that somebody at `address` shows on `line`, which remembers it if it is right.

        GatewayError 401: it is none of ours; 429: too many wrong ones came from there.
        """
        mark = hashlib.blake2b(key.encode("utf-8", "replace"), key=self._secret, digest_size=16).digest()
        if mark in self._wrong:
            self._wrong.move_to_end(mark)
            raise _wrong_key()
        place = self._place(address)
        if (line is None or line.known != mark) and (wait := place.wait()):
            raise GatewayError(429, "too many wrong keys", wait)
        role = self._keys.role_of(key)
        if role is None:
            place.take()
            self._wrong[mark] = None
            if len(self._wrong) > _WRONG_MAX:
                self._wrong.popitem(last=False)
            raise _wrong_key()
        if line is not None:
            line.known = mark
        return role

    def _place(self, address: str) -> Allowance:
        name = place_of(address)
        found = self._places.pop(name, None) or Allowance(GUESSES, 1 / GUESS_EVERY)
        self._places[name] = found
        if len(self._places) > _PLACES_MAX:
            self._places.popitem(last=False)
        return found


def _wrong_key() -> GatewayError:
    return GatewayError(401, "this key is not one of ours")


def place_of(address: str) -> str:
    """What counts as one place: this machine, an IPv4 address, an IPv6 /64."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return "here" if ip.is_loopback else str(ipaddress.ip_network((ip, 64), strict=False))
        ip = ip.ipv4_mapped
    return "here" if ip.is_loopback else str(ip)
