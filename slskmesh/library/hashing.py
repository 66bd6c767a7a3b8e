"""Reads a file once and makes its manifest (blocking; runs in a worker thread).

Rules:
- One pass: each block is hashed as a leaf and into the whole file's SHA-256 while it is in the processor's cache.
- Blocks are read into one buffer a thread: a fresh one for each file costs as much as reading it.
- What was hashed is what was there: size, mtime and inode are the same before and after, else FileChangedError
  and the next scan tries again. No more than the size first seen is read.
- Only regular files are opened, and opening never waits (a pipe put in a file's place would).
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from slskmesh.errors import StorageError
from slskmesh.library.manifest import Manifest, chunk_size_for, leaf_hash
from slskmesh.library.walk import reason_of, stamp_of
from slskmesh.wire import limits

BLOCK: Final = limits.CHUNK_MAX  # bytes read at once: a whole number of chunks of any size
Pulse = Callable[[int], None]
_local = threading.local()


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


def manifest_of_file(fd: int, size: int, pulse: Pulse = lambda _: None) -> tuple[Manifest, memoryview]:
    """Manifest of the open file's first `size` bytes, and the last block read: the whole file if size <= BLOCK.

    The block is this thread's buffer, good until the next call. `pulse(n)` is told of every n bytes and may raise
    to stop.
    """
    chunk = chunk_size_for(size)
    whole = hashlib.sha256()
    leaves: list[bytes] = []
    block = memoryview(b"")
    left = size
    while left:
        block = _buffer()[: min(BLOCK, left)]
        _fill(fd, block)
        leaves += [leaf_hash(block[at : at + chunk]) for at in range(0, len(block), chunk)]
        whole.update(block)
        left -= len(block)
        pulse(len(block))
    return Manifest(size, chunk, whole.digest(), b"".join(leaves)), block


def _buffer() -> memoryview:
    try:
        buffer: memoryview = _local.buffer
    except AttributeError:
        buffer = _local.buffer = memoryview(bytearray(BLOCK))
    return buffer


def _fill(fd: int, buffer: memoryview) -> None:
    at = 0
    while at < len(buffer):
        got = os.readv(fd, [buffer[at:]])
        if not got:
            raise FileChangedError("became shorter while being read; the next scan tries again")
        at += got
