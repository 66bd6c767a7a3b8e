"""One request and its answer, between the server and the app.

Rules:
- A body is taken in as it comes, so that the server always hears when the other side is gone: then whatever works on
  the request is cancelled, and nothing of it stays. Only where nobody reads it yet, the rest of a large one waits: who
  has no right to send it fills no memory.
- A body has a bound in bytes, also one that does not tell its length, and in time. What is over it is refused where it
  is read, and thrown away.
- A refusal of somebody who is still sending waits a moment for the rest: closing on what was not read would make his
  machine throw the answer away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import trio

from slskmesh.gateway.answers import GatewayError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_MAX: Final = 1 << 20
BODY_SECONDS: Final = 30.0
_UNREAD_MAX: Final = 1 << 16  # bytes that are taken in before anybody reads them
_REST_MAX: Final = 4 << 20  # bytes of a refused body that are waited for
_REST_SECONDS: Final = 1.0
_ALWAYS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Exchange:
    """A request that came. `headers`: what its answer bears besides its own."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.headers: Sequence[tuple[bytes, bytes]] = ()
        self.started = False  # the answer's head was sent
        self._receive, self._send = receive, send
        self._last = False  # the answer's end was sent, or is being sent
        self._pieces: list[bytes] = []
        self._size = 0
        self._whole = False
        self._trouble: GatewayError | None = None
        self._news = trio.Event()  # there is something for `receive`
        self._wanted = trio.Event()  # the body is read, or is to be thrown away
        self._rest = trio.Event()  # nothing more of the body is worth waiting for

    async def run(self, work: Callable[[Exchange], Awaitable[None]]) -> None:
        """Has the request worked on, for as long as somebody waits for its answer."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._take_in, nursery.cancel_scope)
            await work(self)
            nursery.cancel_scope.cancel()

    async def receive(self) -> Message:
        """ASGI's `receive` for the app. GatewayError: the body is too large or too slow."""
        self._wanted.set()
        await self._news.wait()  # after the last piece for ever: who works on a lost request is cancelled
        if self._trouble:
            raise self._trouble
        self._news = trio.Event()
        body = b"".join(self._pieces)
        self._pieces.clear()
        return {"type": "http.request", "body": body, "more_body": not self._whole}

    async def send(self, message: Message) -> None:
        """ASGI's `send` for the app."""
        if message["type"] == "http.response.start":
            self.started = True
            self._wanted.set()
            given = {name.lower() for name, _ in message.get("headers", ())}
            more = [pair for pair in (*_ALWAYS, *self.headers) if pair[0] not in given]
            message = {**message, "headers": [*message.get("headers", ()), *more]}
            if message["status"] >= 400:
                with trio.move_on_after(_REST_SECONDS):
                    await self._rest.wait()
        elif not message.get("more_body", False):
            self._last = True
        await self._send(message)

    async def _take_in(self, scope: trio.CancelScope) -> None:
        with trio.move_on_after(BODY_SECONDS) as bound:
            while not self._whole:
                message = await self._receive()
                if message["type"] != "http.request":
                    self._gone(scope)
                    return
                self._put(message.get("body", b""), message.get("more_body", False))
                if self._size > _UNREAD_MAX:
                    await self._wanted.wait()
        if bound.cancelled_caught:
            self._refuse(GatewayError(408, "the body did not come in time"))
            self._rest.set()
        while (await self._receive())["type"] == "http.request":
            pass
        self._gone(scope)

    def _put(self, piece: bytes, more: bool) -> None:
        self._size += len(piece)
        self._whole = not more
        if self._size > BODY_MAX:
            self._refuse(too_large())
        elif not self.started:
            self._pieces.append(piece)
            self._news.set()
        if self._whole or self._size > BODY_MAX + _REST_MAX:
            self._rest.set()

    def _refuse(self, error: GatewayError) -> None:
        self._trouble = error
        self._pieces.clear()
        self._news.set()

    def _gone(self, scope: trio.CancelScope) -> None:
        if not self._last:  # the server tells of the end of an answer in the same words
            scope.cancel()


def too_large() -> GatewayError:
    """What is said to whoever sends too much."""
    return GatewayError(413, f"a body has at most {BODY_MAX:,} bytes")
