"""Downloads from legacy users: asked for, offered, taken in; our files, our resuming.

Rules:
- Where a file is whole already nobody is asked for it (the other side would hang).
- A file that has another size than was asked for is not mixed into what is there.
- A file connection belongs to the user it comes from: two users may use the same ticket.
- Who offers a file anew before it came over a line of its own has given up that line: his newest ticket is the one.
- A user who is offline is waited for; one who cannot be reached, or says no, ends the transfer with words.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from aioslsk.events import PeerInitializedEvent, on_message
from aioslsk.exceptions import NetworkError
from aioslsk.network.connection import CloseReason, PeerConnection, PeerConnectionType
from aioslsk.protocol.messages import (
    PeerPlaceInQueueReply,
    PeerTransferQueue,
    PeerTransferQueueFailed,
    PeerTransferReply,
    PeerTransferRequest,
    PeerUploadFailed,
)
from aioslsk.transfer.model import FailReason, TransferDirection
from aioslsk.transfer.state import CompleteState, TransferState

from slskmesh.soulseek import receiving, translate
from slskmesh.soulseek.connections import UserOffline
from slskmesh.soulseek.serving import REASON_MAX, Uploads
from slskmesh.soulseek.transfers import UNREACHABLE, LegacyTransfer

TRANSFERS_MAX: Final = 50_000
AWAY: Final = "User offline"
_LINES: Final = 3  # a request is sent on, where one after the other closes at once
_LINE_KEPT: Final = 3.0  # seconds after which a request is taken for received
_AWAY_PAUSE: Final = 120.0  # seconds between looks for a user the server has no address of

_FRESH = (TransferState.VIRGIN, TransferState.PAUSED)


class RuledTransfers(Uploads):
    """The transfers of one client, both halves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._expected_files: dict[tuple[str, int], asyncio.Future[PeerConnection]] = {}
        self._places: dict[int, tuple[str, int]] = {}  # of a transfer's key in them

    async def fetch(self, user: str, path: str, size: int, local: Path) -> int:
        """Asks for a file; the key of its transfer, the same one while it is under way."""
        transfer = self.find_transfer(user, path, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE not in _FRESH:
            return transfer.key
        if transfer is None:
            if len(self._by_key) >= TRANSFERS_MAX:
                raise receiving.TooMany
            transfer = self._made(user, path, TransferDirection.DOWNLOAD)
            transfer.expected = transfer.filesize = size
        transfer.local_path = str(local)
        try:
            there = await asyncio.to_thread(receiving.length_of, local)
            if there > size:
                raise receiving.TooLong
        except BaseException:
            self._forget(transfer)
            raise
        transfer.bytes_transfered = there
        if there == size:
            await asyncio.to_thread(receiving.make_empty, local)
            await self._complete(transfer)
        else:
            await self.add(transfer)
            await transfer.state.queue()
        return transfer.key

    async def _complete(self, transfer: LegacyTransfer) -> None:
        if transfer not in self._transfers:
            await self.add(transfer)
        await transfer.transition(CompleteState(transfer))

    async def _queue_remotely(self, transfer: LegacyTransfer) -> None:
        loop = asyncio.get_running_loop()
        request = PeerTransferQueue.Request(transfer.remote_path)

        def sent() -> None:
            transfer.remotely_queued, transfer.note = True, ""
            self.report(translate.news_of(transfer))

        for _ in range(_LINES):
            kept = loop.create_future()
            timer = loop.call_later(_LINE_KEPT, kept.set_result, None)
            try:
                if await self._network.deliver(transfer.username, request, kept, sent):
                    return
            except UserOffline:
                self._wait_for_user(transfer)
                return
            except (NetworkError, OSError):
                break
            finally:
                timer.cancel()
            if transfer.state.VALUE is not TransferState.QUEUED:
                return
        transfer.remotely_queued = False
        if self._network.online:
            await transfer.state.fail(reason=UNREACHABLE)

    def _wait_for_user(self, transfer: LegacyTransfer) -> None:
        """Until the server says that he is back; a user it does not know is looked for now and then."""
        transfer.remotely_queued = False
        transfer.note = AWAY
        self._hold(transfer, _AWAY_PAUSE)
        self.report(translate.news_of(transfer))

    @on_message(PeerUploadFailed.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_upload_failed(self, message: Any, connection: PeerConnection) -> None:
        transfer = self.find_transfer(connection.username or "", message.filename, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE is TransferState.QUEUED:
            await transfer.state.fail(reason="Upload failed")

    @on_message(PeerTransferQueueFailed.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_transfer_queue_failed(self, message: Any, connection: PeerConnection) -> None:
        transfer = self.find_transfer(connection.username or "", message.filename, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE in (TransferState.QUEUED, TransferState.PAUSED):
            await transfer.state.fail(reason=message.reason[:REASON_MAX] or "Refused")

    @on_message(PeerPlaceInQueueReply.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_place_in_queue_reply(self, message: Any, connection: PeerConnection) -> None:
        transfer = self.find_transfer(connection.username or "", message.filename, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE is TransferState.QUEUED:
            transfer.place_in_queue = message.place
            self.report(translate.news_of(transfer))

    def _reset_remotely_queued_flags(self, username: str) -> None:
        for transfer in self._transfers:
            if transfer.username == username and transfer.is_download() and transfer.remotely_queued:
                transfer.remotely_queued, transfer.note = False, AWAY
                self.report(translate.news_of(transfer))

    async def _offered(self, message: Any, connection: PeerConnection) -> str:
        """The other side is ready to send a file; why not, or empty when it was begun."""
        transfer = self.find_transfer(connection.username, message.filename, TransferDirection.DOWNLOAD)
        if transfer is None or transfer.state.VALUE is TransferState.PAUSED:
            return str(FailReason.CANCELLED)
        if transfer.state.VALUE is not TransferState.QUEUED or transfer._transfer_task is not None:
            self._offered_anew(transfer, connection, message)
            return ""
        if message.filesize != transfer.expected:
            await transfer.state.fail(
                reason=f"The file has {message.filesize} bytes there now, not {transfer.expected}"
            )
            return str(FailReason.CANCELLED)
        there = await asyncio.to_thread(receiving.length_of, Path(transfer.local_path))
        if there >= transfer.expected:
            await self._complete(transfer)
            return str(FailReason.COMPLETE)
        if transfer.state.VALUE is TransferState.QUEUED and transfer._transfer_task is None:
            self._start(transfer, self._initialize_download(transfer, connection, message))
        return ""

    def _offered_anew(self, transfer: LegacyTransfer, connection: PeerConnection, message: Any) -> None:
        """Takes the new ticket where the file connection of the one before has not come."""
        place = self._places.get(transfer.key)
        future = self._expected_files.get(place) if place is not None else None
        if place is None or future is None or future.done() or message.filesize != transfer.expected:
            return
        del self._expected_files[place]
        self._expect(transfer, message.ticket, future)
        connection.queue_message(PeerTransferReply.Request(ticket=message.ticket, allowed=True))

    def _expect(self, transfer: LegacyTransfer, ticket: int, future: asyncio.Future[PeerConnection]) -> None:
        place = (transfer.username, ticket)
        self._places[transfer.key] = place
        self._expected_files[place] = future

    async def _initialize_download(
        self, transfer: LegacyTransfer, peer: PeerConnection, request: Any
    ) -> None:
        future = asyncio.get_running_loop().create_future()
        self._expect(transfer, request.ticket, future)
        try:
            await transfer.state.initialize()
            await peer.send_message(PeerTransferReply.Request(ticket=request.ticket, allowed=True))
            async with asyncio.timeout(receiving.CONNECTION_WAIT):
                connection = await future
        except (NetworkError, OSError, TimeoutError):
            await transfer.state.fail(reason="No file connection")
            return
        finally:
            self._expected_files.pop(self._places.pop(transfer.key), None)
        await receiving.receive(transfer, connection)

    async def _on_peer_initialized(self, event: PeerInitializedEvent) -> None:
        connection = event.connection
        if connection.connection_type != PeerConnectionType.FILE or event.requested:
            return
        try:
            ticket = await connection.receive_transfer_ticket()
        except NetworkError:
            return
        future = self._expected_files.get((connection.username, ticket))
        if future is None or future.done():
            await connection.disconnect(CloseReason.REQUESTED)
        else:
            future.set_result(connection)

    @on_message(PeerTransferRequest.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_transfer_request(self, message: Any, connection: PeerConnection) -> None:
        if not connection.username:
            return
        if message.direction == TransferDirection.UPLOAD.value:
            reason = await self._take_upload(connection.username, message.filename) or str(FailReason.QUEUED)
        else:
            reason = await self._offered(message, connection)
        if reason:
            connection.queue_message(
                PeerTransferReply.Request(ticket=message.ticket, allowed=False, reason=reason)
            )

    def manage_transfers(self) -> None:
        """Asks for downloads that wait here; the base starts uploads the rule lets start."""
        if self._network.online:
            now = asyncio.get_running_loop().time()
            for transfer in self._transfers:
                if (
                    transfer.is_download()
                    and transfer.state.VALUE is TransferState.QUEUED
                    and not transfer.remotely_queued
                    and transfer._remotely_queue_task is None
                    and transfer.not_before <= now
                    and not self._is_away(transfer.username)
                ):
                    task = asyncio.create_task(self._queue_remotely(transfer))
                    transfer._remotely_queue_task = task
                    task.add_done_callback(transfer._remotely_queue_task_complete)
            super().manage_transfers()
