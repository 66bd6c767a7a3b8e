"""One authenticated line to one peer: handshake, Hellos, reading, writing, keepalive.

Rules:
- After TLS, each side's first frame is its Hello (or a Bye that says why not). The dialler counts the session as
  up only after the listener's Hello: in TLS 1.3 it finishes before the listener has judged its certificate.
- One task reads, one writes, one keeps the line alive. The first PeerError of any of them ends the session.
- A peer may send control messages at a bounded rate; pings at a much lower one.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Awaitable, Callable

import msgspec
import trio

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.outbox import ChunkSend, Outbox
from slskmesh.overlay.pacing import FrameSizer, TokenBucket
from slskmesh.overlay.port import DataHeader, Priority
from slskmesh.overlay.router import MessageRouter
from slskmesh.overlay.throttle import Turn, UploadLimit
from slskmesh.overlay.tls import TlsStream
from slskmesh.text import sanitize
from slskmesh.wire import limits
from slskmesh.wire.codec import decode
from slskmesh.wire.frames import CONTROL, control_frame, parse_data_header, parse_header
from slskmesh.wire.messages import Bye, Hello, Message, Ping, Pong

_HELLO_MAX = 4096  # bytes of a first frame
_MESSAGES = (4000.0, 8000.0)  # control messages a second, burst
_PINGS = (2.0, 40.0)  # a peer we read slowly may have some waiting
_DISCARD = 64 * 1024
_PROGRESS = 1024  # bytes between two looks that count as life; a dribble does not
_CODE = re.compile(r"[a-z-]{1,32}")  # what a Bye's code must look like to become ours: it goes into logs


class Timings(msgspec.Struct, frozen=True):
    """Seconds a line may take for each step (libtorrent's values where they fit)."""

    connect: float = 10.0
    handshake: float = 10.0  # TLS and both Hellos together
    ping_every: float = 20.0
    silence: float = 60.0  # nothing received for so long ends the session
    linger: float = 1.0


class PeerSession:
    """A session as `overlay/port.py` describes it."""

    def __init__(
        self,
        stream: TlsStream,
        peer: PeerId,
        remote: Hello,
        *,
        outbound: bool,
        address: str,
        router: MessageRouter,
        timings: Timings,
    ) -> None:
        self.peer = peer
        self.remote = remote
        self.outbound = outbound
        self.address = address
        self.since = time.time()
        self.opened_at = trio.current_time()
        self.rtt: float | None = None
        self.received = 0
        self.sent = 0
        self.closed = trio.Event()
        self.reason = ""
        self.error: PeerError | None = None
        self._stream = stream
        self._router = router
        self._timings = timings
        self._outbox = Outbox()
        self._sizer = FrameSizer()
        self.turn = Turn(UploadLimit())
        self._wake = trio.Event()
        self._scope = trio.CancelScope()
        self._ending: Bye | None = None
        self._closing = trio.Event()
        self._sending: float | None = None  # since when the line has been taking the same buffers
        self._heard = trio.current_time()
        self._ping_sent = 0.0  # when the newest Ping left
        self._ping_token = 0
        self._pong_token = 0  # the newest Ping that was answered
        self._messages = TokenBucket(*_MESSAGES)
        self._pings = TokenBucket(*_PINGS)

    # -- the port ----------------------------------------------------------------------------------------------

    def send(self, message: Message, priority: Priority = Priority.CONTROL) -> None:
        """Queues a message; a full queue ends the session."""
        if self._ending is not None or self.closed.is_set():
            return
        try:
            self._outbox.put(control_frame(message), priority)
        except PeerError as error:
            self._fail(error)
            return
        self._wake.set()

    async def send_chunk(self, stream: int, chunk: int, data: memoryview) -> None:
        """Sends a whole chunk, frame by frame; see the port."""
        if self._ending is not None or self.closed.is_set():
            raise PeerError("gone", "the session is closed", blame=False)
        left = trio.Event()
        item = ChunkSend(stream, chunk, data, left.set)
        self._outbox.put_chunk(item)
        self._wake.set()
        try:
            await left.wait()
        except trio.Cancelled:
            if not left.is_set() and not self._outbox.withdraw(item):
                self.close("aborted", "a chunk was given up half-way")
            raise
        if item.offset < len(data):
            raise PeerError("gone", "the session closed while a chunk was being sent", blame=False)

    def close(self, code: str, reason: str = "") -> None:
        """Says Bye and ends; the first call wins."""
        if self._ending is None:
            self._ending = Bye(code[:32], reason[: limits.REASON_MAX])
            self.reason = self.reason or reason or code
            self._wake.set()
            self._closing.set()

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serves the session until it ends; `reason` then says why, `error` whose fault it was (None: nobody's)."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._guard, self._read)
                    nursery.start_soon(self._guard, self._keepalive)
                    nursery.start_soon(self._hurry)
                    await self._guard(self._write)
                    nursery.cancel_scope.cancel()
        finally:
            self.closed.set()
            self._outbox.abandon()
            await self._stream.close(self._timings.linger)

    async def _guard(self, part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        except PeerError as error:
            self._fail(error)

    def _fail(self, error: PeerError) -> None:
        if self.error is None and self._ending is None:
            self.error = error
            self.reason = str(error)
        self.close(error.code, str(error))
        if error.code in ("gone", "tls", "slow-reader", "timeout"):
            self._scope.cancel()  # nothing more can be said on this line

    async def _hurry(self) -> None:
        """A line that does not even take the Bye is cut."""
        await self._closing.wait()
        await trio.sleep(self._timings.linger)
        self._scope.cancel()

    async def _write(self) -> None:
        outbox, sizer, stream = self._outbox, self._sizer, self._stream
        stream.not_sent_low(sizer.backlog)
        while True:
            wait = self.turn.wait(trio.current_time())
            buffers = outbox.next(self.turn.portion(sizer.limit), data=not wait)
            if not buffers:
                if self._ending is not None:
                    break
                self._wake = trio.Event()
                with trio.move_on_after(wait or math.inf):
                    await self._wake.wait()
                continue
            if self._ending is not None:
                break
            self._sending = started = trio.current_time()
            size = await stream.send(buffers)
            self._sending = None
            self.sent += size
            if len(buffers) == 2:
                now = trio.current_time()
                self.turn.sent(now, size)
                if sizer.sent(size, now - started):
                    stream.not_sent_low(sizer.backlog)
        with trio.move_on_after(self._timings.linger):
            await stream.send([control_frame(self._ending)])

    async def _read(self) -> None:
        header = memoryview(bytearray(limits.FRAME_HEADER))
        data_header = memoryview(bytearray(limits.DATA_HEADER))
        stream = self._stream
        while True:
            await stream.receive_exactly(header)
            kind, length = parse_header(header)
            self._heard = trio.current_time()
            self.received += limits.FRAME_HEADER + length
            if kind == CONTROL:
                body = bytearray(length)
                await stream.receive_exactly(memoryview(body))
                self._message(decode(body))
            else:
                await stream.receive_exactly(data_header)
                await self._data(DataHeader(*parse_data_header(data_header), length - limits.DATA_HEADER))

    async def _data(self, head: DataHeader) -> None:
        view = self._router.data_begin(self, head)
        if view is not None:
            await self._stream.receive_exactly(view)
            self._router.data_end(self, head)
            return
        left = head.length
        scratch = memoryview(bytearray(min(left, _DISCARD)))
        while left:
            part = scratch[: min(left, len(scratch))]
            await self._stream.receive_exactly(part)
            left -= len(part)

    def _message(self, message: Message) -> None:
        if not self._messages.take(self._heard):
            raise PeerError("flood", "too many messages a second")
        match message:
            case Ping(token):
                if not self._pings.take(self._heard):
                    raise PeerError("flood", "too many pings")
                self.send(Pong(token))
            case Pong(token):
                self._pong(token)
            case Bye():
                raise PeerError("gone", f"the peer closed the session: {_farewell(message)}", blame=False)
            case Hello():
                raise PeerError("unexpected", "a second Hello")
            case _:
                self._router.message(self, message)

    def _pong(self, token: int) -> None:
        if not self._pong_token < token <= self._ping_token:
            raise PeerError("unexpected", "a Pong without a Ping")
        self._pong_token = token
        if token < self._ping_token:
            return  # its time was forgotten when the next one left
        sample = self._heard - self._ping_sent
        self.rtt = sample if self.rtt is None else self.rtt + 0.25 * (sample - self.rtt)

    async def _keepalive(self) -> None:
        taken, given = self._stream.taken, self._stream.given
        while True:
            # Also while the last one is unanswered: a peer that is read slowly must not take us for dead.
            self._ping_token += 1
            self._ping_sent = trio.current_time()
            self.send(Ping(self._ping_token))
            await trio.sleep(min(self._timings.ping_every, self._timings.silence / 3))
            now = trio.current_time()
            if self._stream.taken - taken >= _PROGRESS:  # a long frame on a line that many share
                self._heard = now
            if self._sending is not None and self._stream.given - given >= _PROGRESS:
                self._sending = now
            taken, given = self._stream.taken, self._stream.given
            if now - self._heard > self._timings.silence:
                raise PeerError("timeout", f"nothing heard for {math.ceil(now - self._heard)} s", blame=False)
            if self._sending is not None and now - self._sending > self._timings.silence:
                raise PeerError("slow-reader", "the peer does not read what it is sent", blame=False)


async def greet(stream: TlsStream, own: Hello, *, server: bool) -> Hello:
    """Exchanges Hellos. PeerError with the peer's own code where it says Bye instead."""
    if server:
        await stream.send([control_frame(own)])
    remote = await _first_frame(stream)
    if not server:
        await stream.send([control_frame(own)])
    if isinstance(remote, Bye):
        code = remote.code if _CODE.fullmatch(remote.code) else "refused"
        raise PeerError(code, f"the peer refuses: {_farewell(remote)}", blame=False)
    if not isinstance(remote, Hello):
        raise PeerError("unexpected", f"{type(remote).__name__} before Hello")
    if remote.version < 1:
        raise PeerError(
            "version", f"the peer speaks protocol version {remote.version}, this one needs 1 or newer"
        )
    return remote


def _farewell(bye: Bye) -> str:
    return sanitize(bye.reason or bye.code, limits.REASON_MAX)


async def _first_frame(stream: TlsStream) -> Message:
    header = memoryview(bytearray(limits.FRAME_HEADER))
    await stream.receive_exactly(header)
    kind, length = parse_header(header)
    if kind != CONTROL or length > _HELLO_MAX:
        raise PeerError("unexpected", "something else than a Hello as the first frame")
    body = bytearray(length)
    await stream.receive_exactly(memoryview(body))
    return decode(body)
