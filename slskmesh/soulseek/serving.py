"""Uploads to legacy users: who gets one and when is the `UploadRule`'s; a refused user reads its words.

Rules:
- A file is offered only while `Answers` finds it for this user; its size is that on the disk.
- A user who cannot be reached is tried three times with growing pauses, then forgotten.
- What waits is bounded, for all users together; for one user the rule says.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aioslsk.events import on_message
from aioslsk.network.connection import PeerConnection
from aioslsk.protocol.messages import PeerTransferQueue, PeerTransferQueueFailed
from aioslsk.transfer.model import FailReason, Transfer, TransferDirection
from aioslsk.transfer.state import TransferState

from slskmesh.soulseek import receiving
from slskmesh.soulseek.transfers import UNREACHABLE, LegacyTransfer, LegacyTransfers

UPLOADS_MAX: Final = 10_000  # waiting, of all users together
_TRIES: Final = 3
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
        await super()._initialize_upload(transfer)
        if transfer.state.VALUE is not TransferState.QUEUED or not self._network.online:
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
