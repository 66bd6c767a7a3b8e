"""Two whole engines on one release at once: they share the work, and the holders send little more than once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slskmesh.demo import catalogue
from slskmesh.engine import commands as cmd
from slskmesh.engine.job_views import JobView
from slskmesh.engine.views import StatusView, TransferState, TransfersView
from slskmesh.identity.key import load_or_create
from slskmesh.identity.peerid import PeerId, parse_peer, peer_text
from slskmesh.jobs.cache_jobs import CacheJobs
from slskmesh.jobs.collab import work_order
from slskmesh.mbid import mbid_of
from slskmesh.overlay.port import Session
from slskmesh.paths import Home
from slskmesh.wire.messages import CacheJob
from tests.engine.nodes import WAIT, Node, add, ended, furnish, meet, musicbrainz, offer, render, running

SIZE = 6
RATE = 160_000  # bytes a second of each of two holders
TRACKS = catalogue.plan(SIZE, 11)
ALBUM = catalogue.album(TRACKS)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[tuple[PeerId, PeerId], list[CacheJob]]]:
    """What was said of jobs, by who heard it and who said it."""
    words: dict[tuple[PeerId, PeerId], list[CacheJob]] = {}
    hear = CacheJobs._heard

    def listening(self: CacheJobs, session: Session, message: CacheJob) -> None:
        words.setdefault((PeerId(self._own), session.peer), []).append(message)
        hear(self, session, message)

    monkeypatch.setattr(CacheJobs, "_heard", listening)
    yield words


def alike(root: Path, contents: list[bytes]) -> tuple[Path, Path]:
    """Homes of two peers that would both begin with the same track if they heard nothing of each other."""
    first: dict[bytes, Path] = {}
    for number in range(len(contents) + 1):
        home = furnish(root, f"me{number}", settings={"swarm": {"active": 1}})
        own = load_or_create(Home(home).identity).peer
        begins = contents[work_order(list(enumerate(contents)), {}, own)[0]]
        if begins in first:
            return first[begins], home
        first[begins] = home
    raise AssertionError("more peers than tracks, and no two alike")


def running_now(node: Node) -> str:
    """The content it fetches first."""

    def going(view: TransfersView) -> list[str]:
        return [one.transfer for one in view.transfers if one.state is not TransferState.QUEUED]

    return going(node.wait_view(TransfersView, lambda view: bool(going(view)), WAIT, "a download to run"))[0]


def test_two_jobs_on_one_release_share_the_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    heard: dict[tuple[PeerId, PeerId], list[CacheJob]],
) -> None:
    music = render(tmp_path / "music", ALBUM)
    total = sum(path.stat().st_size for path in music.rglob("*.flac"))
    slow = {"overlay": {"max_upload_rate": RATE}}
    with musicbrainz(TRACKS) as host:
        monkeypatch.setenv("SLSKMESH__MUSICBRAINZ__HOST", host)
        holders = [furnish(tmp_path, name, music, settings=slow) for name in ("otter", "heron")]
        with running([furnish(tmp_path, "door"), *holders]) as (door, otter, heron):
            meet(door, otter, heron)
            offer(otter, 4)
            offer(heron, 4)
            seen = otter.find(ALBUM.mbid, holders=1).plan
            assert seen is not None
            contents = [bytes.fromhex(track.variants[0].content) for track in seen.tracks]
            with running(list(alike(tmp_path, contents))) as (a, b):
                meet(door, a, b)
                meet(a, b)
                share_the_work(a, b, heard)
                jobs = [end for node in (a, b) if (end := node.latest(JobView))]
                assert [[track.phase for track in job.tracks] for job in jobs] == [["done"] * 4] * 2
            sent = 0
            for holder in (otter, heron):
                holder.ask(cmd.MakeInvite())
                sent += holder.wait_view(StatusView, lambda _: True, WAIT, "a status").up_total
            print(f"the holders sent {sent} of {total}: {sent / total:.2f} x")
            assert total <= sent <= 1.6 * total


def share_the_work(a: Node, b: Node, heard: dict[tuple[PeerId, PeerId], list[CacheJob]]) -> None:
    """Both fetch the release; b is told to as soon as it has heard of a."""
    ids = [parse_peer(node.listening().peer_id) for node in (a, b)]
    jobs = [add(a, "mb_release", ALBUM.mbid)]
    first = running_now(a)
    b.wait_for(lambda: (ids[1], ids[0]) in heard, WAIT, "the other's word of its job")
    jobs.append(add(b, "mb_release", ALBUM.mbid))
    assert running_now(b) != first
    for node, job in zip((a, b), jobs, strict=True):
        ended(node, job)
    words = heard[ids[0], ids[1]]
    assert mbid_of(bytes(words[0].release)) == ALBUM.mbid and words[0].items
    for node, other in ((a, ids[1]), (b, ids[0])):
        view = node.wait_view(TransfersView, lambda view: len(view.transfers) == 4, WAIT, "its transfers")
        sources = [one for transfer in view.transfers for one in transfer.sources]
        given = sum(one.chunks for one in sources if one.peer == peer_text(other))
        print(f"{peer_text(other)} gave {given} of {sum(one.chunks for one in sources)} chunks")
        assert given > 0
