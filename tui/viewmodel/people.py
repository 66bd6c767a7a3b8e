"""People of the Soulseek network: buddies, bans and ignores, what a user says of himself.

Rules: a rule is told by what it keeps somebody from, in words; states by words, not by colour; a target that is an
address or a network makes a rule of addresses, with `name:` before it it is a name all the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from slskmesh.engine.legacy_events import UserShown
from slskmesh.engine.legacy_views import BuddyView, PeopleView, RuleView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import UNKNOWN, ago, plural, size, wall
from tui.viewmodel.spans import Line

BAN = ("results", "chat", "transfers")
IGNORE = ("results", "chat")
SCOPES = (
    (BAN, "ban", "results, chat and transfers"),
    (IGNORE, "ignore", "results and chat"),
    (("chat",), "chat only", "lines and messages are not shown"),
    (("results",), "results only", "their files are not found"),
    (("transfers",), "transfers only", "they get none of your files"),
)
STATE_ROLES = {"online": "good", "away": "warn"}
_STATE_ORDER = {"online": 0, "away": 1}
_NAME = "name:"


def target_of(text: str) -> tuple[str, bool]:
    """Whom a rule is for, and whether that is an address."""
    text = text.strip()
    if text.startswith(_NAME):
        return text[len(_NAME) :].strip(), False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return text, False
    return text, True


def scope_words(scope: Sequence[str]) -> str:
    """ "ban", "ignore", "chat only", or the parts."""
    found = next((word for parts, word, _ in SCOPES if set(parts) == set(scope)), None)
    return found or " and ".join(part for part in BAN if part in scope) or "nothing"


def rule_of(people: PeopleView | None, name: str) -> RuleView | None:
    """The rule of this very name."""
    rules = people.rules if people is not None else ()
    return next((rule for rule in rules if not rule.address and rule.target == name), None)


def buddy_of(people: PeopleView | None, name: str) -> BuddyView | None:
    """Somebody's entry in the list."""
    return next((one for one in people.buddies if one.name == name), None) if people is not None else None


def rule_key(rule: RuleView) -> str:
    """A rule among others."""
    return f"{'address' if rule.address else 'name'} {rule.target}"


# -- buddies ---------------------------------------------------------------------------------------------------------


def buddies(people: PeopleView | None, words: str) -> list[BuddyView]:
    """Buddies that fit: who is there first, then by name."""
    terms = words.casefold().split()
    found = people.buddies if people is not None else ()
    fit = [one for one in found if all(term in buddy_words(one) for term in terms)]
    return sorted(fit, key=lambda one: _STATE_ORDER.get(one.state, 2))


def buddy_words(one: BuddyView) -> str:
    """What a filter looks at."""
    return f"{one.name} {one.note} {one.state}".casefold()


def buddy_columns(now: float) -> tuple[Column[BuddyView], ...]:
    """The list of buddies."""
    return (
        Column("name", 12, lambda b: Cell(b.name, "text"), weight=2),
        Column("state", 8, lambda b: Cell(b.state, STATE_ROLES.get(b.state, "dim"))),
        Column("trusted", 7, lambda b: Cell("yes" if b.trusted else "", "accent")),
        Column("tells", 5, lambda b: Cell("yes" if b.notify else "", "dim"), level=70),
        Column("seen", 5, lambda b: Cell(_seen(b, now), "dim"), right=True),
        Column("note", 8, lambda b: Cell(b.note, "dim"), weight=3),
    )


def _seen(one: BuddyView, now: float) -> str:
    if one.state in STATE_ROLES:
        return "now"
    return ago(one.last_seen, now) if one.last_seen else UNKNOWN


