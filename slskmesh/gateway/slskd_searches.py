"""Searches, below /api/v0 as slskd has them.

Rules:
- Responses are given while they grow. slskd gives none before a search is over; who waits for that sees no difference
  (the state says it), and who polls them from the start, as Soulbeet does, has them sooner.
- A search that is over is complete: what came with the last word is counted before the state changes.
- Stopping returns when the search is over. Deleting stops it too.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.gateway.answers import JSON, answer, nothing
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import GateDep
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.search_memory import Record
from slskmesh.gateway.search_shapes import Search, SearchRequest, SearchResponse, whole

routes = Routes("/api/v0", "searches")
_NONE: Final = {404: "There is no such search"}


@routes.post(
    "/searches",
    takes=SearchRequest,
    gives=Search,
    also={
        409: "Nobody can be asked now, or there is a search with this id",
        429: "The Soulseek server would be asked too often, another search is being begun, or too many run",
    },
)
async def begin(request: Request, gate: GateDep) -> Response:
    """Begins a search and returns at once; `GET` tells how it stands."""
    record = await gate.searches.begin(await read_body(request, SearchRequest))
    return answer(record.shape())


@routes.get("/searches", gives=list[Search])
async def all_searches(gate: GateDep) -> Response:
    """All searches that are remembered, the oldest first, without their responses."""
    return answer([record.shape() for record in gate.searches.all()])


@routes.get("/searches/{id}", gives=Search, also=_NONE)
async def search(id: str, gate: GateDep, includeResponses: bool = False) -> Response:
    """How a search stands."""
    record = gate.searches.get(id)
    return _whole(record) if includeResponses else answer(record.shape())


@routes.get("/searches/{id}/responses", gives=list[SearchResponse], also=_NONE)
async def responses(id: str, gate: GateDep) -> Response:
    """What users and peers answered so far, in the order in which they did."""
    return Response(gate.searches.get(id).finds.json(), media_type=JSON)


@routes.put("/searches/{id}", also=_NONE)
async def stop(id: str, gate: GateDep) -> Response:
    """Ends a search; what it found stays."""
    await gate.searches.stop(gate.searches.get(id))
    return nothing(200)


@routes.delete("/searches/{id}", status=204, also=_NONE)
async def delete(id: str, gate: GateDep) -> Response:
    """Forgets a search; what it found can still be ordered for a while."""
    await gate.searches.delete(gate.searches.get(id))
    return nothing()


def _whole(record: Record) -> Response:
    return Response(whole(record.shape(), record.finds.json()), media_type=JSON)
