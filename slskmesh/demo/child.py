"""A process of the demo: started in its own process group, spoken to by JSON lines, ended for certain.

Rules:
- A child holds no descriptor of another child, so the end of this process is the end of each child's input.
- What a child says goes into one inbox shared by all, from one reading thread a child, bounded by the pipe.
- `end` asks first and then kills; after it the process is reaped and its thread is gone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from slskmesh.errors import StorageError


class Said(NamedTuple):
    """One JSON object a child wrote; None as `what` is its last word: the process ended."""

    child: Child
    what: dict[str, Any] | None


class Child:
    """One running `python -m …` process. What it writes to standard error goes to the file `log`."""

    def __init__(self, name: str, args: Sequence[str], log: Path, inbox: queue.SimpleQueue[Said]) -> None:
        self.name = name
        self._log = log
        self._inbox = inbox
        try:
            with log.open("ab") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", *args],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                    env=_environment(),
                )
        except OSError as error:
            raise StorageError(f"{name}: cannot start a process: {error}") from error
        self._reader = threading.Thread(target=self._read, name=f"demo {name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    def tell(self, what: dict[str, Any]) -> None:
        """Sends one JSON object; a child that is gone does not hear it."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            left = memoryview(json.dumps(what).encode() + b"\n")
            while left:
                left = left[os.write(stdin.fileno(), left) :]
        except BrokenPipeError:
            pass  # the inbox tells that it ended

    def ask_to_end(self) -> None:
        """Sends SIGTERM; does not wait."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to its whole group, then reaps it."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reap(None)

    def end(self, timeout: float) -> int:
        """SIGTERM, up to `timeout` seconds of patience, then SIGKILL. Returns the exit code."""
        self.ask_to_end()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._reap(None)

    def finish(self) -> int:
        """Ends its standard input and waits for it to end by itself. Returns the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._reap(None)

    def last_words(self) -> str:
        """The last line it wrote to standard error, for error messages; empty if none."""
        lines = self._log.read_text("utf-8", "replace").split("\n") if self._log.exists() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _reap(self, timeout: float | None) -> int:
        code = self._process.wait(timeout)
        self._reader.join()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.close()
        stdout.close()
        return code

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            try:
                what = json.loads(line)
            except ValueError:
                continue
            if isinstance(what, dict):
                self._inbox.put(Said(self, what))
        self._inbox.put(Said(self, None))


def _environment() -> dict[str, str]:
    """This process's environment without settings of ours, which would override the demo's own homes."""
    return {key: value for key, value in os.environ.items() if not key.startswith("SLSKMESH_")}
