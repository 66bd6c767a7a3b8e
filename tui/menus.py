"""Boxes that every pane has: keys, palette, the row's menu, the copy menu, event log, errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level, Notice
from slskmesh.text import sanitize
from tui.actions import EVERYWHERE, MOVING, PLACE_TITLES, Action, pane_of
from tui.viewmodel.formats import count, plural, wall
from tui.viewmodel.spans import Line, clip
from tui.widgets.overlay import Entry, Menu, Overlay
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

TABLE_MAX = 60_000
SHOWN = 48
_ROLES = {Level.INFO: "text", Level.GOOD: "good", Level.WARN: "warn", Level.ERROR: "bad"}
_YANKS = (
    ("y", "row"),
    ("m", "content id"),
    ("u", "peer id"),
    ("n", "user"),
    ("p", "path"),
    ("i", "MusicBrainz id"),
)


def why_not(desk: MeshApp, action: Action) -> str | None:
    """Why an action is off, also for a pane that was not visited yet."""
    pane = pane_of(action.where)
    if action.where not in {EVERYWHERE, MOVING} and pane not in desk.panes:
        return None if action.command else f"open {pane} first"
    return action.why_not(desk)


def keys_here(desk: MeshApp, argument: str) -> None:
    """Every key of this pane; enter runs one."""
    entries: list[Entry] = []
    titles = {name: title for _, name, title in desk.pane_titles()} | PLACE_TITLES
    for where, actions in desk.registry.groups(desk.pane.place):
        entries.append(Entry("", titles.get(where, where), None))
        for action in actions:
            if not action.keys:
                continue
            off = why_not(desk, action) or ""
            note = f":{action.command}" if action.command else ""
            entries.append(Entry(action.label, action.title, partial(desk.perform, action.id), off, note))
    desk.open(Menu("keys here", entries))


def palette(desk: MeshApp, argument: str) -> None:
    """Every action by name."""
    entries = []
    for action in desk.registry.actions.values():
        if action.where == MOVING:
            continue
        off = why_not(desk, action) or ""
        where = "" if action.where == EVERYWHERE else action.where
        entries.append(Entry(action.label, action.title, partial(_from_palette, desk, action), off, where))
    desk.open(Menu("do", entries, typing=True))


def _from_palette(desk: MeshApp, action: Action) -> None:
    from tui.everywhere import run_command

    if pane_of(action.where) in {name for _, name, _ in desk.pane_titles()}:
        desk.show_pane(pane_of(action.where))
    if action.argument and not action.keys:
        desk.question(
            Question(
                ":",
                lambda text: run_command(desk, text),
                text=f"{action.command} ",
                help=f"{action.title}: {action.argument}",
                complete=lambda text: desk.registry.complete(desk, text),
                history=desk.command_history,
            )
        )
        return
    desk.perform(action.id)


def row_menu(desk: MeshApp, argument: str) -> None:
    """What can be done with the row under the cursor; what is off says why."""
    entries = [
        Entry(
            action.label,
            action.title,
            partial(desk.perform, action.id),
            why_not(desk, action) or "",
            "",
            action.keys,
        )
        for action in [*desk.registry.in_place(desk.pane.place), desk.registry.actions["yank"]]
        if action.on_row or action.id == "yank"
    ]
    name = desk.pane.rows_box.name_of_row
    desk.open(Menu(clip(name, 40, desk.glyphs.ellipsis) or "this row", entries))


def yank_menu(desk: MeshApp, argument: str) -> None:
    """What y copies: the row, its ids and path, or the whole table."""
    found = desk.pane.yanks()
    entries = []
    for key, what in _YANKS:
        text = found.get(what, "")
        shown = clip(str(sanitize(text.replace("\n", ", "))), SHOWN, desk.glyphs.ellipsis)
        off = "" if text else f"there is no {what} here"
        entries.append(Entry(key, what, partial(desk.copy, text, f"the {what}"), off, shown, (key,)))
    total = len(desk.pane.rows_box.source)
    entries.append(
        Entry(
            "t",
            "whole table, tab separated",
            partial(_yank_table, desk),
            "" if total else "the list is empty",
            plural(total, "row"),
            ("t",),
        )
    )
    desk.open(Menu("copy", entries))


def _yank_table(desk: MeshApp) -> None:
    box = desk.pane.rows_box
    text, rows = box.table(TABLE_MAX)
    total = len(box.source)
    part = f"the first {count(rows)} of {count(total)} rows" if rows < total else plural(rows, "row")
    desk.copy(text, f"{part}, tab separated", show=False)


def _plain(notices: list[Notice]) -> str:
    return "\n".join(f"{wall(n.when, seconds=True)} {n.level.value:<6}{n.text}" for n in notices)


def _copier(desk: MeshApp, notices: list[Notice]) -> dict[str, Callable[[], None]]:
    return {"y": lambda: desk.copy(_plain(notices)[:TABLE_MAX], plural(len(notices), "line"), show=False)}


def event_log(desk: MeshApp, argument: str) -> None:
    """Everything that was said, newest first; what was left out is counted."""
    state = desk.state
    notices = list(reversed(state.notices))
    lines: list[Line] = [
        [
            (wall(n.when, seconds=True) + " ", "dim"),
            (f"{n.level.value:<6}", _ROLES[n.level]),
            (str(n.text), "text"),
        ]
        for n in notices
    ]
    title = f"event log, {plural(len(lines), 'line')}, newest first"
    if state.forgotten:
        title += f", {count(state.forgotten)} older forgotten"
    if state.dropped:
        title += f", {count(state.dropped)} left out"
    _open_wide(desk, title, lines or [[("nothing has happened yet", "dim")]], notices)


def errors(desk: MeshApp, argument: str) -> None:
    """Warnings and errors of the event log, each with its whole text."""
    notices = desk.state.errors
    lines: list[Line] = []
    for n in notices:
        lines += [
            [(f"{wall(n.when, seconds=True)} {n.level.value}", _ROLES[n.level])],
            [(str(n.text), "text")],
            [],
        ]
    title = f"what went wrong, {plural(len(notices), 'line')}, newest first"
    _open_wide(desk, title, lines or [[("nothing went wrong so far", "dim")]], notices)


def _open_wide(desk: MeshApp, title: str, lines: list[Line], notices: list[Notice]) -> None:
    box = Overlay(title, lines, keys=_copier(desk, notices))
    box.hints = [("esc", "close"), ("j k", "scroll"), ("y", "copy")]
    box.cells = desk.size.width - 4
    desk.open(box)
