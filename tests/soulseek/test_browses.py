"""Browsing users' shares over a real database, with users whose lists come as a test lets them."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slskmesh.errors import PeerError, UserError
from slskmesh.soulseek import browses, browses_rows
from slskmesh.soulseek.browses import Browses, Progress, latest
from slskmesh.soulseek.browses_rows import GONE, PART, WHOLE, Folders, Kept
from slskmesh.soulseek.values import Attributes, Listing, RemoteFile
from slskmesh.store.database import Store, open_store
from slskmesh.store.models.base import database
from slskmesh.work import LocalBudget

PATIENCE = 60.0
HIGHEST = (1 << 63) - 1  # a sum the database holds


class Users:
    """The network: portions of users' lists. A user `holds` before the portion of that number until he is let go on."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Folders]] = {}
        self.holds: dict[str, tuple[int, trio.Event]] = {}
        self.breaks: dict[str, tuple[int, PeerError]] = {}
        self.out = 0  # portions on their way to being written
        self.most = 0

    async def browse(self, user: str, budget: LocalBudget) -> AsyncIterator[Listing]:
        portions = self.lists.get(user)
        if portions is None:
            raise PeerError("unreachable", "the user's shares: the user cannot be reached", blame=False)
        for number, folders in enumerate(portions):
            if user in self.holds and self.holds[user][0] == number:
                await self.holds[user][1].wait()
            if user in self.breaks and self.breaks[user][0] == number:
                raise self.breaks[user][1]
            await trio.lowlevel.checkpoint()
            yield Listing(user, folders if isinstance(folders, tuple) else tuple(folders))
        yield Listing(user, (), True)


class Person:
    """Somebody who browses."""

    def __init__(self, home: Path, network: Users, now: float = 1_000_000.0) -> None:
        self.path, self.network, self.now = home / "a.db", network, now
        self.told: list[Progress] = []
        self.heard = trio.Event()
        self.browses: Browses
        self.store: Store

    @contextlib.asynccontextmanager
    async def runs(self) -> AsyncIterator[Browses]:
        async with open_store(self.path) as self.store, trio.open_nursery() as nursery:
            client: Any = self.network
            self.browses = Browses(self.store, client, wall=lambda: self.now, on_progress=self.hear)
            await nursery.start(self.browses.run)
            yield self.browses
            nursery.cancel_scope.cancel()

    def hear(self, progress: Progress) -> None:
        self.told.append(progress)
        self.heard.set()

    async def until(self, true: Callable[[Progress], bool]) -> Progress:
        with trio.fail_after(PATIENCE):
            while not (found := [one for one in self.told if true(one)]):
                self.heard = trio.Event()
                await self.heard.wait()
        return found[0]

    async def fetch(self, user: str) -> Progress:
        """Browses to the end; what is said of it last."""
        self.told.clear()
        self.browses.begin(user)
        return await self.until(lambda one: one.user == user and one.done)

    async def rows(self, table: str) -> int:
        def count() -> int:
            return int(database.connection().execute(f"SELECT count(*) FROM {table}").fetchone()[0])

        return await self.store.run(count)

    async def pieces(self, count: int) -> None:
        """Waits until there are so many pieces."""

        async def there() -> bool:
            return await self.rows("browse_piece") == count

        await until(there)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    with trio.fail_after(PATIENCE):
        while not await true():  # noqa: ASYNC110 - nobody tells what is in the database
            await trio.sleep(0.01)


def song(folder: str, name: str, size: int = 5, **said: Any) -> RemoteFile:
    return RemoteFile(f"{folder}\\{name}" if folder else name, size, Attributes(**said))


def folder(path: str, *names: str) -> tuple[str, tuple[RemoteFile, ...]]:
    return path, tuple(song(path, name) for name in names)


