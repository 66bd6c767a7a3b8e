"""The swarm bench's own arithmetic, and that its children never outlive or block it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.processes import Child, ChildError
from tests.bench.swarm import summary

SIZE = 100_000_000


def runs(*seconds: float, rss: float = 50.0) -> list[dict[str, Any]]:
    """Result lines of runs that took so long."""
    return [{"seconds": value, "peak_rss": int(rss * 2**20), "cpu": 1.0} for value in seconds]


def test_ratios_are_of_medians_and_plain_means_the_fastest_plain() -> None:
    line = summary(
        SIZE,
        {
            "mesh": runs(0.25, 0.2, 9.0),  # 400 MB/s
            "encrypted": runs(0.5, 0.5, 0.1),  # 200
            "plain": runs(0.5, 0.5, 0.5),
            "high": runs(0.2, 0.2, 0.2),  # 500
            "bare": runs(0.2, 0.25, 0.25),  # 400
        },
    )
    assert line["mb_s"]["mesh"]["median"] == 400.0
    assert line["ratios"] == {"mesh/encrypted": 2.0, "mesh/fastest_plain": 0.8, "mesh/bare": 1.0}
    assert line["met"] == {
        "mesh/encrypted": True,
        "mesh/fastest_plain": False,
        "mesh/bare": True,
        "peak_rss": True,
    }


def test_memory_is_judged_by_its_worst_run() -> None:
    line = summary(SIZE, {"mesh": runs(1.0) + runs(1.0, rss=101.0)})
    assert line["met"] == {"peak_rss": False} and line["ratios"] == {}


def test_a_child_that_fails_tells_why() -> None:
    with Child("tests.bench.contenders.bare", "seed", "/nowhere.pem", "/nowhere", "/nowhere") as child:
        with pytest.raises(ChildError, match="No such file"):
            child.line(20)


def test_a_child_that_says_nothing_is_not_waited_for() -> None:
    with Child("timeit", "-n", "1", "-r", "1", "import sys; sys.stdin.read()") as child:
        with pytest.raises(ChildError, match="said nothing"):
            child.line(0.1)
