"""A front end's side of the attach socket: the engine of another process as an `EngineClient`.

Rules:
- Two threads of its own read and write; `post` and `drain` never block. Neither trio nor the engine is imported.
- It is attached before the front end starts, so that what keeps it out is said before a screen is taken.
- Letting go (`stop`) leaves the engine running. Its end without a word is told as an `EngineEnded` that says so.
"""

from __future__ import annotations

import itertools
import logging
import queue
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from slskmesh import __version__
from slskmesh.engine import attach_wire as wire
from slskmesh.engine.attach_place import connect_to, socket_path
from slskmesh.engine.client import Batch
from slskmesh.engine.commands import Command
from slskmesh.engine.events import EngineEnded, Event, Reply
from slskmesh.engine.hub import VIEWER_BITS
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.views import View
from slskmesh.errors import SlskmeshError
from slskmesh.paths import Home
from slskmesh.text import sanitize

log = logging.getLogger("slskmesh.attach")

ANSWER_SECONDS: Final = 10.0
POSTS_MAX: Final = 1_000  # commands that wait to be sent
_LIVES_SECONDS: Final = 2.0
_READ: Final = 256 * 1024
_TRIES: Final = 8  # numbers; that one is taken is a matter of luck


class NobodyAnswers(SlskmeshError):
    """Nothing listens on the socket of this home, or it says nothing."""


class TurnedAway(SlskmeshError):
    """What runs on the home does not take this front end; the text is its own."""


def answers(home: Path, timeout: float = ANSWER_SECONDS) -> bool:
    """Whether something listens on the socket of a home."""
    try:
        connect_to(Home(home), timeout).close()
    except OSError:
        return False
    return True


def attach(home: Path, *, screen: bool = False, timeout: float = ANSWER_SECONDS) -> AttachedEngine:
    """Attaches to what runs on a home. `screen`: somebody looks at it. NobodyAnswers, TurnedAway."""
    place = Home(home)
    for _ in range(_TRIES):
        viewer = random.SystemRandom().randrange(1, wire.NUMBERS_MAX)
        hello = wire.Hello(wire.PROTOCOL, __version__, viewer, screen)
        try:
            line = connect_to(place, timeout)
        except OSError as error:
            raise _nobody(place, error) from error
        frames = wire.Frames(wire.HELLO_MAX)
        try:
            line.sendall(wire.encode_hello(hello))
            answer = wire.decode_answer(_first(line, frames))
        except OSError as error:
            line.close()
            raise _nobody(place, error) from error
        except wire.WireFault as error:
            line.close()
            raise TurnedAway(f"{socket_path(place)}: {error}; restart what runs there") from error
        if isinstance(answer, wire.Welcome):
            line.settimeout(None)
            frames.most = wire.DOWN_MAX
            return AttachedEngine(place, line, viewer, frames)
        line.close()
        if not answer.again:
            raise TurnedAway(str(answer.text))
    raise TurnedAway("no number is left on this home; detach another terminal first")


def _lives(home: Home) -> bool:
    """Whether what runs on a home takes front ends: of a process that dies the socket may last a moment longer."""
    try:
        attach(home.root, timeout=_LIVES_SECONDS).stop()
    except NobodyAnswers:
        return False
    except TurnedAway:
        return True
    return True


def _first(line: socket.socket, frames: wire.Frames) -> bytes:
    while (body := frames.next()) is None:
        data = line.recv(_READ)
        if not data:
            raise ConnectionResetError("the line was closed")
        frames.feed(data)
    return body


def _nobody(home: Home, error: OSError) -> NobodyAnswers:
    why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
    return NobodyAnswers(f"nothing answers on {socket_path(home)}: {why}")


