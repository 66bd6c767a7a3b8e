"""A real disk that is full: said in words, nothing spoilt, and it goes on once there is room."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from slskmesh.engine.commands import Rescan, Resume, Search, SetSetting
from slskmesh.engine.events import Level, SearchEnded
from slskmesh.engine.views import LibraryView, ScanPhase, TransferState
from tests.e2e.ground import Ground, Leecher, track
from tests.e2e.smalldisk import NOT_ALLOWED


@pytest.fixture(scope="module", autouse=True)
def _small_disks(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where the kernel lets nobody mount."""
    folder = tmp_path_factory.mktemp("disk")
    tried = subprocess.run(
        [sys.executable, "-m", "tests.e2e.smalldisk", str(folder), "65536", "this"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode == NOT_ALLOWED:
        pytest.skip(tried.stderr.strip())
    assert tried.returncode == 0, tried.stderr


def seen(peer: Leecher, path: Path) -> Path:
    """A path of the peer's file systems, seen from here."""
    return Path(f"/proc/{peer.child.pid}/root{path}")


def fill(path: Path) -> None:
    """A file as big as the disk has room."""
    with path.open("wb", buffering=0) as file:
        for step in (65536, 4096, 1):
            try:
                while file.write(bytes(step)) == step:
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC


def failures(peer: Leecher) -> list[str]:
    """What it said of errors."""
    return [str(notice.text) for notice in peer.notices if notice.level is Level.ERROR]


def test_downloads_on_a_full_disk_fail_in_words_and_go_on_with_room(ground: Ground) -> None:
    song, small = track("mix.bin", 2_000_000), track("small.bin", 100_000)
    seeder = ground.seeder("otter", song, small)
    folder = ground.root / "me" / "downloads"
    folder.mkdir(parents=True)
    leecher = ground.leecher("me", before=("tests.e2e.smalldisk", str(folder), "3000000"))
    leecher.listening()
    leecher.meet(seeder)
    ballast = seen(leecher, folder / "ballast")
    ballast.write_bytes(bytes(1_700_000))
    leecher.fetch(song)
    failed = leecher.reach(song, TransferState.FAILED)
    print(failed.reason, failed.done)
    assert "disk full" in failed.reason and str(folder) in failed.reason and "resume" in failed.reason
    part = seen(leecher, leecher.part(song))
    kept = song.intact(part)
    assert failed.done <= kept < len(song.data)
    assert not seen(leecher, folder / song.name).exists()
    assert leecher.connected(seeder.ready["peer_id"])

    assert leecher.ask(Resume(song.content)).ok  # still no room
    leecher.until(lambda: len(failures(leecher)) == 2, "the same again")
    assert all("disk full" in text and "then resume" in text for text in failures(leecher))
    ballast.unlink()
    assert leecher.ask(Resume(song.content)).ok
    done = leecher.reach(song, TransferState.DONE)
    assert seen(leecher, Path(done.path)).read_bytes() == song.data
    assert done.bad_chunks == 0
    assert sum(source.received for source in done.sources) <= len(song.data) - kept
    leecher.fetch(small)
    leecher.done(small)
    assert list(seen(leecher, folder / ".incomplete").iterdir()) == []


def test_a_home_on_a_full_disk_is_said_and_the_engine_stays(ground: Ground) -> None:
    song, later = track("quiet song.bin", 300_000), track("later.bin", 100_000)
    seeder = ground.seeder("otter", song, later)
    home, downloads = ground.home("me"), ground.root / "elsewhere"
    downloads.mkdir()
    leecher = ground.leecher("me", before=("tests.e2e.smalldisk", str(home), "4000000"))
    leecher.listening()
    assert leecher.ask(SetSetting("library.downloads", str(downloads))).ok
    leecher.meet(seeder)
    ballast = seen(leecher, home / "ballast")
    fill(ballast)

    number = leecher.post(Search("quiet song"))
    leecher.until(lambda: any(isinstance(event, SearchEnded) for event in leecher.events), "the search's end")
    assert leecher.answer(number).ok
    leecher.fetch(song)  # the list cannot be saved, the file can
    leecher.done(song)
    assert (downloads / song.name).read_bytes() == song.data
    print(leecher.noticed("disk is full"))
    refused = leecher.ask(SetSetting("overlay.name", "x" * 60))
    assert not refused.ok and "config.toml" in refused.text
    assert leecher.connected(seeder.ready["peer_id"])

    ballast.unlink()
    leecher.fetch(later)
    leecher.done(later)
    assert leecher.end() == 0
    assert leecher.errors() == ""


def test_an_index_on_a_full_disk_fails_the_scan_not_the_engine(ground: Ground) -> None:
    share = ground.share("me", *(track(f"song {i}.bin", 1000) for i in range(300)))
    leecher = ground.leecher("me", before=("tests.e2e.smalldisk", str(ground.home("me")), "2000000"))
    leecher.listening()
    fill(ballast := seen(leecher, leecher.home / "ballast"))
    with ballast.open("r+b") as file:
        file.truncate(ballast.stat().st_size - 3 * 4096)  # room for the settings
    answer = leecher.ask(SetSetting("library.shares", f'["{share}"]'))
    assert answer.ok, answer.text
    print(leecher.noticed("scan failed", "disk is full"))
    leecher.until(lambda: (v := leecher.view(LibraryView)) and v.phase is ScanPhase.FAILED, "a failed scan")
    ballast.unlink()
    assert leecher.ask(Rescan()).ok
    leecher.until(lambda: (v := leecher.view(LibraryView)) and v.files == 300, "all files")
