"""What every request passes before anything else looks at it.

Rules, in this order: the Host must be an address or a name of this machine (DNS rebinding); a web page may call only if
it is on the list (Origin); a key is looked up in constant time, and who guesses keys is made to wait (`guesses`); so
many requests a second and at once, those without a key counted apart so that they crowd out nobody; a body has a bound
(`exchange`). A trailing slash means nothing. There are no cookies, so a browser has nothing it could be made to send
along. What fails by a fault of ours is answered with 500 and no word of its insides; type and place are logged.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
from collections.abc import Iterator
from typing import Any, Final

from starlette.responses import Response

from slskmesh.engine.thread import innermost
from slskmesh.gateway.answers import GatewayError, nothing, refusal
from slskmesh.gateway.exchange import BODY_MAX, App, Exchange, Receive, Scope, Send, too_large
from slskmesh.gateway.guesses import Allowance, Guesses

log = logging.getLogger("slskmesh.gateway")
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"X-API-Key, Authorization, Content-Type"),
    (b"access-control-max-age", b"600"),
)


class Ration:
    """So many requests a second, after a burst of twice as many, and so many at once."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._rate = Allowance(2 * per_second, per_second)
        self._at_once, self._running = at_once, 0

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """The time of one request. GatewayError 429, 503: it is one too many."""
        if wait := self._rate.take():
            raise GatewayError(429, "too many requests", wait)
        if self._running >= self._at_once:
            raise GatewayError(503, "too many requests at once", 1)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


class Guard:
    """An ASGI app around the gateway's."""

    def __init__(self, app: App, guesses: Guesses, hosts: frozenset[str], origins: frozenset[str]) -> None:
        self._app, self._guesses, self._hosts, self._origins = app, guesses, hosts, origins
        self._holders = Ration(500, 128)
        self._strangers = Ration(50, 16)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; nothing but HTTP is served."""
        if scope["type"] == "http":
            await Exchange(receive, send).run(lambda exchange: self._answer(scope, exchange))

    async def _answer(self, scope: Scope, exchange: Exchange) -> None:
        path = scope["path"]
        try:
            inner = self._pass(scope, exchange)
            if inner is None:
                await _send(nothing(), scope, exchange)
                return
            known = inner["state"]["role"] is not None
            with (self._holders if known else self._strangers).one():
                await self._app(inner, exchange.receive, exchange.send)
        except GatewayError as error:
            if not exchange.started:
                await _send(refusal(error, path), scope, exchange)
        # The last line of defence of a request: told to who asked, logged; a bug in one answer ends no download.
        except Exception as error:  # noqa: BLE001
            log.error("%s while answering", innermost(error))
            if not exchange.started:
                await _send(refusal(ours(), path), scope, exchange)

    def _pass(self, scope: Scope, exchange: Exchange) -> Scope | None:
        """The request as the app sees it, None for a browser's question before one. GatewayError: it sees nothing."""
        pairs = [
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        head = dict(pairs)
        for name, value in pairs:  # a second one does not hide the first
            if name == "host":
                self._check_host(value)
            elif name == "origin":
                self._check_origin(value)
        if "host" not in head:
            self._check_host("")
        if (origin := head.get("origin")) is not None:
            exchange.headers = (
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"vary", b"Origin"),
            )
            if scope["method"] == "OPTIONS" and "access-control-request-method" in head:
                exchange.headers = (*exchange.headers, *_PREFLIGHT)
                return None
        _check_length(head.get("content-length", ""))
        state = {**scope.get("state", {})}
        state["role"] = self._role(head, scope.get("client"), state.get("line"))
        path = scope["path"].rstrip("/") or "/"
        raw = scope.get("raw_path", b"").rstrip(b"/") or b"/"
        return {**scope, "path": path, "raw_path": raw, "state": state}

    def _role(self, head: dict[str, str], client: Any, line: Any) -> Any:
        key = _key_of(head)
        if key is None:
            return None
        return self._guesses.role_of(key, client[0] if client else "", line)

    def _check_host(self, host: str) -> None:
        if not names_us(host, self._hosts):
            raise GatewayError(
                403, "this machine is not called so; call it by its address or see gateway.hosts"
            )

    def _check_origin(self, origin: str) -> None:
        if origin.lower() not in self._origins:
            raise GatewayError(403, "web pages of this origin may not call the gateway; see gateway.origins")


def ours() -> GatewayError:
    """What is said of a fault of ours."""
    return GatewayError(500, "an error of slskmesh; the log has the details")


def names_us(host: str, hosts: frozenset[str]) -> bool:
    """Whether a Host header is one of `hosts` or an address: no page makes a browser send an address for its name."""
    name, _, port = _split(host.strip().lower())
    if port and not (port.isascii() and port.isdecimal()):
        return False
    if name.removesuffix(".") in hosts:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _split(host: str) -> tuple[str, str, str]:
    """(name, colon, port) of a Host header; no name where it is malformed."""
    if not host.startswith("["):
        return host.partition(":")
    name, bracket, rest = host[1:].partition("]")
    return (name if ":" in name and bracket and rest[:1] in ("", ":") else "", rest[:1], rest[1:])


def _check_length(length: str) -> None:
    if length.isascii() and length.isdecimal() and (len(length) > 10 or int(length) > BODY_MAX):
        raise too_large()


def _key_of(head: dict[str, str]) -> str | None:
    if (key := head.get("x-api-key")) is not None:
        return key
    kind, _, token = head.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


async def _send(response: Response, scope: Scope, exchange: Exchange) -> None:
    await response(scope, exchange.receive, exchange.send)
