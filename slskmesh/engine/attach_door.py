"""The door for front ends in other processes: a unix socket of the home, each connection a front end of the hub.

Rules:
- Only processes of the same user, of the same version, with a number of their own; anything else is told why and
  turned away. A command with a number of somebody else's ends the connection.
- Nobody is waited for: what a front end does not take is coalesced and bounded as in `Mailbox`. One that took nothing
  for so long that what must not be dropped piles up is cut off; it may attach again.
- A front end that asks faster than it takes answers is not read from.
- When the engine ends in order each is told so; when one goes, what it watched and searched for ends with it.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import trio

from slskmesh import __version__
from slskmesh.engine import attach_wire as wire
from slskmesh.engine.attach_place import is_ours, listen_at, socket_path
from slskmesh.engine.events import EngineEnded, Event, Level, Notice, Reply
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.views import View
from slskmesh.errors import StorageError, UserError
from slskmesh.text import SafeStr, sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

log = logging.getLogger("slskmesh.attach")

CONNECTIONS_MAX: Final = 32  # open sockets; front ends are fewer
BACKLOG_MAX: Final = 20_000  # events for a front end that takes none
UNANSWERED_MAX: Final = 256
HELLO_SECONDS: Final = 5.0
LAST_SECONDS: Final = 1.0  # for the last words at the engine's end
_READ: Final = 64 * 1024

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


class AttachDoor:
    """Serves the socket of a home. Implements `engine.Door`."""

    def __init__(self) -> None:
        self._open = 0
        self._screens = 0
        self._encoded: dict[
            type[View], tuple[View, bytes]
        ] = {}  # the newest of a type, for all who are shown it

    async def run(
        self, engine: Engine, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listens and serves until cancelled."""
        try:
            listener = await trio.to_thread.run_sync(listen_at, engine.home)
        except StorageError as error:
            engine.notice(Level.WARN, f"nobody can attach: {error}")
            task_status.started()
            return
        ours = trio.SocketListener(trio.socket.from_stdlib_socket(listener))

        async def serve(stream: trio.SocketStream) -> None:
            await self._serve(engine, stream)

        try:
            task_status.started()
            await trio.serve_listeners(serve, [ours])
        finally:
            ours.socket.close()
            with contextlib.suppress(OSError):
                socket_path(engine.home).unlink()

    async def _serve(self, engine: Engine, stream: trio.SocketStream) -> None:
        """One connection. What goes wrong with it is its own end and nobody else's."""
        self._open += 1
        try:
            if self._open <= CONNECTIONS_MAX and is_ours(stream.socket):
                await self._hear(engine, stream)
        except _GONE:
            pass  # its process ended
        except wire.WireFault as error:
            log.warning("a front end was turned away: %s", error)
        finally:
            self._open -= 1
            await trio.aclose_forcefully(stream)

    async def _hear(self, engine: Engine, stream: trio.SocketStream) -> None:
        """Its first words, the answer to them, and then whatever it wants."""
        frames = wire.Frames(wire.HELLO_MAX)
        with trio.move_on_after(HELLO_SECONDS):
            while (body := frames.next()) is None:
                data = await stream.receive_some(_READ)
                if not data:
                    return
                frames.feed(data)
        if body is None:
            return
        hello = wire.decode_hello(body)
        frames.most = wire.UP_MAX
        front_end = FrontEnd(self, engine, stream, frames, hello)
        refusal = _refusal(engine, hello, front_end)
        if refusal is None:
            await self._attended(engine, front_end)
            return
        with trio.move_on_after(HELLO_SECONDS):
            await stream.send_all(wire.encode_answer(refusal))

    async def _attended(self, engine: Engine, front_end: FrontEnd) -> None:
        """One that was admitted, until it or the engine goes."""
        try:
            self._count(engine, front_end.screen)
            await front_end.run()
        finally:
            with trio.CancelScope(shield=True):
                await engine.dismiss(front_end.viewer)
            self._count(engine, -front_end.screen)
            if self._open == 1:
                self._encoded.clear()

    def _count(self, engine: Engine, screens: int) -> None:
        self._screens += screens
        if screens:
            engine.show_door(attached=self._screens)

    def encode(self, value: View | Event | wire.Dropped) -> bytes:
        """A frame; that of a view is made once for all. WireFault: it is too long."""
        if not isinstance(value, View):
            return wire.encode_tell(value)
        known = self._encoded.get(type(value))
        if known is None or known[0] is not value:
            known = self._encoded[type(value)] = (value, wire.encode_tell(value))
        return known[1]


