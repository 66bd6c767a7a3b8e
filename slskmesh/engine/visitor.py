"""A front end on the engine's own loop: the gateway asks by it. The twin of `Console` for code that must not block.

Rules:
- Commands in, views and events out, as for any front end: nothing here reaches behind the façade.
- An answer with an event of its own (`asked`) is given together with that event.
- Hits of a search go into a bounded stream; what finds no room is counted, never waited for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from slskmesh.engine.commands import Command
from slskmesh.engine.console import Refused
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.hub import VIEWER_BITS
from slskmesh.engine.views import View

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

V = TypeVar("V", bound=View)
E = TypeVar("E", bound=Event)
_ANSWER_SECONDS: Final = 60.0
_STREAM_MAX: Final = 1_000  # events of one stream that wait to be taken


class Stream:
    """Events one reader wants: taken in order by `next`. `dropped`: what found no room."""

    def __init__(self, wanted: Callable[[Event], bool]) -> None:
        self.wanted = wanted
        self.dropped = 0
        self._send, self._receive = trio.open_memory_channel[Event](_STREAM_MAX)

    def put(self, event: Event) -> None:
        """Offers an event; it is dropped and counted where too many wait."""
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self.dropped += 1

    async def next(self) -> Event:
        """The next event."""
        return await self._receive.receive()


class Visitor:
    """One front end, number `viewer`, for as long as it is admitted to the engine's hub."""

    def __init__(self, engine: Engine, viewer: int) -> None:
        self._engine = engine
        self._number = viewer << VIEWER_BITS
        self._views: dict[type[View], View] = {}
        self._replies: dict[int, Reply] = {}
        self._open: set[int] = set()
        self._streams: set[Stream] = set()
        self._changed = trio.Event()

    # -- as a box of the hub -------------------------------------------------------------------------------------

    def put_view(self, view: View) -> None:
        """As `hub.Box`."""
        self._views[type(view)] = view
        self._wake()

    def put_event(self, event: Event) -> None:
        """As `hub.Box`."""
        if isinstance(event, Reply):
            if event.request in self._open:
                self._replies[event.request] = event
                self._wake()
            return
        for stream in self._streams:
            if stream.wanted(event):
                stream.put(event)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    # -- for whoever asks ----------------------------------------------------------------------------------------

    def number(self) -> int:
        """A request number of this front end that was not used before."""
        self._number += 1
        return self._number

    def latest(self, kind: type[V]) -> V | None:
        """The newest view of a type, None before the first."""
        view = self._views.get(kind)
        return view if isinstance(view, kind) else None

    def views(self) -> dict[type[View], View]:
        """The newest of every type."""
        return dict(self._views)

    async def change(self) -> None:
        """Returns when a view changed or a reply came."""
        await self._changed.wait()

    async def view(self, kind: type[V]) -> V:
        """The newest view of a type, the first one if there is none yet."""
        while (view := self.latest(kind)) is None:
            await self.change()
        return view

    def post(self, command: Command) -> int:
        """Has a command carried out of which only its events are wanted; returns its request number."""
        request = self.number()
        self._engine.enqueue(request, command)
        return request

    async def ask(self, command: Command, number: int | None = None) -> Reply:
        """Has a command carried out. Refused with the engine's words; trio.TooSlowError after a minute."""
        request = self.number() if number is None else number
        self._open.add(request)
        try:
            self._engine.enqueue(request, command)
            with trio.fail_after(_ANSWER_SECONDS):
                while request not in self._replies:
                    await self.change()
        finally:
            self._open.discard(request)
            reply = self._replies.pop(request, None)
        assert reply is not None
        if not reply.ok:
            retry = float(reply.value) if reply.value else None
            raise Refused(str(reply.text) or f"{type(command).__name__} was refused", retry)
        return reply

    async def asked(self, command: Command, kind: type[E]) -> E:
        """Has a command carried out that is answered by an event of this kind with the request's number."""
        request = self.number()
        async with self.stream(lambda event: isinstance(event, kind) and _query(event) == request) as stream:
            await self.ask(command, request)
            with trio.fail_after(_ANSWER_SECONDS):
                event = await stream.next()
        assert isinstance(event, kind)
        return event

    @asynccontextmanager
    async def stream(self, wanted: Callable[[Event], bool]) -> AsyncIterator[Stream]:
        """Events as they come, from now on."""
        stream = Stream(wanted)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)


def _query(event: Event) -> int | None:
    number = getattr(event, "query", None)
    return number if isinstance(number, int) else None
