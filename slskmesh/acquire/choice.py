"""Choosing among candidates: what is refused, what is better, and one set of variants for a whole release. Pure.

Rules:
- Refused, each with its reason: a length more than two seconds off, a lossy file where only lossless will do, an empty
  one. What is merely not preferred comes later, it is not refused.
- Local first; then preferred codecs in their order, canonical, quality, holders. Every part of a score is a reason.
  Where files of Soulseek users stand among those of peers says `cheap`.
- An album is no patchwork: the kind of variant (codec and resolution) that serves the release best as a whole is
  preferred for every track, and within it those who hold more of the tracks. Of Soulseek users the one whose folder
  holds most of the release comes first for each track of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

import msgspec

from slskmesh.acquire import cheap
from slskmesh.acquire.backends import LOCAL, SOULSEEK
from slskmesh.acquire.domains import Constraints
from slskmesh.acquire.plan import Candidate
from slskmesh.shadow.holdings import LENGTH_SLACK
from slskmesh.soulseek.release_paths import folder_and_disc

_LOCAL: Final = 1000.0
_SET: Final = 150.0
_CANONICAL: Final = 120.0
_ALBUM: Final = 20.0
_FOLDER: Final = 60.0  # of a Soulseek user: more than users differ in speed and slots
_ONE_USER: Final = 40.0
_ANYBODY: Final = Constraints()


class Judged(NamedTuple):
    """Accepted candidates best first, and the refused with their reasons; by which constraints."""

    accepted: list[Candidate]
    refused: list[tuple[Candidate, str]]
    constraints: Constraints = _ANYBODY


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
    peers = _of_peers(accepted)
    accepted = [_told_back(candidate, peers, constraints) for candidate in accepted]
    return Judged(cheap.in_order(accepted, constraints), refused, constraints)


def _of_peers(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.backend not in (LOCAL, SOULSEEK)]


def _told_back(candidate: Candidate, peers: Sequence[Candidate], constraints: Constraints) -> Candidate:
    """A cheap one that does not come first says why."""
    if candidate.backend != SOULSEEK or not candidate.cheap:
        return candidate
    why = cheap.held_back(candidate, peers, constraints)
    return msgspec.structs.replace(candidate, reasons=(*candidate.reasons, why)) if why else candidate


def one_set(judged: Sequence[Judged]) -> tuple[list[Judged], str]:
    """The same with one kind of variant preferred throughout, and a line about it, or ""."""
    value: Counter[Kind] = Counter()
    covers: Counter[Kind] = Counter()
    for one in judged:
        best: dict[Kind, float] = {}
        for candidate in _in_front(one):
            kind = kind_of(candidate)
            score = candidate.score - _LOCAL * (candidate.backend == LOCAL)
            best[kind] = max(best.get(kind, 0.0), score)
        for kind, score in best.items():
            value[kind] += round(1000 * score)
            covers[kind] += 1
    known = [kind for kind in value if kind.is_known]
    if len(judged) < 2 or not known:
        return list(judged), ""
    chosen = max(known, key=lambda kind: (value[kind], kind))
    found = _preferring(judged, chosen)
    example = next(c for one in judged for c in one.accepted if kind_of(c) == chosen)
    name, served = variant_name(example), f"{covers[chosen]} of {len(judged)} tracks"
    return found, f"{name} serves {served} and is preferred for all"


def _in_front(one: Judged) -> list[Candidate]:
    """Those that could come first: what a user has who is held back decides only where nobody else has it."""
    peers = _of_peers(one.accepted)
    front = [
        candidate
        for candidate in one.accepted
        if candidate.backend != SOULSEEK or not cheap.held_back(candidate, peers, one.constraints)
    ]
    return front or one.accepted


def _preferring(judged: Sequence[Judged], chosen: Kind) -> list[Judged]:
    holders, favourites = _coverage(judged, chosen)
    found = []
    for one in judged:
        accepted = [
            _in_set(candidate, holders, favourites, len(judged)) if _is_of(candidate, chosen) else candidate
            for candidate in one.accepted
        ]
        ordered = cheap.in_order(accepted, one.constraints, lambda candidate: _is_of(candidate, chosen))
        found.append(Judged(ordered, one.refused, one.constraints))
    return found


def _is_of(candidate: Candidate, chosen: Kind) -> bool:
    """Whether it is of that kind, as far as it is known; users' clients often leave the resolution out."""
    kind = kind_of(candidate)
    if (
        candidate.backend == SOULSEEK
        and kind[:2] == chosen[:2]
        and not (kind.resolution and chosen.resolution)
    ):
        return True
    return kind == chosen


def _holders(candidate: Candidate) -> tuple[Hashable, ...]:
    """Whose set it may be part of: peers, or one folder of a user with the discs in it."""
    if candidate.backend != SOULSEEK:
        return candidate.peers
    folder = candidate.remote.replace("/", "\\").rpartition("\\")[0]
    return ((candidate.user, folder_and_disc(folder)[0]),)


def _coverage(judged: Sequence[Judged], chosen: Kind) -> tuple[Counter[Hashable], set[Hashable]]:
    """How many of the wants each holder has in the chosen kind; the best of the cheap and of the other users."""
    wants: dict[Hashable, set[int]] = defaultdict(set)
    scores: dict[bool, Counter[Hashable]] = {True: Counter(), False: Counter()}
    for i, one in enumerate(judged):
        for candidate in one.accepted:
            if _is_of(candidate, chosen):
                for holder in _holders(candidate):
                    wants[holder].add(i)
                    if candidate.backend == SOULSEEK:
                        scores[candidate.cheap][holder] += round(1000 * candidate.score)
    covers: Counter[Hashable] = Counter({holder: len(held) for holder, held in wants.items()})
    favourites = {
        max(users, key=lambda user: (covers[user], users[user], repr(user)))
        for users in scores.values()
        if users
    }
    return covers, favourites


def _in_set(
    candidate: Candidate, holders: Counter[Hashable], favourites: set[Hashable], wants: int
) -> Candidate:
    mine = _holders(candidate)
    most = max((holders[holder] for holder in mine), default=0)
    reasons = [*candidate.reasons, "of the same kind as the rest of the release"]
    score = candidate.score + _SET
    if candidate.backend == SOULSEEK:
        score += _FOLDER * most / wants + _ONE_USER * (not favourites.isdisjoint(mine))
        reasons.append(f"its folder there has {'all' if most == wants else most} of {wants} tracks")
    else:
        score += _ALBUM * most / wants
        if most > 1:
            reasons.append(f"a holder of it has {most} of {wants} tracks")
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
        reasons.append(f"{candidate.codec} is preferred" + (f" (choice {place + 1})" if place else ""))
    elif preferred:
        reasons.append(f"{candidate.codec or 'its codec'} is not among the preferred codecs")
    if candidate.canonical and constraints.prefer_canonical:
        score += _CANONICAL
    score += cheap.worth(candidate, constraints)
    reasons.append(variant_name(candidate))
    if length and candidate.duration:
        score += 5.0 - 2.0 * abs(candidate.duration - length) / 1000
    elif length:
        reasons.append("its length is not known")
    return msgspec.structs.replace(candidate, score=round(score, 3), reasons=tuple(reasons))
