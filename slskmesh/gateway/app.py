"""The gateway's app: all routes behind the guard, their OpenAPI, and how errors leave.

Rules: a route without a right stops the app from being built. Errors of ours are logged by the type and place they had
and answered with 500 and no word of their insides.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import trio
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from slskmesh import __version__
from slskmesh.errors import SlskmeshError
from slskmesh.gateway import routes_self
from slskmesh.gateway.answers import GatewayError, refusal
from slskmesh.gateway.gate import Gate
from slskmesh.gateway.guard import Guard
from slskmesh.gateway.rights import REF, Right, Routes

log = logging.getLogger("slskmesh.gateway")
_LOCAL: Final = frozenset({"localhost"})
ALL: Final[Sequence[Routes]] = (routes_self.routes,)


def build(gate: Gate) -> Guard:
    """The whole app for one gateway."""
    app = FastAPI(title="slskmesh", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.gate = gate
    for part in ALL:
        part.add_to(app)
    check_rights(app)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign] # FastAPI's own way to replace it
    app.add_exception_handler(SlskmeshError, _refused)
    app.add_exception_handler(trio.TooSlowError, _slow)
    app.add_exception_handler(HTTPException, _not_served)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(Exception, _ours)
    settings = gate.settings
    hosts = _LOCAL | {name.lower() for name in settings.hosts}
    return Guard(app, gate.keys, hosts, frozenset(origin.lower().rstrip("/") for origin in settings.origins))


def rights() -> dict[tuple[str, str], Right]:
    """Every route there is, (method, path), with its right."""
    return {route: right for part in ALL for route, right in part.rights.items()}


def check_rights(app: FastAPI) -> None:
    """AssertionError: there is a route that does not say who may use it."""
    known = rights()
    for route in app.routes:
        assert isinstance(route, APIRoute), f"{route}: not added by Routes"
        for method in route.methods or ():
            assert (method, route.path) in known, f"{method} {route.path}: no right"
            assert route.dependencies, f"{method} {route.path}: its right is not checked"


def openapi(app: FastAPI) -> dict[str, Any]:
    """The description of all routes; shapes are those of the structs that are sent."""
    if app.openapi_schema is None:
        told = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_ABOUT)
        shapes = sorted({shape for part in ALL for shape in part.shapes}, key=repr)
        _, components = msgspec.json.schema_components(shapes, ref_template=REF)
        schemas = told.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(components)
        told["components"]["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "token": {"type": "http", "scheme": "bearer"},
        }
        told["security"] = [{"key": []}, {"token": []}]
        app.openapi_schema = told
    return app.openapi_schema


_ABOUT: Final = "The part of slskd's API that its clients call, jobs by MusicBrainz id, and the mesh."


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SlskmeshError)
    return refusal(error, request.url.path)


async def _slow(request: Request, error: Exception) -> Response:
    return refusal(GatewayError(504, "the engine did not answer in time"), request.url.path)


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(GatewayError(error.status_code, str(error.detail)), request.url.path)


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refusal(GatewayError(400, f"{place}: {first['msg']}"), request.url.path)


async def _ours(request: Request, error: Exception) -> Response:
    route = request.scope.get("route")
    place = route.path if isinstance(route, APIRoute) else "no route"
    log.error("%s while answering %s", type(error).__name__, place)
    return refusal(GatewayError(500, "an error of slskmesh; the log has the details"), request.url.path)
