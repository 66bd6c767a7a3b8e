"""A catalogue, a planner, downloads and a library in memory, faithful to their ports, and jobs on them.

Everything runs in virtual time; the store is the real schema on the loop's own thread, so that no clock jumps while
a database thread works.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import itertools
import os
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import trio
from trio.testing import MockClock

from slskmesh.acquire.domains import Intent, Music
from slskmesh.acquire.plan import Candidate, Plan, Planned
from slskmesh.catalogue.objects import (
    Answer,
    Artist,
    CatalogueError,
    Label,
    Medium,
    Release,
    ReleaseBrief,
    ReleaseGroup,
    Track,
    Trouble,
)
from slskmesh.errors import SlskmeshError, StorageError, UserError
from slskmesh.identity.peerid import PeerId
from slskmesh.jobs.jobs import Jobs
from slskmesh.jobs.state import JobLine, JobState, Kind, Phase, Spec, TrackPhase, TrackState
from slskmesh.mbid import Mbid
from slskmesh.store.migrate import migrate
from slskmesh.store.models.base import connect, database
from slskmesh.swarm.state import DownloadState, SourceState
from slskmesh.swarm.state import Phase as Down
from slskmesh.text import sanitize
from slskmesh.work import Budget
from tests.jobs.legacy_list import FakeLegacy
from tests.swarm.memory import MemoryRouter

START = 1_700_000_000.0
SIZE = 1_000_000
RATE = 100_000.0
WRONG = "every chunk was right but the whole file's SHA-256 is not; kept as x.bad and not used"
FULL = "disk full: free 9 MB at /music, then resume"
ME = PeerId(b"\1" * 32)


def mbid(number: int) -> Mbid:
    """An identifier."""
    return Mbid(f"00000000-0000-4000-8000-{number:012d}")


def content(number: int) -> bytes:
    """A content id."""
    return number.to_bytes(2, "big") * 16


def peer(number: int) -> PeerId:
    """A peer."""
    return PeerId(number.to_bytes(2, "big") * 16)


def make_release(number: int = 1, tracks: int = 3, discs: int = 1, title: str = "Winter Light") -> Release:
    """Release `number` with recordings number*100+1, +2, ..."""
    count = itertools.count(number * 100 + 1)
    media = tuple(
        Medium(
            disc,
            sanitize("CD"),
            sanitize(""),
            tuple(
                Track(
                    mbid(n := next(count)), sanitize(f"Song {n}"), sanitize("Ann"), disc, at, length=200_000
                )
                for at in range(1, tracks + 1)
            ),
        )
        for disc in range(1, discs + 1)
    )
    return Release(mbid(number), sanitize(title), sanitize("Ann"), media, date=sanitize("2002-02-13"))


def candidate(number: int, *peers: int, **fields: Any) -> Candidate:
    """A FLAC of content `number` that peers (2 if none are named) hold."""
    base = Candidate(
        content(number),
        SIZE,
        "mesh",
        tuple(map(peer, peers or (2,))),
        codec="FLAC",
        lossless=True,
        sample_rate=44_100,
        bit_depth=16,
        reasons=("held by most",),
    )
    return msgspec.structs.replace(base, **fields)


class InlineStore:
    """The real schema; jobs run at once on the loop's thread. `fails`: what the next runs raise."""

    def __init__(self) -> None:
        self.fails: StorageError | None = None
        self.writes = 0

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        await trio.lowlevel.checkpoint()
        if self.fails is not None:
            raise self.fails
        self.writes += 1
        with database.atomic():
            return function(*args)


@contextlib.contextmanager
def inline_store(path: Path) -> Any:
    """An open inline store."""
    connect(path)
    try:
        migrate(database, path)
        yield InlineStore()
    finally:
        database.close()


