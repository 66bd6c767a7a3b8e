"""What the swarm asks of its neighbours: a judge of peers, and contents that can be served to others.

Rules: these are ports; the rooms that stand behind them (governance, library) never import the swarm, and the
swarm never imports them. Reading of chunk data happens in worker threads, everything else on the engine's loop.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from slskmesh.errors import StorageError
from slskmesh.identity.peerid import PeerId
from slskmesh.library.manifest import Manifest

What = Literal["good-chunk", "bad-chunk", "timeout", "false-have", "false-manifest"]


class Standing(Protocol):
    """What we think of peers."""

    def is_blocked(self, peer: PeerId) -> bool:
        """The person blocked this peer."""

    def is_trusted(self, peer: PeerId) -> bool:
        """The person trusts this peer: first in queues."""

    def may_send(self, peer: PeerId) -> bool:
        """Whether chunk data is taken from this peer now (two bad chunks in a day: no)."""

    def score(self, peer: PeerId) -> float:
        """Local reputation, higher is better, 0 for strangers."""

    def note(self, peer: PeerId, what: What) -> None:
        """Takes down what the peer did."""


class Lost(StorageError):
    """A served file cannot be read as promised. `code` is one of `Gone`'s: "vanished", "changed", "unreadable"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Served(Protocol):
    """One content that can be served now, whole or in part. Holds no open file."""

    size: int  # bytes
    chunk_size: int
    sha256: bytes  # of the whole file
    name: str  # for people; not sanitised

    def held(self) -> int | None:
        """Set of chunks that can be read (`bitfield.ChunkSpace`), None for all of them."""

    def stopped(self) -> bool:
        """True once this content is no longer offered (its download was paused or removed)."""

    def read(self, chunk: int, into: memoryview) -> None:
        """Fills `into` with the chunk's bytes. Runs in a worker thread; raises Lost."""


class ContentSource(Protocol):
    """Where contents to serve come from: the library, and downloads that run."""

    async def open(self, content: bytes) -> Served | None:
        """The content, or None where it is not (yet) here."""

    async def manifest(self, content: bytes) -> Manifest | None:
        """Its manifest."""


class SharedFile(Protocol):
    """What the swarm needs of a file in the library."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def path(self) -> Path:
        """Where it stands on disk."""

    @property
    def name(self) -> str:
        """File name for people."""


class SharedFiles(Protocol):
    """What the swarm needs of the library."""

    async def find(self, content: bytes) -> SharedFile | None:
        """The shared file with this content id."""

    async def manifest(self, content: bytes) -> Manifest | None:
        """Its manifest."""

    async def doubt(self, path: Path) -> None:
        """A shared file's bytes are not what was hashed: it is not offered before it was hashed again."""
