"""A program on a real pseudo-terminal: send keys, wait for text, hang up, signal."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("pty_app.py")


class Pty:
    """One child on its own terminal and session. Close it with `with`."""

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (80, 24),
        env: dict[str, str] | None = None,
        script: Path = SCRIPT,
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        clean = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("SSH_", "NO_COLOR", "TEXTUAL", "COLUMNS", "LINES"))
        }
        clean.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8", LC_ALL="C.UTF-8")
        clean.update(PYTHONPATH=str(ROOT), **(env or {}))
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=clean,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        self.slave = slave
        self.output = bytearray()
        self._changed = threading.Condition()
        self._open = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Pty:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(10)
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1
        self.hang_up()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65_536)
            except OSError:
                data = b""
            with self._changed:
                self.output += data
                self._changed.notify_all()
            if not data:
                return

    def wait_for(self, text: bytes, timeout: float = 15.0, start: int = 0) -> int:
        """Waits until `text` was written after `start`; returns where."""
        end = time.monotonic() + timeout
        with self._changed:
            while (found := self.output.find(text, start)) < 0:
                left = end - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    tail = bytes(self.output[-1500:])
                    raise AssertionError(f"{text!r} did not come; the last output is {tail!r}")
            return found

    def send(self, keys: bytes) -> int:
        """Types; returns how much was written before."""
        mark = len(self.output)
        os.write(self.master, keys)
        return mark

    def hang_up(self) -> None:
        """The far end goes away, as when an ssh line drops: the last holder of the master closes it."""
        if not self._open:
            return
        self._open = False
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1
        master, self.master = self.master, -1
        os.close(master)

    def signal(self, number: int) -> None:
        """Sends one signal to the child."""
        self.process.send_signal(number)

    def ended(self, timeout: float = 10.0) -> tuple[int, float]:
        """Waits for the end; returns the code and the seconds it took."""
        began = time.monotonic()
        code = self.process.wait(timeout)
        return code, time.monotonic() - began

    def modes(self) -> list[object]:
        """The terminal's modes as the child left them."""
        return termios.tcgetattr(self.slave)

    def threads(self) -> int:
        """Threads of the child."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def stopped(self) -> bool:
        """Whether the child is suspended."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
