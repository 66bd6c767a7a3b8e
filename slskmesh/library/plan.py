"""What one scan has to do, made of what was found in each share (pure; takes a moment for many files, so off the loop).

Rules: a file moved from one share to another is moved, not hashed; what changed is marked before anything is hashed,
so that it is not offered meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from slskmesh.library.diff import Difference, Fresh, pair_moves
from slskmesh.library.intake import virtual_place
from slskmesh.library.rows import Moved, RootState
from slskmesh.store.models.library import FileState


class Target(msgspec.Struct, frozen=True, gc=False):
    """A file to be hashed, and the share it is in."""

    root: RootState
    file: Fresh


@dataclass(slots=True)
class Plan:
    """Rows to mark, move and drop, then files to hash, of `size` bytes in all."""

    marks: list[tuple[FileState, bytes]]
    moved: list[Moved]
    gone: list[bytes]
    targets: deque[Target]
    size: int
    unchanged: int
    empty: int


def make_plan(found: Sequence[tuple[RootState, Difference]]) -> Plan:
    """The work that follows from these differences, one for each share that is there."""
    gone = {path: stamp for _, difference in found for path, stamp in difference.gone.items()}
    moves = pair_moves((file for _, difference in found for file in difference.fresh), gone)
    plan = Plan([], [], [], deque(), 0, 0, 0)
    for root, difference in found:
        plan.unchanged += difference.unchanged
        plan.empty += difference.empty
        plan.marks += [(FileState.OFFERED, path) for path in difference.back]
        plan.marks += [(FileState.AWAY, path) for path in difference.away]
        plan.marks += [(FileState.CHANGED, file.path) for file in difference.fresh if file.known]
        for file in difference.fresh:
            old = moves.get(file.path)
            if old is None:
                plan.targets.append(Target(root, file))
                plan.size += file.size
            else:
                plan.moved.append(Moved(root.id, old, file.path, *virtual_place(root.path, file.path)))
    plan.gone = list(gone)
    return plan
