"""Asks one MusicBrainz host over HTTP and reads its XML. The only module that imports musicbrainzngs.

Rules:
- Of musicbrainzngs its reader of the XML is used. Its own transport retries eight times with sleeps between, follows
  redirects anywhere, reads without bound and keeps host and agent for the whole process; ours does none of this.
- One request is one try: at most IDLE seconds between bytes, TOTAL in all, BODY_MAX bytes; a redirect is followed
  once and on the same host only. Cancelling hangs up the line; the thread ends by itself.
- Network, HTTP, XML and what the reader lets out on odd shapes become `CatalogueError` here.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import importlib
import re
import socket
import threading
import urllib.parse
import xml.etree.ElementTree as etree
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import trio

from slskmesh import __version__
from slskmesh.catalogue.objects import CatalogueError, Trouble
from slskmesh.errors import UserError
from slskmesh.text import sanitize

AGENT: Final = f"slskmesh/{__version__}"
IDLE: Final = 10.0
TOTAL: Final = 20.0
BODY_MAX: Final = 4 * 1024 * 1024
PATH: Final = "/ws/2/"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:.]+")
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_REFUSALS: Final = (400, 401, 403)

# What the reader lets out on XML of another shape beside XML errors: it splits, indexes and converts unchecked text.
_ODD = (ValueError, LookupError, TypeError, AttributeError, RecursionError)

T = TypeVar("T")
Found = Mapping[str, Any]


class Host(NamedTuple):
    """A server of the MusicBrainz web service; `text` is its name for people and for the cache."""

    text: str
    secure: bool
    name: str
    port: int


def parse_host(text: str) -> Host | None:
    """The setting `musicbrainz.host`: a name (asked over https), or http(s)://name:port; None if empty. UserError."""
    text = text.strip()
    if not text:
        return None
    problem = UserError(
        f"musicbrainz.host: {sanitize(text, 80)!r} is no host; write musicbrainz.org, http://host:port, or nothing"
    )
    try:
        parts = urllib.parse.urlsplit(text if "://" in text else f"https://{text}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise problem from None
    extra = parts.query or parts.fragment or parts.username or parts.path.strip("/")
    if parts.scheme not in ("http", "https") or extra or not _NAME.fullmatch(name):
        raise problem
    secure = parts.scheme == "https"
    shown = f"[{name}]" if ":" in name else name
    shown += f":{port}" if port else ""
    return Host(shown if secure else f"http://{shown}", secure, name, port or (443 if secure else 80))


class _Hop(NamedTuple):
    """What one HTTP exchange gave."""

    status: int
    body: bytes
    location: str
    retry_after: str


class _Exchange:
    """One request, made in a thread; `hang_up` may be called from any other."""

    def __init__(self, host: Host, target: str, agent: str) -> None:
        self._host = host
        self._target = target
        self._agent = agent
        self._guard = threading.Lock()
        self._line: socket.socket | None = None
        self._gone = False

    def hang_up(self) -> None:
        """Ends a running exchange: a blocked read or write returns at once."""
        with self._guard:
            self._gone = True
            if self._line is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._line, socket.SHUT_RDWR)  # of TLS too: no closing words

    def run(self) -> bytes:
        """The body of a good answer. CatalogueError."""
        hop = self._hop(self._target)
        if hop.status in _REDIRECTS:
            hop = self._hop(self._same_host(hop.location))
        if hop.status != 200:
            raise _refusal(self._host.text, hop)
        if len(hop.body) > BODY_MAX:
            raise CatalogueError(
                Trouble.MALFORMED, f"{self._host.text}: the answer is longer than {BODY_MAX >> 20} MiB"
            )
        return hop.body

    def _hop(self, target: str) -> _Hop:
        kind = http.client.HTTPSConnection if self._host.secure else http.client.HTTPConnection
        line = kind(self._host.name, self._host.port, timeout=IDLE)
        try:
            line.connect()
            with self._guard:
                self._line = line.sock
                if self._gone:
                    raise OSError("hung up")
            headers = {
                "User-Agent": self._agent,
                "Accept": "application/xml",
                "Accept-Encoding": "identity",
                "Connection": "close",
            }
            line.request("GET", target, headers=headers)
            with line.getresponse() as answer:
                return _Hop(
                    answer.status,
                    answer.read(BODY_MAX + 1),
                    answer.getheader("Location", ""),
                    answer.getheader("Retry-After", ""),
                )
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise CatalogueError(
                Trouble.UNREACHABLE, f"{self._host.text} cannot be reached: {_words(error)}"
            ) from error
        finally:
            with self._guard:
                self._line = None
            line.close()

    def _same_host(self, location: str) -> str:
        """Path and query of a redirect; CatalogueError if it leads to another host."""
        scheme = "https" if self._host.secure else "http"
        shown = f"[{self._host.name}]" if ":" in self._host.name else self._host.name
        try:
            to = urllib.parse.urlsplit(
                urllib.parse.urljoin(f"{scheme}://{shown}:{self._host.port}{self._target}", location)
            )
            port = to.port or (443 if to.scheme == "https" else 80)
        except ValueError:
            to, port = urllib.parse.urlsplit(""), 0
        target = urllib.parse.urlunsplit(("", "", to.path, to.query, ""))
        if (to.scheme, to.hostname, port) != (scheme, self._host.name, self._host.port) or not re.fullmatch(
            r"/[\x21-\x7e]*", target
        ):
            raise CatalogueError(
                Trouble.REFUSED,
                f"{self._host.text} sends us on to {sanitize(location, 80) or 'nowhere'}, which is another host; "
                "set musicbrainz.host to the right one",
            )
        return target


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {IDLE:.0f} s"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return sanitize(text, 120) or type(error).__name__


