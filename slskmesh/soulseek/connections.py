"""The sockets of the legacy client: where it listens, whom it dials, how many lines it holds.

Rules:
- It listens at the configured address only, with the plain port only; port 0 is any free one, and told as what it is.
- A user whom the server calls offline costs one question, not a wait of a minute; every wait ends.
- Without a session nothing is asked of the server; lines to users that are there stay.
- Who can be dialled is not asked to dial as well: the way through the server is taken only where the direct one has not
  come in HEAD_START seconds. Of two lines one is closed, and with it what the user has just sent on it.
- Two clients that dial each other at once each close a line the other may think good. A line we did not ask for is
  used only once it has carried a message or outlived its first second; what was asked on a line that closes before
  the answer is asked again on another.
- Lines taken in and dials on the server's behalf are bounded; what is over is closed or left out.
- Who takes a line to us says himself who he is: where it comes from is a user's address only until the server says one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from aioslsk.exceptions import ConnectionWriteError, PeerConnectionError
from aioslsk.network.connection import (
    CloseReason,
    ConnectionState,
    DataConnection,
    ListeningConnection,
    PeerConnection,
    PeerConnectionType,
)
from aioslsk.network.network import Network
from aioslsk.protocol.messages import ConnectToPeer, GetPeerAddress
from aioslsk.protocol.primitives import MessageDataclass

from slskmesh.errors import UserError
from slskmesh.soulseek.guards import SharesSink
from slskmesh.soulseek.receiving import finished

LINES_MAX: Final = 1024
ADDRESSES_MAX: Final = 10_000
NAME_MAX: Final = 64  # characters of a user's name; servers allow 30
NOBODY: Final = "0.0.0.0"
DIALS_MAX: Final = 128  # on the server's behalf, at once
HEAD_START: Final = 1.0  # seconds
_ADDRESS_WAIT: Final = 10.0
_DIAL_WAIT: Final = 30.0
_YOUNG: Final = 1.0
_ASKED_MAX: Final = 3


class UserOffline(PeerConnectionError):  # type: ignore[misc]
    """The server has no address of the user."""


class GuardedNetwork(Network):  # type: ignore[misc]
    """aioslsk's network with bounds. `listen`: host and port, or None for no listening."""

    def __init__(self, settings: Any, event_bus: Any, listen: tuple[str, int] | None) -> None:
        self._listen = listen
        self.listening_connections: tuple[ListeningConnection | None, None] = (None, None)
        self.online = False  # a session, not only a socket
        self.sessions = 0  # so far
        self._awaited: set[asyncio.Future[Any]] = set()  # answers of the server that are waited for
        self.sinks: dict[str, SharesSink] = {}  # users who were asked for their shares
        self._dials = 0
        self.addresses = Addresses()
        self.on_address: Callable[[str, str], None] = lambda user, host: None
        self._proven: WeakSet[PeerConnection] = WeakSet()
        self._since: WeakKeyDictionary[PeerConnection, float] = WeakKeyDictionary()
        self._closing: WeakKeyDictionary[PeerConnection, asyncio.Future[None]] = WeakKeyDictionary()
        super().__init__(settings, event_bus)

    # -- listening ---------------------------------------------------------------------------------------------

    def create_listening_connections(self) -> tuple[ListeningConnection | None, None]:
        """One, plain, at the configured address."""
        return (ListeningConnection(*self._listen, self) if self._listen is not None else None), None

    async def listen(self, listen: tuple[str, int] | None) -> None:
        """Listens there from now on. ListeningConnectionFailedError where the address cannot be had."""
        line = self.listening_connections[0]
        if listen == self._listen and (line is None or line.state is ConnectionState.CONNECTED):
            return
        await self.disconnect_listening_ports()
        self._listen = listen
        self.listening_connections = self.create_listening_connections()
        line = self.listening_connections[0]
        if line is not None:
            await finished(
                self.connect_listening_ports()
            )  # cancelled in the middle it would leave a socket open
            line.port = line._server.sockets[0].getsockname()[1]

    @property
    def listening(self) -> tuple[str, int] | None:
        """Where it listens now."""
        line = self.listening_connections[0]
        if line is None or line.state is not ConnectionState.CONNECTED:
            return None
        return line.hostname, line.port

    async def on_peer_accepted(self, connection: PeerConnection) -> None:
        """Takes a line in, while there is room."""
        if len(self.peer_connections) >= LINES_MAX:
            await connection.disconnect(CloseReason.REQUESTED)
            return
        await super().on_peer_accepted(connection)

    # -- dialling ----------------------------------------------------------------------------------------------

    async def create_peer_connection(
        self,
        username: str,
        typ: str,
        ip: str | None = None,
        port: int | None = None,
        obfuscate: bool = False,
    ) -> PeerConnection:
        """A line to a user, directly or through the server, whichever comes first. PeerConnectionError after 30 s."""
        if not self.online:
            raise PeerConnectionError("no session with the server")
        try:
            async with asyncio.timeout(_DIAL_WAIT):
                if ip is None or port is None:
                    ip, plain, obfuscated = await self._get_peer_address(username)
                    port, obfuscate = self.select_port(plain, obfuscated or 0)
                line = await super().create_peer_connection(username, typ, ip, port, obfuscate)
                self._proven.add(line)
                return line
        except TimeoutError:
            raise PeerConnectionError("the user did not answer in time") from None

    async def _make_indirect_connection(self, ticket: int, username: str, typ: str) -> PeerConnection:
        await asyncio.sleep(HEAD_START)  # cancelled where the direct line has come
        return await super()._make_indirect_connection(ticket, username, typ)

    async def get_peer_connection(self, username: str, typ: str = PeerConnectionType.PEER) -> PeerConnection:
        """A line that is there and has proven good, else a new one."""
        now = asyncio.get_running_loop().time()
        for line in self.get_active_peer_connections(username, typ):
            if line in self._proven or now - self._since.get(line, now) > _YOUNG:
                return line
        return await self.create_peer_connection(username, typ)

    async def ask(self, user: str, message: MessageDataclass, answer: asyncio.Future[Any]) -> None:
        """Asks a user, and again on another line where one closes, until `answer` is done."""
        for _ in range(_ASKED_MAX):
            if await self.deliver(user, message, answer):
                return
        raise PeerConnectionError("the user closes his lines")

    async def deliver(
        self,
        user: str,
        message: MessageDataclass,
        taken: asyncio.Future[Any],
        sent: Callable[[], None] = lambda: None,
    ) -> bool:
        """Sends, calls `sent`, and waits until `taken` is done, True, or the line closes, False."""
        line = await self.get_peer_connection(user)
        closed = self._closing.setdefault(line, asyncio.get_running_loop().create_future())
        try:
            await line.send_message(message)
        except ConnectionWriteError:
            return taken.done()
        if line.state is not ConnectionState.CONNECTED:
            return taken.done()
        sent()
        await asyncio.wait((taken, closed), return_when=asyncio.FIRST_COMPLETED)
        return taken.done()

    def remove_peer_connection(self, connection: PeerConnection) -> None:
        """The line is closed."""
        super().remove_peer_connection(connection)
        self._proven.discard(connection)
        closed = self._closing.pop(connection, None)
        if closed is not None and not closed.done():
            closed.set_result(None)

    def _finalize_peer_connection(self, connection: PeerConnection) -> None:
        self._since[connection] = asyncio.get_running_loop().time()
        if connection.username:
            self._located(connection.username, connection.hostname)
        super()._finalize_peer_connection(connection)

    async def on_message_received(self, message: MessageDataclass, connection: DataConnection) -> None:
        """A message of the server or a user."""
        if isinstance(connection, PeerConnection):
            self._proven.add(connection)
        await super().on_message_received(message, connection)

    async def _get_peer_address(self, username: str) -> tuple[str, int, int]:
        """A user's address as the server has it; port 0 where he cannot be dialled directly."""
        future = self.create_server_response_future(GetPeerAddress.Response, fields={"username": username})
        self._awaited.add(future)
        try:
            async with asyncio.timeout(_ADDRESS_WAIT):
                await self.server_connection.send_message(GetPeerAddress.Request(username))
                _, answer = await future
        except TimeoutError:
            raise PeerConnectionError("the server did not tell the user's address") from None
        finally:
            self._awaited.discard(future)
            future.cancel()
        if answer.ip == NOBODY:
            raise UserOffline("the user is offline")
        self._located(username, answer.ip, by_server=True)
        return answer.ip, answer.port, answer.obfuscated_port or 0

    def _located(self, user: str, host: str, *, by_server: bool = False) -> None:
        if self.addresses.learn(user, host, by_server=by_server):
            self.on_address(user, host)

    async def _handle_connect_to_peer(self, message: ConnectToPeer.Response) -> None:
        self._located(message.username, message.ip, by_server=True)
        if self._dials >= DIALS_MAX or len(self.peer_connections) >= LINES_MAX:
            return
        self._dials += 1
        try:
            await super()._handle_connect_to_peer(message)
        finally:
            self._dials -= 1

    def session_ended(self) -> None:
        """What the server was asked it will not answer; lines to users stay."""
        self.online = False
        for future in self._awaited:
            if not future.done():
                future.set_exception(PeerConnectionError("the session with the server ended"))

    # -- shares ------------------------------------------------------------------------------------------------

    def shares_sink(self, connection: DataConnection) -> SharesSink | None:
        """Where shares that come on this line go; None for users who were not asked."""
        if (
            not isinstance(connection, PeerConnection)
            or connection.connection_type != PeerConnectionType.PEER
        ):
            return None
        return self.sinks.get(connection.username or "")


class Addresses:
    """Where users are, as far as it is known in this session; ADDRESSES_MAX of them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, bool]] = {}

    def learn(self, user: str, host: str, *, by_server: bool) -> bool:
        """Whether that is new: the server's word counts for more than where a line comes from."""
        if len(user) > NAME_MAX or host in ("", NOBODY):
            return False
        before, said = self._known.pop(user, ("", False))
        if said and not by_server:
            self._known[user] = before, said
            return False
        while len(self._known) >= ADDRESSES_MAX:
            del self._known[next(iter(self._known))]
        self._known[user] = host, by_server
        return host != before

    def clear(self) -> None:
        """A new session."""
        self._known.clear()


def address(text: str, name: str) -> tuple[str, int]:
    """Host and port of "host:port". UserError naming the setting `name`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535 or ":" in host:
        raise UserError(f'{name} is "{text}", but must be host:port, for example 127.0.0.1:2242')
    return host, int(port)
