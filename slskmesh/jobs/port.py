"""What jobs ask of their neighbours: a catalogue, a planner, both lists of downloads, the library.

Rules: every question that costs takes a budget. The engine hands in what answers; tests hand in doubles.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from slskmesh.acquire.domains import Intent, Music
from slskmesh.acquire.plan import Plan
from slskmesh.catalogue.objects import Answer, Artist, Label, Release, ReleaseBrief, ReleaseGroup
from slskmesh.mbid import Mbid
from slskmesh.soulseek.download_entry import LegacyDownload
from slskmesh.soulseek.values import RemoteFile
from slskmesh.swarm.state import DownloadState
from slskmesh.work import Budget


class Catalogue(Protocol):
    """MusicBrainz. All raise CatalogueError where there is neither an answer nor an old one."""

    async def release(self, mbid: Mbid, budget: Budget, /) -> Answer[Release]:
        """One release with its tracks."""

    async def artist(self, mbid: Mbid, budget: Budget, /) -> Answer[Artist]:
        """One artist."""

    async def discography(self, artist: Mbid, budget: Budget, /) -> Answer[tuple[ReleaseGroup, ...]]:
        """All release groups of an artist."""

    async def group_releases(self, mbid: Mbid, budget: Budget, /) -> Answer[tuple[ReleaseBrief, ...]]:
        """All editions of a release group."""

    async def label(self, mbid: Mbid, budget: Budget, /) -> Answer[Label]:
        """One label."""

    async def label_releases(
        self, label: Mbid, limit: int, budget: Budget, /
    ) -> Answer[tuple[ReleaseBrief, ...]]:
        """Releases of a label, at most `limit`."""


class Planner(Protocol):
    """Who could give it, best first."""

    async def plan_release(
        self, release: Release, wants: Sequence[Intent[Music]], budget: Budget, /
    ) -> Plan[Music]:
        """One `Planned` for each want, in their order. Errors of this package where nothing could be asked."""


class Downloads(Protocol):
    """The swarm's list of downloads."""

    async def add(self, content: bytes, size: int, name: str, folder: str = "", *, group: str = "") -> None:
        """Queues one, or goes on with a paused or failed one. UserError: it is there already, or the list is full."""

    async def pause(self, content: bytes) -> None:
        """Stops one and keeps what is there. UserError: it does not run."""

    async def remove(self, content: bytes) -> None:
        """Takes one off; an unfinished one's data goes too, a finished file stays. UserError: there is none."""

    def limit_group(self, group: str, rate: int) -> None:
        """Bytes per second over all downloads of a group; 0: no limit."""

    def state(self, content: bytes) -> DownloadState | None:
        """Where one stands; None: not in the list."""

    async def settled(self, content: bytes) -> DownloadState | None:
        """Returns once it is DONE, FAILED or PAUSED; None once it is not in the list."""


class LegacyList(Protocol):
    """The list of downloads from Soulseek users (`soulseek.downloads.LegacyDownloads`)."""

    async def add(
        self, user: str, file: RemoteFile, folder: str = "", *, name: str = "", paused: bool = False
    ) -> bytes:
        """Queues one; its key. One that is in the list goes on. UserError: it is here already, or cannot be."""

    async def pause(self, key: bytes) -> None:
        """Stops one and keeps what is there. UserError: it does not run."""

    async def resume(self, key: bytes) -> None:
        """Goes on with a paused or failed one. UserError: it is done or gone."""

    async def remove(self, key: bytes) -> None:
        """Takes one off; an unfinished one's data goes too, a finished file stays. UserError: there is none."""

    def state(self, key: bytes) -> LegacyDownload | None:
        """Where one stands; None: not in the list."""

    async def settled(self, key: bytes) -> LegacyDownload | None:
        """Returns once it is done, failed or paused, by whomever; None once it is not in the list."""

    def sends(self, user: str) -> bool:
        """Whether something of this user comes in now."""


class Held(Protocol):
    """A file of the library."""

    @property
    def path(self) -> Path:
        """Where it stands."""


class Library(Protocol):
    """What is shared here."""

    async def find(self, content: bytes) -> Held | None:
        """The offered file of this content. StorageError."""
