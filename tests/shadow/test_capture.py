"""Capture over a real database, in virtual wall time: whose answers count, what is kept, for how long, for whom."""

from __future__ import annotations

import ast
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from slskmesh.catalogue import cache
from slskmesh.errors import StorageError
from slskmesh.shadow import capture_rows as rows
from slskmesh.shadow.capture import FILES_MAX, WAITING_MAX, Capture
from slskmesh.shadow.port import Shelf
from slskmesh.shadow.pseudonyms import Pseudonyms
from slskmesh.shadow.publish import Publisher
from slskmesh.soulseek import values
from slskmesh.soulseek.values import (
    Answered,
    Attributes,
    RemoteFile,
    SearchAnswer,
    TransferChanged,
    TransferNews,
    TransferPhase,
)
from slskmesh.store.database import Store, open_store
from tests.shadow.test_normalise import GEOGADDI, mbid

PATH = "Boards of Canada\\Geogaddi\\02 - Music Is Math.flac"
ACTIVE, DONE, FAILED = TransferPhase.ACTIVE, TransferPhase.DONE, TransferPhase.FAILED
DAY = 24 * 3600.0


class Setting:
    """One capture, its clock and its settings."""

    def __init__(self, store: Store, path: Path) -> None:
        self.store, self.path = store, path
        self.now = 1_000_000.0
        self.anonymize = True
        self.capture = Capture(
            store,
            Pseudonyms(bytes(32)),
            anonymize=lambda: self.anonymize,
            wall=lambda: self.now,
            clock=lambda: self.now,
        )

    def answer(self, user: str, *paths: str, token: int = 1, size: int = 20_000_000) -> None:
        files = tuple(RemoteFile(path, size, Attributes(bitrate=900, duration=321)) for path in paths)
        self.capture.hear(Answered(SearchAnswer(token, user, files, True, 100_000, 3)))

    def transfer(self, phase: TransferPhase, done: int, key: int = 1, upload: bool = False) -> None:
        news = TransferNews(key, "friend", PATH, upload, phase, 10_000_000, done)
        self.capture.hear(TransferChanged(news))

    async def turn(self) -> None:
        """What `run` does in one round."""
        await self.capture._names()
        await self.capture.learn()
        await self.capture.write()
        await self.capture.match()
        await self.store.run(rows.expire, self.now)

    async def held(self) -> rows.Held:
        return (await self.capture.status()).held


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    async with open_store(tmp_path / "a.db") as store:
        body = msgspec.msgpack.encode(GEOGADDI)
        await store.run(cache.save, "host", "release", GEOGADDI.mbid, cache.Kept(body, 5.0))
        made = Setting(store, tmp_path / "a.db")
        made.capture.asked(1)
        yield made


async def test_answers_become_statistics_by_recording(setting: Setting) -> None:
    for user in ("one", "two"):
        setting.answer(user, "@@x\\" + PATH, "holiday.jpg", "unknown\\noise.mp3")
    await setting.turn()
    setting.now += 60
    setting.answer("two", "@@x\\" + PATH)
    await setting.turn()
    [sight] = await setting.capture.sights(mbid(1002))
    assert (sight.codec, sight.users, sight.times, sight.last) == ("flac", 2, 3, setting.now)
    assert sight.confidence > 0.7
    held = await setting.held()
    assert (held.seen, held.statistics, held.recordings) == (4, 2, 1)
    assert await setting.capture.recording_of("@@x\\" + PATH, 1, 321) == mbid(1002)
    assert await setting.capture.recording_of("@@x\\noise.flac", 1) == ""


async def test_what_is_learnt_later_finds_what_was_seen_before(tmp_path: Path) -> None:
    async with open_store(tmp_path / "b.db") as store:
        setting = Setting(store, tmp_path / "b.db")
        setting.capture.asked(1)
        setting.answer("one", PATH)
        await setting.turn()
        assert await setting.capture.sights(mbid(1002)) == []
        body = msgspec.msgpack.encode(GEOGADDI)
        await store.run(cache.save, "host", "release", GEOGADDI.mbid, cache.Kept(body, 5.0))
        await setting.turn()
        assert len(await setting.capture.sights(mbid(1002))) == 1


async def test_only_answers_to_our_own_searches_and_our_own_downloads_count(setting: Setting) -> None:
    setting.answer("one", PATH, token=2)
    setting.transfer(ACTIVE, 0, upload=True)
    setting.transfer(DONE, 10_000_000, upload=True)
    for name, event in vars(values).items():
        if (
            inspect.isclass(event)
            and issubclass(event, values.LegacyEvent)
            and event is not values.LegacyEvent
        ):
            assert not {"query", "asker", "searcher"} & set(event.__struct_fields__), name
    await setting.turn()
    assert await setting.held() == rows.Held(0, 0, 0, 0)


