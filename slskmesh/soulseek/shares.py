"""Our shares for legacy users: searches, browses, folders and counts, all out of the engine's `Answers`.

Rules:
- aioslsk scans nothing, stores nothing and knows no file of ours; there is no index here.
- Searches of others are answered and forgotten: neither names nor words of them are kept, counted or logged.
- Replies under way are bounded; what is over is not answered (the network's clients ask again).
- The list of all shares is put together and compressed on a worker thread, one at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator
from typing import Any, Final

from aioslsk.events import on_message
from aioslsk.exceptions import AioSlskException
from aioslsk.network.connection import ConnectionState, PeerConnection
from aioslsk.peer import PeerManager
from aioslsk.protocol.messages import (
    ExcludedSearchPhrases,
    PeerDirectoryContentsRequest,
    PeerSearchReply,
    PeerSharesRequest,
    SharedFoldersFiles,
    WishlistInterval,
)
from aioslsk.search.manager import SearchManager
from aioslsk.shares.manager import SharesManager

from slskmesh.soulseek import replies
from slskmesh.soulseek.port import Answers
from slskmesh.soulseek.values import SearchAnswer

ANSWER_FILES: Final = 100  # files of one answer of ours
ANSWERS_MAX: Final = 64  # answers on their way at once
BROWSES_MAX: Final = 4
_BROWSE_SECONDS: Final = 900.0  # to send the list of all shares

_log = logging.getLogger(__name__)


class OwnShares(SharesManager):  # type: ignore[misc]
    """The part other rooms of aioslsk ask: counts. There are no directories, caches, scans."""

    answers: Answers

    async def load_data(self) -> None:
        """Nothing is stored."""

    async def store_data(self) -> None:
        """Nothing is stored."""

    async def report_shares(self) -> None:
        """Tells the server how much is shared."""
        folders, files = await asyncio.to_thread(self.answers.counts)
        await self._network.send_server_messages(
            SharedFoldersFiles.Request(
                shared_folder_count=min(folders, 0xFFFFFFFF), shared_file_count=min(files, 0xFFFFFFFF)
            )
        )


@contextlib.contextmanager
def _patient(connection: PeerConnection) -> Iterator[None]:
    """A user who takes what we send for minutes is not cut off because he says nothing meanwhile."""
    timeout = connection._read_timeout_object
    if timeout is not None and not timeout.expired():
        timeout.reschedule(None)
    try:
        yield
    finally:
        if timeout is not None and timeout is connection._read_timeout_object:
            timeout.reschedule(asyncio.get_running_loop().time() + connection.read_timeout)


class _Sending:
    """Replies on their way, as tasks that are held, bounded and cancelled at the end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        return len(self._tasks) >= self._most

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (AioSlskException, OSError, TimeoutError):
            _log.debug("a reply to a user was not delivered")

    def cancel(self) -> list[asyncio.Task[None]]:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks


class OwnSearches(SearchManager):  # type: ignore[misc]
    """Answers the searches of others; our own are the session's."""

    answers: Answers

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sending = _Sending(ANSWERS_MAX)

    async def stop(self) -> list[asyncio.Task[None]]:
        """Tasks that were cancelled."""
        return [*await super().stop(), *self._sending.cancel()]

    async def _query_shares_and_reply(self, ticket: int, username: str, query: str) -> None:
        session = self._session
        if session is None or username == session.user.name or self._sending.full:
            return
        found = self.answers.files(username, query, ANSWER_FILES)
        if not found:
            return
        provider = self._upload_info_provider
        answer = SearchAnswer(
            ticket,
            session.user.name,
            tuple(found[:ANSWER_FILES]),
            provider.has_slots_free(),
            int(provider.get_average_upload_speed()),
            provider.get_queue_size(),
        )
        self._sending.start(
            self._network.send_peer_messages(username, replies.write_search(session.user.name, answer))
        )

    @on_message(PeerSearchReply.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_search_reply(self, message: Any, connection: Any) -> None:
        """Answers to our searches never come parsed (guards.py)."""

    @on_message(WishlistInterval.Response)  # type: ignore[untyped-decorator]
    async def _on_wish_list_interval(self, message: Any, connection: Any) -> None:
        """Wishes are the engine's."""

    @on_message(ExcludedSearchPhrases.Response)  # type: ignore[untyped-decorator]
    async def _on_excluded_search_phrases(self, message: Any, connection: Any) -> None:
        """Phrases are respected by `Answers`."""


class OwnPeers(PeerManager):  # type: ignore[misc]
    """Answers users who ask for our shares or for one folder."""

    answers: Answers

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sending = _Sending(BROWSES_MAX)
        self._asking: set[str] = set()
        self._one = asyncio.Semaphore(1)

    async def stop(self) -> list[asyncio.Task[None]]:
        """Tasks that were cancelled."""
        return self._sending.cancel()

    @on_message(PeerSharesRequest.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_shares_request(self, message: Any, connection: PeerConnection) -> None:
        user = connection.username
        if user and user not in self._asking and not self._sending.full:
            self._asking.add(user)
            self._sending.start(self._send_shares(user, connection))

    async def _send_shares(self, user: str, connection: PeerConnection) -> None:
        try:
            async with self._one:
                packed = await asyncio.to_thread(self._pack_shares, user)
            if connection.state is ConnectionState.CONNECTED and not connection.obfuscated:
                # At once, so that no other message gets between its parts; the wait is for the line to take it.
                with _patient(connection):
                    await connection._send(packed, timeout=_BROWSE_SECONDS)
        finally:
            self._asking.discard(user)

    def _pack_shares(self, user: str) -> bytes:
        return replies.write_shares(self.answers.browse(user))

    @on_message(PeerDirectoryContentsRequest.Request)  # type: ignore[untyped-decorator]
    async def _on_peer_directory_contents_req(self, message: Any, connection: PeerConnection) -> None:
        if connection.username and not self._sending.full:
            self._sending.start(self._send_folder(connection, message.ticket, message.directory))

    async def _send_folder(self, connection: PeerConnection, ticket: int, folder: str) -> None:
        async with self._one:
            packed = await asyncio.to_thread(self._pack_folder, connection.username, ticket, folder)
        await connection.send_message(packed)

    def _pack_folder(self, user: str, ticket: int, folder: str) -> bytes:
        return replies.write_folder(ticket, folder, self.answers.folder(user, folder))