class FakeCatalogue:
    """Answers from dictionaries; `trouble` makes it unreachable."""

    def __init__(self) -> None:
        self.releases: dict[str, Release] = {}
        self.artists: dict[str, tuple[Artist, tuple[ReleaseGroup, ...]]] = {}
        self.editions: dict[str, tuple[ReleaseBrief, ...]] = {}
        self.labels: dict[str, tuple[Label, tuple[ReleaseBrief, ...]]] = {}
        self.trouble: CatalogueError | None = None
        self.calls: list[str] = []
        self.takes = 1.0

    async def _answer(self, what: str, known: dict[str, Any], key: str) -> Answer[Any]:
        self.calls.append(what)
        await trio.sleep(self.takes)
        if self.trouble is not None:
            raise self.trouble
        if key not in known:
            raise CatalogueError(Trouble.NOT_FOUND, f"MusicBrainz knows no {what} {key}")
        return Answer(known[key], START, cached=False)

    async def release(self, key: Mbid, budget: Budget, /) -> Answer[Release]:
        return await self._answer("release", self.releases, key)

    async def artist(self, key: Mbid, budget: Budget, /) -> Answer[Artist]:
        return await self._answer("artist", {k: v[0] for k, v in self.artists.items()}, key)

    async def discography(self, key: Mbid, budget: Budget, /) -> Answer[tuple[ReleaseGroup, ...]]:
        return await self._answer("discography", {k: v[1] for k, v in self.artists.items()}, key)

    async def group_releases(self, key: Mbid, budget: Budget, /) -> Answer[tuple[ReleaseBrief, ...]]:
        return await self._answer("release group", self.editions, key)

    async def label(self, key: Mbid, budget: Budget, /) -> Answer[Label]:
        return await self._answer("label", {k: v[0] for k, v in self.labels.items()}, key)

    async def label_releases(
        self, key: Mbid, limit: int, budget: Budget, /
    ) -> Answer[tuple[ReleaseBrief, ...]]:
        return await self._answer("label's releases", {k: v[1][:limit] for k, v in self.labels.items()}, key)


class FakePlanner:
    """Offers by recording; `error` is raised instead."""

    def __init__(self) -> None:
        self.offers: dict[str, list[Candidate]] = {}
        self.error: SlskmeshError | None = None
        self.takes = 2.0
        self.asked: list[tuple[float, tuple[str, ...]]] = []

    async def plan_release(
        self, release: Release, wants: Sequence[Intent[Music]], budget: Budget, /
    ) -> Plan[Music]:
        self.asked.append((trio.current_time(), tuple(want.want.recording for want in wants)))
        await trio.sleep(self.takes)
        if self.error is not None:
            raise self.error
        planned = tuple(
            Planned(want, tuple(self.offers.get(want.want.recording, ())), reason="nobody was found")
            for want in wants
        )
        peers = {p for one in planned for found in one.candidates for p in found.peers}
        line = f"{len(peers)} peers hold it (the table names {len(peers) + 1})"
        return Plan(planned, len(peers), len(peers) + 1, 9, (line,))


@dataclass
class Entry:
    """One download."""

    content: bytes
    size: int
    name: str
    folder: str
    group: str
    phase: Down = Down.QUEUED
    done: int = 0
    reason: str = ""
    path: str = ""
    scope: trio.CancelScope | None = None
    news: trio.Event = field(default_factory=trio.Event)