async def test_names_are_nowhere_unless_wanted_and_gone_when_not(setting: Setting) -> None:
    setting.answer("Someone Special", PATH)
    setting.transfer(ACTIVE, 0)
    setting.transfer(DONE, 10_000_000)
    await setting.turn()
    names = "SELECT name FROM seen_file UNION ALL SELECT name FROM user_speed"
    assert await setting.store.run(_all, names) == [(b"",), (b"",)]
    assert b"Someone Special" not in await _bytes(setting)
    setting.anonymize = False
    setting.answer("Someone Special", PATH)
    await setting.turn()
    assert (b"Someone Special",) in await setting.store.run(_all, names)
    setting.anonymize = True
    await setting.turn()
    assert await setting.store.run(_all, names) == [(b"",), (b"",)]


async def _bytes(setting: Setting) -> bytes:
    dump = await setting.store.run(_all, "SELECT * FROM seen_file")
    return repr(dump).encode()


def _all(query: str) -> list[tuple[Any, ...]]:
    from slskmesh.store.models.base import database

    return list(database.execute_sql(query).fetchall())


async def test_speeds_are_of_what_came_while_it_was_sent(setting: Setting) -> None:
    setting.transfer(ACTIVE, 4_000_000)  # the beginning was there
    setting.now += 3
    setting.transfer(ACTIVE, 7_000_000)
    setting.now += 3
    setting.transfer(DONE, 10_000_000)
    setting.transfer(FAILED, 0, key=2)
    setting.transfer(ACTIVE, 0, key=3)
    setting.transfer(TransferPhase.PAUSED, 0, key=3)
    await setting.turn()
    speed = await setting.capture.speed("friend")
    assert speed == rows.Speed(1, 1, 1_000_000.0, setting.now)
    assert await setting.capture.speed("stranger") is None


async def test_raw_rows_last_a_week_and_statistics_a_month(setting: Setting) -> None:
    setting.answer("one", PATH)
    setting.transfer(FAILED, 0)
    await setting.turn()
    start = setting.now
    setting.now = start + 7 * DAY + 1
    await setting.turn()
    held = await setting.held()
    assert (held.seen, held.statistics, held.users) == (0, 1, 1)
    setting.now = start + 30 * DAY + 1
    await setting.turn()
    assert await setting.held() == rows.Held(0, 0, 0, 0)


async def test_tables_are_bounded_and_the_oldest_go(setting: Setting) -> None:
    for second in range(30):
        setting.now += 1
        setting.answer("one", f"m\\{second:02d}.mp3")
    await setting.turn()
    await setting.store.run(rows.expire, setting.now, 10, 1 << 30, 1 << 30)
    paths = await setting.store.run(_all, "SELECT path FROM seen_file ORDER BY path")
    assert [bytes(path) for (path,) in paths] == [f"m\\{second:02d}.mp3".encode() for second in range(20, 30)]
    cost = (await setting.held()).bytes
    await setting.store.run(rows.expire, setting.now, 100, cost // 2, 1 << 30)
    assert 0 < (await setting.held()).bytes <= cost // 2


async def test_floods_and_hostile_names(setting: Setting) -> None:
    hostile = ["a\x1b[2J\ud800\0.mp3", "x" * 5000 + ".mp3", "..\\..\\.mp3", "a'; DROP TABLE seen_file;--.mp3"]
    setting.answer("u\ud800", *hostile)
    setting.answer("u", *(f"{i}.mp3" for i in range(FILES_MAX + 50)))
    setting.answer("u", "big.mp3", size=1 << 70)
    setting.answer("u", "small.mp3", size=5)
    await setting.turn()
    assert (await setting.held()).seen == 3 + FILES_MAX
    for burst in range(WAITING_MAX // FILES_MAX + 2):
        setting.answer("u", *(f"{burst} {i}.mp3" for i in range(FILES_MAX)))
    assert (await setting.capture.status()).dropped == 2 * FILES_MAX
    await setting.capture.forget()
    await setting.turn()
    assert await setting.held() == rows.Held(0, 0, 0, 0)


async def test_a_full_disk_costs_nothing_but_time(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    setting.answer("one", PATH)
    setting.transfer(FAILED, 0)
    real, failing = setting.store.run, True

    async def run(fn: Any, *args: Any) -> Any:
        if failing and fn is rows.add_all:
            raise StorageError("disk full")
        return await real(fn, *args)

    monkeypatch.setattr(setting.store, "run", run)
    with pytest.raises(StorageError):
        await setting.capture.write()
    failing = False
    await setting.turn()
    held = await setting.held()
    assert (held.seen, held.users) == (1, 1)


def test_nothing_that_is_published_can_come_from_here() -> None:
    """The publisher takes a `Shelf`, which the capture is not; nothing that makes or sends shards imports it."""
    hints = get_type_hints(Publisher.__init__)
    assert hints["shelf"] is Shelf
    wanted = {name for name in vars(Shelf) if not name.startswith("_")}
    assert not wanted & set(dir(Capture))
    folder = Path(inspect.getfile(Publisher)).parent
    for path in folder.glob("*.py"):
        if path.stem in ("capture", "capture_rows", "normalise", "pseudonyms"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any("capture" in name or "pseudonyms" in name or "soulseek" in name for name in modules), (
            path
        )
