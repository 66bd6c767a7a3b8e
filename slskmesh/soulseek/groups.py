"""Upload groups: who is in which, how many uploads each has, and who is next. Pure.

Rules:
- One upload of each user at a time, at most `slots` in all and `slots` of a group in that group.
- Groups are served by priority, the lower number first. A group that was passed over PATIENCE times while somebody in
  it could have been served comes next, whatever its priority: nobody waits for ever behind buddies.
- Within a group by turns (each user one file, then the next user) or first come, first served. A user's turn counts
  from when he came, or was served last; newcomers are behind those who wait.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from slskmesh.errors import UserError

PATIENCE: Final = 4


class Order(enum.Enum):
    """Who is next within a group."""

    TURNS = "turns"
    FIRST_COME = "first come"


class Group(msgspec.Struct, frozen=True):
    """One group's share of the uploads. 0 for a queue limit: none."""

    slots: int
    priority: int
    queue_files: int = 0
    queue_bytes: int = 0
    order: Order = Order.TURNS


BUDDIES: Final = "buddies"
DEFAULT: Final = "default"
LEECHERS: Final = "leechers"
BLOCKED: Final = "blocked"  # not a group that is served

_DEFAULTS: Final = {
    BUDDIES: Group(slots=10, priority=0),
    DEFAULT: Group(slots=10, priority=1, queue_files=500, queue_bytes=10_000_000_000),
    LEECHERS: Group(slots=1, priority=2, queue_files=50, queue_bytes=1_000_000_000),
}


class UploadRules(msgspec.Struct, frozen=True):
    """What the person has set. A user who shares less than both leech thresholds is a leecher; unknown is not less."""

    slots: int = 10
    groups: Mapping[str, Group] = msgspec.field(default_factory=lambda: dict(_DEFAULTS))
    leech_files: int = 1
    leech_folders: int = 1

    def checked(self) -> UploadRules:
        """Itself. UserError: what cannot be kept to."""
        if set(self.groups) != set(_DEFAULTS):
            raise UserError(f"there are the groups {', '.join(_DEFAULTS)}")
        if not 0 <= self.slots <= 1_000 or any(
            not 0 <= group.slots <= 1_000 for group in self.groups.values()
        ):
            raise UserError("upload slots: from 0 to 1000")
        return self

    def group_of(self, *, blocked: bool, buddy: bool, shares: tuple[int, int] | None) -> str:
        """The group of a user. `shares`: folders and files he shares, None: unknown."""
        if blocked:
            return BLOCKED
        if buddy:
            return BUDDIES
        if shares is not None and shares[0] < self.leech_folders and shares[1] < self.leech_files:
            return LEECHERS
        return DEFAULT


class Turns:
    """Whose turn it is; remembers users only while they wait or are served."""

    def __init__(self) -> None:
        self._tick = 0
        self._turns: dict[str, int] = {}
        self._passed: dict[str, int] = {}

    def next(
        self,
        waiting: Sequence[tuple[int, str]],
        active: Iterable[tuple[int, str]],
        rules: UploadRules,
        group_of: Callable[[str], str],
        slots: int,
    ) -> list[int]:
        """Keys to start now. `waiting` oldest first; who is in no group of the rules is not served."""
        serving = [user for _, user in active]
        self._see([user for _, user in waiting], serving)
        groups = {user: group_of(user) for user in {*serving, *(user for _, user in waiting)}}
        used = {name: sum(groups[user] == name for user in serving) for name in rules.groups}
        first = self._firsts(waiting, set(serving), groups, rules)
        started: list[int] = []
        while len(serving) + len(started) < slots:
            able = [name for name in rules.groups if first[name] and used[name] < rules.groups[name].slots]
            if not able:
                break
            name = self._group(able, rules)
            user, key = first[name].pop(0)
            started.append(key)
            used[name] += 1
            self._serve(user)
        return started

    def _see(self, waiting: list[str], serving: list[str]) -> None:
        known = {*waiting, *serving}
        self._turns = {user: turn for user, turn in self._turns.items() if user in known}
        for user in (*serving, *waiting):
            if user not in self._turns:
                self._serve(user)

    def _serve(self, user: str) -> None:
        self._tick += 1
        self._turns[user] = self._tick

    def _firsts(
        self,
        waiting: Sequence[tuple[int, str]],
        serving: set[str],
        groups: Mapping[str, str],
        rules: UploadRules,
    ) -> dict[str, list[tuple[str, int]]]:
        """By group the users who could be served and the file of each, in their order."""
        firsts: dict[str, dict[str, int]] = {name: {} for name in rules.groups}
        for key, user in waiting:
            if user not in serving and groups[user] in firsts:
                firsts[groups[user]].setdefault(user, key)
        return {
            name: sorted(users.items(), key=lambda item: self._turns[item[0]])
            if rules.groups[name].order is Order.TURNS
            else list(users.items())
            for name, users in firsts.items()
        }

    def _group(self, able: list[str], rules: UploadRules) -> str:
        """The group that is next; the others were passed over."""
        overdue = [name for name in able if self._passed.get(name, 0) >= PATIENCE]
        chosen = (
            max(overdue, key=lambda name: self._passed[name])
            if overdue
            else min(able, key=lambda name: rules.groups[name].priority)
        )
        for name in able:
            self._passed[name] = 0 if name == chosen else self._passed.get(name, 0) + 1
        return chosen
