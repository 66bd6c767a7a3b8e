"""A job over real clients, real sockets and a small server: planned from their answers, fetched by the real list."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import trio

from slskmesh.acquire.backends import Findings
from slskmesh.acquire.domains import Intent, Music
from slskmesh.acquire.planner import Planner
from slskmesh.acquire.soulseek import SoulseekMusic
from slskmesh.jobs import fetch, legacy_state
from slskmesh.jobs.jobs import Jobs
from slskmesh.jobs.state import JobState, Phase, TrackState
from slskmesh.soulseek.download_entry import key_of
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.search_budget import SearchBudget
from slskmesh.soulseek.uploads import UploadPolicy
from slskmesh.soulseek.values import Answered, LegacyEvent, Outcome
from slskmesh.store.database import open_store
from slskmesh.work import Budget
from tests.jobs.doubles import (
    FakeCatalogue,
    FakeDownloads,
    FakeLibrary,
    candidate,
    content,
    make_release,
    mbid,
    spec,
)
from tests.soulseek.scripted import Person, ScriptedServer
from tests.soulseek.test_transfers_together import Seeder
from tests.swarm.memory import MemoryRouter

SIZE = 300_000
FOLDER = "music\\Ann\\Winter Light"


class Mesh:
    """Peers who hold some recordings."""

    name = "mesh"
    domain: type[Music] = Music

    def __init__(self, *numbers: int) -> None:
        self.held = {mbid(number): candidate(number, size=100_000) for number in numbers}

    async def find(self, wants: Sequence[Intent[Music]], budget: Budget, progress: Any = None) -> Findings:
        await trio.lowlevel.checkpoint()
        return Findings(
            tuple(
                (self.held[want.want.recording],) if want.want.recording in self.held else ()
                for want in wants
            )
        )


class Anna(Person):
    """A client with its list, and jobs that plan and fetch by it."""

    jobs: Jobs
    legacy: LegacyDownloads
    budget: SearchBudget

    @contextlib.asynccontextmanager
    async def runs(self, home: Path, server: ScriptedServer, mesh: Mesh) -> AsyncIterator[None]:
        root = home / "downloads"
        root.mkdir(exist_ok=True)
        catalogue, swarm = FakeCatalogue(), FakeDownloads(root)
        catalogue.releases[mbid(1)] = make_release()
        catalogue.takes = 0.0
        async with open_store(home / "a.db") as store, trio.open_nursery() as nursery:
            self.budget = SearchBudget(trio.current_time)
            self.music = SoulseekMusic(self.client, self.budget, settle=2.0)
            self.legacy = LegacyDownloads(store, self.client, root)
            self.client.on_event(self._all)
            self.jobs = Jobs(
                store,
                catalogue,
                Planner([mesh, self.music], []),
                swarm,
                FakeLibrary(),
                router=MemoryRouter(),
                root=lambda: root,
                layout=lambda: "{artist}/{album}/{track} {title}",
                active=lambda: 1,
                legacy=self.legacy,
                take_in=self._take_in,
            )
            nursery.start_soon(swarm.run)
            await nursery.start(self.client.run)
            await nursery.start(self.legacy.run)
            assert await self.client.connect(self.line(server.port)) is Outcome.ONLINE
            await nursery.start(self.jobs.run)
            yield
            nursery.cancel_scope.cancel()

    def _all(self, event: LegacyEvent) -> None:
        self.legacy.heard(event)
        self.music.heard(event)
        self._hear(event)

    async def _take_in(self, path: Path) -> bytes:
        return hashlib.sha256(await trio.Path(path).read_bytes()).digest()

    async def until(self, true: Callable[[], object]) -> None:
        with trio.fail_after(60):
            while not true():  # noqa: ASYNC110 - files, database and network move on
                await trio.sleep(0.02)

    @property
    def job(self) -> JobState:
        return self.jobs.states()[0]

    @property
    def tracks(self) -> tuple[TrackState, ...]:
        return self.jobs.tracks(self.job.job)

    @property
    def words(self) -> str:
        return "\n".join(line.text for line in self.jobs.timeline(self.job.job))


def shared(folder: Path, *numbers: int) -> dict[str, Path]:
    """Files of a user: recordings of the release, by network path."""
    folder.mkdir()
    files = {}
    for number in numbers:
        files[f"{FOLDER}\\{number - 100:02} Song {number}.flac"] = folder / f"{number}"
        (folder / f"{number}").write_bytes(os.urandom(SIZE))
    return files


async def user(
    name: str,
    files: dict[str, Path],
    server: ScriptedServer,
    rate: int = 0,
    task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED,
) -> None:
    """A user, sending `rate` bytes a second, until the scope that is given is cancelled, which is like a kill."""
    person = Seeder(name, files, UploadPolicy())
    person.client.limit(rate, 0)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            await nursery.start(person.client.run)
            assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
            task_status.started(scope)
            await trio.sleep_forever()


async def test_two_tracks_from_a_user_and_one_from_peers_over_a_restart(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    server, mesh = ScriptedServer(), Mesh(103)
    await nursery.start(server.serve)
    files = shared(tmp_path / "ben", 101, 102)
    await nursery.start(user, "ben", files, server, 30 * 1024)
    anna = Anna("anna")
    async with anna.runs(tmp_path, server, mesh):
        number = await anna.jobs.add(spec())
        # the first two share his line: one is done, or nearly, and the other on its way when all ends
        await anna.until(lambda: len(anna.tracks) > 1 and anna.tracks[1].done > 70_000)
        assert anna.job.via == "both" and {t.user for t in anna.tracks[:2]} == {"ben"}
        assert "Soulseek: 1 user answered “ann winter light”: 2 of 3 tracks at 1 user" in anna.words
        assert anna.tracks[1].done < SIZE

    anna = Anna("anna")
    async with anna.runs(tmp_path, server, mesh):
        await anna.until(lambda: anna.job.phase is Phase.DONE)
        assert anna.job.job == number and anna.job.bytes_done == 2 * SIZE + 100_000
        assert "ben" not in anna.words
        done = [bytes.fromhex(t.content) for t in anna.tracks]
        assert len(anna.legacy.views()) == 2  # none was begun twice
    folder = tmp_path / "downloads" / "Ann" / "Winter Light"
    for at, path in enumerate(files.values()):
        local = folder / f"0{at + 1} Song {101 + at}.flac"
        assert local.read_bytes() == path.read_bytes()
        assert hashlib.sha256(local.read_bytes()).digest() == done[at]
    assert done[2] == content(103)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("sending", [False, True], ids=["before he sends", "while he sends"])
async def test_a_user_who_is_gone_makes_way_for_the_next(
    nursery: trio.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sending: bool
) -> None:
    monkeypatch.setattr(legacy_state, "AWAY_SECONDS", 1.0)
    monkeypatch.setattr(fetch, "LOOK_SECONDS", 0.2)
    server = ScriptedServer()
    await nursery.start(server.serve)
    path = f"{FOLDER}\\01 Song 101.flac"
    first, second = sorted(("ben", "cleo"), key=lambda name: key_of(name, path, SIZE))  # alike in all else
    kept, taken = shared(tmp_path / "kept", 101), shared(tmp_path / "taken", 101)
    gone: trio.CancelScope = await nursery.start(user, first, kept, server, 50 * 1024)
    await nursery.start(user, second, taken, server)
    anna = Anna("anna")
    async with anna.runs(tmp_path, server, Mesh()):
        await anna.jobs.add(spec(tracks=(1,)))
        for name in (first, second):
            await anna.hears(
                lambda event, name=name: isinstance(event, Answered) and event.answer.user == name
            )
        if sending:
            await anna.until(lambda: anna.tracks and anna.tracks[0].done > 20_000)
            assert anna.tracks[0].user == first
        gone.cancel()
        await anna.until(lambda: len(anna.legacy.views()) == 2)
        await anna.until(lambda: anna.job.phase is Phase.DONE)
        track = anna.tracks[0]
        assert (track.user, track.via) == (second, "soulseek")
        assert [view.user for view in anna.legacy.views()] == [second]
        assert "stays queued, others are tried: its Soulseek user" in anna.words
        assert track.content == hashlib.sha256(taken[path].read_bytes()).hexdigest()
    assert [p.name for p in (tmp_path / "downloads" / "Ann" / "Winter Light").iterdir()] == [
        "01 Song 101.flac"
    ]
    assert list((tmp_path / "downloads" / ".incomplete").iterdir()) == []
    nursery.cancel_scope.cancel()
