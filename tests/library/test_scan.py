"""Scans of real folders: incremental, honest about trouble, cancelled, killed and taken up again."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from slskmesh.errors import StorageError
from slskmesh.library import hashing, rows, scan
from slskmesh.library.domain import Domain
from slskmesh.library.library import Library
from slskmesh.library.progress import Phase, ScanProgress, ScanSummary
from slskmesh.settings import LibrarySettings, Settings
from slskmesh.store.database import Store, open_store
from tests.library.conftest import manifest_of, quiet, tagged


def counts(summary: ScanSummary) -> tuple[int, int, int, int, int]:
    """(added, changed, moved, removed, unchanged)"""
    return summary.added, summary.changed, summary.moved, summary.removed, summary.unchanged


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def size_of(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*.*"))


async def names(library: Library, text: str) -> list[str]:
    return sorted(f"{file.folder}/{file.name}" for file in await library.search(text, 100))


async def test_first_scan_then_only_what_changed(library: Library, share: Path) -> None:
    write(share / "A" / "one.flac", tagged("flac", artist="Somebody", title="One"))
    write(share / "A" / "two.mp3", tagged("mp3", artist="Somebody", title="Two"))
    write(share / "cover.jpg", b"picture")
    write(share / "empty.txt", b"")
    first = await library.scan([share], quiet)
    assert counts(first) == (3, 0, 0, 0, 0)
    assert (first.empty, first.problem_count) == (1, 0)
    assert first.hashed_bytes == size_of(share)
    again = await library.scan([share], quiet)
    assert counts(again) == (0, 0, 0, 0, 3)
    assert again.hashed_bytes == 0
    write(share / "A" / "two.mp3", tagged("mp3", artist="Somebody", title="Second"))
    (share / "cover.jpg").unlink()
    write(share / "B" / "three.opus", tagged("opus", artist="Somebody"))
    third = await library.scan([share], quiet)
    assert counts(third) == (1, 1, 0, 1, 1)
    assert await names(library, "somebody") == ["Music/A/one.flac", "Music/A/two.mp3", "Music/B/three.opus"]
    assert await names(library, "second") == ["Music/A/two.mp3"]
    assert await names(library, "cover") == []
    (file,) = await library.search("second", 1)
    assert file.domain is Domain.MUSIC
    assert (await library.stats()).files == 3


async def test_what_others_see_begins_with_the_shares_own_name(library: Library, share: Path) -> None:
    raw = os.fsencode(share) + b"/caf\xe9"
    os.mkdir(raw)
    write(Path(os.fsdecode(raw + b"/song\x1b[2J\xff.txt")), b"x")
    summary = await library.scan([share], quiet)
    assert counts(summary) == (1, 0, 0, 0, 0)
    (file,) = await library.search("song", 10)
    assert (file.folder, file.name) == ("Music/caf\ufffd", "song\ufffd[2J\ufffd.txt")
    assert os.fsencode(file.path) == raw + b"/song\x1b[2J\xff.txt"
    assert file.path.read_bytes() == b"x"
    assert "private" not in file.folder
    assert await library.search("private", 10) == []


async def test_moved_files_are_not_hashed_again(library: Library, share: Path, tmp_path: Path) -> None:
    other = tmp_path / "Other"
    other.mkdir()
    for number in range(5):
        write(share / "A" / f"{number}.txt", b"number %d" % number)
    await library.scan([share, other], quiet)
    (share / "A").rename(share / "B")
    (share / "B" / "4.txt").rename(other / "four.txt")
    summary = await library.scan([share, other], quiet)
    assert counts(summary) == (0, 0, 5, 0, 0)
    assert summary.hashed_bytes == 0
    assert await names(library, "txt") == [f"Music/B/{number}.txt" for number in range(4)] + [
        "Other/four.txt"
    ]
    (file,) = await library.search("four", 1)
    assert (await library.find(file.content)) == file
    assert counts(await library.scan([share, other], quiet)) == (0, 0, 0, 0, 5)


async def test_a_share_that_is_gone_keeps_its_rows_and_offers_nothing(library: Library, share: Path) -> None:
    write(share / "a.txt", b"alpha")
    await library.scan([share], quiet)
    (file,) = await library.search("a", 1)
    aside = share.with_name("aside")
    os.rename(share, aside)
    gone = await library.scan([share], quiet)
    assert counts(gone) == (0, 0, 0, 0, 0)
    assert gone.problems[0].reason.startswith(
        "the share is not there: no such file or directory; its files are kept"
    )
    assert await library.search("a", 1) == []
    assert await library.find(file.content) is None
    assert (await library.stats()).files == 0
    os.rename(aside, share)
    back = await library.scan([share], quiet)
    assert (counts(back), back.hashed_bytes) == ((0, 0, 0, 0, 1), 0)
    assert await library.find(file.content) == file


async def test_an_empty_mount_point_is_not_an_emptied_share(
    library: Library, store: Store, share: Path
) -> None:
    write(share / "a.txt", b"alpha")
    await library.scan([share], quiet)
    shutil.move(share / "a.txt", share.parent / "a.txt")
    await store.run(rows.set_present, 1, True, 1)  # as if the files had been on another device
    assert "not mounted" in (await library.scan([share], quiet)).problems[0].reason
    await store.run(rows.set_present, 1, True, os.stat(share).st_dev)
    emptied = await library.scan([share], quiet)
    assert (counts(emptied), emptied.problem_count) == ((0, 0, 0, 1, 0), 0)


async def test_a_share_taken_out_of_the_settings_is_not_offered_but_remembered(
    library: Library, share: Path, tmp_path: Path
) -> None:
    other = tmp_path / "Other"
    write(share / "a.txt", b"alpha")
    write(other / "b.txt", b"beta")
    await library.scan([share, other], quiet)
    await library.scan([other], quiet)
    assert await names(library, "txt") == ["Other/b.txt"]
    again = await library.scan([share, other], quiet)
    assert (counts(again), again.hashed_bytes) == ((0, 0, 0, 0, 2), 0)


async def test_shares_inside_shares_are_scanned_once(library: Library, share: Path) -> None:
    write(share / "A" / "a.txt", b"alpha")
    summary = await library.scan([share / "A", share, share], quiet)
    assert counts(summary) == (1, 0, 0, 0, 0)
    assert [problem.reason for problem in summary.problems] == [
        f"is inside the share '{share}' and scanned with it"
    ]


async def test_below_an_unreadable_folder_nothing_is_forgotten(
    library: Library, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(share / "locked" / "a.txt", b"alpha")
    write(share / "b.txt", b"beta")
    await library.scan([share], quiet)
    real = os.scandir

    def scandir(path: Any) -> Any:
        if os.fsencode(path).endswith(b"/locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        summary = await library.scan([share], quiet)
        assert counts(summary) == (0, 0, 0, 0, 1)
        assert summary.problems[0].reason == "cannot be listed: permission denied"
        assert await names(library, "txt") == ["Music/b.txt"]
    back = await library.scan([share], quiet)
    assert (counts(back), back.hashed_bytes) == ((0, 0, 0, 0, 2), 0)
    assert await names(library, "txt") == ["Music/b.txt", "Music/locked/a.txt"]


async def test_unreadable_and_changing_files_are_said_and_tried_again(
    library: Library, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "locked", "moving"):
        write(share / f"{name}.txt", name.encode())
    open_real, check_real = os.open, hashing.check_unchanged

    def open_or_refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        if os.fsencode(path).endswith(b"locked.txt"):
            raise PermissionError(13, "Permission denied")
        return open_real(path, *args, **kwargs)

    def check(fd: int, before: os.stat_result) -> None:
        if before.st_size == len("moving"):
            (share / "moving.txt").write_bytes(b"moved while read")
        check_real(fd, before)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_or_refuse)
        patch.setattr(hashing, "check_unchanged", check)
        summary = await library.scan([share], quiet)
    assert counts(summary) == (1, 0, 0, 0, 0)
    assert sorted((Path(problem.path).name, problem.reason) for problem in summary.problems) == [
        ("locked.txt", "cannot be opened: permission denied"),
        ("moving.txt", "changed while being read; the next scan tries again"),
    ]
    assert counts(await library.scan([share], quiet)) == (2, 0, 0, 0, 1)
    assert await names(library, "txt") == ["Music/good.txt", "Music/locked.txt", "Music/moving.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_permissions_of_a_real_file(library: Library, share: Path) -> None:
    write(share / "locked.txt", b"x")
    (share / "locked.txt").chmod(0)
    summary = await library.scan([share], quiet)
    assert summary.problems[0].reason == "cannot be opened: permission denied"


async def test_a_broken_song_is_shared_and_its_tags_are_said_missing(library: Library, share: Path) -> None:
    write(share / "broken.flac", b"fLaC" + b"\xff" * 100)
    write(share / "notes.txt", b"MThd is how this text begins")
    summary = await library.scan([share], quiet)
    assert counts(summary) == (2, 0, 0, 0, 0)
    assert [Path(problem.path).name for problem in summary.problems] == ["broken.flac"]
    assert summary.problems[0].reason.startswith("no tags read: ")
    domains = {
        file.name: file.domain
        for file in await library.search("broken", 1) + await library.search("notes", 1)
    }
    assert domains == {"broken.flac": Domain.MUSIC, "notes.txt": Domain.GENERIC}


async def test_large_files_go_through_in_blocks(library: Library, share: Path) -> None:
    contents = {"big": os.urandom(5_000_000), "long": tagged("flac", title="Endless") + bytes(3_000_000)}
    write(share / "big.bin", contents["big"])
    write(share / "long.flac", contents["long"])
    await library.scan([share], quiet)
    for text, title in (("big", ""), ("long", "Endless")):
        (file,) = await library.search(text, 5)
        assert await library.manifest(file.content) == manifest_of(contents[text])
        assert (file.title, file.size) == (title, len(contents[text]))


async def test_progress_goes_forward_to_the_end(
    library: Library, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "TICK", 0.001)
    monkeypatch.setattr(scan, "BATCH", 3)
    for number in range(60):
        write(share / f"{number}.txt", b"%d" % number)
    told: list[ScanProgress] = []
    await library.scan([share], told.append)
    hashing_part = [progress for progress in told if progress.phase is Phase.HASHING]
    for before, after in itertools.pairwise(hashing_part):
        assert before.done <= after.done
        assert before.bytes_done <= after.bytes_done
    last = told[-1]
    assert (last.phase, last.done, last.total) == (Phase.HASHING, 60, 60)
    assert last.bytes_done == last.bytes_total
    assert last.eta == 0


async def test_reports_come_at_most_four_times_a_second(library: Library, share: Path) -> None:
    for number in range(300):
        write(share / f"{number}.txt", b"%d" % number)
    told: list[ScanProgress] = []
    summary = await library.scan([share], told.append)
    assert len(told) <= summary.seconds * 4 + 2  # one at the beginning, one at the end


async def test_cancelled_it_keeps_what_is_hashed_and_goes_on_from_there(
    library: Library, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "TICK", 0.0005)
    monkeypatch.setattr(scan, "BATCH", 5)
    for number in range(400):
        write(share / f"{number}.txt", b"%d" % number)
    with trio.CancelScope() as scope:

        def report(progress: ScanProgress) -> None:
            if progress.phase is Phase.HASHING and progress.done >= 40:
                scope.cancel()

        await library.scan([share], report)
    assert scope.cancelled_caught
    kept = (await library.stats()).files
    assert 20 <= kept < 400
    summary = await library.scan([share], quiet)
    assert counts(summary) == (400 - kept, 0, 0, 0, kept)


async def test_cancelled_while_walking(library: Library, share: Path) -> None:
    write(share / "a" / "b.txt", b"x")
    with trio.CancelScope() as scope:
        await library.scan([share], lambda _: scope.cancel())
    assert scope.cancelled_caught
    assert counts(await library.scan([share], quiet)) == (1, 0, 0, 0, 0)


async def test_a_full_disk_ends_the_scan_with_its_reason(
    library: Library, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        write(share / f"{number}.txt", b"%d" % number)

    def put(taken: object) -> None:
        raise StorageError("slskmesh.sqlite: the disk is full; free some space and try again")

    with monkeypatch.context() as patch:
        patch.setattr(rows, "put", put)
        with pytest.raises(StorageError, match="disk is full"):
            await library.scan([share], quiet)
    assert counts(await library.scan([share], quiet)) == (20, 0, 0, 0, 0)


async def test_manifests_nobody_needs_are_dropped(library: Library, store: Store, share: Path) -> None:
    write(share / "a.txt", b"alpha")
    write(share / "b.txt", b"alpha")
    await library.scan([share], quiet)
    (file,) = await library.search("txt", 10)
    (share / "a.txt").unlink()
    await library.scan([share], quiet)
    assert await library.manifest(file.content) == manifest_of(b"alpha")
    (share / "b.txt").unlink()
    await library.scan([share], quiet)
    assert await library.manifest(file.content) is None


CHILD = """
import signal, sys
from pathlib import Path
import trio
from slskmesh.library import scan
from slskmesh.library.library import Library
from slskmesh.settings import LibrarySettings, Settings
from slskmesh.store.database import open_store

