"""Which variant of a recording is the canonical one. Pure.

Rules:
- Our own measurement first: what we hold or verified ourselves. Then what trusted peers hold. Then a quorum of
  strangers: at least three holders in distinct networks that agree on the audio, and more than on any other.
- A network (/24, /48) has one voice for each variant somebody in it holds, however many keys it has: many keys of one
  owner weigh as much as one. An address nobody knows has no voice.
- Below the quorum nothing is canonical: one of one is no agreement.
- What is compared is the SHA-256 of the audio without tags; a holder that does not tell it has no vote.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

QUORUM: Final = 3


class Basis(enum.Enum):
    """What a choice rests on."""

    OWN = "own"
    TRUSTED = "trusted"
    QUORUM = "quorum"
    UNKNOWN = "unknown"


class Vote(msgspec.Struct, frozen=True):
    """One holder shows one variant. `network` is "" where it is not known."""

    peer: bytes
    network: str
    stream: bytes
    trusted: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """`stream` is empty for UNKNOWN. `support` counts trusted peers or networks behind it; `reason` says it all."""

    basis: Basis
    stream: bytes = b""
    support: int = 0
    reason: str = ""


def canonical(votes: Iterable[Vote], own: Sequence[bytes] = (), quorum: int = QUORUM) -> Verdict:
    """The verdict over one recording. `own`: streams we hold or verified ourselves, the best first."""
    cast = {(vote.peer, vote.stream): vote for vote in votes if vote.stream}
    networks = _networks(cast.values())
    if own:
        best = max(own, key=lambda stream: networks[stream])
        return Verdict(Basis.OWN, best, networks[best], "the audio we verified ourselves")
    trusted = Counter(vote.stream for vote in cast.values() if vote.trusted)
    if (first := _winner(trusted)) is not None:
        count = trusted[first]
        by = "a peer you trust has it" if count == 1 else f"{count} peers you trust have it"
        return Verdict(Basis.TRUSTED, first, count, by)
    first = _winner(networks)
    if first is not None and networks[first] >= quorum:
        return Verdict(
            Basis.QUORUM, first, networks[first], f"holders in {networks[first]} networks have the same audio"
        )
    most = max(networks.values(), default=0)
    return Verdict(Basis.UNKNOWN, reason=f"no agreement: {most} of {quorum} networks needed have the same")


def _networks(votes: Iterable[Vote]) -> Counter[bytes]:
    """In how many networks each stream is held."""
    return Counter(stream for _, stream in {(v.network, v.stream) for v in votes if v.network})


def _winner(counts: Counter[bytes]) -> bytes | None:
    """The one with the most, None for none or a tie."""
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]
