"""The pure cores of jobs: progress, retry, order."""

import inspect
import random

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.catalogue.objects import CatalogueError
from slskmesh.catalogue.objects import Trouble as CatalogueTrouble
from slskmesh.errors import PeerError, StorageError
from slskmesh.jobs.order import clipped, due, may_begin, moved, next_due
from slskmesh.jobs.progress import Piece, part, seconds_left, together, totals
from slskmesh.jobs.record import JobRecord
from slskmesh.jobs.retry import (
    CATALOGUE_MOST,
    JITTER,
    NO_SOURCE_MOST,
    Stopped,
    Trouble,
    delay_for,
    foremost,
    is_wrong_content,
    stopped_by,
)
from slskmesh.jobs.state import Phase, TrackPhase
from slskmesh.swarm import download
from tests.jobs.doubles import FULL, WRONG, spec

pieces = st.builds(
    Piece,
    st.sampled_from(TrackPhase),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.one_of(st.none(), st.integers(0, 10**7)),
)


@given(st.lists(pieces, max_size=30), st.floats(0, 1e9))
def test_progress_never_exceeds_its_total(some: list[Piece], rate: float) -> None:
    sums = totals(some)
    assert 0 <= sums.done <= sums.size
    assert 0 <= sums.served + sums.failed <= sums.tracks <= len(some)
    left = seconds_left(sums, rate)
    assert (left is None) == (rate == 0 or sums.size == 0)
    assert left is None or left >= 0


@given(st.lists(st.lists(pieces, max_size=8), max_size=5))
def test_parts_add_up_to_the_whole(parts: list[list[Piece]]) -> None:
    assert together(map(part, parts)) == totals([piece for some in parts for piece in some])


def test_sizes_are_estimated_by_length_then_by_the_mean() -> None:
    known = Piece(TrackPhase.QUEUED, 2_000, 500, 100)
    assert totals([known, Piece(TrackPhase.WANTED, 0, 0, 200)]).size == 6_000
    assert totals([known, Piece(TrackPhase.NO_SOURCE, 0, 0, None)]).size == 4_000
    assert totals([Piece(TrackPhase.WANTED, 0, 0, 200)]).size == 0
    here = Piece(TrackPhase.HAVE, 9_000, 0, 100)
    out = Piece(TrackPhase.SKIPPED, 9_000, 0, 100)
    assert totals([known, here, out]) == (2, 1, 0, 2_000, 500)
    assert seconds_left(totals([known]), 100.0) == 15.0


@given(st.sampled_from(Trouble), st.integers(0, 10**6), st.floats(0, 1e9), st.integers())
def test_delays_are_bounded_and_only_the_person_is_waited_for_without_one(
    trouble: Trouble, attempts: int, asked: float, seed: int
) -> None:
    delay = delay_for(trouble, attempts, random.Random(seed), asked)
    if trouble is Trouble.NO_SOURCE:
        assert delay is not None and 60 <= delay <= NO_SOURCE_MOST * (1 + JITTER)
    elif trouble is Trouble.CATALOGUE:
        assert delay is not None and 30 <= delay <= CATALOGUE_MOST * (1 + JITTER)
        assert delay >= min(asked, CATALOGUE_MOST)
    else:
        assert delay is None


def test_errors_have_their_class() -> None:
    for trouble in CatalogueTrouble:
        error = CatalogueError(trouble, "x", 40.0)
        gone = trouble in (CatalogueTrouble.NOT_FOUND, CatalogueTrouble.REFUSED)
        assert stopped_by(error).trouble is (Trouble.REFUSED if gone else Trouble.CATALOGUE)
    assert stopped_by(error).delay is None or stopped_by(error).delay == 40.0
    assert stopped_by(StorageError("x")).trouble is Trouble.STORAGE
    assert stopped_by(PeerError("x", "y")).trouble is Trouble.NO_SOURCE
    assert is_wrong_content(WRONG) and not is_wrong_content(FULL)
    several = [Stopped(Trouble.REFUSED, "a"), Stopped(Trouble.NO_SOURCE, "b"), Stopped(Trouble.STORAGE, "c")]
    first = foremost(several)
    assert first is not None and first.trouble is Trouble.STORAGE and foremost([]) is None


def test_the_swarm_says_of_a_wrong_file_what_is_looked_for() -> None:
    assert "\"every chunk was right but the whole file's SHA-256 is not" in inspect.getsource(download)


records = st.lists(
    st.tuples(st.sampled_from(Phase), st.one_of(st.none(), st.floats(0, 1000))), max_size=20
).map(lambda rows: [JobRecord(n, spec(), "", phase, retry_at=at) for n, (phase, at) in enumerate(rows)])


@given(records, st.integers(0, 5), st.floats(0, 1000))
def test_work_begins_in_order_and_within_its_places(jobs: list[JobRecord], active: int, now: float) -> None:
    begun = may_begin(jobs, active)
    working = sum(job.phase in (Phase.PLANNING, Phase.RUNNING) for job in jobs)
    queued = [job.job for job in jobs if job.phase is Phase.QUEUED]
    assert begun == queued[: len(begun)]
    assert len(begun) == min(len(queued), max(0, active - working))
    ready, at = due(jobs, now), next_due(jobs)
    assert bool(ready) == (at is not None and at <= now)
    assert all(jobs[number].phase is Phase.WAITING for number in ready)


@given(st.permutations(range(6)), st.integers(0, 5), st.integers(-9, 9))
def test_moving_changes_one_place(order: list[int], job: int, by: int) -> None:
    after = moved(order, job, by)
    assert sorted(after) == sorted(order)
    assert [one for one in after if one != job] == [one for one in order if one != job]
    assert after.index(job) == max(0, min(5, order.index(job) + by))


def test_times_too_far_ahead_are_brought_near() -> None:
    assert clipped({1: 50.0, 2: 5000.0}, 0.0, 100.0) == {2: 100.0}
