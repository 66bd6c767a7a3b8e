"""The gateway's app: all routes behind the guard, their OpenAPI, and how errors leave.

Rules: a route without a right stops the app from being built. Errors of ours are logged by the type and place they had
and answered with 500 and no word of their insides (by the guard, which also sees what fails while an answer is sent).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import trio
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from slskmesh import __version__
from slskmesh.errors import SlskmeshError
from slskmesh.gateway import (
    documents_about,
    documents_albums,
    documents_files,
    documents_jobs,
    mesh_http,
    own_commands,
    own_events,
    own_paths,
    own_views,
    routes_self,
    slskd_about,
    slskd_batches,
    slskd_conversations,
    slskd_directory,
    slskd_files,
    slskd_rooms,
    slskd_searches,
    slskd_server,
    slskd_shares,
    slskd_transfers,
    slskd_users,
)
from slskmesh.gateway.answers import GatewayError, refusal
from slskmesh.gateway.description import describe
from slskmesh.gateway.gate import Gate
from slskmesh.gateway.guard import Guard, ours
from slskmesh.gateway.rights import CHECKS, Right, Routes

_LOCAL: Final = frozenset({"localhost"})
ALL: Final[Sequence[Routes]] = (
    slskd_about.routes,  # what is polled most comes first: routes are tried in this order
    slskd_searches.routes,
    slskd_batches.routes,  # before transfers, whose routes of a user would take them
    slskd_transfers.routes,
    routes_self.routes,
    own_paths.routes,
    own_events.routes,
    own_views.routes,
    own_commands.routes,
    mesh_http.routes,
    documents_about.routes,
    documents_about.fairness_routes,
    documents_albums.routes,
    documents_files.routes,
    documents_jobs.routes,
    documents_jobs.aliases,
    slskd_conversations.routes,
    slskd_directory.routes,
    slskd_files.routes,
    slskd_rooms.routes,
    slskd_server.routes,
    slskd_shares.routes,
    slskd_users.routes,
)


def build(gate: Gate) -> Guard:
    """The whole app for one gateway."""
    app = build_app(ALL)
    app.state.gate = gate
    settings = gate.settings
    hosts = _LOCAL | {name.lower().removesuffix(".") for name in settings.hosts}
    return Guard(
        app, gate.guesses, hosts, frozenset(origin.lower().rstrip("/") for origin in settings.origins)
    )


def build_app(parts: Sequence[Routes]) -> FastAPI:
    """The routes of these parts, without a gateway behind them."""
    app = FastAPI(
        title="slskmesh",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # the guard took them off; a redirect would name the host that was called
    )
    for part in parts:
        part.add_to(app)
    check_rights(app, rights(parts))
    told = functools.cache(lambda: describe(app, parts))
    app.openapi = told  # type: ignore[method-assign] # FastAPI's own way to replace it
    app.add_exception_handler(SlskmeshError, _refused)
    app.add_exception_handler(trio.TooSlowError, _slow)
    app.add_exception_handler(HTTPException, _not_served)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(ExceptionGroup, _grouped)
    app.add_exception_handler(Exception, _ours)
    return app


def rights(parts: Sequence[Routes] = ALL) -> dict[tuple[str, str], Right]:
    """Every route there is, (method, path), with its right. AssertionError: two parts have the same route."""
    found: dict[tuple[str, str], Right] = {}
    for part in parts:
        twice = found.keys() & part.rights.keys()
        assert not twice, f"{twice}: added twice"
        found |= part.rights
    return found


def check_rights(app: FastAPI, known: dict[tuple[str, str], Right]) -> None:
    """AssertionError: there is a route that does not say who may use it, or does not check it."""
    for route in app.routes:
        assert isinstance(route, APIRoute), f"{route}: not added by Routes"
        for method in route.methods or ():
            assert (method, route.path) in known, f"{method} {route.path}: no right"
            checks = [dependency.dependency for dependency in route.dependencies]
            assert CHECKS[known[method, route.path]] in checks, (
                f"{method} {route.path}: its right is not checked"
            )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SlskmeshError)
    return refusal(error, request.url.path)


async def _slow(request: Request, error: Exception) -> Response:
    return refusal(GatewayError(504, "the engine did not answer in time"), request.url.path)


async def _grouped(request: Request, error: Exception) -> Response:
    """What came out of a nursery: one error of ours is told as if it had come alone."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, SlskmeshError):
        return await _refused(request, error)
    if isinstance(error, trio.TooSlowError):
        return await _slow(request, error)
    raise error


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = _SAID.get(error.status_code, str(error.detail))
    response = refusal(GatewayError(error.status_code, said), request.url.path)
    response.headers.update(error.headers or {})  # Allow, where another method is served
    return response


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refusal(GatewayError(400, f"{place}: {first['msg']}"), request.url.path)


async def _ours(request: Request, error: Exception) -> Response:
    """A fault of ours; it is raised again after this answer, and the guard logs it."""
    return refusal(ours(), request.url.path)


_SAID: Final = {404: "there is nothing at this address", 405: "this address is not served by this method"}
