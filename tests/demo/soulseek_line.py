"""For tests of the demo's Soulseek: a list instead of a socket, a plain socket, the server and a user as processes."""

from __future__ import annotations

import queue
import socket
import struct
import time
from pathlib import Path
from typing import Any, TypeVar

from aioslsk.protocol import messages as m

from slskmesh.demo.child import Child, Said

T = TypeVar("T")
PATIENCE = 60.0


class ListLine:
    """Keeps what it is sent."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.sent: list[Any] = []
        self.closed = False

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True

    def take(self, kind: type[T]) -> list[T]:
        """The messages of one kind that came since it was last asked."""
        found = [message for message in self.sent if isinstance(message, kind)]
        self.sent = [message for message in self.sent if not isinstance(message, kind)]
        return found


class SocketLine:
    """A line of the protocol's bytes to a real server."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), PATIENCE)

    def __enter__(self) -> SocketLine:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *requests: Any) -> None:
        """Sends messages."""
        self.send_bytes(b"".join(request.serialize() for request in requests))

    def send_bytes(self, data: bytes) -> None:
        """Sends anything."""
        self._socket.sendall(data)

    def login(self, name: str, password: str = "secret", version: int = 160, minor: int = 2) -> Any:
        """Logs in; the answer."""
        self.send(m.Login.Request(name, password, version, "", minor))
        return self.expect(m.Login.Response)

    def expect(self, kind: type[T]) -> T:
        """The next message of a kind; others before it are dropped."""
        while (message := self.next()) is not None:
            if isinstance(message, kind):
                return message
        raise AssertionError(f"the line ended before a {kind.__qualname__}")

    def next(self) -> Any:
        """The next message; None at the line's end."""
        head = self._read(4)
        if head is None:
            return None
        body = self._read(struct.unpack("<I", head)[0])
        assert body is not None
        return m.ServerMessage.deserialize_response(head + body)

    def ended(self) -> bool:
        """Reads to the end: True once the server closed it."""
        while self.next() is not None:
            continue
        return True

    def _read(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                more = self._socket.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            data += more
        return data


class ServerProcess:
    """The server as the demo runs it."""

    def __init__(self, folder: Path, *args: str) -> None:
        self._inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
        words = ["slskmesh.demo.soulseek.server", "--port", "0", *args]
        self.child = Child("server", words, folder / "server.log", self._inbox)
        self.address = str(self.said()["server"])

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.end(PATIENCE)

    def said(self) -> dict[str, Any]:
        """The next line it says."""
        what = self._inbox.get(timeout=PATIENCE).what
        assert what is not None, self.child.last_words()
        return what

    def order(self, **what: Any) -> dict[str, Any]:
        """Gives an order; the answer."""
        self.child.tell(what)
        return self.said()

    def line(self) -> SocketLine:
        """A new line to it."""
        return SocketLine(self.address)


class LegacyUser:
    """One user process."""

    def __init__(self, folder: Path, server: str, name: str, *args: str) -> None:
        self._inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
        words = ["slskmesh.demo.soulseek.user", "--server", server, "--name", name, "--retry", "0.1", *args]
        self.child = Child(name, words, folder / f"{name}.log", self._inbox)

    def __enter__(self) -> LegacyUser:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.end(PATIENCE)

    def online(self) -> LegacyUser:
        """Itself, once it is on the server."""
        self.wait("online", online=True)
        return self

    def tell(self, **what: Any) -> None:
        self.child.tell({key.rstrip("_"): value for key, value in what.items()})

    def wait(self, key: str, **fields: Any) -> dict[str, Any]:
        """The next line with this key and these fields; others before it are dropped."""
        deadline = time.monotonic() + PATIENCE
        while True:
            what = self._inbox.get(timeout=max(deadline - time.monotonic(), 0.001)).what
            assert what is not None, self.child.last_words()
            if key in what and all(what.get(name) == value for name, value in fields.items()):
                return what
