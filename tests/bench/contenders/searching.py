"""One contender of the search bench in its own process: builds, searches in turns, says how fast and how large it was.

    python -m tests.bench.contenders.searching NAME ROWS QUERIES DIR

Prints a JSON line after building. Then each "turn" on its stdin is one turn of searches and its line; at "hits"
it leaves what it found in DIR/hits-NAME.json and prints a last line. A contender is made by
`open_index(rows, folder)` of its module, after `build(rows, folder)` in a process of its own where it has one.
"""

from __future__ import annotations

import gc
import importlib
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT = int(os.environ.get("SEARCH_BENCH_LIMIT", "100"))  # files of an answer
HITS_MAX = 2_000  # of a query, when hits are compared
TURN = 1.0  # seconds

Search = Callable[[str, int], list[str]]  # a text and a limit to network paths below the share


def memory() -> dict[str, float]:
    """MiB of this process: all that is in memory, and what of it is its own (not pages of files)."""
    found = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key in ("VmRSS", "RssAnon"):
            found[key] = round(int(value.split()[0]) / 1024, 1)
    return {"rss_mib": found["VmRSS"], "own_mib": found["RssAnon"]}


def timed(search: Callable[[str], object], texts: list[str]) -> dict[str, Any]:
    """One turn: whole rounds over `texts` until TURN seconds have passed. Queries a second, by the clock and by this
    process's own time, and single times of the last round in ms.
    """
    rounds, times = 0, list[float]()
    started, own = time.perf_counter(), time.process_time()
    while not rounds or time.perf_counter() - started < TURN:
        times = []
        for text in texts:
            before = time.perf_counter()
            search(text)
            times.append(time.perf_counter() - before)
        rounds += 1
    spent, own = time.perf_counter() - started, time.process_time() - own
    ordered = sorted(times)
    return {
        "per_s": round(rounds * len(texts) / spent, 1),
        "per_own_s": round(rounds * len(texts) / own, 1) if own else 0.0,
        "rounds": rounds,
        "p50_ms": round(ordered[len(ordered) // 2] * 1e3, 3),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1e3, 3),
        "max_ms": round(ordered[-1] * 1e3, 3),
    }


def main() -> None:
    """See the head of this file."""
    name, rows, queries, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    contender = importlib.import_module(f"tests.bench.contenders.search_{name}")
    folder.mkdir(exist_ok=True)
    built: dict[str, Any] = {}
    if hasattr(contender, "build"):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            built = pool.apply(contender.build, (rows, folder))
        built["build_mib"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)
    started = time.perf_counter()
    raw, paths = contender.open_index(rows, folder)
    built["open_s"] = round(time.perf_counter() - started, 2)
    built["build_s"] = round(built.get("build_s", 0.0) + built["open_s"], 2)
    print(json.dumps(built), flush=True)
    texts = [text for _, text in json.loads(queries.read_text())]
    gc.collect()
    for order in sys.stdin:
        if order == "turn\n":
            print(json.dumps(timed(raw, texts)), flush=True)
        else:
            figures = memory()
            hits = [paths(text, HITS_MAX) for text in texts]
            (folder / f"hits-{name}.json").write_text(json.dumps(hits))
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
