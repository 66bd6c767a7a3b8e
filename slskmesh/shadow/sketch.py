"""Sketches: about how many peers hold something, in 64 bytes that merge without counting a peer twice. Pure.

A HyperLogLog of 128 registers of four bits (Flajolet et al. 2007, linear counting below 2.5 registers): standard error
9 %, good up to two million.

Rules:
- A peer's place is a hash over its key, salted with the MusicBrainz id and the epoch (a week): sketches of two
  releases cannot be joined, and who has gone is out of the count after two weeks at most.
- Merging is by maximum: in any order, any number of times, the same.
- A register counts only as far as a quorum of publishers, one a network where networks are known, says it does: one
  key cannot make a million of ten. No estimate is below the number of publishers seen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Final

REGISTERS: Final = 128
SKETCH_BYTES: Final = REGISTERS // 2
EMPTY: Final = bytes(SKETCH_BYTES)
EPOCH_DAYS: Final = 7
_RANK_MAX: Final = 15
_ALPHA: Final = 0.7213 / (1 + 1.079 / REGISTERS)
_QUORUM_MIN: Final = 2
_QUORUM_SHARE: Final = 3  # a third of the publishers


def salt_of(kind: str, identifier: bytes, day: int) -> bytes:
    """What peers are salted with: `identifier` is the MusicBrainz id's 16 bytes, `day` counts from 1970."""
    return b"slskmesh/sketch/1\0" + kind.encode("ascii") + b"\0" + identifier + _epoch(day).to_bytes(4, "big")


def _epoch(day: int) -> int:
    return day // EPOCH_DAYS


def same_epoch(day: int, other: int) -> bool:
    """Whether sketches of the two days are of one epoch and may be merged."""
    return _epoch(day) == _epoch(other)


def of(peers: Iterable[bytes], salt: bytes) -> bytes:
    """The sketch of these peers."""
    registers = bytearray(REGISTERS)
    for peer in peers:
        number = int.from_bytes(hashlib.sha256(salt + peer).digest()[:8], "big")
        place, rest = number % REGISTERS, number // REGISTERS
        rank = 1 if rest & 1 else min(_RANK_MAX, (rest & -rest).bit_length() if rest else _RANK_MAX)
        registers[place] = max(registers[place], rank)
    return _pack(registers)


def merge(*sketches: bytes) -> bytes:
    """The sketch of whoever is in any of them."""
    return _pack(map(max, zip(bytes(REGISTERS), *map(_unpack, sketches), strict=True)))


def quorum(publishers: int) -> int:
    """How many of that many publishers must agree."""
    return max(_QUORUM_MIN, -(-publishers // _QUORUM_SHARE))


def supported(claims: Mapping[Hashable, Iterable[bytes]]) -> bytes:
    """What a quorum agrees on: in each register the highest value that many voices reach.

    A voice is a key or, where it is known, a network; the sketches of one voice count as one.
    """
    need = quorum(len(claims))
    if len(claims) < need:
        return EMPTY
    voices = [_unpack(merge(*sketches)) for sketches in claims.values()]
    return _pack(sorted(column, reverse=True)[need - 1] for column in zip(*voices, strict=True))


def count(sketch: bytes) -> float:
    """About how many peers are in it."""
    registers = _unpack(sketch)
    empty = registers.count(0)
    raw = _ALPHA * REGISTERS**2 / math.fsum(2.0**-rank for rank in registers)
    if raw <= 2.5 * REGISTERS and empty:
        return REGISTERS * math.log(REGISTERS / empty)
    return raw


def estimate(claims: Mapping[Hashable, Iterable[bytes]], publishers: Iterable[bytes], salt: bytes) -> int:
    """About how many hold it: what a quorum agrees on, with the publishers seen, and never fewer than those."""
    seen = set(publishers)
    return max(len(seen), round(count(merge(supported(claims), of(seen, salt)))))


def _unpack(sketch: bytes) -> bytes:
    if len(sketch) != SKETCH_BYTES:
        raise ValueError(f"a sketch has {SKETCH_BYTES} bytes, not {len(sketch)}")
    return bytes(half for byte in sketch for half in (byte >> 4, byte & 15))


def _pack(registers: Iterable[int]) -> bytes:
    values = bytes(registers)
    return bytes(values[i] << 4 | values[i + 1] for i in range(0, REGISTERS, 2))
