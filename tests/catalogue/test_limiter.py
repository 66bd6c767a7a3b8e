"""The limiter in virtual time: the rate, the order, the rest after failures, the bounds."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.catalogue.limiter import (
    INTERVAL,
    JITTER,
    LONGEST_WAIT,
    QUEUE_MAX,
    RETRY_AFTER_MAX,
    Limiter,
    QueueFullError,
    Ticket,
)
from slskmesh.work import Origin

USER, AUTOMATION, REMOTE = Origin.USER, Origin.AUTOMATION, Origin.REMOTE


def limiter(seed: int = 1) -> Limiter:
    return Limiter(random.Random(seed))


def drain(queue: Limiter, now: float = 0.0) -> list[tuple[float, Ticket]]:
    """All waiting requests with the times at which they go."""
    gone = []
    while (wait := queue.wait(now)) is not None:
        now += wait
        ticket = queue.take(now)
        assert ticket is not None
        gone.append((now, ticket))
    return gone


@given(st.lists(st.sampled_from(list(Origin)), max_size=40))
def test_they_go_a_second_apart_the_persons_first_each_origin_in_order(origins: list[Origin]) -> None:
    queue = limiter()
    tickets = [queue.ask(origin) for origin in origins]
    gone = drain(queue, 5.0)
    assert [at for at, _ in gone] == [5.0 + INTERVAL * i for i in range(len(origins))]
    rank = list(Origin).index
    assert [ticket for _, ticket in gone] == sorted(tickets, key=lambda one: (rank(one.origin), one.number))


@given(st.lists(st.integers(0, 200), max_size=60))
def test_no_two_start_within_a_second_whenever_they_come(gaps: list[int]) -> None:
    queue, now = limiter(), 0.0
    starts: list[float] = []
    for gap in gaps:
        now += gap / 64  # exact in binary
        if len(queue) < 5:
            queue.ask(USER)
        if queue.take(now) is not None:
            starts.append(now)
    assert all(later - earlier >= INTERVAL for earlier, later in itertools.pairwise(starts))


def test_whoever_joins_later_with_more_right_moves_a_request_up() -> None:
    queue = limiter()
    first, second = queue.ask(AUTOMATION), queue.ask(AUTOMATION)
    queue.promote(second, REMOTE)
    assert second.origin is AUTOMATION
    queue.promote(second, USER)
    assert [ticket for _, ticket in drain(queue)] == [second, first]


def test_who_leaves_is_not_sent() -> None:
    queue = limiter()
    first, second = queue.ask(USER), queue.ask(USER)
    assert queue.leave(first) and not queue.leave(first)
    assert [ticket for _, ticket in drain(queue)] == [second]
    assert not queue.leave(second)


@given(st.integers(1, 30), st.integers(0, 99))
def test_rest_doubles_from_two_seconds_to_five_minutes(fails: int, seed: int) -> None:
    queue, now = limiter(seed), 0.0
    for fail in range(fails):
        rest = queue.failed(now)
        plain = min(LONGEST_WAIT, 2.0 * 2**fail)
        assert plain <= rest <= min(LONGEST_WAIT, plain * (1 + JITTER))
        assert queue.backoff(now) == pytest.approx(rest)
        queue.ask(USER)
        assert queue.take(now + rest * 0.99) is None
        now += rest
        assert queue.take(now + 1e-6) is not None
        now += 1
    queue.answered()
    assert queue.backoff(now) == 0.0 and queue.failed(now) <= 2.0 * (1 + JITTER)


def test_what_the_host_asked_for_is_the_least_but_not_for_ever() -> None:
    assert limiter().failed(0.0, 30.0) == 30.0
    assert limiter().failed(0.0, 0.5) >= 2.0
    assert limiter().failed(0.0, 1e12) == RETRY_AFTER_MAX


def test_a_full_queue_refuses_and_others_leave_room_for_the_person() -> None:
    queue = limiter()
    room: dict[Origin, int] = {}
    for origin in reversed(Origin):
        with pytest.raises(QueueFullError):
            for _ in range(QUEUE_MAX + 1):
                queue.ask(origin)
        room[origin] = len(queue)
    assert room[REMOTE] < room[AUTOMATION] < room[Origin.GATEWAY] < room[USER] == QUEUE_MAX
