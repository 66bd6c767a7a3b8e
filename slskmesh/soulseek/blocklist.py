"""Bans and ignores: one verdict on a user for results, chat and transfers. Pure, frozen, safe to ask on any thread.

Rules:
- A name is matched whole and in its case, as the network does; in a pattern `*` stands for any letters, nothing else
  is special. An address is matched by a network in CIDR form.
- What several rules say adds up. A buddy is spared by patterns and networks: only a rule of his very name is for him.
- Bounded: 20,000 rules, of them 1,000 patterns. Names are looked up, networks by their length, patterns by a
  piece of them, and what they said is remembered.
"""

from __future__ import annotations

import enum
import functools
import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from slskmesh.errors import UserError
from slskmesh.soulseek.speech import NAME_LETTERS, SERVER
from slskmesh.text import sanitize

RULES_MAX: Final = 20_000
PATTERNS_MAX: Final = 1_000
NOTE_MAX: Final = 200
_PIECES: Final = (1, 2, 3)  # letters
_REMEMBERED: Final = 20_000
_WIDEST: Final = {4: 8, 6: 16}  # bits of the widest networks there may be rules of
_LETTERS: Final = 2  # that a pattern has besides its stars, at least


class Scope(enum.IntFlag):
    """What a rule keeps a user from."""

    NOTHING = 0
    RESULTS = 1  # his results and shares are not shown
    CHAT = 2  # his lines and messages are not shown
    TRANSFERS = 4  # he gets none of our files and finds none


BAN: Final = Scope.RESULTS | Scope.CHAT | Scope.TRANSFERS
IGNORE: Final = Scope.RESULTS | Scope.CHAT


class Rule(msgspec.Struct, frozen=True):
    """One rule. `target`: a name, a pattern, or (`address`) a network; `added` is Unix seconds."""

    target: str
    scope: Scope
    address: bool = False
    note: str = ""
    added: float = 0.0


def name_rule(target: str, scope: Scope, note: str = "", added: float = 0.0) -> Rule:
    """A rule of a name or a pattern with `*`. UserError where that is none, or would hit nearly everybody."""
    shown = sanitize(target, 40)
    if not target or len(target) > NAME_LETTERS or not all(" " <= letter <= "~" for letter in target):
        raise UserError(f"“{shown}” is no name of a user: 1 to {NAME_LETTERS} signs of ASCII, * for any")
    if target == SERVER:
        raise UserError("“server” is the server itself; it cannot be banned or ignored")
    if "*" in target and len(target.replace("*", "")) < _LETTERS:
        raise UserError(f"“{shown}” would hit nearly everybody; give at least {_LETTERS} letters besides *")
    return Rule(target, _some(scope), False, _note(note), added)


def address_rule(target: str, scope: Scope, note: str = "", added: float = 0.0) -> Rule:
    """A rule of an address or a network ("192.0.2.7", "192.0.2.0/24"). UserError."""
    network = network_of(target)
    if network is None:
        raise UserError(f"“{sanitize(target, 60)}” is no address and no network like 192.0.2.0/24")
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        raise UserError(f"{network} is too much of the internet; /{widest} is the widest there may be")
    return Rule(str(network), _some(scope), True, _note(note), added)


def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network a text names; bits beyond its length are let go."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


@functools.lru_cache(RULES_MAX)
def _place(target: str) -> tuple[int, int, int]:
    """Version of a network, bits of its hosts, the rest as a number; remembered, for lists are made anew often."""
    network = ipaddress.ip_network(target)
    shift = network.max_prefixlen - network.prefixlen
    return network.version, shift, int(network.network_address) >> shift


def _some(scope: Scope) -> Scope:
    if not scope:
        raise UserError("a rule is for results, chat or transfers; this one is for nothing")
    return scope


def _note(note: str) -> str:
    return " ".join(sanitize(note, NOTE_MAX).split())


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern with `*`; in time of the product of their lengths, whatever they are."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    last = rest.pop()
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in rest:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _pieces(text: str) -> list[str]:
    """What a pattern can be filed under: the pieces of one of its texts, as long as can be."""
    size = min(len(text), _PIECES[-1])
    return [text[at : at + size] for at in range(len(text) - size + 1)]


class Blocklist:
    """All rules as one verdict. It never changes; a changed list is another one."""

    def __init__(self, rules: Iterable[Rule] = (), buddies: Iterable[str] = ()) -> None:
        self._buddies = frozenset(buddies)
        self._names: dict[str, Scope] = {}
        self._patterns: dict[str, list[tuple[str, Scope]]] = {}  # by a piece of theirs
        self._networks: dict[tuple[int, int], dict[int, Scope]] = {}
        self._said: dict[str, Scope] = {}
        patterns: list[Rule] = []
        for rule in rules:
            if rule.address:
                self._add_network(rule)
            elif "*" in rule.target:
                patterns.append(rule)
            else:
                self._names[rule.target] = self._names.get(rule.target, Scope.NOTHING) | rule.scope
        self._index(patterns)

    def verdict(self, user: str, address: str = "") -> Scope:
        """What a user is kept from; `address` is his, without a port, empty where it is not known."""
        scope = self._names.get(user, Scope.NOTHING)
        if user in self._buddies or user == SERVER:
            return scope
        if self._patterns:
            scope |= self._by_pattern(user)
        if self._networks and address:
            scope |= self._by_address(address)
        return scope

    def _index(self, patterns: list[Rule]) -> None:
        """Files each pattern under the rarest of its pieces, so that a name is held against few of them."""
        pieces = [(rule, _pieces(max(rule.target.split("*"), key=len))) for rule in patterns]
        common = Counter(piece for _, own in pieces for piece in own)
        for rule, own in pieces:
            piece = min(own, key=lambda one: common[one])
            self._patterns.setdefault(piece, []).append((rule.target, rule.scope))

    def _add_network(self, rule: Rule) -> None:
        version, shift, number = _place(rule.target)
        same = self._networks.setdefault((version, shift), {})
        same[number] = same.get(number, Scope.NOTHING) | rule.scope

    def _by_pattern(self, user: str) -> Scope:
        said = self._said.get(user)
        if said is None:
            said = Scope.NOTHING
            parts = {user[at : at + size] for size in _PIECES for at in range(len(user) - size + 1)}
            for part in parts & self._patterns.keys():
                for pattern, scope in self._patterns[part]:
                    if scope not in said and matches(pattern, user):
                        said |= scope
            if len(self._said) < _REMEMBERED:
                self._said[user] = said
        return said

    def _by_address(self, address: str) -> Scope:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return Scope.NOTHING
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        said = Scope.NOTHING
        for (version, shift), networks in self._networks.items():
            if version == ip.version:
                said |= networks.get(int(ip) >> shift, Scope.NOTHING)
        return said