def many(files: int, each: int = 50) -> list[Folders]:
    """A list in portions of at most 1,000 files."""
    folders = [
        folder(f"music\\Album {number}", *(f"{track:02} song.flac" for track in range(each)))
        for number in range(files // each)
    ]
    step = max(1, 1_000 // each)
    return [folders[at : at + step] for at in range(0, len(folders), step)]


async def everything(found: Browses, user: str, text: str = "", step: int = 7) -> list[RemoteFile]:
    """All files of all pages."""
    files: list[RemoteFile] = []
    offset = 0
    while True:
        page = await found.folders(user, text, offset, step)
        for row in page.folders:
            inside, total = await found.files(user, row.row)
            assert (
                total == len(inside) == row.files
                and min(sum(one.file.size for one in inside), HIGHEST) == row.size
            )
            files += [one.file for one in inside]
        offset += step
        if offset >= page.total:
            return files


async def test_a_list_is_kept_with_all_that_is_said_of_a_file(tmp_path: Path) -> None:
    network = Users()
    odd = RemoteFile("elsewhere\\a.mp3", (1 << 64) - 1, locked=True)
    hostile = folder("music\\..\\x\0y\ud800", "a\nb\x1b.flac", "")
    full = song("music\\A", "b.flac", 7, bitrate=900, duration=0, vbr=False, sample_rate=96_000, bit_depth=24)
    network.lists["ben"] = [[("music\\A", (full, odd))], [hostile, ("", (song("", "c.mp3"),)), ("none", ())]]
    person = Person(tmp_path, network)
    async with person.runs() as found:
        assert (await person.fetch("ben")).note == ""
        sent = [file for portion in network.lists["ben"] for _, files in portion for file in files]
        assert Counter(await everything(found, "ben")) == Counter(sent)
        page = await found.folders("ben", "", 0, 10)
        assert [row.path for row in page.folders] == ["", "music\\..\\x\0y\ud800", "music\\A", "none"]
        assert page.total == 4


async def test_folders_stand_below_their_parents_and_pieces_of_one_are_one(tmp_path: Path) -> None:
    network = Users()
    network.lists["ben"] = [
        [folder("M\\b", "1"), folder("m\\B c", "1"), folder("M\\b\\cd1", "1", "2"), folder("M\\À", "1")],
        [folder("M\\b\\cd1", "3"), folder("M", "1")],
    ]
    person = Person(tmp_path, network)
    async with person.runs() as found:
        end = await person.fetch("ben")
        assert end == Progress("ben", 5, 7, 35, True, "")
        page = await found.folders("ben", "", 0, 10)
        assert [(row.path, row.files) for row in page.folders] == [
            *(("M", 1), ("M\\À", 1), ("M\\b", 1), ("M\\b\\cd1", 3), ("m\\B c", 1))
        ]
        [cd1] = [row for row in page.folders if row.path == "M\\b\\cd1"]
        assert [one.file.name for one in (await found.files("ben", cd1.row))[0]] == ["1", "2", "3"]
        inside, total = await found.files("ben", cd1.row, 1, 1)
        assert [one.file.name for one in inside] == ["2"] and total == 3
        _, below = await found.listing("ben", page.folders[2].row)
        assert [path for path, _ in below.folders] == ["M\\b", "M\\b\\cd1"]
        rows = [one.row for one in (await found.files("ben", cd1.row))[0]]
        assert [one.file.name for one in await found.chosen("ben", [rows[2], rows[0], rows[0]])] == ["1", "3"]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("BJORK", ["m\\Björk", "m\\Bjork live"]),
        ("björk live", ["m\\Bjork live"]),
        ("hunter", ["m\\Björk"]),
        ("bjork hunter", ["m\\Björk"]),
        ("bjork\\", []),
        ("m\\bj", ["m\\Björk", "m\\Bjork live"]),
        ("m/bj", ["m\\Björk", "m\\Bjork live"]),
        ("unter jork", ["m\\Björk"]),
        ("муми", ["m\\Мумий"]),
        ("100%", ["m\\Мумий"]),
        ("leer", ["m\\leer"]),
        ("m\\le", ["m\\leer"]),
        ("nothing", []),
    ],
)
async def test_text_is_found_in_paths_and_names(tmp_path: Path, text: str, paths: list[str]) -> None:
    network = Users()
    network.lists["ben"] = [
        [folder("m\\Björk", "01 Hunter.flac"), folder("m\\Bjork live", "02.flac")],
        [folder("m\\Мумий", "100% a_b.mp3"), ("m\\leer", ())],
    ]
    person = Person(tmp_path, network)
    async with person.runs() as found:
        await person.fetch("ben")
        page = await found.folders("ben", text, 0, 10)
        assert sorted(row.path for row in page.folders) == sorted(paths) and page.total == len(paths)


