"""The mesh as a backend: holders the shadow index resolves, and which of their files fit a want.

Rules:
- One release is resolved once for all its tracks; a few recordings that nobody holds of it are looked for alone.
- A file is a want's by its recording id; by its place on the release only where it carries no id and its length is
  within two seconds of the track's.
- One content has one size: where holders contradict each other, the word of more networks counts (trusted peers'
  first), and who says otherwise is not a source. What they promise is proved by the swarm, chunk by chunk.
- Peers of whom no data is taken just now (blocked, two false chunks within a day) are no sources.
- Canonical is decided among lossless variants first (`shadow.canonical`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

import trio

from slskmesh.acquire.backends import MESH, Findings, MusicShelf, Progress, Tally
from slskmesh.acquire.domains import GenericFile, Intent, Music
from slskmesh.acquire.plan import Candidate
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import mbid_bytes
from slskmesh.shadow.canonical import Basis, Verdict, Vote, canonical
from slskmesh.shadow.descriptors import VariantAdvert
from slskmesh.shadow.holdings import LENGTH_SLACK
from slskmesh.shadow.port import Holder, Resolution
from slskmesh.shadow.resolve import Progress as Resolving
from slskmesh.text import sanitize
from slskmesh.work import Budget, BudgetSpent

ALONE_MAX: Final = 6  # recordings of one plan looked for by themselves
_ALONE_AT_ONCE: Final = 3
_TRUST: Final = 20.0
_HOLDERS: Final = 2.0  # each, up to five
_FREE: Final = 5.0


class Finder(Protocol):
    """The shadow index as this backend needs it."""

    async def resolve_release(
        self, mbid: str, budget: Budget, progress: Resolving | None = None
    ) -> Resolution:
        """Who holds something of a release."""

    async def resolve_recording(
        self, mbid: str, budget: Budget, progress: Resolving | None = None
    ) -> Resolution:
        """Who holds a recording."""

    async def resolve_content(
        self, content: bytes, budget: Budget, progress: Resolving | None = None
    ) -> Resolution:
        """Who says to hold a content and was reached."""

    def proved(self, recording: str) -> Collection[bytes]:
        """Contents of a recording that were verified here."""


class Regard(Protocol):
    """What this node thinks of a key."""

    def may_send(self, peer: PeerId) -> bool:
        """Whether chunk data is taken from it."""


class Offer(NamedTuple):
    """One holder's file for one want."""

    holder: Holder
    variant: VariantAdvert
    by_place: bool = False


class MeshMusic:
    """Music held by peers."""

    name = MESH
    domain: type[Music] = Music

    def __init__(self, shadow: Finder, library: MusicShelf, regard: Regard) -> None:
        self._shadow, self._library, self._regard = shadow, library, regard

    async def find(
        self, intents: Sequence[Intent[Music]], budget: Budget, progress: Progress | None = None
    ) -> Findings:
        """Candidates with the peers that showed them."""
        resolutions = await self._releases(intents, budget, progress)
        offers = [self._offers(it.want, resolutions.get(it.want.release or "")) for it in intents]
        alone = await self._alone([i for i, found in enumerate(offers) if not found], intents, budget)
        for i, resolution in alone.items():
            offers[i] = self._offers(intents[i].want, resolution)
        candidates = []
        for intent, found in zip(intents, offers, strict=True):
            candidates.append(await self._candidates(intent.want, found))
        every = [*resolutions.values(), *alone.values()]
        lines = [line for one in resolutions.values() for line in one.lines]
        if alone:
            found_alone = sum(bool(offers[i]) for i in alone)
            lines.append(f"{len(alone)} of its recordings looked for alone, {found_alone} found")
        return Findings(
            tuple(candidates),
            len({holder.peer for one in every for holder in one.holders}),
            max((one.publishers for one in every), default=0),
            max((one.estimate for one in every), default=0),
            tuple(lines),
            tuple(dict.fromkeys(peer for one in every for peer in one.told)),
        )

    def _offers(self, want: Music, resolution: Resolution | None) -> list[Offer]:
        holders = resolution.holders if resolution else ()
        return offers_for(want, (one for one in holders if self._regard.may_send(one.peer)))

    async def _releases(
        self, intents: Sequence[Intent[Music]], budget: Budget, progress: Progress | None
    ) -> dict[str, Resolution]:
        def tell(resolution: Resolution) -> None:
            if progress is not None:
                progress(Tally(len(resolution.holders), resolution.publishers, resolution.estimate))

        return {
            mbid: await self._shadow.resolve_release(mbid, budget, tell)
            for mbid in dict.fromkeys(intent.want.release for intent in intents)
            if mbid
        }

    async def _alone(
        self, lacking: list[int], intents: Sequence[Intent[Music]], budget: Budget
    ) -> dict[int, Resolution]:
        """Resolutions of single recordings; what the budget does not allow is left out."""
        found: dict[int, Resolution] = {}
        queue = lacking[:ALONE_MAX]
        refused: list[BudgetSpent] = []

        async def worker() -> None:
            while queue and not refused:
                i = queue.pop(0)
                try:
                    found[i] = await self._shadow.resolve_recording(intents[i].want.recording, budget)
                except BudgetSpent as error:
                    refused.append(error)

        async with trio.open_nursery() as nursery:
            for _ in range(min(_ALONE_AT_ONCE, len(queue))):
                nursery.start_soon(worker)
        if refused and not budget.spent:
            raise refused[0]
        return found

    async def _candidates(self, want: Music, offers: Sequence[Offer]) -> tuple[Candidate, ...]:
        if not offers:
            return ()
        held = await self._library.by_recording(want.recording)
        proved = self._shadow.proved(want.recording)
        own = {one.variant.stream: one.variant.lossless for one in held if one.variant and one.variant.stream}
        own |= {
            o.variant.stream: o.variant.lossless
            for o in offers
            if o.variant.content in proved and o.variant.stream
        }
        return candidates_of(offers, verdict_of(offers, own))