scan.TICK, scan.BATCH = 0.0005, 5

def report(progress):
    if progress.total and progress.done >= 60:
        print("now", flush=True)
        signal.pause()  # holds the loop still until the kill comes

async def main():
    async with open_store(Path(sys.argv[1])) as store:
        await Library(store, Settings()).scan([Path(sys.argv[2])], report)

trio.run(main)
"""


def run_until_killed(database: Path, share: Path) -> None:
    """Starts a scan in a process of its own and kills it in the middle."""
    command = [sys.executable, "-c", CHILD, str(database), str(share)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"now\n"
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL


async def test_killed_it_goes_on_without_hashing_again_what_was_written(tmp_path: Path, share: Path) -> None:
    total = 600
    for number in range(total):
        write(share / f"{number}.txt", b"%d" % number)
    database = tmp_path / "killed.sqlite"
    await trio.to_thread.run_sync(run_until_killed, database, share)
    async with open_store(database) as store:
        library = Library(store, Settings())
        before = await library.stats()
        assert 30 <= before.files < total
        summary = await library.scan([share], quiet)
        assert counts(summary) == (total - before.files, 0, 0, 0, before.files)
        assert summary.hashed_bytes == sum(len(str(number)) for number in range(total)) - before.size
        assert (await library.stats()).files == total


async def test_private_folders_are_never_shared(store: Store, share: Path) -> None:
    """The home may lie in a share, be linked to from one, or be named as one: its key stays here."""
    home, downloads = share / "mesh", share / "new"
    write(home / "identity.pem", b"secret key")
    write(downloads / "song.bin", b"song")
    write(downloads / ".incomplete" / "x.part", b"part")
    write(share / "sub" / "mesh" / "fine.bin", b"fine")
    (share / "link").symlink_to(home)
    settings = Settings(library=LibrarySettings(downloads=str(downloads), follow_links=True))
    library = Library(store, settings, [home])
    summary = await library.scan([share], quiet)
    assert (summary.added, summary.problem_count) == (2, 0)
    assert {file.name for file in await library.search("bin", 10)} == {"song.bin", "fine.bin"}
    summary = await library.scan([home, downloads / ".incomplete"], quiet)
    assert [problem.reason for problem in summary.problems] == [
        "is slskmesh's own folder and never shared"
    ] * 2
    assert (await library.stats()).files == 0
