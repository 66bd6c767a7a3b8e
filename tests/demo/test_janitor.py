"""The janitor removes the demo's folder after the demo's death, when no engine holds a home there, and nothing else."""

from __future__ import annotations

import fcntl
import queue
import subprocess
import sys
from pathlib import Path

from slskmesh.demo import janitor
from slskmesh.demo.child import Child, Said


def folder(tmp_path: Path) -> Path:
    root = tmp_path / f"{janitor.PREFIX}x"
    (root / "peers" / "otter").mkdir(parents=True)
    (root / "peers" / "otter" / "lock").touch()
    return root


def test_it_cleans_when_its_input_ends(tmp_path: Path) -> None:
    root = folder(tmp_path)
    child = Child(
        "janitor", ["slskmesh.demo.janitor", str(root)], tmp_path / "err", queue.SimpleQueue[Said]()
    )
    assert child.finish() == 0
    assert not root.exists()


def test_it_leaves_other_folders_alone(tmp_path: Path) -> None:
    assert janitor.main([str(tmp_path)]) == 2
    assert janitor.main([]) == 2
    assert tmp_path.exists()


def test_it_sees_who_holds_a_home(tmp_path: Path) -> None:
    root = folder(tmp_path)
    assert not janitor.any_held(root)
    with (root / "peers" / "otter" / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert janitor.any_held(root)
    assert not janitor.any_held(root)
    assert not janitor.any_held(tmp_path / "absent")


def test_it_sees_a_process_that_was_started_with_the_folder_and_has_made_nothing_there_yet(
    tmp_path: Path,
) -> None:
    root = folder(tmp_path)
    assert not janitor.any_named(root)
    args = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", str(root / "user")]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.read(
            1
        )  # it runs: its command line is its own by now
        assert janitor.any_named(root)
        other.kill()
    assert not janitor.any_named(root)
