"""Peers that are killed: nothing verified is fetched again, a file is there whole or not at all, who returns serves."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from slskmesh.engine.commands import Connect, Download, MakeInvite
from slskmesh.engine.views import LibraryView, StatusView, TransferState
from tests.e2e.dies import POINTS
from tests.e2e.ground import Ground, Leecher, track


def test_a_killed_leecher_fetches_nothing_twice(ground: Ground) -> None:
    """Counted by what the sources sent in all: the file, and at most 2 % more."""
    song = track("mix.bin", 16_000_000)
    sources = [
        ground.leecher(name, shares=(ground.share(name, song),), max_upload_rate=2_500_000)
        for name in ("otter", "heron")
    ]
    invites = [invite_of(source) for source in sources]
    leecher = ground.leecher("me")
    for invite in invites:
        connect(leecher, invite)
    leecher.fetch(song)
    told = leecher.progress(song, 0.4).done
    leecher.kill()
    kept = song.intact(leecher.part(song))
    assert told <= kept < len(song.data)

    leecher = ground.leecher("me")
    path = Path(leecher.done(song).path)
    assert path.read_bytes() == song.data
    rest = len(song.data) - kept
    last = leecher.transfer(song)
    assert last is not None
    fetched = sum(source.received for source in last.sources)
    assert rest <= fetched <= rest + 0.002 * len(song.data)
    sent = sent_by(sources, len(song.data))
    print(
        f"kept {kept}, fetched {fetched}, sent in all {sent} of {len(song.data)}: {sent / len(song.data) - 1:.2%}"
    )
    assert sent <= 1.02 * len(song.data)
    assert not leecher.part(song).exists() and not leecher.map(song).exists()


def invite_of(source: Leecher) -> str:
    """An invite to a driven peer that shares something by now."""
    source.listening()
    source.until(lambda: (v := source.view(LibraryView)) and v.files, "its shares")
    return source.ask(MakeInvite()).value


def connect(leecher: Leecher, invite: str) -> None:
    """Dials."""
    answer = leecher.ask(Connect(invite))
    assert answer.ok, answer.text


def sent_by(sources: list[Leecher], least: int) -> int:
    """Bytes these driven sources sent in all, once it is `least`; ends them."""

    def total() -> int:
        views = [source.view(StatusView) for source in sources]
        return sum(view.up_total for view in views if view is not None)

    def enough() -> bool:
        for source in sources:
            source.catch_up()
        return total() >= least

    for source in sources:
        source.until(enough, "its last bytes to be told")
    for source in sources:
        source.end()
        source.catch_up()
    return total()


def test_a_leecher_killed_while_it_finishes_has_the_file_whole_or_not_yet(ground: Ground) -> None:
    """One kill at each step from the whole-file check to the list on disk; each start mends what the last one left."""
    songs = [track(f"{point}.bin", 200_000) for point in POINTS]
    seeder = ground.seeder("otter", *songs)
    for point, song in zip(POINTS, songs, strict=True):
        leecher = ground.leecher("me", before=("tests.e2e.dies", point, song.name))
        leecher.listening()
        leecher.meet(seeder)
        leecher.post(Download(song.content, len(song.data), song.name))  # it may be dead before it answers
        assert leecher.until_gone() == -signal.SIGKILL
        target, part = leecher.downloads / song.name, leecher.part(song)
        assert target.exists() == (point in ("linked", "unlinked", "placed")), point
        assert part.exists() == (point not in ("unlinked", "placed")), point
        assert (target if target.exists() else part).read_bytes() == song.data
    leecher = ground.leecher("me")
    leecher.listening()
    leecher.meet(seeder)
    for song in songs:
        leecher.done(song)
        assert (leecher.downloads / song.name).read_bytes() == song.data
    left = sorted(path.name for path in leecher.downloads.rglob("*") if path.is_file())
    assert left == sorted(song.name for song in songs)


def test_a_killed_seeder_that_comes_back_elsewhere_serves_again(ground: Ground) -> None:
    song = track("mix.bin", 2_500_000)
    seeder = ground.seeder("otter", song, max_upload_rate=1_000_000)
    leecher = ground.leecher("me")
    leecher.listening()
    leecher.meet(seeder)
    leecher.fetch(song)
    before = leecher.progress(song, 0.3)
    seeder.kill()
    leecher.until(lambda: not leecher.connected(seeder.ready["peer_id"]), "the loss to be noticed")
    stalled = leecher.reach(song, TransferState.STALLED)
    assert stalled.reason and before.done <= stalled.done < len(song.data)

    back = ground.seeder("otter", song)
    assert back.ready["peer_id"] == seeder.ready["peer_id"] and back.address != seeder.address
    assert Path(leecher.done(song).path).read_bytes() == song.data


def test_sigterm_in_a_transfer_keeps_all_of_it(ground: Ground) -> None:
    song = track("mix.bin", 4_000_000)
    seeder = ground.seeder("otter", song, max_upload_rate=1_500_000)
    leecher = ground.leecher("me")
    leecher.listening()
    leecher.meet(seeder)
    leecher.fetch(song)
    done = leecher.progress(song, 0.3).done
    started = time.monotonic()
    assert leecher.end() == 0
    took = time.monotonic() - started
    print(f"ended in {took:.2f} s")
    assert took < 3
    assert leecher.map(song).exists()
    kept = song.intact(leecher.part(song))
    assert done <= kept < len(song.data)

    daemon = ground.seeder("me")  # goes on with what another front end of the home began
    started = time.monotonic()
    assert daemon.end() == 0
    assert time.monotonic() - started < 3
    assert song.intact(leecher.part(song)) >= kept

    leecher = ground.leecher("me")
    view = leecher.done(song)
    assert Path(view.path).read_bytes() == song.data
    assert sum(source.received for source in view.sources) <= len(song.data) - kept
