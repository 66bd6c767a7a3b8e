"""Transfers with legacy users: what aioslsk keeps of them, with our order, our words and our files.

Rules:
- A download's partial file is never deleted here: what ends a transfer lets go of the file first.
- A transfer that ended is forgotten here at once; whether and when it is tried again is its owner's choice, so that
  nobody is asked again and again by an endless loop.
- Who gets an upload, and when, is the `UploadRule`'s; a refused user reads its words.
- A file connection belongs to the user it comes from: two users may use the same ticket.
- Tables are bounded; lookups do not walk them.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
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
from aioslsk.transfer.manager import TransferManager, _RequestFlag
from aioslsk.transfer.model import FailReason, Transfer, TransferDirection
from aioslsk.transfer.state import CompleteState, TransferState
from aioslsk.user.model import TrackingFlag, UserStatus
from aioslsk.utils import ticket_generator

from slskmesh.soulseek import receiving, translate
from slskmesh.soulseek.port import Answers, UploadRule
from slskmesh.soulseek.values import TransferNews

TRANSFERS_MAX: Final = 50_000
UPLOADS_MAX: Final = 10_000  # waiting, of all users together
UNREACHABLE: Final = "User cannot be reached"
_REASON_MAX: Final = 200
_LINES: Final = 3  # a request is sent on, where one after the other closes at once
_LINE_KEPT: Final = 3.0  # seconds after which a request is taken for received
_UPLOAD_TRIES: Final = 3
_UPLOAD_PAUSE: Final = 30.0  # seconds after the first attempt, twice that after the second
_SPEEDS: Final = 20  # finished uploads the average speed is of

_ENDED = (TransferState.COMPLETE, TransferState.FAILED, TransferState.ABORTED)


class LegacyTransfer(Transfer):  # type: ignore[misc]
    """aioslsk's transfer with our number; equal only to itself."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(self, key: int, user: str, path: str, direction: TransferDirection) -> None:
        super().__init__(user, path, direction)
        self.key = key
        self.expected = 0
        self.tries = 0
        self.not_before = 0.0


