"""The search bench's own arithmetic and data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.bench import search_data
from tests.bench.contenders import searching
from tests.bench.contenders.searching import HITS_MAX
from tests.bench.search_index import compare, line_of, race


def test_the_same_files_and_queries_every_time(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    search_data.write(path, 3000)
    rows = list(search_data.read(path))
    assert rows == list(search_data.rows(3000)) and len({(row.folder, row.name) for row in rows}) > 2990
    queries = search_data.queries(path, 3000)
    assert queries == search_data.queries(path, 3000) and len(queries) == 200
    kinds = Counter(kind for kind, _ in queries)
    assert kinds["miss"] == kinds["nowhere together"] == kinds["ending"] == 20 and kinds["exclusion"] == 40
    assert all("*" in text for kind, text in queries if kind == "ending")
    assert sum(not name.isascii() for row in rows for name in (row.folder,)) > 100


def test_hits_are_compared_by_rule() -> None:
    queries = [("a", "joga"), ("b", "wall -live"), ("c", "many"), ("d", "x *oga")]
    ours = [["A\\Jóga.flac", "A\\joga.flac"], ["W\\wall.mp3"], ["m"] * HITS_MAX, ["x\\Jóga", "x\\yoga"]]
    theirs = [["A\\joga.flac"], ["W\\wall.mp3"], [], ["x\\yoga", "x\\other oga"]]
    found = compare(queries, ours, theirs)
    assert (found["compared"], found["alike"], found["hits"]) == (3, 1, 3)
    assert (found["folded"], found["only_ours"], found["only_theirs"]) == (2, 0, 1)
    assert found["examples"] == [["theirs", "x *oga", "x\\other oga"]]
    assert compare([("b", "wall")], [["wall"]], [[]])["only_ours"] == 1


def test_targets_are_held_against_the_figures_of_one_run() -> None:
    figures = {
        "ours": {"per_s": 300.0, "per_own_s": 600.0, "rss_mib": 100.0, "turns": [300.0, 100.0, 330.0]},
        "nicotine": {"per_s": 20.0, "per_own_s": 30.0, "rss_mib": 299.0, "turns": [20.0, 20.0, 10.0]},
        "aioslsk": {"skipped": "aioslsk is not installed"},
    }
    hits = {"ours": [["wall"]], "nicotine": [["wall"]]}
    line = line_of(10, [("one", "wall")], figures, hits)
    assert line["ratio_nicotine"] == 15.0 and line["ratio_nicotine_own_time"] == 20.0
    assert line["memory_nicotine"] == 0.334
    assert line["met"] == {"ratio": True, "memory": False, "hits": True}
    assert "ratio_aioslsk" not in line and line["figures"] is figures


def test_rates_are_of_all_queries_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "TURN", 0.0)
    asked: list[str] = []
    figures = searching.timed(asked.append, ["a", "b"])
    assert asked == ["a", "b"] * figures["rounds"] and figures["per_s"] > 0


def test_a_small_race_of_all_that_are_installed(tmp_path: Path) -> None:
    rows, asked = tmp_path / "rows.tsv", tmp_path / "queries.json"
    search_data.write(rows, 500)
    queries = search_data.queries(rows, 500, 20)
    asked.write_text(json.dumps(queries))
    names = ["ours", "nicotine", "aioslsk"]
    figures = race(names, rows, asked, tmp_path)
    hits = {}
    for name in names:
        if "skipped" in figures[name]:
            assert figures[name]["skipped"].endswith("is not installed")
        else:
            hits[name] = json.loads((tmp_path / name / f"hits-{name}.json").read_text())
    line = line_of(500, queries, figures, hits)
    assert figures["ours"]["turns"] and figures["ours"]["rss_mib"] > 1 and len(hits["ours"]) == 20
    assert line["hits_aioslsk"]["hits"] > 0
    if "nicotine" in hits:
        assert line["met"]["hits"] and line["hits_nicotine"]["hits"] > 0
