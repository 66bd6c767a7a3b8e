"""Downloads that are ordered together, below /api/v0 as slskd has them from 0.26 on.

Rules:
- Files of a batch go into its destination, below the downloads folder, if it has one; else as any other order's.
- A batch is kept with the transfers of it that are still in the list; an id is taken once.
"""

from __future__ import annotations

import time
import uuid
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.console import Refused
from slskmesh.engine.order_commands import BatchView
from slskmesh.gateway import orders
from slskmesh.gateway.answers import Camel, GatewayError, answer
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.slskd_transfers import BUSY, WantedFile, files_of
from slskmesh.gateway.social_shapes import iso
from slskmesh.gateway.transfer_shapes import Transfer
from slskmesh.text import sanitize

routes = Routes("/api/v0", "batches")
_WORD_MAX: Final = 200


class BatchOptions(Camel, frozen=True, kw_only=True):
    """`destination`: below the downloads folder, relative to it; `externalId`: the program's own name for the batch."""

    destination: str | None = None
    external_id: str | None = None


class BatchWanted(Camel, frozen=True, kw_only=True):
    """What is ordered together. `id` is made up where it is not given."""

    username: str
    files: list[WantedFile]
    id: str | None = None
    search_id: str | None = None
    options: BatchOptions | None = None


class Batch(Camel, frozen=True, kw_only=True):
    """One batch as it stands."""

    id: str
    search_id: str | None = None
    username: str
    direction: str
    created_at: str
    transfers: list[Transfer]
    options: BatchOptions


class BatchFailure(Camel, frozen=True, kw_only=True):
    """A file that could not be ordered, and why."""

    filename: str
    message: str


class BatchMade(Camel, frozen=True, kw_only=True):
    """How the order went."""

    batch: Batch
    failures: list[BatchFailure]


@routes.post(
    "/transfers/downloads/batches",
    takes=BatchWanted,
    gives=BatchMade,
    status=201,
    also={
        404: "The user is offline",
        409: "There is a batch of this id",
        429: BUSY,
    },
)
async def order_batch(request: Request, gate: GateDep) -> Response:
    """Orders files together: 201 where all were, 207 where some were, 200 where none was."""
    wanted = await read_body(request, BatchWanted)
    files, batch = files_of(wanted.files), _view(wanted)
    if len({file.name for file in files}) < len(files):
        raise GatewayError(400, "files: one of them is named twice")
    with gate.transfers.turn():
        if any(one.batch == batch.batch for one in await gate.transfers.batches()):
            raise GatewayError(409, "there is a batch of this id already")
        try:
            went = await gate.transfers.order(
                gate.searches, wanted.username, files, str(batch.destination), batch
            )
        except Refused as error:
            raise GatewayError(400, str(error)) from error
    failures = [BatchFailure(filename=one.file.name, message=one.why) for one in went.failed]
    made = BatchMade(batch=_batch(batch, went.enqueued), failures=failures)
    return answer(made, 201 if not failures else 207 if went.enqueued else 200)


@routes.get("/transfers/downloads/batches", gives=list[Batch])
async def batches(gate: GateDep) -> Response:
    """All batches that are kept, the oldest first."""
    return answer([_batch(one, await _transfers(gate, one)) for one in await gate.transfers.batches()])


@routes.get("/transfers/downloads/batches/{id}", gives=Batch, also={404: "There is no such batch"})
async def batch(id: str, gate: GateDep) -> Response:
    """One batch as it stands."""
    name = orders.guid_of(id, "id")
    for one in await gate.transfers.batches():
        if one.batch == name:
            return answer(_batch(one, await _transfers(gate, one)))
    raise GatewayError(404, "there is no such batch")


def _view(wanted: BatchWanted) -> BatchView:
    """The batch that is wanted. GatewayError 400: an id is none, or the destination leads elsewhere."""
    options = wanted.options or BatchOptions()
    if not wanted.username.strip():
        raise GatewayError(400, "username: whose files?")
    return BatchView(
        batch=str(uuid.uuid4()) if wanted.id is None else orders.guid_of(wanted.id, "id"),
        user=sanitize(wanted.username),
        search="" if wanted.search_id is None else orders.guid_of(wanted.search_id, "searchId"),
        external=sanitize(options.external_id or "", _WORD_MAX),
        destination=sanitize(
            "" if options.destination is None else orders.destination_of(options.destination),
            orders.DESTINATION_MAX,
        ),
        at=time.time(),
    )


async def _transfers(gate: Gate, batch: BatchView) -> list[Transfer]:
    rows = await gate.transfers.downloads()
    return [row.shape for row in rows if row.facts.batch == batch.batch]


def _batch(view: BatchView, transfers: list[Transfer]) -> Batch:
    return Batch(
        id=view.batch,
        search_id=view.search or None,
        username=view.user,
        direction="Download",
        created_at=iso(view.at),
        transfers=transfers,
        options=BatchOptions(
            destination=str(view.destination) or None, external_id=str(view.external) or None
        ),
    )
