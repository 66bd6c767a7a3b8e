"""The demo as a person starts it: the proof, Ctrl+C at several moments, and a SIGKILL. Real processes on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.demo.processes import children_of, naming, wait_gone

FIELDS = {
    "ok",
    "files",
    "bytes",
    "sha256_ok",
    "seconds",
    "sources",
    "bad_chunks_rejected",
    "liar_named",
    "resumed",
    "job_state",
    "dht_nodes",
    "holders_found",
    "forged_records_refused",
    "rescued",
    "disaster_entered",
    "disaster_left",
    "searches_in_disaster",
    "lost",
}


def start(folder: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "slskmesh", "demo", "--headless", "--size", "4", *args],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(stream: IO[str] | None, word: str) -> str:
    """Reads lines until one has `word`; fails with all of them if the stream ends before."""
    assert stream is not None
    lines = []
    for line in stream:
        lines.append(line)
        if word in line:
            return line
    pytest.fail(f"the demo ended before it said {word!r}: {''.join(lines)}")


def test_the_demo_proves_itself_with_both_sides_killed(tmp_path: Path) -> None:
    with start(tmp_path, "--json", "--kill-leecher", "--peers", "4") as demo:
        out, err = demo.communicate(timeout=240)
    assert err == ""
    summary = json.loads(out)
    assert demo.returncode == 0, summary
    assert set(summary) == FIELDS
    assert summary["ok"] is summary["sha256_ok"] is summary["liar_named"] is summary["resumed"] is True
    assert summary["disaster_entered"] is summary["disaster_left"] is True
    assert summary["rescued"] == 1 and summary["searches_in_disaster"] == 2 and summary["lost"] == 0
    assert summary["files"] == 12  # nine of the peers, three of legacy users
    assert summary["bad_chunks_rejected"] >= 1
    assert summary["sources"] >= 3
    assert summary["job_state"] == "done"
    assert 2 <= summary["holders_found"] <= 4 and summary["dht_nodes"] >= 4
    assert summary["forged_records_refused"] >= 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "moment",
    [
        "Making music",
        "Starting",
        "Downloading",
        "killing comet",
        "killing the Soulseek server",
    ],
)
def test_ctrl_c_leaves_no_process_and_no_folder(moment: str, tmp_path: Path) -> None:
    with start(tmp_path) as demo:
        read_until(demo.stderr, moment)
        started = children_of(demo.pid)
        demo.send_signal(signal.SIGINT)
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert wait_gone(started, 0) == naming(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_killed_demo_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    with start(tmp_path) as demo:
        read_until(demo.stderr, "Downloading")
        before = children_of(demo.pid)
        demo.kill()
        demo.communicate(timeout=30)
    # the janitor, MusicBrainz, the Soulseek server, two legacy users, the porch, five peers, the forger
    assert len(before) >= 12
    left = {*before, *naming(tmp_path)}  # it may have started one more between the list and its end
    assert wait_gone(sorted(left), 30) == [] == naming(tmp_path)
    assert list(tmp_path.iterdir()) == []
