from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.soulseek.folders import DEPTH_MAX, beside, chosen, is_disc, numbered
from slskmesh.soulseek.values import Listing, RemoteFile


def listing(*folders: str) -> Listing:
    return Listing("ben", tuple((folder, (RemoteFile(f"{folder}\\01.flac", 1),)) for folder in folders), True)


def places(found: Listing, folder: str, *, deep: bool = True) -> list[str]:
    return [placed.folder for placed in chosen(found, folder, deep=deep).files]


def test_discs_are_kept_apart() -> None:
    box = listing("m\\Box", "m\\Box\\CD1", "m\\Box\\CD2", "m\\Boxer", "m")
    assert places(box, "m\\Box") == ["Box", "Box/CD1", "Box/CD2"]
    assert places(box, "m\\Box", deep=False) == ["Box"]
    assert places(box, "m\\Box\\CD2") == ["Box/CD2"]
    assert places(box, "m/Box/") == ["Box", "Box/CD1", "Box/CD2"]


@pytest.mark.parametrize("name", ["CD1", "cd 2", "Disc 01", "[Disk 3]", "DVD-1", "Side A", "CD2 - Live"])
def test_discs(name: str) -> None:
    assert is_disc(name)


@pytest.mark.parametrize("name", ["Discovery", "CD", "Album", "Cdx", "1999", "Side Effects"])
def test_no_discs(name: str) -> None:
    assert not is_disc(name)


@pytest.mark.parametrize(
    ("disc", "other"),
    [
        ("CD1", "CD2"),
        ("cd 3", "cd 2"),
        ("Disc 01", "Disc 02"),
        ("[Disk 10]", "[Disk 02]"),
        ("DVD-1", "DVD-2"),
    ],
)
def test_the_disc_beside_a_disc(disc: str, other: str) -> None:
    assert beside(disc, 2) == other


@pytest.mark.parametrize("name", ["CD2 - Live", "Side A", "Album", "1999", "CD1 of 2"])
def test_names_that_do_not_tell_of_another_disc(name: str) -> None:
    assert beside(name, 2) == ""


def test_folders_whose_names_become_one_are_numbered() -> None:
    assert places(listing("a\\x\\b:", "a\\x\\b?", "a\\x\\B_"), "a\\x") == ["x/b_", "x/b_ (2)", "x/B_ (3)"]


def test_locked_and_strange_files_are_left_out() -> None:
    files = (
        RemoteFile("a\\1", 1),
        RemoteFile("a\\2", 1, locked=True),
        RemoteFile("b\\3", 1),
        RemoteFile("a\\1", 1),
    )
    found = chosen(Listing("ben", (("a", files),), True), "a", deep=True)
    assert ([placed.file.path for placed in found.files], found.locked) == (["a\\1"], 1)


def test_a_folder_has_a_bound() -> None:
    files = tuple(RemoteFile(f"a\\{n}", 1) for n in range(5_001))
    with pytest.raises(UserError, match="5,000"):
        chosen(Listing("ben", (("a", files),), True), "a", deep=True)


parts = st.one_of(
    st.sampled_from(["..", ".", "a", "A", "con", " ", "b:", "b?", "x" * 300, "\x00", "a/b"]), st.text()
)


@given(st.lists(st.lists(parts, max_size=30), max_size=8))
@settings(max_examples=60, deadline=None)
def test_places_are_below_and_their_own(paths: list[list[str]]) -> None:
    folders = ["top\\" + "\\".join(path) for path in paths]
    found = chosen(listing(*folders), "top", deep=True)
    for placed in found.files:
        words = placed.folder.split("/")
        assert 1 <= len(words) <= DEPTH_MAX
        assert all(word not in ("", ".", "..") and "\0" not in word for word in words)
        assert all(len(word.encode()) <= 255 for word in words)
    shallow: dict[str, set[tuple[str, ...]]] = {}
    for placed in found.files:
        remote = tuple(part for part in placed.file.path.replace("/", "\\").split("\\") if part)[:-1]
        if len(remote) <= DEPTH_MAX:
            shallow.setdefault(placed.folder.casefold(), set()).add(remote)
    assert all(len(remotes) == 1 for remotes in shallow.values())


@given(st.text(max_size=300).filter(bool), st.integers(1, 999))
def test_numbers_fit(name: str, number: int) -> None:
    try:
        short = name.encode()[:255].decode(errors="ignore") or "x"
    except UnicodeEncodeError:
        return
    assert len(numbered(short, number).encode()) <= 255
