"""Walking hostile trees on a real disk."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slskmesh.library.walk import Filter, Walk, inside, stamp_of


def walk(
    root: Path, *others: Path, exclude: tuple[str, ...] = (), follow: bool = False
) -> tuple[set[bytes], list[str]]:
    """Relative paths found, and what was noted as "path: reason"."""
    notes: list[str] = []
    raw = os.fsencode(root)
    shares = [os.path.realpath(os.fsencode(share)) for share in (root, *others)]

    def note(path: bytes, reason: str) -> None:
        notes.append(f"{os.path.relpath(os.fsdecode(path), root)}: {reason}")

    found = Walk(raw, shares, note, rules=Filter(exclude), follow_links=follow)
    entries = list(found.entries())
    assert len({path for path, _ in entries}) == len(entries)
    for path, status in entries:
        assert stamp_of(os.stat(path)) == stamp_of(status)
    return {os.path.relpath(path, raw) for path, _ in entries}, notes


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_plain_files_in_folders_and_what_is_left_out(share: Path) -> None:
    touch(share / "a.flac", share / "b" / "c" / "d.mp3", share / "b" / "cover.jpg")
    touch(share / ".hidden", share / ".incomplete" / "part.flac", share / "b" / ".git" / "config")
    touch(share / "Thumbs.db", share / "@eaDir" / "x", share / "lost+found" / "y")
    os.mkfifo(share / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(share / "sock"))
        assert walk(share) == ({b"a.flac", b"b/c/d.mp3", b"b/cover.jpg"}, [])


def test_exclude_by_name_and_by_path(share: Path) -> None:
    touch(
        share / "a.flac",
        share / "a.nfo",
        share / "x" / "b.nfo",
        share / "x" / "y" / "c.flac",
        share / "y" / "d.flac",
    )
    assert walk(share, exclude=("*.nfo",))[0] == {b"a.flac", b"x/y/c.flac", b"y/d.flac"}
    assert walk(share, exclude=("y",))[0] == {b"a.flac", b"a.nfo", b"x/b.nfo"}
    assert walk(share, exclude=("x/y",))[0] == {b"a.flac", b"a.nfo", b"x/b.nfo", b"y/d.flac"}
    assert walk(share, exclude=("x/*", "*.nfo", "[", "?/d.*"))[0] == {b"a.flac"}


def test_links_out_of_the_share_are_refused_and_said(share: Path, tmp_path: Path) -> None:
    touch(tmp_path / "secret" / "key.pem", share / "a.flac", tmp_path / "private" / "Music-old" / "z.flac")
    (share / "out").symlink_to(tmp_path / "secret")
    (share / "key").symlink_to(tmp_path / "secret" / "key.pem")
    (share / "near").symlink_to(tmp_path / "private" / "Music-old")  # same beginning, another folder
    (share / "dead").symlink_to(tmp_path / "nowhere")
    for follow in (False, True):
        found, notes = walk(share, follow=follow)
        assert found == {b"a.flac"}
        assert sorted(notes) == [
            "dead: link points to nothing",
            "key: link leaves the share; not followed",
            "near: link leaves the share; not followed",
            "out: link leaves the share; not followed",
        ]


def test_links_inside_are_followed_only_if_wished_and_never_round(share: Path, tmp_path: Path) -> None:
    other = tmp_path / "Other"
    touch(share / "a" / "b" / "song.flac", other / "o.flac", share / ".private" / "p.flac")
    (share / "again").symlink_to(share / "a")
    (share / "a" / "b" / "up").symlink_to(share / "a")
    (share / "a" / "self").symlink_to(share)
    (share / "turn").symlink_to(share / "turn")
    (share / "one.flac").symlink_to(share / "a" / "b" / "song.flac")
    (share / "o").symlink_to(other)
    (share / "peek").symlink_to(share / ".private")
    found, notes = walk(share, other)
    assert found == {b"a/b/song.flac"}
    assert [note.partition(":")[0] for note in notes] == ["turn"]
    found, notes = walk(share, other, follow=True)
    assert found == {b"a/b/song.flac", b"again/b/song.flac", b"one.flac", b"o/o.flac"}
    assert "a/self: link leads back to a folder it is in; not followed" in notes


def test_links_that_name_each_other_end(share: Path) -> None:
    touch(share / "x" / "x.flac", share / "y" / "y.flac")
    (share / "x" / "to-y").symlink_to(share / "y")
    (share / "y" / "to-x").symlink_to(share / "x")
    found, _ = walk(share, follow=True)
    assert {b"x/x.flac", b"y/y.flac"} < found  # which link is met first is the disk's choice
    assert len(found) == 4


def test_names_that_are_not_utf8(share: Path) -> None:
    raw = os.fsencode(share)
    os.mkdir(raw + b"/caf\xe9")
    for name in (b"/caf\xe9/s\xfcss.mp3", b"/new\nline.flac", b"/\xff\xfe"):
        with open(raw + name, "wb") as file:
            file.write(b"x")
    assert walk(share)[0] == {b"caf\xe9/s\xfcss.mp3", b"new\nline.flac", b"\xff\xfe"}
    assert walk(share, exclude=("s*.mp3",))[0] == {b"new\nline.flac", b"\xff\xfe"}


def test_a_folder_that_cannot_be_listed_is_said_and_remembered(
    share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(share / "a.flac", share / "locked" / "b.flac")
    real = os.scandir

    def scandir(path: Any) -> Iterator[Any]:
        if path.endswith(b"/locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    notes: list[tuple[bytes, str]] = []
    raw = os.fsencode(share)
    found = Walk(raw, [raw], lambda path, reason: notes.append((path, reason)))
    assert [path for path, _ in found.entries()] == [raw + b"/a.flac"]
    assert found.blind == [raw + b"/locked"]
    assert notes == [(raw + b"/locked", "cannot be listed: permission denied")]


def test_very_deep_folders_need_no_stack(share: Path) -> None:
    deep = share
    for _ in range(300):
        deep = deep / "d"
    touch(deep / "a.flac")
    assert len(walk(share)[0]) == 1


def test_inside() -> None:
    assert inside(b"/a/b", b"/a")
    assert inside(b"/a", b"/a")
    assert inside(b"/a", b"/")
    assert not inside(b"/ab", b"/a")


def test_filter_on_whole_paths() -> None:
    rules = Filter(("*.nfo", "x/y"))
    assert rules.leaves_out_path(b"/s", b"/s/.incomplete/a.flac")
    assert rules.leaves_out_path(b"/s", b"/s/x/y/a.flac")
    assert rules.leaves_out_path(b"/s", b"/s/a.nfo")
    assert not rules.leaves_out_path(b"/s", b"/s/x/a.flac")
    assert not rules.leaves_out_path(b"/.hidden/s", b"/.hidden/s/a.flac")
