"""The gateway as a door of the engine: listens where the settings say, serves until the engine ends.

Rules: closed unless `gateway.enabled`. What keeps it shut (a port in use, a key others can read) is told by a notice
and in `DoorView`, and the engine runs on. What it needs is imported only where it opens, off the loop.
"""

from __future__ import annotations

import importlib
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
            engine.notice(Level.ERROR, f"the gateway is shut: {error}")
            engine.show_door(trouble=sanitize(str(error), 300))
            task_status.started()
            return
        engine.hub.admit(VIEWER, visitor)
        host, port = listener.getsockname()[:2]
        task_status.started()
        try:
            serving = await trio.to_thread.run_sync(_import)
            engine.show_door(gateway=f"http://{join_address(host, port)}")
            await serving.serve(visitor, settings, keys, listener)
        finally:
            listener.close()
            with trio.CancelScope(shield=True):
                await engine.dismiss(VIEWER)


def _import() -> ModuleType:
    return importlib.import_module("slskmesh.gateway.serving")


def _listen(address: str) -> socket.socket:
    """A listening socket. UserError: this address cannot be had."""
    host, port = split_address(address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        listener = socket.create_server(found[0][4][:2], family=found[0][0], backlog=_BACKLOG)
    except OSError as error:
        raise UserError(f"{address}: cannot listen there: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener
