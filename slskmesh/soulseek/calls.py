"""What the client asks of the server and of users, on the adapter's thread.

Rules:
- What waits for an answer is registered before it is asked, bounded in time, and gone when the call ends, however it
  ends. A session that ends meanwhile ends it with `Offline`.
- What the server would drop in silence is refused here with words.
- A search's token is ours and random, so that nobody answers what he was not asked.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aioslsk.exceptions import NetworkError
from aioslsk.protocol import messages
from aioslsk.protocol.primitives import MessageDataclass
from aioslsk.user.model import TrackingFlag

from slskmesh.errors import PeerError, UserError
from slskmesh.soulseek import translate
from slskmesh.soulseek.browsing import Browse
from slskmesh.soulseek.legacy import GuardedClient
from slskmesh.soulseek.port import PING_SECONDS, Offline
from slskmesh.soulseek.session import LegacySession
from slskmesh.soulseek.values import Listing, RemoteFile, TransferPhase, UserInfo

SEARCHES_MAX: Final = 1_000  # open at once; the oldest is closed
WATCHED_MAX: Final = 10_000
BROWSES_MAX: Final = 16
SEARCH_BYTES: Final = 256
LINE_BYTES: Final = 2048
_SERVER_SECONDS: Final = 15.0
_USER_SECONDS: Final = 40.0
_BROWSE_SECONDS: Final = 90.0  # until the first bytes: some clients put their list together first
_PLACE_SECONDS: Final = 15.0


class LegacyCalls(LegacySession):
    """The calls of `port.Client`; each is awaited through the thread."""

    # -- the server --------------------------------------------------------------------------------------------

    async def ping(self) -> float | None:
        """Seconds until the server says how long our privileges last, which every server does; None: it does not.

        (Servers leave code 32 and questions for our own state unanswered.)
        """
        async with self._pinging:
            aio = self._client_online()
            began = asyncio.get_running_loop().time()
            answer: asyncio.Future[float] = asyncio.get_running_loop().create_future()
            self._asked.add(answer)
            self._pings.sent(began, answer)
            try:
                async with asyncio.timeout(PING_SECONDS):
                    with _to_server():
                        await aio.network.send_server_messages(messages.CheckPrivileges.Request())
                    return await answer - began
            except TimeoutError:
                return None
            finally:
                self._asked.discard(answer)
                answer.cancel()

    # -- searches ----------------------------------------------------------------------------------------------

    async def search(self, text: str, room: str, user: str) -> int:
        """Sends it; its token."""
        token = self._open_search(text)
        if room:
            await self._send(messages.RoomSearch.Request(room, token, text))
        elif user:
            await self._send(messages.UserSearch.Request(user, token, text))
        else:
            await self._send(messages.FileSearch.Request(token, text))
        return token

    async def wish(self, text: str) -> int:
        """Sends a wishlist search; its token."""
        token = self._open_search(text)
        await self._send(messages.WishlistSearch.Request(token, text))
        return token

    def forget_search(self, token: int) -> None:
        """Answers to it are left out from now on."""
        self._searches.pop(token, None)

    def _open_search(self, text: str) -> int:
        self._client_online()
        if not text.strip():
            raise UserError("a search needs words")
        _fits(text, SEARCH_BYTES, "a search")
        while len(self._searches) >= SEARCHES_MAX:
            del self._searches[next(iter(self._searches))]
        self._token = self._token % 0xFFFFFFFF + 1
        self._searches[self._token] = Counter()
        return self._token

    # -- users -------------------------------------------------------------------------------------------------

    async def begin_browse(self, user: str) -> None:
        """Asks for a user's shares; the portions come by `next_portion`."""
        aio = self._client_online()
        if user in self._browses:
            raise UserError("this user's shares are on their way already")
        if len(self._browses) >= BROWSES_MAX:
            raise UserError("too many users are browsed at once: let one finish first")
        browse = Browse(user)
        self._browses[user] = browse
        aio.network.sinks[user] = browse.sink
        try:
            with translate.translated("the user's shares"):
                async with asyncio.timeout(_BROWSE_SECONDS):
                    await aio.network.ask(user, messages.PeerSharesRequest.Request(), browse.begun)
        except BaseException:
            self.end_browse(user)
            raise

    async def next_portion(self, user: str) -> Listing:
        """The next portion, the last one `done`."""
        return await self._browses[user].next()

    def end_browse(self, user: str) -> None:
        """No more of it is wanted; what is still coming ends its line."""
        browse = self._browses.pop(user, None)
        if browse is not None and self._aio is not None:
            self._aio.network.sinks.pop(user, None)
            browse.close()

    async def folder(self, user: str, folder: str) -> Listing:
        """One folder with what is below it."""
        aio = self._client_online()
        self._token = self._token % 0xFFFFFFFF + 1
        key = (user, self._token)
        future: asyncio.Future[Listing] = asyncio.get_running_loop().create_future()
        self._folders[key] = future
        try:
            with translate.translated("the folder"):
                async with asyncio.timeout(_USER_SECONDS):
                    request = messages.PeerDirectoryContentsRequest.Request(key[1], folder)
                    await aio.network.ask(user, request, future)
                    return await future
        finally:
            del self._folders[key]

    async def user_info(self, user: str) -> UserInfo:
        """What a user says of himself."""
        answer = await self._ask_user(
            user, messages.PeerUserInfoRequest.Request(), messages.PeerUserInfoReply.Request, "the user"
        )
        return UserInfo(
            user=user,
            text=answer.description,
            slots=answer.upload_slots,
            queue=answer.queue_size,
            free_slot=bool(answer.has_slots_free),
            picture=len(answer.picture or b""),
        )

    async def shares_of(self, user: str) -> tuple[int, int] | None:
        """Folders and files that the server says a user shares; None: it does not say."""
        aio = self._client_online()
        future = aio.network.create_server_response_future(
            messages.GetUserStats.Response, fields={"username": user}
        )
        self._asked.add(future)
        try:
            async with asyncio.timeout(_SERVER_SECONDS):
                await self._send(messages.GetUserStats.Request(user))
                _, answer = await future
        except TimeoutError:
            return None
        finally:
            self._asked.discard(future)
            future.cancel()
        stats = answer.user_stats
        return stats.shared_folder_count, stats.shared_file_count

    async def watch(self, user: str, on: bool) -> None:
        """Hears of a user's state, or no longer; kept over sessions."""
        if on and user not in self._watched and len(self._watched) >= WATCHED_MAX:
            raise UserError(f"at most {WATCHED_MAX:,} users can be watched")
        if on:
            self._watched[user] = None
        else:
            self._watched.pop(user, None)
        if self._aio is None or not self.online:
            return
        if on:
            await self._aio.users.track_user(user, TrackingFlag.REQUESTED)
            await self._send(messages.GetUserStatus.Request(user))
        else:
            await self._aio.users.untrack_user(user, TrackingFlag.REQUESTED)

    # -- transfers ---------------------------------------------------------------------------------------------

    async def download(self, user: str, file: RemoteFile, local: Path) -> int:
        """Asks for a file; the key of its transfer."""
        aio = self._client_online()
        key: int = await aio.transfers.fetch(user, file.path, file.size, local)
        return key

    async def pause(self, key: int) -> None:
        """Stops it; its file stays."""
        if self._aio is not None:
            await self._aio.transfers.pause_key(key)

    async def abort(self, key: int) -> None:
        """Ends it; its file stays."""
        if self._aio is not None:
            await self._aio.transfers.abort_key(key)

    async def place(self, key: int) -> int | None:
        """Place in the other side's queue; None where it does not say or it is not there."""
        aio = self._client_online()
        transfer = aio.transfers.transfer_of(key)
        if transfer is None or translate.phase_of(transfer) is not TransferPhase.REQUESTED:
            return None
        path = transfer.remote_path
        try:
            answer = await self._ask_user(
                transfer.username,
                messages.PeerPlaceInQueueRequest.Request(path),
                messages.PeerPlaceInQueueReply.Request,
                "the place in the queue",
                fields={"filename": path},
                seconds=_PLACE_SECONDS,
            )
        except PeerError:
            return None
        return int(answer.place)

    async def shares_changed(self) -> None:
        """Tells the server the counts again."""
        if self._aio is not None and self.online:
            with _to_server():
                await self._aio.shares.report_shares()

    # -- rooms and messages ------------------------------------------------------------------------------------

    async def rooms(self) -> None:
        """Asks for the list; it comes as an event."""
        await self._send(messages.RoomList.Request())

    async def join(self, room: str) -> None:
        """Joins a room; UserError where the server does not let us."""
        aio = self._client_online()
        joined = aio.network.create_server_response_future(messages.JoinRoom.Response, fields={"room": room})
        refused = aio.network.create_server_response_future(
            messages.CannotCreateRoom.Response, fields={"room": room}
        )
        self._asked.update((joined, refused))
        try:
            await self._send(messages.JoinRoom.Request(room))
            done, _ = await asyncio.wait(
                (joined, refused), timeout=_SERVER_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for future in done:
                future.result()
            if joined not in done:
                raise UserError("the server does not let us into this room, or its name is not allowed")
        finally:
            for future in (joined, refused):
                self._asked.discard(future)
                future.cancel()

    async def leave(self, room: str) -> None:
        """Leaves it."""
        await self._send(messages.LeaveRoom.Request(room))

    async def say(self, room: str, text: str) -> None:
        """Says a line there."""
        _is_line(text)
        await self._send(messages.RoomChatMessage.Request(room, text))

    async def ticker(self, room: str, text: str) -> None:
        """Sets our ticker there."""
        _is_line(text, empty=True)
        await self._send(messages.SetRoomTicker.Request(room, text))

    async def whisper(self, user: str, text: str) -> None:
        """Sends a private message."""
        _is_line(text)
        await self._send(messages.PrivateChatMessage.Request(user, text))

    def acknowledge(self, number: int) -> None:
        """Tells the server that it may forget a message; only one it delivered in this session."""
        if self._aio is not None and self.online and self._letters.pop(number, False):
            sending = self._aio.network.server_connection.queue_message(
                messages.PrivateChatMessageAck.Request(number)
            )
            sending.add_done_callback(_sent)

    # -- asking ------------------------------------------------------------------------------------------------

    def _client_online(self) -> GuardedClient:
        if self._aio is None or not self.online:
            raise Offline(translate.NOT_ONLINE)
        return self._aio

    async def _send(self, message: MessageDataclass) -> None:
        aio = self._client_online()
        with _to_server():
            await aio.network.send_server_messages(message)

    async def _ask_user(
        self,
        user: str,
        message: MessageDataclass,
        reply: type[Any],
        what: str,
        *,
        fields: dict[str, Any] | None = None,
        seconds: float = _USER_SECONDS,
    ) -> Any:
        aio = self._client_online()
        future = aio.network.create_peer_response_future(user, reply, fields)
        try:
            with translate.translated(what):
                async with asyncio.timeout(seconds):
                    await aio.network.ask(user, message, future)
                    _, answer = await future
                    return answer
        finally:
            future.cancel()


def _sent(sending: asyncio.Task[None]) -> None:
    """Where it failed the line is lost, which is told elsewhere."""
    if not sending.cancelled():
        sending.exception()


@contextlib.contextmanager
def _to_server() -> Iterator[None]:
    try:
        yield
    except NetworkError as error:
        raise Offline(translate.NOT_ONLINE) from error


def _fits(text: str, limit: int, what: str) -> None:
    if len(text.encode("utf-8", "replace")) > limit:
        raise UserError(f"{what} may have {limit} bytes; the server drops longer ones")


def _is_line(text: str, *, empty: bool = False) -> None:
    if not text and not empty:
        raise UserError("there is nothing to say")
    if "\r" in text or "\n" in text:
        raise UserError("a message is one line; the server drops others")
    _fits(text, LINE_BYTES, "a message")
