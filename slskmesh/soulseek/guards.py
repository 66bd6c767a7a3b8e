"""What aioslsk lacks before it may face a network: bounds of messages, waits that end, logs without names.

Rules (research p2p.md 3.5, faults seen in 1.7.1):
- The bounds are set into this one version; another one is refused with words, never run unguarded.
- A message's length is checked before anything is allocated: server 16 MiB, a first message 4 KiB, shares only from
  users who were asked and read as a stream, everything else 2 MiB.
- Compressed messages are decompressed within bounds; the three large ones are not parsed by aioslsk at all.
- Nobody holds a transfer's slot by silence: ticket, offset and the end of an upload are waited for a bounded time,
  and what is sent at the end of an upload is thrown away as it comes.
- Records of aioslsk's loggers hold user names, paths and addresses in message and arguments. None passes; of warnings
  and errors it is told where in the library it was and which kind of error, never the text.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import struct
import threading
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aioslsk.exceptions import ConnectionReadError
from aioslsk.network import connection as _connection
from aioslsk.network.connection import (
    CloseReason,
    DataConnection,
    PeerConnection,
    PeerConnectionState,
    PeerConnectionType,
    ServerConnection,
)
from aioslsk.protocol import obfuscation, primitives
from aioslsk.protocol.primitives import MessageDataclass

from slskmesh.errors import UserError
from slskmesh.soulseek import replies

VERSION: Final = "1.7.1"

SERVER_MAX: Final = 16 << 20
INIT_MAX: Final = 4 << 10
DISTRIBUTED_MAX: Final = 64 << 10
PEER_MAX: Final = 2 << 20
OBFUSCATED_MAX: Final = 256 << 10  # it is undone byte by byte

_PIECE: Final = 64 * 1024
_ANSWER_WAIT: Final = 60.0  # seconds for a ticket or an offset on a file connection
_END_WAIT: Final = 60.0
_END_MAX: Final = 64 * 1024
_U32 = struct.Struct("<I")
_CODES = frozenset((replies.SHARES_CODE, replies.SEARCH_CODE, replies.FOLDER_CODE))
_lock = threading.Lock()
_installed = False

SharesSink = Callable[[bytes, int], Awaitable[None]]  # the next bytes, and how many come after them


class PackedReply(MessageDataclass):  # type: ignore[misc]
    """One of the three large messages of a user, as it came: parsed by `replies`, not by aioslsk."""

    def __init__(self, code: int, body: bytes) -> None:
        self.code = code
        self.body = body


def install() -> None:
    """Sets the guards, once a process. UserError where another version of aioslsk is installed."""
    global _installed
    with _lock:
        if _installed:
            return
        found = importlib.metadata.version("aioslsk")
        if found != VERSION:
            raise UserError(
                f"aioslsk {found} is installed, but the guards against hostile messages are made for {VERSION}: "
                f"install aioslsk=={VERSION}"
            )
        DataConnection._read_message = _read_message
        DataConnection.connect = _connecting(DataConnection.connect)
        DataConnection.receive_until_eof = _receive_until_eof
        PeerConnection.receive_transfer_ticket = _in_time(PeerConnection.receive_transfer_ticket)
        PeerConnection.receive_transfer_offset = _in_time(PeerConnection.receive_transfer_offset)
        PeerConnection.deserialize_message = _packed_first(PeerConnection.deserialize_message)
        primitives.zlib = _BoundedZlib
        _quiet("aioslsk")
        _installed = True


# -- messages ---------------------------------------------------------------------------------------------------------


def longest(connection: DataConnection) -> int:
    """Bytes a message on this connection may have."""
    if isinstance(connection, ServerConnection):
        return SERVER_MAX
    if connection.connection_state is PeerConnectionState.AWAITING_INIT:
        return INIT_MAX
    if connection.connection_type != PeerConnectionType.PEER:
        return DISTRIBUTED_MAX
    return OBFUSCATED_MAX if connection.obfuscated else PEER_MAX


async def _read_message(self: DataConnection) -> bytes:
    reader = self._reader
    if reader is None:
        raise ConnectionReadError("the connection is not open")
    size = _connection.HEADER_SIZE_OBFUSCATED if self.obfuscated else _connection.HEADER_SIZE_UNOBFUSCATED
    header: bytes = await reader.readexactly(size)
    (length,) = _U32.unpack(obfuscation.decode(header) if self.obfuscated else header)
    if length >= 4 and not self.obfuscated and (sink := _sink_of(self)) is not None:
        header += await reader.readexactly(4)
        length -= 4
        if _U32.unpack(header[4:])[0] == replies.SHARES_CODE:
            await _stream(self, reader, length, sink)
            return header
    if length > longest(self):
        raise ConnectionReadError(f"a message of {length} bytes")
    body: bytes = await reader.readexactly(length)
    return header + body


def _sink_of(connection: DataConnection) -> SharesSink | None:
    sink: SharesSink | None = connection.network.shares_sink(connection) if _is_ours(connection) else None
    return sink


def _is_ours(connection: DataConnection) -> bool:
    """Whether it is of this room's network; another user of the library in the process parses its own messages."""
    return hasattr(connection.network, "shares_sink")


