"""What is shared, in pages: over a real database with rows as a scan makes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slskmesh.errors import StorageError
from slskmesh.library import rows, shelves
from slskmesh.library.shelves import START, Place, Share
from slskmesh.store.database import Store
from slskmesh.store.models.library import FileState
from tests.library.test_names import taken

MUSIC, MORE = b"/shares/Music", b"/else/Mu\x1bsic 2"
PATHS = [
    (MUSIC, "/shares/Music/b/2.flac"),
    (MUSIC, "/shares/Music/b/1.flac"),
    (MUSIC, "/shares/Music/a/x/1.flac"),
    (MUSIC, "/shares/Music/a.flac"),
    (MORE, "/else/Mu\x1bsic 2/Music/1.flac"),
    (MORE, "/else/Mu\x1bsic 2/坂本.flac"),
]


def fill() -> None:
    for root in rows.enlist([MUSIC, MORE], 0):
        rows.set_present(root.id, True, 1)
        mine = [path for place, path in PATHS if place == root.path]
        rows.put([(root.id, taken(number, path, root.path)) for number, path in enumerate(mine)])


def read(path: Path, limit: int, share: int = 0) -> list[str]:
    """All of it, page by page."""
    found, after = [], START
    while page := shelves.page(path, after, limit, share):
        assert len(page) <= limit
        found += [f"{file.folder}/{file.name}" for file in page]
        assert len(found) <= len(PATHS), "it goes on for ever"
        after = Place(page[-1].folder, page[-1].name, page[-1].row)
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_pages_are_in_the_order_of_folders_and_names(store: Store, limit: int) -> None:
    await store.run(fill)
    mine = ["Music/a.flac", "Music/a/x/1.flac", "Music/b/1.flac", "Music/b/2.flac"]
    more = ["Mu\ufffdsic 2/坂本.flac", "Mu\ufffdsic 2/Music/1.flac"]
    assert read(store.path, limit) == [*mine, *more]
    assert read(store.path, limit, 1) == mine
    assert read(store.path, limit, 2) == more
    assert read(store.path, limit, 3) == []
    assert shelves.shares(store.path) == [
        Share(1, "Music", True, 3, 4, sum(len(b"%d" % number) for number in range(4))),
        Share(2, "Mu\ufffdsic 2", True, 2, 2, 2),
    ]


async def test_what_is_not_offered_is_not_told(store: Store) -> None:
    await store.run(fill)
    await store.run(rows.set_state, [(FileState.AWAY, os.fsencode(PATHS[0][1]))])
    await store.run(rows.set_present, 2, False)
    assert read(store.path, 10) == ["Music/a.flac", "Music/a/x/1.flac", "Music/b/1.flac"]
    assert [(share.present, share.files) for share in shelves.shares(store.path)] == [(True, 3), (False, 0)]
    await store.run(rows.enlist, [MORE], 0)
    assert [share.id for share in shelves.shares(store.path)] == [2]


def test_a_database_that_cannot_be_read_is_the_disks_fault(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database" * 100)
    with pytest.raises(StorageError):
        shelves.shares(tmp_path / "a.db")
    with pytest.raises(StorageError):
        shelves.page(tmp_path / "none.db", START, 1)
