"""Hashing of real files: right, in one pass, and never of a file that moves under the reader."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slskmesh.errors import StorageError
from slskmesh.library import hashing
from slskmesh.library.hashing import FileChangedError, check_unchanged, manifest_of_file, open_regular
from tests.library.conftest import manifest_of


@pytest.mark.parametrize("size", [1, 16_384, 16_385, 1_048_576, 1_048_577, 2_700_001, 5_000_000])
def test_the_manifest_is_that_of_the_bytes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    told: list[int] = []
    with open_regular(os.fsencode(path)) as (fd, status):
        manifest, block = manifest_of_file(fd, status.st_size, told.append)
        check_unchanged(fd, status)
        assert manifest == manifest_of(data)
        assert sum(told) == size
        if size <= hashing.BLOCK:
            assert bytes(block) == data


def test_pulse_may_stop_it_between_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(3 * hashing.BLOCK))

    class Stop(Exception):
        pass

    told: list[int] = []

    def pulse(size: int) -> None:
        told.append(size)
        if len(told) == 2:
            raise Stop

    with open_regular(os.fsencode(path)) as (fd, status):
        with pytest.raises(Stop):
            manifest_of_file(fd, status.st_size, pulse)
        assert os.lseek(fd, 0, os.SEEK_CUR) == 2 * hashing.BLOCK


def test_a_file_written_to_meanwhile_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(3 * hashing.BLOCK))

    def grow(_: int) -> None:
        with open(path, "ab") as file:
            file.write(b"more")

    with open_regular(os.fsencode(path)) as (fd, status):
        manifest, _ = manifest_of_file(fd, status.st_size, grow)
        assert manifest.size == 3 * hashing.BLOCK
        with pytest.raises(FileChangedError, match="changed while being read"):
            check_unchanged(fd, status)


def test_a_file_cut_meanwhile_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(3 * hashing.BLOCK))
    with open_regular(os.fsencode(path)) as (fd, status):
        with pytest.raises(FileChangedError, match="shorter"):
            manifest_of_file(fd, status.st_size, lambda _: os.truncate(path, hashing.BLOCK))


def test_only_regular_files_are_opened_and_nothing_waits(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "target").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("pipe", "link", "absent", "."):
        with pytest.raises(StorageError), open_regular(os.fsencode(tmp_path / name)):
            pass
    with open_regular(os.fsencode(tmp_path / "link"), follow_link=True) as (_, status):
        assert status.st_size == 1
