"""SIGKILL while a job fetches from a Soulseek user, on the real store and list: it goes on, nothing comes twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.doubles import kept
from tests.jobs.killed import data_of
from tests.jobs.killed_soulseek import POINTS


def run(root: Path, point: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.jobs.killed_soulseek", str(root), point]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("point", POINTS)
def test_a_job_goes_on_with_its_users_after_a_kill(tmp_path: Path, point: str) -> None:
    died = run(tmp_path, point)
    assert died.returncode == -signal.SIGKILL, died.stderr
    tracks = kept(tmp_path / "a.db", "SELECT backend, length(content) FROM job_track ORDER BY number")
    assert ("soulseek", 16) in tracks or (point == "saved" and ("soulseek", 0) in tracks)
    listed = kept(tmp_path / "a.db", "SELECT count(*) FROM legacy_download")[0][0]
    assert (listed == 0) == (point == "chosen")

    lived = run(tmp_path, "")
    assert lived.returncode == 0, lived.stderr
    folder = tmp_path / "downloads" / "Winter Light"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert files == {"01.flac": data_of(101), "02.flac": data_of(102)}
    told = json.loads(lived.stdout)
    again = [path for path in told["asked"] if path.endswith("101 song.flac")]
    assert bool(again) == (point in ("chosen", "queued"))  # what was here is asked for no more
    assert kept(tmp_path / "a.db", "SELECT count(*) FROM legacy_download") == [(2,)]
    assert kept(tmp_path / "a.db", "SELECT phase FROM job") == [("done",)]
    assert told["plans"] == (0 if point in ("halfway", "placed", "finished", "saved") else 1)