def buddy_details(one: BuddyView, people: PeopleView | None, now: float) -> list[Line]:
    """One of them in words."""
    seen = "is here now" if one.state in STATE_ROLES else f"last seen {ago(one.last_seen, now)} ago"
    rows = [
        ("state", one.state, STATE_ROLES.get(one.state, "dim")),
        (
            "seen",
            seen if one.state in STATE_ROLES or one.last_seen else "not since they are on the list",
            "text",
        ),
        ("trusted", "by you" if one.trusted else "not marked", "text"),
        ("tells", "you are told when they come" if one.notify else "you are not told when they come", "text"),
        ("note", str(one.note) or "none", "text" if one.note else "dim"),
    ]
    rule = rule_of(people, str(one.name))
    if rule is not None:
        rows.append(("rule", scope_words(rule.scope), "bad"))
    return [[(f"{label:<9}", "dim"), (text, role)] for label, text, role in rows]


# -- bans and ignores ------------------------------------------------------------------------------------------------


def rules(people: PeopleView | None, words: str) -> list[RuleView]:
    """Rules that fit, the newest first."""
    terms = words.casefold().split()
    found = people.rules if people is not None else ()
    return [rule for rule in found if all(term in rule_words(rule) for term in terms)]


def rule_words(rule: RuleView) -> str:
    """What a filter looks at."""
    return f"{rule.target} {rule.note} {scope_words(rule.scope)} {rule_kind(rule)}".casefold()


def rule_kind(rule: RuleView) -> str:
    """What its target is."""
    if rule.address:
        return "address"
    return "pattern" if "*" in rule.target else "name"


def rule_columns(now: float) -> tuple[Column[RuleView], ...]:
    """The list of bans and ignores."""
    return (
        Column("whom", 14, lambda r: Cell(r.target, "text"), weight=2),
        Column("is a", 7, lambda r: Cell(rule_kind(r), "dim")),
        Column(
            "rule", 14, lambda r: Cell(scope_words(r.scope), "bad" if set(r.scope) == set(BAN) else "warn")
        ),
        Column("since", 5, lambda r: Cell(ago(r.added, now) if r.added else "", "dim"), right=True),
        Column("note", 8, lambda r: Cell(r.note, "dim"), weight=3),
    )


def rule_details(rule: RuleView, now: float) -> list[Line]:
    """One rule in words."""
    parts = {
        "results": "their files are not found",
        "chat": "their lines and messages are not shown",
        "transfers": "they get none of your files",
    }
    rows = [
        ("whom", f"{rule_kind(rule)} {rule.target}", "text"),
        ("keeps", "; ".join(parts[part] for part in BAN if part in rule.scope) or "nothing", "warn"),
        ("since", ago(rule.added, now) if rule.added else "unknown", "text"),
        ("note", str(rule.note) or "none", "text" if rule.note else "dim"),
    ]
    if rule_kind(rule) != "name":
        rows.append(("spares", "buddies: a rule of many is not for them", "dim"))
    return [[(f"{label:<9}", "dim"), (text, role)] for label, text, role in rows]


# -- a user's own words ----------------------------------------------------------------------------------------------


def user_lines(shown: UserShown, people: PeopleView | None, now: float) -> list[Line]:
    """What a user says of himself, and what is known of him."""
    name = str(shown.user)
    slot = "has a free slot" if shown.free_slot else "has no free slot"
    rows = [
        ("state", shown.state, STATE_ROLES.get(shown.state, "dim")),
        ("uploads", f"{plural(shown.slots, 'slot')}, {shown.queue} waiting, {slot}", "text"),
        ("traffic", f"{size(shown.received)} received, {size(shown.sent)} sent", "text"),
    ]
    if shown.picture:
        rows.append(("picture", f"{size(shown.picture)}, not shown in a terminal", "dim"))
    buddy, rule = buddy_of(people, name), rule_of(people, name)
    if buddy is not None:
        what = "buddy, trusted" if buddy.trusted else "buddy"
        rows.append(("you", f"{what}{f': {buddy.note}' if buddy.note else ''}", "accent"))
    if rule is not None:
        rows.append(("rule", f"{scope_words(rule.scope)}, since {wall(rule.added)}", "bad"))
    if shown.note:
        rows.append(("note", str(shown.note), "warn"))
    lines: list[Line] = [[(f"{label:<9}", "dim"), (text, role)] for label, text, role in rows]
    said = str(shown.text)
    return [*lines, [], [(said, "text")] if said else [("they say nothing of themselves", "dim")]]
