"""What we share, below /api/v0 as slskd has it.

Rules:
- Files are told by the share's name and the folders below it; where a share stands on this machine is not told.
- Contents are sent page by page as they are read. A scan that is asked for while one runs follows it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import groupby
from typing import Final

import trio
from starlette.responses import Response, StreamingResponse

from slskmesh.engine.commands import CancelScan, Rescan, ShowLibrary, ShowShares
from slskmesh.engine.events import LibraryShown, SharesShown
from slskmesh.engine.views import OwnShareView
from slskmesh.gateway.answers import JSON, Camel, GatewayError, answer, nothing
from slskmesh.gateway.file_shapes import Directories, ListedDirectory, directory_name, own_file
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import asked, done
from slskmesh.gateway.rights import Routes

routes = Routes("/api/v0", "shares")
_PAGE: Final = 1_000
_DIGITS: Final = 9
_NONE: Final = {404: "There is no such share"}


class Share(Camel, frozen=True, kw_only=True):
    """One share; `remote_path` is what others see of it."""

    id: str
    alias: str
    is_excluded: bool
    remote_path: str
    directories: int
    files: int


class Shares(Camel, frozen=True, kw_only=True):
    """All shares, which are of this machine."""

    local: list[Share]


def share_of(view: OwnShareView) -> Share:
    """One share as it is told."""
    return Share(
        id=str(view.share),
        alias=view.name,
        is_excluded=False,
        remote_path=view.name,
        directories=view.folders,
        files=view.files,
    )


@routes.get("/shares", gives=Shares)
async def shares(gate: GateDep) -> Response:
    """All shares with what each offers."""
    return answer(Shares(local=[share_of(view) for view in await _all(gate)]))


@routes.put("/shares", status=204)
async def scan(gate: GateDep) -> Response:
    """Scans the shares now."""
    await done(gate, Rescan())
    return nothing()


@routes.delete("/shares", status=204, also={404: "No scan is running"})
async def cancel(gate: GateDep) -> Response:
    """Stops a running scan; what is hashed stays."""
    if not (await done(gate, CancelScan())).value:
        raise GatewayError(404, "no scan is running")
    return nothing()


@routes.get("/shares/contents", gives=list[ListedDirectory])
async def all_contents(gate: GateDep) -> Response:
    """All directories that are shared, with their files."""
    return StreamingResponse(_contents(gate, await _page(gate), 0), media_type=JSON)


@routes.get("/shares/{id}", gives=Share, also=_NONE)
async def share(id: str, gate: GateDep) -> Response:
    """One share."""
    return answer(share_of(await _one(gate, id)))


@routes.get("/shares/{id}/contents", gives=list[ListedDirectory], also=_NONE)
async def contents(id: str, gate: GateDep) -> Response:
    """The directories of one share with their files."""
    number = (await _one(gate, id)).share
    return StreamingResponse(_contents(gate, await _page(gate, number), number), media_type=JSON)


async def _all(gate: Gate) -> tuple[OwnShareView, ...]:
    return (await asked(gate, ShowShares(), SharesShown)).shares


async def _one(gate: Gate, id: str) -> OwnShareView:
    found = next((view for view in await _all(gate) if str(view.share) == id), None)
    if found is None:
        raise GatewayError(404, f"there is no share {id[:_DIGITS]}")
    return found


async def _page(gate: Gate, share: int = 0, after: str = "") -> LibraryShown:
    return await asked(gate, ShowLibrary(after=after, limit=_PAGE, share=share), LibraryShown)


async def _contents(gate: Gate, page: LibraryShown, share: int) -> AsyncIterator[bytes]:
    """Directories from this page on, as JSON; where the disk fails it ends in the middle."""
    directories = Directories()
    yield b"["
    while True:
        parts = []
        for folder, files in groupby(page.files, key=lambda file: file.folder):
            parts.append(directories.add(folder, directory_name(folder), map(own_file, files)))
        yield b"".join(parts)
        if not page.next:
            break
        try:
            page = await _page(gate, share, page.next)
        except (GatewayError, trio.TooSlowError):
            return
    yield directories.end() + b"]"
