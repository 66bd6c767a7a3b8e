"""Who fetches what on one release: the core, and two peers' jobs that talk."""

import hashlib
import random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from slskmesh.errors import PeerError
from slskmesh.jobs.cache_jobs import CacheJobs
from slskmesh.jobs.collab import JOBS_PER_PEER, PEERS_MAX, TELL_SECONDS, Hearsay, Work, work_order
from slskmesh.mbid import mbid_bytes
from slskmesh.wire.messages import CacheItem, CacheJob
from tests.jobs.doubles import ME, content, mbid, peer
from tests.swarm.memory import MemoryRouter, MemorySession

RELEASE = mbid(1)


def word(*items: CacheItem, job: int = 1, release: str = RELEASE, is_open: bool = True) -> CacheJob:
    return CacheJob(job.to_bytes(8, "big"), mbid_bytes(release), is_open, items)


def item(number: int, done: bool = False) -> CacheItem:
    return CacheItem(content(number), number, done)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9).map(content)), unique_by=lambda want: want[0]),
    st.dictionaries(st.integers(0, 9).map(content), st.integers(1, 4)),
)
def test_what_nobody_else_fetches_comes_first_and_nothing_is_left_out(
    wants: list[tuple[int, bytes]], others: dict[bytes, int]
) -> None:
    order = work_order(wants, others, ME)
    assert sorted(order) == sorted(key for key, _ in wants)
    counts = [others.get(dict(wants)[key], 0) for key in order]
    assert counts == sorted(counts)
    assert order == work_order(list(reversed(wants)), others, ME)


def test_two_peers_begin_at_different_tracks() -> None:
    wants = [(n, content(n)) for n in range(20)]
    firsts = {work_order(wants, {}, hashlib.sha256(bytes([n])).digest())[0] for n in range(8)}
    assert len(firsts) >= 4


def test_what_peers_say_is_counted_and_forgotten() -> None:
    hearsay = Hearsay()
    hearsay.hear(peer(1), word(item(1), item(2, done=True)), 0)
    hearsay.hear(peer(2), word(item(1)), 0)
    hearsay.hear(peer(3), word(item(1), release=mbid(2)), 0)
    assert hearsay.fetching(RELEASE) == {content(1): 2}
    assert hearsay.tellers(RELEASE) == {peer(1), peer(2)}
    hearsay.hear(peer(1), word(is_open=False), 1)
    assert hearsay.fetching(RELEASE) == {content(1): 1}
    hearsay.forget(peer(2))
    assert hearsay.tellers(RELEASE) == set()


def test_nonsense_and_floods_cost_the_peer_and_tables_are_bounded() -> None:
    hearsay = Hearsay()
    with pytest.raises(PeerError, match="one content twice"):
        hearsay.hear(peer(1), word(item(1), item(1)), 0)
    with pytest.raises(PeerError, match="at no place"):
        hearsay.hear(peer(1), word(CacheItem(content(1), 0, False)), 0)
    with pytest.raises(PeerError, match="too often"):
        for number in range(100):
            hearsay.hear(peer(2), word(item(1), job=number), 0)
    for number in range(1000):
        hearsay.hear(peer(3), word(item(1), job=number), float(number))
    assert len(hearsay._peers[peer(3)].jobs) == JOBS_PER_PEER
    for number in range(PEERS_MAX + 100):
        hearsay.hear(peer(10 + number), word(item(1)), 0)
    assert len(hearsay._peers) == PEERS_MAX


def test_only_who_was_asked_or_told_us_is_told_and_not_too_often() -> None:
    work = Work(RELEASE, b"12345678")
    connected = [peer(1), peer(2), peer(3)]
    work.ask([peer(1), peer(9)])
    assert work.tell(connected, set(), 0) == []  # nothing to tell yet
    work.show([item(1), item(1)])
    assert work.tell(connected, {peer(2)}, 0) == [
        (one, CacheJob(b"12345678", mbid_bytes(RELEASE), True, (item(1),))) for one in (peer(1), peer(2))
    ]
    assert work.tell(connected, {peer(2)}, 100) == []  # nothing new
    work.show([item(1, done=True)])
    assert [one for one, _ in work.tell(connected, {peer(2)}, 101)] == [peer(1), peer(2)]
    work.show([item(2)])
    assert work.tell(connected, {peer(2)}, 101 + TELL_SECONDS / 2) == []
    assert len(work.tell(connected, {peer(2)}, 101 + TELL_SECONDS)) == 2
    work.forget(peer(2))
    assert [(one, last.open, last.items) for one, last in work.end()] == [(peer(1), False, ())]


class Side:
    """One peer's cache jobs on a router in memory."""

    def __init__(self, number: int) -> None:
        self.peer = peer(number)
        self.router = MemoryRouter()
        self.jobs = CacheJobs(self.router, self.peer, trio.current_time, random.Random(number))


def test_peers_on_one_release_tell_each_other_and_strangers_hear_nothing() -> None:
    async def main() -> None:
        one, two, stranger = Side(1), Side(2), Side(3)
        async with trio.open_nursery() as nursery:
            ends = []
            for other in (two, stranger):
                here, there = (
                    MemorySession(one.router, other.peer, 0),
                    MemorySession(other.router, one.peer, 0),
                )
                here.other, there.other = there, here
                for side in (here, there):
                    nursery.start_soon(side.pump)
                    for opened in side.router.opened:
                        opened(side)
                ends.append((here, there))
            for side in (one, two, stranger):
                nursery.start_soon(side.jobs.run)
            wants = [(n, content(n)) for n in range(1, 9)]
            one.jobs.begin(1, RELEASE)
            one.jobs.asked(1, RELEASE, [two.peer])
            first = one.jobs.order(RELEASE, wants)[0]
            one.jobs.show(1, RELEASE, [item(first)])
            await trio.sleep(1)
            two.jobs.begin(7, RELEASE)
            order = two.jobs.order(RELEASE, wants)
            assert order[-1] == first
            two.jobs.show(7, RELEASE, [item(order[0])])
            await trio.sleep(TELL_SECONDS + 1)
            assert one.jobs.order(RELEASE, wants)[-1] == order[0]  # two answered, though it was never asked
            one.jobs.show(1, RELEASE, [item(first, done=True)])
            await trio.sleep(TELL_SECONDS + 1)
            assert two.jobs._hearsay.fetching(RELEASE) == {}
            one.jobs.end(1, RELEASE)
            await trio.sleep(1)
            assert two.jobs._hearsay.tellers(RELEASE) == set()
            assert ends[1][0].log == [] and stranger.jobs._hearsay.tellers(RELEASE) == set()
            ends[0][0].close("shutdown")
            assert two.jobs._sessions == {}
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))
