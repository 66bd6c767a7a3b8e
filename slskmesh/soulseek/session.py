"""The asyncio side of the client: its session with the server, and what comes of itself.

Rules:
- Runs on the adapter's thread only; imported there, for aioslsk takes time and memory to load.
- It never reconnects. A lost session is told once, with its reason; calls that waited for the server end then.
- Answers to tokens that are not open, from users who are not who they say, or in
  numbers nobody honest sends are left out.
- What users and the server are asked is in `calls.py`.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aioslsk.events import (
    ConnectionStateChangedEvent,
    KickedEvent,
    MessageReceivedEvent,
    SessionInitializedEvent,
)
from aioslsk.exceptions import (
    ConnectionFailedError,
    ConnectionReadError,
    MessageDeserializationError,
    NetworkError,
)
from aioslsk.network.connection import CloseReason, ConnectionState, PeerConnection, ServerConnection
from aioslsk.protocol import messages
from aioslsk.protocol.primitives import calc_md5
from aioslsk.session import Session
from aioslsk.user.model import TrackingFlag

from slskmesh.errors import PeerError
from slskmesh.soulseek import guards, replies, translate
from slskmesh.soulseek.browsing import Browse
from slskmesh.soulseek.connections import address
from slskmesh.soulseek.legacy import GuardedClient, settings_for
from slskmesh.soulseek.pings import Pings
from slskmesh.soulseek.port import Answers, Line, Offline, UploadRule
from slskmesh.soulseek.values import (
    Answered,
    LegacyEvent,
    Listing,
    Outcome,
    ServerChanged,
    TransferChanged,
    TransferNews,
    UserAddress,
    UserChanged,
    Whispered,
)

CONNECT_SECONDS: Final = 30.0
VERSION: Final = (175, 1)  # what aioslsk 1.7.1 logs in as
ANSWERS_A_USER: Final = 8  # to one search
ANSWERS_A_SEARCH: Final = 20_000
LETTERS_MAX: Final = 20_000  # private messages that wait to be acknowledged
_ALL: Final = "\0"  # no user's name
_OVERFLOW: Final = "more news came from the network than could be taken in, so the session was ended"


class LegacySession:
    """What `client.LegacyClient` calls on the adapter's thread. `put` takes events, False: no room for more;
    `failed` takes a fault of ours that nobody waits for."""

    def __init__(
        self,
        answers: Answers,
        rule: UploadRule,
        put: Callable[[LegacyEvent], bool],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.online = False
        self._answers = answers
        self._rule = rule
        self._put = put
        self._failed = failed
        self._aio: GuardedClient | None = None
        self._name = ""
        self._leaving = False
        self._reason: tuple[Outcome, str] | None = (
            None  # why the session ends, where that is known before it does
        )
        self._searches: dict[int, Counter[str]] = {}
        self._browses: dict[str, Browse] = {}
        self._folders: dict[tuple[str, int], asyncio.Future[Listing]] = {}
        self._asked: set[asyncio.Future[Any]] = set()
        self._watched: dict[str, None] = {}
        self._letters: dict[int, bool] = {}  # numbers of private messages to be acknowledged still
        self._pings = Pings()
        self._pinging = asyncio.Lock()
        self._limits = (0, 0)
        self._token = random.randrange(1, 1 << 31)
        self._ending: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[Any] | None = None

    @property
    def listening(self) -> tuple[str, int] | None:
        """Where legacy users reach us; None while it does not listen."""
        return None if self._aio is None else self._aio.network.listening

    # -- the line to the server --------------------------------------------------------------------------------

    async def connect(self, line: Line) -> Outcome:
        """Listens, connects, logs in. UserError where the address to listen at cannot be had."""
        self._connecting = asyncio.current_task()
        try:
            return await self._connect(line)
        finally:
            self._connecting = None

    async def _connect(self, line: Line) -> Outcome:
        server = address(line.server, "soulseek.server")
        listen = address(line.listen, "soulseek.listen") if line.listen else None
        aio = await self._client(line)
        if self.online:
            await self.disconnect()
        self._reason, self._name = None, line.username
        credentials = aio.settings.credentials
        credentials.username, credentials.password = line.username, line.password
        credentials.info.description = line.description
        aio.settings.network.upnp.enabled = line.upnp
        with translate.translated(f"the address {line.listen}"):
            await aio.network.listen(listen)
        connection = aio.network.server_connection
        connection.hostname, connection.port = server
        try:
            outcome, text = await self._enter(aio, connection)
        finally:
            if not self.online:
                await self._close_server(aio)
        self._put(ServerChanged(outcome, text))
        return outcome

    async def disconnect(self) -> None:
        """Leaves the server; lines to users stay."""
        if self._aio is not None:
            await self._close_server(self._aio)

    async def stop(self) -> None:
        """Ends everything, also in the middle of a connect; files stay as they are."""
        if (connecting := self._connecting) is not None:
            connecting.cancel()
            await asyncio.wait([connecting])
        if self._aio is not None:
            await self._close_server(self._aio)
            await self._aio.stop()

    async def _client(self, line: Line) -> GuardedClient:
        if self._aio is None:
            guards.install()
            aio = GuardedClient(settings_for(line), self._answers, self._rule, self._report, self._failed)
            aio.network.on_address = self._located
            try:
                await aio.start()
            except BaseException:
                await aio.stop()
                raise
            aio.events.register(ConnectionStateChangedEvent, self._on_line)
            aio.events.register(KickedEvent, self._on_kicked)
            aio.events.register(MessageReceivedEvent, self._on_message, priority=200)
            self._aio = aio
            self.limit(*self._limits)
        return self._aio

    async def _enter(self, aio: GuardedClient, connection: ServerConnection) -> tuple[Outcome, str]:
        """How it went and the server's words."""
        connected = False
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await aio.network.connect_server()
                connected = True
                _keep_alive(connection)
                return await self._log_in(aio, connection)
        except ConnectionFailedError:
            return Outcome.UNREACHABLE, ""
        except MessageDeserializationError:
            return Outcome.UNREACHABLE, "what answers there is not a Soulseek server"
        except NetworkError as error:
            if isinstance(error.__cause__, ConnectionReadError):  # the guard's: a length no server sends
                return Outcome.UNREACHABLE, "what answers there is not a Soulseek server"
            return Outcome.ADDRESS_BAN, ""
        except TimeoutError:
            return (Outcome.NO_ANSWER if connected else Outcome.UNREACHABLE), ""

    async def _log_in(self, aio: GuardedClient, connection: ServerConnection) -> tuple[Outcome, str]:
        password = aio.settings.credentials.password
        await connection.send_message(
            messages.Login.Request(
                username=self._name,
                password=password,
                client_version=VERSION[0],
                md5hash=calc_md5(self._name + password),
                minor_version=VERSION[1],
            )
        )
        raw = await connection.receive_message()
        if raw is None:
            return Outcome.ADDRESS_BAN, ""
        answer = connection.decode_message_data(raw)
        if not isinstance(answer, messages.Login.Response):
            return Outcome.UNREACHABLE, "what answers there is not a Soulseek server"
        if not answer.success:
            return translate.refusal(answer.reason or ""), translate.refusal_words(raw)
        aio.session = Session(
            user=aio.users.get_user_object(self._name),
            ip_address=answer.ip or "",
            greeting=answer.greeting or "",
            client_version=VERSION[0],
            minor_version=VERSION[1],
        )
        self.online = aio.network.online = True
        aio.network.sessions += 1
        self._letters.clear()
        self._pings.began(asyncio.get_running_loop().time())
        aio.network.addresses.clear()
        await aio.events.emit(SessionInitializedEvent(session=aio.session, raw_message=answer))
        for user in self._watched:
            await aio.users.track_user(user, TrackingFlag.REQUESTED)
        connection.start_reader_task()
        if connection.state is not ConnectionState.CONNECTED:
            return Outcome.LOST, ""
        return Outcome.ONLINE, answer.greeting or ""

    async def _close_server(self, aio: GuardedClient) -> None:
        self._leaving = True
        try:
            await aio.network.disconnect_server()
        finally:
            self._leaving = False

    async def _on_line(self, event: ConnectionStateChangedEvent) -> None:
        if event.state is not ConnectionState.CLOSED:
            return
        if isinstance(event.connection, PeerConnection):
            if (browse := self._browses.get(event.connection.username or "")) is not None:
                browse.lost()
            return
        if not isinstance(event.connection, ServerConnection) or not self.online or self._aio is None:
            return
        self.online = False
        self._aio.network.session_ended()
        for future in list(self._asked):
            if not future.done():
                future.set_exception(Offline(translate.NOT_ONLINE))
        if not self._leaving:
            self._put(ServerChanged(*(self._reason or (Outcome.LOST, ""))))

    async def _on_kicked(self, event: KickedEvent) -> None:
        await self._end(Outcome.KICKED, "")

    async def _end(self, outcome: Outcome, text: str) -> None:
        if self._aio is not None and self.online:
            self._reason = (outcome, text)
            await self._aio.network.server_connection.disconnect(CloseReason.EOF)

    def _event(self, event: LegacyEvent) -> None:
        if not self._put(event) and self.online and self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._end(Outcome.LOST, _OVERFLOW))
            self._ending.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending = None

    def limit(self, upload: int, download: int) -> None:
        """Bytes a second of all transfers together, 0 for no limit; aioslsk counts in KiB."""
        self._limits = (upload, download)
        if self._aio is not None:
            self._aio.network.set_upload_speed_limit(-(-upload // 1024))
            self._aio.network.set_download_speed_limit(-(-download // 1024))

    def _report(self, news: TransferNews) -> None:
        self._put(TransferChanged(news))

    # -- what comes --------------------------------------------------------------------------------------------

    async def _on_message(self, event: MessageReceivedEvent) -> None:
        message, connection = event.message, event.connection
        if isinstance(message, guards.PackedReply):
            if isinstance(connection, PeerConnection) and connection.username:
                await self._on_reply(message, connection, connection.username)
        elif isinstance(connection, ServerConnection):
            if isinstance(message, messages.CheckPrivileges.Response):
                self._pings.answered(asyncio.get_running_loop().time())
            for made in translate.events_of(message, self._name):
                if isinstance(made, Whispered):
                    self._came(made.number)
                if not isinstance(made, UserChanged) or made.user in self._watched:
                    self._event(made)

    def _came(self, number: int) -> None:
        """A private message: the oldest of more than LETTERS_MAX is left to the next login."""
        if len(self._letters) >= LETTERS_MAX:
            del self._letters[next(iter(self._letters))]
        self._letters[number] = True

    def _located(self, user: str, host: str) -> None:
        if self.online:
            self._event(UserAddress(user, host))

    async def _on_reply(self, message: guards.PackedReply, connection: PeerConnection, user: str) -> None:
        try:
            if message.code == replies.SEARCH_CODE:
                self._answered(message.body, user)
                await connection.disconnect(CloseReason.REQUESTED)
            elif message.code == replies.FOLDER_CODE:
                ticket, _, listing = replies.read_folder(message.body)
                future = self._folders.get((user, ticket))
                if future is not None and not future.done():
                    future.set_result(msgspec.structs.replace(listing, user=user))
            elif message.body and (browse := self._browses.get(user)) is not None:
                await browse.sink(message.body, 0)  # it came obfuscated, in one piece
                await browse.sink(b"", 0)
        except (PeerError, ConnectionReadError):
            await connection.disconnect(CloseReason.READ_ERROR)

    def _answered(self, body: bytes, user: str) -> None:
        answer = replies.read_search(body)
        counts = self._searches.get(answer.token)
        if counts is None or answer.user != user or not self.online:
            return
        if counts[user] < ANSWERS_A_USER and counts[_ALL] < ANSWERS_A_SEARCH:
            counts[user] += 1
            counts[_ALL] += 1
            self._event(Answered(answer))


def _keep_alive(connection: ServerConnection) -> None:
    """A half-open line is noticed in minutes, not at the next ping that fails."""
    line = connection._writer.get_extra_info("socket") if connection._writer is not None else None
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