def _refusal(engine: Engine, hello: wire.Hello, front_end: FrontEnd) -> wire.Refusal | None:
    """Why it may not stay; None: it may, and is a front end of the hub from now on."""
    if (hello.protocol, hello.version) != (wire.PROTOCOL, __version__):
        words = f"slskmesh {__version__} runs on this home, and this is {hello.version[:40]}"
        return wire.Refusal(sanitize(f"{words}: restart what runs there, then try again", 300))
    if not 0 < hello.viewer < wire.NUMBERS_MAX or hello.viewer in engine.hub:
        return wire.Refusal(SafeStr("this number is taken"), again=True)
    try:
        engine.hub.admit(hello.viewer, front_end)
    except UserError as error:
        return wire.Refusal(sanitize(str(error), 300))
    return None


class FrontEnd:
    """One connection as a letter box of the hub, and the tasks that read from it and write to it."""

    def __init__(
        self,
        door: AttachDoor,
        engine: Engine,
        stream: trio.SocketStream,
        frames: wire.Frames,
        hello: wire.Hello,
    ) -> None:
        self.viewer = hello.viewer
        self.screen = int(hello.screen)
        self._door, self._engine, self._stream, self._frames = door, engine, stream, frames
        self._mailbox = Mailbox()
        self._mailbox.on_wake(self._wake)
        self._more = trio.Event()
        self._answered = trio.Event()
        self._unanswered = 0
        self._scope = trio.CancelScope()
        self._out = memoryview(
            wire.encode_answer(wire.Welcome(__version__))
        )  # of the frame that is being sent
        self._next: deque[View | Event | wire.Dropped] = deque()  # after it
        self._too_long: set[str] = set()

    # -- as a box of the hub -------------------------------------------------------------------------------------

    def put_view(self, view: View) -> None:
        """As `hub.Box`."""
        self._mailbox.put_view(view)

    def put_event(self, event: Event) -> None:
        """As `hub.Box`."""
        if self._mailbox.waiting >= BACKLOG_MAX:
            log.warning("a front end that took nothing for long was cut off")
            self._scope.cancel()
            return
        self._mailbox.put_event(event)

    def _wake(self) -> None:
        self._more.set()

    # -- tasks ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until its process closes the line, breaks the rules, or the engine ends."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._part, self._write)
                nursery.start_soon(self._part, self._read)

    async def _part(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except _GONE:
            pass  # its process ended
        except wire.WireFault as error:
            log.warning("a front end was cut off: %s", error)
        self._scope.cancel()

    async def _read(self) -> None:
        while True:
            while (body := self._frames.next()) is None:
                data = await self._stream.receive_some(_READ)
                if not data:
                    return
                self._frames.feed(data)
            request, command = wire.decode_post(body)
            if viewer_of(request) != self.viewer:
                raise wire.WireFault("a command had the number of another front end")
            while self._unanswered >= UNANSWERED_MAX:
                await self._answered.wait()
            self._unanswered += 1
            self._engine.enqueue(request, command)

    async def _write(self) -> None:
        try:
            while True:
                await self._flush()
                await self._more.wait()
                self._more = trio.Event()
        except trio.Cancelled:
            if self._engine.stopping:
                with trio.move_on_after(LAST_SECONDS, shield=True):
                    await self._last_words()
            raise

    async def _last_words(self) -> None:
        with contextlib.suppress(*_GONE):
            await self._flush()
            self._next.append(EngineEnded(True, SafeStr("the daemon was stopped")))
            await self._flush()

    async def _flush(self) -> None:
        """Sends all there is. Cancelled in the midst of a frame, the next call goes on with it."""
        while True:
            while self._out:
                sent = await self._stream.socket.send(self._out)
                self._out = self._out[sent:]
            if not self._next:
                batch = self._mailbox.drain()
                self._next.extend((*batch.views, *batch.events))
                if batch.dropped:
                    self._next.append(wire.Dropped(batch.dropped))
            if not self._next:
                return
            value = self._next.popleft()
            self._out = memoryview(self._frame(value))
            if isinstance(value, Reply):
                self._unanswered -= 1
                self._answered.set()
                self._answered = trio.Event()

    def _frame(self, value: View | Event | wire.Dropped) -> bytes:
        """What cannot be sent is told instead, once a type."""
        try:
            return self._door.encode(value)
        except wire.WireFault as error:
            name = type(value).__name__
            if name in self._too_long:
                return b""
            self._too_long.add(name)
            words = sanitize(f"{name} cannot be shown here: {error}", 300)
            return wire.encode_tell(Notice(self._engine.clock(), Level.ERROR, words))
