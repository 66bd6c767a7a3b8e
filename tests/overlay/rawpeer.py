"""A peer on trio's own TLS stream that says whatever a test wants, and listeners that answer as badly.

Messages are plain lists encoded with msgpack here, not the product's structs, so that they can break every rule.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import msgspec
import trio

from tests.overlay import raw
from tests.overlay.nodes import Node

CONTROL, DATA = 0, 1
_connections: list[trio.SocketStream] = []
HELLO, PING, PONG, BYE, JOIN, LEAVE = 1, 2, 3, 4, 32, 43


def frame(body: bytes, kind: int = CONTROL) -> bytes:
    """One frame around these bytes."""
    return struct.pack(">IB", 1 + len(body), kind) + body


def message(*fields: Any) -> bytes:
    """One control frame of [tag, field, ...]."""
    return frame(msgspec.msgpack.encode(fields))


def hello(name: str = "raw", version: int = 1) -> bytes:
    """A Hello that keeps the rules, unless told otherwise."""
    return message(HELLO, version, 0, 0, "raw", name, [])


class LineEndError(Exception):
    """The node ended the line; `cause` is the TLS error in it, if any."""

    def __init__(self, cause: BaseException | None = None) -> None:
        super().__init__(repr(cause))
        self.cause = cause


class RawPeer:
    """One TLS line to or from a node."""

    def __init__(self, stream: trio.SSLStream[trio.SocketStream]) -> None:
        self.stream = stream
        self._rest = b""

    @classmethod
    async def dial(cls, address: str, papers: raw.Papers | None, **options: Any) -> RawPeer:
        """Connects and completes the client's side of the handshake; LineEndError where that already fails."""
        plain = await connect(address)
        peer = cls(trio.SSLStream(plain, raw.context(papers, **options), https_compatible=True))
        try:
            await peer.stream.do_handshake()
        except trio.BrokenResourceError as error:
            await trio.aclose_forcefully(plain)
            raise LineEndError(error.__cause__) from error
        return peer

    async def send(self, data: bytes) -> None:
        """Sends bytes; LineEndError if the node is gone."""
        try:
            await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise LineEndError(error.__cause__) from error

    async def receive(self, size: int) -> bytes:
        """Exactly `size` bytes; LineEndError at the end."""
        while len(self._rest) < size:
            try:
                data = await self.stream.receive_some(65536)
            except trio.BrokenResourceError as error:
                raise LineEndError(error.__cause__) from error
            if not data:
                raise LineEndError()
            self._rest += data
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    async def message(self) -> list[Any]:
        """The next control message as a list; data frames are passed over."""
        while True:
            length, kind = struct.unpack(">IB", await self.receive(5))
            body = await self.receive(length - 1)
            if kind == CONTROL:
                fields = msgspec.msgpack.decode(body)
                assert isinstance(fields, list)
                return fields

    async def greet(self) -> None:
        """The dialler's half of the Hellos."""
        assert (await self.message())[0] == HELLO
        await self.send(hello())

    async def until_end(self) -> list[list[Any]]:
        """All messages up to the end of the line."""
        got = []
        try:
            while True:
                got.append(await self.message())
        except LineEndError:
            return got

    async def close(self) -> None:
        """Cuts the line without a word."""
        await trio.aclose_forcefully(self.stream)


async def connect(address: str) -> trio.SocketStream:
    """A plain TCP connection to "host:port"."""
    host, _, port = address.rpartition(":")
    stream = await trio.open_tcp_stream(host, int(port))
    _connections.append(stream)
    return stream


@contextlib.asynccontextmanager
async def running(node: Node, *, listen: bool = True) -> AsyncIterator[Node]:
    """The node, up until the end of the block; then every connection that `connect` opened is cut."""
    async with trio.open_nursery() as nursery:
        try:
            yield await node.start(nursery, listen=listen)
        finally:
            while _connections:
                _connections.pop().socket.close()
            nursery.cancel_scope.cancel()


async def until_eof(stream: trio.SocketStream) -> bytes:
    """What a plain connection gives up to its end; a reset is an end too."""
    got = b""
    try:
        while data := await stream.receive_some(65536):
            got += data
    except trio.BrokenResourceError:
        pass
    return got


@contextlib.asynccontextmanager
async def listener(
    papers: raw.Papers, serve: Callable[[RawPeer], Awaitable[None]], **options: Any
) -> AsyncIterator[str]:
    """A raw listener; `serve` gets each line whose handshake went well. Gives its address."""
    context: ssl.SSLContext = raw.context(papers, server=True, **options)

    async def accept(plain: trio.SocketStream) -> None:
        peer = RawPeer(trio.SSLStream(plain, context, server_side=True, https_compatible=True))
        try:
            await peer.stream.do_handshake()
            await serve(peer)
        except (trio.BrokenResourceError, LineEndError):
            pass
        finally:
            await peer.close()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, accept, 0)
        yield f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


class Refusals(logging.Handler):
    """Codes of the connections a node refused, from its log: the only place that tells."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.codes: list[str] = []
        self.lines: list[str] = []
        self._changed = trio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if "refused" in record.msg and isinstance(record.args, tuple):
            self.codes.append(str(record.args[-1]))
        self._changed.set()
        self._changed = trio.Event()

    async def first(self) -> str:
        """The first refusal's code."""
        with trio.fail_after(10):
            while not self.codes:
                await self._changed.wait()
        return self.codes[0]


@contextlib.contextmanager
def heard_refusals() -> Iterator[Refusals]:
    """Listens to the overlay's log."""
    log = logging.getLogger("slskmesh.overlay")
    handler, level = Refusals(), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
