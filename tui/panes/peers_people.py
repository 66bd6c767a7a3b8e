"""What a person can do in the lists of buddies and of bans and ignores, the second and third tab of the Peers pane."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.legacy_views import BuddyView, RuleView
from tui.actions import EVERYWHERE, Action, engine_off
from tui.panes import people_actions as people
from tui.panes.asking import OnText, asking
from tui.panes.peers import PeersPane
from tui.panes.peers_actions import tabs

if TYPE_CHECKING:
    from tui.app import MeshApp

BUDDIES, RULES = "buddies", "rules"


def _pane(desk: MeshApp) -> PeersPane:
    pane = desk.panes["peers"]
    assert isinstance(pane, PeersPane)
    return pane


def _buddy(desk: MeshApp) -> BuddyView | None:
    return _pane(desk).buddies.current


def _rule(desk: MeshApp) -> RuleView | None:
    return _pane(desk).rules.current


def _no_buddy(desk: MeshApp) -> str | None:
    return engine_off(desk) or (None if _buddy(desk) is not None else "no buddy is chosen")


def _no_browse(desk: MeshApp) -> str | None:
    return _no_buddy(desk) or people.no_browse(desk)


def _no_rule(desk: MeshApp) -> str | None:
    return engine_off(desk) or (None if _rule(desk) is not None else "no rule is chosen")


def _with(act: OnText) -> Callable[[MeshApp, str], None]:
    def run(desk: MeshApp, argument: str) -> None:
        one = _buddy(desk)
        assert one is not None
        act(desk, str(one.name))

    return run


def _trusted(desk: MeshApp, argument: str) -> None:
    one = _buddy(desk)
    assert one is not None
    people.change_buddy(desk, one, trusted=not one.trusted)


def _notify(desk: MeshApp, argument: str) -> None:
    one = _buddy(desk)
    assert one is not None
    people.change_buddy(desk, one, notify=not one.notify)


def _note(desk: MeshApp, argument: str) -> None:
    one = _buddy(desk)
    assert one is not None
    people.note_buddy(desk, one)


def _scope(desk: MeshApp, argument: str) -> None:
    rule = _rule(desk)
    assert rule is not None
    people.choose_scope(desk, str(rule.target), rule.address, str(rule.note), rule.scope)


def _note_rule(desk: MeshApp, argument: str) -> None:
    rule = _rule(desk)
    assert rule is not None
    people.note_rule(desk, rule)


def _remove_rule(desk: MeshApp, argument: str) -> None:
    rule = _rule(desk)
    assert rule is not None
    people.remove_rule(desk, rule)


def _show(tab: str, desk: MeshApp, argument: str) -> None:
    desk.show_pane("peers")
    _pane(desk).show_tab(tab)


_ADD_BUDDY = asking("add a buddy", "a user's name", people.add_buddy, people.names)
_ADD_RULE = asking(
    "keep away", "a user's name, a pattern with *, an address or a network like 192.0.2.0/24", people.ban
)


def _lists(place: str) -> tuple[Action, ...]:
    """Reading and writing both lists, in one of the places."""
    return (
        Action(
            f"{place}-write",
            "write buddies and rules to a file",
            ("W",),
            people.export_people,
            place,
            engine_off,
        ),
        Action(
            f"{place}-read",
            "add the buddies and rules of a file",
            ("R",),
            people.import_people,
            place,
            engine_off,
        ),
        *tabs(place),
    )


def _of_buddy(
    id: str,
    title: str,
    keys: tuple[str, ...],
    run: Callable[[MeshApp, str], None],
    hint: str = "",
    why_not: Callable[[MeshApp], str | None] = _no_buddy,
) -> Action:
    return Action(f"buddy-{id}", title, keys, run, BUDDIES, why_not, hint=hint, on_row=True)


def _of_rule(
    id: str, title: str, keys: tuple[str, ...], run: Callable[[MeshApp, str], None], hint: str
) -> Action:
    return Action(f"rule-{id}", title, keys, run, RULES, _no_rule, hint=hint, on_row=True)


ACTIONS = (
    Action("buddy-add", "add a buddy", ("a",), _ADD_BUDDY, BUDDIES, engine_off, hint="add"),
    _of_buddy("whois", "ask who this user is", ("enter", "w"), _with(people.whois), "who"),
    _of_buddy("message", "write a message", ("m",), _with(people.message), "message"),
    _of_buddy("browse", "browse what this user shares", ("o",), _with(people.browse), "browse", _no_browse),
    _of_buddy("note", "change the note", ("e",), _note, "note"),
    _of_buddy("trust", "mark as trusted, or not", ("T",), _trusted, "trust"),
    _of_buddy("tell", "tell when this user comes, or not", ("t",), _notify, "tell"),
    _of_buddy("remove", "take this user off the list (asks)", ("d",), _with(people.remove_buddy), "remove"),
    _of_buddy("ignore", "ignore this user", ("I",), _with(people.ignore)),
    _of_buddy("ban", "ban this user (asks from what)", ("B",), _with(people.ban)),
    *_lists(BUDDIES),
    Action(
        "rule-add",
        "ban or ignore a name, pattern or address",
        ("a",),
        _ADD_RULE,
        RULES,
        engine_off,
        hint="add",
    ),
    _of_rule("scope", "change what it keeps from", ("enter",), _scope, "what for"),
    _of_rule("note", "change the note", ("e",), _note_rule, "note"),
    _of_rule("remove", "take it away (asks)", ("d", "u"), _remove_rule, "remove"),
    *_lists(RULES),
)

COMMANDS = (
    Action("buddies", "the list of buddies", (), partial(_show, BUDDIES), EVERYWHERE, command="buddies"),
    Action("bans", "the list of bans and ignores", (), partial(_show, RULES), EVERYWHERE, command="bans"),
)
