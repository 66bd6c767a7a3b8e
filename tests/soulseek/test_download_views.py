"""Views of downloads: made anew exactly when something of a download changed."""

from __future__ import annotations

import random
import time
from pathlib import Path

import msgspec
import trio
import trio.testing

from slskmesh.soulseek.download_entry import Entry, LegacyDownload
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.values import Outcome, RemoteFile, TransferPhase, UserState
from slskmesh.store.database import open_store

from .legacy_double import Network

DATA = random.Random(2).randbytes(200_000)


def anew(found: LegacyDownloads) -> list[LegacyDownload]:
    """All views as they would be made now; the time of the next try is told by two clocks."""
    now, wall = found._list.clock(), found._list.wall()
    return [_rounded(entry._view(now, wall)) for entry in found._list.entries.values()]


def _rounded(view: LegacyDownload) -> LegacyDownload:
    return (
        view if view.next_try is None else msgspec.structs.replace(view, next_try=float(round(view.next_try)))
    )


async def test_whatever_happens_views_are_as_they_would_be_made_anew(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    network, wall = Network(), 1_000_000.5
    async with open_store(tmp_path / "a.db") as store, trio.open_nursery() as nursery:
        (tmp_path / "downloads").mkdir()
        found = LegacyDownloads(
            store,
            network,  # type: ignore[arg-type]
            tmp_path / "downloads",
            wall=lambda: wall + trio.current_time(),
            rng=random.Random(1),
        )
        network.hear = found.heard
        await nursery.start(found.run)
        seen: set[TransferPhase] = set()

        async def look() -> None:
            assert list(map(_rounded, found.views())) == anew(found)
            await trio.sleep(0.3)
            assert list(map(_rounded, found.views())) == anew(found)
            seen.update(one.phase for one in found.views())

        keys = []
        for number in range(4):
            network.data["ben", f"a\\{number}"] = DATA
            keys.append(await found.add("ben", RemoteFile(f"a\\{number}", len(DATA)), "Album"))
        await look()
        while len(network.transfers) < 4:  # threads and the database take their own time, not the clock's
            await trio.to_thread.run_sync(time.sleep, 0.01)
        network.send("ben", "a\\0", 150_000)
        await look()
        network.send("ben", "a\\0")
        await look()
        network.fail("ben", "a\\1", "Banned")
        network.fail("ben", "a\\2", "Remote closed the connection")
        await look()
        assert [one.next_try is not None for one in found.views()] == [False, False, True, False]
        await trio.sleep(4_000)
        await look()
        await found.pause(keys[3])
        await found.resume(keys[1])
        await look()
        await found.move(keys[3], -3)
        network.user("ben", UserState.OFFLINE)
        await look()
        network.server(Outcome.LOST)
        await look()
        network.server(Outcome.ONLINE)
        network.user("ben", UserState.ONLINE)
        await found.remove(keys[2])
        await look()
        assert len(seen) >= 5
        nursery.cancel_scope.cancel()


def test_a_view_is_the_same_object_until_something_changes() -> None:
    entry = Entry(b"k" * 16, "ben", RemoteFile("a\\b", 9), 1.0)
    first = entry.view(10.0, 100.0)
    assert entry.view(11.0, 101.0) is first
    entry.here = 4
    assert entry.view(11.0, 101.0).done == 4 and first.done == 0
    entry.ready = 20.0
    waits = entry.view(11.0, 101.0)
    assert waits.next_try == 110.0 and entry.view(19.9, 109.9) is waits
    assert entry.view(20.0, 110.0).next_try is None
