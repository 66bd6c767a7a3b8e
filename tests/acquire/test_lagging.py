"""When a transfer underperforms, in virtual time."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire.lagging import AGAIN, AGAIN_MAX, STEADY, Rules, Watch
from slskmesh.soulseek.values import TransferPhase

RULES = Rules()
SIZE = 100_000_000
ACTIVE, REQUESTED = TransferPhase.ACTIVE, TransferPhase.REQUESTED


def first_trouble(
    rate: float,
    phase: TransferPhase = ACTIVE,
    seconds: int = 1000,
    done: int = 0,
    size: int = SIZE,
    *,
    throttled: bool = False,
    rules: Rules = RULES,
) -> tuple[int, str]:
    """The second in which there is trouble, and which; (-1, "") if there is none."""
    watch = Watch(0.0)
    for second in range(seconds):
        there = min(size, int(done + rate * second))
        if trouble := watch.look(rules, phase, size, there, float(second), throttled):
            return second, trouble
    return -1, ""


def test_slow_stalled_and_queued_each_at_their_time() -> None:
    assert first_trouble(10 * 1024) == (35, "10.0 KiB/s over 30 s")
    assert first_trouble(19.9 * 1024)[0] == 35
    assert first_trouble(20.1 * 1024) == (-1, "")
    assert first_trouble(0, done=5)[0] == 35  # nothing at all is slow too
    assert first_trouble(0, done=5, throttled=True)[0] == 65
    assert first_trouble(0, phase=REQUESTED) == (605, "no byte for 10 min: requested")
    assert first_trouble(0, phase=TransferPhase.QUEUED) == (-1, "")  # it waits for us
    assert first_trouble(0, phase=TransferPhase.PAUSED) == (-1, "")
    assert first_trouble(10 * 1024, rules=Rules(enabled=False)) == (-1, "")
    assert first_trouble(10 * 1024, throttled=True) == (-1, "")


def test_what_is_nearly_done_is_left_alone() -> None:
    assert first_trouble(10 * 1024, done=SIZE - 600_000, seconds=60)[0] == -1
    assert first_trouble(1024, done=SIZE - 600_000)[0] == 35


def test_beginning_again_and_again_is_still_waiting() -> None:
    watch = Watch(0.0)
    flapping = [TransferPhase.REQUESTED, TransferPhase.CONNECTING, TransferPhase.ACTIVE, TransferPhase.FAILED]
    when = next(t for t in range(2000) if watch.look(RULES, flapping[t // 10 % 4], SIZE, 7, float(t)))
    assert 600 <= when <= 650


def test_attempts_that_lead_nowhere_come_less_and_less_often() -> None:
    watch = Watch(0.0)
    at: list[float] = []
    for second in range(60_000):
        if watch.look(RULES, ACTIVE, SIZE, second * 100, float(second)):
            at.append(second)
            watch.put_off(float(second))
    gaps = [b - a for a, b in itertools.pairwise(at)]
    assert gaps[:3] == [AGAIN, 2 * AGAIN, 4 * AGAIN] and max(gaps) <= AGAIN_MAX + STEADY
    assert Watch(0.0).put_off(0.0, long=True) == AGAIN_MAX


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(TransferPhase), st.integers(0, 2 << 20), st.floats(0.5, 40)), max_size=80
    )
)
def test_a_lively_transfer_is_never_rescued_and_every_trouble_has_its_reason(
    steps: list[tuple[TransferPhase, int, float]],
) -> None:
    watch, now, done = Watch(0.0), 0.0, 0
    history: list[tuple[float, int]] = []
    for phase, more, seconds in steps:
        now += seconds
        done += more if phase is ACTIVE else 0
        history.append((now, done))
        trouble = watch.look(RULES, phase, 1 << 40, done, now)
        if not trouble:
            continue
        assert phase in (ACTIVE, REQUESTED, TransferPhase.CONNECTING, TransferPhase.FAILED)
        recent = [(at, there) for at, there in history if at >= now - RULES.over - 45]
        (begin, there), last = recent[0], recent[-1]
        if "KiB/s" in trouble and last[0] - begin >= RULES.over:
            assert (done - there) / (now - begin) < 3 * RULES.rate
        if "no byte" in trouble:
            byte = max(
                (at for (at, now_), (_, before) in zip(history[1:], history, strict=False) if now_ > before),
                default=0.0,
            )
            assert now - byte >= RULES.silent
