"""The list of downloads and the upload rule over two real clients, real sockets and a small server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import trio

from slskmesh.soulseek import partials
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.groups import DEFAULT, Group, UploadRules
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.retry import Trouble
from slskmesh.soulseek.tally import Tally
from slskmesh.soulseek.transfer_rows import Sums
from slskmesh.soulseek.uploads import LegacyUploads, UploadPolicy
from slskmesh.soulseek.values import LegacyEvent, Outcome, RemoteFile, TransferPhase
from slskmesh.store.database import open_store
from slskmesh.work import LocalBudget

from .scripted import Person, ScriptedServer

SIZE = 300_000


class Seeder(Person):
    """Shares files by our rule."""

    def __init__(self, name: str, files: dict[str, Path], policy: UploadPolicy) -> None:
        super().__init__(name, files)
        self.client._rule = policy
        self.uploads = LegacyUploads(self.client, policy)
        self.client.on_event(self._both)

    def _both(self, event: LegacyEvent) -> None:
        self._hear(event)
        self.uploads.heard(event)


class Leecher(Person):
    """Has a list of downloads."""

    downloads: LegacyDownloads
    tally: Tally

    @contextlib.asynccontextmanager
    async def runs(self, home: Path, server: ScriptedServer) -> AsyncIterator[None]:
        (home / "downloads").mkdir(exist_ok=True)
        async with open_store(home / "a.db") as store, trio.open_nursery() as nursery:
            client: Client = self.client
            self.downloads = LegacyDownloads(store, client, home / "downloads")
            self.tally = Tally(store)
            self.client.on_event(self._all)
            await nursery.start(self.client.run)
            await nursery.start(self.tally.run)
            await nursery.start(self.downloads.run)
            assert await self.client.connect(self.line(server.port)) is Outcome.ONLINE
            yield
            nursery.cancel_scope.cancel()

    def _all(self, event: LegacyEvent) -> None:
        self.downloads.heard(event)
        self.tally.heard(event)
        self._hear(event)

    async def until(self, done: Callable[[], bool]) -> None:
        with trio.fail_after(60):
            while not done():  # noqa: ASYNC110 - files, database and network move on
                await trio.sleep(0.02)


def phases(leecher: Leecher) -> list[TransferPhase]:
    return [view.phase for view in leecher.downloads.views()]


async def test_a_folder_resumed_after_a_restart_and_a_refusal(nursery: trio.Nursery, tmp_path: Path) -> None:
    server = ScriptedServer()
    await nursery.start(server.serve)
    names = ["music\\Box\\CD1\\01.flac", "music\\Box\\CD2\\01.flac"]
    data = {name: os.urandom(SIZE) for name in names}
    shared = {}
    for number, name in enumerate(names):
        shared[name] = tmp_path / f"{number}"
        shared[name].write_bytes(data[name])
    policy = UploadPolicy(blocked=lambda user: user == "carl")
    ben = Seeder("ben", shared, policy)
    await nursery.start(ben.client.run)
    assert await ben.client.connect(ben.line(server.port)) is Outcome.ONLINE

    anna = Leecher("anna")
    async with anna.runs(tmp_path, server):
        anna.client.limit(0, 100 * 1024)
        asked = await anna.downloads.add_folder("ben", "music\\Box", LocalBudget(), paused=True)
        assert len(asked.keys) == 2
        await anna.downloads.resume(asked.keys[0])
        root = tmp_path / "downloads"
        await anna.until(lambda: sum(partials.length(root, key) for key in asked.keys) > 2 * partials.TAIL)
    had = sum(partials.length(root, key) for key in asked.keys)
    assert 2 * partials.TAIL < had < SIZE
    assert partials.length(root, asked.keys[0]) == had

    anna = Leecher("anna")
    async with anna.runs(tmp_path, server):
        await anna.downloads.resume(asked.keys[1])
        await anna.until(lambda: phases(anna) == [TransferPhase.DONE] * 2)
        assert anna.tally.session.files_received == 2
        assert 2 * SIZE - had <= anna.tally.session.received <= 2 * SIZE - had + partials.TAIL
    for name in names:
        local = tmp_path / "downloads" / name.removeprefix("music\\").replace("\\", "/")
        assert local.read_bytes() == data[name]
    await anna.until(lambda: ben.uploads.views() == ())

    carl = Leecher("carl")
    (tmp_path / "carl").mkdir()
    async with carl.runs(tmp_path / "carl", server):
        await carl.downloads.add("ben", RemoteFile(names[0], SIZE))
        await carl.until(lambda: phases(carl) == [TransferPhase.FAILED])
        [view] = carl.downloads.views()
        assert (view.trouble, view.reason, view.elsewhere) == (Trouble.REFUSED, "Banned", True)
        assert carl.tally.session == Sums()
    nursery.cancel_scope.cancel()


async def test_a_queue_limit_is_waited_out(nursery: trio.Nursery, tmp_path: Path) -> None:
    server = ScriptedServer()
    await nursery.start(server.serve)
    names = [f"m\\{number}" for number in range(4)]
    shared = {}
    for name in names:
        shared[name] = tmp_path / name[2:]
        shared[name].write_bytes(os.urandom(150_000))
    groups = dict(UploadRules().groups) | {DEFAULT: Group(1, 1, queue_files=1)}
    ben = Seeder("ben", shared, UploadPolicy(UploadRules(1, groups)))
    await nursery.start(ben.client.run)
    assert await ben.client.connect(ben.line(server.port)) is Outcome.ONLINE
    anna = Leecher("anna")
    async with anna.runs(tmp_path, server):
        anna.client.limit(0, 200 * 1024)
        for name in names:
            await anna.downloads.add("ben", RemoteFile(name, 150_000))
        await anna.until(lambda: phases(anna) == [TransferPhase.DONE] * 4)
        assert any("Too many files" in line.text for view in anna.downloads.views()
                   for line in anna.downloads.timeline(view.key))  # fmt: skip
    for name in names:
        assert (tmp_path / "downloads" / name[2:]).read_bytes() == shared[name].read_bytes()
    nursery.cancel_scope.cancel()