class RuledTransfers(TransferManager):  # type: ignore[misc]
    """The transfers of one client. `report` is told each change."""

    answers: Answers
    rule: UploadRule
    report: Callable[[TransferNews], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ticket_generator = ticket_generator(random.randrange(1, 1 << 31))
        self._next_key = 0
        self._by_name: dict[tuple[str, str, TransferDirection], LegacyTransfer] = {}
        self._by_key: dict[int, LegacyTransfer] = {}
        self._expected_files: dict[tuple[str, int], asyncio.Future[PeerConnection]] = {}
        self._tracked: set[str] = set()
        self._speeds: deque[float] = deque(maxlen=_SPEEDS)
        self._later: dict[int, asyncio.TimerHandle] = {}

    # -- downloads ---------------------------------------------------------------------------------------------

    async def fetch(self, user: str, path: str, size: int, local: Path) -> int:
        """Asks for a file; the key of its transfer, the same one while it is under way."""
        transfer = self.find_transfer(user, path, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE is not TransferState.PAUSED:
            return transfer.key
        if transfer is None:
            if len(self._by_key) >= TRANSFERS_MAX:
                raise receiving.TooMany
            transfer = self._made(user, path, TransferDirection.DOWNLOAD)
            transfer.expected = transfer.filesize = size
        transfer.local_path = str(local)
        there = await asyncio.to_thread(receiving.length_of, local)
        if there > size:
            self._forget(transfer)
            raise receiving.TooLong
        transfer.bytes_transfered = there
        if there == size:
            await asyncio.to_thread(receiving.make_empty, local)
            await self._complete(transfer)
        else:
            await self.add(transfer)
            await transfer.state.queue()
        return transfer.key

    def transfer_of(self, key: int) -> LegacyTransfer | None:
        """The transfer with this key, while it is not forgotten."""
        return self._by_key.get(key)

    async def pause_key(self, key: int) -> None:
        """Stops it where it is; its file stays."""
        if (transfer := self._by_key.get(key)) is not None:
            await transfer.state.pause()

    async def abort_key(self, key: int) -> None:
        """Ends it; a download's file stays, for it is let go of before aioslsk would delete it."""
        transfer = self._by_key.get(key)
        if transfer is None:
            return
        await transfer.state.pause()
        if transfer.key in self._by_key:
            local, transfer.local_path = transfer.local_path, None
            if transfer.is_upload():
                await self._tell_failed(transfer)
            await transfer.state.abort()
            transfer.local_path = local
            self._forget(transfer)

    async def _complete(self, transfer: LegacyTransfer) -> None:
        if transfer not in self._transfers:
            await self.add(transfer)
        await transfer.transition(CompleteState(transfer))

    async def _queue_remotely(self, transfer: LegacyTransfer) -> None:
        loop = asyncio.get_running_loop()
        request = PeerTransferQueue.Request(transfer.remote_path)

        def sent() -> None:
            transfer.remotely_queued = True
            self.report(translate.news_of(transfer))

        for _ in range(_LINES):
            kept = loop.create_future()
            timer = loop.call_later(_LINE_KEPT, kept.set_result, None)
            try:
                if await self._network.deliver(transfer.username, request, kept, sent):
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

    @on_message(PeerUploadFailed.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_upload_failed(self, message: Any, connection: PeerConnection) -> None:
        transfer = self.find_transfer(connection.username or "", message.filename, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE is TransferState.QUEUED:
            await transfer.state.fail(reason="Upload failed")

    @on_message(PeerTransferQueueFailed.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_transfer_queue_failed(self, message: Any, connection: PeerConnection) -> None:
        transfer = self.find_transfer(connection.username or "", message.filename, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE in (TransferState.QUEUED, TransferState.PAUSED):
            await transfer.state.fail(reason=message.reason[:_REASON_MAX] or "Refused")

    @on_message(PeerPlaceInQueueReply.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_place_in_queue_reply(self, message: Any, connection: PeerConnection) -> None:
        transfer = self.find_transfer(connection.username or "", message.filename, TransferDirection.DOWNLOAD)
        if transfer is not None and transfer.state.VALUE is TransferState.QUEUED:
            transfer.place_in_queue = message.place
            self.report(translate.news_of(transfer))

    def _reset_remotely_queued_flags(self, username: str) -> None:
        for transfer in self._transfers:
            if transfer.username == username and transfer.is_download() and transfer.remotely_queued:
                transfer.remotely_queued = False
                self.report(translate.news_of(transfer))

    async def _offered(self, message: Any, connection: PeerConnection) -> str:
        """The other side is ready to send a file; why not, or empty when it was begun."""
        transfer = self.find_transfer(connection.username, message.filename, TransferDirection.DOWNLOAD)
        if transfer is None or transfer.state.VALUE is TransferState.PAUSED:
            return str(FailReason.CANCELLED)
        if transfer.state.VALUE is not TransferState.QUEUED or transfer._transfer_task is not None:
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

    async def _initialize_download(
        self, transfer: LegacyTransfer, peer: PeerConnection, request: Any
    ) -> None:
        await transfer.state.initialize()
        place = (transfer.username, request.ticket)
        future = asyncio.get_running_loop().create_future()
        self._expected_files[place] = future
        try:
            await peer.send_message(PeerTransferReply.Request(ticket=request.ticket, allowed=True))
            async with asyncio.timeout(receiving.CONNECTION_WAIT):
                connection = await future
        except (NetworkError, OSError, TimeoutError):
            await transfer.state.fail(reason="No file connection")
            return
        finally:
            self._expected_files.pop(place, None)
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

    # -- uploads -----------------------------------------------------------------------------------------------

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

    async def _initialize_upload(self, transfer: LegacyTransfer) -> None:
        await super()._initialize_upload(transfer)
        if transfer.state.VALUE is not TransferState.QUEUED or not self._network.online:
            return
        transfer.tries += 1
        if transfer.tries >= _UPLOAD_TRIES:
            await transfer.state.fail(reason=UNREACHABLE)
            return
        loop = asyncio.get_running_loop()
        wait = _UPLOAD_PAUSE * transfer.tries
        transfer.not_before = loop.time() + wait
        self._later[transfer.key] = loop.call_later(wait, self._again, transfer.key)

    async def _tell_failed(self, transfer: LegacyTransfer) -> None:
        """The downloader need not wait for what will not come."""
        for connection in self._network.get_active_peer_connections(
            transfer.username, PeerConnectionType.PEER
        )[:1]:
            connection.queue_message(
                PeerTransferQueueFailed.Request(filename=transfer.remote_path, reason=FailReason.CANCELLED)
            )

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

    # -- both --------------------------------------------------------------------------------------------------

    def manage_transfers(self) -> None:
        """Asks for downloads that wait here, starts uploads the rule lets start."""
        if self._network.online:
            for transfer in self._transfers:
                if (
                    transfer.is_download()
                    and transfer.state.VALUE is TransferState.QUEUED
                    and not transfer.remotely_queued
                    and transfer._remotely_queue_task is None
                    and not self._is_away(transfer.username)
                ):
                    task = asyncio.create_task(self._queue_remotely(transfer))
                    transfer._remotely_queue_task = task
                    task.add_done_callback(transfer._remotely_queue_task_complete)
            self._start_uploads()

    def _start_uploads(self) -> None:
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

    def _start(self, transfer: LegacyTransfer, work: Any) -> None:
        transfer._transfer_task = asyncio.create_task(work)
        transfer._transfer_task.add_done_callback(transfer._transfer_task_complete)
        transfer._transfer_task.add_done_callback(
            lambda task: self.request_management_cycle(_RequestFlag.TRANSFER_CHANGE)
        )

    def _is_away(self, user: str) -> bool:
        return bool(self._user_manager.get_user_object(user).status is UserStatus.OFFLINE)

    async def on_transfer_state_changed(self, transfer: LegacyTransfer, old: Any, new: Any) -> None:
        """Tells it on; what ended is forgotten."""
        await super().on_transfer_state_changed(transfer, old, new)
        if new is TransferState.COMPLETE and transfer.is_upload():
            self._speeds.append(transfer.get_speed())
        self.report(translate.news_of(transfer))
        if new in _ENDED:
            self._forget(transfer)

    async def add(self, transfer: LegacyTransfer) -> LegacyTransfer:
        """Takes it into the table."""
        if transfer not in self._transfers:
            transfer.state_listeners.append(self)
            self._transfers.append(transfer)
            self.request_management_cycle(_RequestFlag.TRANSFER_CHANGE)
        return transfer

    def find_transfer(
        self, username: str, remote_path: str, direction: TransferDirection
    ) -> LegacyTransfer | None:
        """The one under way for this file of this user."""
        return self._by_name.get((username, remote_path, direction))

    async def manage_user_tracking(self) -> None:
        """Hears of the states of users with transfers, while there is a session."""
        if not self._network.online:
            self._tracked.clear()
            return
        wanted = {transfer.username for transfer in self._transfers}
        for user in wanted - self._tracked:
            await self._user_manager.track_user(user, TrackingFlag.TRANSFER)
        for user in self._tracked - wanted:
            await self._user_manager.untrack_user(user, TrackingFlag.TRANSFER)
        self._tracked = wanted

    async def _on_session_initialized(self, event: Any) -> None:
        self._tracked.clear()
        await super()._on_session_initialized(event)

    async def _progress_reporting_job(self) -> None:
        for transfer in list(self._transfers):
            if transfer.is_transferring():
                self.report(translate.news_of(transfer))

    async def stop(self) -> list[asyncio.Task[None]]:
        """Tasks that were cancelled; files stay as they are."""
        for handle in self._later.values():
            handle.cancel()
        self._later.clear()
        tasks: list[asyncio.Task[None]] = await super().stop()
        return tasks

    def _again(self, key: int) -> None:
        self._later.pop(key, None)
        self.request_management_cycle(_RequestFlag.TRANSFER_CHANGE)

    def _made(self, user: str, path: str, direction: TransferDirection) -> LegacyTransfer:
        self._next_key += 1
        transfer = LegacyTransfer(self._next_key, user, path, direction)
        self._by_key[transfer.key] = self._by_name[user, path, direction] = transfer
        return transfer

    def _forget(self, transfer: LegacyTransfer) -> None:
        if self._by_key.pop(transfer.key, None) is not None:
            self._by_name.pop((transfer.username, transfer.remote_path, transfer.direction), None)
        if transfer in self._transfers:
            self._transfers.remove(transfer)
        if (handle := self._later.pop(transfer.key, None)) is not None:
            handle.cancel()
