"""The engine on a thread of its own, as a front end holds it (design.md 2.1, 2.2).

Rules:
- `trio.run` lives on this thread; the front end's loop never waits for it, and nothing but frozen values cross.
- The home is held from before the first file is opened until the last one is closed.
- Whatever ends the engine is told as its last event: a clean stop, or one sentence.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slskmesh.engine.client import Batch
from slskmesh.engine.commands import Command
from slskmesh.engine.events import EngineEnded, Reply
from slskmesh.engine.mailbox import Mailbox
from slskmesh.errors import SlskmeshError
from slskmesh.paths import Home
from slskmesh.text import SafeStr, sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

log = logging.getLogger("slskmesh.engine")


class EngineThread:
    """One engine, started and stopped from another thread. Implements `EngineClient`."""

    attached = False

    def __init__(self, home: Path, make_engine: Callable[[Home, Mailbox], Engine] | None = None) -> None:
        self.home = Home(home)
        self.error: BaseException | None = None
        self._make = make_engine
        self._mailbox = Mailbox()
        self._thread: threading.Thread | None = None
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._early: list[tuple[int, Command]] = []  # posted before the engine was up
        self._over = False
        self._stop_asked = False
        self._numbers = itertools.count(1)

    def start(self, wake: Callable[[], None]) -> None:
        """Starts the thread; what it needs is imported there, not on the caller's time."""
        self._mailbox.on_wake(wake)
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._thread.start()

    def post(self, command: Command) -> int:
        """Sends a command; the Reply event carries the number returned here."""
        request = next(self._numbers)
        with self._lock:
            over, engine = self._over, self._engine
            if engine is None and not over:
                self._early.append((request, command))
        if over or (engine is not None and not engine.post(request, command)):
            self._mailbox.put_event(Reply(request, False, SafeStr("the engine is stopped")))
        return request

    def drain(self) -> Batch:
        """Takes what came up."""
        return self._mailbox.drain()

    def stop(self, timeout: float = 5.0) -> bool:
        """Ends the engine; False if it is still running after `timeout` seconds."""
        with self._lock:
            self._stop_asked = True
            engine = self._engine
        if engine is not None:
            engine.stop()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            self._run()
        except SlskmeshError as error:
            self.error = error
            self._end(False, str(error))
        # The last line of defence of a whole thread: told to the person, kept for exit code, logged in full.
        except BaseException as error:
            self.error = error
            log.exception("the engine failed")
            self._end(False, f"{innermost(error)}; the log has the details: {self.home.log}")
        else:
            self._end(True, "stopped")

    def _run(self) -> None:
        import trio

        from slskmesh.engine.engine import Engine

        self.home.create()
        with self.home.hold():
            engine = self._make(self.home, self._mailbox) if self._make else Engine(self.home, self._mailbox)
            trio.run(engine.run, self._running)

    def _running(self, engine: Engine) -> None:
        """Called on the engine's loop once it takes commands."""
        with self._lock:
            self._engine = engine
            early, self._early = self._early, []
            stop = self._stop_asked
        for request, command in early:
            engine.post(request, command)
        if stop:
            engine.stop()

    def _end(self, clean: bool, text: str) -> None:
        with self._lock:
            self._over = True
            early, self._early = self._early, []
        for request, _ in early:
            self._mailbox.put_event(Reply(request, False, SafeStr("the engine is stopped")))
        self._mailbox.put_event(EngineEnded(clean, sanitize(text, 400)))


def innermost(error: BaseException) -> str:
    """ "Type in module" of the first real error inside nested exception groups; no values, they may be personal."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "?")
        if name.startswith("slskmesh"):
            place = name
        trace = trace.tb_next
    return f"{type(error).__name__} in {place}"
