"""Rates in made-up time."""

from __future__ import annotations

import pytest

from slskmesh.swarm.rates import Rate, ServiceRate, Tally


def test_a_steady_flow_is_told_from_the_start_and_fades_afterwards() -> None:
    rate = Rate(100.0)
    for step in range(1, 101):
        rate.add(10_000, 100.0 + step / 10)
        if step >= 5:
            assert rate.value(100.0 + step / 10) == pytest.approx(100_000, rel=0.15)
    assert rate.value(113.0) < 40_000
    assert rate.value(160.0) == 0.0


def test_waiting_for_requests_does_not_count_against_a_source_but_silence_does() -> None:
    rate = ServiceRate()
    rate.busy(0.0)
    for step in range(1, 21):
        rate.add(50_000, step / 10)
    rate.idle()
    assert rate.value(500.0) == pytest.approx(500_000)
    rate.busy(500.0)
    assert rate.value(510.0) < 150_000
    assert rate.steady() == pytest.approx(500_000)


def test_nothing_is_known_before_the_first_byte() -> None:
    rate = ServiceRate()
    rate.busy(0.0)
    assert rate.value(5.0) == rate.steady() == 0.0


def test_a_tally_forgets_after_an_hour() -> None:
    tally = Tally()
    tally.add("a", 100, 0.0)
    tally.add("a", 50, 1800.0)
    tally.add("b", 7, 1800.0)
    assert tally.value("a", 3500.0) == 150
    assert tally.value("a", 3700.0) == 50
    assert tally.value("a", 9000.0) == tally.value("b", 9000.0) == 0
    assert not tally._sums and not tally._slots
