"""Contents that can be served: files of the library, and the verified chunks of downloads that run.

Rules: the file is opened for each chunk, so that no descriptor outlives its use, a deleted file is noticed at
once, and a file that is no longer the one that was hashed (other size or time) is never sent as if it were. Bytes that
rotted where size and time stayed would be blamed on us: a chunk of a library file is held against its hash when it is
first read in this run, as long as that takes no more than CHECK_SHARE of one core (some 50 MB/s of uploads: sending
faster than that must not wait for it); a file with a false chunk is not offered before it was hashed again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import trio

from slskmesh.library.manifest import Manifest
from slskmesh.swarm.port import Lost, Served, SharedFiles

PROOFS_MAX = 1000  # contents whose checked chunks are remembered
CHECK_SHARE = 0.03  # of one core
CHECK_AHEAD = 0.2  # seconds of it that may be saved up


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


class Spare:
    """Time left for checks; used by worker threads. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = CHECK_SHARE * CHECK_AHEAD
        self._at = clock()
        self._lock = threading.Lock()

    def any(self) -> bool:
        """Whether there is time for one more."""
        with self._lock:
            now = self._clock()
            self._left = min(self._left + (now - self._at) * CHECK_SHARE, CHECK_SHARE * CHECK_AHEAD)
            self._at = now
            return self._left > 0

    def spend(self, seconds: float) -> None:
        """A check took so long."""
        with self._lock:
            self._left -= seconds


class Proof:
    """Which chunks of a library file were right when they were read in this run. Read and marked by worker threads."""

    def __init__(self, manifest: Manifest, path: Path, mtime_ns: int, spare: Spare) -> None:
        self.manifest = manifest
        self.path = path
        self.mtime_ns = mtime_ns
        self.broken = False
        self._spare = spare
        self._right = bytearray(manifest.chunks)

    def check(self, chunk: int, data: memoryview) -> None:
        """Raises Lost if `data` is found not to be that chunk."""
        if self._right[chunk] or not self._spare.any():
            return
        begun = time.thread_time()
        right = self.manifest.matches(chunk, data)
        self._spare.spend(time.thread_time() - begun)
        if not right:
            self.broken = True
            raise Lost(
                "unreadable",
                f"{self.path}: chunk {chunk} rotted: the file looks as it did when it was hashed",
            )
        self._right[chunk] = True


class WholeFile:
    """A file of the library."""

    def __init__(self, proof: Proof, name: str) -> None:
        manifest = proof.manifest
        self.size = manifest.size
        self.chunk_size = manifest.chunk_size
        self.sha256 = manifest.sha256
        self.name = name
        self._proof = proof

    def held(self) -> int | None:
        """All of it."""
        return None

    def stopped(self) -> bool:
        """Never: a file that goes away is noticed when it is read."""
        return False

    def read(self, chunk: int, into: memoryview) -> None:
        """See port."""
        proof = self._proof
        stat = _read_at(proof.path, chunk * self.chunk_size, into)
        if stat.st_size != self.size or stat.st_mtime_ns != proof.mtime_ns:
            raise Lost("changed", f"{proof.path}: the file is not the one that was hashed")
        proof.check(chunk, into)


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
        self._spare = Spare()
        self._proofs: dict[bytes, Proof] = {}  # by content, the one opened last at the end

    async def open(self, content: bytes) -> Served | None:
        """The shared file, as the library has just found it in order."""
        known = self._proofs.get(content)
        if known is not None and known.broken:
            del self._proofs[content]
            await self._library.doubt(known.path)
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
        return WholeFile(self._proof(content, manifest, shared.path, stat.st_mtime_ns), shared.name)

    def _proof(self, content: bytes, manifest: Manifest, path: Path, mtime_ns: int) -> Proof:
        known = self._proofs.pop(content, None)
        if known is None or known.broken or (known.path, known.mtime_ns) != (path, mtime_ns):
            known = Proof(manifest, path, mtime_ns, self._spare)
        self._proofs[content] = known
        if len(self._proofs) > PROOFS_MAX:
            del self._proofs[next(iter(self._proofs))]
        return known

    async def manifest(self, content: bytes) -> Manifest | None:
        """Its manifest."""
        return await self._library.manifest(content)
