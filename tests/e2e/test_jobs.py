"""A job of the command line that is killed in the middle: the next run finishes it and fetches nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
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
from slskmesh.demo.headless import intact
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


def holders_of(ground: Ground, porch: Leecher, *names: str) -> list[Leecher]:
    """Driven peers that share the album, know the porch, and have told the table of their release."""
    music = ground.root / "music"
    audio.render(ALBUM.tracks, music, SEED)
    found = [ground.leecher(name, shares=(music,), max_upload_rate=RATE) for name in names]
    invite = porch.ask(MakeInvite()).value
    for one in found:
        one.post(Connect(invite))
    for one in found:
        wait_for_shard(one)
    return found


def wait_for_shard(one: Leecher) -> None:
    """Until it offers the album and the table was told so."""
    one.until(lambda: (v := one.view(LibraryView)) and v.files == len(ALBUM.tracks), "its shares")
    one.until(lambda: (v := one.view(MeshView)) and v.shards >= 1, "its shard to be out")


def slskmesh(*args: str) -> subprocess.Popen[str]:
    """A command of the person's, with --json."""
    return subprocess.Popen(
        [sys.executable, "-m", "slskmesh", *args, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("SLSKMESH")},
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
    holders = holders_of(ground, porch, "otter", "heron")
    originals = list((ground.root / "music").rglob("*.flac"))
    total = sum(path.stat().st_size for path in originals)
    home = str(ground.home("me"))
    with slskmesh("connect", porch.ask(MakeInvite()).value, "--home", home) as met:
        assert met.communicate(timeout=30)[1] == ""

    with slskmesh(
        "jobs", "add", "release", ALBUM.mbid, "--wait", "--patience", "10", "--home", home
    ) as first:
        seen: list[dict[str, Any]] = []
        for line in lines(first):
            assert "finished" not in line, f"it was to be killed before: {seen}"
            seen.append(line)
            if line.get("bytes_done", 0) >= 0.3 * total:
                break
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=30)
    assert first.returncode == -signal.SIGKILL
    downloads = ground.root / "me" / "downloads"
    kept = intact(downloads, originals)
    assert 0.3 * total <= line["bytes_done"] <= kept < total

    started = time.monotonic()
    with slskmesh("jobs", "run", "--until-done", "--home", home) as second:
        told = list(lines(second))
        _, errors = second.communicate(timeout=30)
    assert second.returncode == 0, (told[-3:], errors)
    assert told[-1]["finished"] is True and told[-1]["done"] == 1
    assert digests(path for path in downloads.rglob("*") if path.is_file()) == digests(originals)
    holders[0].until(lambda: sent(holders) >= total, "the last bytes to be told")
    print(f"kept {kept}, sent {sent(holders)} of {total}, second run {time.monotonic() - started:.1f} s")
    assert sent(holders) <= 1.06 * total, "what was under way at the kill may be lost, nothing else"
