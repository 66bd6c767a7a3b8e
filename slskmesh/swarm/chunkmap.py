"""The live chunk map of one download: one byte of state and one byte of owner a chunk.

Rules: changed in place, chunk by chunk; `revision` grows with every change so that a viewer copies it only then.
"""

from __future__ import annotations

from collections.abc import Iterable

from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.state import MISSING, VERIFIED


class ChunkMap:
    """States and owners of all chunks; an owner is 0 or 1 + index of the source's row."""

    __slots__ = ("owners", "revision", "states")

    def __init__(self, space: ChunkSpace, done: int) -> None:
        self.states = bytearray(space.flags(done).translate(bytes((MISSING, VERIFIED)) + bytes(254)))
        self.owners = bytearray(space.chunks)
        self.revision = 0

    def put(self, chunk: int, state: int, owner: int) -> None:
        """Chunk `chunk` is now in `state`, by the source of row `owner` (-1: nobody)."""
        self.states[chunk] = state
        self.owners[chunk] = min(owner + 1, 255)
        self.revision += 1

    def clear(self, chunks: Iterable[int], still_open: Iterable[int] = ()) -> None:
        """These chunks are missing again, but for those another source still brings."""
        for chunk in set(chunks).difference(still_open):
            self.put(chunk, MISSING, -1)
