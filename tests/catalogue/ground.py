"""Time that tests own, and a web server that does whatever a test says, with a log of when it was asked."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

import trio

SPACE = 'xmlns="http://musicbrainz.org/ns/mmd-2.0#" xmlns:ext="http://musicbrainz.org/ns/ext#-2.0"'
RELEASE = "833d4c3a-2635-4b7a-83c4-4e560588f23a"
RECORDING = "886631b4-94d1-4f1b-a9ce-7b3a21385616"


def xml(inner: str) -> bytes:
    """An answer of the web service."""
    return f'<?xml version="1.0" encoding="UTF-8"?><metadata {SPACE}>{inner}</metadata>'.encode()


def release_xml(mbid: str = RELEASE, title: str = "Ruined Subjects") -> bytes:
    """An answer with one release of one track."""
    return xml(
        f'<release id="{mbid}"><title>{title}</title><medium-list count="1"><medium><position>1</position>'
        f'<track-list count="1" offset="0"><track><position>1</position><recording id="{RECORDING}">'
        "<title>Pollux</title><length>246000</length></recording></track></track-list></medium></medium-list>"
        "</release>"
    )


class OwnTime:
    """Seconds that pass only when somebody sleeps; everybody who sleeps wakes at once."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await trio.lowlevel.checkpoint()


class Reply(NamedTuple):
    """What the server sends. `raw` goes out as it is in place of a proper answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None


class Asked(NamedTuple):
    """One request as it came in; `at` by the clock the server was given."""

    at: float
    path: str
    agent: str


class FaultServer:
    """Answers each request with what `reply(path)` says, on a loopback port of its own."""

    def __init__(self, reply: Callable[[str], Reply], clock: Callable[[], float] = time.monotonic) -> None:
        self.reply = reply
        self.log: list[Asked] = []
        self.heard = threading.Event()  # a request came
        self.released = threading.Event()  # lets replies that wait for it go on
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.log.append(Asked(clock(), self.path, self.headers.get("User-Agent", "")))
                outer.heard.set()
                reply = outer.reply(self.path)
                if reply.raw is not None:
                    self.wfile.write(reply.raw)
                    return
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """The other side hung up: that is what these tests are about."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def host(self) -> str:
        """As the setting takes it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FaultServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
