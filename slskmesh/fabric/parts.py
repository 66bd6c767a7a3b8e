"""A streamed answer as callers read it: an async iterator whose call does not outlive the reading.

Rules:
- One task reads, in one loop. The call is made when the first part is asked for.
- Leaving the loop early cancels the call at the peer: at once by `aclose`, else when the iterator is dropped. It may
  be dropped on any thread, so that goes through the loop's own door.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
import trio

from slskmesh.fabric.asking import Asking, OpenCall
from slskmesh.fabric.line import Line

R = TypeVar("R", bound=msgspec.Struct)


class Parts(Generic[R]):
    """Parts of one call. `begin` makes the call and tells its deadline; `read` decodes."""

    def __init__(
        self,
        asking: Asking,
        begin: Callable[[], Awaitable[tuple[OpenCall, float]]],
        read: Callable[[Line, bytes], R],
    ) -> None:
        self._asking = asking
        self._begin = begin
        self._read = read
        self._call: OpenCall | None = None
        self._deadline = 0.0
        self._over = False
        self._token: trio.lowlevel.TrioToken | None = None

    def __aiter__(self) -> Parts[R]:
        return self

    async def __anext__(self) -> R:
        if self._over:
            raise StopAsyncIteration
        part = None
        try:
            if self._call is None:
                self._token = trio.lowlevel.current_trio_token()
                self._call, self._deadline = await self._begin()
            part = await self._asking.part(self._call, self._deadline)
            if part is None:
                raise StopAsyncIteration
            value = self._read(self._call.line, part)
        except BaseException:
            self._give_up()
            raise
        return value

    async def aclose(self) -> None:
        """Wants no more parts."""
        self._give_up()

    def _give_up(self) -> None:
        self._over = True
        if self._call is not None:
            self._asking.give_up(self._call)

    def __del__(self) -> None:
        call, token = self._call, self._token
        if self._over or call is None or token is None:
            return
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(self._asking.give_up, call)
