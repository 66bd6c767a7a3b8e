"""Session, application and options, below /api/v0 as slskd has them.

Rules:
- Logging in changes nothing: the password is a key, and the token that is given for it is that key. Wrong ones count
  as guesses like those in a header. The name is not looked at.
- Options are read. Their file is not: it is changed by the person, or setting by setting at /api/slskmesh.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.legacy_views import ChatsView, ModeView
from slskmesh.engine.views import LibraryView, SettingsView, StatusView
from slskmesh.gateway import about_shapes as shapes
from slskmesh.gateway.answers import GatewayError, answer, nothing
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import GateDep
from slskmesh.gateway.rights import Right, Routes
from slskmesh.text import sanitize

routes = Routes("/api/v0", "application")
_KEPT: Final = {403: "Always: the file of settings is the person's"}
_NAME: Final = 64


# -- session -----------------------------------------------------------------------------------------------------------


@routes.get("/session")
async def session(request: Request) -> Response:
    """Whether the key is good: it is, else this is not reached."""
    return nothing(200)


@routes.get("/session/enabled", gives=bool, right=Right.OPEN)
async def enabled(request: Request) -> Response:
    """Whether a key is needed: always."""
    return answer(True)


@routes.post("/session", takes=shapes.LoginRequest, gives=shapes.Token, right=Right.OPEN)
async def log_in(request: Request, gate: GateDep) -> Response:
    """A token for one of the keys, given as the password."""
    login = await read_body(request, shapes.LoginRequest)
    if not login.username.strip() or not login.password.strip():
        raise GatewayError(
            400, "username and password: both are needed, the password is a key of the gateway"
        )
    line = getattr(request.state, "line", None)
    address = request.client.host if request.client is not None else ""
    gate.guesses.role_of(login.password, address, line)
    return answer(shapes.token(sanitize(login.username, _NAME), login.password))


# -- application -------------------------------------------------------------------------------------------------------


@routes.get("/application", gives=shapes.ApplicationState)
async def application(gate: GateDep) -> Response:
    """How all of it stands; `server` says whether anybody can be asked, on either network."""
    engine = gate.engine
    mode, status = await engine.view(ModeView), await engine.view(StatusView)
    library, chats = await engine.view(LibraryView), engine.latest(ChatsView) or ChatsView()
    return answer(shapes.application(mode, status, library, chats))


@routes.get("/application/version", gives=str)
async def version(request: Request) -> Response:
    """The version of slskd whose API this is."""
    return answer(shapes.VERSION)


@routes.get("/application/version/latest", gives=shapes.VersionState)
async def latest(request: Request, forceCheck: bool = False) -> Response:
    """The same in full. Newer ones are not looked for."""
    return answer(shapes.version())


# -- options -----------------------------------------------------------------------------------------------------------


@routes.get("/options", gives=shapes.Options)
async def options(gate: GateDep) -> Response:
    """The settings that clients read."""
    return answer(shapes.options(await gate.engine.view(SettingsView)))


@routes.get("/options/startup", gives=shapes.Options)
async def startup(gate: GateDep) -> Response:
    """The same: what takes effect at the next start is told as it will be."""
    return await options(gate)


@routes.get("/options/debug", also=_KEPT)
async def debug(request: Request) -> Response:
    """Refused."""
    raise _kept()


@routes.get("/options/yaml", also=_KEPT)
async def yaml(request: Request) -> Response:
    """Refused."""
    raise _kept()


@routes.put("/options/yaml", takes=str, also=_KEPT)
async def put_yaml(request: Request) -> Response:
    """Refused."""
    raise _kept()


@routes.post("/options/yaml", takes=str, also=_KEPT)
async def post_yaml(request: Request) -> Response:
    """Refused."""
    raise _kept()


@routes.post("/options/yaml/validate", takes=str, also=_KEPT)
async def validate_yaml(request: Request) -> Response:
    """Refused."""
    raise _kept()


@routes.get("/options/yaml/location", also=_KEPT)
async def yaml_location(request: Request) -> Response:
    """Refused."""
    raise _kept()


def _kept() -> GatewayError:
    return GatewayError(
        403, "the file of settings is neither shown nor changed here; see /api/slskmesh/settings"
    )
