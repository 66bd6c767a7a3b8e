"""The session with the Soulseek server as slskd's API has it. Pure."""

from __future__ import annotations

import ipaddress

from slskmesh.engine.legacy_views import ModeView
from slskmesh.gateway.answers import Camel


class ServerState(Camel, frozen=True, kw_only=True):
    """How the session with the server stands. `ip_end_point` only where the address is one of numbers."""

    address: str
    ip_end_point: str | None = None
    state: str
    is_connected: bool
    is_connecting: bool
    is_logged_in: bool
    is_logging_in: bool
    is_transitioning: bool


def server_state(view: ModeView) -> ServerState:
    """The state of a session; connecting and logging in are one step of ours."""
    online, connecting = view.phase == "online", view.phase == "connecting"
    return ServerState(
        address=view.server,
        ip_end_point=view.server if _is_number(view.server) else None,
        state="Connected, LoggedIn" if online else "Connecting" if connecting else "Disconnected",
        is_connected=online,
        is_connecting=connecting,
        is_logged_in=online,
        is_logging_in=False,
        is_transitioning=connecting,
    )


def _is_number(address: str) -> bool:
    try:
        ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True
