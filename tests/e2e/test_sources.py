"""Sources as they are: one slow line among fast ones, two who want the same, files that vanish or change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slskmesh.engine.commands import Connect, MakeInvite, Search
from slskmesh.engine.events import SearchEnded
from slskmesh.identity.key import load_or_create
from slskmesh.overlay.invite import make_invite
from tests.e2e.ground import Ground, track
from tests.e2e.slowlink import SlowLink

SLOW = 50_000  # bytes per second


@pytest.fixture
def links() -> Iterator[list[SlowLink]]:
    """Lines that are cut at the end."""
    made: list[SlowLink] = []
    yield made
    for link in made:
        link.close()


def test_a_slow_line_stays_quick_for_messages_and_holds_nobody_up(
    ground: Ground, links: list[SlowLink]
) -> None:
    song = track("quiet song.bin", 5_000_000)
    slow, fast = ground.seeder("tortoise", song), ground.seeder("otter", song, max_upload_rate=1_500_000)
    link = SlowLink(slow.address, SLOW)
    links.append(link)
    leecher = ground.leecher("me", "--ping-every", "0.6")
    leecher.listening()
    key = load_or_create(slow.home / "identity.pem")
    assert leecher.ask(Connect(make_invite(key, [link.address], time.time() + 3600))).ok
    leecher.fetch(song)
    leecher.progress(song, 0.01)  # the slow one is sending
    leecher.meet(fast)
    who = slow.ready["peer_id"]
    trips: list[float] = []
    waits: list[float] = []
    while (now := leecher.transfer(song)) is None or now.state.value not in ("done", "failed"):
        asked = time.monotonic()
        if len(waits) < 5:
            leecher.events.clear()
            leecher.post(Search("quiet song"))
            leecher.until(lambda: any(isinstance(e, SearchEnded) for e in leecher.events), "an answer")
            waits.append(time.monotonic() - asked)
        else:
            leecher.until(lambda: leecher.transfer(song) != now, "progress")
        peer = leecher.peer(who)
        assert peer is not None
        trips.append(peer.rtt or 0.0)
    done = leecher.done(song)
    assert Path(done.path).read_bytes() == song.data
    share = {source.peer: source.received for source in done.sources}
    print(
        f"rtt {max(trips):.3f} s, answers {max(waits):.3f} s, slow one {share.get(who, 0) / len(song.data):.1%}"
    )
    assert 0 < max(trips) < 0.5
    assert max(waits) < 1.0
    assert share.get(fast.ready["peer_id"], 0) > 0.9 * len(song.data)


def test_two_who_want_the_same_serve_each_other(ground: Ground) -> None:
    song = track("mix.bin", 2_200_000)
    seeder = ground.seeder("otter", song, max_upload_rate=600_000)
    one, two = ground.leecher("one"), ground.leecher("two")
    for leecher in (one, two):
        leecher.listening()
    assert two.ask(Connect(one.ask(MakeInvite()).value)).ok
    for leecher in (one, two):
        leecher.meet(seeder)
    for leecher in (one, two):
        leecher.fetch(song)
    ends = [leecher.done(song) for leecher in (one, two)]
    given = []
    for leecher, end in zip((one, two), ends, strict=True):
        assert (leecher.downloads / song.name).read_bytes() == song.data
        given.append(sum(s.received for s in end.sources if s.peer != seeder.ready["peer_id"]))
    print(f"from each other: {[f'{size / len(song.data):.0%}' for size in given]}")
    assert min(given) > 0.1 * len(song.data)


@pytest.mark.parametrize("what", ["vanished", "changed"])
def test_a_source_whose_file_goes_away_says_so_and_another_finishes(ground: Ground, what: str) -> None:
    song = track("mix.bin", 3_000_000)
    losing = ground.seeder("otter", song, max_upload_rate=500_000)
    leecher = ground.leecher("me")
    leecher.listening()
    leecher.meet(losing)
    leecher.fetch(song)
    leecher.progress(song, 0.1)
    file = ground.root / "otter-share" / song.name
    if what == "vanished":
        file.unlink()
    else:
        file.write_bytes(song.data[::-1])
    print(leecher.noticed("does not offer this file any more", what))
    assert leecher.connected(losing.ready["peer_id"])
    leecher.meet(ground.seeder("heron", song))
    done = leecher.done(song)
    assert Path(done.path).read_bytes() == song.data and done.bad_chunks == 0
