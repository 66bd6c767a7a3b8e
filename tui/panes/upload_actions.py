"""What a person can do with an upload in the Swarm pane, and with who gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Block
from slskmesh.engine.legacy_commands import CancelUpload, CancelUploads
from slskmesh.engine.legacy_views import LegacyUploadView
from tui.actions import Action, engine_off
from tui.panes import people_actions as people
from tui.panes.asking import short, sure
from tui.panes.swarm import SwarmPane
from tui.viewmodel.formats import percent, rate, size
from tui.viewmodel.spans import Line
from tui.viewmodel.uploads import Upload, sent, state, user_of, whom

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
        return "only with a Soulseek user; this is a peer's stream"
    return reason


def _no_browse(desk: MeshApp) -> str | None:
    return _no_user(desk) or people.no_browse(desk)


def _with_user(run: Callable[[MeshApp, str], None]) -> Callable[[MeshApp, str], None]:
    return lambda desk, _: run(desk, user_of(_upload(desk)))


def _cancel(desk: MeshApp, argument: str) -> None:
    upload = _upload(desk)
    assert isinstance(upload, LegacyUploadView)
    desk.ask(CancelUpload(upload.key))


def _cancel_all(desk: MeshApp, user: str) -> None:
    sure(desk, f"cancel all uploads to {short(desk, user)}?", CancelUploads(user))


def _ban(desk: MeshApp, argument: str) -> None:
    upload = _upload(desk)
    if isinstance(upload, LegacyUploadView):
        people.ban(desk, str(upload.user))
    elif upload is not None:
        sure(desk, f"block {upload.short}: no sessions, searches or chunks?", Block(upload.peer))


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


def _of_user(
    id: str,
    title: str,
    key: str,
    run: Callable[[MeshApp, str], None],
    hint: str,
    why_not: Callable[[MeshApp], str | None] = _no_user,
) -> Action:
    return Action(f"upload-{id}", title, (key,), _with_user(run), PLACE, why_not, hint=hint, on_row=True)


ACTIONS = (
    Action(
        "upload-details", "show everything about this upload", ("enter",), _open, PLACE, _none, hint="details"
    ),
    Action(
        "upload-cancel", "cancel this upload", ("d",), _cancel, PLACE, _no_user, hint="cancel", on_row=True
    ),
    _of_user("cancel-all", "cancel all uploads to this user (asks)", "D", _cancel_all, "cancel all"),
    Action(
        "upload-ban",
        "ban this user (asks from what), or block this peer",
        ("B",),
        _ban,
        PLACE,
        _none,
        hint="ban",
        on_row=True,
    ),
    _of_user("buddy", "add this user to the buddies", "a", people.add_buddy, "buddy"),
    _of_user("message", "write a message", "m", people.message, "message"),
    _of_user("browse", "browse what this user shares", "o", people.browse, "browse", _no_browse),
    _of_user("whois", "ask who this user is", "w", people.whois, "who"),
)
