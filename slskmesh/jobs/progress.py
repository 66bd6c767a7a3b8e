"""How far a job is: bytes known and estimated, rate, time left. Pure.

Rules: a track whose size is not known yet counts by its length at the mean rate of those that are known, else by
their mean size; with nothing known there is no estimate. What was here before, what is not asked for and what failed
is not counted as bytes to fetch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from slskmesh.jobs.record import SERVED
from slskmesh.jobs.state import TrackPhase

_UNCOUNTED = frozenset({TrackPhase.HAVE, TrackPhase.SKIPPED, TrackPhase.FAILED})


class Piece(NamedTuple):
    """One track: bytes (0 unknown), verified bytes, length in ms where known."""

    phase: TrackPhase
    size: int
    done: int
    length: int | None


class Totals(NamedTuple):
    """Tracks asked for, those served, those failed; bytes to fetch in all and fetched."""

    tracks: int
    served: int
    failed: int
    size: int
    done: int


def totals(pieces: Iterable[Piece]) -> Totals:
    """Sums of the pieces; see the head of this file."""
    asked = [piece for piece in pieces if piece.phase is not TrackPhase.SKIPPED]
    counted = [piece for piece in asked if piece.phase not in _UNCOUNTED]
    known = [piece for piece in counted if piece.size > 0]
    size = sum(piece.size for piece in known)
    timed = [piece for piece in known if piece.length]
    milliseconds = sum(piece.length or 0 for piece in timed)
    per_millisecond = sum(piece.size for piece in timed) / milliseconds if milliseconds else 0.0
    mean = size / len(known) if known else 0.0
    for piece in counted:
        if piece.size <= 0:
            size += round(piece.length * per_millisecond if piece.length and per_millisecond else mean)
    return Totals(
        tracks=len(asked),
        served=sum(piece.phase in SERVED for piece in asked),
        failed=sum(piece.phase is TrackPhase.FAILED for piece in asked),
        size=size,
        done=sum(min(piece.done, piece.size) for piece in known),
    )


def seconds_left(sums: Totals, rate: float) -> float | None:
    """At this rate (bytes per second); None where nothing is known or nothing moves."""
    if rate <= 0 or not sums.size:
        return None
    return max(0, sums.size - sums.done) / rate
