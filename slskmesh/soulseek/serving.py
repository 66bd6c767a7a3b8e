"""Uploads to legacy users: who gets one and when is the `UploadRule`'s; a refused user reads its words.

Rules:
- A file is offered only while `Answers` finds it for this user; its size is that on the disk.
- A user who cannot be reached is tried three times with growing pauses, then forgotten.
- What waits is bounded, for all users together; for one user the rule says.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from aioslsk.events import on_message
from aioslsk.exceptions import NetworkError
from aioslsk.network.connection import PeerConnection, PeerConnectionType
from aioslsk.protocol.messages import (
    PeerTransferQueue,
    PeerTransferQueueFailed,
    PeerTransferReply,
    PeerTransferRequest,
    PeerUploadFailed,
    SendUploadSpeed,
)
from aioslsk.protocol.primitives import uint32
from aioslsk.transfer.model import FailReason, Transfer, TransferDirection
from aioslsk.transfer.state import TransferState

from slskmesh.soulseek import receiving, sending
from slskmesh.soulseek.transfers import UNREACHABLE, LegacyTransfer, LegacyTransfers

UPLOADS_MAX: Final = 10_000  # waiting, of all users together
REASON_MAX: Final = 200  # characters of a user's words
_TRIES: Final = 3
_REPLY_WAIT: Final = 30.0  # seconds for an answer to an offer
_PAUSE: Final = 30.0  # seconds after the first attempt, twice that after the second


class Uploads(LegacyTransfers):
    """The uploading half."""

    async def _take_upload(self, user: str, path: str) -> str:
        """A user asks for one of our files; why not, or empty when it waits in the queue."""
        waiting = self.find_transfer(user, path, TransferDirection.UPLOAD)
        if waiting is not None:
            return ""
        of_user = sum(1 for transfer in self._transfers if transfer.username == user and transfer.is_upload())
        if reason := self.rule.refuse(user, path, of_user):
            return reason
        if self.get_queue_size() >= UPLOADS_MAX:
            return "Too many files"
        shared = self.answers.find(user, path)
        size = -1 if shared is None else await asyncio.to_thread(receiving.length_of, shared.local, -1)
        if shared is None or size < 0:
            return str(FailReason.FILE_NOT_SHARED)
        if self.find_transfer(user, path, TransferDirection.UPLOAD) is None:
            transfer = self._made(user, path, TransferDirection.UPLOAD)
            transfer.local_path, transfer.filesize, transfer.expected = str(shared.local), size, size
            await self.add(transfer)
            await transfer.state.queue()
        return ""

    @on_message(PeerTransferQueue.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_transfer_queue(self, message: Any, connection: PeerConnection) -> None:
        if connection.username and (reason := await self._take_upload(connection.username, message.filename)):
            connection.queue_message(
                PeerTransferQueueFailed.Request(filename=message.filename, reason=reason)
            )

    async def _initialize_upload(self, transfer: LegacyTransfer) -> None:
        """Offers the file, and sends it on a line of its own; where that fails it waits again."""
        session = self._network.sessions
        await transfer.state.initialize()
        try:
            connection = await self._offer(transfer)
        except (NetworkError, TimeoutError):
            await transfer.state.queue()
            await self._failed_once(transfer, session)
            return
        if connection is None:
            return
        await self._upload_file(transfer, connection)
        if transfer.state.VALUE is TransferState.COMPLETE:
            self._network.queue_server_messages(SendUploadSpeed.Request(int(transfer.get_speed())))

    async def _offer(self, transfer: LegacyTransfer) -> PeerConnection | None:
        """The line the file goes on, from where the other side wants it; None where he does not want it."""
        user, ticket = transfer.username, next(self._ticket_generator)
        request = PeerTransferRequest.Request(
            TransferDirection.DOWNLOAD.value, ticket, transfer.remote_path, filesize=transfer.filesize
        )
        # Before it is asked: the answer may be here before the sending is over.
        answer = self._network.create_peer_response_future(
            user, PeerTransferReply.Request, {"ticket": ticket}
        )
        try:
            await self._network.send_peer_messages(user, request)
            async with asyncio.timeout(_REPLY_WAIT):
                _, reply = await answer
        finally:
            answer.cancel()
        if not reply.allowed:
            await transfer.state.fail(reason=(reply.reason or "")[:REASON_MAX])
            return None
        connection: PeerConnection = await self._network.create_peer_connection(user, PeerConnectionType.FILE)
        await connection.send_message(uint32(ticket).serialize())
        transfer.bytes_transfered = await connection.receive_transfer_offset()
        return connection

    async def _upload_file(self, transfer: LegacyTransfer, connection: PeerConnection) -> None:
        if not await sending.send(transfer, connection):
            with contextlib.suppress(NetworkError):
                await self._network.send_peer_messages(
                    transfer.username, PeerUploadFailed.Request(transfer.remote_path)
                )

    async def _failed_once(self, transfer: LegacyTransfer, session: int) -> None:
        """The user could not be reached, unless it was the line to the server that was not there."""
        if not self._network.online or self._network.sessions != session:
            return
        transfer.tries += 1
        if transfer.tries >= _TRIES:
            await transfer.state.fail(reason=UNREACHABLE)
            return
        self._hold(transfer, _PAUSE * transfer.tries)

    def get_upload_slots(self) -> int:
        """Uploads at once, as users are told."""
        return self.rule.slots()

    def get_average_upload_speed(self) -> float:
        """Bytes a second of the last uploads."""
        return sum(self._speeds) / len(self._speeds) if self._speeds else 0.0

    def get_queue_size(self) -> int:
        """Uploads that wait."""
        return len(self._waiting_uploads())

    def has_slots_free(self) -> bool:
        """Whether an upload asked for now would start at once."""
        return not self._waiting_uploads() and len(self.get_uploading()) < self.rule.slots()

    def get_place_in_queue(self, transfer: Transfer) -> int:
        """From 1; 0 where it does not wait."""
        waiting = self._waiting_uploads()
        return waiting.index(transfer) + 1 if transfer in waiting else 0

    def _waiting_uploads(self) -> list[LegacyTransfer]:
        return [
            transfer
            for transfer in self._transfers
            if transfer.is_upload() and transfer.state.VALUE is TransferState.QUEUED
        ]

    def manage_transfers(self) -> None:
        """Starts the uploads the rule lets start."""
        now = asyncio.get_running_loop().time()
        waiting = [
            (transfer.key, transfer.username)
            for transfer in self._waiting_uploads()
            if transfer._transfer_task is None
            and transfer.not_before <= now
            and not self._is_away(transfer.username)
        ]
        if not waiting:
            return
        active = [
            (transfer.key, transfer.username)
            for transfer in self._transfers
            if transfer.is_upload() and (transfer.is_processing() or transfer._transfer_task is not None)
        ]
        may = {key for key, _ in waiting}
        for key in self.rule.next(waiting, active):
            if key in may:
                may.discard(key)
                transfer = self._by_key[key]
                self._start(transfer, self._initialize_upload(transfer))
