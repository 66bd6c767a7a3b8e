"""Breaches of the mesh's rules, by proven key and by address prefix, and the bans they earn. Pure but for its rows.

Rules:
- Five breaches within an hour ban a key for an hour, doubling with each further ban up to 30 days. A ban expires by
  itself, and every quiet week after it takes one step of the doubling back.
- A prefix (/24, /56) is banned the same way when breaches come from more than one of its keys: one bad key costs its
  neighbours nothing, a row of fresh keys costs their network. Loopback is not grouped.
- Only what this node saw itself counts. Both tables are bounded; whoever was quiet longest goes first, the banned last.
- Times are Unix seconds, so that bans outlive a restart.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, Literal

import msgspec

from slskmesh.errors import PeerError, UserError
from slskmesh.identity.peerid import PeerId, peer_text
from slskmesh.overlay.address import split_address

Kind = Literal["rate", "bad-payload", "unasked", "oversize", "protocol"]

HOUR: Final = 3600.0
WEEK: Final = 7 * 24 * HOUR
BAN_MAX: Final = 30 * 24 * HOUR
BREACHES: Final = 5  # within an hour
OFFENDERS_MAX: Final = 10_000  # keys, and as many prefixes
_STEPS_MAX: Final = 10  # 2**9 hours is less than 30 days, 2**10 more
_LOOK: Final = 64  # entries looked at to find one that may be forgotten

_KIND_OF_CODE: Final[dict[str, Kind]] = {
    "frame-too-long": "oversize",
    "message-too-long": "oversize",
    "bad-message": "bad-payload",
    "flood": "rate",
    "unexpected": "unasked",
    "unsolicited": "unasked",
}
_NOTED: Final = frozenset({"unasked-reply", "duplicate-call", "banned"})  # by whoever raised it


class Offender(msgspec.Struct):
    """One key or one prefix, as it is stored."""

    name: str  # 64 hex digits of a key, or a prefix such as "192.0.2.0/24"
    recent: list[float] = []  # times of breaches since the last ban, oldest first, at most BREACHES
    keys: list[str] = []  # of a prefix: whose they were, as long as `recent`
    bans: int = 0
    until: float = 0.0  # end of the last ban
    kind: str = ""  # of the last breach
    at: float = 0.0  # when that was


class Ban(msgspec.Struct, frozen=True):
    """One ban in force: `who` is a peer id's text form or a prefix."""

    who: str
    until: float
    count: int
    kind: str


class Violations:
    """Both tables. `on_ban` hears of every ban of a key: standing is what it costs besides."""

    def __init__(
        self,
        clock: Callable[[], float],
        offenders: Iterable[Offender] = (),
        *,
        on_ban: Callable[[PeerId], None] = lambda peer: None,
    ) -> None:
        self._clock = clock
        self._on_ban = on_ban
        self._keys: OrderedDict[str, Offender] = OrderedDict()
        self._prefixes: OrderedDict[str, Offender] = OrderedDict()
        self._changed: dict[str, Offender] = {}
        for offender in sorted(offenders, key=lambda one: one.at):
            self._table(offender.name)[offender.name] = offender

    def is_banned(self, peer: PeerId, address: str = "", now: float | None = None) -> bool:
        """Whether the key, or the prefix of "host:port" `address` (empty: unknown), is banned."""
        now = self._clock() if now is None else now
        found = [self._keys.get(peer.hex())]
        if self._prefixes and (prefix := prefix_of(address)):
            found.append(self._prefixes.get(prefix))
        return any(one is not None and one.until > now for one in found)

    def note(self, peer: PeerId, address: str, kind: Kind) -> bool:
        """A breach we saw ourselves; True if the key or its prefix is banned now."""
        now = self._clock()
        banned = self._count(self._keys, peer.hex(), peer.hex(), kind, now)
        if banned:
            self._on_ban(peer)
        if prefix := prefix_of(address):
            banned = self._count(self._prefixes, prefix, peer.hex(), kind, now) or banned
        return banned or self.is_banned(peer, address, now)

    def bans(self) -> list[Ban]:
        """Bans in force, the longest last."""
        now = self._clock()
        offenders = [*self._keys.values(), *self._prefixes.values()]
        found = [Ban(_shown(one.name), one.until, one.bans, one.kind) for one in offenders if one.until > now]
        return sorted(found, key=lambda ban: ban.until)

    def lift(self, who: str) -> bool:
        """The person forgives a peer (text form) or a prefix; False if it is not banned."""
        now = self._clock()
        for one in [*self._keys.values(), *self._prefixes.values()]:
            if one.until > now and _shown(one.name) == who:
                one.until, one.bans, one.recent, one.keys = 0.0, 0, [], []
                self._changed[one.name] = one
                return True
        return False

    def take_changes(self) -> list[Offender]:
        """Copies of what changed since the last call."""
        changed = [msgspec.structs.replace(one, recent=[*one.recent]) for one in self._changed.values()]
        self._changed.clear()
        return changed

    def put_back(self, offenders: list[Offender]) -> None:
        """What `take_changes` gave could not be written: it is to be written still."""
        for one in offenders:
            current = self._table(one.name).get(one.name)
            if current is not None:
                self._changed[one.name] = current

    def _count(self, table: OrderedDict[str, Offender], name: str, key: str, kind: Kind, now: float) -> bool:
        """Counts one breach; True if it makes a ban."""
        one = table.pop(name, None) or Offender(name)
        table[name] = one
        one.kind, one.at = kind, now
        if one.until <= now:
            past = sum(1 for when in one.recent if when <= now - HOUR or when > now)
            one.recent = [*one.recent[past:], now][-BREACHES:]
            one.keys = [*one.keys[past:], key][-BREACHES:]
        self._changed[name] = one
        self._bound(table)
        owners = 1 if table is self._keys else 2
        if len(one.recent) < BREACHES or len(set(one.keys)) < owners:
            return False
        one.bans = min(_STEPS_MAX, steps_left(one.bans, one.until, now)) + 1
        one.until = now + min(BAN_MAX, HOUR * 2.0 ** (one.bans - 1))
        one.recent, one.keys = [], []
        return True

    def _bound(self, table: OrderedDict[str, Offender]) -> None:
        if len(table) <= OFFENDERS_MAX:
            return
        now = self._clock()
        oldest = next(iter(table))
        for _, name in zip(range(min(_LOOK, len(table) - 1)), table, strict=False):  # never the newest
            if table[name].until <= now:
                oldest = name
                break
        del table[oldest]
        self._changed.pop(oldest, None)

    def _table(self, name: str) -> OrderedDict[str, Offender]:
        return self._prefixes if "/" in name else self._keys

    def __len__(self) -> int:
        return len(self._keys) + len(self._prefixes)


def kind_of(error: PeerError) -> Kind | None:
    """What a fault that ended a session counts as; None where nothing was done, or its room noted it already."""
    if not error.blame or error.code in _NOTED:
        return None
    return _KIND_OF_CODE.get(error.code, "protocol")


def prefix_of(address: str) -> str | None:
    """The /24 or /56 of "host:port"; None for this machine, a host's name or nothing."""
    try:
        ip = ipaddress.ip_address(split_address(address)[0].partition("%")[0])
    except (UserError, ValueError):
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return None
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 56), strict=False))


def steps_left(bans: int, until: float, now: float) -> int:
    """How many former bans still count, a quiet week after the last one's end taking one back."""
    return max(0, bans - int(max(0.0, now - until) // WEEK)) if bans else 0


def _shown(name: str) -> str:
    return name if "/" in name else peer_text(PeerId(bytes.fromhex(name)))
