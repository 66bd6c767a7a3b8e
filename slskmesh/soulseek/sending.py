"""One file of ours to a legacy user: from the offset he asks for to its announced size, never beyond.

Rules:
- The disk is read on worker threads only; a read that was begun ends before a cancelled upload lets go of the file.
- An upload is complete when all was sent and the other side closed the line, as the network's clients do.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from aioslsk.exceptions import NetworkError
from aioslsk.network.connection import CloseReason, PeerConnection, PeerConnectionState
from aioslsk.transfer.model import FailReason

from slskmesh.soulseek.receiving import finished


async def _open(path: Path) -> int:
    opening = asyncio.ensure_future(asyncio.to_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC))
    try:
        handle: int = await finished(opening)
    except asyncio.CancelledError:
        if not opening.cancelled() and opening.exception() is None:
            os.close(opening.result())
        raise
    return handle


async def send(transfer: Any, connection: PeerConnection) -> bool:
    """Sends the file and leaves `transfer` complete or failed; False where the user does not know that it failed."""
    connection.set_connection_state(PeerConnectionState.TRANSFERRING)
    await transfer.state.start_transferring()
    handle = -1
    try:
        handle = await _open(Path(transfer.local_path))
        await _give(transfer, connection, handle)
    except OSError:
        await transfer.state.fail(reason=FailReason.FILE_READ_ERROR)
        await connection.disconnect(CloseReason.REQUESTED)
        return True
    except NetworkError:
        await transfer.state.fail()
        return False
    except asyncio.CancelledError:
        await connection.disconnect(CloseReason.REQUESTED)
        raise
    finally:
        if handle >= 0:
            os.close(handle)
    if not transfer.is_transfered():  # the file is shorter by now, or he asks for what is beyond its end
        await transfer.state.fail(reason=FailReason.FILE_READ_ERROR)
        await connection.disconnect(CloseReason.REQUESTED)
        return False
    await connection.receive_until_eof(raise_exception=False)
    await transfer.state.complete()
    return True


async def _give(transfer: Any, connection: PeerConnection, handle: int) -> None:
    while (left := transfer.filesize - transfer.bytes_transfered) > 0:
        allowed = await connection.upload_rate_limiter.take_tokens()
        data = await finished(
            asyncio.to_thread(os.pread, handle, min(allowed, left), transfer.bytes_transfered)
        )
        if not data:
            return
        await connection.send_data(data)
        transfer._transfer_progress_callback(data)
