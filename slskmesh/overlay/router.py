"""Where rooms above the overlay register for messages, sessions and chunk data (`overlay/port.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slskmesh.errors import PeerError
from slskmesh.overlay.port import DataHeader, DataSink, M, Session
from slskmesh.wire.messages import Message


class MessageRouter:
    """The one router of a node. Registration ends before the first session opens."""

    def __init__(self) -> None:
        self._handlers: dict[type[Message], Callable[[Session, Any], None]] = {}
        self._opened: list[Callable[[Session], None]] = []
        self._closed: list[Callable[[Session, str], None]] = []
        self._sink: DataSink | None = None

    def on(self, kind: type[M], handler: Callable[[Session, M], None]) -> None:
        """One handler a message type."""
        if kind in self._handlers:
            raise ValueError(f"two handlers for {kind.__name__}")
        self._handlers[kind] = handler

    def on_open(self, handler: Callable[[Session], None]) -> None:
        """Called in order of registration."""
        self._opened.append(handler)

    def on_close(self, handler: Callable[[Session, str], None]) -> None:
        """Called in order of registration."""
        self._closed.append(handler)

    def set_sink(self, sink: DataSink) -> None:
        """The one taker of chunk data."""
        self._sink = sink

    def opened(self, session: Session) -> None:
        """Tells everyone of a new session."""
        for handler in self._opened:
            handler(session)

    def closed(self, session: Session, reason: str) -> None:
        """Tells everyone that a session ended."""
        for handler in self._closed:
            handler(session, reason)

    def message(self, session: Session, message: Message) -> None:
        """Hands a message to its room; PeerError for one nobody takes."""
        handler = self._handlers.get(type(message))
        if handler is None:
            raise PeerError("unexpected", f"{type(message).__name__} is not expected here")
        handler(session, message)

    def data_begin(self, session: Session, head: DataHeader) -> memoryview | None:
        """The sink's buffer for a data frame."""
        if self._sink is None:
            raise PeerError("unexpected", "chunk data nobody asked for")
        return self._sink.data_begin(session, head)

    def data_end(self, session: Session, head: DataHeader) -> None:
        """The frame's payload is in the sink's buffer."""
        if self._sink is not None:
            self._sink.data_end(session, head)
