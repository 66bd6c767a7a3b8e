"""What a killed run leaves beside the partial files."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slskmesh.errors import StorageError
from slskmesh.paths import Home, sweep_temporary
from slskmesh.swarm import leftovers
from slskmesh.swarm.leftovers import look_over
from slskmesh.swarm.partial import MAP_VERSION, MapRecord
from tests.swarm.memory import manifest_of

ONE, TWO = b"\x01" * 32, b"\x02" * 32


def incomplete(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / ".incomplete"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def test_half_written_maps_go_and_nothing_else(tmp_path: Path) -> None:
    keep = [
        f"{ONE.hex()}.part",
        f"{ONE.hex()}.map",
        f".{ONE.hex()}.tmp",
        ".notes.abcdefgh.tmp",
        f".{ONE.hex()}.ABCDEFGH.tmp",
        f"{ONE.hex()}.abcdefgh.tmp",
    ]
    folder = incomplete(tmp_path, *keep, f".{ONE.hex()}.abc_1234.tmp", f".{TWO.hex()}.zzzzzzzz.tmp")
    assert look_over(tmp_path, [ONE]) == ""
    assert {path.name for path in folder.iterdir()} == set(keep)


def test_unclaimed_partial_files_are_named_and_kept(tmp_path: Path) -> None:
    folder = incomplete(tmp_path, f"{ONE.hex()}.part", f"{TWO.hex()}.part", f"{TWO.hex()}.bad", "mine.txt")
    record = MapRecord(MAP_VERSION, ONE, "a song.flac", "", manifest_of(b"abc"), b"\x80")
    (folder / f"{ONE.hex()}.map").write_bytes(msgspec.msgpack.encode(record))
    (folder / f"{TWO.hex()}.map").write_bytes(b"rubbish")
    before = {path.name for path in folder.iterdir()}
    text = look_over(tmp_path, [])
    assert text.startswith(
        f"2 unfinished files without a download in {folder}: a song.flac, {TWO.hex()}.part;"
    )
    assert look_over(tmp_path, [TWO]).startswith("1 unfinished file without")
    assert look_over(tmp_path, [ONE, TWO]) == ""
    assert {path.name for path in folder.iterdir()} == before


def test_many_are_told_in_one_sentence(tmp_path: Path) -> None:
    incomplete(tmp_path, *(f"{number:064x}.part" for number in range(50)))
    text = look_over(tmp_path, [])
    assert text.startswith("50 unfinished files") and " and 47 more; " in text and len(text) < 700


def test_no_folder_is_nothing_and_one_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look_over(tmp_path, []) == ""
    (tmp_path / leftovers.INCOMPLETE).write_text("a file in the way")
    with pytest.raises(StorageError, match="incomplete"):
        look_over(tmp_path, [])


def test_holding_the_home_sweeps_what_a_killed_write_left(tmp_path: Path) -> None:
    home = Home(tmp_path / "h").create()
    stale = [home.root / ".config.toml.abcdefgh.tmp", home.root / ".identity.pem.12345678.tmp"]
    other = home.root / ".mine.abcdefgh.tmp"
    for path in (*stale, other):
        path.write_bytes(b"half")
    with home.hold():
        assert not any(path.exists() for path in stale)
        assert other.exists()
    assert sweep_temporary(home.root, lambda stem: True) == 1
