"""Searches and downloads as the documents' API has them: the same as below /api/v0, in fewer words.

Rules:
- A search is answered when it is over, or after WAIT_SECONDS with what was found until then.
- What cannot be ordered is told with the reason; a reason that lies in the request (a path, a name) refuses all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import trio
from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.legacy_views import LegacyDownloadsView
from slskmesh.engine.views import SettingsView, TransfersView
from slskmesh.gateway.answers import GatewayError, answer
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.documents_files_shapes import (
    GLOBAL,
    STATUSES,
    Download,
    DownloadItem,
    DownloadList,
    DownloadsMade,
    DownloadsWanted,
    NotOrdered,
    SearchResults,
    SearchWanted,
    destination_of,
    download_shape,
    found,
)
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.names import key_of_uuid
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.search_shapes import SearchRequest
from slskmesh.gateway.slskd_transfers import BUSY
from slskmesh.gateway.transfer_list import DownloadRows, Row
from slskmesh.gateway.transfers import File
from slskmesh.text import sanitize

routes = Routes("/api", "documents")
WAIT_SECONDS: Final = 25.0
_QUIET: Final = 5_000  # milliseconds without an answer, after which a search is over
_NAME: Final = 6_000
_UNKNOWN: Final = "no search of late found this file; search again, or tell size_bytes"


# -- searching ---------------------------------------------------------------------------------------------------------


@routes.post(
    "/search",
    takes=SearchWanted,
    gives=SearchResults,
    also={
        409: "Nobody can be asked now",
        429: "The server would be asked too often, or too many searches run",
    },
)
async def search(request: Request, gate: GateDep) -> Response:
    """Searches both networks, as far as the mode allows, and answers with what was found."""
    wanted = await read_body(request, SearchWanted)
    if wanted.type.lower() != GLOBAL:
        raise GatewayError(400, f"type: {GLOBAL}, not {sanitize(wanted.type, 40)}")
    asked = SearchRequest(search_text=wanted.query, file_limit=wanted.limit, search_timeout=_QUIET)
    record = await gate.searches.begin(asked)
    with trio.move_on_after(WAIT_SECONDS):
        await gate.searches.over(record)
    await gate.searches.stop(record)
    users = ((user, answers.files) for user, answers in record.finds.users.items() if answers.shown)
    results = found(users, wanted.limit)
    return answer(SearchResults(search_id=record.id, query=record.text, results=results))


# -- downloads ---------------------------------------------------------------------------------------------------------


@routes.post("/downloads", takes=DownloadsWanted, gives=DownloadsMade, also={429: BUSY})
async def order(request: Request, gate: GateDep) -> Response:
    """Fetches files of users and peers."""
    items = (await read_body(request, DownloadsWanted)).items
    root = await _downloads_root(gate)
    places = {(item.user, item.remote_path): (item, destination_of(item, root)) for item in items}
    failed: list[NotOrdered] = []
    groups: dict[tuple[str, str], list[File]] = {}
    ids: dict[tuple[str, str], str] = {}
    with gate.transfers.turn():
        rows = await gate.transfers.downloads()
        for item, place in places.values():
            size = _size(gate, rows, item)
            if size is None:
                failed.append(_failed(item.user, item.remote_path, _UNKNOWN))
            else:
                groups.setdefault((item.user, place), []).append(File(item.remote_path, size))
        for (user, place), files in groups.items():
            made, refused = await _ordered(gate, user, place, files)
            ids |= made
            failed += refused
    made_ids = [ids[name] for name in places if name in ids]
    return answer(DownloadsMade(download_ids=made_ids, failed=failed or None))


async def _ordered(
    gate: Gate, user: str, place: str, files: list[File]
) -> tuple[dict[tuple[str, str], str], list[NotOrdered]]:
    """The ids of what was ordered of one user, by user and path, and what could not be."""
    try:
        went = await gate.transfers.order(gate.searches, user, files, place)
    except GatewayError as error:
        if error.status != 404:
            raise
        return {}, [_failed(user, file.name, str(error)) for file in files]
    why = {one.file.name: one.why for one in went.failed}
    there = [file for file in files if file.name not in why]  # in the order in which they were given
    ids = {(user, file.name): one.id for file, one in zip(there, went.enqueued, strict=True)}
    return ids, [_failed(user, name, words) for name, words in why.items()]


def _failed(user: str, path: str, why: str) -> NotOrdered:
    return NotOrdered(user=sanitize(user), remote_path=sanitize(path, _NAME), error=why)


def _size(gate: Gate, rows: DownloadRows, item: DownloadItem) -> int | None:
    """How big a file is, by what was found or ordered of late, or by the program's word; None: nobody knows."""
    hit = gate.searches.find(item.user, item.remote_path)
    if hit is not None:
        return hit[1].size
    for row in rows:
        if row.facts.user == item.user and row.facts.file == item.remote_path:
            return row.facts.size
    return item.size_bytes


async def _downloads_root(gate: Gate) -> str:
    settings = await gate.engine.view(SettingsView)
    return next((row.value for row in settings.settings if row.key == "library.downloads"), "")


@routes.get("/downloads", gives=DownloadList)
async def downloads(gate: GateDep, status: str = "") -> Response:
    """All downloads, those of the person too; of one status, if that is asked for."""
    status = status.strip().lower()
    if status and status not in STATUSES:
        raise GatewayError(400, f"status: one of {', '.join(sorted(STATUSES))}")
    rows = await gate.transfers.downloads()
    found_rows = _shapes(gate, rows)
    return answer(DownloadList(downloads=[one for one in found_rows if status in ("", one.status)]))


@routes.get("/downloads/{id}", gives=Download, also={404: "There is no such download"})
async def download(id: str, gate: GateDep) -> Response:
    """One download."""
    row = (await gate.transfers.downloads()).find(key_of_uuid(id))
    if row is None:
        raise GatewayError(404, "there is no such download")
    return answer(_shapes(gate, [row])[0])


def _shapes(gate: Gate, rows: Iterable[Row]) -> list[Download]:
    """Downloads with where finished ones stand."""
    legacy, mesh = gate.engine.latest(LegacyDownloadsView), gate.engine.latest(TransfersView)
    paths = {one.key: str(one.path) for one in legacy.downloads} if legacy is not None else {}
    paths |= {one.transfer: str(one.path) for one in mesh.transfers} if mesh is not None else {}
    return [download_shape(row.shape, paths.get(row.transfer, "")) for row in rows]
