"""What the gateway says of itself: its description."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.gateway.answers import answer
from slskmesh.gateway.rights import Routes

routes = Routes("/api/slskmesh", "gateway")


@routes.get("/openapi.json", gives=dict)
async def description(request: Request) -> Response:
    """The OpenAPI description of every route."""
    return answer(request.app.openapi())
