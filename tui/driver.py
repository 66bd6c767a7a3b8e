"""The terminal driver, hardened: the one place, with compat.py, that knows Textual's private names.

Rules kept here (each has a test on a real pseudo-terminal):
- A line that drops ends the app within two seconds; the stock driver spins on the dead input.
- A stray SIGCONT (every dropped ssh line and every systemd stop sends one) starts no second pair of threads.
- A terminal that takes no output never blocks the loop: frames are left out, then painted whole.
- Suspending happens on the loop, never inside a signal handler, where joining a thread can deadlock.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from queue import Full
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

WATCH_SECONDS = 0.5


class GuardedDriver(LinuxDriver):
    """LinuxDriver that survives hang-up, stray signals and slow lines."""

    gone = False
    behind = False
    _watching = 0
    _stopping = False
    written = 0

    def _sigcont_application(self, *_: Any) -> None:
        """Resuming is done by `suspend`; any other SIGCONT means nothing."""

    def _sigtstp_application(self, *_: Any) -> None:
        self._call_app("suspend_soon")

    def _call_app(self, name: str) -> None:
        loop = getattr(self._app, "_loop", None)
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(getattr(self._app, name))
        except RuntimeError:
            self.gone = True  # the loop has ended already

    def suspend(self) -> None:
        """Gives the terminal back, stops the process, and takes the terminal again when it goes on."""
        self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.resume_application_mode()

    def write(self, data: str) -> None:
        writer = self._writer_thread
        if self.gone or writer is None or not writer.is_alive():
            return
        self.written += len(data)
        queue = writer._queue
        if self._stopping:
            try:
                queue.put(data, timeout=0.2)
            except Full:
                self.gone = True
        elif queue.full():
            self.behind = True
        else:
            if self.behind and queue.empty():
                self.behind = False
                self._call_app("repaint_all")
            queue.put(data)

    def stop_application_mode(self) -> None:
        self._stopping = True
        try:
            super().stop_application_mode()
        finally:
            self._stopping = False

    def close(self) -> None:
        writer = self._writer_thread
        if writer is None or not writer.is_alive():
            return
        try:
            writer._queue.put(None, timeout=0.2)
        except Full:
            return  # a dead terminal holds the writer; it is a daemon thread
        writer.join(0.5)

    def set_mouse(self, on: bool) -> None:
        """Turns mouse reports on or off while running."""
        if on:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False

    def run_input_thread(self) -> None:
        self._watching += 1
        watcher = threading.Thread(
            target=self._watch, args=(self._watching,), name="slskmesh-line", daemon=True
        )
        watcher.start()
        super().run_input_thread()

    def _watch(self, turn: int) -> None:
        """Looks for the far end's going only; reads nothing."""
        poll = select.poll()
        poll.register(self.fileno, 0)
        while not self.exit_event.is_set() and turn == self._watching:
            if poll.poll(WATCH_SECONDS * 1000):
                self.gone = True
                self.exit_event.set()
                self._call_app("line_gone")
                return
