"""What can be done with a user, wherever the name stands: write, ask, browse, add, ban; and the commands for it.

Rules: what takes something away asks first; a rule asks what it is for; whom a key is about is the pane's to say, a
command names the user.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import (
    AddBuddy,
    AddRule,
    AskUser,
    ExportPeople,
    ImportPeople,
    RemoveBuddy,
    RemoveRule,
)
from slskmesh.engine.legacy_events import UserShown
from slskmesh.engine.legacy_views import BuddyView, RuleView
from tui.actions import EVERYWHERE, Action, engine_off
from tui.panes.asking import OnText, asked, asking, short, sure
from tui.viewmodel.people import IGNORE, SCOPES, buddy_of, scope_words, target_of, user_lines
from tui.viewmodel.spans import Line
from tui.widgets.overlay import Entry, Menu, Overlay
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

CELLS = 76


def names(desk: MeshApp) -> Sequence[str]:
    """Names to complete a command with: buddies, and whom one talked to."""
    people, chats = desk.state.people, desk.state.chats
    found = [str(one.name) for one in people.buddies] if people is not None else []
    found += [str(one.user) for one in chats.conversations] if chats is not None else []
    return sorted(dict.fromkeys(found), key=str.casefold)


def targets(desk: MeshApp) -> Sequence[str]:
    """Targets of the rules there are."""
    people = desk.state.people
    return [str(rule.target) for rule in people.rules] if people is not None else []


# -- one user --------------------------------------------------------------------------------------------------------


def message(desk: MeshApp, name: str) -> None:
    """Goes to the conversation with somebody, ready to type."""
    from tui.panes.scenes import ScenesPane
    from tui.viewmodel.chat import Place

    desk.show_pane("scenes")
    pane = desk.panes["scenes"]
    assert isinstance(pane, ScenesPane)
    pane.aim(Place(False, name))
    pane.typed.start()


def no_browse(desk: MeshApp) -> str | None:
    """Why nobody's shares can be looked at."""
    return engine_off(desk)


def browse(desk: MeshApp, name: str) -> None:
    """Looks at what somebody shares."""
    from tui.everywhere import run_command

    wrong = run_command(desk, f"browse {name}")
    if wrong is not None:
        desk.say(wrong, Level.WARN)


def whois(desk: MeshApp, name: str) -> None:
    """Asks a user who it is, and shows it."""
    wait = _user_box(desk, name, [[("asking ...", "dim")]], "")
    desk.open(wait)

    def shown(event: object) -> None:
        if isinstance(event, UserShown) and desk.overlay is wait:
            lines = user_lines(event, desk.state.people, desk.clock())
            desk.open(_user_box(desk, name, lines, str(event.text)))

    def failed(why: str) -> None:
        if desk.overlay is wait:
            desk.open(_user_box(desk, name, [[(why, "warn")]], ""))
        else:
            desk.say(why, Level.WARN)

    desk.inquiries.show(desk, AskUser(name), shown, failed)


def _user_box(desk: MeshApp, name: str, lines: list[Line], said: str) -> Overlay:
    box = Overlay(f"user {name}", lines, keys=_user_keys(desk, name, said))
    box.hints = [
        ("m", "message"),
        ("a", "buddy"),
        ("o", "browse"),
        ("I", "ignore"),
        ("B", "ban"),
        ("y", "copy"),
        ("esc", "close"),
    ]
    box.cells = CELLS
    return box


def _user_keys(desk: MeshApp, name: str, said: str) -> dict[str, Callable[[], None]]:
    def closing(act: OnText) -> Callable[[], None]:
        def run() -> None:
            desk.close_overlay()
            act(desk, name)

        return run

    def look() -> None:
        why = no_browse(desk)
        if why is not None:
            desk.say(why, Level.WARN)
        else:
            closing(browse)()

    return {
        "m": closing(message),
        "a": closing(add_buddy),
        "o": look,
        "B": closing(ban),
        "I": closing(ignore),
        "y": lambda: desk.copy(f"{name}\n{said}".strip(), "the user"),
    }


# -- buddies ---------------------------------------------------------------------------------------------------------


def add_buddy(desk: MeshApp, name: str) -> None:
    """Puts somebody on the list; a note may go with it."""
    known = buddy_of(desk.state.people, name)
    if known is not None:
        desk.say(f"{name} is a buddy already")
        return
    asked(
        desk,
        Question(
            f"note on {short(desk, name)}",
            lambda text: None,
            help="enter adds the buddy, with a note or without",
        ),
        lambda text: AddBuddy(name, text.strip()),
        f"{name} is a buddy",
    )


def change_buddy(desk: MeshApp, one: BuddyView, **changes: object) -> None:
    """Changes somebody's entry in the list."""
    values = {"note": str(one.note), "trusted": one.trusted, "notify": one.notify} | changes
    desk.ask(AddBuddy(str(one.name), **values))  # type: ignore[arg-type]


def note_buddy(desk: MeshApp, one: BuddyView) -> None:
    """Asks for other words on somebody."""
    asked(
        desk,
        Question(
            f"note on {short(desk, one.name)}",
            lambda text: None,
            text=str(one.note),
            help="empty takes it away",
        ),
        lambda text: AddBuddy(str(one.name), text.strip(), one.trusted, one.notify),
    )


