"""Names that a download is added with, waiting for its end, and whether its user sends, over a double of the client."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing

from slskmesh.soulseek.download_entry import LegacyDownload, key_of
from slskmesh.soulseek.values import RemoteFile, TransferPhase

from .legacy_double import Network
from .test_downloads import BYTES, SONG, Person, content, song

FLAC = "x\\other.FLAC"


@pytest.fixture
def clock() -> trio.testing.MockClock:
    return trio.testing.MockClock(autojump_threshold=0.01)


@pytest.fixture
def network() -> Network:
    return Network(data={("ben", SONG): BYTES, ("cleo", FLAC): BYTES})


@pytest.fixture
def anna(tmp_path: Path, network: Network) -> Person:
    return Person(tmp_path, network)


async def test_the_name_is_the_callers_and_the_ending_the_remote_files(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    async with anna.runs() as downloads:
        key = await downloads.add("ben", song(), "Ann/Light (2002)", name="2-01 Mr. Song/../x")
        state = downloads.state(key)
        assert state is not None and state.name == "2-01 Mr. Song_.._x.flac"
        await anna.until(lambda: bool(network.transfers))
    network.transfers.clear()
    async with anna.runs() as downloads:  # it is kept
        await anna.until(lambda: bool(network.transfers))
        network.send("ben", SONG)
        done = await anna.reach(key, TransferPhase.DONE)
        assert done.local == str(anna.root / "Ann" / "Light (2002)" / "2-01 Mr. Song_.._x.flac")
        assert content(done.local) == BYTES
        other = await downloads.add("cleo", RemoteFile(FLAC, len(BYTES)), "Ann/Light (2002)", name="n" * 300)
        await anna.until(lambda: bool(network.transfers))
        network.send("cleo", FLAC)
        name = Path((await anna.reach(other, TransferPhase.DONE)).local).name
        assert name.endswith("n.flac") and len(name.encode()) == 255


async def test_a_name_without_an_ending_stays_so(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    network.data["ben", "m\\song"] = BYTES
    async with anna.runs() as downloads:
        key = await downloads.add("ben", RemoteFile("m\\song", len(BYTES)), name="01 Song")
        await anna.until(lambda: bool(network.transfers))
        network.send("ben", "m\\song")
        assert (await anna.reach(key, TransferPhase.DONE)).local == str(anna.root / "01 Song")


async def test_who_waits_for_the_end_hears_of_every_kind_of_it(
    clock: trio.testing.MockClock, anna: Person, network: Network
) -> None:
    ends: list[LegacyDownload | None] = []

    async def wait(key: bytes) -> None:
        ends.append(await anna.list.settled(key))

    async def ended(count: int) -> TransferPhase | None:
        await anna.until(lambda: len(ends) == count)
        last = ends[-1]
        return last.phase if last is not None else None

    async with anna.runs() as downloads, trio.open_nursery() as nursery:
        key = await downloads.add("ben", song())
        nursery.start_soon(wait, key)
        await anna.until(lambda: bool(network.transfers))
        network.send("ben", SONG, 100_000)
        await trio.sleep(60)
        assert ends == [] and downloads.sends("ben") and not downloads.sends("cleo")
        await downloads.pause(key)
        assert await ended(1) is TransferPhase.PAUSED and not downloads.sends("ben")
        await downloads.resume(key)
        nursery.start_soon(wait, key)
        await anna.until(lambda: bool(network.transfers))
        network.fail("ben", SONG, "File not shared.")
        assert await ended(2) is TransferPhase.FAILED
        await downloads.resume(key)
        nursery.start_soon(wait, key)
        await anna.until(lambda: bool(network.transfers))
        network.send("ben", SONG)
        assert await ended(3) is TransferPhase.DONE
        nursery.start_soon(wait, key_of("nobody", "x", 1))
        assert await ended(4) is None
        other = await downloads.add("cleo", RemoteFile(FLAC, len(BYTES)))
        nursery.start_soon(wait, other)
        await anna.until(lambda: bool(network.transfers))
        await downloads.switch_source(other, "dora", RemoteFile("y\\z.mp3", 7))
        await trio.sleep(60)
        assert len(ends) == 4  # stopping it for that was no pause
        await downloads.done_elsewhere(other, anna.root / "elsewhere")
        assert await ended(5) is TransferPhase.DONE
        third = await downloads.add("cleo", RemoteFile(FLAC, len(BYTES)))
        nursery.start_soon(wait, third)
        await anna.until(lambda: bool(network.transfers))
        await downloads.remove(third)
        assert await ended(6) is None
