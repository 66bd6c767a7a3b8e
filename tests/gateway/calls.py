"""ASGI by hand: one request to an app, with a receive and a send of our own, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import trio

from slskmesh.gateway.exchange import App, Message
from slskmesh.gateway.guard import Guard
from slskmesh.gateway.guesses import Guesses
from slskmesh.gateway.keys import Keys, Role

WRITE, READ = "a key that does all things".replace(" ", "-"), "a key that only reads".replace(" ", "-")
HOME = ("host", "127.0.0.1:5030")
Heads = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """What came back; status 0: nothing."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Caller:
    """One request. `pieces`: its body, each as soon as it is asked for; then silence until `hang_up`."""

    def __init__(self, headers: Heads = (HOME,), pieces: Sequence[bytes] = (b"",), **scope: Any) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": "/x",
            "raw_path": b"/x",
            "query_string": b"",
            "http_version": "1.1",
            "scheme": "http",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 5030),
            "state": {},
            **scope,
        }
        self._pieces = list(pieces)
        self._gone = trio.Event()
        self.sent: list[Message] = []

    def hang_up(self) -> None:
        self._gone.set()

    async def receive(self) -> Message:
        await trio.lowlevel.checkpoint()
        if not self._pieces:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        piece = self._pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or piece is ENDLESS}

    async def send(self, message: Message) -> None:
        await trio.lowlevel.checkpoint()
        self.sent.append(message)

    async def call(self, app: App) -> Answer:
        """Has it answered."""
        await app(self.scope, self.receive, self.send)
        if not self.sent:
            return Answer(0, {}, b"")
        head = {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in self.sent[1:])
        return Answer(self.sent[0]["status"], head, body)


ENDLESS = b"part of a body that does not end"


async def call(app: App, *headers: tuple[str, str], **more: Any) -> Answer:
    """The answer to one request with these headers besides the Host."""
    return await Caller((HOME, *headers), **more).call(app)


class Echo:
    """An app that tells what it saw; `reads`: it reads the body. `seen`: scopes of all requests that reached it."""

    def __init__(self, reads: bool = True) -> None:
        self.reads = reads
        self.seen: list[Any] = []
        self.cancelled = 0
        self.hold: trio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        try:
            if self.hold is not None:
                await self.hold.wait()
            size = 0
            while self.reads:
                message = await receive()
                size += len(message["body"])
                if not message["more_body"]:
                    break
        except trio.Cancelled:
            self.cancelled += 1
            raise
        body = str(size).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


def guarded(app: App, hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> Guard:
    """A guard with our two keys around an app."""
    guesses = Guesses(Keys({WRITE: Role.WRITE, READ: Role.READ}))
    return Guard(app, guesses, frozenset({"localhost", *hosts}), frozenset(origins))