def remove_buddy(desk: MeshApp, name: str) -> None:
    """Takes somebody off the list, after a question."""
    if buddy_of(desk.state.people, name) is None:
        desk.say(f"{name} is no buddy", Level.WARN)
        return
    sure(desk, f"take {short(desk, name)} off the list of buddies?", RemoveBuddy(name))


# -- bans and ignores ------------------------------------------------------------------------------------------------


def ban(desk: MeshApp, text: str) -> None:
    """A rule for a name, a pattern or an address; asks what it is for."""
    target, address = target_of(text)
    if not target:
        desk.say("a rule is for a name, a pattern with * or an address", Level.WARN)
        return
    choose_scope(desk, target, address)


def choose_scope(desk: MeshApp, target: str, address: bool, note: str = "", now: Sequence[str] = ()) -> None:
    """A menu of what a rule keeps somebody from."""

    def add(scope: tuple[str, ...], word: str) -> None:
        desk.ask(AddRule(target, scope, address, note), partial(_ruled, desk, f"{word}: {target}"))

    entries = [
        Entry(
            str(at),
            word,
            partial(add, scope, word),
            note=f"{what}{', now' if set(scope) == set(now) else ''}",
            hot=(str(at),),
        )
        for at, (scope, word, what) in enumerate(SCOPES, 1)
    ]
    kind = "address" if address else "pattern" if "*" in target else "user"
    desk.open(Menu(f"keep {kind} {short(desk, target)} from what?", entries))


def _ruled(desk: MeshApp, words: str, reply: Reply) -> None:
    if not reply.ok:
        desk.say(str(reply.text), Level.ERROR)
    else:
        desk.say(str(reply.text) or words, Level.GOOD)


def ignore(desk: MeshApp, name: str) -> None:
    """Neither lines nor files of a user are shown any more."""
    target, address = target_of(name)
    desk.ask(
        AddRule(target, IGNORE, address), partial(_ruled, desk, f"ignore: {target}; :unban takes it back")
    )


def unban(desk: MeshApp, text: str) -> None:
    """Takes a rule away."""
    target, address = target_of(text)
    desk.ask(RemoveRule(target, address), partial(_ruled, desk, f"no rule for {target} any more"))


def remove_rule(desk: MeshApp, rule: RuleView) -> None:
    """Takes a rule away, after a question."""
    words = f"take the rule away: {scope_words(rule.scope)} {short(desk, rule.target)}?"
    sure(desk, words, RemoveRule(str(rule.target), rule.address))


def note_rule(desk: MeshApp, rule: RuleView) -> None:
    """Asks for other words on a rule."""
    asked(
        desk,
        Question(
            f"note on {short(desk, rule.target)}",
            lambda text: None,
            text=str(rule.note),
            help="empty takes it away",
        ),
        lambda text: AddRule(str(rule.target), rule.scope, rule.address, text.strip()),
    )


# -- lists as files --------------------------------------------------------------------------------------------------


def _path(text: str) -> str:
    return str(Path(text.strip()).expanduser().absolute())  # the engine may stand in another folder


def import_people(desk: MeshApp, argument: str) -> None:
    """Adds the buddies and rules of a file."""
    _with_path(
        desk,
        "read people from",
        argument,
        ImportPeople,
        "a file of buddies, bans and ignores; all of it or nothing",
    )


def export_people(desk: MeshApp, argument: str) -> None:
    """Writes both lists to a file."""
    _with_path(desk, "write people to", argument, ExportPeople, "a file that does not exist yet")


def _with_path(desk: MeshApp, label: str, argument: str, make: Callable[[str], Command], help: str) -> None:
    if argument:
        desk.ask(make(_path(argument)))
        return
    asked(desk, Question(label, lambda text: None, help=help), lambda text: make(_path(text)), needed=help)


_WHO = "a user's name"


def _command(
    id: str,
    title: str,
    run: OnText,
    argument: str,
    help: str = _WHO,
    why_not: Callable[[MeshApp], str | None] = engine_off,
) -> Action:
    return Action(
        id,
        title,
        (),
        asking(id, help, run, names),
        EVERYWHERE,
        why_not,
        id,
        argument,
        targets if id == "unban" else names,
    )


COMMANDS = (
    _command("whois", "ask a user who he is", whois, "name"),
    _command("buddy", "put a user on the list of buddies", add_buddy, "name"),
    _command("unbuddy", "take a user off the list of buddies (asks)", remove_buddy, "name"),
    _command(
        "ban",
        "keep a user, pattern or address from something (asks what)",
        ban,
        "name, pattern or address",
        "a user's name, a pattern with *, an address or a network like 192.0.2.0/24",
    ),
    _command("ignore", "show neither the lines nor the files of a user", ignore, "name"),
    _command("unban", "take a ban or ignore away", unban, "name, pattern or address", "whom a rule is for"),
    Action(
        "import-people",
        "add the buddies and rules of a file",
        (),
        import_people,
        EVERYWHERE,
        engine_off,
        "importpeople",
        "file",
    ),
    Action(
        "export-people",
        "write buddies and rules to a new file",
        (),
        export_people,
        EVERYWHERE,
        engine_off,
        "exportpeople",
        "file",
    ),
)
