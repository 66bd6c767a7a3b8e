"""Plans: for each thing wanted, who could give it, in which order, and why. Values; made by `acquire.planner`.

Rules: every choice and every refusal carries its reason as a sentence; texts that peers or users wrote are not in
them. What a Soulseek user is called and where his file is stands in fields of its own, raw.
"""

from __future__ import annotations

from typing import Generic

import msgspec

from slskmesh.acquire.domains import D, Intent
from slskmesh.identity.peerid import PeerId


class Candidate(msgspec.Struct, frozen=True):
    """One content that fulfils a want, and who has it. `score` is comparable within one want and backend; higher is
    better. From a Soulseek user `content` is the name of the download (`soulseek.download_entry.key_of`): what is in
    the file nobody knows before it is here.
    """

    content: bytes
    size: int
    backend: str  # "local", "mesh", "soulseek"
    peers: tuple[PeerId, ...] = ()
    codec: str = ""
    lossless: bool = False
    sample_rate: int = 0
    bit_depth: int = 0
    duration: int = 0  # ms
    bitrate: int = 0
    canonical: bool = False
    score: float = 0.0
    reasons: tuple[str, ...] = ()
    path: str = ""  # where a local one stands
    user: str = ""  # the Soulseek user who sends it
    remote: str = ""  # its path there, as it came
    cheap: bool = False  # he is cheap to take it from (`acquire.cheap`)


class Planned(msgspec.Struct, Generic[D], frozen=True):
    """One want: candidates best first (empty: nobody has it), and what was left out, each with its reason."""

    intent: Intent[D]
    candidates: tuple[Candidate, ...] = ()
    refused: tuple[tuple[Candidate, str], ...] = ()
    reason: str = ""  # why there is none, or why the first is first


class Plan(msgspec.Struct, Generic[D], frozen=True):
    """All wants in their order. `lines` tell how it came about, for a job's timeline."""

    wants: tuple[Planned[D], ...]
    holders: int = 0  # peers that showed a descriptor of their own
    publishers: int = 0  # that the table names
    estimate: int = 0  # holders by the merged sketches
    lines: tuple[str, ...] = ()
    told: tuple[PeerId, ...] = ()  # peers that were asked, whether they hold anything or not