async def _stream(
    connection: DataConnection, reader: asyncio.StreamReader, left: int, sink: SharesSink
) -> None:
    """Hands shares on piece by piece; a slow receiver slows the sender, and only silence of the sender ends it."""
    if left > replies.SHARES_PACKED_MAX:
        raise ConnectionReadError(f"shares of {left} bytes")
    timeout = connection._read_timeout_object
    loop = asyncio.get_running_loop()
    while left:
        if timeout is not None:
            timeout.reschedule(loop.time() + connection.read_timeout)
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            raise ConnectionReadError("the shares stopped in the middle")
        left -= len(piece)
        if timeout is not None:
            timeout.reschedule(None)
        await sink(piece, left)
    await sink(b"", 0)
    if timeout is not None:
        timeout.reschedule(loop.time() + connection.read_timeout)


def _packed_first(original: Callable[[Any, bytes], Any]) -> Callable[[Any, bytes], Any]:
    def deserialize_message(self: PeerConnection, data: bytes) -> Any:
        if (
            self.connection_state is not PeerConnectionState.AWAITING_INIT
            and self.connection_type == PeerConnectionType.PEER
            and len(data) >= 8
            and _is_ours(self)
            and (code := _U32.unpack_from(data, 4)[0]) in _CODES
        ):
            return PackedReply(code, data[8:])
        return original(self, data)

    return deserialize_message


class _BoundedZlib:
    """What aioslsk's messages use of zlib."""

    compress = staticmethod(zlib.compress)
    decompress = staticmethod(replies.decompress)


# -- waits ------------------------------------------------------------------------------------------------------------


def _connecting(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A cancelled attempt leaves no connection behind in the network's list."""

    async def connect(self: DataConnection, timeout: float = 30) -> None:
        try:
            await original(self, timeout=timeout)
        except asyncio.CancelledError:
            await self.disconnect(CloseReason.CONNECT_FAILED)
            raise

    return connect


def _in_time(original: Callable[[Any], Awaitable[int]]) -> Callable[[Any], Awaitable[int]]:
    async def receive(self: PeerConnection) -> int:
        try:
            async with asyncio.timeout(_ANSWER_WAIT):
                return await original(self)
        except TimeoutError:
            await self.disconnect(CloseReason.TIMEOUT)
            raise ConnectionReadError("no answer on a file connection") from None

    return receive


async def _receive_until_eof(self: DataConnection, raise_exception: bool = True) -> bytes:
    reader, got = self._reader, 0
    try:
        async with asyncio.timeout(_END_WAIT):
            while reader is not None and got < _END_MAX and (piece := await reader.read(4096)):
                got += len(piece)
    except (TimeoutError, OSError) as error:
        await self.disconnect(CloseReason.READ_ERROR)
        if raise_exception:
            raise ConnectionReadError("no end of a file connection") from error
        return b""
    await self.disconnect(CloseReason.EOF)
    return b""


# -- logs -------------------------------------------------------------------------------------------------------------


class _Nameless(logging.Filter):
    """Takes every record, and passes on where in aioslsk it was and which kind of error; nothing of what it said.

    Its warnings are mostly lines that lost a race, so they are for who debugs; its errors are warnings here.
    """

    _log = logging.getLogger(__name__)

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            kind = record.exc_info[0] if record.exc_info else None
            self._log.log(
                logging.WARNING if record.levelno >= logging.ERROR else logging.DEBUG,
                "%s line %d: %s",
                record.name,
                record.lineno,
                kind.__name__ if kind is not None else record.levelname.lower(),
            )
        return False


def _quiet(library: str) -> None:
    """Every logger the library has made; a filter of a parent is not asked for its children's records."""
    logging.getLogger(library).setLevel(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == library:
            logging.getLogger(name).addFilter(_Nameless())
