"""The gateway's app on Hypercorn, on the loop of whoever calls. Imported only where a gateway opens: it is slow to.

Rules: nothing is written to standard output or error (a screen may be there); a request that came is answered before
the end, for a moment.
"""

from __future__ import annotations

import logging
import socket
from typing import Any, Final, cast

import hypercorn.config
import trio
from hypercorn.trio import serve as hypercorn_serve

from slskmesh.engine.visitor import Visitor
from slskmesh.gateway.app import build
from slskmesh.gateway.gate import Gate
from slskmesh.gateway.keys import Keys
from slskmesh.setting_sections import GatewaySettings

log = logging.getLogger("slskmesh.gateway.server")
log.setLevel(logging.WARNING)  # each start and line of a client is no news
_LAST_MOMENT: Final = 0.5  # seconds for answers under way at the end
_IDLE: Final = 30.0  # seconds an idle line is kept
_HEAD_MAX: Final = 16 * 1024


async def serve(engine: Visitor, settings: GatewaySettings, keys: Keys, listener: socket.socket) -> None:
    """Serves on a listening socket, which stays the caller's, until cancelled."""
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.dup().detach()}"]
    config.errorlog = log
    config.accesslog = None
    config.include_server_header = False
    config.graceful_timeout = _LAST_MOMENT
    config.keep_alive_timeout = _IDLE
    config.h11_max_incomplete_size = _HEAD_MAX
    config.alpn_protocols = ["http/1.1"]
    async with trio.open_nursery() as nursery:
        app = build(Gate(engine, settings, keys, nursery))
        await hypercorn_serve(cast(Any, app), config, mode="asgi")
        nursery.cancel_scope.cancel()
