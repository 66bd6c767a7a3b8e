"""A small MusicBrainz of the demo's own catalogue: `python -m slskmesh.demo.musicbrainz --size N --seed S [--port 0]`.

Rules:
- The first line written is {"ready":true,"host":"http://127.0.0.1:PORT"}; what it answers is `demo/webservice.py`.
- It listens on loopback only, serves AT_ONCE connections at once, gives each ten seconds, and ends with the process
  that started it.
"""

from __future__ import annotations

import argparse
import http.server
import signal
import sys
import threading
import urllib.parse
import xml.etree.ElementTree as etree
from types import FrameType
from typing import Any, Final

from slskmesh.demo import catalogue
from slskmesh.demo.webservice import Refused, Shelf
from slskmesh.engine.serve import end_with_parent, json_line

ROOT: Final = "/ws/2/"
AT_ONCE: Final = 32
SECONDS: Final = 10
TARGET_MAX: Final = 4096


class Server(http.server.ThreadingHTTPServer):
    """HTTP in front of a shelf, on loopback. At most AT_ONCE connections; more are closed unheard."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, shelf: Shelf, port: int = 0) -> None:
        self.shelf = shelf
        self._room = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def host(self) -> str:
        """As the setting `musicbrainz.host` takes it."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread for a connection if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is not news; a fault of ours is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    timeout = SECONDS
    server_version = "slskmesh-demo"

    def do_GET(self) -> None:
        try:
            self._reply(200, self._answer())
        except Refused as refused:
            error = etree.Element("error")
            etree.SubElement(error, "text").text = str(refused)
            self._reply(refused.status, error)

    def _answer(self) -> etree.Element:
        try:
            parts = urllib.parse.urlsplit(self.path[:TARGET_MAX])
            params = dict(urllib.parse.parse_qsl(parts.query, max_num_fields=20))
        except ValueError:
            raise Refused(400, "this is no address") from None
        if not parts.path.startswith(ROOT):
            raise Refused(404, "Not Found")
        return self.server.shelf.answer(parts.path.removeprefix(ROOT), params)

    def _reply(self, status: int, root: etree.Element) -> None:
        body = etree.tostring(root, encoding="utf-8", xml_declaration=True)
        self.send_response(status)
        self.send_header("Content-Type", "application/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Standard error is for faults."""


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main(argv: list[str] | None = None) -> int:
    """Serves until its parent is gone or a signal; returns the exit code."""
    parser = argparse.ArgumentParser(prog="slskmesh.demo.musicbrainz", description=__doc__)
    parser.add_argument("--size", type=int, required=True, help="megabytes of the demo's music")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    end_with_parent()
    tracks = (*catalogue.plan(args.size, args.seed), *catalogue.tapes(args.seed))
    shelf = Shelf(catalogue.releases(tracks))
    try:
        with Server(shelf, args.port) as server:
            json_line({"ready": True, "host": server.host})
            server.serve_forever()
    except OSError as error:
        print(f"slskmesh: port {args.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
