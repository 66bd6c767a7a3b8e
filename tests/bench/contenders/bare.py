"""The floor under slskmesh: a bare trio chunk stream over TLS 1.3, the same hashing and writing, nothing else.

`seed PEM ROOT FILE` or `leech PEM ROOT FILE SIZE PORT,PORT... READER`. Both ends show Ed25519 certificates as
slskmesh does. Each chunk's SHA-256 is made before it is written and the whole file is read back and hashed at
the end. There are no sessions, messages, maps, picking or limits. READER is how the leecher reads:
- bio: ssl.MemoryBIO on a trio socket, all the records of one receive at once
- sslstream: trio.SSLStream, which hands out one record (16 KiB) a call

The wire: request u64be offset, answer u64be offset, u32be length and the bytes.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

import trio

from tests.bench.contenders.report import say, say_result, wait_for_end

CHUNK = 256 * 1024
DEPTH = 8
READ = 256 * 1024
HEAD = struct.Struct(">QI")
ASK = struct.Struct(">Q")


def context(server: bool, pem: str, root: str) -> ssl.SSLContext:
    """TLS 1.3 with certificates from both ends, chained to the public root."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.load_verify_locations(cafile=root)
    made.load_cert_chain(pem)
    return made


def read_into(tls: ssl.SSLObject, view: memoryview) -> int:
    """Decrypts into `view`; how many bytes. (The stubs know only the form that returns bytes.)"""
    count: Any = tls.read(len(view), view)
    return int(count)


class BioReader:
    """TLS by MemoryBIO: one receive feeds many records to the session."""

    def __init__(self, stream: trio.SocketStream, tls: ssl.SSLContext) -> None:
        self._socket = stream.socket
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._buffer = memoryview(bytearray(READ))
        self._tls = tls.wrap_bio(self._in, self._out)

    async def _flush(self) -> None:
        view = memoryview(self._out.read())
        while view:
            view = view[await self._socket.send(view) :]

    async def _receive(self) -> None:
        count = await self._socket.recv_into(self._buffer)
        if not count:
            raise EOFError("the seeder went away")
        self._in.write(self._buffer[:count])

    async def handshake(self) -> None:
        """Runs the client's side of the handshake."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive()
        await self._flush()

    async def send_all(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def fill(self, view: memoryview) -> None:
        """Receives exactly len(view) bytes into it; EOFError where the line ends before."""
        got = 0
        while got < len(view):
            try:
                got += read_into(self._tls, view[got:])
            except ssl.SSLWantReadError:
                await self._receive()


class StreamReader:
    """The same over trio.SSLStream."""

    def __init__(self, stream: trio.SocketStream, tls: ssl.SSLContext) -> None:
        self._stream = trio.SSLStream(stream, tls)
        self._rest = b""

    async def handshake(self) -> None:
        """Runs the client's side of the handshake."""
        await self._stream.do_handshake()

    async def send_all(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def fill(self, view: memoryview) -> None:
        got = 0
        while got < len(view):
            data = self._rest or bytes(await self._stream.receive_some(READ))
            if not data:
                raise EOFError("the seeder went away")
            count = min(len(data), len(view) - got)
            view[got : got + count] = data[:count]
            self._rest = data[count:]
            got += count


async def answer(stream: trio.SSLStream[trio.SocketStream], fd: int) -> None:
    """Serves one line: reads offsets, sends chunks, until the other side closes."""
    buffer = memoryview(bytearray(HEAD.size + CHUNK))
    asked = b""
    try:
        while data := await stream.receive_some(4096):
            asked += data
            while len(asked) >= ASK.size:
                (offset,) = ASK.unpack_from(asked)
                asked = asked[ASK.size :]
                length = os.preadv(fd, [buffer[HEAD.size :]], offset)
                HEAD.pack_into(buffer, 0, offset, length)
                await stream.send_all(buffer[: HEAD.size + length])
    except trio.BrokenResourceError:
        pass  # the leecher has all it wants


async def seed(pem: str, root: str, path: str) -> None:
    """Serves until stdin ends."""
    tls = context(True, pem, root)
    fd = os.open(path, os.O_RDONLY)

    async def serve(raw: trio.SocketStream) -> None:
        await answer(trio.SSLStream(raw, tls, server_side=True), fd)

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        say(ready=True, port=listeners[0].socket.getsockname()[1])
        await trio.to_thread.run_sync(wait_for_end)
        nursery.cancel_scope.cancel()


async def fetch(port: int, tls: ssl.SSLContext, kind: str, offsets: Iterator[int], fd: int) -> None:
    """One line: DEPTH requests in flight, each chunk hashed and written as it comes."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    reader: BioReader | StreamReader = (BioReader if kind == "bio" else StreamReader)(stream, tls)
    await reader.handshake()
    buffer = memoryview(bytearray(HEAD.size + CHUNK))
    in_flight = 0

    async def ask() -> int:
        offset = next(offsets, None)
        if offset is None:
            return 0
        await reader.send_all(ASK.pack(offset))
        return 1

    for _ in range(DEPTH):
        in_flight += await ask()
    while in_flight:
        await reader.fill(buffer[: HEAD.size])
        offset, length = HEAD.unpack_from(buffer)
        body = buffer[HEAD.size : HEAD.size + length]
        await reader.fill(body)
        in_flight += await ask() - 1
        hashlib.sha256(body).digest()
        os.pwrite(fd, body, offset)
    await stream.aclose()


def read_back(fd: int) -> bytes:
    """SHA-256 of the whole file as it stands on disk."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(1 << 20))
    offset = 0
    while count := os.preadv(fd, [buffer], offset):
        digest.update(buffer[:count])
        offset += count
    return digest.digest()


async def leech(pem: str, root: str, path: str, size: int, ports: list[int], kind: str) -> None:
    """Fetches once and prints the result."""
    tls = context(False, pem, root)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.ftruncate(fd, size)
    offsets = iter(range(0, size, CHUNK))
    begin = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for port in ports:
            nursery.start_soon(fetch, port, tls, kind, offsets, fd)
    streamed = time.perf_counter() - begin
    digest = await trio.to_thread.run_sync(read_back, fd)
    say_result(time.perf_counter() - begin, streamed=round(streamed, 3), sha256=digest.hex())


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        trio.run(seed, sys.argv[2], sys.argv[3], sys.argv[4])
    else:
        pem_path, root_path, target, length_text, port_text, how = sys.argv[2:8]
        trio.run(
            leech, pem_path, root_path, target, int(length_text), [int(p) for p in port_text.split(",")], how
        )
