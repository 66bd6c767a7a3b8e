"""The session as the rooms above see it: messages, chunk data, and who the peer is.

Rules:
- Handlers are plain functions called on the engine's loop; they must not block and must not await. Work that
  takes time goes into a nursery of the handler's owner.
- A handler that raises PeerError ends the session with that error and costs the peer. Anything else it raises is
  our own fault and ends the engine.
- `send` queues and returns; a session whose peer does not read for too long is closed ("slow-reader"), so no
  queue grows without bound.
- Chunk data is received straight into a buffer that the `DataSink` hands out; there is no copy between.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import trio

from slskmesh.identity.peerid import PeerId
from slskmesh.wire.messages import Hello, Message

M = TypeVar("M", bound=Message)


class Priority(enum.IntEnum):
    """Order in which queued messages leave: all CONTROL first, then NORMAL, then chunk data."""

    CONTROL = 0
    NORMAL = 1


class DataHeader(NamedTuple):
    """Head of one data frame: `length` bytes of `chunk` starting at `offset` (bytes), on `stream`."""

    stream: int
    chunk: int
    offset: int
    length: int


class Session(Protocol):
    """One authenticated line to one peer. At most one session per peer is open at a time."""

    peer: PeerId
    remote: Hello
    outbound: bool
    address: str  # "host:port" of the other end
    since: float  # Unix seconds
    rtt: float | None  # seconds, smoothed; None before the first Pong
    received: int  # bytes of frames, both kinds
    sent: int
    closed: trio.Event

    def send(self, message: Message, priority: Priority = Priority.CONTROL) -> None:
        """Queues a message. After the session closed it is dropped without error (on_close tells)."""

    async def send_chunk(self, stream: int, chunk: int, data: memoryview) -> None:
        """Sends one whole chunk in frames fitted to the link's rate, round robin with other streams' chunks.

        Returns when the last byte was handed to TLS. PeerError(code="gone") if the session closes first.
        Cancelling it before the first frame left drops the chunk; later, the session itself is closed.
        """

    def close(self, code: str, reason: str = "") -> None:
        """Says Bye and closes. Idempotent; on_close follows."""


class DataSink(Protocol):
    """Who takes chunk data."""

    def data_begin(self, session: Session, head: DataHeader) -> memoryview | None:
        """The buffer for this frame's payload, exactly `head.length` long; None discards it (late, cancelled).

        PeerError if nobody asked for such data or it lies outside the chunk.
        """

    def data_end(self, session: Session, head: DataHeader) -> None:
        """The buffer of the matching data_begin is filled."""


class Router(Protocol):
    """Where rooms above register for what arrives. Registration happens once, before the node starts."""

    def on(self, kind: type[M], handler: Callable[[Session, M], None]) -> None:
        """One handler a message type."""

    def on_open(self, handler: Callable[[Session], None]) -> None:
        """Called for each session after both Hellos."""

    def on_close(self, handler: Callable[[Session, str], None]) -> None:
        """Called once for each opened session with a sentence that says why it ended."""

    def set_sink(self, sink: DataSink) -> None:
        """The one taker of chunk data."""
