"""The actions that belong to no pane: moving, panes, prompts, help, the palette, leaving. And the whole registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level
from tui import menus, network, removing, told
from tui.actions import EVERYWHERE, MOVING, Action, engine_off, key_label, pane_of
from tui.panes import (
    browse_actions,
    jobs_actions,
    peers_actions,
    peers_people,
    release_actions,
    scenes_actions,
    search_actions,
    search_people,
    settings,
    swarm_actions,
    upload_actions,
    wishes,
)
from tui.viewmodel.formats import plural
from tui.viewmodel.glyphs import ASCII, UTF8
from tui.viewmodel.setup import SetupForm
from tui.widgets.overlay import Entry, Menu
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

Run = Callable[["MeshApp", str], None]


# Moving
def _rows(rows: int, desk: MeshApp, argument: str) -> None:
    desk.pane.box.move(rows * (desk.router.take_count() or 1))


def _columns(columns: int, desk: MeshApp, argument: str) -> None:
    desk.pane.box.sideways(columns * (desk.router.take_count() or 1))


def _page(halves: int, desk: MeshApp, argument: str) -> None:
    box = desk.pane.box
    box.move(halves * max(1, box.inner[1] // 2))


def _top(desk: MeshApp, argument: str) -> None:
    desk.pane.box.go(desk.router.take_count() or 0)


def _bottom(desk: MeshApp, argument: str) -> None:
    count = desk.router.take_count()
    desk.pane.box.go(-1 if count is None else count)


def _box(step: int, desk: MeshApp, argument: str) -> None:
    desk.pane.next_box(step)
    desk.touch("#hints")


# Panes
def _pane(name: str, desk: MeshApp, argument: str) -> None:
    desk.show_pane(name)


def _turn(step: int, desk: MeshApp, argument: str) -> None:
    names = [name for _, name, _ in desk.pane_titles()]
    desk.show_pane(names[(names.index(desk.pane_name) + step) % len(names)])


# Prompts
def _command_line(desk: MeshApp, argument: str) -> None:
    def submit(text: str) -> str | None:
        return run_command(desk, text)

    desk.question(
        Question(
            ":",
            submit,
            help="a command; tab completes, up brings back earlier ones",
            complete=lambda text: desk.registry.complete(desk, text),
            history=desk.command_history,
        )
    )


def run_command(desk: MeshApp, text: str) -> str | None:
    """Runs one command line; returns what is wrong with it, with the nearest names."""
    name, _, argument = text.strip().lstrip("/:").partition(" ")
    if not name:
        return None
    action = desk.registry.command(name)
    if action is None:
        near = desk.registry.nearest(name)
        return f"no command {name}; " + (f"nearest: {', '.join(near)}" if near else "? shows them all")
    if action.where not in {EVERYWHERE, MOVING}:
        desk.show_pane(pane_of(action.where))
    reason = action.why_not(desk)
    if reason is not None:
        return f"{name}: off, {reason}"
    if desk.prompt.question is not None:
        desk.prompt.close()
    action.run(desk, argument.strip())
    return None


def _filter(desk: MeshApp, argument: str) -> None:
    pane = desk.pane
    if argument:
        pane.filter(argument)
        return
    if desk.pane.place == "search" and not desk.search.words:
        desk.search.type_query(True)
        return
    before = pane.filter_text

    def submit(text: str) -> None:
        pane.filter(text)

    desk.question(
        Question(
            "/",
            submit,
            text=before,
            help="rows with all these words; enter keeps it, esc goes back, n and N move on",
            change=pane.filter,
            cancel=lambda: pane.filter(before),
        )
    )


def _nothing_sought(desk: MeshApp) -> str | None:
    return None if desk.pane.sought else "no words yet: / takes them"


def _seek(step: int, desk: MeshApp, argument: str) -> None:
    pane = desk.pane
    moved = pane.seek(step)
    if moved is None:
        desk.say(f"no line near here has {pane.sought}; / looks through all", Level.WARN)
    elif not moved:
        desk.say(f"no other line has {pane.sought}")


# Boxes of a pane
def _size(step: int, desk: MeshApp, argument: str) -> None:
    desk.pane.resize_box(desk.pane.size_step + step)


def _jump(desk: MeshApp, argument: str) -> None:
    desk.jump.begin(desk)


def _nothing_to_undo(desk: MeshApp) -> str | None:
    return None if len(desk.removals) else "no removal waits (each can be undone for ten seconds)"


def _undo(desk: MeshApp, argument: str) -> None:
    removing.undo(desk)


def _setup(desk: MeshApp, argument: str) -> None:
    from tui.widgets.setup import SetupBox

    desk.open(SetupBox(SetupForm.of(desk.state.settings)))


# Look
def _theme(desk: MeshApp, argument: str) -> None:
    names = sorted(desk.available_themes)
    if argument in names:
        desk.theme = argument
        return
    if argument:
        desk.say(f"no theme {argument}; tab after :theme shows them", Level.WARN)
        return
    entries = [
        Entry("", name, partial(setattr, desk, "theme", name), note="now" if name == desk.theme else "")
        for name in names
    ]
    desk.open(Menu("theme", entries))


def _charset(desk: MeshApp, argument: str) -> None:
    glyphs = {"ascii": ASCII, "utf8": UTF8}.get(argument)
    if glyphs is None:
        glyphs = UTF8 if desk.glyphs.ascii else ASCII
    desk.glyphs = glyphs
    desk.repaint_all()


def _fps(desk: MeshApp, argument: str) -> None:
    if argument.isdigit() and 1 <= int(argument) <= 60:
        desk.bridge.interval = 1 / int(argument)
        desk.say(f"at most {argument} updates a second")
    else:
        desk.say("fps takes a number from 1 to 60", Level.WARN)


def _mouse(desk: MeshApp, argument: str) -> None:
    if argument not in {"on", "off"}:
        desk.say("mouse takes on or off", Level.WARN)
        return
    desk.set_mouse(argument == "on")
    desk.say(f"mouse {argument}")


def _tour(desk: MeshApp, argument: str) -> None:
    tour = desk.tour
    if tour is None:
        return
    if argument == "off":
        tour.off = True
    elif argument == "on":
        tour.off = False
    else:
        tour.next()
    desk.show_tour()


def _no_tour(desk: MeshApp) -> str | None:
    return None if desk.tour is not None else "this is no guided demo"


# Leaving
def _quit(desk: MeshApp, argument: str) -> None:
    state = desk.state
    running, others = state.running, state.others
    if not (running or others) or argument == "now" or state.ended is not None or state.attached:
        desk.quit()
        return

    def sure(answer: str) -> None:
        desk.quit()

    told = [f"{plural(running, 'download')} not finished; what is there is kept"] if running else []
    told += [f"attached to this: {plural(others, 'terminal')}"] if others else []
    desk.question(Question(f"{'; '.join(told)}. Quit?", sure, confirm=True))


def _moving(name: str, title: str, keys: tuple[str, ...], run: Run) -> Action:
    return Action(name, title, keys, run, MOVING)


_MOVING = (
    _moving("down", "next line", ("j", "down"), partial(_rows, 1)),
    _moving("up", "previous line", ("k", "up"), partial(_rows, -1)),
    _moving("left", "to the left", ("h", "left"), partial(_columns, -1)),
    _moving("right", "to the right", ("l", "right"), partial(_columns, 1)),
    _moving("top", "first line", ("g g", "home"), _top),
    _moving("bottom", "last line, or the one counted", ("G", "end"), _bottom),
    _moving("half-down", "half a page down", ("ctrl+d",), partial(_page, 1)),
    _moving("half-up", "half a page up", ("ctrl+u",), partial(_page, -1)),
    _moving("page-down", "a page down", ("pagedown",), partial(_page, 2)),
    _moving("page-up", "a page up", ("pageup",), partial(_page, -2)),
    _moving("next-box", "next box", ("tab",), partial(_box, 1)),
    _moving("previous-box", "previous box", ("shift+tab",), partial(_box, -1)),
)

_EVERYWHERE = (
    Action("pane-search", "Search", ("1",), partial(_pane, "search")),
    Action("pane-scenes", "Scenes", ("2",), partial(_pane, "scenes"), command="scenes"),
    Action("pane-jobs", "Jobs", ("3",), partial(_pane, "jobs"), command="jobs"),
    Action("pane-swarm", "Swarm", ("4",), partial(_pane, "swarm"), command="swarm"),
    Action("pane-peers", "Peers", ("6",), partial(_pane, "peers"), command="peers"),
    Action("pane-settings", "Settings", ("7",), partial(_pane, "settings"), command="settings"),
    Action("next-pane", "next pane", ("g t",), partial(_turn, 1)),
    Action("previous-pane", "previous pane", ("g T",), partial(_turn, -1)),
    Action(
        "filter",
        "show only lines with these words",
        ("slash",),
        _filter,
        command="filter",
        argument="words",
        hint="filter",
    ),
    Action(
        "connect",
        "connect to a peer",
        ("c",),
        peers_actions.connect,
        EVERYWHERE,
        engine_off,
        "connect",
        "invite",
        hint="connect",
    ),
    Action(
        "invite",
        "make an invite to give away",
        (),
        peers_actions.invite,
        EVERYWHERE,
        peers_actions.no_invite,
        "invite",
        "hours",
    ),
    Action("find-next", "next line with the words of /", ("n",), partial(_seek, 1), why_not=_nothing_sought),
    Action("find-previous", "the one before", ("N",), partial(_seek, -1), why_not=_nothing_sought),
    Action("row-menu", "what can be done with this row", ("x",), menus.row_menu, hint="actions"),
    Action("yank", "copy something of this row, or the table (OSC 52)", ("y",), menus.yank_menu, hint="copy"),
    Action(
        "undo",
        "keep the download that was just removed",
        ("U",),
        _undo,
        why_not=_nothing_to_undo,
        hint="undo",
    ),
    *scenes_actions.COMMANDS,
    *peers_people.COMMANDS,
    *wishes.COMMANDS,
    *network.ACTIONS,
    *told.ACTIONS,
    Action("command", "command line", ("colon",), _command_line, hint="command"),
    Action("help", "keys here", ("question_mark", "f1"), menus.keys_here, command="help"),
    Action("palette", "find any action by name", ("alt+x", "f2"), menus.palette, command="palette"),
    Action("jump", "jump letters on tabs, boxes and rows", ("ctrl+o",), _jump),
    Action("bigger", "more room for this box", ("plus",), partial(_size, 1)),
    Action("smaller", "less room for this box", ("underscore",), partial(_size, -1)),
    Action("log", "event log", ("L",), menus.event_log, command="log"),
    Action("errors", "what went wrong, newest first", ("E",), menus.errors, command="errors"),
    Action("setup", "the first-run questions", (), _setup, EVERYWHERE, engine_off, "setup"),
    Action(
        "set",
        "change a setting",
        (),
        settings.set_value,
        EVERYWHERE,
        engine_off,
        "set",
        "key=value",
        settings.setting_names,
    ),
    Action(
        "theme",
        "change the colours",
        (),
        _theme,
        command="theme",
        argument="name",
        candidates=lambda desk: sorted(desk.available_themes),
    ),
    Action(
        "charset",
        "switch between UTF-8 and ASCII signs",
        (),
        _charset,
        command="charset",
        argument="utf8 or ascii",
        candidates=lambda desk: ("ascii", "utf8"),
    ),
    Action("fps", "limit updates a second", (), _fps, command="fps", argument="number"),
    Action(
        "mouse",
        "mouse reports on or off",
        (),
        _mouse,
        command="mouse",
        argument="on or off",
        candidates=lambda desk: ("off", "on"),
    ),
    Action(
        "tour",
        "guided tour: next step, off, on",
        (),
        _tour,
        EVERYWHERE,
        _no_tour,
        "tour",
        "next, off or on",
        lambda desk: ("next", "off", "on"),
    ),
    Action("redraw", "draw everything anew", ("ctrl+l",), lambda desk, _: desk.repaint_all()),
    Action("suspend", "suspend to the shell", ("ctrl+z",), lambda desk, _: desk.suspend_soon()),
    Action("quit", "quit (asks while downloads run)", ("q",), _quit, command="quit"),
    Action("quit-now", "quit at once", ("ctrl+q",), lambda desk, _: desk.quit()),
)


_DETACHING = {"quit": "detach: leave; what runs here goes on", "quit-now": "detach at once"}


def as_attached(actions: Iterable[Action]) -> list[Action]:
    """The same where the engine is another process's: leaving is detaching."""
    return [replace(a, title=_DETACHING[a.id]) if a.id in _DETACHING else a for a in actions]


def all_actions() -> tuple[Action, ...]:
    """Every action of the app, a pane's own first."""
    return (
        *search_actions.ACTIONS,
        *search_people.ACTIONS,
        *browse_actions.ACTIONS,
        *wishes.ACTIONS,
        *release_actions.ACTIONS,
        *scenes_actions.ACTIONS,
        *jobs_actions.ACTIONS,
        *swarm_actions.ACTIONS,
        *upload_actions.ACTIONS,
        *peers_actions.ACTIONS,
        *peers_people.ACTIONS,
        *settings.ACTIONS,
        *_MOVING,
        *_EVERYWHERE,
    )


__all__ = ["all_actions", "as_attached", "key_label", "run_command"]