class FakeDownloads:
    """Downloads that take SIZE / RATE seconds of virtual time. `supply` says what becomes of a content:

    "ok", "wrong" (comes out false), "full" (disk), "none" (nobody sends it; changed by `feed`).
    """

    def __init__(self, root: Path, active: int = 3) -> None:
        self.root = root
        self.active = active
        self.entries: dict[bytes, Entry] = {}
        self.supply: dict[bytes, str] = {}
        self.limits: dict[str, int] = {}
        self.added: list[bytes] = []
        self.fetched: list[bytes] = []
        self.removed: list[bytes] = []
        self.most = 5000
        self._wake = trio.Event()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                self._wake = trio.Event()
                running = sum(entry.scope is not None for entry in self.entries.values())
                for entry in self.entries.values():
                    if running < self.active and entry.phase is Down.QUEUED and entry.scope is None:
                        running += 1
                        entry.scope = trio.CancelScope()
                        nursery.start_soon(self._drive, entry, entry.scope)
                await self._wake.wait()

    async def _drive(self, entry: Entry, scope: trio.CancelScope) -> None:
        with scope:
            self._turn(entry, Down.FINDING, "no connected peer has this file")
            while self.supply.get(entry.content, "ok") == "none":
                await entry.news.wait()
            self._turn(entry, Down.ACTIVE)
            if self.supply.get(entry.content) == "full":
                self._turn(entry, Down.FAILED, FULL)
            else:
                while entry.done < entry.size:
                    await trio.sleep(1)
                    entry.done = min(entry.size, entry.done + int(RATE))
                self.fetched.append(entry.content)
                if self.supply.get(entry.content) == "wrong":
                    self._turn(entry, Down.FAILED, WRONG)
                else:
                    path = self.root / entry.folder / entry.name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(entry.content)
                    entry.path = os.fspath(path)
                    self._turn(entry, Down.DONE)
        entry.scope = None
        self._wake.set()

    def _turn(self, entry: Entry, phase: Down, reason: str = "") -> None:
        entry.phase, entry.reason = phase, reason
        entry.news.set()
        entry.news = trio.Event()

    def feed(self, wanted: bytes, supply: str = "ok") -> None:
        """Changes what becomes of a content."""
        self.supply[wanted] = supply
        if wanted in self.entries:
            self.entries[wanted].news.set()
            self.entries[wanted].news = trio.Event()

    async def add(self, wanted: bytes, size: int, name: str, folder: str = "", *, group: str = "") -> None:
        await trio.lowlevel.checkpoint()
        entry = self.entries.get(wanted)
        if entry is not None and entry.phase in (Down.PAUSED, Down.FAILED):
            self._turn(entry, Down.QUEUED)
        elif entry is not None and not (entry.phase is Down.DONE and not Path(entry.path).exists()):  # noqa: ASYNC240
            raise UserError(f"{name} is in the list already: {entry.phase.value}")
        elif len(self.entries) >= self.most:
            raise UserError(f"the list holds {self.most} downloads; remove some first")
        else:
            self.entries[wanted] = Entry(wanted, size, name, folder, group)
        self.added.append(wanted)
        self._wake.set()

    async def pause(self, wanted: bytes) -> None:
        await trio.lowlevel.checkpoint()
        entry = self._find(wanted)
        if entry.phase in (Down.DONE, Down.FAILED):
            raise UserError("not running")
        if entry.scope is not None:
            entry.scope.cancel()
        self._turn(entry, Down.PAUSED)
        self._wake.set()

    async def remove(self, wanted: bytes) -> None:
        await trio.lowlevel.checkpoint()
        entry = self._find(wanted)
        if entry.scope is not None:
            entry.scope.cancel()
        del self.entries[wanted]
        self.removed.append(wanted)
        entry.news.set()
        self._wake.set()

    def _find(self, wanted: bytes) -> Entry:
        if wanted not in self.entries:
            raise UserError("there is no such download")
        return self.entries[wanted]

    def limit_group(self, group: str, rate: int) -> None:
        self.limits[group] = rate

    def state(self, wanted: bytes) -> DownloadState | None:
        entry = self.entries.get(wanted)
        if entry is None:
            return None
        rate = RATE if entry.phase is Down.ACTIVE else 0.0
        sources = (SourceState("A", peer(2), "active", received=entry.done, has=1),) if entry.done else ()
        return DownloadState(
            entry.content, entry.name, entry.folder, entry.size, entry.done, entry.phase, entry.reason, rate,
            sources=sources, path=entry.path,
        )  # fmt: skip

    async def settled(self, wanted: bytes) -> DownloadState | None:
        await trio.lowlevel.checkpoint()
        while wanted in self.entries:
            entry = self.entries[wanted]
            if entry.phase in (Down.DONE, Down.FAILED, Down.PAUSED):
                return self.state(wanted)
            await entry.news.wait()
        return None


@dataclass
class OnShelf:
    """A shared file."""

    path: Path


class FakeLibrary:
    """Shared files by content."""

    def __init__(self) -> None:
        self.files: dict[bytes, OnShelf] = {}

    async def find(self, wanted: bytes) -> OnShelf | None:
        await trio.lowlevel.checkpoint()
        return self.files.get(wanted)


