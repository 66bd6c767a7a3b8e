"""The network as a whole: the box that explains its state, the mode, the server, the Soulseek account.

Rules: a mode is changed only after its name was typed; a password is typed behind stars and goes to the engine alone;
what cannot be done now says why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import RetakeName, RetryServer, SetAccount, SetMode
from tui.actions import EVERYWHERE, Action, engine_off
from tui.viewmodel import account as accounts
from tui.viewmodel.mode import CHOICES, details, means, no_choice, no_retake, no_retry
from tui.viewmodel.spans import Line, text_of
from tui.widgets.overlay import Entry, Menu, Overlay
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

COPY_MAX = 60_000  # characters
_CELLS = 100
_SIGNS = {"hybrid": "h", "mesh-only": "m", "legacy-only": "l"}
_SERVER = ("retry", "retake")


def copy_box(desk: MeshApp, box: Overlay) -> None:
    """Copies what a box says; a longer one is cut, and the message says so."""
    text = "\n".join(text_of(line).rstrip() for line in box.lines)
    cut = text if len(text) <= COPY_MAX else text[:COPY_MAX].rpartition("\n")[0]
    total, taken = text.count("\n") + 1, cut.count("\n") + 1
    what = f"the first {taken:,} of {total:,} lines" if taken < total else f"{total:,} lines"
    desk.copy(cut, what, show=False)


# The box
def show_state(desk: MeshApp, argument: str) -> None:
    """The state of the network in words, counted down while it is open."""

    def lines() -> list[Line]:
        return details(desk.state, desk.clock())

    mode = desk.state.mode
    box = Overlay("state of the network", lines(), remake=lines)
    box.cells = _CELLS
    box.keys = {
        "b": desk.close_overlay,
        "M": partial(desk.perform, "network-mode"),
        "r": partial(desk.perform, "server", "retry"),
        "t": partial(desk.perform, "server", "retake"),
        "a": partial(desk.perform, "account"),
        "y": partial(copy_box, desk, box),
    }
    box.hints = [("esc", "close"), ("j k", "scroll"), ("M", "mode")]
    if no_retake(mode) is None:
        box.hints.append(("t", "take the name back"))
    if no_retry(mode) is None:
        box.hints.append(("r", "try the server"))
    if mode is not None and (not mode.username or (mode.phase == "stopped" and not mode.taken)):
        box.hints.append(("a", "set an account"))
    box.hints.append(("y", "copy"))
    desk.open(box)


# Mode and server
def mode_menu(desk: MeshApp, argument: str) -> None:
    """`M`, and `:mode WORD`."""
    if argument:
        choose(desk, argument)
        return
    mode = desk.state.mode
    entries = [
        Entry(
            _SIGNS[name],
            name,
            partial(choose, desk, name),
            no_choice(mode, name) or "",
            means(name, briefly=True),
            (_SIGNS[name],),
        )
        for name in CHOICES
    ]
    retry, retake = partial(server, desk, "retry"), partial(server, desk, "retake")
    entries += [
        _entry("r", "try the server now", retry, no_retry(mode)),
        _entry("t", "take the name back from another login", retake, no_retake(mode)),
        _entry("a", "set the Soulseek account", partial(account, desk, ""), None),
    ]
    desk.open(Menu("mode of the network", entries))


def _entry(key: str, title: str, run: Callable[[], None], off: str | None) -> Entry:
    return Entry(key, title, run, off or "", "", (key,))


def choose(desk: MeshApp, wanted: str) -> None:
    """Asks for the mode's name, then changes to it."""
    if wanted not in CHOICES:
        desk.say(f"mode takes {', '.join(CHOICES[:-1])} or {CHOICES[-1]}", Level.WARN)
        return
    reason = no_choice(desk.state.mode, wanted)
    if reason is not None:
        desk.say(f"mode {wanted}: off, {reason}", Level.WARN)
        return

    def submit(text: str) -> str | None:
        if text.strip() != wanted:
            return f"that is not {wanted}: nothing is changed; esc leaves it"
        desk.ask(SetMode(wanted))
        return None

    desk.question(Question(f"type {wanted} to change to it", submit, help=f"{wanted}: {means(wanted)}"))


def server(desk: MeshApp, argument: str) -> None:
    """`:server retry` and `:server retake`."""
    mode = desk.state.mode
    asked: dict[str, tuple[Command, str | None]] = {
        "retry": (RetryServer(), no_retry(mode)),
        "retake": (RetakeName(), no_retake(mode)),
    }
    if argument not in asked:
        desk.say(f"server takes {' or '.join(_SERVER)}", Level.WARN)
        return
    command, reason = asked[argument]
    if reason is not None:
        desk.say(f"server {argument}: off, {reason}", Level.WARN)
        return
    desk.ask(command)


# The account
def _known(desk: MeshApp) -> str:
    return str(desk.state.mode.username) if desk.state.mode is not None else ""


def account(desk: MeshApp, argument: str) -> None:
    """Asks for the name, then for the password."""
    if argument:
        wrong = _named(desk, argument)
        if wrong is not None:
            desk.say(f"account: {wrong}", Level.WARN)
        return
    named = partial(_named, desk)
    desk.question(Question("Soulseek name", named, text=_known(desk), help=accounts.HELP))


def _named(desk: MeshApp, text: str) -> str | None:
    name = text.strip()
    if not name:
        return _without(desk)
    wrong = accounts.name_wrong(name)
    if wrong is not None:
        return wrong

    def submit(password: str) -> str | None:
        if not password:
            return "a password is needed; esc leaves the account as it is"
        _set(desk, SetAccount(name, password))
        return "saving ..."

    desk.question(Question(f"password of {name}", submit, secret=True, help=accounts.SECRET))
    return None


def _without(desk: MeshApp) -> str | None:
    """No name: the account goes out of use, if there is one."""
    known = _known(desk)
    if not known:
        return "no account is set, so there is none to take out of use; esc leaves it"

    def sure(answer: str) -> None:
        desk.ask(SetAccount("", ""))

    text = f"use the account {known} no more? What waits for the server is kept."
    desk.question(Question(text, sure, confirm=True))
    return None


def _set(desk: MeshApp, command: SetAccount) -> None:
    """Sends it; the prompt stays open until it worked."""
    asked = desk.prompt.question

    def answered(reply: Reply) -> None:
        text = str(reply.text)
        if desk.prompt.question is not asked:
            desk.say(text or "the account is set", Level.GOOD if reply.ok else Level.ERROR)
        elif reply.ok:
            desk.prompt.close()
            desk.say(text or "the account is set", Level.GOOD)
        else:
            desk.prompt.fail(text or "that did not work")

    desk.ask(command, answered)


ACTIONS = (
    Action(
        "mode-details", "explain the state of the network", ("b",), show_state, command="status", hint="why"
    ),
    Action(
        "network-mode",
        "change the mode of the network (asks for its name)",
        ("M",),
        mode_menu,
        EVERYWHERE,
        engine_off,
        "mode",
        "hybrid, mesh-only or legacy-only",
        lambda desk: CHOICES,
    ),
    Action(
        "server",
        "the Soulseek server: try it now, or take the name back from another login",
        (),
        server,
        EVERYWHERE,
        engine_off,
        "server",
        "retry or retake",
        lambda desk: _SERVER,
    ),
    Action(
        "account",
        "set the Soulseek account: name, then password",
        (),
        account,
        EVERYWHERE,
        engine_off,
        "account",
        "name",
    ),
)
