"""What a person can do with the shares of a Soulseek user: in the list of folders, and in the files of one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level
from slskmesh.engine.legacy_views import FolderView
from tui.actions import Action, engine_off
from tui.panes import people_actions as people
from tui.panes import search_people
from tui.viewmodel.asking import named
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp


def _no_row(desk: MeshApp) -> str | None:
    browse = desk.search.browse
    if not browse.on:
        return "no user's shares are shown (B on a result, or :browse and a name)"
    if browse.front.current is None:
        return "the list is empty"
    return engine_off(desk)


def _done(desk: MeshApp) -> str | None:
    browse = desk.search.browse
    if not browse.on or not browse.shares.user:
        return "no user's shares are shown"
    if browse.shares.done:
        return "the list is not coming any more"
    return engine_off(desk)


def _coming(desk: MeshApp) -> str | None:
    browse = desk.search.browse
    if not browse.on or not browse.shares.user:
        return "no user's shares are shown"
    if not browse.shares.done:
        return "the list is still coming"
    return engine_off(desk)


def _enter(desk: MeshApp, argument: str) -> None:
    browse = desk.search.browse
    row = browse.folder_list.current
    if browse.inside is not None:
        browse.get()
    elif isinstance(row, FolderView):
        browse.enter(row)


def _get(paused: bool, whole: bool, desk: MeshApp, argument: str) -> None:
    desk.search.browse.get(paused=paused, whole=whole)


def _mark(desk: MeshApp, argument: str) -> None:
    browse = desk.search.browse
    box = browse.front
    ranged = box.range_start is not None
    rows = browse.range_or_row()
    if rows is None:
        desk.say("a part of this range was not loaded: begin it nearer", Level.WARN)
        return
    browse.mark(rows, True if ranged else None)
    box.range_start = None
    box.move(0 if ranged else 1)
    browse.show()


def _range(desk: MeshApp, argument: str) -> None:
    box = desk.search.browse.front
    box.range_start = None if box.range_start is not None else box.cursor
    box.touch()


def _again(desk: MeshApp, argument: str) -> None:
    desk.search.browse.ask()


def _stop(desk: MeshApp, argument: str) -> None:
    desk.search.browse.stop()


def browse_user(desk: MeshApp, argument: str) -> None:
    """`:browse USER`; without a name the shares shown last come back, or a name is asked for."""
    if argument:
        name, text = named(argument) if argument.startswith('"') else (argument, "")
        desk.show_pane("search")
        desk.search.browse.open(name, text)
        return
    if desk.search.browse.shares.user:
        desk.show_pane("search")
        desk.search.browse.open(desk.search.browse.shares.user)
        return
    help = "whose shares? words behind a name in quotation marks narrow the folders"
    desk.question(
        Question("browse", lambda text: browse_user(desk, text) if text.strip() else None, help=help)
    )


def _info(desk: MeshApp, argument: str) -> None:
    people.whois(desk, desk.search.browse.shares.user)


def _both(where: str) -> tuple[Action, ...]:
    """The actions that both lists have."""
    return (
        Action(
            f"{where}-get",
            "get what is marked, else this; a folder with what is below it",
            ("a",),
            partial(_get, False, False),
            where,
            _no_row,
            hint="get",
            on_row=True,
        ),
        Action(
            f"{where}-paused",
            "put it into the list of downloads, paused",
            ("P",),
            partial(_get, True, False),
            where,
            _no_row,
            on_row=True,
        ),
        Action(
            f"{where}-mark",
            "mark this, or the range",
            ("space",),
            _mark,
            where,
            _no_row,
            hint="mark",
            on_row=True,
        ),
        Action(f"{where}-range", "begin or end a range", ("v",), _range, where, _no_row, on_row=True),
        Action(f"{where}-info", "ask who this user is", ("u",), _info, where, search_people.no_server),
        Action(f"{where}-again", "ask for the list anew", ("r",), _again, where, _coming, hint="ask again"),
        Action(
            f"{where}-stop",
            "stop fetching the list; what came stays",
            ("X",),
            _stop,
            where,
            _done,
            hint="stop",
        ),
    )


ACTIONS = (
    Action(
        "folders-enter", "open this folder", ("enter",), _enter, "folders", _no_row, hint="open", on_row=True
    ),
    *_both("folders"),
    Action(
        "files-enter", "get this file, or what is marked", ("enter",), _enter, "browsed", _no_row, on_row=True
    ),
    *_both("browsed"),
    Action(
        "files-folder",
        "get this whole folder with what is below it",
        ("D", "A"),
        partial(_get, False, True),
        "browsed",
        _no_row,
        hint="get folder",
        on_row=True,
    ),
    Action(
        "browse",
        "show a Soulseek user's shares",
        (),
        browse_user,
        "everywhere",
        engine_off,
        "browse",
        "user",
        people.names,
    ),
)
