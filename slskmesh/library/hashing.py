"""Reads a file once and makes its manifest (blocking; runs in a worker thread).

Rules:
- One pass: each block is hashed as a leaf and into the whole file's SHA-256 while it is in the processor's cache.
- What was hashed is what was there: size, mtime and inode are the same before and after, else FileChangedError
  and the next scan tries again. No more than the size first seen is read.
- Only regular files are opened, and opening never waits (a pipe put in a file's place would).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from slskmesh.errors import StorageError
from slskmesh.library.manifest import Manifest, chunk_size_for, leaf_hash
from slskmesh.library.walk import reason_of, stamp_of
from slskmesh.wire import limits

BLOCK: Final = limits.CHUNK_MAX  # bytes read at once: a whole number of chunks of any size
Pulse = Callable[[int], None]


class FileChangedError(StorageError):
    """A file was written to while it was read."""


@contextmanager
def open_regular(path: bytes, *, follow_link: bool = False) -> Iterator[tuple[int, os.stat_result]]:
    """Descriptor and status of the regular file at `path`. Raises StorageError with the reason alone."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow_link else os.O_NOFOLLOW)
    try:
        fd = os.open(path, flags)
    except OSError as exc:
        raise StorageError(f"cannot be opened: {reason_of(exc)}") from exc
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError("is no longer a regular file")
        yield fd, status
    except OSError as exc:
        raise StorageError(f"cannot be read: {reason_of(exc)}") from exc
    finally:
        os.close(fd)


def check_unchanged(fd: int, before: os.stat_result) -> None:
    """Raises FileChangedError if the open file no longer looks as it did."""
    if stamp_of(os.fstat(fd)) != stamp_of(before):
        raise FileChangedError("changed while being read; the next scan tries again")


def read_whole(fd: int, size: int) -> bytes:
    """The first `size` bytes of a file that fits memory."""
    data = os.read(fd, size)
    while len(data) < size:
        more = os.read(fd, size - len(data))
        if not more:
            raise FileChangedError("became shorter while being read; the next scan tries again")
        data += more
    return data


def manifest_of_bytes(data: bytes) -> Manifest:
    """Manifest of a whole content in memory."""
    chunk = chunk_size_for(len(data))
    view = memoryview(data)
    leaves = b"".join([leaf_hash(view[at : at + chunk]) for at in range(0, len(data), chunk)])
    return Manifest(len(data), chunk, hashlib.sha256(data).digest(), leaves)


def manifest_of_file(fd: int, size: int, pulse: Pulse = lambda _: None) -> Manifest:
    """Manifest of the open file's first `size` bytes. `pulse(n)` is told of each block and may raise to stop."""
    chunk = chunk_size_for(size)
    whole = hashlib.sha256()
    leaves: list[bytes] = []
    buffer = memoryview(bytearray(min(BLOCK, size)))
    left = size
    while left:
        want = min(BLOCK, left)
        _fill(fd, buffer[:want])
        for at in range(0, want, chunk):
            block = buffer[at : min(at + chunk, want)]
            leaves.append(leaf_hash(block))
            whole.update(block)
        left -= want
        pulse(want)
    return Manifest(size, chunk, whole.digest(), b"".join(leaves))


def _fill(fd: int, buffer: memoryview) -> None:
    at = 0
    while at < len(buffer):
        got = os.readv(fd, [buffer[at:]])
        if not got:
            raise FileChangedError("became shorter while being read; the next scan tries again")
        at += got
