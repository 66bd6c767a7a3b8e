"""Faults of strangers cannot fill the event log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.faults import MINUTE, NOTICES_MAX, FaultLog
from slskmesh.identity.peerid import PeerId


def peer(number: int) -> PeerId:
    return PeerId(number.to_bytes(32, "big"))


def test_one_notice_a_peer_and_minute() -> None:
    log = FaultLog()
    assert [log.tell(peer(1), at) for at in (0, 1, 59, 60, 61)] == [True, False, False, True, False]
    assert log.tell(peer(2), 61)


def test_the_rest_is_told_as_one_line_when_the_minute_is_over() -> None:
    log = FaultLog()
    told = sum(log.tell(peer(number), number / 100) for number in range(500))
    assert told == NOTICES_MAX
    assert log.summary(59.0) == ""
    assert log.summary(61.0).startswith("480 more faults")
    assert log.summary(200.0) == ""


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 5)), max_size=300))
def test_never_more_than_the_bound_within_any_minute_and_nothing_is_uncounted(
    faults: list[tuple[int, float]],
) -> None:
    log, now, told, counted = FaultLog(), 0.0, [], 0
    for number, pause in faults:
        now += pause
        if log.tell(peer(number), now):
            told.append(now)
        counted += int((log.summary(now) or "0").split()[0])
    for start in told:
        assert sum(start <= at < start + MINUTE for at in told) <= NOTICES_MAX
    rest = int((log.summary(now + MINUTE + 1) or "0").split()[0])
    assert len(told) + counted + rest == len(faults)
