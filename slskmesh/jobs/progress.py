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


class Part(NamedTuple):
    """Sums over some pieces. Parts add up field by field (`together`), so that only changed ones are made anew."""

    tracks: int = 0
    served: int = 0
    failed: int = 0
    done: int = 0
    known: int = 0  # pieces of known size, and their bytes
    size: int = 0
    timed_size: int = 0  # of those the bytes and ms where the length is known
    timed: int = 0
    unknown: int = 0  # pieces of unknown size and length
    unknown_timed: int = 0  # pieces of unknown size and known length, and their ms
    unknown_time: int = 0


def part(pieces: Iterable[Piece]) -> Part:
    """Sums of some pieces; see the head of this file."""
    asked = [piece for piece in pieces if piece.phase is not TrackPhase.SKIPPED]
    counted = [piece for piece in asked if piece.phase not in _UNCOUNTED]
    known = [piece for piece in counted if piece.size > 0]
    timed = [piece for piece in known if piece.length]
    unknown = [piece.length or 0 for piece in counted if piece.size <= 0]
    return Part(
        tracks=len(asked),
        served=sum(piece.phase in SERVED for piece in asked),
        failed=sum(piece.phase is TrackPhase.FAILED for piece in asked),
        done=sum(min(piece.done, piece.size) for piece in known),
        known=len(known),
        size=sum(piece.size for piece in known),
        timed_size=sum(piece.size for piece in timed),
        timed=sum(piece.length or 0 for piece in timed),
        unknown=sum(not length for length in unknown),
        unknown_timed=sum(length > 0 for length in unknown),
        unknown_time=sum(unknown),
    )


def together(parts: Iterable[Part]) -> Totals:
    """Totals of all parts; see the head of this file for what is estimated."""
    sums = Part(*map(sum, zip(*parts, strict=True))) if (parts := list(parts)) else Part()
    mean = sums.size / sums.known if sums.known else 0.0
    if sums.timed:
        guess = sums.unknown_time * sums.timed_size / sums.timed + sums.unknown * mean
    else:
        guess = (sums.unknown_timed + sums.unknown) * mean
    return Totals(sums.tracks, sums.served, sums.failed, sums.size + round(guess), sums.done)


def totals(pieces: Iterable[Piece]) -> Totals:
    """Totals of the pieces."""
    return together([part(pieces)])


def seconds_left(sums: Totals, rate: float) -> float | None:
    """At this rate (bytes per second); None where nothing is known or nothing moves."""
    if rate <= 0 or not sums.size:
        return None
    return max(0, sums.size - sums.done) / rate
