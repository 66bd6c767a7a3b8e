"""The list of legacy downloads over a double of the client, with real files and a real database."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections import namedtuple
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from slskmesh.errors import UserError
from slskmesh.soulseek import partials
from slskmesh.soulseek.download_entry import LegacyDownload
from slskmesh.soulseek.downloads import FolderDone, LegacyDownloads
from slskmesh.soulseek.retry import Trouble
from slskmesh.soulseek.values import Listing, Outcome, RemoteFile, TransferPhase, UserState
from slskmesh.store.database import open_store
from slskmesh.work import LocalBudget

from .legacy_double import Network

SONG = "music\\Album\\01 song.flac"
DiskUsage = namedtuple("DiskUsage", "total used free")
BYTES = random.Random(4).randbytes(300_000)


class Person:
    """One run of the list."""

    def __init__(self, home: Path, network: Network) -> None:
        self.home, self.network = home, network
        self.root = home / "downloads"
        self.finished: list[tuple[Path, str, str]] = []
        self.folders: list[FolderDone] = []
        self.list: LegacyDownloads

    @contextlib.asynccontextmanager
    async def runs(self, **more: Any) -> AsyncIterator[LegacyDownloads]:
        self.root.mkdir(parents=True, exist_ok=True)

        async def finished(path: Path, user: str, remote: str) -> None:
            self.finished.append((path, user, remote))

        async def folder(done: FolderDone) -> None:
            self.folders.append(done)

        async with open_store(self.home / "a.db") as store, trio.open_nursery() as nursery:
            self.list = LegacyDownloads(
                store,
                self.network,  # type: ignore[arg-type]
                self.root,
                rng=random.Random(1),
                on_finished=finished,
                on_folder=folder,
                **more,
            )
            self.network.hear = self.list.heard
            await nursery.start(self.list.run)
            yield self.list
            nursery.cancel_scope.cancel()

    async def until(self, done: Callable[[], bool]) -> None:
        with trio.fail_after(2_000):
            pause = 0.05
            while not done():
                await trio.sleep(pause)
                pause = min(5.0, pause * 1.5)

    async def reach(self, key: bytes, phase: TransferPhase) -> LegacyDownload:
        def there() -> bool:
            state = self.list.state(key)
            return state is not None and state.phase is phase

        await self.until(there)
        state = self.list.state(key)
        assert state is not None
        return state


@pytest.fixture
def clock() -> trio.testing.MockClock:
    """Virtual time; the database's and the disk's threads answer well within the threshold."""
    return trio.testing.MockClock(autojump_threshold=0.01)


@pytest.fixture
def network() -> Network:
    return Network(data={("ben", SONG): BYTES, ("cleo", "x\\song.flac"): BYTES})


@pytest.fixture
def anna(tmp_path: Path, network: Network) -> Person:
    return Person(tmp_path, network)


def content(path: str) -> bytes:
    return Path(path).read_bytes()


def is_below(path: str, root: Path) -> bool:
    return Path(path).resolve().is_relative_to(root.resolve())


def song(size: int = len(BYTES), path: str = SONG) -> RemoteFile:
    return RemoteFile(path, size)


async def test_a_file_comes_and_is_told_of(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song(), "In/../Folder")
        assert await downloads.add("ben", song()) == key  # the same one
        assert len(downloads.views()) == 1
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG)
        state = await anna.reach(key, TransferPhase.DONE)
        target = anna.root / "In" / "Folder" / "01 song.flac"
        assert Path(state.local) == target and target.read_bytes() == BYTES
        await anna.until(lambda: anna.finished == [(target, "ben", SONG)])
        assert not list((anna.root / ".incomplete").iterdir())
        with pytest.raises(UserError, match="here already"):
            await downloads.add("ben", song())
        target.unlink()
        assert await downloads.add("ben", song()) == key
        await anna.reach(key, TransferPhase.REQUESTED)


async def test_another_file_is_never_replaced(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        (anna.root / "01 song.flac").write_bytes(b"mine")
        key = await downloads.add("ben", song())
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG)
        state = await anna.reach(key, TransferPhase.DONE)
        assert Path(state.local).name == "01 song (2).flac"
        assert (anna.root / "01 song.flac").read_bytes() == b"mine"


async def test_pause_resume_and_remove(clock: trio.testing.MockClock, anna: Person, network: Network) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song(), paused=True)
        await trio.sleep(10)
        assert not network.asked
        await downloads.resume(key)
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG, 100_000)
        await downloads.pause(key)
        assert not network.transfers
        state = downloads.state(key)
        assert state is not None and (state.phase, state.done) == (TransferPhase.PAUSED, 100_000)
        assert downloads.partial_of(key).read_bytes() == BYTES[:100_000]
        await downloads.resume(key)
        await anna.reach(key, TransferPhase.REQUESTED)
        assert downloads.partial_of(key).stat().st_size == 100_000  # the same run: nothing is cut
        network.send("ben", SONG, 200_000)
        await downloads.remove(key)
        assert not network.transfers and not downloads.views()
        assert not list((anna.root / ".incomplete").iterdir())


async def test_the_list_outlasts_a_restart_and_a_partial_file_is_gone_on_with(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    network.data["ben", "b"] = b"b"
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        other = await downloads.add("ben", song(1, "b"), paused=True)
        await downloads.move(other, -1)
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG, 200_000)
    network.transfers.clear()  # the process is gone
    async with anna.runs() as downloads:
        assert [view.key for view in downloads.views()] == [other, key]
        state = await anna.reach(key, TransferPhase.REQUESTED)
        assert state.done == 200_000 - partials.TAIL
        assert downloads.partial_of(key).stat().st_size == 200_000 - partials.TAIL
        network.send("ben", SONG)
        state = await anna.reach(key, TransferPhase.DONE)
        assert content(state.local) == BYTES


async def test_another_version_is_not_mixed_in(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    network.data["cleo", "x\\song.flac"] = changed = random.Random(5).randbytes(len(BYTES))
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG, 200_000)
        await downloads.switch_source(key, "cleo", song(path="x\\song.flac"))
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("cleo", "x\\song.flac", 250_000)
        await anna.until(lambda: len(network.asked) == 3)  # begun anew
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("cleo", "x\\song.flac")
        state = await anna.reach(key, TransferPhase.DONE)
        assert content(state.local) == changed
        assert any("begun anew" in line.text for line in downloads.timeline(key))


async def test_another_source_goes_on_where_the_first_was(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG, 200_000)
        network.fail("ben", SONG, "File not shared.")
        state = await anna.reach(key, TransferPhase.FAILED)
        assert state.elsewhere and state.trouble is Trouble.GONE
        await downloads.switch_source(key, "cleo", song(path="x\\song.flac"))
        state = await anna.reach(key, TransferPhase.REQUESTED)
        assert (state.user, state.done) == ("cleo", 200_000 - partials.TAIL)
        network.send("cleo", "x\\song.flac", 250_000)
        await anna.until(lambda: not list((anna.root / ".incomplete").glob("*.tail")))
        network.send("cleo", "x\\song.flac")
        assert content((await anna.reach(key, TransferPhase.DONE)).local) == BYTES
        with pytest.raises(UserError, match="here already"):
            await downloads.switch_source(key, "ben", song())


async def test_another_size_is_begun_anew(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    network.data["cleo", "y"] = b"short"
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG, 200_000)
        await downloads.switch_source(key, "cleo", song(5, "y"))
        await anna.reach(key, TransferPhase.REQUESTED)
        assert not downloads.partial_of(key).exists()
        network.send("cleo", "y")
        assert content((await anna.reach(key, TransferPhase.DONE)).local) == b"short"


async def test_a_network_failure_is_tried_again_later_and_later(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        for _ in range(4):
            await anna.reach(key, TransferPhase.REQUESTED)
            network.fail("ben", SONG, "Connection lost")
        waits = [b - a for a, b in itertools.pairwise(network.asked_at)]
        for wait, least in zip(waits, (30, 60, 120), strict=True):
            assert least <= wait <= least * 1.1 + 12
        state = downloads.state(key)
        assert state is not None and state.next_try is not None and state.trouble is Trouble.NETWORK
        await downloads.resume(key)  # at once
        now = trio.current_time()
        await anna.reach(key, TransferPhase.REQUESTED)
        assert trio.current_time() - now < 5


async def test_who_is_away_is_asked_when_he_is_back(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        await anna.reach(key, TransferPhase.REQUESTED)
        await anna.until(lambda: network.watched == {"ben"})
        network.user("ben", UserState.OFFLINE)
        network.fail("ben", SONG, "User cannot be reached")
        await trio.sleep(7200)
        state = downloads.state(key)
        assert state is not None and state.trouble is Trouble.OFFLINE and len(network.asked) == 1
        network.user("ben", UserState.AWAY)
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG)
        await anna.reach(key, TransferPhase.DONE)
        await anna.until(lambda: not network.watched)


async def test_a_full_queue_is_waited_for(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    paths = [f"a\\{number}" for number in range(6)]
    network.data |= {("ben", path): b"12345" for path in paths}
    async with anna.runs() as downloads:
        keys = [await downloads.add("ben", song(5, path)) for path in paths]
        await anna.until(lambda: len(network.asked) == 6)
        for path in paths[2:]:
            network.fail("ben", path, "Too many files")
        await trio.sleep(60)
        assert len(network.asked) == 6  # nobody is asked again and again
        network.send("ben", paths[0])
        await anna.until(lambda: len(network.asked) == 7)
        assert network.asked[-1] == ("ben", paths[2])
        for path in paths[1:3]:
            await anna.until(lambda path=path: ("ben", path) in network.asked)
            network.send("ben", path)
        for path in paths[3:]:
            await anna.until(lambda path=path: any(one.path == path for one in network.transfers.values()))
            network.send("ben", path)
        for key in keys:
            await anna.reach(key, TransferPhase.DONE)


async def test_no_more_come_in_than_are_set_and_one_of_each_user(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    for user in "abc":
        network.data |= {(user, f"{number}"): b"12345" for number in range(2)}
    async with anna.runs(active=2) as downloads:
        for user in "abc":
            for number in range(2):
                await downloads.add(user, song(5, f"{number}"))
        await anna.until(lambda: len(network.asked) == 6)
        for user in "abc":
            for number in range(2):
                network.send(user, f"{number}", 2)
        await anna.until(lambda: len(network.transfers) == 2)
        assert {one.user for one in network.transfers.values()} == {"a", "b"}
        assert {one.path for one in network.transfers.values()} == {"0"}
        network.send("a", "0")
        await anna.until(lambda: len(network.transfers) > 1)


async def test_nothing_is_lost_with_the_session(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        network.server(Outcome.LOST)
        key = await downloads.add("ben", song())
        await trio.sleep(3600)
        assert not network.asked
        network.server(Outcome.ONLINE)
        await anna.reach(key, TransferPhase.REQUESTED)


async def test_places_are_asked_for_soon_and_then_every_five_minutes(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        await anna.reach(key, TransferPhase.REQUESTED)
        await trio.sleep(9)
        assert not network.places
        await trio.sleep(8)
        assert len(network.places) == 1
        await trio.sleep(3000)
        assert 8 <= len(network.places) <= 10
        state = downloads.state(key)
        assert state is not None and state.place == 7


async def test_the_person_is_told_of_a_full_disk(
    clock: trio.testing.MockClock, anna: Person, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partials.shutil, "disk_usage", lambda root: DiskUsage(10, 9, 1))
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        state = await anna.reach(key, TransferPhase.FAILED)
        assert state.trouble is Trouble.DISK and "free" in state.reason and not state.elsewhere
        assert not network.asked


async def test_a_folder_with_discs(clock: trio.testing.MockClock, anna: Person, network: Network) -> None:
    folder = "music\\Box"
    names = [f"{folder}\\CD1\\01.flac", f"{folder}\\CD2\\01.flac", f"{folder}\\cover.jpg"]
    network.data |= {("ben", name): name.encode() for name in names}
    listed = tuple((name.rpartition("\\")[0], (RemoteFile(name, len(name)),)) for name in names)
    network.listing = Listing("ben", (*listed, ("music\\Other", (RemoteFile("music\\Other\\x", 1),))), True)
    async with anna.runs() as downloads:
        asked = await downloads.add_folder("ben", folder, LocalBudget())
        assert len(asked.keys) == 3 and asked.locked == 0
        await anna.until(lambda: len(network.transfers) == 3)
        for name in names:
            network.send("ben", name)
        await anna.until(lambda: bool(anna.folders))
        assert anna.folders == [FolderDone(anna.root / "Box", "ben", 3)]
        for name in names:
            local = anna.root / name.removeprefix("music\\").replace("\\", "/")
            assert local.read_bytes() == name.encode()
        with pytest.raises(UserError, match="no files"):
            await downloads.add_folder("ben", "music\\Nothing", LocalBudget())


HOSTILE = [
    "..\\..\\etc\\passwd", "/etc/passwd", "C:\\Windows\\..", "a\\..\\..\\..\\b", "\\\\server\\share\\x", "..", ".",
    "a\\con.mp3", "a\\-rf", "a\\\x1b[31mred\x07", "a\\" + "x" * 5_00 + ".flac", "a\\b\x00c", "\u202eflac.exe",
    "a\\.hidden", "a\\" + "é" * 300, "a/b/../../c", "a\\ . ", "\udcff\\x",
]  # fmt: skip


async def test_hostile_names_stay_below_the_folder(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    outside = anna.root.parent / "outside"
    async with anna.runs() as downloads:
        keys = []
        for path in HOSTILE:
            network.data["ben", path] = b"x"
            keys.append(await downloads.add("ben", song(1, path), path))
        await anna.until(lambda: len(network.transfers) == len(HOSTILE))
        for path in HOSTILE:
            network.send("ben", path)
        for key in keys:
            state = await anna.reach(key, TransferPhase.DONE)
            assert is_below(state.local, anna.root)
        assert not outside.exists() and len({view.local for view in downloads.views()}) == len(HOSTILE)
    async with anna.runs() as downloads:
        assert {view.path for view in downloads.views()} == set(HOSTILE)


async def test_done_elsewhere(clock: trio.testing.MockClock, anna: Person, network: Network) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song())
        await anna.reach(key, TransferPhase.REQUESTED)
        network.send("ben", SONG, 100_000)
        whole = anna.root / "whole.flac"
        whole.write_bytes(BYTES)
        await downloads.done_elsewhere(key, whole)
        state = downloads.state(key)
        assert state is not None and (state.phase, state.local) == (TransferPhase.DONE, str(whole))
        assert not network.transfers and not list((anna.root / ".incomplete").iterdir())
        assert await downloads.clear_done() == 1 and not downloads.views()
