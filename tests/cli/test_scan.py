"""`slskmesh scan`: shares what it is told to, hashes once, and says what is wrong."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]


def last(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(value, dict)
    return value


def test_a_named_folder_is_shared_and_hashed_once(run: Run, tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for name in ("a", "b"):
        (music / f"{name}.bin").write_bytes(name.encode() * 5000)
    home = tmp_path / "h"
    first = last(run("scan", music, "--home", home, "--json"))
    assert (first["finished"], first["added"], first["hashed_bytes"]) == (True, 2, 10_000)
    assert tomllib.loads((home / "config.toml").read_text())["library"]["shares"] == [str(music)]
    again = last(run("scan", "--home", home, "--json"))
    assert (again["added"], again["unchanged"], again["hashed_bytes"]) == (0, 2, 0)


def test_nothing_to_scan_and_no_such_folder_are_bad_input(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "h"
    assert run("scan", "--home", home).returncode == 2
    done = run("scan", tmp_path / "absent", "--home", home)
    assert done.returncode == 2 and "absent" in done.stderr
    assert not (home / "config.toml").exists()


def test_a_named_folder_is_said_to_be_shared_and_is_not_shared_twice(run: Run, tmp_path: Path) -> None:
    music, home = tmp_path / "music", tmp_path / "h"
    music.mkdir()
    (tmp_path / "link").symlink_to(music)
    done = run("scan", music, "--home", home)
    assert f"shared with connected peers from now on: {music} (library.shares in {home}" in done.stdout
    for again in (["scan", music], ["scan", tmp_path / "link"], ["scan"]):
        done = run(*again, "--home", home)
        assert done.returncode == 0 and "from now on" not in done.stdout
    assert tomllib.loads((home / "config.toml").read_text())["library"]["shares"] == [str(music)]


def test_what_cannot_be_shared_is_refused_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    home, song = tmp_path / "h", tmp_path / "song.flac"
    song.write_bytes(b"x")
    for folder, why in ((song, "is a file"), (home, "your key in it")):
        done = run("scan", folder, "--home", home)
        assert done.returncode == 2 and why in done.stderr
    assert not (home / "config.toml").exists()
