"""Sessions in memory, obeying overlay/port.py, and whole swarm nodes on them with real files and disk threads.

Every control message goes through the real codec, so its bounds hold here too. A link can be slow, can be cut,
and can alter what one side sends.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.library.manifest import Manifest, chunk_size_for, leaf_hash
from slskmesh.overlay.port import DataHeader, DataSink, Priority
from slskmesh.store.database import open_store
from slskmesh.swarm.disk import Disk, Pool, open_disk
from slskmesh.swarm.downloads import Downloads
from slskmesh.swarm.port import ContentSource
from slskmesh.swarm.served import LibraryContents
from slskmesh.swarm.state import DownloadState, Line, Phase
from slskmesh.swarm.uploads import Uploads
from slskmesh.wire.codec import decode, encode
from slskmesh.wire.messages import Hello, Message

FRAME = 16 << 10


def manifest_of(data: bytes) -> Manifest:
    """Manifest of some bytes."""
    step = chunk_size_for(len(data))
    hashes = b"".join(leaf_hash(data[at : at + step]) for at in range(0, len(data), step))
    return Manifest(len(data), step, hashlib.sha256(data).digest(), hashes)


class MemoryRouter:
    """Collects handlers and hands out what arrives."""

    def __init__(self) -> None:
        self.handlers: dict[type[Message], Callable[[Any, Any], None]] = {}
        self.opened: list[Callable[[Any], None]] = []
        self.closed: list[Callable[[Any, str], None]] = []
        self.sink: DataSink | None = None

    def on(self, kind: type[Any], handler: Callable[[Any, Any], None]) -> None:
        assert kind not in self.handlers
        self.handlers[kind] = handler

    def on_open(self, handler: Callable[[Any], None]) -> None:
        self.opened.append(handler)

    def on_close(self, handler: Callable[[Any, str], None]) -> None:
        self.closed.append(handler)

    def set_sink(self, sink: DataSink) -> None:
        self.sink = sink


class MemorySession:
    """One end of a line in memory. `peer` is the other side."""

    def __init__(self, router: MemoryRouter, peer: PeerId, rate: float) -> None:
        self.router = router
        self.peer = peer
        self.remote = Hello(1, 0, 0, "test")
        self.outbound = True
        self.address = "127.0.0.1:1"
        self.since = 0.0
        self.rtt: float | None = 0.001
        self.received = 0
        self.sent = 0
        self.closed = trio.Event()
        self.why = ""
        self.rate = rate  # bytes per second this side sends, 0: as fast as it goes
        self.other: MemorySession
        self.control: deque[bytes] = deque()
        self.wake = trio.Event()
        self.log: list[Message] = []  # what this side sent
        self.alter: Callable[[Message], list[Message]] = lambda message: [message]
        self.alter_data: Callable[[int, bytes], bytes] = lambda chunk, data: data
        self.gate: trio.Event | None = None  # chunk data waits for it
        self.outcome: PeerError | None = None
        self._turn = trio.Lock()

    def send(self, message: Message, priority: Priority = Priority.CONTROL) -> None:
        if self.closed.is_set():
            return
        for altered in self.alter(message):
            self.log.append(altered)
            self.control.append(encode(altered))
        self.wake.set()

    async def send_chunk(self, stream: int, chunk: int, data: memoryview) -> None:
        payload = self.alter_data(chunk, bytes(data))
        for at in range(0, len(payload), FRAME):
            async with self._turn:
                if self.gate is not None:
                    await self.gate.wait()
                if self.rate:
                    await trio.sleep(FRAME / self.rate)
                await trio.lowlevel.checkpoint()
                if self.closed.is_set():
                    raise PeerError("gone", "the session closed", blame=False)
                self.other.take_frame(DataHeader(stream, chunk, at, len(payload[at : at + FRAME])), payload)

    def take_frame(self, head: DataHeader, payload: bytes) -> None:
        sink = self.router.sink
        assert sink is not None
        try:
            view = sink.data_begin(self, head)
            if view is not None:
                assert len(view) == head.length
                view[:] = payload[head.offset : head.offset + head.length]
                sink.data_end(self, head)
        except PeerError as error:
            self.fail(error)

    async def pump(self) -> None:
        """Delivers what this side sends, until the session closes."""
        while not self.closed.is_set():
            while self.control:
                message = decode(self.control.popleft())
                self.other.deliver(message)
            self.wake = trio.Event()
            if not self.control and not self.closed.is_set():
                await self.wake.wait()

    def deliver(self, message: Message) -> None:
        handler = self.router.handlers.get(type(message))
        if handler is None or self.closed.is_set():
            return
        try:
            handler(self, message)
        except PeerError as error:
            self.fail(error)

    def fail(self, error: PeerError) -> None:
        self.outcome = error
        self.close(error.code)

    def close(self, code: str, reason: str = "") -> None:
        for side in (self, self.other):
            if not side.closed.is_set():
                side.closed.set()
                side.wake.set()
                side.why = code
                for handler in side.router.closed:
                    handler(side, code)


@dataclass
class Judge:
    """A Standing that remembers."""

    blocked: set[PeerId] = field(default_factory=set)
    trusted: set[PeerId] = field(default_factory=set)
    notes: list[tuple[PeerId, str]] = field(default_factory=list)
    bad_allowed: int = 1

    def is_blocked(self, peer: PeerId) -> bool:
        return peer in self.blocked

    def is_trusted(self, peer: PeerId) -> bool:
        return peer in self.trusted

    def may_send(self, peer: PeerId) -> bool:
        return sum(note == (peer, "bad-chunk") for note in self.notes) <= self.bad_allowed

    def score(self, peer: PeerId) -> float:
        return 0.0

    def note(self, peer: PeerId, what: str) -> None:
        self.notes.append((peer, what))

    def against(self, what: str) -> set[PeerId]:
        return {peer for peer, noted in self.notes if noted == what}


@dataclass(frozen=True)
class Shelved:
    """A shared file."""

    size: int
    path: Path
    name: str


class Shelf:
    """A library: contents by id."""

    def __init__(self) -> None:
        self.files: dict[bytes, tuple[Shelved, Manifest]] = {}
        self.finds = 0
        self.doubted: list[Path] = []

    def put(self, path: Path, data: bytes, manifest: Manifest | None = None) -> bytes:
        """Writes the bytes and shares them (under `manifest`, if it is to be another one)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        manifest = manifest or manifest_of(data)
        self.files[manifest.content_id()] = (Shelved(len(data), path, path.name), manifest)
        return manifest.content_id()

    async def find(self, content: bytes) -> Shelved | None:
        self.finds += 1
        entry = self.files.get(content)
        fine = entry and entry[0].path.exists() and entry[0].path not in self.doubted
        return entry[0] if entry and fine else None

    async def doubt(self, path: Path) -> None:
        self.doubted.append(path)

    async def manifest(self, content: bytes) -> Manifest | None:
        entry = self.files.get(content)
        return entry[1] if entry else None


