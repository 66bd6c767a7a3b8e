"""Choosing among candidates: what is refused, what is better, and one set of variants for a whole release. Pure.

Rules:
- Refused, each with its reason: a length more than two seconds off, a lossy file where only lossless will do, an empty
  one. What is merely not preferred comes later, it is not refused.
- Local first; then preferred codecs in their order, canonical, quality, holders. Every part of a score is a reason.
- An album is no patchwork: the kind of variant (codec and resolution) that serves the release best as a whole is
  preferred for every track, and within it those who hold more of the tracks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from slskmesh.acquire.backends import LOCAL
from slskmesh.acquire.domains import Constraints
from slskmesh.acquire.plan import Candidate
from slskmesh.shadow.holdings import LENGTH_SLACK

_LOCAL: Final = 1000.0
_PREFERRED: Final = 200.0
_SET: Final = 150.0
_CANONICAL: Final = 120.0
_LOSSLESS: Final = 100.0
_LOSSY_MAX: Final = 80.0
_ALBUM: Final = 20.0
# How many bits of MP3 one bit of another codec is worth, roughly (research features 2.8).
_WORTH: Final = {"opus": 1.9, "aac": 1.25, "vorbis": 1.25}


class Judged(NamedTuple):
    """Accepted candidates best first, and the refused with their reasons."""

    accepted: list[Candidate]
    refused: list[tuple[Candidate, str]]


class Kind(NamedTuple):
    """A kind of variant, such as all tracks of a set share it."""

    codec: str
    lossless: bool
    resolution: int  # bit depth and sampling rate, or a class of bit rates

    @property
    def is_known(self) -> bool:
        """It tells enough to make a set of."""
        return bool(self.codec)


def variant_name(candidate: Candidate) -> str:
    """ "FLAC 16/44.1", "MP3 320", for people; as much of it as is known."""
    codec = candidate.codec or "unknown codec"
    if candidate.lossless and candidate.sample_rate:
        return f"{codec} {candidate.bit_depth or '?'}/{candidate.sample_rate / 1000:g}"
    return (
        f"{codec} {round(candidate.bitrate / 1000)}"
        if candidate.bitrate and not candidate.lossless
        else codec
    )


def kind_of(candidate: Candidate) -> Kind:
    """What set it belongs to."""
    if candidate.lossless:
        return Kind(candidate.codec.lower(), True, candidate.bit_depth * 1_000_000 + candidate.sample_rate)
    return Kind(candidate.codec.lower(), False, round(candidate.bitrate / 64_000))


def judge(length: int | None, constraints: Constraints, candidates: Sequence[Candidate]) -> Judged:
    """Scores candidates of one want; `length` in ms where it is known."""
    accepted, refused = [], []
    here = {candidate.content for candidate in candidates if candidate.backend == LOCAL}
    for candidate in candidates:
        if candidate.backend != LOCAL and candidate.content in here:
            continue
        if why := _refusal(length, constraints, candidate):
            refused.append((candidate, why))
        else:
            accepted.append(_scored(length, constraints, candidate))
    return Judged(_sorted(accepted), refused)


def one_set(judged: Sequence[Judged]) -> tuple[list[Judged], str]:
    """The same with one kind of variant preferred throughout, and a line about it, or ""."""
    worth: Counter[Kind] = Counter()
    covers: Counter[Kind] = Counter()
    for one in judged:
        best: dict[Kind, float] = {}
        for candidate in one.accepted:
            kind = kind_of(candidate)
            value = candidate.score - _LOCAL * (candidate.backend == LOCAL)
            best[kind] = max(best.get(kind, 0.0), value)
        for kind, value in best.items():
            worth[kind] += round(1000 * value)
            covers[kind] += 1
    known = [kind for kind in worth if kind.is_known]
    if len(judged) < 2 or not known:
        return list(judged), ""
    chosen = max(known, key=lambda kind: (worth[kind], kind))
    holders = _coverage(judged, chosen)
    example = ""
    found = []
    for one in judged:
        accepted = []
        for candidate in one.accepted:
            if kind_of(candidate) == chosen:
                example = example or variant_name(candidate)
                accepted.append(_in_set(candidate, holders, len(judged)))
            else:
                accepted.append(candidate)
        found.append(Judged(_sorted(accepted), one.refused))
    return found, f"{example} serves {covers[chosen]} of {len(judged)} tracks and is preferred for all"


def _coverage(judged: Sequence[Judged], chosen: Kind) -> Counter[bytes]:
    """How many of the wants each peer holds in the chosen kind."""
    by_peer: dict[bytes, set[int]] = defaultdict(set)
    for i, one in enumerate(judged):
        for candidate in one.accepted:
            if kind_of(candidate) == chosen:
                for peer in candidate.peers:
                    by_peer[peer].add(i)
    return Counter({peer: len(wants) for peer, wants in by_peer.items()})


def _in_set(candidate: Candidate, holders: Counter[bytes], wants: int) -> Candidate:
    most = max((holders[peer] for peer in candidate.peers), default=0)
    reasons = [*candidate.reasons, "of the same kind as the rest of the release"]
    if most > 1:
        reasons.append(f"a holder of it has {most} of {wants} tracks")
    score = candidate.score + _SET + _ALBUM * most / wants
    return msgspec.structs.replace(candidate, score=score, reasons=tuple(reasons))


def _refusal(length: int | None, constraints: Constraints, candidate: Candidate) -> str:
    if candidate.size <= 0:
        return "it is empty"
    if length and candidate.duration and abs(candidate.duration - length) > LENGTH_SLACK:
        off = (candidate.duration - length) / 1000
        return f"it is {abs(off):.0f} s {'longer' if off > 0 else 'shorter'} than the track"
    if not constraints.allow_lossy and not candidate.lossless:
        return f"{candidate.codec or 'its codec'} is lossy, and only lossless is accepted"
    return ""


def _scored(length: int | None, constraints: Constraints, candidate: Candidate) -> Candidate:
    score, reasons = candidate.score, list(candidate.reasons)
    if candidate.backend == LOCAL:
        score += _LOCAL
        reasons.append("it is here already")
    preferred = [codec.lower() for codec in constraints.preferred_codecs]
    if candidate.codec.lower() in preferred:
        place = preferred.index(candidate.codec.lower())
        score += _PREFERRED * (len(preferred) - place) / len(preferred)
        reasons.append(f"{candidate.codec} is preferred" + (f" (choice {place + 1})" if place else ""))
    elif preferred:
        reasons.append(f"{candidate.codec or 'its codec'} is not among the preferred codecs")
    if candidate.canonical and constraints.prefer_canonical:
        score += _CANONICAL
    quality = _quality(candidate)
    score += quality
    reasons.append(variant_name(candidate))
    if length and candidate.duration:
        score += 5.0 - 2.0 * abs(candidate.duration - length) / 1000
    elif length:
        reasons.append("its length is not known")
    return msgspec.structs.replace(candidate, score=round(score, 3), reasons=tuple(reasons))


def _quality(candidate: Candidate) -> float:
    if candidate.lossless:
        return _LOSSLESS + (5.0 if candidate.bit_depth > 16 or candidate.sample_rate > 48_000 else 0.0)
    worth = _WORTH.get(candidate.codec.lower(), 1.0)
    return min(_LOSSY_MAX, candidate.bitrate * worth / 4000)


def _sorted(candidates: list[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (-one.score, one.content))
