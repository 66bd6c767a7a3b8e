"""What all work on jobs shares: neighbours, clocks, and who else wants a content."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from slskmesh.jobs.cache_jobs import CacheJobs
from slskmesh.jobs.ledger import Job, Ledger
from slskmesh.jobs.lists import Lists
from slskmesh.jobs.port import Catalogue, Downloads, Library, Planner
from slskmesh.jobs.record import OVER
from slskmesh.mbid import Mbid

OnVerified = Callable[[Mbid, Mbid, bytes], Awaitable[None]]
TakeIn = Callable[[Path], Awaitable[bytes]]


async def nobody_listens(release: Mbid, recording: Mbid, content: bytes) -> None:
    """Nobody wants to know of verified files."""


async def nobody_takes_in(path: Path) -> bytes:
    """There is no library: the file's content id stays unknown."""
    return b""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`clock` is for durations (seconds); `width` gives how many downloads one release has in the swarm's list at once.

    `legacy_allowed`: whether Soulseek users may be sources now; `take_in` puts a finished file of theirs into the
    library and gives its content id (StorageError: it cannot be read).
    """

    ledger: Ledger
    catalogue: Catalogue
    planner: Planner
    downloads: Downloads
    library: Library
    peers: CacheJobs
    root: Callable[[], Path]
    layout: Callable[[], str]
    width: Callable[[], int]
    clock: Callable[[], float]
    rng: random.Random
    lists: Lists
    on_verified: OnVerified = nobody_listens
    legacy_allowed: Callable[[], bool] = lambda: True
    take_in: TakeIn = nobody_takes_in

    def is_shared(self, job: Job, content: bytes, key: int = -1) -> bool:
        """Whether another job that is not over, or another track of this one, wants the download as well."""
        if any(track.content == content for track in job.tracks.values() if track.key != key and key >= 0):
            return True
        return any(
            other.wanted(content)
            for other in self.ledger
            if other is not job and other.record.phase not in OVER
        )
