"""The fabric bench's own arithmetic."""

from __future__ import annotations

from tests.bench.fabric import Figures, line_of


def figures(rates: list[float]) -> Figures:
    one = Figures()
    one.rates, one.times = rates, [float(n) for n in range(1, 201)]
    return one


def test_ratios_are_medians_of_rounds_and_targets_are_held_against_them() -> None:
    found = {
        name: {"bare": figures([100.0, 200.0, 50.0]), "fabric": figures([90.0, 100.0, fabric])}
        for name, fabric in (("calls_1", 45.0), ("calls_64", 10.0), ("stream", 20.0))
    }
    line = line_of(found, 3)
    assert line["ratios"] == {"calls_1": 0.9, "calls_64": 0.5, "stream": 0.5}
    assert line["met"] == {"calls_1": True, "calls_64": True, "stream": False}
    assert line["figures"]["calls_1"]["bare"]["per_s"] == 100.0
    assert line["figures"]["stream"]["fabric"]["mb_s"] == round(90 * 64 * 32768 / 1e6, 1)
    assert line["figures"]["calls_1"]["bare"]["p50_ms"] == 100.5