class MeshFiles:
    """Files of any kind by content id: whoever tells of it in the table and is reached is asked by the swarm."""

    name = MESH
    domain: type[GenericFile] = GenericFile

    def __init__(self, shadow: Finder) -> None:
        self._shadow = shadow

    async def find(
        self, intents: Sequence[Intent[GenericFile]], budget: Budget, progress: Progress | None = None
    ) -> Findings:
        """Candidates with the peers that were reached; a want without a content id cannot be looked for."""
        rows: list[tuple[Candidate, ...]] = []
        found: list[Resolution] = []
        for intent in intents:
            want = intent.want
            rows.append(())
            if not want.content:
                continue
            found.append(await self._shadow.resolve_content(want.content, budget))
            peers = tuple(holder.peer for holder in found[-1].holders)
            if peers:
                reason = f"{len(peers)} peer{'' if len(peers) == 1 else 's'} reached that tell of it"
                rows[-1] = (Candidate(want.content, want.size, MESH, peers, reasons=(reason,)),)
        return Findings(
            tuple(rows),
            len({holder.peer for one in found for holder in one.holders}),
            max((one.publishers for one in found), default=0),
            max((one.estimate for one in found), default=0),
            tuple(line for one in found for line in one.lines),
        )


def offers_for(want: Music, holders: Iterable[Holder]) -> list[Offer]:
    """What holders show that is this want's."""
    recording = mbid_bytes(want.recording)
    found = []
    for holder in holders:
        for variant in holder.variants:
            if variant.recording == recording:
                found.append(Offer(holder, variant))
            elif not variant.recording and _in_place(want, variant):
                found.append(Offer(holder, variant, by_place=True))
    return found


def _in_place(want: Music, variant: VariantAdvert) -> bool:
    if not (want.length and variant.duration and want.position):
        return False
    same_place = variant.track == want.position and (variant.disc or 1) == (want.disc or 1)
    return same_place and abs(variant.duration - want.length) <= LENGTH_SLACK


def verdict_of(offers: Iterable[Offer], own: dict[bytes, bool]) -> Verdict:
    """The canonical variant: among the lossless ones, else among all. `own`: stream -> lossless."""
    votes = [
        (Vote(o.holder.peer, o.holder.network, o.variant.stream, o.holder.trusted), o.variant.lossless)
        for o in offers
    ]
    verdict = canonical(
        [vote for vote, lossless in votes if lossless],
        [stream for stream, lossless in own.items() if lossless],
    )
    if verdict.basis is not Basis.UNKNOWN or all(lossless for _, lossless in votes):
        return verdict
    return canonical([vote for vote, _ in votes], list(own))


def candidates_of(offers: Iterable[Offer], verdict: Verdict) -> tuple[Candidate, ...]:
    """One candidate a content, with everybody who shows it and agrees on its size."""
    by_content: dict[bytes, list[Offer]] = defaultdict(list)
    for offer in offers:
        by_content[offer.variant.content].append(offer)
    return tuple(_candidate(content, _agreeing(found), verdict) for content, found in by_content.items())


def _agreeing(offers: list[Offer]) -> list[Offer]:
    """Those of the size that most networks tell, trusted peers' word first."""
    trusted = Counter(o.variant.size for o in offers if o.holder.trusted)
    voices = {(o.holder.network or o.holder.peer.hex(), o.variant.size) for o in offers}
    networks = Counter(size for _, size in voices)
    size = max(networks, key=lambda one: (trusted[one], networks[one], -one))
    return [o for o in offers if o.variant.size == size]


def _candidate(content: bytes, offers: list[Offer], verdict: Verdict) -> Candidate:
    offers = sorted(offers, key=lambda o: (not o.holder.trusted, -o.holder.score, o.holder.rtt or 9.0))
    # One peer alone may say anything of a file; what more say of it counts more.
    said = Counter(_facts(o.variant) for o in offers).most_common(1)[0][0]
    variant = next(o.variant for o in offers if _facts(o.variant) == said)
    peers = tuple(dict.fromkeys(o.holder.peer for o in offers))
    is_canonical = verdict.basis is not Basis.UNKNOWN and variant.stream == verdict.stream
    reasons = ["1 peer shows it" if len(peers) == 1 else f"{len(peers)} peers show it"]
    score = _HOLDERS * min(5, len(peers))
    if any(o.holder.trusted for o in offers):
        reasons.append("one of them you trust")
        score += _TRUST
    if any(o.holder.upload_slots for o in offers):
        score += _FREE
    if is_canonical:
        reasons.append(f"canonical: {verdict.reason}")
    if all(o.by_place for o in offers):
        reasons.append("it carries no recording id; its place and length fit")
    return Candidate(
        content=content,
        size=variant.size,
        backend=MESH,
        peers=peers,
        codec=sanitize(variant.codec, 16),
        lossless=variant.lossless,
        sample_rate=variant.sample_rate,
        bit_depth=variant.bit_depth,
        duration=variant.duration,
        bitrate=variant.bitrate,
        canonical=is_canonical,
        score=score,
        reasons=tuple(reasons),
    )


def _facts(variant: VariantAdvert) -> tuple[object, ...]:
    return (
        variant.codec,
        variant.lossless,
        variant.sample_rate,
        variant.bit_depth,
        variant.duration,
        variant.bitrate,
        variant.stream,
    )
