"""The gateway bench's own arithmetic, its loader, and the plain app it compares with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.bench.gateway import Figures, Loader, lost, ratio
from tests.bench.processes import Child


def test_ratios_and_losses_are_medians_of_neighbours() -> None:
    assert ratio([100.0, 50.0, 10.0], [200.0, 50.0, 100.0]) == 0.5
    assert lost([100.0, 200.0, 50.0], [95.0, 100.0, 50.0]) == 0.05
    assert lost([100.0], [110.0]) == -0.1


def test_rates_are_of_rounds_and_times_of_all_requests() -> None:
    figures = Figures()
    for count in (100, 300, 200):
        figures.add({"requests": count, "seconds": 2.0, "ms": [float(n) for n in range(1, count + 1)]})
    assert figures.summary() == {"per_s": 100.0, "p50_ms": 100.5, "p99_ms": 294.99}


def test_the_loader_asks_and_stops_when_told(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"[" + b" " * 1_000_000 + b"]")
    with (
        Child("tests.bench.contenders.gateway_bare", str(tmp_path)) as bare,
        Child("tests.bench.contenders.gateway_load") as child,
    ):
        url = f"http://127.0.0.1:{bare.line(60)['port']}/large"
        loader = Loader(child)
        told = loader.steady(url, "a key, a key, a key", 0.2)
        assert told["requests"] == len(told["ms"]) >= 4 and told["seconds"] >= 0.2
        paced: dict[str, Any] = {}
        with loader.pace(url, "a key, a key, a key", paced):
            pass
        assert paced["requests"] == len(paced["ms"])
        assert loader.steady(url, "a key, a key, a key", 0.1)["requests"] >= 4
