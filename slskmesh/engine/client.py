"""The port between a front end and the engine: what the terminal app knows of the engine, and no more.

Rules: `post` and `drain` never block and may be called from any one thread; `wake` is called from the engine's
thread when something is waiting and must only schedule a drain. Queued events are bounded; views are coalesced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event
from slskmesh.engine.views import View


class Batch(msgspec.Struct, frozen=True):
    """What came up since the last drain: the newest view of each type, then events in order.

    `dropped` counts events left out because nobody drained: search hits and notices, never what answers a command.
    """

    views: tuple[View, ...] = ()
    events: tuple[Event, ...] = ()
    dropped: int = 0


class EngineClient(Protocol):
    """One running engine as a front end sees it.

    `attached`: it is another process's, and goes on without this front end; `stop` only lets go of it.
    """

    @property
    def attached(self) -> bool:
        """As above."""

    def start(self, wake: Callable[[], None]) -> None:
        """Starts the engine; returns at once."""

    def post(self, command: Command) -> int:
        """Sends a command; returns its request number. After the engine's end the Reply says so."""

    def drain(self) -> Batch:
        """Takes everything that came up since the last call."""

    def stop(self, timeout: float = 5.0) -> bool:
        """Ends the engine in order; False if it did not end within `timeout` seconds."""
