"""A job of the command line that is killed in the middle: the next run finishes it and fetches nothing twice."""

from __future__ import annotations

import hashlib
import json
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slskmesh.demo import audio, catalogue
from slskmesh.demo.child import Child, Said
from slskmesh.engine.commands import Connect, MakeInvite
from slskmesh.engine.job_views import MeshView
from slskmesh.engine.views import LibraryView, StatusView
from tests.e2e.ground import Ground, Leecher

SIZE, SEED = 12, 3
ALBUM = catalogue.album(catalogue.plan(SIZE, SEED))
RATE = 700_000  # bytes a second of each holder


@pytest.fixture
def musicbrainz(ground: Ground) -> Iterator[str]:
    """The demo's MusicBrainz, which every home of the ground asks."""
    inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
    args = ["slskmesh.demo.musicbrainz", "--size", str(SIZE), "--seed", str(SEED)]
    child = Child("musicbrainz", args, ground.root / "musicbrainz.err", inbox)
    said = inbox.get(timeout=30)
    assert said.what is not None, child.last_words()
    ground.musicbrainz = said.what["host"]
    yield ground.musicbrainz
    assert child.end(10) == 0


def holder(ground: Ground, name: str, porch: Leecher) -> Leecher:
    """A driven peer that shares the album, knows the porch, and has told the table of its release."""
    share = ground.root / f"{name}-share"
    audio.render(ALBUM.tracks, share, SEED)
    one = ground.leecher(name, shares=(share,), max_upload_rate=RATE)
    one.listening()
    assert one.ask(Connect(porch.ask(MakeInvite()).value)).ok
    one.until(lambda: (v := one.view(LibraryView)) and v.files == len(ALBUM.tracks), "its shares")
    one.until(lambda: (v := one.view(MeshView)) and v.shards >= 1 and v.nodes >= 1, "its shard to be out")
    return one


def slskmesh(*args: str) -> subprocess.Popen[str]:
    """A command of the person's, with --json."""
    return subprocess.Popen(
        [sys.executable, "-m", "slskmesh", *args, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What it says, as it says it."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def digests(paths: Iterable[Path]) -> list[str]:
    """SHA-256 of each, sorted."""
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def sent(holders: list[Leecher]) -> int:
    """Bytes the holders sent in all."""
    for one in holders:
        one.catch_up()
    views = [one.view(StatusView) for one in holders]
    return sum(view.up_total for view in views if view is not None)


def test_a_killed_job_is_finished_by_the_next_run_without_fetching_twice(
    ground: Ground, musicbrainz: str
) -> None:
    porch = ground.leecher("porch")
    porch.listening()
    holders = [holder(ground, name, porch) for name in ("otter", "heron")]
    originals = list((ground.root / "otter-share").rglob("*.flac"))
    total = sum(path.stat().st_size for path in originals)
    home = str(ground.home("me"))
    met = slskmesh("connect", porch.ask(MakeInvite()).value, "--home", home)
    assert met.wait(30) == 0, met.communicate()

    with slskmesh("jobs", "add", "release", ALBUM.mbid, "--wait", "--home", home) as first:
        for line in lines(first):
            assert "finished" not in line, "it was to be killed before"
            if line.get("bytes_done", 0) >= 0.3 * total:
                break
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=30)
    assert first.returncode == -signal.SIGKILL
    before = line["bytes_done"]

    started = time.monotonic()
    with slskmesh("jobs", "run", "--until-done", "--home", home) as second:
        told = list(lines(second))
        _, errors = second.communicate(timeout=30)
    assert second.returncode == 0, (told[-3:], errors)
    assert told[-1]["finished"] is True and told[-1]["done"] == 1
    downloads = ground.root / "me" / "downloads"
    assert digests(path for path in downloads.rglob("*") if path.is_file()) == digests(originals)
    holders[0].until(lambda: sent(holders) >= total, "the last bytes to be told")
    print(
        f"killed at {before}, sent in all {sent(holders)} of {total}, second run {time.monotonic() - started:.1f} s"
    )
    assert sent(holders) <= 1.03 * total
