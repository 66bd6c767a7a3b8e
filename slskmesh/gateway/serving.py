"""The gateway's app on Hypercorn, on the loop of whoever calls. Imported only where a gateway opens: it is slow to.

Rules:
- Hypercorn speaks HTTP/1.1 and nothing else here: no HTTP/2 in clear, no web sockets. It writes nothing, neither to
  standard output or error (a screen may be there) nor to the log.
- Connections are ours (`lines`): Hypercorn bounds neither their number nor the time of a send, which it shields.
- What fails while a line is served costs that line; it is logged by type and place.
"""

from __future__ import annotations

import logging
import socket
from functools import partial
from typing import Any, Final, cast

import hypercorn.config
import trio
from h11 import ERROR, LocalProtocolError, Request, Response
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, H11SendableEvent
from hypercorn.utils import parse_socket_addr

from slskmesh.engine.thread import innermost
from slskmesh.engine.visitor import Visitor
from slskmesh.gateway.app import build
from slskmesh.gateway.exchange import Receive, Scope, Send
from slskmesh.gateway.gate import Gate
from slskmesh.gateway.guard import Guard
from slskmesh.gateway.keys import Keys
from slskmesh.gateway.lines import Line, Lines
from slskmesh.setting_sections import GatewaySettings

log = logging.getLogger("slskmesh.gateway")
logging.getLogger("trio.serve_listeners").addHandler(
    logging.NullHandler()
)  # it would tell the screen of full tables
_IDLE: Final = 30.0  # seconds until a line's next request must have come with its whole head
_TOGETHER: Final = 64 * 1024  # bytes of a body that are sent with its head; more are not copied for that
HEAD_MAX: Final = 16 * 1024
"""Bytes of a request's head."""


async def serve(
    engine: Visitor,
    settings: GatewaySettings,
    keys: Keys,
    listener: socket.socket,
    lines: Lines | None = None,
) -> None:
    """Serves on a listening socket, which stays the caller's, until cancelled."""
    async with trio.open_nursery() as nursery:
        guard = build(Gate(engine, settings, keys, nursery))
        await serve_guarded(guard, listener, Lines() if lines is None else lines)


async def serve_guarded(guard: Guard, listener: socket.socket, lines: Lines) -> None:
    """As `serve`, for an app that stands already."""
    config, context = _config(), WorkerContext(None)

    async def one(stream: trio.SocketStream) -> None:
        line = lines.admit(stream)
        if line is None:
            await stream.aclose()
            return
        try:
            await _Server(partial(_call, guard, line), config, context, line).run()
        # The last line of defence of a stranger's connection: it must not end the engine.
        except Exception as error:  # noqa: BLE001
            log.error("%s while serving a connection", innermost(error))
        finally:
            lines.forget(line)
            line.cut()

    ours = trio.socket.from_stdlib_socket(listener.dup())
    async with trio.open_nursery() as nursery:
        try:
            await trio.serve_listeners(one, [trio.SocketListener(ours)], handler_nursery=nursery)
        finally:
            lines.cut()  # a send under way is shielded by Hypercorn: only the end of its line ends it


def _config() -> hypercorn.config.Config:
    config = hypercorn.config.Config()
    config.errorlog = None
    config.accesslog = None
    config.include_server_header = False
    config.keep_alive_timeout = _IDLE
    config.h11_max_incomplete_size = HEAD_MAX
    return config


async def _call(guard: Guard, line: Line, scope: Scope, receive: Receive, send: Send) -> None:
    line.serving += 1
    try:
        await guard(scope, receive, send)
    finally:
        line.serving -= 1


class _Http11(H11Protocol):
    """HTTP/1.1 alone. The head of an answer that tells its length waits for what follows: one packet, not two."""

    _head = b""

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event)
        except LocalProtocolError:
            if self.connection.their_state is not ERROR:
                raise
            return
        assert data is not None
        if isinstance(event, Response) and any(name == b"content-length" for name, _ in event.headers):
            self._head = data
            return
        if self._head and len(data) > _TOGETHER:
            head, self._head = self._head, b""
            await self.send(RawData(data=head))
        data, self._head = self._head + data, b""
        if data:
            await self.send(RawData(data=data))

    async def _check_protocol(self, event: Request) -> None:
        """Hypercorn would turn to HTTP/2 where it is asked to."""

    async def _create_stream(self, request: Request) -> None:
        headers = [(name, value) for name, value in request.headers if name != b"upgrade"]
        if len(headers) < len(request.headers):  # by that one Hypercorn would turn to a web socket
            request = Request(
                method=request.method,
                target=request.target,
                headers=headers,
                http_version=request.http_version,
            )
        await super()._create_stream(request)


class _Server(TCPServer):
    """One connection: Hypercorn's, with its protocol fixed and its idle clock stopped at the end."""

    def __init__(self, app: Any, config: hypercorn.config.Config, context: WorkerContext, line: Line) -> None:
        super().__init__(ASGIWrapper(app), config, context, ConnectionState({"line": line}), cast(Any, line))

    async def run(self) -> None:
        """Serves until either side ends it."""
        sock = self.stream.socket
        try:
            client = parse_socket_addr(sock.family, sock.getpeername())
            here = parse_socket_addr(sock.family, sock.getsockname())
        except OSError:
            return  # gone already
        try:
            async with TaskGroup() as group:
                self._task_group = group
                self.protocol = cast(
                    Any,
                    _Http11(
                        self.app,
                        self.config,
                        self.context,
                        group,
                        ConnectionState(self.state),
                        False,
                        client,
                        here,
                        self.protocol_send,
                    ),
                )
                await self.idle_task.restart(group, self._idle_timeout)
                await self._read_data()
                await self.idle_task.stop()
        finally:
            await self._close()
