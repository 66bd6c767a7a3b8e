"""Which Soulseek users are cheap to take a file from, and where their files stand among those of peers. Pure.

Rules (documents 000 5.5: "prefer Soulseek sources when cheap"):
- Cheap is a file that begins soon (a free slot, or few who wait), at a speed that is known and decent, in a good
  quality (lossless, or worth QUALITY_LEAST of MP3) and of a preferred codec where some are preferred.
- Cheap ones stand before those of peers; but not before a canonical variant that is preferred and the peers' best, not
  where peers have it clearly better, and not where only peers have it as the rest of the release is taken. What is not
  cheap stands behind those of peers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from slskmesh.acquire.backends import LOCAL, SOULSEEK
from slskmesh.acquire.domains import Constraints
from slskmesh.acquire.plan import Candidate

QUEUE_SHORT: Final = 3  # others who wait
SPEED_LEAST: Final = 50_000  # bytes per second (research features 2.12: 50 KB/s)
QUALITY_LEAST: Final = 192_000  # bits per second of MP3
CLEARLY: Final = 15.0  # of `worth`; a deeper resolution alone is less, lossless against the best lossy more
_PREFERRED: Final = 200.0
_LOSSLESS: Final = 100.0
_DEEP: Final = 5.0
_LOSSY_MAX: Final = 80.0
_A_POINT: Final = 4000  # bits per second of MP3
# How many bits of MP3 one bit of another codec is worth, roughly (research features 2.8).
_WORTH: Final = {"opus": 1.9, "aac": 1.25, "vorbis": 1.25}


class Told(NamedTuple):
    """What a user's answer tells of himself. Speed in bytes/s, 0: not known; `queue` is how many wait there."""

    free_slot: bool
    speed: int
    queue: int


def quality(candidate: Candidate) -> float:
    """0 to 105: what the variant is worth by itself; 0 where nothing of it is known."""
    if candidate.lossless:
        return _LOSSLESS + (_DEEP if candidate.bit_depth > 16 or candidate.sample_rate > 48_000 else 0.0)
    return min(_LOSSY_MAX, candidate.bitrate * _WORTH.get(candidate.codec.lower(), 1.0) / _A_POINT)


def preference(candidate: Candidate, constraints: Constraints) -> float:
    """0 to 200, by the codec's place among the preferred ones; 0 where none are preferred."""
    preferred = [codec.lower() for codec in constraints.preferred_codecs]
    if candidate.codec.lower() not in preferred:
        return 0.0
    place = preferred.index(candidate.codec.lower())
    return _PREFERRED * (len(preferred) - place) / len(preferred)


def worth(candidate: Candidate, constraints: Constraints) -> float:
    """What it is worth to who has these constraints, whoever sends it."""
    return preference(candidate, constraints) + quality(candidate)


def cheapness(candidate: Candidate, told: Told, constraints: Constraints) -> tuple[bool, str]:
    """Whether it is cheap to take from its user, and in words why, or why not."""
    speed = f"{told.speed / 1000:,.0f} kB/s"
    waiting = f"{told.queue:,} wait there"
    if not told.free_slot and told.queue > QUEUE_SHORT:
        return False, f"from a Soulseek user, not cheap: no free slot, {waiting}"
    if not told.speed:
        return False, "from a Soulseek user, not cheap: the speed is not known"
    if told.speed < SPEED_LEAST:
        return False, f"from a Soulseek user, not cheap: only {speed}"
    if constraints.preferred_codecs and not preference(candidate, constraints):
        return False, "from a Soulseek user, not cheap: not a preferred codec"
    if quality(candidate) < QUALITY_LEAST / _A_POINT:
        return False, "from a Soulseek user, not cheap: the quality is low or not known"
    slot = "a free slot" if told.free_slot else f"a short queue ({waiting})"
    return True, f"cheap from a Soulseek user: {slot}, {speed}"


def held_back(candidate: Candidate, peers: Sequence[Candidate], constraints: Constraints) -> str:
    """Why a user's file does not stand before those of `peers`; empty: it does."""
    if not candidate.cheap:
        return "it is not cheap"
    best = max((worth(peer, constraints) for peer in peers), default=0.0)
    if best - worth(candidate, constraints) >= CLEARLY:
        return "peers have it in a better quality"
    return ""


def in_order(
    candidates: Sequence[Candidate],
    constraints: Constraints,
    fits: Callable[[Candidate], bool] = lambda candidate: True,
) -> list[Candidate]:
    """Best first; see the head of this file. `fits`: whether it is of the kind that the release is taken in."""
    ranked = sorted(candidates, key=lambda one: (-one.score, one.content))
    here = [one for one in ranked if one.backend == LOCAL]
    users = [one for one in ranked if one.backend == SOULSEEK]
    peers = [one for one in ranked if one.backend not in (LOCAL, SOULSEEK)]
    chosen = takewhile(lambda one: one.canonical and constraints.prefer_canonical, peers)
    canonical = list(chosen)
    asked_kind = any(map(fits, peers))
    first = [one for one in users if (fits(one) or not asked_kind) and not held_back(one, peers, constraints)]
    rest = [one for one in users if one not in first]
    return [*here, *canonical, *first, *peers[len(canonical) :], *rest]
