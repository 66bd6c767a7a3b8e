"""Two fabrics that talk: over real TLS sessions, or over lines in memory for virtual time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import trio

from slskmesh.errors import PeerError
from slskmesh.fabric.calls import Fabric
from slskmesh.fabric.port import Caller, Method
from slskmesh.governance.violations import Violations
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import Priority
from slskmesh.overlay.router import MessageRouter
from slskmesh.wire.codec import decode, encode
from slskmesh.wire.messages import Hello, Message
from tests.overlay.nodes import Node


class Text(msgspec.Struct, frozen=True, array_like=True):
    """Request and reply of the test service."""

    text: str
    count: int = 1


class Parrot:
    """Repeats what it hears, in several ways; `started` and `ended` tell of its handlers."""

    name: ClassVar[str] = "parrot"
    version: ClassVar[int] = 3

    def __init__(self) -> None:
        self.callers: list[Caller] = []
        self.started = trio.Event()
        self.ended = trio.Event()
        self.let_go = trio.Event()
        self.yielded = 0
        self.raises: BaseException | None = None

    def methods(self) -> Mapping[str, Method[Any, Any]]:
        return {
            "Say": Method(Text, Text, handler=self.say),
            "Wait": Method(Text, Text, handler=self.wait),
            "Fail": Method(Text, Text, handler=self.fail),
            "Repeat": Method(Text, Text, stream=self.repeat),
            "Forever": Method(Text, Text, stream=self.forever),
        }

    async def say(self, caller: Caller, request: Text) -> Text:
        self.callers.append(caller)
        return Text(request.text * request.count)

    async def wait(self, caller: Caller, request: Text) -> Text:
        self.callers.append(caller)
        self.started.set()
        try:
            await self.let_go.wait()
        finally:
            self.ended.set()
        return request

    async def fail(self, caller: Caller, request: Text) -> Text:
        assert self.raises is not None
        raise self.raises

    async def repeat(self, caller: Caller, request: Text) -> AsyncIterator[Text]:
        for number in range(request.count):
            self.yielded += 1
            yield Text(request.text, number)

    async def forever(self, caller: Caller, request: Text) -> AsyncIterator[Text]:
        self.started.set()
        try:
            while True:
                await trio.lowlevel.checkpoint()
                self.yielded += 1
                yield Text(request.text * request.count, self.yielded)
        finally:
            self.ended.set()


class Side:
    """One end: its node or line, its fabric, its parrot."""

    def __init__(self, router: MessageRouter, peer: PeerId, **options: Any) -> None:
        self.router = router
        self.peer = peer
        self.allowed = ["parrot"]
        self.wall = 1_000_000.0
        self.banned: list[PeerId] = []
        self.violations = Violations(lambda: self.wall, on_ban=self.banned.append)
        self.fabric = Fabric(router, allow=lambda: self.allowed, violations=self.violations, **options)
        self.parrot = Parrot()
        self.fabric.offer(self.parrot)


@contextlib.asynccontextmanager
async def over_tls(folder: Path, **options: Any) -> AsyncIterator[tuple[Side, Side, Node, Node]]:
    """A and B with one real session; A dialled."""
    nodes = [Node(folder, name) for name in ("a", "b")]
    sides = [Side(node.router, node.peer, **options) for node in nodes]
    async with trio.open_nursery() as nursery:
        for node, side in zip(nodes, sides, strict=True):
            await node.start(nursery)
            await nursery.start(side.fabric.run)
        await nodes[0].overlay.connect(nodes[1].peer, [nodes[1].address])
        await nodes[1].until_open(nodes[0].peer)
        yield sides[0], sides[1], nodes[0], nodes[1]
        nursery.cancel_scope.cancel()


class MemorySession:
    """A session whose messages go through the codec and then to the other end's router, in order."""

    def __init__(self, peer: PeerId, address: str) -> None:
        self.peer = peer
        self.remote = Hello(1, 0, 0, "memory")
        self.outbound = True
        self.address = address
        self.since = 0.0
        self.rtt: float | None = None
        self.received = 0
        self.sent = 0
        self.closed = trio.Event()
        self.why = ""
        self.reading = True
        self.log: list[Message] = []
        self.deliver: Callable[[Message], None] = lambda message: None
        self.end: Callable[[str], None] = lambda reason: None
        self._queue: list[bytes] = []
        self.queued = 0

    def send(self, message: Message, priority: Priority = Priority.CONTROL) -> None:
        if self.closed.is_set():
            return
        data = encode(message)
        self._queue.append(data)
        self.queued += len(data)
        if self.reading:
            trio.lowlevel.spawn_system_task(self._pump_soon)

    async def _pump_soon(self) -> None:
        self.pump()

    def pump(self) -> None:
        """The other end reads what is queued."""
        while self._queue and not self.closed.is_set():
            data = self._queue.pop(0)
            self.sent += len(data)
            self.queued -= len(data)
            message = decode(data)
            self.log.append(message)
            self.deliver(message)

    async def send_chunk(self, stream: int, chunk: int, data: memoryview) -> None:
        raise AssertionError("no chunks here")

    def close(self, code: str, reason: str = "") -> None:
        if not self.closed.is_set():
            self.closed.set()
            self.why = code
            self.end(reason or code)


def join(a: Side, b: Side, addresses: tuple[str, str] = ("192.0.2.1:1", "198.51.100.1:1")) -> tuple[Any, Any]:
    """Opens a line in memory; returns A's and B's session."""
    to_b, to_a = MemorySession(b.peer, addresses[1]), MemorySession(a.peer, addresses[0])

    def bind(out: MemorySession, back: MemorySession, router: MessageRouter) -> None:
        def deliver(message: Message) -> None:
            try:
                router.message(back, message)
            except PeerError as error:
                back.close(error.code, str(error))
                out.close("gone")

        out.deliver = deliver
        back.end = lambda reason: router.closed(back, reason)

    bind(to_b, to_a, b.router)
    bind(to_a, to_b, a.router)
    a.router.opened(to_b)
    b.router.opened(to_a)
    return to_b, to_a


@contextlib.asynccontextmanager
async def in_memory(**options: Any) -> AsyncIterator[tuple[Side, Side, MemorySession, MemorySession]]:
    """A and B with one line in memory."""
    a, b = (Side(MessageRouter(), PeerId(name * 32), **options) for name in (b"a", b"b"))
    async with trio.open_nursery() as nursery:
        for side in (a, b):
            await nursery.start(side.fabric.run)
        sessions = join(a, b)
        yield a, b, *sessions
        nursery.cancel_scope.cancel()
