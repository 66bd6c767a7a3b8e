"""What the shadow index needs of other rooms, and what it tells of resolving. Protocols and values only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from slskmesh.catalogue.objects import Release
from slskmesh.governance.standing import Deed
from slskmesh.identity.peerid import PeerId
from slskmesh.library.domain import SharedFile
from slskmesh.library.variant import HeldTrack
from slskmesh.overlay.port import Session
from slskmesh.shadow.descriptors import VariantAdvert
from slskmesh.work import Budget


class Shelf(Protocol):
    """The library, by MusicBrainz id. Only what is offered to peers."""

    async def by_release(self, mbid: str) -> list[HeldTrack]:
        """Offered files of a release."""

    async def by_recording(self, mbid: str) -> list[HeldTrack]:
        """Offered files of a recording."""

    async def releases(self, after: str, limit: int) -> list[str]:
        """Distinct releases after this one, in order."""

    async def recordings(self, after: str, limit: int) -> list[str]:
        """Distinct recordings after this one, in order."""

    async def find(self, content: bytes) -> SharedFile | None:
        """The offered file of a content, if it is still there."""

    async def counts(self) -> tuple[int, int]:
        """Distinct releases and recordings."""


class Cached(Protocol):
    """The catalogue as far as it never asks its host."""

    async def cached_release(self, mbid: str) -> Release | None:
        """The release if it was fetched before."""


class Reach(Protocol):
    """Getting to a peer that may not be connected."""

    async def reach(self, peer: PeerId, budget: Budget) -> Session:
        """A session to it, dialled where there is none. PeerError: it cannot be reached. BudgetSpent."""


class Regard(Protocol):
    """What this node thinks of a key (`governance.standing.Standing`)."""

    def is_trusted(self, peer: PeerId) -> bool:
        """The person trusts it."""

    def may_connect(self, peer: PeerId) -> bool:
        """Neither blocked nor barred."""

    def score(self, peer: PeerId) -> float:
        """Own experience with it; 0 for a stranger."""

    def note(self, peer: PeerId, deed: Deed) -> None:
        """Something it did."""


class Neighbourhood(Protocol):
    """Peers connected now."""

    def __call__(self) -> Iterable[Session]:
        """Their sessions."""


class Holder(msgspec.Struct, frozen=True):
    """A peer that showed us over its own session what it holds (of a content: that was reached).

    `network` is "" where its address tells none.
    """

    peer: PeerId
    network: str
    variants: tuple[VariantAdvert, ...]
    upload_slots: int = 0
    max_rate: int = 0
    trusted: bool = False
    score: float = 0.0
    rtt: float | None = None
    level: int = -1  # of its shard; -1 without one


class Resolution(msgspec.Struct, frozen=True):
    """What is known of who holds one release, recording or content. `refused` counts by a short word.

    `lines` are for people, `publishers` keys with a valid shard; `silent` of those asked did not answer; `done` is
    False while it goes on; `told` are the peers that were asked and so know of the question.
    """

    kind: str
    mbid: str
    holders: tuple[Holder, ...] = ()
    publishers: int = 0
    estimate: int = 0
    asked: int = 0
    silent: int = 0
    refused: tuple[tuple[str, int], ...] = ()
    lines: tuple[str, ...] = ()
    done: bool = False
    told: tuple[PeerId, ...] = ()
