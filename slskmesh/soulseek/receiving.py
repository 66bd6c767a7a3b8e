"""One file of a legacy user onto this disk: from the offset that is there to its announced size, never beyond.

Rules:
- What is written is appended; a write that was begun is finished before a cancelled transfer lets go of the file.
- No byte past the announced size is written, whatever the other side sends.
- The disk is used on worker threads only. Its errors end the transfer with the system's words.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Final

from aioslsk.exceptions import NetworkError
from aioslsk.network.connection import CloseReason, PeerConnection, PeerConnectionState
from aioslsk.protocol.primitives import uint64

from slskmesh.errors import UserError

LOST: Final = "Connection lost"
AHEAD: Final = (
    512 * 1024
)  # bytes read ahead of the disk: an eighth of the processor's time less than with 64 KiB
PIECES: Final = 4  # written at once, of 256 KiB at most
CONNECTION_WAIT: Final = 60.0  # seconds from our yes to the file connection


class TooMany(UserError):
    """The table of transfers is full."""

    def __init__(self) -> None:
        super().__init__("too many downloads wait already: let some finish first")


class TooLong(UserError):
    """The partial file cannot be the beginning of this file."""

    def __init__(self) -> None:
        super().__init__(
            "the partial file is longer than the file itself: it belongs to another version of it"
        )


def length_of(path: Path, missing: int = 0) -> int:
    """Bytes of a file; `missing` where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return missing


def make_empty(path: Path) -> None:
    """An empty file where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))


def _open(path: Path) -> tuple[int, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    return handle, os.fstat(handle).st_size


def _append(handle: int, pieces: list[bytes]) -> None:
    left = [memoryview(piece) for piece in pieces]
    while left:
        written = os.writev(handle, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]


async def finished(work: Any) -> Any:
    """What work gives; a cancellation waits for it, so that nothing of it happens after the caller is gone."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise


async def receive(transfer: Any, connection: PeerConnection) -> None:
    """Takes the file in and leaves `transfer` complete or failed."""
    handle = -1
    try:
        opened = asyncio.ensure_future(asyncio.to_thread(_open, Path(transfer.local_path)))
        try:
            handle, offset = await finished(opened)
        except asyncio.CancelledError:
            if not opened.cancelled() and opened.exception() is None:
                handle = opened.result()[0]
            raise
        transfer.bytes_transfered = offset
        await connection.send_message(uint64(offset).serialize())
        if connection._reader is not None:
            connection._reader._limit = AHEAD
        connection.set_connection_state(PeerConnectionState.TRANSFERRING)
        await transfer.state.start_transferring()
        await _take(transfer, connection, handle)
    except OSError as error:
        await transfer.state.fail(reason=f"Disk: {error.strerror or error}")
    except NetworkError:
        await transfer.state.fail(reason=LOST)
    finally:
        if handle >= 0:
            os.close(handle)
        await connection.disconnect(CloseReason.REQUESTED)
    if transfer.is_transferring():
        await (transfer.state.complete() if transfer.is_transfered() else transfer.state.fail(reason=LOST))


async def _take(transfer: Any, connection: PeerConnection, handle: int) -> None:
    """Writes what came at once as one: on a fast line more comes than is worth a thread's while piece by piece."""
    left = transfer.filesize - transfer.bytes_transfered
    pieces: list[bytes] = []
    try:
        while left > 0:
            allowed = await connection.download_rate_limiter.take_tokens()
            data = await connection.receive_data(min(allowed, left))
            if data is None:
                return
            pieces.append(data)
            left -= len(data)
            if len(pieces) == PIECES or not _more(connection):
                await _write(transfer, handle, pieces)
    finally:
        await _write(transfer, handle, pieces)


def _more(connection: PeerConnection) -> bool:
    """Whether something is there already."""
    return connection._reader is not None and bool(connection._reader._buffer)


async def _write(transfer: Any, handle: int, pieces: list[bytes]) -> None:
    taken = pieces.copy()
    pieces.clear()
    if taken:
        await finished(asyncio.to_thread(_append, handle, taken))
        for piece in taken:
            transfer._transfer_progress_callback(piece)