async def test_pages_may_be_asked_while_the_list_comes_and_progress_is_told_four_times_a_second(
    tmp_path: Path,
) -> None:
    network = Users()
    network.lists["ben"] = many(20_000)
    gate = trio.Event()
    network.holds["ben"] = (12, gate)
    person = Person(tmp_path, network)
    async with person.runs() as found:
        with pytest.raises(UserError, match="fetch it first"):
            await found.folders("ben", "", 0, 10)
        began = trio.current_time()
        found.begin("ben")
        with pytest.raises(UserError, match="on its way"):
            found.begin("ben")
        await person.pieces(240)
        assert len(await everything(found, "ben", step=100)) == 12_000
        assert (await found.folders("ben", "album 239", 0, 10)).total == 1
        assert (await found.folders("ben", "album 399", 0, 10)).total == 0
        gate.set()
        end = await person.until(lambda one: one.done)
        assert end == Progress("ben", 400, 20_000, 100_000, True, "")
        told = len(person.told) - 2  # the first and the last are told in any case
        assert told <= (trio.current_time() - began) / browses.TOLD_EVERY + 1
        assert (await found.folders("ben", "album 239", 0, 10)).total == 1
        assert (await found.folders("ben", "album 399", 0, 10)).total == 1


async def test_a_list_that_is_fetched_again_takes_the_former_ones_place_once_it_is_whole(
    tmp_path: Path,
) -> None:
    network = Users()
    network.lists["ben"] = [[folder("old", "1")], [folder("older", "1")]]
    person = Person(tmp_path, network)
    async with person.runs() as found:
        await person.fetch("ben")
        [old, _] = (await found.folders("ben", "", 0, 10)).folders
        network.lists["ben"] = [[folder("new", "1", "2")], [folder("newer", "1")]]
        gate = trio.Event()
        network.holds["ben"] = (1, gate)
        person.told.clear()
        found.begin("ben")
        await person.pieces(3)
        assert [row.path for row in (await found.folders("ben", "", 0, 10)).folders] == ["old", "older"]
        gate.set()
        await person.until(lambda one: one.done)
        page = await found.folders("ben", "", 0, 10)
        assert [row.path for row in page.folders] == ["new", "newer"]
        for rows in ([old.row], [page.folders[0].row, old.row]):
            with pytest.raises(UserError, match="not in the list any more"):
                await found.chosen("ben", rows)
        with pytest.raises(UserError, match="not in the list any more"):
            await found.files("ben", old.row)
        await person.pieces(2)
        assert await person.rows("browse_folder") == 2 and await person.rows("browse") == 1


async def test_what_came_of_a_list_that_is_stopped_stays_but_never_instead_of_a_whole_one(
    tmp_path: Path,
) -> None:
    network = Users()
    network.lists["ben"] = many(3_000)
    network.holds["ben"] = (2, trio.Event())
    person = Person(tmp_path, network)
    async with person.runs() as found:
        found.begin("ben")
        await person.until(lambda one: one.files >= 1_000)
        await person.pieces(40)
        assert await found.stop("ben") and not await found.stop("ben")
        assert person.told[-1] == Progress("ben", 40, 2_000, 10_000, True, "stopped; what came of it is kept")
        del network.holds["ben"]
        assert (await person.fetch("ben")).files == 3_000
        network.holds["ben"] = (2, trio.Event())
        found.begin("ben")
        await person.pieces(100)
        await found.stop("ben")
        end = person.told[-1]
        assert end.files == 3_000 and end.done and end.note.startswith("stopped; the list of 1970-01-12")
        assert len(await everything(found, "ben")) == 3_000
        await person.pieces(60)


