"""Asking the engine about the Soulseek network: its refusals as statuses of HTTP, for all routes that talk to people.

Rules: without a session it is 409 with the engine's words on why; who says too much at once gets 429 and when to go on.
"""

from __future__ import annotations

from typing import TypeVar

from slskmesh.engine.commands import Command
from slskmesh.engine.console import Refused
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.legacy_views import ModeView
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.gate import Gate
from slskmesh.gateway.kept import check_kept
from slskmesh.text import SafeStr, sanitize

E = TypeVar("E", bound=Event)

OFFLINE = "There is no session with the Soulseek server"
FLOOD = "So much may not be said at once"
_NAME = 40  # letters of a name as the engine shows it


def shown(name: str) -> SafeStr:
    """The name of a user or room as views and events have it."""
    return sanitize(name, _NAME)


async def me(gate: Gate) -> str:
    """Our name on the server; empty: no account."""
    return (await gate.engine.view(ModeView)).username


async def check_online(gate: Gate) -> None:
    """GatewayError 409: there is no session with the server."""
    view = await gate.engine.view(ModeView)
    if view.phase != "online":
        raise GatewayError(409, f"not connected to the Soulseek server: {view.what}")


async def done(gate: Gate, command: Command, refused: int = 400, number: int | None = None) -> Reply:
    """Has a command carried out; GatewayError with the status `refused`, 429: a matter of time, 403: it is kept."""
    check_kept(command)
    try:
        return await gate.engine.ask(command, number)
    except Refused as error:
        raise _told(error, refused) from error


async def asked(gate: Gate, command: Command, kind: type[E], refused: int = 400) -> E:
    """The event that answers a command; errors as `done`."""
    try:
        return await gate.engine.asked(command, kind)
    except Refused as error:
        raise _told(error, refused) from error


def _told(error: Refused, status: int) -> GatewayError:
    return GatewayError(429 if error.retry is not None else status, str(error), error.retry)
