from __future__ import annotations

from pathlib import Path

import trio
import trio.testing

from slskmesh.soulseek import transfer_rows
from slskmesh.soulseek.tally import KEEP_EVERY, Tally
from slskmesh.soulseek.transfer_rows import Sums
from slskmesh.soulseek.values import TransferChanged, TransferNews, TransferPhase
from slskmesh.store.database import open_store


def say(tally: Tally, key: int, user: str, phase: TransferPhase, done: int, upload: bool = False) -> None:
    tally.heard(TransferChanged(TransferNews(key, user, "p", upload, phase, 1000, done)))


async def test_bytes_are_counted_once_and_kept(tmp_path: Path) -> None:
    async with open_store(tmp_path / "a.db") as store, trio.open_nursery() as nursery:
        tally = Tally(store, wall=lambda: 5.0)
        await nursery.start(tally.run)
        say(tally, 1, "ben", TransferPhase.REQUESTED, 400)  # a partial file that was there
        for done in (400, 500, 500, 900):
            say(tally, 1, "ben", TransferPhase.ACTIVE, done)
        say(tally, 1, "ben", TransferPhase.DONE, 1000)
        say(tally, 2, "\udcffcleo", TransferPhase.QUEUED, 0, upload=True)
        say(tally, 2, "\udcffcleo", TransferPhase.ACTIVE, 300, upload=True)
        say(tally, 2, "\udcffcleo", TransferPhase.FAILED, 300, upload=True)
        assert tally.session == tally.all_time() == Sums(600, 300, 1, 0, 5.0)
        assert [one.user for one in tally.users()] == ["ben", "\udcffcleo"]
        nursery.cancel_scope.cancel()
    async with open_store(tmp_path / "a.db") as store, trio.open_nursery() as nursery:
        tally = Tally(store, wall=lambda: 6.0)
        await nursery.start(tally.run)
        assert tally.session == Sums() and tally.of_user("ben") == Sums(600, 0, 1, 0, 5.0)
        say(tally, 1, "ben", TransferPhase.QUEUED, 0)
        say(tally, 1, "ben", TransferPhase.DONE, 1000)
        assert tally.all_time() == Sums(1600, 300, 2, 0, 6.0)
        nursery.cancel_scope.cancel()


async def test_it_is_kept_every_minute_and_bounded(
    autojump_clock: trio.testing.MockClock, tmp_path: Path
) -> None:
    async with open_store(tmp_path / "a.db") as store, trio.open_nursery() as nursery:
        tally = Tally(store)
        await nursery.start(tally.run)
        for key in range(2_500):
            say(tally, key, f"user {key}", TransferPhase.QUEUED, 0)
            say(tally, key, f"user {key}", TransferPhase.DONE, 10)
        await trio.sleep(KEEP_EVERY * 3)
        kept: dict[str, Sums] = {}
        while len(kept) == 0:
            kept = await store.run(transfer_rows.load_tally)
        assert len(kept) == transfer_rows.TALLIES_MAX + 1
        assert kept[transfer_rows.ALL].files_received == 2_500 == tally.all_time().files_received
        nursery.cancel_scope.cancel()
