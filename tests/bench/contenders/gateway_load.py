"""The load of the gateway bench, a process of its own: `python -m tests.bench.contenders.gateway_load`.

Each line on its standard input is an order, answered by one line:
- {"url", "key", "lines", "seconds"}: GETs one after the other on each of so many connections, for so long; the answer
  is {"requests", "seconds", "ms": [each request's time]}.
- {"url", "key", "lines", "pace": requests a second}: GETs at that pace, whatever the answers take, until the next line;
  the answer, after that line, is the same.
Plain sockets and requests prepared once: what it costs of a core is little beside what answering costs.
Any answer but 200 ends it with a message.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
import time
from collections import deque
from urllib.parse import urlsplit

from tests.bench.contenders.report import say

_PIECE = 1 << 18


class Line:
    """One connection: a request at a time."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None and parts.port is not None
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        host = f"{parts.hostname}:{parts.port}"
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {key}\r\n\r\n".encode()
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = b""
        self._left = -1
        self.due = 0.0

    def ask(self, due: float) -> None:
        """Sends the request, which was due then."""
        self.due = due
        self._head, self._left = b"", -1
        self.socket.sendall(self._request)

    def take(self) -> bool:
        """Takes in what came; whether the answer is whole."""
        data = self.socket.recv(_PIECE)
        if not data:
            raise SystemExit("the server hung up")
        if self._left >= 0:
            self._left -= len(data)
            return self._left == 0
        self._head += data
        head, end, body = self._head.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"answered {self._head[:300]!r}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        self._left = int(length.partition(b":")[2]) - len(body)
        return self._left == 0


def steady(lines: list[Line], seconds: float) -> list[float]:
    """Times of requests in ms, one after the other on each line."""
    times = list[float]()
    with selectors.DefaultSelector() as selector:
        now = time.perf_counter()
        end = now + seconds
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.ask(now)
        waiting = len(lines)
        while waiting:
            for key, _ in selector.select():
                line = key.data
                if not line.take():
                    continue
                now = time.perf_counter()
                times.append((now - line.due) * 1000)
                if now < end:
                    line.ask(now)
                else:
                    waiting -= 1
    return times


def paced(lines: list[Line], pace: float) -> list[float]:
    """The same at a pace, until standard input has a line. A time begins when its request was due."""
    times = list[float]()
    free, step = deque(lines), 1 / pace
    due = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ, None)
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        while True:
            while free and due <= time.perf_counter():
                free.popleft().ask(due)
                due += step
            for key, _ in selector.select(max(0.0, due - time.perf_counter()) if free else None):
                line = key.data
                if line is None:
                    return times
                if line.take():
                    times.append((time.perf_counter() - line.due) * 1000)
                    free.append(line)


def orders() -> str:
    """The next line of standard input, read without a buffer: `paced` looks whether there is one."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            sys.exit(0)
        text += piece
    return text.decode()


def main() -> None:
    """See the head of this file."""
    while True:
        order = json.loads(orders())
        lines = [Line(order["url"], order["key"]) for _ in range(order["lines"])]
        begin = time.perf_counter()
        if "pace" in order:
            say(begun=True)
            times = paced(lines, order["pace"])
            orders()
        else:
            times = steady(lines, order["seconds"])
        say(requests=len(times), seconds=time.perf_counter() - begin, ms=[round(ms, 3) for ms in times])
        for line in lines:
            line.socket.close()


if __name__ == "__main__":
    main()