class World:
    """Everything jobs stand on, and jobs."""

    def __init__(self, root: Path, store: InlineStore) -> None:
        self.root = root
        self.store = store
        self.catalogue = FakeCatalogue()
        self.planner = FakePlanner()
        self.downloads = FakeDownloads(root)
        self.library = FakeLibrary()
        self.legacy = FakeLegacy(root)
        self.allowed = True
        self.rescued: set[bytes] = set()
        self.taken: list[Path] = []
        self.router = MemoryRouter()
        self.active = 2
        self.layout = "{artist}/{album} ({year})/{disc}{track} {title}"
        self.said: list[tuple[int, JobLine]] = []
        self.verified: list[tuple[str, str, bytes]] = []
        self.jobs = self.make_jobs()

    def make_jobs(self) -> Jobs:
        """New jobs on the same store and neighbours, as after a restart."""
        self.router = MemoryRouter()
        return Jobs(
            self.store,  # type: ignore[arg-type]
            self.catalogue,
            self.planner,
            self.downloads,
            self.library,
            router=self.router,
            root=lambda: self.root,
            layout=lambda: self.layout,
            active=lambda: self.active,
            wall=lambda: START + trio.current_time(),
            rng=random.Random(1),
            on_line=lambda job, line: self.said.append((job, line)),
            on_verified=self._verified,
            own=ME,
            legacy=self.legacy,
            legacy_allowed=lambda: self.allowed,
            rescued=self.rescued.__contains__,
            take_in=self._take_in,
        )

    async def _take_in(self, path: Path) -> bytes:
        await trio.lowlevel.checkpoint()
        self.taken.append(path)
        return hashlib.sha256(path.read_bytes()).digest()  # noqa: ASYNC240

    async def _verified(self, release: Mbid, recording: Mbid, wanted: bytes) -> None:
        self.verified.append((release, recording, wanted))

    def stock(self, release: Release, *, offered: bool = True) -> Release:
        """The catalogue knows it; peers hold content n for recording n."""
        self.catalogue.releases[release.mbid] = release
        for track in release.tracks if offered else ():
            self.planner.offers[track.recording] = [candidate(int(track.recording[-12:]))]
        return release

    def state(self, number: int) -> JobState:
        """One job."""
        return next(state for state in self.jobs.states() if state.job == number)

    def tracks(self, number: int) -> tuple[TrackState, ...]:
        """A job's tracks."""
        return self.jobs.tracks(number)

    def phases(self, number: int) -> list[TrackPhase]:
        """Phases of a job's tracks."""
        return [track.phase for track in self.tracks(number)]

    def words(self, number: int) -> str:
        """A job's timeline."""
        return "\n".join(line.text for line in self.jobs.timeline(number))

    async def until(self, true: Callable[[], object], seconds: float = 100_000) -> None:
        """Virtual time passes until something is true."""
        began = trio.current_time()
        with trio.move_on_after(seconds):
            while not true():  # noqa: ASYNC110 - virtual time
                await trio.sleep(0.25 if trio.current_time() < began + 60 else 5)
        assert true(), "\n".join(f"{n} {line.text}" for n, line in self.said)

    async def reach(self, number: int, *phases: Phase, seconds: float = 100_000) -> JobState:
        """Waits until the job is in one of the phases."""
        await self.until(lambda: self.state(number).phase in phases, seconds)
        return self.state(number)


@asynccontextmanager
async def open_world(tmp_path: Path) -> AsyncIterator[World]:
    """A world whose downloads run; jobs run for the body too."""
    with inline_store(tmp_path / "db") as store:
        world = World(tmp_path / "music", store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.downloads.run)
            nursery.start_soon(world.legacy.run)
            await nursery.start(world.jobs.run)
            yield world
            nursery.cancel_scope.cancel()


def spec(target: str | None = None, **fields: Any) -> Spec:
    """A job for release 1."""
    return Spec(kind=fields.pop("kind", Kind.MB_RELEASE), target=target or mbid(1), **fields)


def unreachable(retry: float | None = None) -> CatalogueError:
    """Nobody answers."""
    return CatalogueError(Trouble.UNREACHABLE, "MusicBrainz cannot be reached", retry)


def kept(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What is on disk."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def in_world(test: Callable[..., Any]) -> Callable[..., None]:
    """A test that gets a `world` and runs in virtual time, with its other arguments as they are."""
    signature = inspect.signature(test)
    others = [parameter for name, parameter in signature.parameters.items() if name != "world"]
    if "tmp_path" not in signature.parameters:
        others.append(inspect.Parameter("tmp_path", inspect.Parameter.KEYWORD_ONLY))

    async def main(tmp_path: Path, arguments: dict[str, Any]) -> None:
        if "tmp_path" in signature.parameters:
            arguments["tmp_path"] = tmp_path
        async with open_world(tmp_path) as world:
            await test(world=world, **arguments)

    def run(*, tmp_path: Path, **arguments: Any) -> None:
        trio.run(main, tmp_path, arguments, clock=MockClock(autojump_threshold=0))

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    run.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
    run.__dict__.update(test.__dict__)
    return run