class Node:
    """One peer: library, downloads, uploads. Made by `open_node`."""

    def __init__(self, number: int, root: Path, disk: Disk, store: Any, slots: int, active: int) -> None:
        self.peer = PeerId(bytes([number]) * 32)
        self.root = root
        self.downloads_root = root / "downloads"
        self.router = MemoryRouter()
        self.shelf = Shelf()
        self.judge = Judge()
        self.disk = disk
        self.lines: list[Line] = []
        self.finished: list[Path] = []
        self.got: dict[PeerId, int] = {}
        self.downloads = Downloads(
            store,
            self.router,
            disk,
            self.judge,
            self.downloads_root,
            active=active,
            on_finished=self._finished,
            on_line=lambda content, line: self.lines.append(line),
            on_bytes=lambda peer, size: self.got.__setitem__(peer, self.got.get(peer, 0) + size),
        )
        sources: list[ContentSource] = [LibraryContents(self.shelf), self.downloads]
        self.uploads = Uploads(self.router, sources, self.judge, trio.current_time, slots=slots)

    async def _finished(self, path: Path, manifest: Manifest) -> None:
        self.finished.append(path)

    def view(self, content: bytes) -> DownloadState:
        """The download's state."""
        return next(state for state in self.downloads.views() if state.content == content)

    async def reach(self, content: bytes, *phases: Phase, seconds: float = 15.0) -> DownloadState:
        """Waits until the download is in one of the phases."""
        await self.until(lambda: self.view(content).phase in phases, seconds)
        return self.view(content)

    async def until(self, true: Callable[[], object], seconds: float = 15.0) -> None:
        """Waits for something to become true; looks after every turn of the loop."""
        with trio.move_on_after(seconds):
            while not true():  # noqa: ASYNC110 - what is waited for has no event
                await trio.sleep(0.002)
        assert true(), (self.downloads.views(), [line.text for line in self.lines])


@asynccontextmanager
async def open_node(
    number: int, root: Path, *, pool: int = 32 << 20, slots: int = 20, active: int = 3
) -> AsyncIterator[Node]:
    """A node that runs for the length of the body."""
    (root / "downloads").mkdir(parents=True, exist_ok=True)
    async with open_store(root / "db.sqlite") as store, open_disk(Pool(pool)) as disk:
        node = Node(number, root, disk, store, slots, active)
        async with trio.open_nursery() as nursery:
            await nursery.start(node.downloads.run)
            await nursery.start(node.uploads.run)
            try:
                yield node
            finally:
                nursery.cancel_scope.cancel()


@asynccontextmanager
async def linked(
    nursery: trio.Nursery, *pairs: tuple[Node, Node], rate: float = 0.0
) -> AsyncIterator[list[MemorySession]]:
    """Connects pairs of nodes for the body; gives the first node's end of each pair."""
    ends = [link(nursery, one, two, rate) for one, two in pairs]
    try:
        yield ends
    finally:
        for end in ends:
            end.close("shutdown")


def link(nursery: trio.Nursery, one: Node, two: Node, rate: float = 0.0) -> MemorySession:
    """Connects two nodes; returns the first one's end. `rate`: bytes per second of chunk data each way."""
    here, there = MemorySession(one.router, two.peer, rate), MemorySession(two.router, one.peer, rate)
    here.other, there.other = there, here
    for side in (here, there):
        nursery.start_soon(side.pump)
    for side in (here, there):
        for handler in side.router.opened:
            handler(side)
    return here
