"""The overlay's shell: listens, dials, keeps at most one session per peer, follows the peer book.

Rules:
- Before TLS: bounds on half-open connections; where all are taken the oldest gives way, as an honest handshake takes
  milliseconds and a slow one must not shut the door. Before Hello: our own key and keys we refuse are turned away.
- Two peers that dial each other at the same time keep the connection the smaller key opened, on both sides; any
  later second connection replaces the first (the other side restarted and its old line is dead).
- A session's fault is the peer's; `on_fault` hears of it. Nothing of a peer's free text goes into a log.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import trio

from slskmesh.errors import PeerError, UserError
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import PeerId, peer_short
from slskmesh.overlay.address import join_address, split_address
from slskmesh.overlay.admission import Admission, Limits
from slskmesh.overlay.book import PeerBook
from slskmesh.overlay.port import Session
from slskmesh.overlay.router import MessageRouter
from slskmesh.overlay.session import PeerSession, Timings, greet
from slskmesh.overlay.throttle import DownloadLimit, Turn, UploadLimit
from slskmesh.overlay.tls import TlsStream, make_context
from slskmesh.wire.frames import control_frame
from slskmesh.wire.messages import Bye, Hello

log = logging.getLogger("slskmesh.overlay")

_SAME_TIME = 10.0  # seconds within which two connections count as a simultaneous dial
_INCOMING_WAIT = 2.0  # seconds the connection that is kept instead of ours may take to come up
_DIALS_MAX = 8
_BACKLOG = 128


class Overlay:
    """All sessions of one node."""

    def __init__(
        self,
        identity: Identity,
        router: MessageRouter,
        book: PeerBook,
        *,
        hello: Callable[[int], Hello],
        may_connect: Callable[[PeerId], bool] = lambda peer: True,
        on_fault: Callable[[Session, PeerError], None] = lambda session, error: None,
        limits: Limits | None = None,
        timings: Timings | None = None,
        session_type: type[PeerSession] = PeerSession,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.identity = identity
        self.book = book
        self.sessions: dict[PeerId, PeerSession] = {}
        self.dialling: set[PeerId] = set()
        self.listening: tuple[str, int] | None = None
        self._throttle = DownloadLimit()
        self._upload_limit = UploadLimit()
        self._router = router
        self._hello = hello
        self._may_connect = may_connect
        self._on_fault = on_fault
        self._limits = limits or Limits()
        self._admission = Admission(self._limits)
        self._timings = timings or Timings()
        self._session_type = session_type
        self._clock = clock
        self._server = make_context(identity.path, server=True)
        self._client = make_context(identity.path, server=False)
        self._left: dict[PeerId, trio.Event] = {}
        self._opening: dict[trio.CancelScope, trio.Event] = {}  # handshakes from outside, oldest first
        self._dial_slots = trio.CapacityLimiter(_DIALS_MAX)
        self._look = trio.Event()
        self._opened = trio.Event()
        self._ending = False
        self._nursery: trio.Nursery | None = None
        self._listen_scope: trio.CancelScope | None = None

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Follows the peer book and owns all sessions until cancelled; `shutdown` first is the polite way."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await self._follow_book(nursery)

    async def shutdown(self) -> None:
        """Stops listening and dialling and tells every peer; at most a little longer than the linger time."""
        self._ending = True
        self.stop_listening()
        left = list(self._left.values())
        for session in list(self.sessions.values()):
            session.close("shutdown", "the peer's program ends")
        for event in left:
            await event.wait()

    async def listen(self, address: str) -> str:
        """Starts listening on "host:port" (port 0: any free one); returns the address bound.

        UserError if the address cannot be bound. A second call moves the listener.
        """
        host, port = split_address(address)
        self.stop_listening()
        try:
            listeners = await trio.open_tcp_listeners(port, host=host, backlog=_BACKLOG)
        except OSError as error:
            raise UserError(
                f"cannot listen on {address}: {error.strerror or error}; choose another overlay.listen"
            ) from error
        bound = listeners[0].socket.getsockname()
        self.listening = (host, bound[1])
        assert self._nursery is not None, "listen() before run()"
        self._listen_scope = await self._nursery.start(self._serve, listeners)
        return join_address(host, bound[1])

    def stop_listening(self) -> None:
        """Closes the listener; sessions stay."""
        if self._listen_scope is not None:
            self._listen_scope.cancel()
            self._listen_scope = None
        self.listening = None

    async def _serve(
        self,
        listeners: list[trio.SocketListener],
        task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        with trio.CancelScope() as scope:
            task_status.started(scope)
            await trio.serve_listeners(self._accept, listeners, handler_nursery=self._nursery)

    async def _follow_book(self, nursery: trio.Nursery) -> None:
        while True:
            for entry in [] if self._ending else self.book.due(self._clock()):
                peer = entry.peer
                if peer in self.sessions or peer in self.dialling or not self._may_connect(peer):
                    continue
                if len(self.sessions) + len(self.dialling) >= self._limits.sessions:
                    break
                self.dialling.add(peer)
                nursery.start_soon(self._redial, peer, list(entry.addresses))
            self._look = trio.Event()
            with trio.move_on_after(1.0):
                await self._look.wait()

    async def _redial(self, peer: PeerId, addresses: list[str]) -> None:
        async with self._dial_slots:
            try:
                await self._dial(peer, addresses)
            except PeerError as error:
                log.info("dial to %s failed: %s", peer_short(peer), error.code)
            finally:
                self.dialling.discard(peer)

    # -- dialling ----------------------------------------------------------------------------------------------

    async def connect(
        self, peer: PeerId | None, addresses: Sequence[str], *, found: bool = False
    ) -> PeerSession:
        """Dials these addresses in turn; returns the open session. PeerError says why none answered.

        With `peer` None whoever answers is accepted, and its key is what its certificate proves. `found`: nobody asked
        for this peer by name; where it does not answer nothing is kept of it.
        """
        if peer is not None and peer in self.sessions:
            return self.sessions[peer]
        if peer is not None:
            self.dialling.add(peer)
        stranger = found and peer is not None and peer not in self.book.entries
        try:
            return await self._dial(peer, addresses)
        except PeerError:
            if stranger and peer is not None:
                self.book.forget(peer)
            raise
        finally:
            if peer is not None:
                self.dialling.discard(peer)

    async def _incoming(self, peer: PeerId) -> PeerSession | None:
        """Both sides dialled at once and the other's connection is kept: waits for it, but not for long."""
        with trio.move_on_after(min(_INCOMING_WAIT, self._timings.handshake)):
            while peer not in self.sessions:
                await self._opened.wait()
        return self.sessions.get(peer)

    async def _dial(self, peer: PeerId | None, addresses: Sequence[str]) -> PeerSession:
        errors: list[PeerError] = []
        for address in addresses:
            try:
                return await self._dial_one(peer, address)
            except PeerError as error:
                errors.append(error)
                if error.code == "duplicate" and peer is not None:
                    session = await self._incoming(peer)
                    if session is not None:
                        return session
                    break
        reason = "; ".join(f"{a}: {e}" for a, e in zip(addresses, errors, strict=False)) or "no address known"
        if peer is not None:
            self.book.failed(peer, self._clock(), str(errors[-1]) if errors else reason)
        raise PeerError(errors[-1].code if errors else "unreachable", reason, blame=False)

    async def _dial_one(self, expected: PeerId | None, address: str) -> PeerSession:
        host, port = split_address(address)
        try:
            with trio.fail_after(self._timings.connect):
                connection = await trio.open_tcp_stream(host, port)
        except (OSError, trio.TooSlowError) as error:
            reason = "no answer" if isinstance(error, trio.TooSlowError) else _os_reason(error)
            raise PeerError("unreachable", reason, blame=False) from error
        sock = connection.socket
        ip = sock.getpeername()[0]
        stream = TlsStream(sock, self._client, server=False)
        async with self._closing_on_failure(stream):
            with _deadline(self._timings.handshake):
                peer = await stream.handshake()
                if expected is not None and peer != expected:
                    raise PeerError("wrong-peer", f"another peer ({peer_short(peer)}) answers there")
                self._check_key(peer)
                remote = await greet(stream, self._own_hello(), server=False)
            session = self._session(stream, peer, remote, outbound=True, address=address)
        assert self._nursery is not None, "connect() before run()"
        await self._nursery.start(self._hold, session, stream, ip)
        return session

    # -- accepting ---------------------------------------------------------------------------------------------

    async def _accept(self, connection: trio.SocketStream) -> None:
        sock = connection.socket
        try:
            ip, port = sock.getpeername()[:2]
            self._admission.check(ip)
            await self._give_way()
            self._admission.knock(ip)
        except (OSError, PeerError):
            sock.close()
            return
        try:
            opened = await self._open_from_outside(sock, ip, port)
            if opened is not None:
                await self._hold(*opened, ip, knocked=True)
        except PeerError as error:
            log.info("connection from outside refused: %s", error.code)

    async def _open_from_outside(
        self, sock: trio.socket.SocketType, ip: str, port: int
    ) -> tuple[PeerSession, TlsStream] | None:
        """The session of a line that knocked; None if it had to give way meanwhile."""
        scope, over = trio.CancelScope(), trio.Event()
        self._opening[scope] = over
        try:
            with scope:
                return await self._receive_peer(sock, ip, port)
            return None
        finally:
            self._opening.pop(scope, None)
            over.set()

    async def _give_way(self) -> None:
        while self._admission.crowded and self._opening:
            scope, over = next(iter(self._opening.items()))
            del self._opening[scope]
            scope.cancel()
            await over.wait()

    async def _receive_peer(
        self, sock: trio.socket.SocketType, ip: str, port: int
    ) -> tuple[PeerSession, TlsStream]:
        stream = TlsStream(sock, self._server, server=True)
        try:
            async with self._closing_on_failure(stream):
                with _deadline(self._timings.handshake):
                    peer = await stream.handshake()
                    self._check_key(peer)
                    remote = await greet(stream, self._own_hello(), server=True)
                address = join_address(ip, port)
                return self._session(stream, peer, remote, outbound=False, address=address), stream
        except BaseException:
            self._admission.leave(ip)
            raise

    def _check_key(self, peer: PeerId) -> None:
        if peer == self.identity.peer:
            raise PeerError("self", "this is our own key: the address leads back to ourselves", blame=False)
        if not self._may_connect(peer):
            raise PeerError("blocked", f"{peer_short(peer)} is not welcome here", blame=False)

    @contextlib.asynccontextmanager
    async def _closing_on_failure(self, stream: TlsStream) -> AsyncIterator[None]:
        """A refused peer is told why where the line can still carry it; the socket is closed in any case."""
        try:
            yield
        except PeerError as error:
            if error.code in ("blocked", "full", "version", "self", "duplicate"):
                with trio.move_on_after(self._timings.linger), contextlib.suppress(PeerError):
                    await stream.send([control_frame(Bye(error.code, str(error)[:200]))])
            await stream.close(0.0 if error.code in ("gone", "handshake") else self._timings.linger)
            raise
        except BaseException:
            stream.abort()
            raise

    # -- sessions ----------------------------------------------------------------------------------------------

    def _own_hello(self) -> Hello:
        return self._hello(self.listening[1] if self.listening else 0)

    def _session(
        self, stream: TlsStream, peer: PeerId, remote: Hello, *, outbound: bool, address: str
    ) -> PeerSession:
        stream.throttle = self._throttle
        session = self._session_type(
            stream,
            peer,
            remote,
            outbound=outbound,
            address=address,
            router=self._router,
            timings=self._timings,
        )
        session.turn = Turn(self._upload_limit)
        return session

    async def _hold(
        self,
        session: PeerSession,
        stream: TlsStream,
        ip: str,
        *,
        knocked: bool = False,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Owns a session from its Hellos to its end."""
        entered = False
        try:
            async with self._closing_on_failure(stream):
                await self._make_way(session)
                self._admission.enter(ip)
                entered = True
        finally:
            if knocked:
                self._admission.leave(ip)
        peer = session.peer
        self.sessions[peer] = session
        left = self._left[peer] = trio.Event()
        self._meet(session, ip)
        self._router.opened(session)
        self._opened.set()
        self._opened = trio.Event()
        task_status.started()
        try:
            await session.run()
        finally:
            if entered:
                self._admission.exit(ip)
            del self.sessions[peer]
            del self._left[peer]
            left.set()
            self._part(session)

    def _meet(self, session: PeerSession, ip: str) -> None:
        listens = session.address if session.outbound else None
        if not session.outbound and session.remote.port:
            listens = join_address(ip, session.remote.port)
        self.book.met(session.peer, session.remote.name, listens, self._clock())
        log.info("session with %s open", peer_short(session.peer))

    def _part(self, session: PeerSession) -> None:
        log.info("session with %s over: %s", peer_short(session.peer), session.error and session.error.code)
        if session.peer in self.book.entries:
            self.book.lost(session.peer, self._clock(), session.reason)
        self._router.closed(session, session.reason or "closed")
        if session.error is not None and session.error.blame:
            self._on_fault(session, session.error)

    async def _make_way(self, session: PeerSession) -> None:
        """At most one session a peer: turns the new one away ("duplicate") or waits for the old one to be gone."""
        while (old := self.sessions.get(session.peer)) is not None:
            same_time = session.opened_at - old.opened_at < _SAME_TIME
            if same_time and old.outbound != session.outbound:
                keep_outbound = self.identity.peer < session.peer
                if session.outbound != keep_outbound:
                    raise PeerError("duplicate", "another connection to the same peer is kept", blame=False)
            old.close("duplicate", "replaced by a newer connection")
            await self._left[session.peer].wait()

    def disconnect(self, peer: PeerId, code: str, reason: str) -> bool:
        """Closes the session with a peer; False if there is none."""
        session = self.sessions.get(peer)
        if session is not None:
            session.close(code, reason)
        return session is not None

    def limit_downloads(self, rate: int) -> None:
        """All sessions together receive at most `rate` bytes per second; 0 takes the limit away."""
        self._throttle.set(rate)

    def limit_uploads(self, rate: int) -> None:
        """All sessions together send at most `rate` bytes of chunk data per second; 0 takes the limit away."""
        self._upload_limit.set(rate)

    def look_again(self) -> None:
        """The book changed: dial what is due now."""
        self._look.set()


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError as error:
        raise PeerError("timeout", "the handshake took too long", blame=False) from error


def _os_reason(error: OSError) -> str:
    inner = error.__cause__
    if isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[-1]  # one per address the name resolved to
    text = getattr(inner, "strerror", None) or error.strerror or str(error)
    return str(text).lower()
