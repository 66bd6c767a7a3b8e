"""Collecting a manifest from one source, part by part, in order.

Rules: the parts must come in order and fill exactly the size the source told when it joined; the whole is proved
against the content id by the caller, in a worker thread, before anything of it is believed.
"""

from __future__ import annotations

import trio

from slskmesh.errors import PeerError
from slskmesh.library.manifest import Manifest, chunk_count, chunk_size_for
from slskmesh.wire.limits import CHUNKS_MAX, HASH_BYTES
from slskmesh.wire.messages import Joined, ManifestPart


def check_head(head: Joined) -> int:
    """Number of chunks a Joined promises; PeerError if no content can have this size and chunk size."""
    if head.chunk_size != chunk_size_for(head.size) or chunk_count(head.size, head.chunk_size) > CHUNKS_MAX:
        raise PeerError("bad-joined", f"{head.size} bytes do not come in chunks of {head.chunk_size}")
    return chunk_count(head.size, head.chunk_size)


class ManifestFetch:
    """The parts of one manifest as they come."""

    def __init__(self, head: Joined) -> None:
        self._head = head
        self._need = check_head(head) * HASH_BYTES
        self._hashes = bytearray()
        self.news = trio.Event()  # a part came, or the source is gone

    @property
    def whole(self) -> bool:
        """All hashes are here."""
        return len(self._hashes) == self._need

    def take(self, part: ManifestPart) -> None:
        """The next part; PeerError if it is not the next one or does not fit."""
        fits = len(part.hashes) % HASH_BYTES == 0 and len(self._hashes) + len(part.hashes) <= self._need
        if part.first * HASH_BYTES != len(self._hashes) or not fits:
            raise PeerError("bad-manifest-part", "a part of the manifest that does not follow the one before")
        self._hashes += part.hashes
        self.news.set()

    def manifest(self) -> Manifest:
        """The whole, not yet proved."""
        head = self._head
        return Manifest(head.size, head.chunk_size, head.sha256, bytes(self._hashes))
