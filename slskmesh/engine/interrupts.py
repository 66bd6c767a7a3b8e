"""Signals that end a process in order: SIGINT, SIGTERM and SIGHUP become one exception in the main thread.

Rules:
- A signal raises the exception once; later signals are remembered and change nothing, so that clean-up is never
  cut short by an impatient second Ctrl+C.
- Raised inside a finaliser or a C library's callback, an exception is lost. So `check` and the end of `hold` raise
  it again until `close` is called: whoever still gets there was not interrupted.
- `hold()` puts the exception off over steps that must not be torn apart (make a folder and remember it).
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end; `number` is the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interrupts:
    """Context manager that installs the handlers and puts the old ones back. Main thread only."""

    def __init__(self) -> None:
        self.number = 0  # the first signal that came, 0 for none
        self._raised = False
        self._closed = False
        self._held = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        for one in _SIGNALS:
            self._before[one] = signal.signal(one, self._arrived)
        return self

    def again(self) -> None:
        """Installs the handlers anew after something else had put its own in their place."""
        for one in _SIGNALS:
            signal.signal(one, self._arrived)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """No Interrupted inside; one that came meanwhile is raised at the end, unless another error is on its way.

        On another thread than the main one, where no signal arrives, it does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        self.check()

    def check(self) -> None:
        """Raises Interrupted if a signal came and this is not the clean-up yet. Main thread only."""
        if self.number and not self._closed and not self._held:
            self._raised = True
            raise Interrupted(self.number)

    def close(self) -> None:
        """From here on signals are only remembered: for the last clean-up."""
        self._closed = self._raised = True

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        self._deliver()

    def _deliver(self) -> None:
        if self.number and not self._raised and not self._held:
            self._raised = True
            raise Interrupted(self.number)
