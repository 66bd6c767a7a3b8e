"""Manifests: what names a content and lets each chunk be checked on its own (design.md 2.5).

- leaf(i)    = SHA-256(0x00 | bytes of chunk i)
- node(l, r) = SHA-256(0x01 | l | r); an odd node at the end of a level is promoted as it is
- content id = SHA-256(0x02 | size u64be | chunk size u32be | root | whole-file SHA-256); an empty file's root is
  SHA-256(0x00)

The domain bytes keep a leaf from being taken for a node (second preimage); binding size and chunk size means one
content id has exactly one chunking. Chunk sizes follow libtorrent's table by file size, so that two peers who
hash the same file always agree on the id. The whole file's plain SHA-256, for people and for the check of our own
disk code, is bound too: a source cannot pair true chunks with a false one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NewType

import msgspec

from slskmesh.errors import PeerError
from slskmesh.wire import limits

ContentId = NewType("ContentId", bytes)

# (largest file size in bytes, chunk size in bytes)
_CHUNK_TABLE = (
    (2_700_000, 16 << 10),
    (10_700_000, 32 << 10),
    (43_000_000, 64 << 10),
    (172_000_000, 128 << 10),
    (687_000_000, 256 << 10),
    (2_700_000_000, 512 << 10),
)


def chunk_size_for(size: int) -> int:
    """Bytes a chunk of a file of `size` bytes has."""
    for limit, chunk in _CHUNK_TABLE:
        if size <= limit:
            return chunk
    return limits.CHUNK_MAX


def chunk_count(size: int, chunk_size: int) -> int:
    """Chunks of a file; the last one may be short; an empty file has none."""
    return -(-size // chunk_size)


def leaf_hash(data: bytes | bytearray | memoryview) -> bytes:
    """Hash of one chunk as it stands in a manifest."""
    digest = hashlib.sha256(b"\0")
    digest.update(data)
    return digest.digest()


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes, see the head of this file."""
    level = list(leaves)
    if not level:
        return hashlib.sha256(b"\0").digest()
    while len(level) > 1:
        above = [
            hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


class Manifest(msgspec.Struct, frozen=True):
    """Size (bytes), chunk size (bytes), whole-file SHA-256 and the concatenated 32-byte leaf hashes of a content."""

    size: int
    chunk_size: int
    sha256: bytes
    hashes: bytes

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return chunk_count(self.size, self.chunk_size)

    def chunk_length(self, index: int) -> int:
        """Bytes of chunk `index`."""
        return min(self.chunk_size, self.size - index * self.chunk_size)

    def leaf(self, index: int) -> bytes:
        """Expected hash of chunk `index`."""
        return self.hashes[index * 32 : index * 32 + 32]

    def matches(self, index: int, data: bytes | bytearray | memoryview) -> bool:
        """Whether `data` is chunk `index`, to the byte."""
        return leaf_hash(data) == self.leaf(index)

    def content_id(self) -> ContentId:
        """The id this manifest proves."""
        root = merkle_root(self.hashes[i : i + 32] for i in range(0, len(self.hashes), 32))
        head = b"\2" + self.size.to_bytes(8, "big") + self.chunk_size.to_bytes(4, "big")
        return ContentId(hashlib.sha256(head + root + self.sha256).digest())

    def prove(self, content: bytes) -> Manifest:
        """Returns itself if it is the manifest of `content`, else PeerError "false-manifest"."""
        shape_ok = (
            0 <= self.size <= limits.FILE_MAX
            and self.chunk_size == chunk_size_for(self.size)
            and len(self.sha256) == 32
            and len(self.hashes) == 32 * self.chunks
        )
        if not shape_ok or self.content_id() != content:
            raise PeerError("false-manifest", "the manifest does not hash to the content id it was asked for")
        return self
