"""The session with the Soulseek server, below /api/v0 as slskd has it.

Rules:
- Disconnecting chooses mesh-only mode, connecting takes that back: both are settings, and last over restarts. Where the
  mesh is switched off (legacy-only mode) disconnecting is refused: it would switch the mesh on.
- Connecting asks for a try now; it does not wait for how that ends. `GET` tells.
"""

from __future__ import annotations

from typing import Final

import trio
from starlette.responses import Response

from slskmesh.engine.legacy_commands import RetryServer, SetMode
from slskmesh.engine.legacy_views import ModeView
from slskmesh.gateway.answers import GatewayError, answer, nothing
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import done
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.server_shapes import ServerState, server_state

routes = Routes("/api/v0", "server")
_LEAVE_SECONDS: Final = 15.0
_THERE: Final = ("online", "connecting")
_MESH_ONLY: Final = "mesh-only"


@routes.get("/server", gives=ServerState)
async def state(gate: GateDep) -> Response:
    """How the session stands."""
    return answer(server_state(await gate.engine.view(ModeView)))


@routes.put("/server", also={409: "There is no account, or the server cannot be tried now"})
async def connect(gate: GateDep) -> Response:
    """Connects to the server, or tries it now."""
    view = await gate.engine.view(ModeView)
    if not view.username:
        raise GatewayError(409, "there is no Soulseek account; set one first")
    if view.mode == _MESH_ONLY:
        await done(gate, SetMode("hybrid"))
    elif view.phase not in _THERE:
        await done(gate, RetryServer(), 409)
    return nothing(200)


@routes.delete("/server", takes=str, optional=True, status=204, also={409: "The mesh is switched off"})
async def disconnect(gate: GateDep) -> Response:
    """Leaves the server and stays away from it until it is connected again. The reason in the body is nobody's."""
    view = await gate.engine.view(ModeView)
    if view.mode == "legacy-only":
        raise GatewayError(409, "in legacy-only mode nothing would be left; choose another mode first")
    if view.mode != _MESH_ONLY:
        await done(gate, SetMode(_MESH_ONLY))
    await _left(gate)
    return nothing()


async def _left(gate: Gate) -> None:
    """Waits until it shows; a server that does not let us go is left by itself."""
    with trio.move_on_after(_LEAVE_SECONDS):
        while (view := gate.engine.latest(ModeView)) is not None and view.phase in _THERE:
            await gate.engine.change()
