"""Downloads and uploads, below /api/v0 as slskd has them.

Rules:
- A transfer is known by its id alone; the user beside it in the path is not looked at, for a peer's name may change
  while several send a file.
- What is cancelled stays as "Completed, Cancelled" until it is removed or ordered again. What is finished is never
  deleted from the disk.
- `all/completed` takes off what programs ordered and is over, and whatever is finished; a download of the person that
  failed is left for the person.
- Uploads are shown while they wait or run: none is kept when it is over. Nothing that was removed is kept either.
"""

from __future__ import annotations

import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.legacy_commands import CancelUpload
from slskmesh.engine.order_commands import CancelOrder, RemoveOrders
from slskmesh.gateway import orders, transfer_shapes
from slskmesh.gateway.answers import JSON, Camel, GatewayError, answer, nothing
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import done
from slskmesh.gateway.names import key_of_uuid
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.transfer_list import Row
from slskmesh.gateway.transfer_shapes import Transfer, UserTransfers
from slskmesh.gateway.transfers import File, failed_transfer
from slskmesh.text import sanitize

routes = Routes("/api/v0", "transfers")
_NONE: Final = {404: "There is no such transfer"}
BUSY: Final = "Two orders are worked on already"


class WantedFile(Camel, frozen=True, kw_only=True):
    """A file as a search or a directory showed it; what else stands there is not looked at."""

    filename: str
    size: int


class Enqueued(Camel, frozen=True, kw_only=True):
    """How an order went; `exception` of what failed says why."""

    enqueued: list[Transfer]
    failed: list[Transfer]


# -- downloads ---------------------------------------------------------------------------------------------------------


@routes.get("/transfers/downloads", gives=list[UserTransfers])
async def downloads(gate: GateDep, includeRemoved: bool = False) -> Response:
    """All downloads, by user and remote folder."""
    return Response((await gate.transfers.downloads()).answer(), media_type=JSON)


@routes.delete("/transfers/downloads/all/completed", status=204)
async def remove_completed_downloads(gate: GateDep) -> Response:
    """Takes off the list what is over; see the head of this file."""
    rows = await gate.transfers.downloads()
    over = [row.transfer for row in rows if transfer_shapes.is_over(row.facts.state) and _may_go(row)]
    if over:
        await done(gate, RemoveOrders(tuple(over)))
    return nothing()


def _may_go(row: Row) -> bool:
    return row.facts.ordered or row.facts.state == transfer_shapes.SUCCEEDED


@routes.get("/transfers/downloads/{username:path}/{id}/position", gives=int, also=_NONE)
async def position(username: str, id: str, gate: GateDep) -> Response:
    """The place in the user's queue, as far as he told it."""
    row = await _download(gate, id)
    if row.facts.place is None:
        raise GatewayError(404, f"no place in a queue is known: {row.facts.state}")
    return answer(row.facts.place)


@routes.get("/transfers/downloads/{username:path}/{id}", gives=Transfer, also=_NONE)
async def download(username: str, id: str, gate: GateDep) -> Response:
    """One download."""
    return answer((await _download(gate, id)).shape)


@routes.get("/transfers/downloads/{username:path}", gives=UserTransfers, also=_NONE)
async def user_downloads(username: str, gate: GateDep) -> Response:
    """All downloads from one user, by remote folder."""
    found = (await gate.transfers.downloads()).of_user(sanitize(username))
    if found is None:
        raise GatewayError(404, f"there are no downloads from {sanitize(username, 40)}")
    return answer(found)


@routes.post(
    "/transfers/downloads/{username:path}",
    takes=list[WantedFile],
    gives=Enqueued,
    status=201,
    also={404: "The user is offline", 429: BUSY},
)
async def enqueue(username: str, request: Request, gate: GateDep) -> Response:
    """Orders files of a user. One that is on its way already counts as enqueued."""
    files = files_of(await read_body(request, list[WantedFile]))
    with gate.transfers.turn():
        went = await gate.transfers.order(gate.searches, username, files)
    failed = [failed_transfer(username, one, time.time()) for one in went.failed]
    return answer(Enqueued(enqueued=went.enqueued, failed=failed), 201)


@routes.delete("/transfers/downloads/{username:path}/{id}", status=204, also=_NONE)
async def cancel_download(username: str, id: str, gate: GateDep, remove: bool = False) -> Response:
    """Cancels a download, and with `remove` takes it off the list."""
    row = await _download(gate, id)
    if remove:
        await done(gate, RemoveOrders((row.transfer,)), 404)
    elif not transfer_shapes.is_over(row.facts.state):
        facts = row.facts
        await done(gate, CancelOrder(row.transfer, facts.user, facts.file, facts.size), 404)
    return nothing()


# -- uploads -----------------------------------------------------------------------------------------------------------


@routes.get("/transfers/uploads", gives=list[UserTransfers])
async def uploads(gate: GateDep, includeRemoved: bool = False) -> Response:
    """All uploads that wait or run, by user and folder."""
    return Response((await gate.transfers.uploads()).answer(), media_type=JSON)


@routes.delete("/transfers/uploads/all/completed", status=204)
async def remove_completed_uploads(gate: GateDep) -> Response:
    """Nothing is to be done: no upload is kept when it is over."""
    return nothing()


@routes.get("/transfers/uploads/{username:path}/{id}", gives=Transfer, also=_NONE)
async def upload(username: str, id: str, gate: GateDep) -> Response:
    """One upload."""
    return answer((await _upload(gate, id)).shape)


@routes.get("/transfers/uploads/{username:path}", gives=UserTransfers, also=_NONE)
async def user_uploads(username: str, gate: GateDep) -> Response:
    """All uploads to one user, by folder."""
    found = (await gate.transfers.uploads()).of_user(sanitize(username))
    if found is None:
        raise GatewayError(404, f"there are no uploads to {sanitize(username, 40)}")
    return answer(found)


@routes.delete(
    "/transfers/uploads/{username:path}/{id}",
    status=204,
    also={**_NONE, 409: "A peer's stream ends with its session"},
)
async def cancel_upload(username: str, id: str, gate: GateDep, remove: bool = False) -> Response:
    """Ends an upload to a Soulseek user, who is told."""
    row = await _upload(gate, id)
    if not row.transfer:
        raise GatewayError(409, "this peer fetches a file by itself; it ends with its session")
    await done(gate, CancelUpload(int(row.transfer)), 404)
    return nothing()


# -- what they share ---------------------------------------------------------------------------------------------------


def files_of(wanted: list[WantedFile]) -> list[File]:
    """Files as they may be ordered. GatewayError 400: there are none, too many, or one of no safe path or size."""
    if not 0 < len(wanted) <= orders.FILES_MAX:
        raise GatewayError(400, f"from 1 to {orders.FILES_MAX:,} files are taken by one order")
    if any(one.size < 0 for one in wanted):
        raise GatewayError(400, "size: not below 0")
    return [File(orders.check_path(one.filename), one.size) for one in wanted]


async def _download(gate: Gate, id: str) -> Row:
    return _found((await gate.transfers.downloads()).find(key_of_uuid(id)))


async def _upload(gate: Gate, id: str) -> Row:
    return _found((await gate.transfers.uploads()).find(key_of_uuid(id)))


def _found(row: Row | None) -> Row:
    if row is None:
        raise GatewayError(404, "there is no such transfer")
    return row
