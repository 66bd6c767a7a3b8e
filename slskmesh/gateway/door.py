"""The gateway as a door of the engine: listens where the settings say, serves until the engine ends.

Rules: closed unless `gateway.enabled`. What keeps it shut (a port in use, a key others can read) is told by a notice
and in `DoorView`, and the engine runs on. What it needs is imported only where it opens, off the loop. Where other
machines reach it, that is said each time it opens.
"""

from __future__ import annotations

import importlib
import ipaddress
import logging
import socket
from types import ModuleType
from typing import Final

import trio

from slskmesh.engine.engine import Engine
from slskmesh.engine.events import Level
from slskmesh.engine.visitor import Visitor
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.gateway.keys import load_keys
from slskmesh.overlay.address import join_address, split_address
from slskmesh.text import sanitize

log = logging.getLogger("slskmesh.gateway")
VIEWER: Final = (1 << 30) + 1  # its number among the front ends
_BACKLOG: Final = 128


class GatewayDoor:
    """Serves HTTP. Implements `engine.Door`."""

    async def run(
        self, engine: Engine, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listens if it is to, serves until cancelled."""
        settings = engine.settings.gateway
        if not settings.enabled:
            task_status.started()
            return
        visitor = Visitor(engine, VIEWER)
        try:
            keys = await trio.to_thread.run_sync(load_keys, engine.home)
            listener = _listen(settings.listen)
        except SlskmeshError as error:
            log.error("the gateway is shut: %s", type(error).__name__)
            engine.notice(Level.WARN, f"the gateway is shut: {error}")
            engine.show_door(trouble=sanitize(str(error), 300))
            task_status.started()
            return
        with listener:
            engine.hub.admit(VIEWER, visitor)
            task_status.started()
            try:
                serving = await trio.to_thread.run_sync(_import)
                self._tell(engine, listener)
                await serving.serve(visitor, settings, keys, listener)
            finally:
                with trio.CancelScope(shield=True):
                    await engine.dismiss(VIEWER)

    def _tell(self, engine: Engine, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        place = f"http://{join_address(host, port)}"
        log.info("the gateway listens on %s", place)
        engine.show_door(gateway=place)
        if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            engine.notice(
                Level.WARN,
                f"other machines reach the gateway ({place}); whoever is on the way reads the key, HTTP is plain",
            )


def _import() -> ModuleType:
    return importlib.import_module("slskmesh.gateway.serving")


def _listen(address: str) -> socket.socket:
    """A listening socket. UserError: this address cannot be had."""
    host, port = split_address(address)
    numeric = "127.0.0.1" if host == "localhost" else host  # no name is asked of a server
    try:
        family, _, _, _, place = socket.getaddrinfo(
            numeric, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
        listener = socket.create_server(place, family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise UserError(f"{address}: is not an address of this machine; give it as numbers") from error
    except OSError as error:
        raise UserError(f"{address}: cannot listen there: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener
