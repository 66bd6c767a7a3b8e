"""The table of transfers with legacy users: aioslsk's, told on, bounded, and forgotten when they end.

Rules:
- A transfer that ended is forgotten here at once; whether and when it is tried again is its owner's choice, so that
  nobody is asked again and again by an endless loop.
- A download's partial file is never deleted: what ends a transfer lets go of the file first.
- Tables are bounded; lookups do not walk them.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from aioslsk.events import on_message
from aioslsk.network.connection import PeerConnectionType
from aioslsk.protocol.messages import GetUserStatus, PeerTransferQueueFailed
from aioslsk.transfer.manager import TransferManager, _RequestFlag
from aioslsk.transfer.model import FailReason, Transfer, TransferDirection
from aioslsk.transfer.state import TransferState
from aioslsk.user.model import TrackingFlag, UserStatus
from aioslsk.utils import ticket_generator

from slskmesh.soulseek import translate
from slskmesh.soulseek.port import Answers, UploadRule
from slskmesh.soulseek.values import TransferNews

UNREACHABLE: Final = "User cannot be reached"
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
        self.note = ""  # why it waits here
        self.tries = 0
        self.not_before = 0.0


class LegacyTransfers(TransferManager):  # type: ignore[misc]
    """The table; `report` is told each change, `failed` what ended it."""

    answers: Answers
    rule: UploadRule
    report: Callable[[TransferNews], None]
    failed: Callable[[BaseException], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ticket_generator = ticket_generator(random.randrange(1, 1 << 31))
        self._next_key = 0
        self._by_name: dict[tuple[str, str, TransferDirection], LegacyTransfer] = {}
        self._by_key: dict[int, LegacyTransfer] = {}
        self._tracked: set[str] = set()
        self._speeds: deque[float] = deque(maxlen=_SPEEDS)
        self._later: dict[int, asyncio.TimerHandle] = {}

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

    async def _tell_failed(self, transfer: LegacyTransfer) -> None:
        """The downloader need not wait for what will not come."""
        for connection in self._network.get_active_peer_connections(
            transfer.username, PeerConnectionType.PEER
        )[:1]:
            connection.queue_message(
                PeerTransferQueueFailed.Request(filename=transfer.remote_path, reason=FailReason.CANCELLED)
            )

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
        for transfer in self._transfers:
            transfer.remotely_queued = (
                False  # whoever restarted meanwhile has forgotten us; asking twice does no harm
            )
        await super()._on_session_initialized(event)

    async def _progress_reporting_job(self) -> None:
        for transfer in list(self._transfers):
            if transfer.is_transferring():
                self.report(translate.news_of(transfer))

    async def start(self) -> None:
        """Begins; a fault of ours in the task that starts transfers is not lost."""
        await super().start()
        self._management_task._task.add_done_callback(self._managed)

    def _managed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(error)

    async def stop(self) -> list[asyncio.Task[None]]:
        """Tasks that were cancelled; files stay as they are."""
        for handle in self._later.values():
            handle.cancel()
        self._later.clear()
        tasks: list[asyncio.Task[None]] = await super().stop()
        return tasks

    def _hold(self, transfer: LegacyTransfer, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        transfer.not_before = loop.time() + seconds
        if (earlier := self._later.pop(transfer.key, None)) is not None:
            earlier.cancel()
        self._later[transfer.key] = loop.call_later(seconds, self._again, transfer.key)

    @on_message(GetUserStatus.Response)  # type: ignore[untyped-decorator]
    async def _on_get_user_status(self, message: Any, connection: Any) -> None:
        if message.status != UserStatus.OFFLINE.value:
            for transfer in self._transfers:
                if transfer.username == message.username:
                    transfer.not_before = 0.0
        await super()._on_get_user_status(message, connection)

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
