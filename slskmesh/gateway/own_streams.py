"""Answers that go on: server-sent events and lines of JSON, made while they are sent.

Rules:
- At most STREAMS_MAX at once. What goes wrong before the first piece is answered with its own status, as elsewhere.
- Where nothing is said for KEEPALIVE seconds an event stream says so, so that both sides see a dead line.
- Whoever goes away ends what is done for him; whoever does not read is cut off by `lines`, and where events found no
  room meanwhile the stream says that and ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Final

import msgspec
import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from slskmesh.engine.attach_wire import mended
from slskmesh.engine.commands import Command
from slskmesh.engine.visitor import Stream, Visitor
from slskmesh.errors import SlskmeshError
from slskmesh.gateway.answers import GatewayError, Problem

STREAMS_MAX: Final = 16
KEEPALIVE: Final = 15.0
EVENTS: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"
SILENCE: Final = b": still here\n\n"
_LAST_WORD: Final = 2.0  # seconds for telling the engine that nobody listens any more
_encoder: Final = msgspec.json.Encoder()


def written(value: Any) -> bytes:
    """A value as JSON; question marks for what is no character, since names of files may hold any bytes."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(mended(value))


def event(name: str, value: Any) -> bytes:
    """One server-sent event. JSON holds no line feeds, so it is one line."""
    return b"event: " + name.encode() + b"\ndata: " + written(value) + b"\n\n"


class Streams:
    """How many streams a gateway sends now."""

    def __init__(self) -> None:
        self.open = 0

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """The time of one stream. GatewayError 429: there are enough."""
        if self.open >= STREAMS_MAX:
            raise GatewayError(429, f"{STREAMS_MAX} streams are open already", 1)
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


class Told(Response):
    """An answer of pieces as they come. `pieces` ends what it began when it is closed."""

    def __init__(self, streams: Streams, kind: str, pieces: AsyncGenerator[bytes, None]) -> None:
        super().__init__(media_type=kind)
        del self.headers["content-length"]
        self._streams, self._kind, self._pieces = streams, kind, pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it. SlskmeshError before the first piece; one that comes later is the stream's last word."""
        with self._streams.one():
            async with contextlib.aclosing(self._pieces) as pieces:
                piece = await anext(pieces, b"")
                head = {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
                await send(head)
                await send(_body(piece))
                try:
                    async for piece in pieces:
                        await send(_body(piece))
                except SlskmeshError as error:
                    await send(_body(self._complaint(str(error))))
                except trio.TooSlowError:
                    await send(_body(self._complaint("the engine did not answer in time")))
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _complaint(self, text: str) -> bytes:
        problem = Problem(error=text)
        return event("error", problem) if self._kind == EVENTS else written(problem) + b"\n"


def _body(piece: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": piece, "more_body": True}


def check_whole(stream: Stream) -> None:
    """GatewayError: something was left out, since it was not read in time."""
    if stream.dropped:
        raise GatewayError(503, f"{stream.dropped} events were left out: they were not read in time")


async def last_word(engine: Visitor, command: Command) -> None:
    """Tells the engine that something is wanted no more, also where the asking itself was cancelled."""
    with trio.move_on_after(_LAST_WORD, shield=True), contextlib.suppress(SlskmeshError, trio.TooSlowError):
        await engine.ask(command)
