"""A front end without a screen: posts commands and waits for replies, views and events.

Rules:
- One thread uses a Console; nothing here polls, each wait ends by the engine's `wake` or at its deadline.
- The engine's end is an error for whoever waits (`EngineStopped`), never a silence.
- Events nobody asked for are dropped after `on_event` saw them; views are kept, the newest of each type.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from slskmesh.engine.client import EngineClient
from slskmesh.engine.commands import Command
from slskmesh.engine.events import EngineEnded, Event, Level, Notice, Reply
from slskmesh.engine.views import StatusView, View
from slskmesh.errors import SlskmeshError

V = TypeVar("V", bound=View)


class EngineStopped(SlskmeshError):
    """The engine ended while something was still wanted of it."""


class Refused(SlskmeshError):
    """The engine would not or could not do what it was asked; the text is the engine's.

    `retry`: seconds after which the same may be asked again; None: it is no matter of time.
    """

    def __init__(self, text: str, retry: float | None = None) -> None:
        super().__init__(text)
        self.retry = retry


class TimedOut(SlskmeshError):
    """What was waited for did not come in time."""


class Console:
    """Drives one EngineClient. `on_event` sees each event, `on_view` each new view, in the waiting thread."""

    def __init__(
        self,
        client: EngineClient,
        on_event: Callable[[Event], None] | None = None,
        on_view: Callable[[View], None] | None = None,
    ) -> None:
        self._client = client
        self.on_event = on_event
        self.on_view = on_view
        self._waked = threading.Event()
        self._views: dict[type[View], View] = {}
        self._replies: dict[int, Reply] = {}
        self._open: set[int] = set()
        self._complaint = ""  # the newest notice of an error
        self.ended: EngineEnded | None = None

    def start(self) -> None:
        """Starts the engine; returns at once."""
        self._client.start(self._waked.set)

    def stop(self, timeout: float = 10.0) -> bool:
        """Ends the engine in order; False if it did not end within `timeout` seconds."""
        return self._client.stop(timeout)

    def wake(self) -> None:
        """Makes a waiting `wait_for` look at its condition again; any thread may call it."""
        self._waked.set()

    def latest(self, kind: type[V]) -> V | None:
        """The newest view of a type, None before the first."""
        view = self._views.get(kind)
        return view if isinstance(view, kind) else None

    def post(self, command: Command) -> int:
        """Sends a command and forgets it; returns its request number."""
        return self._client.post(command)

    def ask(self, command: Command, timeout: float = 30.0) -> Reply:
        """Sends a command and waits for its answer. Refused with the engine's words if it said no."""
        request = self._client.post(command)
        self._open.add(request)
        try:
            self.wait_for(lambda: request in self._replies, timeout, f"an answer to {type(command).__name__}")
        finally:
            self._open.discard(request)
        reply = self._replies.pop(request)
        if not reply.ok:
            raise Refused(str(reply.text) or f"{type(command).__name__} was refused")
        return reply

    def wait_view(self, kind: type[V], wanted: Callable[[V], bool], timeout: float, what: str) -> V:
        """The first view of a type that is as `wanted`; TimedOut names `what`."""
        self.wait_for(lambda: (view := self.latest(kind)) is not None and wanted(view), timeout, what)
        view = self.latest(kind)
        assert view is not None  # the condition above held in this same thread
        return view

    def wait_for(self, reached: Callable[[], bool], timeout: float | None, what: str) -> None:
        """Takes in what the engine says until `reached()`. TimedOut after `timeout` seconds (None: never)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not reached():
            self._check_alive()
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimedOut(f"waited {timeout:.0f} s for {what}")
            self._waked.wait(left)
            self._waked.clear()
            self._take()

    def listening(self, timeout: float = 30.0) -> StatusView:
        """The status once the engine listens; EngineStopped with the engine's words if it cannot."""

        def settled() -> bool:
            status = self.latest(StatusView)
            return bool(self._complaint) or (status is not None and bool(status.listening))

        self.wait_for(settled, timeout, "the engine to listen")
        status = self.latest(StatusView)
        if status is None or not status.listening:
            raise EngineStopped(self._complaint)
        return status

    def _check_alive(self) -> None:
        if self.ended is None:
            return
        error = getattr(self._client, "error", None)  # an engine in this process tells whose fault it was
        if isinstance(error, SlskmeshError):
            raise error
        raise EngineStopped(str(self.ended.text) or "the engine stopped")

    def _take(self) -> None:
        batch = self._client.drain()
        for view in batch.views:
            self._views[type(view)] = view
            if self.on_view is not None:
                self.on_view(view)
        for event in batch.events:
            if isinstance(event, Reply) and event.request in self._open:
                self._replies[event.request] = event
            elif isinstance(event, EngineEnded):
                self.ended = event
            elif isinstance(event, Notice) and event.level is Level.ERROR:
                self._complaint = str(event.text)
            if self.on_event is not None:
                self.on_event(event)