async def test_a_user_who_is_away_or_goes_is_told_of_in_words(tmp_path: Path) -> None:
    network = Users()
    network.lists["ben"] = many(3_000)
    network.breaks["ben"] = (1, PeerError("gone", "the user's line was lost", blame=False))
    person = Person(tmp_path, network)
    async with person.runs() as found:
        end = await person.fetch("nobody")
        assert end == Progress("nobody", 0, 0, 0, True, "the user's shares: the user cannot be reached")
        with pytest.raises(UserError, match="fetch it first"):
            await found.folders("nobody", "", 0, 10)
        end = await person.fetch("ben")
        assert (end.files, end.note) == (1_000, "the user's line was lost; what came of it is kept")
        assert len(await everything(found, "ben")) == 1_000
        assert found.kept("nobody") is None and sorted(found.users()) == ["ben"]


async def test_what_is_kept_outlasts_a_restart_and_is_read_without_a_network(tmp_path: Path) -> None:
    network = Users()
    network.lists["ben"] = many(2_000)
    network.lists["cara"] = many(3_000)
    network.holds["cara"] = (2, trio.Event())
    person = Person(tmp_path, network)
    async with person.runs() as found:
        await person.fetch("ben")
        found.begin("cara")
        await person.until(lambda one: one.user == "cara" and one.files >= 1_000)
    async with Person(tmp_path, Users()).runs() as found:
        assert len(await everything(found, "ben", step=40)) == 2_000
        assert len(await everything(found, "cara")) in (1_000, 2_000)
        page = await found.folders("ben", "", 0, 1)
        assert len((await found.listing("ben", page.folders[0].row))[1].folders) == 1
    later = Person(tmp_path, Users(), now=person.now + browses.LIFE + 1)
    async with later.runs() as found:
        assert found.users() == []
        await later.pieces(0)

        async def nobody() -> bool:
            return await later.rows("browse") == 0

        await until(nobody)  # the row goes after its pieces


async def test_only_so_many_users_and_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Users()
    person = Person(tmp_path, network)
    async with person.runs() as found:
        for number in range(browses.KEPT_MAX + 2):
            person.now += 1
            network.lists[f"user{number}"] = many(100)
            await person.fetch(f"user{number}")
        assert found.users() == [f"user{number}" for number in range(2, browses.KEPT_MAX + 2)]
        monkeypatch.setattr(browses, "FILES_MAX", 450)
        monkeypatch.setattr(browses_rows, "FILES_MAX", 450)
        network.lists["big"] = many(300)
        assert (await person.fetch("big")).files == 300
        assert found.users() == [f"user{browses.KEPT_MAX + 1}", "big"]
        network.lists["bigger"] = many(1_000)
        end = await person.fetch("bigger")
        assert (end.files, end.note) == (
            450,
            "more than 450 files: the rest is left out; what came of it is kept",
        )
        assert found.users() == ["bigger"]
        await person.pieces(9)  # 450 files of nine folders


async def test_a_row_of_one_user_is_none_of_another(tmp_path: Path) -> None:
    network = Users()
    network.lists["ben"], network.lists["cara"] = [[folder("a", "1")]], [[folder("b", "2")]]
    person = Person(tmp_path, network)
    async with person.runs() as found:
        await person.fetch("ben")
        await person.fetch("cara")
        [row] = (await found.folders("cara", "", 0, 9)).folders
        [one] = (await found.files("cara", row.row))[0]
        for asking in (
            found.files("ben", row.row),
            found.listing("ben", row.row),
            found.chosen("ben", [one.row]),
        ):
            with pytest.raises(UserError, match="not in the list"):
                await asking


