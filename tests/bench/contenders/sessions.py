"""Between the bare stream and slskmesh: its sessions with no swarm above them.

`seed PEM FILE` or `leech PEM FILE SIZE PORT,PORT...`. The leecher asks each seeder for DEPTH chunks ahead; a chunk
is hashed and written as it is complete, and the whole file is read back and hashed at the end, as in `bare.py`.
What this is slower than bare is the overlay's price; what slskmesh is slower than this is the swarm's.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import trio

from slskmesh.errors import PeerError
from slskmesh.identity.key import load_or_create
from slskmesh.overlay.book import PeerBook
from slskmesh.overlay.node import Overlay
from slskmesh.overlay.port import DataHeader, Session
from slskmesh.overlay.router import MessageRouter
from slskmesh.wire.messages import Hello, Want
from tests.bench.contenders.bare import CHUNK, DEPTH, read_back
from tests.bench.contenders.report import say, say_result, wait_for_end


def make_overlay(pem: str, router: MessageRouter) -> Overlay:
    """A node as the engine makes it, with a book in memory."""
    book = PeerBook(random.Random(1))
    return Overlay(load_or_create(Path(pem)), router, book, hello=lambda port: Hello(1, 0, port, "bench"))


async def seed(pem: str, path: str) -> None:
    """Serves until stdin ends."""
    router = MessageRouter()
    fd = os.open(path, os.O_RDONLY)
    async with trio.open_nursery() as nursery:

        async def serve(session: Session, chunk: int) -> None:
            data = await trio.to_thread.run_sync(os.pread, fd, CHUNK, chunk * CHUNK)
            try:
                await session.send_chunk(1, chunk, memoryview(data))
            except PeerError:
                pass  # the leecher has all it wants

        def want(session: Session, message: Want) -> None:
            for chunk in message.chunks:
                nursery.start_soon(serve, session, chunk)

        router.on(Want, want)
        overlay = make_overlay(pem, router)
        await nursery.start(overlay.run)
        address = await overlay.listen("127.0.0.1:0")
        say(ready=True, port=int(address.rpartition(":")[2]))
        await trio.to_thread.run_sync(wait_for_end)
        nursery.cancel_scope.cancel()


class ChunkWriter:
    """The sink: fills buffers, hashes and writes whole chunks, asks for the next."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.size = size
        self.done = trio.Event()
        self._chunks: Iterator[int] = iter(range(-(-size // CHUNK)))
        self._left = size
        self._free: list[bytearray] = []
        self._buffers: dict[int, bytearray] = {}

    def ask(self, session: Session) -> None:
        """Requests one more chunk, if there is one."""
        chunk = next(self._chunks, None)
        if chunk is not None:
            session.send(Want(1, (chunk,)))

    def data_begin(self, session: Session, head: DataHeader) -> memoryview | None:
        """The frame's place in its chunk's buffer."""
        buffer = self._buffers.get(head.chunk)
        if buffer is None:
            buffer = self._buffers[head.chunk] = self._free.pop() if self._free else bytearray(CHUNK)
        return memoryview(buffer)[head.offset : head.offset + head.length]

    def data_end(self, session: Session, head: DataHeader) -> None:
        """Takes a whole chunk; frames of one chunk come in order."""
        length = min(CHUNK, self.size - head.chunk * CHUNK)
        if head.offset + head.length < length:
            return
        self.ask(session)
        buffer = self._buffers.pop(head.chunk)
        whole = memoryview(buffer)[:length]
        hashlib.sha256(whole).digest()
        os.pwrite(self.fd, whole, head.chunk * CHUNK)
        self._free.append(buffer)
        self._left -= length
        if not self._left:
            self.done.set()


async def leech(pem: str, path: str, size: int, ports: list[int]) -> None:
    """Fetches once and prints the result."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.ftruncate(fd, size)
    router = MessageRouter()
    writer = ChunkWriter(fd, size)
    router.set_sink(writer)
    overlay = make_overlay(pem, router)
    async with trio.open_nursery() as nursery:
        await nursery.start(overlay.run)
        sessions = [await overlay.connect(None, [f"127.0.0.1:{port}"]) for port in ports]
        begin = time.perf_counter()
        for session in sessions:
            for _ in range(DEPTH):
                writer.ask(session)
        await writer.done.wait()
        streamed = time.perf_counter() - begin
        digest = await trio.to_thread.run_sync(read_back, fd)
        seconds = time.perf_counter() - begin
        nursery.cancel_scope.cancel()
    say_result(seconds, streamed=round(streamed, 3), sha256=digest.hex())


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        trio.run(seed, sys.argv[2], sys.argv[3])
    else:
        pem_path, target, length_text, port_text = sys.argv[2:6]
        trio.run(leech, pem_path, target, int(length_text), [int(p) for p in port_text.split(",")])
