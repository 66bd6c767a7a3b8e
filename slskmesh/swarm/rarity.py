"""How many sources offer each chunk, kept as one set of chunks per count.

Rules: sources that have everything are only counted, they are in no set; adding or removing a source moves whole
sets between neighbours, so the cost grows with the number of different counts and never with the chunks.
"""

from __future__ import annotations

from slskmesh.swarm.bitfield import ChunkSpace


class Rarity:
    """Chunks by the number of incomplete sources that have them."""

    __slots__ = ("_sets", "_space", "complete")

    def __init__(self, space: ChunkSpace) -> None:
        self._space = space
        self._sets = [space.full]
        self.complete = 0  # sources that have every chunk

    def add(self, bits: int) -> None:
        """A source with these chunks came."""
        if bits == self._space.full:
            self.complete += 1
            return
        sets = self._sets
        for count in range(len(sets) - 1, -1, -1):
            moved = sets[count] & bits
            if moved:
                sets[count] ^= moved
                if count + 1 == len(sets):
                    sets.append(0)
                sets[count + 1] |= moved

    def remove(self, bits: int) -> None:
        """A source with these chunks left."""
        if bits == self._space.full:
            self.complete -= 1
            return
        sets = self._sets
        for count in range(1, len(sets)):
            moved = sets[count] & bits
            if moved:
                sets[count] ^= moved
                sets[count - 1] |= moved
        while len(sets) > 1 and not sets[-1]:
            sets.pop()

    def rarest(self, wanted: int) -> int:
        """The part of a non-empty set that the fewest sources have."""
        for bits in self._sets:
            if bits & wanted:
                return bits & wanted
        raise ValueError("the set holds no chunk of this content")

    def nowhere(self) -> int:
        """The set of chunks that no source has."""
        return 0 if self.complete else self._sets[0]

    def copies(self) -> bytes:
        """Sources that offer each chunk, one byte a chunk, 255 at most."""
        total = 0
        for rarity, bits in enumerate(self._sets):
            count = min(255, rarity + self.complete)
            if bits and count:
                total += count * int.from_bytes(self._space.flags(bits), "big")
        return total.to_bytes(self._space.chunks, "big")