async def test_one_order_takes_so_many_files_and_says_so(tmp_path: Path) -> None:
    network = Users()
    network.lists["ben"] = many(6_000)
    person = Person(tmp_path, network)
    async with person.runs() as found:
        await person.fetch("ben")
        with pytest.raises(UserError, match="5,000 are taken by one order"):
            await found.chosen("ben", range(browses.CHOSEN_MAX + 1))
        whole = (await found.folders("ben", "", 0, 1)).folders[0]
        with pytest.raises(UserError, match="not in the list"):
            await found.listing("ben", whole.row + 5_000)
        with pytest.raises(UserError, match="not in the list"):
            await found.chosen("ben", [whole.row, whole.row + 6_500])


def test_of_several_lists_of_a_user_the_latest_whole_one_stays_else_the_largest_part() -> None:
    lists = [
        Kept(1, "ben", 10.0, WHOLE, 1, 5),
        Kept(2, "ben", 20.0, WHOLE, 1, 4),
        Kept(3, "ben", 30.0, "coming", 9, 90),
        Kept(4, "cara", 40.0, PART, 3, 30),
        Kept(5, "cara", 50.0, "coming", 2, 20),
        Kept(6, "dan", 15.0, PART, 0, 0),
        Kept(7, "old", -browses.LIFE, WHOLE, 1, 1),
    ]
    kept, gone = latest(lists, 60.0)
    assert [(one.id, one.state) for one in kept.values()] == [(2, WHOLE), (4, PART)]
    assert gone == [1, 3, 5, 6, 7] and GONE not in {one.state for one in kept.values()}


PATHS = st.sampled_from(["m", "m\\a", "m\\a\\cd1", "m\\a b", "M\\Ä", ""])
NAMES = st.text("abc\\ .\0é", max_size=6)
PORTIONS = st.lists(
    st.lists(st.tuples(PATHS, st.lists(NAMES, max_size=5)), max_size=4), min_size=1, max_size=6
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PORTIONS, st.integers(0, 2**32))
def test_any_order_of_pages_and_progress_gives_each_file_exactly_once(
    portions: list[list[tuple[str, list[str]]]], seed: int
) -> None:
    rng = random.Random(seed)
    numbers = iter(range(1, 1_000))
    lists = [
        [(path, tuple(song(path, name, next(numbers)) for name in names)) for path, names in portion]
        for portion in portions
    ]

    async def read(found: Browses, taken: dict[int, RemoteFile]) -> None:
        """Some pages, in any order; what a row is, it stays."""
        with contextlib.suppress(UserError):
            for row in await _some_folders(found, rng):
                for one in (await found.files("ben", row, rng.randint(0, 3), rng.randint(0, 5)))[0]:
                    assert taken.setdefault(one.row, one.file) == one.file

    async def run() -> None:
        with tempfile.TemporaryDirectory() as home:
            network = Users()
            network.lists["ben"] = lists
            person = Person(Path(home), network)
            async with person.runs() as found:
                taken: dict[int, RemoteFile] = {}
                found.begin("ben")
                while not any(one.done for one in person.told):
                    await read(found, taken)
                    await trio.lowlevel.checkpoint()
                sent = Counter(file for portion in lists for _, files in portion for file in files)
                assert Counter(await everything(found, "ben", step=rng.randint(1, 4))) == sent
                rows = [one.row for one in await _all_rows(found)]
                assert len(set(rows)) == len(rows) and taken.keys() <= set(rows)
                rng.shuffle(rows)
                chosen = {one.row: one.file for one in await found.chosen("ben", rows)}
                assert Counter(chosen.values()) == sent and taken.items() <= chosen.items()

    trio.run(run)


async def _some_folders(found: Browses, rng: random.Random) -> Sequence[int]:
    page = await found.folders("ben", rng.choice(["", "m", "a"]), rng.randint(0, 3), rng.randint(0, 4))
    return [row.row for row in page.folders]


async def _all_rows(found: Browses) -> list[Any]:
    page = await found.folders("ben", "", 0, 1_000)
    return [one for row in page.folders for one in (await found.files("ben", row.row))[0]]
