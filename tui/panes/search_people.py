"""What a person can do with the Soulseek user behind a result: the best source of the row under the cursor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.actions import Action, engine_off
from tui.panes import people_actions as people
from tui.panes.asking import OnText
from tui.viewmodel.hits import is_legacy, last_part, root_of

if TYPE_CHECKING:
    from tui.app import MeshApp


def user_here(desk: MeshApp) -> str:
    """The Soulseek user of the row under the cursor; empty: none."""
    hit = desk.search.hits.hit if desk.search.view is desk.search.hits else None
    return str(hit.user) if hit is not None and is_legacy(hit) else ""


def no_user(desk: MeshApp) -> str | None:
    """Why there is nobody to do it with."""
    if not user_here(desk):
        return "no Soulseek user is the source of this row (C shows all its sources)"
    return engine_off(desk)


def no_server(desk: MeshApp) -> str | None:
    """Why no user can be asked now."""
    mode = desk.state.mode
    if mode is None or mode.phase != "online":
        return "the Soulseek server is not reached"
    return engine_off(desk)


def _not_asked(desk: MeshApp) -> str | None:
    return no_user(desk) or no_server(desk)


def _browse(desk: MeshApp, argument: str) -> None:
    hit = desk.search.hits.hit
    assert hit is not None
    desk.search.browse.open(str(hit.user), last_part(root_of(hit.folder)))


def _with_user(run: OnText, desk: MeshApp, argument: str) -> None:
    run(desk, user_here(desk))


def _on_row(id: str, title: str, key: str, run: OnText) -> Action:
    why = _not_asked if run is people.whois else no_user
    return Action(id, title, (key,), partial(_with_user, run), "search", why, on_row=True)


ACTIONS = (
    Action(
        "browse-row",
        "browse the shares of this row's user, at this folder",
        ("B",),
        _browse,
        "search",
        no_user,
        hint="browse",
        on_row=True,
    ),
    _on_row("user-row", "ask who this row's user is", "u", people.whois),
    _on_row("message-row", "write a private message to this row's user", "m", people.message),
    _on_row("buddy-row", "put this row's user on the buddy list", "F", people.add_buddy),
    _on_row("ignore-row", "ignore this row's user in results and chat", "I", people.ignore),
    _on_row("ban-row", "ban this row's user (asks from what)", "X", people.ban),
)
