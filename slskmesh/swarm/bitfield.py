"""Sets of chunks as big integers, laid out exactly as on the wire.

Rules:
- Chunk i is bit `width - 1 - i`, so the integer's big-endian bytes are the wire's bitfield (most significant bit
  first) and the lowest chunk of a set is found by `bit_length`. Union, intersection and difference are single
  operations on at most 8 KiB: nothing here walks chunks one by one in Python.
- `parse` is the only way in for a peer's bytes; a wrong length or a set spare bit is the peer's fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slskmesh.errors import PeerError

_ASCII_TO_BIT = bytes.maketrans(b"01", b"\0\1")


class ChunkSpace:
    """The chunks of one content, and sets of them."""

    __slots__ = ("chunks", "full", "width")

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self.width = -(-chunks // 8) * 8
        self.full = ((1 << chunks) - 1) << (self.width - chunks)

    def bit(self, chunk: int) -> int:
        """The set of one chunk."""
        return 1 << (self.width - 1 - chunk)

    def of(self, chunks: Iterable[int]) -> int:
        """The set of these chunks."""
        bits = 0
        for chunk in chunks:
            bits |= 1 << (self.width - 1 - chunk)
        return bits

    def holds(self, bits: int, chunk: int) -> bool:
        """Whether `chunk` is in the set."""
        return bool((bits >> (self.width - 1 - chunk)) & 1)

    def first(self, bits: int) -> int:
        """Lowest chunk of a set that is not empty."""
        return self.width - bits.bit_length()

    def last(self, bits: int) -> int:
        """Highest chunk of a set that is not empty."""
        return self.width - (bits & -bits).bit_length()

    def first_from(self, bits: int, start: int) -> int:
        """Lowest chunk from `start` on, going round to the beginning; the set is not empty."""
        tail = bits & ((1 << (self.width - start)) - 1)
        return self.first(tail or bits)

    def walk(self, bits: int) -> Iterator[int]:
        """The chunks of a set, ascending."""
        flags = self.flags(bits)
        at = flags.find(1)
        while at >= 0:
            yield at
            at = flags.find(1, at + 1)

    def flags(self, bits: int) -> bytes:
        """One byte a chunk: 1 if it is in the set."""
        if not self.chunks:
            return b""
        return format(bits, f"0{self.width}b").encode().translate(_ASCII_TO_BIT)[: self.chunks]

    def pack(self, bits: int) -> bytes:
        """The bitfield as it goes on the wire and on disk."""
        return bits.to_bytes(self.width // 8, "big")

    def parse(self, field: bytes) -> int:
        """A peer's bitfield; PeerError "bad-bitfield" for a wrong length or a spare bit that is set."""
        if len(field) != self.width // 8:
            raise PeerError(
                "bad-bitfield",
                f"a bitfield of {len(field)} bytes for {self.chunks} chunks, not {self.width // 8}",
            )
        bits = int.from_bytes(field, "big")
        if bits & ~self.full:
            raise PeerError("bad-bitfield", "a bitfield names chunks that the content does not have")
        return bits
