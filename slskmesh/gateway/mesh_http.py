"""/mesh/http: services of peers for programs. JSON in, JSON out; an answer of several parts comes as lines of JSON.

Rules:
- Only services that `gateway.services` lists. `?peer=` names whom to ask; else the directory chooses.
- How a call ended at the peer is told by HTTP's own statuses; where parts were sent already, by a last line with
  `error`. When the program goes away the peer is told.
- A call of a service can make no peer, and not us, ask the Soulseek network.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

import trio
from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.events import Event
from slskmesh.engine.service_commands import (
    CallService,
    ServiceEnded,
    ServiceReplied,
    ServicesShown,
    ServiceView,
    ShowServices,
    StopCall,
)
from slskmesh.engine.visitor import Stream
from slskmesh.fabric.status import Status
from slskmesh.gateway.answers import JSON, GatewayError, Snake, answer
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import asked
from slskmesh.gateway.own_streams import LINES, Told, check_whole, last_word
from slskmesh.gateway.rights import Right, Routes

routes = Routes("/mesh/http", "mesh")
TIMEOUT_MAX: Final = 60.0
_GRACE: Final = 5.0  # seconds beyond a call's own time until the engine must have said how it ended
_STATUS: Final = {
    Status.UNKNOWN: 502,
    Status.SERVICE_NOT_FOUND: 404,
    Status.METHOD_NOT_FOUND: 404,
    Status.INVALID_PAYLOAD: 400,
    Status.TIMEOUT: 504,
    Status.RATE_LIMITED: 429,
    Status.UNAUTHORIZED: 403,
    Status.FORBIDDEN: 403,
    Status.PAYLOAD_TOO_LARGE: 413,
    Status.UNAVAILABLE: 502,
}
_ALSO: Final = {
    403: "The service is not on the list `gateway.services`, or the peer refuses; or the key only reads",
    404: "There is no such service or method here, or at the peer",
    413: "The request is too large for a call",
    429: "The peer, or this machine, takes no more calls now",
    502: "The peer cannot be reached, went away, or failed",
    504: "The peer did not answer in time",
}
_RETRY: Final = 60.0  # a peer's budget comes back within a minute


class Services(Snake, frozen=True, kw_only=True):
    """Services that may be called through this gateway."""

    services: list[ServiceView]


@routes.get("/services", gives=Services)
async def services(gate: GateDep) -> Response:
    """What may be called, with the fields each method takes and gives."""
    told = await asked(gate, ShowServices(), ServicesShown)
    return answer(Services(services=[one for one in told.services if one.name in gate.settings.services]))


@routes.get("/{service}/{method}", gives=dict, lines=True, right=Right.WRITE, also=_ALSO)
async def call_bare(
    gate: GateDep, service: str, method: str, peer: str = "", timeout: float = 30.0
) -> Response:
    """Calls a method that takes nothing, or that has defaults for all it takes."""
    return await _called(gate, CallService(service, method, b"", peer, timeout))


@routes.post(
    "/{service}/{method}", gives=dict, takes=dict, optional=True, lines=True, right=Right.WRITE, also=_ALSO
)
async def call(
    request: Request, gate: GateDep, service: str, method: str, peer: str = "", timeout: float = 30.0
) -> Response:
    """Calls a method with the fields of the body; bytes, as MusicBrainz ids are, as hexadecimal digits."""
    return await _called(gate, CallService(service, method, await request.body(), peer, timeout))


async def _called(gate: Gate, command: CallService) -> Response:
    if command.service not in gate.settings.services:
        raise GatewayError(
            403, "this service is not on the list of those programs may call: gateway.services"
        )
    if not 0 < command.timeout <= TIMEOUT_MAX:
        raise GatewayError(400, f"timeout: more than 0 and at most {TIMEOUT_MAX:.0f} seconds")
    told = await asked(gate, ShowServices(), ServicesShown)
    methods = [one for service in told.services if service.name == command.service for one in service.methods]
    wanted = next((one for one in methods if one.name == command.method), None)
    if wanted is None:
        raise GatewayError(404, "no service and method of this name are known here")
    return Told(gate.streams, LINES if wanted.stream else JSON, _parts(gate, command, wanted.stream))


async def _parts(gate: Gate, command: CallService, lines: bool) -> AsyncGenerator[bytes, None]:
    """The parts of an answer as they come. GatewayError: how it ended, if not well."""
    engine, number, ended = gate.engine, 0, False

    def ours(event: Event) -> bool:
        return isinstance(event, ServiceReplied | ServiceEnded) and event.query == number

    async with engine.stream(ours) as stream:
        number = engine.post(command)
        until = trio.current_time() + command.timeout + _GRACE
        try:
            while not ended:
                told = await _next(stream, until)
                if isinstance(told, ServiceReplied):
                    yield told.body + (b"\n" if lines else b"")
                elif isinstance(told, ServiceEnded):
                    ended = True
                    check_ended(told)
        finally:
            if not ended:
                await last_word(engine, StopCall(number))


async def _next(stream: Stream, until: float) -> Event:
    check_whole(stream)
    with trio.fail_at(until):
        return await stream.next()


def check_ended(told: ServiceEnded) -> None:
    """GatewayError: a call did not end well."""
    status = Status(told.status)
    if status is not Status.OK:
        retry = _RETRY if status is Status.RATE_LIMITED else None
        raise GatewayError(_STATUS[status], str(told.text) or status.name.lower(), retry)
