"""First-run answers: what is refused, in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.engine.firstrun import check_downloads, check_shares
from slskmesh.errors import UserError


def test_a_folder_is_shared_once_however_it_is_named(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    (tmp_path / "link").symlink_to(music)
    names = [str(music), f"{music}/", str(tmp_path / "link"), " ", str(tmp_path / "link" / ".." / "music")]
    assert check_shares(names, tmp_path / "home") == [str(music)]
    assert check_shares(names[2:3], tmp_path / "home") == [str(tmp_path / "link")]


@pytest.mark.parametrize(
    ("share", "why"),
    [
        ("song.flac", "is a file; share the folder it is in"),
        ("absent", "there is no such folder"),
        ("home", "your key in it"),
        ("to-home", "your key in it"),
        ("downloads/.incomplete", "unfinished downloads"),
        ("to-incomplete", "unfinished downloads"),
        ("/", "a whole file system"),
    ],
)
def test_what_must_not_be_shared_is_refused(tmp_path: Path, share: str, why: str) -> None:
    (tmp_path / "song.flac").write_bytes(b"x")
    (tmp_path / "home").mkdir()
    (tmp_path / "downloads" / ".incomplete").mkdir(parents=True)
    (tmp_path / "to-home").symlink_to("home")
    (tmp_path / "to-incomplete").symlink_to("downloads/.incomplete")
    with pytest.raises(UserError, match=why):
        check_shares([str(tmp_path / share)], tmp_path / "home", str(tmp_path / "downloads"))


def test_downloads_inside_a_share_and_the_other_way_round_are_fine(tmp_path: Path) -> None:
    music = tmp_path / "music"
    downloads = check_downloads(str(music / "new"))
    assert check_shares([str(music)], tmp_path / "home", downloads) == [str(music)]
    assert check_shares([downloads], tmp_path / "home", downloads) == [downloads]


def test_a_downloads_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for text in ("", "  ", str(tmp_path / "file"), str(tmp_path / "file" / "below")):
        with pytest.raises(UserError):
            check_downloads(text)
