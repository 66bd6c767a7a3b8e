"""What a walk found, held against what is known (pure: entries and a table of stamps in, lists out).

Rules:
- A file is unchanged when size, mtime and inode are; nothing else is looked at, so that a scan of an unchanged
  share costs little more than listing it.
- A file that vanished here and is new there with the same size, mtime and inode was moved: it is not hashed again.
- There may be a million new files: their values are kept from the garbage collector, which would stop every thread.
- What is known below a folder that could not be listed is away, not gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from slskmesh.library.walk import Entry, inside, stamp_of


class Fresh(msgspec.Struct, frozen=True, gc=False):
    """A file to be hashed. `known`: a row of it exists, with an earlier stamp."""

    path: bytes
    stamp: bytes
    size: int
    known: bool


@dataclass(slots=True)
class Difference:
    """One share's files against its rows. `gone` maps path to stamp."""

    unchanged: int = 0
    empty: int = 0
    fresh: list[Fresh] = field(default_factory=list)
    back: list[bytes] = field(default_factory=list)
    away: list[bytes] = field(default_factory=list)
    gone: dict[bytes, bytes] = field(default_factory=dict)


def compare(
    entries: Iterable[Entry],
    known: dict[bytes, bytes],
    away: set[bytes],
    blind: Sequence[bytes],
    seen: Callable[[int], None] = lambda _: None,
) -> Difference:
    """Takes `known` (path to stamp, eaten up) apart by what is there.

    `away`: known paths out of reach so far. `blind`: folders that could not be listed; read after the last entry.
    `seen` is told now and then how many entries came.
    """
    found = Difference()
    count = 0
    for path, status in entries:
        count += 1
        if not count & 0xFF:
            seen(count)
        if not status.st_size:
            found.empty += 1
            continue
        stamp = stamp_of(status)
        before = known.pop(path, None)
        if before == stamp:
            found.unchanged += 1
            if path in away:
                found.back.append(path)
        else:
            found.fresh.append(Fresh(path, stamp, status.st_size, before is not None))
    seen(count)
    for path, stamp in known.items():
        if any(inside(path, folder) for folder in blind):
            found.away.append(path)
        else:
            found.gone[path] = stamp
    return found


def pair_moves(fresh: Iterable[Fresh], gone: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """New path to old path of every file that was only moved. Old paths are taken out of `gone`."""
    by_stamp = {stamp: path for path, stamp in gone.items() if stamp}
    moves: dict[bytes, bytes] = {}
    for file in fresh:
        old = by_stamp.pop(file.stamp, None)
        if old is not None:
            moves[file.path] = old
            del gone[old]
    return moves