class AttachedEngine:
    """One connection to a running engine. Implements `EngineClient`; made by `attach`."""

    attached = True

    def __init__(self, home: Home, line: socket.socket, viewer: int, frames: wire.Frames) -> None:
        self.home = home
        self.error: BaseException | None = None
        self._line, self._frames = line, frames
        self._numbers = itertools.count((viewer << VIEWER_BITS) + 1)
        self._mailbox = Mailbox()
        self._posts: queue.Queue[bytes | None] = queue.Queue(POSTS_MAX)
        self._over = threading.Event()
        self._leaving = False
        self._reader = threading.Thread(target=self._read, name="attach-read", daemon=True)
        self._writer = threading.Thread(target=self._write, name="attach-write", daemon=True)

    def start(self, wake: Callable[[], None]) -> None:
        """Starts taking what the engine tells; returns at once."""
        self._mailbox.on_wake(wake)
        self._reader.start()
        self._writer.start()

    def post(self, command: Command) -> int:
        """Sends a command; the Reply event carries the number returned here."""
        request = next(self._numbers)
        try:
            if self._over.is_set():
                raise wire.WireFault("the engine is stopped")
            self._posts.put_nowait(wire.encode_post(request, command))
        except queue.Full:
            self._refuse(request, "too many commands are waiting")
        except wire.WireFault as error:
            self._refuse(request, str(error))
        return request

    def drain(self) -> Batch:
        """Takes what came up."""
        return self._mailbox.drain()

    def stop(self, timeout: float = 5.0) -> bool:
        """Lets go of the engine, which goes on; what was posted is sent before, where it is taken in time."""
        self._leaving = True
        if self._writer.is_alive():
            try:
                self._posts.put(None, timeout=timeout / 2)
                self._writer.join(timeout / 2)
            except queue.Full:
                pass  # it takes nothing, so it would not take this either
        self._close()
        for thread in (self._writer, self._reader):
            if thread.ident is not None:
                thread.join(1.0)
        self._line.close()
        return True

    def _refuse(self, request: int, text: str) -> None:
        self._mailbox.put_event(Reply(request, False, sanitize(text, 400)))

    def _close(self) -> None:
        self._over.set()
        try:
            self._line.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed by the other side

    # -- threads -------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        while (data := self._posts.get()) is not None:
            try:
                self._line.sendall(data)
            except OSError:
                return  # the reader sees it too, and tells why

    def _read(self) -> None:
        try:
            ended = self._listen()
        except (OSError, wire.WireFault) as error:
            ended = EngineEnded(False, sanitize(self._why(error), 400))
        # As of the engine's own thread: the last line of defence, told to the person and logged in full.
        except BaseException as error:
            self.error = error
            log.exception("the connection to the engine failed")
            words = f"{type(error).__name__} while listening to the engine; the log has the details"
            ended = EngineEnded(False, sanitize(words, 400))
        self._over.set()
        self._posts_end()
        if not self._leaving:
            self._mailbox.put_event(ended)

    def _listen(self) -> EngineEnded:
        """Puts what the engine tells into the letter box until it says that it ends. OSError, WireFault: it broke."""
        while True:
            while (body := self._frames.next()) is not None:
                told = wire.decode_tell(body)
                match told:
                    case EngineEnded():
                        return told
                    case wire.Dropped():
                        self._mailbox.leave_out(told.count)
                    case View():
                        self._mailbox.put_view(told)
                    case Event():
                        self._mailbox.put_event(told)
            data = self._line.recv(_READ)
            if not data:
                raise ConnectionResetError("it closed the line")
            self._frames.feed(data)

    def _posts_end(self) -> None:
        """Wakes the writer for its end."""
        try:
            self._posts.put_nowait(None)
        except queue.Full:
            pass  # it is sending, and finds the line broken

    def _why(self, error: OSError | wire.WireFault) -> str:
        if isinstance(error, wire.WireFault):
            return f"what the daemon tells cannot be read ({error}); restart it"
        if not self._leaving and _lives(self.home):
            return "the daemon cut this connection off, and goes on"
        return "the daemon is gone: it was killed, or it failed"
