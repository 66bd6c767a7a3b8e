"""The name index over a real database: what is found, for whom it is kept up to date, that it waits for nobody."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from slskmesh.errors import StorageError
from slskmesh.library import names as names_module
from slskmesh.library import rows
from slskmesh.library.domain import Domain, Tags
from slskmesh.library.intake import Taken, virtual_place
from slskmesh.library.names import Names, network_path
from slskmesh.store.database import Store, open_store
from slskmesh.store.migrate import PACKAGE
from slskmesh.store.models.base import database
from slskmesh.store.models.library import FileState
from slskmesh.text import SafeStr
from tests.library.conftest import manifest_of

PATHS = [
    "/shares/Music/Björk/Homogenic (1997)/01 - Hunter.flac",
    "/shares/Music/Björk/Homogenic (1997)/02 - Jóga.flac",
    "/shares/Music/ACDC/Back in Black/06 - Back in Black.mp3",
    "/shares/Music/Pink Floyd/The Wall/CD1/05 - Another Brick in the Wall.mp3",
    "/shares/Music/Pink Floyd/The Wall/CD2/13 - Outside the Wall.mp3",
    "/shares/Music/坂本龍一/戦場のメリークリスマス.flac",
    "/shares/Music/evil\u202egnp\x1b/na\u200bme.mp3",
]
ROOT = b"/shares/Music"


def taken(number: int, path: str, root: bytes = ROOT) -> Taken:
    """A row as a scan would make it."""
    manifest = manifest_of(b"%d" % number)
    raw = os.fsencode(path)
    folder, name = virtual_place(root, raw)
    tags = Tags(format=SafeStr(path.rpartition(".")[2].upper()), title=SafeStr("Onlyintags"))
    return Taken(raw, bytes(24), folder, name, Domain.MUSIC, tags, manifest, manifest.content_id())


def fill(paths: list[str], root: bytes = ROOT) -> int:
    (state,) = rows.enlist([root], 0)
    rows.set_present(state.id, True, 1)
    rows.put([(state.id, taken(number, path, root)) for number, path in enumerate(paths)])
    return state.id


@pytest.fixture
async def filled(store: Store) -> Store:
    """A store with PATHS in it."""
    await store.run(fill, PATHS)
    return store


@pytest.fixture
def names(filled: Store) -> Iterator[Names]:
    """The index over `filled`, refreshed."""
    index = Names(filled.path)
    index.refresh()
    yield index
    index.close()


def found(names: Names, text: str, limit: int = 100) -> list[str]:
    return [name.name for name in names.search(text, limit)]


WALL = ["05 - Another Brick in the Wall.mp3", "13 - Outside the Wall.mp3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bjork hunter", ["01 - Hunter.flac"]),
        ("BJÖRK HOMOGENIC", ["01 - Hunter.flac", "02 - Jóga.flac"]),
        ("music wall floyd", WALL),  # of folder and name together
        ("wall -brick", WALL[1:]),
        ("wall *rick", WALL[:1]),
        ("wall *zzz", []),
        ("wal", []),
        ("onlyintags", []),  # tags are no part of a path
        ("back black in mp3", ["06 - Back in Black.mp3"]),
        ("坂本龍一", ["戦場のメリークリスマス.flac"]),
        ("in", []),
        ('wall" OR "hunter', []),
        ("wall AND hunter", []),
        ("NEAR(wall floyd)", []),
        ("\0\udcff wall", WALL),
    ],
)
async def test_searches(names: Names, text: str, expected: list[str]) -> None:
    assert found(names, text) == expected


async def test_limits_and_what_is_kept(names: Names) -> None:
    assert len(found(names, "music mp3", 2)) == 2
    assert found(names, "music mp3", 0) == []
    kept = names.search("the wall", 1, lambda name: "CD2" in name.folder)
    assert [name.name for name in kept] == WALL[1:]  # left out before the limit counts


@pytest.mark.parametrize(("few", "least", "most"), [(0, 0, 0), (0, 0, 600), (2_000, 0, 600), (0, 16, 600)])
async def test_endings_are_found_in_the_index_or_in_the_paths(
    names: Names, monkeypatch: pytest.MonkeyPatch, few: int, least: int, most: int
) -> None:
    for name, value in (("FEW", few), ("ENDINGS_MIN", least), ("ENDINGS_MAX", most)):
        monkeypatch.setattr(names_module, name, value)
    assert found(names, "wall *rick") == WALL[:1]
    assert found(names, "wall *ick -brick") == []
    assert found(names, "music *oga") == ["02 - Jóga.flac"]
    assert found(names, "wall *loyd *utside") == WALL[1:]
    assert found(names, "wall *ouside") == []


async def test_endings_are_found_before_the_first_refresh(filled: Store) -> None:
    names = Names(filled.path)
    assert found(names, "wall *rick") == WALL[:1]
    assert names.counts() == (0, 0)
    names.close()


async def test_paths_go_out_and_come_back(names: Names) -> None:
    everything = [name for _, files in names.folders() for name in files]
    assert len(everything) == len(PATHS) == names.counts()[1]
    for name in everything:
        assert names.find(name.path) == name
        assert os.fsdecode(name.local) in PATHS
    assert names.find("Music\\Björk\\Homogenic (1997)\\01 - Hunter.flac") is not None
    for wrong in (
        "",
        "\\",
        "Music",
        "music\\x",
        "Music\\..\\..\\etc\\passwd",
        "Music\\Björk",
        "\0",
        "x\udcff\\y",
    ):
        assert names.find(wrong) is None


async def test_folders_whole_and_below(names: Names) -> None:
    folders = [folder for folder, _ in names.folders()]
    assert folders == sorted(folders) and names.counts() == (len(folders), len(PATHS))
    assert [name.name for name in names.below("Music\\Pink Floyd\\The Wall")] == WALL
    assert [name.name for name in names.below("Music\\Pink Floyd\\The Wall\\CD2")] == WALL[1:]
    assert len(names.below("Music")) == len(PATHS)
    assert names.below("Music\\Pink") == names.below("Mus") == names.below("") == []
    (odd,) = [folder for folder in folders if folder.startswith("Music\\evil")]
    assert "\x1b" not in odd and len(names.below(odd)) == 1


async def test_the_index_follows_the_library(names: Names, filled: Store) -> None:
    assert names.refresh() is False
    old, new = PATHS[0], "/shares/Music/Björk/Homogenic (1997)/01 - Chasseur.flac"
    await filled.run(
        rows.move, [rows.Moved(1, os.fsencode(old), os.fsencode(new), *virtual_place(ROOT, os.fsencode(new)))]
    )
    assert found(names, "bjork hunter") == [] and found(names, "bjork chasseur") == ["01 - Chasseur.flac"]
    assert found(names, "bjork *sseur") == []  # its ending is new
    assert names.refresh() is True
    assert found(names, "bjork *sseur") == ["01 - Chasseur.flac"]
    await filled.run(rows.set_state, [(FileState.AWAY, os.fsencode(new))])
    assert found(names, "bjork chasseur") == []
    assert names.find(network_path(*virtual_place(ROOT, os.fsencode(new)))) is None
    assert names.refresh() is True and names.counts()[1] == len(PATHS) - 1
    await filled.run(rows.forget, [os.fsencode(path) for path in PATHS])
    assert found(names, "wall") == []
    await filled.run(rows.enlist, [b"/elsewhere"], 0)
    assert found(names, "bjork chasseur") == [] and names.below("Music") == []


async def test_a_tidied_index_finds_the_same(names: Names, filled: Store) -> None:
    for path in PATHS[:3]:  # each commit leaves a part of its own
        await filled.run(rows.forget, [os.fsencode(path)])
    await filled.run(names_module.tidy)

    def page() -> object:
        return rows.connection().execute("SELECT v FROM shared_names_config WHERE k = 'pgsz'").fetchone()[0]

    assert await filled.run(page) == names_module.PAGE
    assert found(names, "wall floyd") == WALL and found(names, "bjork") == []
    names.refresh()
    assert found(names, "wall *loyd") == WALL and names.counts()[1] == len(PATHS) - 3


async def test_of_two_shares_of_one_name_the_first_taken_in_is_told(store: Store) -> None:
    def two() -> None:
        for number, root in enumerate((b"/z/Music", b"/a/Music")):
            fill([f"{root.decode()}/same/{number}.mp3", f"{root.decode()}/same/Song of both.mp3"], root)
        rows.connection().execute("UPDATE share_root SET listed = 1")

    await store.run(two)
    names = Names(store.path)
    (hit,) = names.search("song both", 10)
    assert names.search("song both", 2) == names.search("song both", 1) == [hit]
    assert names.find(hit.path) == hit and hit.local == b"/z/Music/same/Song of both.mp3"
    (folder,) = [[name.local for name in files] for _, files in names.folders()]
    assert len(folder) == 3 and hit.local in folder
    assert [name.local for name in names.below("Music\\same")] == sorted(folder, key=os.path.basename)
    names.close()


async def test_searches_do_not_wait_for_a_writer(names: Names, filled: Store) -> None:
    writing, done = trio.Event(), threading.Event()
    token = trio.lowlevel.current_trio_token()

    def hold() -> None:
        rows.connection().execute("UPDATE shared_file SET size = size + 1")
        token.run_sync_soon(writing.set)
        assert done.wait(20)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(filled.run, hold)
        await writing.wait()
        try:
            assert found(names, "wall floyd") == WALL
            assert names.refresh() is False
        finally:
            done.set()
    assert names.refresh() is False  # sizes are not names


async def test_many_threads_at_once(names: Names) -> None:
    answers: list[list[str]] = []

    async def ask() -> None:
        for _ in range(20):
            answers.append(await trio.to_thread.run_sync(found, names, "wall *loyd"))
            await trio.to_thread.run_sync(names.refresh)

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(ask)
    assert answers == [WALL] * 80


def test_no_database_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened"):
        Names(tmp_path / "nothing.sqlite")


def test_a_database_of_before_is_indexed_when_opened(tmp_path: Path) -> None:
    path = tmp_path / "slskmesh.sqlite"

    async def before() -> None:
        async with open_store(path) as store:
            await store.run(fill, PATHS)

    def undo() -> None:
        for change in ("insert", "delete", "update"):
            rows.connection().execute(f"DROP TRIGGER shared_names_{change}")
        rows.connection().execute("DROP TABLE shared_names")

    async def after() -> None:
        async with open_store(path) as store:
            await store.run(undo)
            await store.run(importlib.import_module(f"{PACKAGE}.0010_shared_names").up, database)
            names = Names(path)
            assert found(names, "wall floyd") == WALL
            names.close()

    trio.run(before)
    trio.run(after)