def _refusal(host: str, hop: _Hop) -> CatalogueError:
    """The error for an HTTP status that is no answer."""
    if hop.status == 404:
        return CatalogueError(Trouble.NOT_FOUND, f"{host} knows no such thing")
    if hop.status in (429, 503):
        seconds = hop.retry_after.strip()
        retry = float(seconds) if re.fullmatch("[0-9]{1,9}", seconds) else None
        return CatalogueError(Trouble.LIMITED, f"{host} asks us to wait (HTTP {hop.status})", retry)
    if hop.status in _REFUSALS or hop.status in _REDIRECTS:
        return CatalogueError(Trouble.REFUSED, f"{host} does not accept the request (HTTP {hop.status})")
    return CatalogueError(Trouble.UNREACHABLE, f"{host} does not answer properly (HTTP {hop.status})")


@functools.cache
def _reader() -> Callable[[bytes], dict[str, Any]]:
    """The package's XML reader; loaded at the first answer, since loading it takes a while."""
    reader: Callable[[bytes], dict[str, Any]] = importlib.import_module("musicbrainzngs.mbxml").parse_message
    return reader


def read_xml(body: bytes) -> Found:
    """An answer's XML as musicbrainzngs reads it. CatalogueError: it cannot be read."""
    if b"<!DOCTYPE" in body[:4096] or b"<!ENTITY" in body:
        raise CatalogueError(Trouble.MALFORMED, "the answer holds XML declarations of its own")
    try:
        return _reader()(body)
    except etree.ParseError as error:
        raise CatalogueError(
            Trouble.MALFORMED, f"the answer is broken XML ({sanitize(str(error), 80)})"
        ) from error
    except _ODD as error:
        raise CatalogueError(
            Trouble.MALFORMED, f"the answer is XML of another shape ({type(error).__name__})"
        ) from error


class Line:
    """Requests to one host. Two threads at most: the one in use and one that was cancelled and is ending."""

    def __init__(self, host: Host, agent: str = AGENT) -> None:
        self.host = host
        self._agent = agent
        self._threads = trio.CapacityLimiter(2)

    async def ask(self, path: str, params: Mapping[str, str], read: Callable[[Found], T]) -> T:
        """`read` of the answer, both in a thread. CatalogueError; `read` may raise it too."""
        query = urllib.parse.urlencode(sorted(params.items()))
        exchange = _Exchange(self.host, f"{PATH}{path}?{query}" if query else PATH + path, self._agent)
        with trio.move_on_after(TOTAL):
            try:
                return await trio.to_thread.run_sync(
                    lambda: read(read_xml(exchange.run())), abandon_on_cancel=True, limiter=self._threads
                )
            finally:
                exchange.hang_up()
        raise CatalogueError(
            Trouble.UNREACHABLE, f"{self.host.text} took longer than {TOTAL:.0f} s to answer"
        )
