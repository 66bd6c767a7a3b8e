"""An engine whose home is attached to, and front ends that attach, for tests."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from slskmesh import __version__
from slskmesh.engine import attach_wire as wire
from slskmesh.engine import commands as cmd
from slskmesh.engine.attach_client import attach
from slskmesh.engine.attach_door import AttachDoor
from slskmesh.engine.attach_place import connect_to
from slskmesh.engine.console import Console
from slskmesh.engine.engine import Engine
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import DoorView, View
from slskmesh.paths import Home
from tests.engine.nodes import furnish
from tests.engine.test_legacy_plane import QUICK, LegacyNode, account

WAIT = 60.0
E = TypeVar("E", bound=Event)


class Host(LegacyNode):
    """The engine, with the console of whoever started it. `engine` is there once it was built."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.home = Home(home)
        self.engine: Engine
        self._client = EngineThread(home, self._make)

    def _make(self, home: Home, box: object) -> Engine:
        self.engine = Engine(home, box, env={}, mode_times=QUICK, doors=(AttachDoor(),))  # type: ignore[arg-type]
        return self.engine

    def attached(self, count: int) -> None:
        """Waits until so many terminals are attached."""
        self.wait_view(DoorView, lambda view: view.attached == count, WAIT, f"{count} terminals")


class Guest(Console):
    """A front end that is attached, and what it was told."""

    def __init__(self, home: Path, *, screen: bool = True) -> None:
        self.client = attach(home, screen=screen, timeout=WAIT)
        self.seen: list[Event] = []
        self.shown: list[View] = []
        super().__init__(self.client, self.seen.append, self.shown.append)
        self.start()

    def told(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for event in self.seen if isinstance(event, kind)]

    def hear(self, kind: type[E], count: int = 1) -> list[E]:
        """The events of a kind once there are so many."""
        self.wait_for(lambda: len(self.told(kind)) >= count, WAIT, f"{count} {kind.__name__}")
        return self.told(kind)

    def pulse(self, times: int = 3) -> None:
        """Lets the engine go round a few times: each answer to a `Change` comes after the lists were published."""
        for _ in range(times):
            request = self.post(cmd.Pause("0" * 64))  # there is no such download
            self.wait_for(lambda r=request: any(e.request == r for e in self.told(Reply)), WAIT, "an answer")  # type: ignore[misc]


@contextlib.contextmanager
def host(root: Path, *, server: str = "", home: Path | None = None) -> Iterator[Host]:
    """An engine with a socket; `server`: of Soulseek, where it logs in as `me`."""
    settings = account(server) if server else {"mesh": {"enabled": False}}
    place = home or furnish(root, "me", settings=settings)
    if server:
        (place / "soulseek.password").write_text("secret\n")
    one = Host(place)
    one.start()
    try:
        one.listening(WAIT)
        yield one
    finally:
        assert one.stop(WAIT)


@contextlib.contextmanager
def guests(home: Path, count: int) -> Iterator[list[Guest]]:
    """Front ends attached for the length of the body."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            one = Guest(home)
            stack.callback(one.stop)
            made.append(one)
        yield made


class Raw:
    """A bare socket: says what it likes."""

    def __init__(self, home: Path) -> None:
        self.line = connect_to(Home(home), WAIT)
        self.frames = wire.Frames(wire.DOWN_MAX)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def hello(self, viewer: int, version: str = __version__, protocol: int = wire.PROTOCOL) -> object:
        """Says hello; the answer."""
        self.line.sendall(wire.encode_hello(wire.Hello(protocol, version, viewer)))
        body = self.next()
        assert body is not None
        return wire.decode_answer(body)

    def next(self) -> bytes | None:
        """The next frame; None at the end of the line."""
        while (body := self.frames.next()) is None:
            try:
                data = self.line.recv(65_536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.frames.feed(data)
        return body

    def cut(self) -> bool:
        """Reads until the line is closed by the other side."""
        while self.next() is not None:
            continue
        return True

    def send(self, data: bytes) -> None:
        """Sends; a line that is closed meanwhile is no error."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, socket.timeout):
            self.line.sendall(data)
