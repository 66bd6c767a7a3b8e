"""SIGKILL in the middle of a job, in a real process, on the real store and swarm: it goes on, nothing comes twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.doubles import kept
from tests.jobs.killed import POINTS, SIZE, data_of


def run(root: Path, point: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.jobs.killed", str(root), point]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("point", POINTS)
def test_a_job_goes_on_after_a_kill_and_fetches_nothing_twice(tmp_path: Path, point: str) -> None:
    died = run(tmp_path, point)
    assert died.returncode == -signal.SIGKILL, died.stderr
    before = kept(tmp_path / "jobs.db", "SELECT phase FROM job_track ORDER BY number")
    assert len(before) == 3
    assert (("done",) in before) == (point == "saved")
    lived = run(tmp_path, "")
    assert lived.returncode == 0, lived.stderr
    told = json.loads(lived.stdout)
    assert told["jobs"] == 1
    files = sorted((tmp_path / "1" / "downloads").glob("*.flac"))
    assert [path.read_bytes() for path in files] == [data_of(number) for number in (101, 102, 103)]
    there = {"halfway": SIZE, "finished": SIZE, "saved": SIZE}.get(point, 0)
    assert told["got"] <= 3 * SIZE - there * 0.98
    assert kept(tmp_path / "jobs.db", "SELECT phase FROM job") == [("done",)]
