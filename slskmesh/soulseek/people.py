"""People: buddies with how they are, bans and ignores, and the one verdict that results, chat and transfers ask.

Rules:
- `hides`, `mutes` and `refuses` may be asked on any thread; everything else belongs to the engine's loop. A changed
  list is a new frozen one, so a verdict is always of one list.
- Rules of networks hold for users whose address is known: those who came to us, and those somebody looked up
  (`learn`). Addresses of users are in memory only, at most 20,000.
- Buddies are watched (`watches`). `notify` tells of one who comes, not of those who are there when we come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import trio

from slskmesh.errors import UserError
from slskmesh.soulseek import people_lists
from slskmesh.soulseek.blocklist import (
    PATTERNS_MAX,
    RULES_MAX,
    Blocklist,
    Rule,
    Scope,
    address_rule,
    name_rule,
)
from slskmesh.soulseek.people_lists import BUDDIES_MAX, Buddy
from slskmesh.soulseek.values import LegacyEvent, ServerChanged, UserChanged, UserState
from slskmesh.soulseek.watches import Watches

ADDRESSES_MAX: Final = 20_000
_WHOSE: Final = "buddies"  # on whose behalf they are watched
_THERE: Final = (UserState.ONLINE, UserState.AWAY)


class PeopleChanges(msgspec.Struct, frozen=True):
    """What is to be written: entries, and the keys of those taken out."""

    buddies: tuple[Buddy, ...] = ()
    rules: tuple[Rule, ...] = ()
    buddies_gone: tuple[str, ...] = ()
    rules_gone: tuple[tuple[bool, str], ...] = ()


class People:
    """Both lists. `me` is our name, `on_there` hears of buddies with `notify` who came."""

    def __init__(
        self,
        watches: Watches,
        clock: Callable[[], float],
        *,
        me: Callable[[], str] = lambda: "",
        on_there: Callable[[Buddy], None] = lambda buddy: None,
        on_change: Callable[[], None] = lambda: None,
        buddies: Iterable[Buddy] = (),
        rules: Iterable[Rule] = (),
    ) -> None:
        self._watches = watches
        self._clock = clock
        self._me = me
        self._on_there = on_there
        self._on_change = on_change
        self._buddies = {one.name: one for one in buddies}
        self._rules = {(rule.address, rule.target): rule for rule in rules}
        self._addresses: dict[str, str] = {}
        self._dirty_buddies: set[str] = set()
        self._dirty_rules: set[tuple[bool, str]] = set()
        self._list = Blocklist(self._rules.values(), self._buddies)
        watches.begin(self._buddies, _WHOSE)

    # -- verdicts: on any thread ---------------------------------------------------------------------------------

    def hides(self, user: str) -> bool:
        """Whether a user's results are not to be shown."""
        return Scope.RESULTS in self.verdict(user)

    def mutes(self, user: str) -> bool:
        """Whether a user's lines and messages are not to be shown."""
        return Scope.CHAT in self.verdict(user)

    def refuses(self, user: str, address: str = "") -> bool:
        """Whether a user gets none of our files."""
        return Scope.TRANSFERS in self.verdict(user, address)

    def verdict(self, user: str, address: str = "") -> Scope:
        """What a user is kept from; `address` without a port, else what is known of him."""
        return self._list.verdict(user, address or self._addresses.get(user, ""))

    def learn(self, user: str, address: str) -> None:
        """Where a user is, without a port."""
        self._addresses.pop(user, None)
        if len(self._addresses) >= ADDRESSES_MAX:
            del self._addresses[next(iter(self._addresses))]
        self._addresses[user] = address

    # -- buddies -------------------------------------------------------------------------------------------------

    async def add(self, name: str, note: str = "", *, trusted: bool = False, notify: bool = False) -> Buddy:
        """Puts somebody on the list, or changes his entry. UserError."""
        known = self._buddies.get(name)
        one = people_lists.buddy(name, note, trusted=trusted, notify=notify, added=self._clock())
        if name == self._me():
            raise UserError("that is you; a buddy is somebody else")
        if known is not None:
            one = msgspec.structs.replace(one, added=known.added, last_seen=known.last_seen)
        elif len(self._buddies) >= BUDDIES_MAX:
            raise UserError(f"there are {BUDDIES_MAX:,} buddies already; take one off the list first")
        self._put(one)
        self._relist()
        if known is None:
            await self._watches.on(name, _WHOSE)
        return one

    async def remove(self, name: str) -> bool:
        """Takes somebody off the list; False: he is not on it."""
        if self._buddies.pop(name, None) is None:
            return False
        self._dirty_buddies.add(name)
        self._relist()
        await self._watches.off(name, _WHOSE)
        return True

    def buddy(self, name: str) -> Buddy | None:
        """Somebody's entry."""
        return self._buddies.get(name)

    def buddies(self) -> list[tuple[Buddy, UserState]]:
        """All of them with how they are, by name."""
        found = sorted(self._buddies.items(), key=lambda item: (item[0].casefold(), item[0]))
        return [(one, self.state(name)) for name, one in found]

    def state(self, name: str) -> UserState:
        """How a buddy is, as far as the server said."""
        return self._watches.state(name)

    # -- bans and ignores ----------------------------------------------------------------------------------------

    def block(self, target: str, scope: Scope, note: str = "") -> Rule:
        """A rule of a name or pattern, in the place of an earlier one. UserError."""
        return self._block(name_rule(target, scope, note, self._clock()))

    def block_address(self, target: str, scope: Scope, note: str = "") -> Rule:
        """A rule of an address or network. UserError."""
        return self._block(address_rule(target, scope, note, self._clock()))

    def unblock(self, rule: Rule) -> bool:
        """Takes a rule away; False: there is none of that target."""
        if self._rules.pop((rule.address, rule.target), None) is None:
            return False
        self._dirty_rules.add((rule.address, rule.target))
        self._relist()
        return True

    def rules(self) -> list[Rule]:
        """All rules, the newest first."""
        return sorted(self._rules.values(), key=lambda rule: -rule.added)

    # -- as text -------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Both lists, for a file; in the order of names."""
        buddies = [self._buddies[name] for name in sorted(self._buddies)]
        return people_lists.write(buddies, [self._rules[key] for key in sorted(self._rules)])

    async def take_text(self, text: str, plain: Scope = Scope.NOTHING) -> tuple[int, int]:
        """Adds what a list holds; how many buddies and rules are new or other than before. UserError: none of it."""
        lists = await trio.to_thread.run_sync(people_lists.read, text, plain, self._clock())
        me = self._me()
        news = {one.name: one for one in lists.buddies if one.name != me}
        rules = {(rule.address, rule.target): rule for rule in lists.rules}
        self._check_room({**self._rules, **rules}, len({*self._buddies, *news}), "with this list ")
        if me and Blocklist(rules.values()).verdict(me):
            raise UserError("a rule of this list is for your own name; nothing of it was taken")
        fresh = [name for name in news if name not in self._buddies]
        other = 0
        for one in news.values():
            if (known := self._buddies.get(one.name)) is not None:
                one = msgspec.structs.replace(one, added=known.added, last_seen=known.last_seen)
            if one != known:
                other += 1
                self._put(one)
        changed = {key: rule for key, rule in rules.items() if not _same(rule, self._rules.get(key))}
        self._rules.update(changed)
        self._dirty_rules.update(changed)
        self._relist()
        for name in fresh:
            await self._watches.on(name, _WHOSE)
        return other, len(changed)

    # -- what the server says ------------------------------------------------------------------------------------

    def on_event(self, event: LegacyEvent) -> bool:
        """Takes an event in, before `watches` does; False: it is about nobody here."""
        if isinstance(event, ServerChanged):
            self._on_change()
            return False
        if not isinstance(event, UserChanged) or (one := self._buddies.get(event.user)) is None:
            return False
        before = self.state(event.user)
        if event.state in _THERE or before in _THERE:
            one = msgspec.structs.replace(one, last_seen=self._clock())
            self._put(one)
        if one.notify and before is UserState.OFFLINE and event.state in _THERE:
            self._on_there(one)
        self._on_change()
        return True

    # -- to be written -------------------------------------------------------------------------------------------

    def take_changes(self) -> PeopleChanges | None:
        """What changed since the last call."""
        names, keys = self._dirty_buddies, self._dirty_rules
        if not names and not keys:
            return None
        self._dirty_buddies, self._dirty_rules = set(), set()
        return PeopleChanges(
            buddies=tuple(self._buddies[name] for name in names if name in self._buddies),
            rules=tuple(self._rules[key] for key in keys if key in self._rules),
            buddies_gone=tuple(names - self._buddies.keys()),
            rules_gone=tuple(keys - self._rules.keys()),
        )

    def put_back(self, changes: PeopleChanges) -> None:
        """What `take_changes` gave could not be written."""
        self._dirty_buddies.update(one.name for one in changes.buddies)
        self._dirty_buddies.update(changes.buddies_gone)
        self._dirty_rules.update((rule.address, rule.target) for rule in changes.rules)
        self._dirty_rules.update(changes.rules_gone)

    # -- inside --------------------------------------------------------------------------------------------------

    def _put(self, one: Buddy) -> None:
        self._buddies[one.name] = one
        self._dirty_buddies.add(one.name)

    def _block(self, rule: Rule) -> Rule:
        me, key = self._me(), (rule.address, rule.target)
        if me and Blocklist([rule]).verdict(me):
            raise UserError("that is you, or a pattern that you fit; nothing was changed")
        self._check_room({**self._rules, key: rule}, len(self._buddies))
        self._rules[key] = rule
        self._dirty_rules.add(key)
        self._relist()
        return rule

    def _check_room(self, rules: dict[tuple[bool, str], Rule], buddies: int, words: str = "") -> None:
        patterns = sum("*" in rule.target for rule in rules.values())
        for count, most, what in (
            (len(rules), RULES_MAX, "rules"),
            (patterns, PATTERNS_MAX, "patterns"),
            (buddies, BUDDIES_MAX, "buddies"),
        ):
            if count > most:
                raise UserError(
                    f"{words}there would be {count:,} {what}, and there may be {most:,}; take some away"
                )

    def _relist(self) -> None:
        self._list = Blocklist(self._rules.values(), self._buddies)
        self._on_change()


def _same(rule: Rule, known: Rule | None) -> bool:
    return known is not None and msgspec.structs.replace(rule, added=known.added) == known
