"""An open file seen through one block of memory, for readers that walk through containers.

Rules:
- Nothing is read beyond the size the file had when it was opened; a file that is shorter now is a FileChangedError.
- `view` is for what is read in order, in whole blocks; `peek` is for a few bytes anywhere and reads no more.
- `pulse(n)` is told of every n bytes read and may raise to stop.
"""

from __future__ import annotations

import os
from typing import Final

from slskmesh.library.hashing import FileChangedError, Pulse

BLOCK: Final = 1 << 20


class Window:
    """See the head of this file. OSError comes as the system gives it."""

    def __init__(self, fd: int, size: int, pulse: Pulse = lambda _: None) -> None:
        self.size = size
        self._fd = fd
        self._pulse = pulse
        self._block = memoryview(bytearray(min(BLOCK, size)))
        self._from = 0
        self._to = 0

    def view(self, at: int, length: int) -> memoryview:
        """The `length` bytes from `at`, at most BLOCK; fewer at the file's end. Good until the next call."""
        end = min(at + min(length, BLOCK), self.size)
        if at >= end:
            return memoryview(b"")
        if not self._from <= at <= end <= self._to:
            self._from = at
            self._to = at + self._fill(self._block[: self.size - at], at)
        return self._block[at - self._from : end - self._from]

    def peek(self, at: int, length: int) -> bytes:
        """A few bytes from `at`, fewer at the file's end and none outside of it."""
        end = min(at + length, self.size)
        if at < 0 or at >= end:
            return b""
        if self._from <= at and end <= self._to:
            return bytes(self._block[at - self._from : end - self._from])
        data = bytearray(end - at)
        self._fill(memoryview(data), at)
        return bytes(data)

    def _fill(self, into: memoryview, at: int) -> int:
        done = 0
        while done < len(into):
            got = os.preadv(self._fd, [into[done:]], at + done)
            if not got:
                raise FileChangedError("became shorter while being read; the next scan tries again")
            done += got
        self._pulse(done)
        return done
