"""What the rooms above ask of the library: a file for a content, and a finished download shared at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from slskmesh.errors import StorageError
from slskmesh.library.library import Library
from slskmesh.settings import LibrarySettings, Settings
from slskmesh.store.database import Store
from tests.library.conftest import manifest_of, quiet, tagged


async def test_find_names_a_file_that_is_as_it_was(library: Library, share: Path) -> None:
    (share / "a.txt").write_bytes(b"alpha")
    (share / "b.txt").write_bytes(b"alpha")
    await library.scan([share], quiet)
    content = manifest_of(b"alpha").content_id()
    first = await library.find(content)
    assert first is not None
    assert first.path.read_bytes() == b"alpha"
    assert (await library.manifest(content)) == manifest_of(b"alpha")
    first.path.write_bytes(b"other")
    second = await library.find(content)
    assert second is not None
    assert second.path != first.path
    assert len(await library.search("txt", 10)) == 1
    second.path.unlink()
    assert await library.find(content) is None
    assert await library.search("txt", 10) == []
    summary = await library.scan([share], quiet)
    assert (summary.added, summary.changed, summary.removed) == (0, 1, 1)
    assert await library.find(content) is None
    assert await library.find(manifest_of(b"other").content_id()) is not None


async def test_a_file_out_of_reach_for_a_while_is_not_hashed_again(library: Library, share: Path) -> None:
    (share / "A").mkdir()
    (share / "A" / "a.txt").write_bytes(b"alpha")
    await library.scan([share], quiet)
    content = manifest_of(b"alpha").content_id()
    (share / "A").rename(share.parent / "aside")
    assert await library.find(content) is None
    (share.parent / "aside").rename(share / "A")
    assert await library.find(content) is None  # until a scan has looked
    assert (await library.scan([share], quiet)).hashed_bytes == 0
    assert await library.find(content) is not None


async def test_an_unknown_content(library: Library) -> None:
    assert await library.find(bytes(32)) is None
    assert await library.find(b"") is None
    assert await library.manifest(bytes(32)) is None
    assert (await library.stats()).files == 0


async def test_a_finished_download_is_shared_without_hashing(library: Library, share: Path) -> None:
    await library.scan([share], quiet)
    data = tagged("flac", artist="Somebody", title="New")
    path = share / "Downloads" / "new.flac"
    path.parent.mkdir()
    path.write_bytes(data)
    await library.add_file(path, manifest_of(data))
    (file,) = await library.search("somebody new", 5)
    assert (file.folder, file.name, file.path, file.title) == ("Music/Downloads", "new.flac", path, "New")
    assert await library.find(file.content) == file
    summary = await library.scan([share], quiet)
    assert (summary.unchanged, summary.hashed_bytes) == (1, 0)


async def test_a_file_that_is_not_the_download_is_refused(library: Library, share: Path) -> None:
    await library.scan([share], quiet)
    (share / "a.txt").write_bytes(b"short")
    with pytest.raises(StorageError, match=r"a\.txt: has 5 bytes where 9 were verified"):
        await library.add_file(share / "a.txt", manifest_of(b"different"))
    with pytest.raises(StorageError, match="no such file"):
        await library.add_file(share / "b.txt", manifest_of(b"different"))


async def test_a_file_in_no_share_or_left_out_is_not_shared(
    make_library: Callable[..., Library], share: Path, tmp_path: Path
) -> None:
    library = make_library(exclude=("*.nfo",))
    await library.scan([share], quiet)
    for path in (tmp_path / "a.txt", share / ".incomplete" / "b.txt", share / "c.nfo"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        await library.add_file(path, manifest_of(b"x"))
    assert (await library.stats()).files == 0


async def test_a_download_that_lies_in_a_private_folder_of_a_share_is_not_shared(
    store: Store, share: Path
) -> None:
    home = share / "slskmesh"
    (home / "downloads").mkdir(parents=True)
    (home / "public").mkdir()
    library = Library(store, Settings(), private=[home])
    await library.scan([share], quiet)
    for path in (home / "downloads" / "a.txt", share / "b.txt"):
        path.write_bytes(path.name.encode())
        await library.add_file(path, manifest_of(path.name.encode()))
    assert [file.name for file in await library.search("txt", 5)] == ["b.txt"]
    assert (await library.scan([share], quiet)).removed == 0
    await library.scan([home / "public"], quiet)  # a share below a private folder was chosen by the person
    (home / "public" / "c.txt").write_bytes(b"c")
    await library.add_file(home / "public" / "c.txt", manifest_of(b"c"))
    assert [file.name for file in await library.search("txt", 5)] == ["c.txt"]


async def test_new_settings_count_from_the_next_scan(library: Library, share: Path) -> None:
    (share / "a.txt").write_bytes(b"a")
    (share / "a.nfo").write_bytes(b"b")
    await library.scan([share], quiet)
    library.apply(Settings(library=LibrarySettings(exclude=("*.nfo",))))
    summary = await library.scan([share], quiet)
    assert (summary.removed, summary.unchanged) == (1, 1)


async def test_links_inside_the_share_are_served_when_followed(
    make_library: Callable[..., Library], share: Path
) -> None:
    library = make_library(follow_links=True)
    (share / "a.txt").write_bytes(b"alpha")
    (share / "link.txt").symlink_to("a.txt")
    assert (await library.scan([share], quiet)).added == 2
    os.unlink(share / "a.txt")
    (share / "a.txt").write_bytes(b"beta!")
    assert await library.find(manifest_of(b"alpha").content_id()) is None


async def test_two_scans_at_once_come_one_after_the_other(library: Library, share: Path) -> None:
    for number in range(30):
        (share / f"{number}.txt").write_bytes(b"%d" % number)
    results = []

    async def one() -> None:
        results.append(await library.scan([share], quiet))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        nursery.start_soon(one)
    assert [(result.added, result.unchanged) for result in results] == [(30, 0), (0, 30)]


async def test_a_scan_does_not_hold_up_the_loop(library: Library, share: Path) -> None:
    (share / "big.bin").write_bytes(os.urandom(40_000_000))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await trio.sleep(0.001)
            ticks += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        await library.scan([share], quiet)
        nursery.cancel_scope.cancel()
    assert ticks >= 5  # 40 MB take some 50 ms to hash
