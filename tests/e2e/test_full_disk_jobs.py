"""A job whose downloads folder is on a disk that fills up: it fails in words, and a retry with room finishes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from slskmesh.demo import audio, catalogue
from slskmesh.demo.headless import intact
from slskmesh.engine.commands import AddJob, Connect, MakeInvite, RetryJob, WatchJob
from slskmesh.engine.job_views import JobPhase, JobView, MeshView
from slskmesh.engine.views import LibraryView, StatusView, TransferState, TransfersView
from tests.e2e.ground import Ground, Leecher
from tests.e2e.test_full_disk import _small_disks, seen
from tests.e2e.test_jobs import musicbrainz

__all__ = ["_small_disks", "musicbrainz"]  # fixtures of this file too

SIZE, SEED = 12, 3  # as the demo's MusicBrainz of tests/e2e/test_jobs.py has it
ALBUM = catalogue.album(catalogue.plan(SIZE, SEED))
ROOM = 0.6  # of the album, before the disk is full
FLIGHT = 1_000_000  # bytes


def digests(paths: Iterable[Path]) -> list[str]:
    """SHA-256 of each, sorted."""
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def end_of(leecher: Leecher, *phases: JobPhase) -> JobView:
    """The watched job, once it is in one of these phases."""

    def there() -> JobView | None:
        view = leecher.view(JobView)
        return view if view is not None and view.row.phase in phases else None

    return leecher.until(there, f"the job to be {[phase.value for phase in phases]}")


def received(leecher: Leecher) -> int:
    """Verified bytes that sources gave for all downloads, once all are done."""

    def whole() -> TransfersView | None:
        view = leecher.view(TransfersView)
        states = [one.state for one in view.transfers] if view is not None else []
        return view if states == [TransferState.DONE] * len(ALBUM.tracks) else None

    view = leecher.until(whole, "the list of downloads to be done")
    return sum(source.received for one in view.transfers for source in one.sources)


def sent(otter: Leecher, least: int) -> int:
    """Bytes the holder says it sent, once they are at least so many."""

    def told() -> int | None:
        view = otter.view(StatusView)
        return view.up_total if view is not None and view.up_total >= least else None

    return otter.until(told, f"{least} sent bytes to be told")


def test_a_job_on_a_full_disk_fails_in_words_and_a_retry_fetches_only_the_rest(
    ground: Ground, musicbrainz: str
) -> None:
    music = ground.root / "music"
    audio.render(ALBUM.tracks, music, SEED)
    originals = list(music.rglob("*.flac"))
    total = sum(path.stat().st_size for path in originals)
    otter = ground.leecher("otter", shares=(music,))
    folder = ground.root / "me" / "downloads"
    folder.mkdir(parents=True)
    leecher = ground.leecher("me", before=("tests.e2e.smalldisk", str(folder), str(2 * total)))
    otter.listening()
    leecher.listening()
    assert leecher.ask(Connect(otter.ask(MakeInvite()).value)).ok
    otter.until(lambda: (v := otter.view(LibraryView)) and v.files == len(ALBUM.tracks), "its shares")
    otter.until(lambda: (v := otter.view(MeshView)) and v.shards >= 1, "its shard to be out")
    downloads = seen(leecher, folder)
    ballast = downloads / "ballast"
    ballast.write_bytes(bytes(round((2 - ROOM) * total)))

    job = int(leecher.ask(AddJob("mb_release", ALBUM.mbid)).value)
    assert leecher.ask(WatchJob(job)).ok
    failed = end_of(leecher, JobPhase.FAILED, JobPhase.DONE)
    print(failed.row.reason)
    assert failed.row.phase is JobPhase.FAILED
    assert "disk full" in failed.row.reason and str(folder) in failed.row.reason
    whole = digests(path for path in downloads.rglob("*.flac"))
    assert set(whole) <= set(digests(originals)), "what has a track's name is that track, whole"
    ballast.unlink()
    kept = intact(downloads, originals)
    assert 0 < kept < total

    assert leecher.ask(RetryJob(job)).ok
    done = end_of(leecher, JobPhase.DONE)
    assert [track.phase for track in done.tracks] == ["done"] * len(ALBUM.tracks)
    assert digests(path for path in downloads.rglob("*.flac")) == digests(originals)
    assert list((downloads / ".incomplete").iterdir()) == []
    given, all_sent = received(leecher), sent(otter, total)
    print(f"room for {ROOM:.0%}: {kept} of {total} kept; {given} received in all, {all_sent} sent")
    assert given <= total, "no chunk that was there is fetched again"
    assert all_sent <= total + FLIGHT, "nor sent again, but for what was under way when the disk was full"
