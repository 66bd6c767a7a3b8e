"""What a person can do with an upload in the Swarm pane, and with who gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Block
from slskmesh.engine.legacy_commands import CancelUpload
from slskmesh.engine.legacy_views import LegacyUploadView
from tui.actions import Action, engine_off
from tui.panes import user_menu
from tui.panes.swarm import SwarmPane
from tui.panes.user_menu import BROWSE
from tui.viewmodel.formats import percent, rate, size
from tui.viewmodel.spans import Line
from tui.viewmodel.uploads import Upload, sent, state, user_of, whom
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

PLACE = "uploads"


def _upload(desk: MeshApp) -> Upload | None:
    pane = desk.panes["swarm"]
    assert isinstance(pane, SwarmPane)
    return pane.uploads.current


def _none(desk: MeshApp) -> str | None:
    return "no upload is chosen" if _upload(desk) is None else engine_off(desk)


def _no_user(desk: MeshApp) -> str | None:
    reason = _none(desk)
    if reason is None and not user_of(_upload(desk)):
        return "only with a Soulseek user: what a peer asks for ends when he has it; B blocks him"
    return reason


def _unless(why: Callable[[MeshApp, str], str | None]) -> Callable[[MeshApp], str | None]:
    return lambda desk: _no_user(desk) or why(desk, user_of(_upload(desk)))


def _with_user(run: Callable[[MeshApp, str], None]) -> Callable[[MeshApp, str], None]:
    return lambda desk, _: run(desk, user_of(_upload(desk)))


def _no_browse(desk: MeshApp, user: str) -> str | None:
    return None if desk.registry.command(BROWSE) is not None else "there is no list of shares to open"


def _cancel(desk: MeshApp, argument: str) -> None:
    upload = _upload(desk)
    assert isinstance(upload, LegacyUploadView)
    desk.ask(CancelUpload(upload.key))


def _ban(desk: MeshApp, argument: str) -> None:
    upload = _upload(desk)
    assert upload is not None
    if isinstance(upload, LegacyUploadView):
        user_menu.ban(desk, str(upload.user))
        return
    peer = upload.peer

    def sure(answer: str) -> None:
        desk.ask(Block(peer))

    desk.question(
        Question(f"Block {upload.short}: no sessions, searches or chunks for it?", sure, confirm=True)
    )


def _no_ban(desk: MeshApp) -> str | None:
    user = user_of(_upload(desk))
    return _none(desk) or (user_menu.no_ban(desk, user) if user else None)


def _open(desk: MeshApp, argument: str) -> None:
    upload = _upload(desk)
    assert upload is not None
    rows = [("to", whom(upload)), ("file", str(upload.name))]
    if isinstance(upload, LegacyUploadView):
        rows += [("folder", str(upload.folder)), ("group", upload.group)]
    rows += [
        ("state", state(upload)),
        (
            "sent",
            f"{size(sent(upload))} of {size(upload.size)} ({percent(sent(upload), upload.size).strip()})",
        ),
        ("rate", rate(upload.rate)),
    ]
    lines: list[Line] = [[(f"{label:<8}", "dim"), (text, "text")] for label, text in rows]
    desk.open_text("upload", lines)


ACTIONS = (
    Action(
        "upload-details", "show everything about this upload", ("enter",), _open, PLACE, _none, hint="details"
    ),
    Action(
        "cancel-upload", "cancel this upload", ("d",), _cancel, PLACE, _no_user, hint="cancel", on_row=True
    ),
    Action(
        "cancel-uploads",
        "cancel all uploads to this user (asks)",
        ("D",),
        _with_user(user_menu.cancel_all),
        PLACE,
        _no_user,
        hint="cancel all",
        on_row=True,
    ),
    Action(
        "ban-user",
        "ban this user, or block this peer (asks)",
        ("B",),
        _ban,
        PLACE,
        _no_ban,
        hint="ban",
        on_row=True,
    ),
    Action(
        "upload-buddy",
        "add this user to the buddies",
        ("a",),
        _with_user(user_menu.add_buddy),
        PLACE,
        _unless(user_menu.no_buddy),
        hint="buddy",
        on_row=True,
    ),
    Action(
        "upload-browse",
        "browse this user's shares",
        ("o",),
        _with_user(user_menu.browse),
        PLACE,
        _unless(_no_browse),
        hint="browse",
        on_row=True,
    ),
    Action(
        "upload-message",
        "write this user a message",
        ("m",),
        _with_user(user_menu.message),
        PLACE,
        _no_user,
        hint="message",
        on_row=True,
    ),
)
