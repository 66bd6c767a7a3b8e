"""Contents that can be served: files of the library, and the verified chunks of downloads that run.

Rules: the file is opened for each chunk, so that no descriptor outlives its use, a deleted file is noticed at
once, and a file that is no longer the one that was hashed (other size or time) is never sent as if it were.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import trio

from slskmesh.library.manifest import Manifest
from slskmesh.swarm.port import Lost, Served, SharedFiles


def _read_at(path: Path, at: int, into: memoryview) -> os.stat_result:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            got = os.preadv(handle, [into], at)
            while 0 < got < len(into):
                more = os.preadv(handle, [into[got:]], at + got)
                if not more:
                    break
                got += more
            stat = os.fstat(handle)
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        raise Lost("vanished", f"{path}: the file is not there any more") from error
    except OSError as error:
        raise Lost("unreadable", f"{path}: {error.strerror or error}") from error
    if got < len(into):
        raise Lost("changed", f"{path}: the file is shorter than when it was hashed")
    return stat


class WholeFile:
    """A file of the library."""

    def __init__(self, manifest: Manifest, path: Path, name: str, mtime_ns: int) -> None:
        self.size = manifest.size
        self.chunk_size = manifest.chunk_size
        self.sha256 = manifest.sha256
        self.name = name
        self._path = path
        self._mtime_ns = mtime_ns

    def held(self) -> int | None:
        """All of it."""
        return None

    def stopped(self) -> bool:
        """Never: a file that goes away is noticed when it is read."""
        return False

    def read(self, chunk: int, into: memoryview) -> None:
        """See port."""
        stat = _read_at(self._path, chunk * self.chunk_size, into)
        if stat.st_size != self.size or stat.st_mtime_ns != self._mtime_ns:
            raise Lost("changed", f"{self._path}: the file is not the one that was hashed")


class PartialFile:
    """The verified chunks of a download, also after it is finished."""

    def __init__(self, manifest: Manifest, path: Path, name: str, verified: Callable[[], int | None]) -> None:
        """`verified` gives the set of verified chunks, None for all."""
        self.size = manifest.size
        self.chunk_size = manifest.chunk_size
        self.sha256 = manifest.sha256
        self.name = name
        self.path = path
        self.closed = False
        self._verified = verified

    def held(self) -> int | None:
        """See port."""
        return self._verified()

    def finished(self, path: Path) -> None:
        """The whole file stands at `path` now."""
        self.path, self._verified = path, lambda: None

    def stopped(self) -> bool:
        """See port."""
        return self.closed

    def read(self, chunk: int, into: memoryview) -> None:
        """See port. A file that is being moved to its final name is looked for once more."""
        path = self.path
        try:
            _read_at(path, chunk * self.chunk_size, into)
        except Lost:
            if path == self.path:
                raise
            _read_at(self.path, chunk * self.chunk_size, into)


class LibraryContents:
    """The library as a source of contents."""

    def __init__(self, library: SharedFiles) -> None:
        self._library = library

    async def open(self, content: bytes) -> Served | None:
        """The shared file, as the library has just found it in order."""
        shared = await self._library.find(content)
        manifest = await self._library.manifest(content) if shared is not None else None
        if shared is None or manifest is None:
            return None
        try:
            stat = await trio.to_thread.run_sync(os.stat, shared.path)
        except OSError:
            return None  # gone since: the next find takes it down
        if stat.st_size != manifest.size:
            return None
        return WholeFile(manifest, shared.path, shared.name, stat.st_mtime_ns)

    async def manifest(self, content: bytes) -> Manifest | None:
        """Its manifest."""
        return await self._library.manifest(content)
