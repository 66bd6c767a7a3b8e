"""Downloads of both networks as the command line shows them: one shape, as JSON and as lines for people."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from slskmesh.cli.output import size_text
from slskmesh.engine.console import Console
from slskmesh.engine.legacy_views import LegacyDownloadsView, LegacyDownloadView, LegacyUploadView
from slskmesh.engine.views import TransfersView, TransferView, UploadView

LOOK_TIMEOUT: Final = 15.0  # seconds for the engine to show its lists


class Transfer(msgspec.Struct, frozen=True):
    """One download; the JSON of `slskmesh transfers list`. Bytes, bytes per second, seconds, Unix seconds.

    `via` is "mesh" or "soulseek"; `state` the word of that network's states.
    """

    transfer: str
    via: str
    user: str
    name: str
    folder: str
    state: str
    done: int
    size: int
    rate: float
    eta: float | None
    sources: int
    place: int | None
    reason: str
    rescued: bool
    bad_chunks: int
    added: float
    finished: float | None
    path: str


def of_mesh(view: TransferView) -> Transfer:
    """A download from peers."""
    return Transfer(
        transfer=view.transfer,
        via="mesh",
        user="",
        name=view.name,
        folder=view.folder,
        state=view.state.value,
        done=view.done,
        size=view.size,
        rate=view.rate,
        eta=view.eta,
        sources=len(view.sources),
        place=None,
        reason=view.reason,
        rescued=False,
        bad_chunks=view.bad_chunks,
        added=view.added,
        finished=view.finished,
        path=view.path,
    )


def of_legacy(view: LegacyDownloadView) -> Transfer:
    """A download from a legacy user."""
    return Transfer(
        transfer=view.key,
        via="soulseek",
        user=view.user,
        name=view.name,
        folder=view.folder,
        state=view.phase.value,
        done=view.done,
        size=view.size,
        rate=view.rate,
        eta=view.eta,
        sources=1,
        place=view.place,
        reason=view.reason,
        rescued=view.rescued,
        bad_chunks=0,
        added=view.added,
        finished=view.finished,
        path=view.path,
    )


def downloads(console: Console) -> list[Transfer]:
    """All downloads: those from peers, then those from legacy users, each in queue order."""
    mesh = console.wait_view(TransfersView, lambda view: True, LOOK_TIMEOUT, "the list of downloads")
    return [*map(of_mesh, mesh.transfers), *map(of_legacy, legacy_downloads(console))]


def legacy_downloads(console: Console) -> tuple[LegacyDownloadView, ...]:
    """Downloads from legacy users, in queue order."""
    view = console.wait_view(
        LegacyDownloadsView, lambda view: True, LOOK_TIMEOUT, "the list of downloads from Soulseek users"
    )
    return view.downloads


def transfer_fields(one: Transfer) -> dict[str, Any]:
    """A download as JSON."""
    fields = msgspec.to_builtins(one)
    assert isinstance(fields, dict)
    return fields


def transfer_text(one: Transfer) -> str:
    """A download's progress as one line for people."""
    share = one.done / one.size if one.size else 1.0
    rate = f"  {size_text(one.rate)}/s" if one.rate else ""
    place = f"  place {one.place}" if one.place else ""
    text = f"{share:4.0%}  {size_text(one.done)} of {size_text(one.size)}{rate}  {one.state}{place}"
    rescued = "  peers finish it" if one.rescued and one.state != "done" else ""
    return f"{text}{rescued}  {one.reason}".rstrip()


def row_text(one: Transfer) -> str:
    """A download as one line of a list."""
    whom = one.user or (f"{one.sources} sources" if one.sources else "peers")
    return f"{one.transfer[:12]}  {one.state:10s} {transfer_text(one)}  {one.name}  ({whom})"


def upload_fields(one: UploadView | LegacyUploadView) -> dict[str, Any]:
    """An upload as JSON: {"via", "user", "name", "state", "done", "size", "rate", "group"}."""
    if isinstance(one, UploadView):
        mesh = {"via": "mesh", "user": one.short, "name": one.name, "state": one.state, "done": one.sent}
        return {**mesh, "size": one.size, "rate": one.rate, "group": ""}
    legacy = {
        "via": "soulseek",
        "user": one.user,
        "name": one.name,
        "state": one.phase.value,
        "done": one.done,
    }
    return {**legacy, "size": one.size, "rate": one.rate, "group": one.group}


def upload_text(one: UploadView | LegacyUploadView) -> str:
    """An upload as one line for people."""
    fields = upload_fields(one)
    share = fields["done"] / fields["size"] if fields["size"] else 0.0
    return f"{fields['state']:10s} {share:4.0%}  {size_text(fields['rate'])}/s  {fields['name']}  ({fields['user']})"
