from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.errors import StorageError, UserError
from slskmesh.soulseek import partials
from slskmesh.soulseek.partials import TAIL

KEY = bytes(range(16))
DATA = random.Random(2).randbytes(4 * TAIL)


def write(root: Path, data: bytes) -> Path:
    part = partials.part_path(root, KEY)
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(data)
    return part


def append(part: Path, data: bytes) -> None:
    with open(part, "ab") as file:
        file.write(data)


@given(st.integers(0, len(DATA)), st.integers(0, len(DATA)), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_the_end_is_fetched_again_and_must_be_the_same(
    tmp_path_factory: pytest.TempPathFactory, had: int, came: int, again: int
) -> None:
    """Whatever was there, however often it is begun again: what agrees is kept, nothing else ever is."""
    root = tmp_path_factory.mktemp("p")
    part = write(root, DATA[:had])
    for _ in range(again + 1):
        ready = partials.prepare(root, KEY, len(DATA) + 1, recheck=True)
    assert ready.there == (had - TAIL if had > TAIL else 0)
    assert ready.tail_end == (had if had > TAIL else 0)
    assert partials.length(root, KEY) == ready.there
    append(part, DATA[ready.there : max(came, ready.there)])
    if ready.tail_end:
        assert partials.tail_holds(root, KEY) is (True if max(came, ready.there) >= had else None)


@given(st.integers(0, TAIL - 1))
@settings(max_examples=20, deadline=None)
def test_one_byte_that_differs_is_found(tmp_path_factory: pytest.TempPathFactory, place: int) -> None:
    root = tmp_path_factory.mktemp("p")
    part = write(root, DATA[: 2 * TAIL])
    ready = partials.prepare(root, KEY, len(DATA), recheck=True)
    other = bytearray(DATA)
    other[ready.there + place] ^= 1
    append(part, bytes(other[ready.there : 3 * TAIL]))
    assert partials.tail_holds(root, KEY) is False
    partials.discard(root, KEY)
    assert not list(part.parent.iterdir())


def test_killed_between_setting_aside_and_cutting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = write(tmp_path, DATA[: 2 * TAIL])
    whole = partials.atomic_write

    def killed(path: Path, data: bytes) -> None:
        whole(path, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(partials, "atomic_write", killed)
    with pytest.raises(KeyboardInterrupt):
        partials.prepare(tmp_path, KEY, len(DATA), recheck=True)
    monkeypatch.undo()
    assert part.stat().st_size == 2 * TAIL
    ready = partials.prepare(tmp_path, KEY, len(DATA), recheck=True)
    assert (ready.there, ready.tail_end) == (TAIL, 2 * TAIL) and part.stat().st_size == TAIL


def test_a_whole_file_is_left_alone_and_a_longer_one_is_not_its(tmp_path: Path) -> None:
    write(tmp_path, DATA)
    assert partials.prepare(tmp_path, KEY, len(DATA), recheck=True) == (len(DATA), 0)
    assert partials.prepare(tmp_path, KEY, len(DATA) - 1, recheck=True) == (0, 0)
    assert partials.length(tmp_path, KEY) == 0
    assert partials.prepare(tmp_path, KEY, 0, recheck=True) == (0, 0)
    assert partials.part_path(tmp_path, KEY).exists()


def test_placing(tmp_path: Path) -> None:
    write(tmp_path, DATA)
    taken = partials.free_name(tmp_path, "a/b", "x.flac")
    taken.write_bytes(b"mine")
    assert not partials.place(tmp_path, KEY, taken)  # somebody was quicker
    target = partials.free_name(tmp_path, "a/b", "x.flac")
    assert target == tmp_path / "a" / "b" / "x (2).flac"
    assert not partials.is_placed(tmp_path, KEY, len(DATA), target)
    assert partials.place(tmp_path, KEY, target)
    assert partials.is_placed(tmp_path, KEY, len(DATA), target)
    partials.discard(tmp_path, KEY)
    assert partials.is_placed(tmp_path, KEY, len(DATA), target) and taken.read_bytes() == b"mine"
    write(tmp_path, DATA)
    assert not partials.is_placed(tmp_path, KEY, len(DATA), target)  # another file of that size


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    part = write(tmp_path, DATA)
    target = partials.free_name(tmp_path, "", "x")
    assert partials.place(tmp_path, KEY, target)
    assert target.read_bytes() == DATA and not part.exists()
    assert partials.is_placed(tmp_path, KEY, len(DATA), target)
    write(tmp_path, b"other")
    assert not partials.place(tmp_path, KEY, target) and target.read_bytes() == DATA


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "a").symlink_to(outside)
    with pytest.raises(UserError, match="leaves"):
        partials.free_name(root, "a", "x")
    (root / "a").unlink()
    (root / "a").write_bytes(b"")
    with pytest.raises(StorageError):
        partials.free_name(root, "a", "x")


def test_looking_over(tmp_path: Path) -> None:
    done, stray = bytes(16), b"\xff" * 16
    for key in (KEY, done, stray):
        partials.part_path(tmp_path, key).parent.mkdir(exist_ok=True)
        partials.part_path(tmp_path, key).write_bytes(b"12")
    mesh = tmp_path / ".incomplete" / ("ab" * 32 + ".part")
    mesh.write_bytes(b"a download of the swarm")
    assert partials.look_over(tmp_path, {KEY}, {done}) == {KEY: 2}
    assert not partials.part_path(tmp_path, done).exists()
    assert partials.part_path(tmp_path, stray).exists() and mesh.exists()
    assert partials.look_over(tmp_path / "nowhere", {KEY}, set()) == {}
