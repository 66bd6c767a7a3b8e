"""Child processes of a bench: started as modules, spoken to in JSON lines, never left behind.

Rules: a child prints one JSON object a line on stdout; it ends by itself when its stdin reaches end of file, so
that even a bench that is killed leaves none running. stderr goes to a file, shown only when the child fails.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]


class ChildError(Exception):
    """A child ended, said nothing in time or said something that is not JSON; holds the end of its stderr."""


class Child:
    """One running `python -m module args`; a context manager that ends it."""

    def __init__(self, module: str, *args: str, env: dict[str, str] | None = None) -> None:
        self.module = module
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115
        self._rest = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *args],
            cwd=ROOT,
            env=os.environ | (env or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def line(self, timeout: float) -> dict[str, Any]:
        """The next JSON object of its stdout; ChildError after `timeout` seconds or at its end."""
        assert self._process.stdout is not None
        end = time.monotonic() + timeout
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise ChildError(f"{self.module} {'ended' if ready else 'said nothing'}: {self._complaint()}")
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\n")
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ChildError(f"{self.module} said {text[:200]!r}") from error
        if not isinstance(value, dict):
            raise ChildError(f"{self.module} said {text[:200]!r}")
        return value

    def write(self, text: str) -> None:
        """Writes to its stdin, which stays open."""
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def close(self) -> None:
        """Ends the child: end of file on its stdin, then SIGTERM, then SIGKILL."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                self._process.send_signal(number)
            try:
                self._process.wait(5)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process.stdout.close()
        self._stderr.close()

    def _complaint(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read().decode("utf-8", "replace")[-2000:].strip() or "(nothing on stderr)"
