"""What every request passes before anything else looks at it.

Rules, in this order: the Host must be an address or a name of this machine (DNS rebinding); a web page may call only if
it is on the list (Origin); a key is looked up in constant time, and who guesses keys is made to wait; so many requests
a second and at once; a body has a bound, also one that does not tell its length. A trailing slash means nothing. There
are no cookies, so a browser has nothing it could be made to send along.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import trio

from slskmesh.gateway.answers import GatewayError, refusal
from slskmesh.gateway.keys import Keys

BODY_MAX: Final = 1 << 20
_PER_SECOND: Final = 500.0
_BURST: Final = 1000.0
_AT_ONCE: Final = 128
_GUESSES: Final = 20.0  # wrong keys in a row
_GUESS_EVERY: Final = 3.0  # seconds until one more is allowed

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Allowance:
    """So many at once, and one more each so often; seconds of trio's clock."""

    def __init__(self, most: float, per_second: float) -> None:
        self._most, self._rate = most, per_second
        self._left, self._seen = most, trio.current_time()

    def take(self) -> float:
        """0 if one was left, which is taken; else the seconds until there is one."""
        wait = self.wait()
        if not wait:
            self._left -= 1
        return wait

    def wait(self) -> float:
        """0 if one is left, else the seconds until there is."""
        now = trio.current_time()
        self._left = min(self._most, self._left + (now - self._seen) * self._rate)
        self._seen = now
        return 0.0 if self._left >= 1 else (1 - self._left) / self._rate


class Guard:
    """An ASGI app around the gateway's."""

    def __init__(self, app: App, keys: Keys, hosts: frozenset[str], origins: frozenset[str]) -> None:
        self._app, self._keys, self._hosts, self._origins = app, keys, hosts, origins
        self._rate = Allowance(_BURST, _PER_SECOND)
        self._guesses = Allowance(_GUESSES, 1 / _GUESS_EVERY)
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the app's own start and end."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # web sockets are not served; the server closes the line
        try:
            inner, taken = self._pass(scope), _Bounded(receive)
        except GatewayError as error:
            await refusal(error, scope["path"])(scope, receive, send)
            return
        self._running += 1
        try:
            await self._app(inner, taken, send)
        finally:
            self._running -= 1

    def _pass(self, scope: Scope) -> Scope:
        """The request as the app sees it. GatewayError: it does not see it at all."""
        head = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self._check_host(head.get("host", ""))
        if (origin := head.get("origin")) is not None and origin.lower() not in self._origins:
            raise GatewayError(403, "web pages of this origin may not call the gateway; see gateway.origins")
        if wait := self._rate.take():
            raise GatewayError(429, "too many requests", wait)
        if self._running >= _AT_ONCE:
            raise GatewayError(503, "too many requests at once", 1)
        if (length := head.get("content-length", "0")).isdigit() and int(length) > BODY_MAX:
            raise GatewayError(413, f"a body has at most {BODY_MAX:,} bytes")
        role = None
        if (key := _key_of(head)) is not None:
            if wait := self._guesses.wait():
                raise GatewayError(429, "too many wrong keys", wait)
            role = self._keys.role_of(key)
            if role is None:
                self._guesses.take()
                raise GatewayError(401, "this key is not one of ours")
        path = scope["path"].rstrip("/") or "/"
        raw = scope.get("raw_path", b"").rstrip(b"/") or b"/"
        return {**scope, "path": path, "raw_path": raw, "state": {**scope.get("state", {}), "role": role}}

    def _check_host(self, host: str) -> None:
        name = host.strip().lower()
        name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
        if name in self._hosts:
            return
        try:
            ipaddress.ip_address(name)  # a page cannot make a browser send another's address as its own name
        except ValueError:
            raise GatewayError(
                403, "this machine is not called so; call it by its address or see gateway.hosts"
            ) from None


def _key_of(head: dict[str, str]) -> str | None:
    if (key := head.get("x-api-key")) is not None:
        return key
    kind, _, token = head.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


class _Bounded:
    """A body that ends with an error where it grows over the bound."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > BODY_MAX:
            raise GatewayError(413, f"a body has at most {BODY_MAX:,} bytes")
        return message
