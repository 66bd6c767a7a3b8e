"""The legacy transfer bench: its arithmetic, and a small file through both kinds of receivers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.legacy_transfer import Fetched, measure, spent, summary
from tests.e2e.nicotine import MISSING


def test_runs_side_by_side_are_held_against_the_target() -> None:
    def ran(*seconds: float) -> list[Fetched]:
        return [Fetched(one, 50.0, 1.0, Path("x")) for one in seconds]

    line = summary(100_000_000, {"ours": ran(1.0, 2.0, 4.0), "nicotine": ran(2.0, 2.0, 2.0)})
    assert (line["ratio"], line["met"], line["runs"]) == (1.0, True, 3)
    assert line["mb_s"]["ours"] == {"median": 50.0, "min": 25.0, "max": 100.0}
    assert not summary(100_000_000, {"ours": ran(2.1), "nicotine": ran(2.0)})["met"]


def test_what_a_process_has_spent() -> None:
    peak, cpu = spent(os.getpid())
    assert peak > 5 and cpu > 0


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_small_file_comes_whole_to_both() -> None:
    line = measure(2 << 20, 1)
    assert line["runs"] == 1 and line["bytes"] == 2 << 20
    assert all(line["mb_s"][kind]["median"] > 0 for kind in ("ours", "nicotine"))
