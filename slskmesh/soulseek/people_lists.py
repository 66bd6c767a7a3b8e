"""Buddies, bans and ignores as text, to take along and to share. Pure.

One entry a line, fields between tabs: `what`, `whom`, and a note if there is one. `what` is buddy (with "+trusted",
"+notify"), ban, ignore, or "block:" and some of results, chat, transfers with commas. `whom` is a name, a pattern with
`*`, an address or a network; "name:" before a name that looks like an address. Lines that begin with # are comments.
A plain list, one name or network a line, is taken too: all of it as what the person says it is.

Rules: a list is taken whole or not at all; what is wrong is said with its line. Nothing of a list is obeyed otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from slskmesh.errors import UserError
from slskmesh.soulseek import speech
from slskmesh.soulseek.blocklist import (
    BAN,
    IGNORE,
    RULES_MAX,
    Rule,
    Scope,
    address_rule,
    name_rule,
    network_of,
)
from slskmesh.text import sanitize

TEXT_MAX: Final = 4 << 20  # letters
BUDDIES_MAX: Final = 2_000
NOTE_MAX: Final = 200
_VERBS: Final = ("buddy", "ban", "ignore", "block:")
_SCOPES: Final = {"results": Scope.RESULTS, "chat": Scope.CHAT, "transfers": Scope.TRANSFERS}
_HEAD: Final = "# buddies, bans and ignores: what, whom and a note between tabs"


class Buddy(msgspec.Struct, frozen=True):
    """Somebody on the list. Times are Unix seconds; `last_seen` 0: not since he is on it."""

    name: str
    note: str = ""
    trusted: bool = False
    notify: bool = False
    added: float = 0.0
    last_seen: float = 0.0


class Lists(msgspec.Struct, frozen=True):
    """What a text holds."""

    buddies: tuple[Buddy, ...] = ()
    rules: tuple[Rule, ...] = ()


def buddy(
    name: str, note: str = "", *, trusted: bool = False, notify: bool = False, added: float = 0.0
) -> Buddy:
    """A checked one; UserError."""
    if name == speech.SERVER:
        raise UserError("“server” is the server itself, no user")
    return Buddy(speech.user_name(name), " ".join(sanitize(note, NOTE_MAX).split()), trusted, notify, added)


def write(buddies: Iterable[Buddy], rules: Iterable[Rule]) -> str:
    """The lists as text; `read` gives them back but for the times."""
    lines = [_HEAD]
    for one in buddies:
        what = "buddy" + "+trusted" * one.trusted + "+notify" * one.notify
        lines.append(_line(what, one.name, one.note))
    for rule in rules:
        looks = not rule.address and (network_of(rule.target) is not None or rule.target.startswith("name:"))
        lines.append(_line(_verb(rule.scope), "name:" * looks + rule.target, rule.note))
    return "\n".join(lines) + "\n"


def _line(*fields: str) -> str:
    return "\t".join(field for field in fields if field)


def _verb(scope: Scope) -> str:
    if scope in (BAN, IGNORE):
        return "ban" if scope == BAN else "ignore"
    return "block:" + ",".join(word for word, flag in _SCOPES.items() if flag in scope)


def read(text: str, plain: Scope = Scope.NOTHING, now: float = 0.0) -> Lists:
    """What a text holds. `plain`: what lines without tabs are for. UserError says which line is wrong and how."""
    if len(text) > TEXT_MAX:
        raise UserError(f"this list has more than {TEXT_MAX:,} letters; split it")
    buddies: dict[str, Buddy] = {}
    rules: dict[tuple[bool, str], Rule] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip(" \r\ufeff")
        if not line or line.startswith("#"):
            continue
        try:
            entry = _entry(line, plain, now)
        except UserError as error:
            raise UserError(f"line {number}: {error}; nothing of the list was taken") from error
        if isinstance(entry, Buddy):
            buddies[entry.name] = entry
        else:
            rules[entry.address, entry.target] = entry
    if len(buddies) > BUDDIES_MAX or len(rules) > RULES_MAX:
        raise UserError(f"there may be {BUDDIES_MAX:,} buddies and {RULES_MAX:,} rules; this list has more")
    return Lists(tuple(buddies.values()), tuple(rules.values()))


def _entry(line: str, plain: Scope, now: float) -> Buddy | Rule:
    what, tab, rest = line.partition("\t")
    if not tab:
        return _plain(line, plain, now)
    whom, _, note = rest.partition("\t")
    if not whom:
        raise UserError(f"after “{sanitize(what, 20)}” comes a tab and a name")
    verb, *flags = what.split("+")
    if verb == "buddy":
        if not set(flags) <= {"trusted", "notify"}:
            raise UserError("a buddy may be +trusted and +notify, nothing else")
        return buddy(whom, note, trusted="trusted" in flags, notify="notify" in flags, added=now)
    if flags:
        raise UserError(f"“{sanitize(what, 40)}” is not known; + is for buddies")
    return _rule(whom, _scope(verb), note, now)


def _plain(line: str, plain: Scope, now: float) -> Rule:
    verb = line.partition(" ")[0].partition("+")[0]
    if verb in _VERBS or line.startswith("block:"):
        raise UserError(f"between “{sanitize(verb, 20)}” and the name there must be a tab")
    if not plain:
        raise UserError("it does not say what it is; say ban or ignore for plain lists")
    return _rule(line, plain, "", now)


def _scope(verb: str) -> Scope:
    if verb in ("ban", "ignore"):
        return BAN if verb == "ban" else IGNORE
    words = verb.removeprefix("block:").split(",")
    if not verb.startswith("block:") or not all(word in _SCOPES for word in words):
        raise UserError(
            f"“{sanitize(verb, 40)}” is not known; there are buddy, ban, ignore and block:{','.join(_SCOPES)}"
        )
    scope = Scope.NOTHING
    for word in words:
        scope |= _SCOPES[word]
    return scope


def _rule(whom: str, scope: Scope, note: str, now: float) -> Rule:
    if whom.startswith("name:"):
        return name_rule(whom.removeprefix("name:"), scope, note, now)
    if network_of(whom) is not None:
        return address_rule(whom, scope, note, now)
    return name_rule(whom, scope, note, now)
