"""`slskmesh transfers list|pause|resume|remove|uploads`: downloads of both networks, and who is sent what.

JSON: list: a line a download with the fields of `transfer_words.Transfer`; uploads: {"via", "user", "name", "state",
"done", "size", "rate", "group"}; the others {"transfer", "did", "text"}. With --watch a line again whenever it changed.
A transfer is named by its id or by the beginning of it, where only one begins so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from slskmesh.cli.engine_run import running
from slskmesh.cli.output import Output
from slskmesh.cli.transfer_words import (
    LOOK_TIMEOUT,
    Transfer,
    downloads,
    row_text,
    transfer_fields,
    upload_fields,
    upload_text,
)
from slskmesh.engine.commands import Command, Pause, Remove, Resume
from slskmesh.engine.console import Console
from slskmesh.engine.legacy_commands import PauseLegacy, RemoveLegacy, ResumeLegacy
from slskmesh.engine.legacy_views import LegacyDownloadsView, LegacyUploadsView, LegacyUploadView
from slskmesh.engine.views import TransfersView, UploadsView, UploadView
from slskmesh.errors import UserError

_SHORTEST: Final = 4  # letters of an id that may stand for it
_DID: Final = {"pause": "paused", "resume": "resumed", "remove": "removed"}


def list_transfers(home: Path, watch: bool, out: Output) -> None:
    """Prints every download, with `watch` again whenever one changed, until a signal."""
    with running(home) as console:
        told: dict[str, Transfer] = {}
        while True:
            seen = (console.latest(TransfersView), console.latest(LegacyDownloadsView))
            rows = downloads(console)
            for row in rows:
                if told.get(row.transfer) != row:
                    out.row(transfer_fields(row), row_text(row))
            if not rows and not told:
                out.say("no downloads")
            told = {row.transfer: row for row in rows}
            if not watch:
                return
            console.wait_for(
                lambda seen=seen: (
                    (console.latest(TransfersView), console.latest(LegacyDownloadsView)) != seen
                ),  # type: ignore[misc]
                None,
                "a change of the downloads",
            )


def tell_transfers(home: Path, what: str, names: Sequence[str], out: Output) -> None:
    """Pauses, resumes or removes downloads. UserError: there is none of a name. Refused with the engine's words."""
    with running(home) as console:
        every = downloads(console)
        for one in [find(every, name) for name in names]:
            text = str(console.ask(_command(what, one)).text)
            out.row({"transfer": one.transfer, "did": _DID[what], "text": text}, f"{one.name}: {_DID[what]}")


def find(every: Sequence[Transfer], name: str) -> Transfer:
    """The download that is meant. UserError: none, or several."""
    wanted = name.strip().lower()
    fits = [one for one in every if one.transfer == wanted]
    if not fits and len(wanted) >= _SHORTEST:
        fits = [one for one in every if one.transfer.startswith(wanted)]
    if len(fits) != 1:
        raise UserError(
            f"{name}: {len(fits) or 'no'} downloads of this id; `slskmesh transfers list` shows them"
        )
    return fits[0]


def _command(what: str, one: Transfer) -> Command:
    legacy: dict[str, Callable[[tuple[str, ...]], Command]]
    legacy = {"pause": PauseLegacy, "resume": ResumeLegacy, "remove": RemoveLegacy}
    mesh: dict[str, Callable[[str], Command]] = {"pause": Pause, "resume": Resume, "remove": Remove}
    return legacy[what]((one.transfer,)) if one.via == "soulseek" else mesh[what](one.transfer)


def list_uploads(home: Path, watch: bool, out: Output) -> None:
    """Prints what is sent to whom now, with `watch` again whenever one changed, until a signal."""
    with running(home) as console:
        console.wait_view(LegacyUploadsView, lambda view: True, LOOK_TIMEOUT, "the uploads")
        told: list[UploadView | LegacyUploadView] = []
        while True:
            rows = _uploads(console)
            for row in rows:
                if row not in told:
                    out.row(upload_fields(row), upload_text(row))
            if not rows and not told:
                out.say("no uploads")
            told = rows
            if not watch:
                return
            console.wait_for(lambda rows=rows: _uploads(console) != rows, None, "a change of the uploads")  # type: ignore[misc]


def _uploads(console: Console) -> list[UploadView | LegacyUploadView]:
    mesh, legacy = console.latest(UploadsView), console.latest(LegacyUploadsView)
    return [*(mesh.uploads if mesh is not None else ()), *(legacy.uploads if legacy is not None else ())]
