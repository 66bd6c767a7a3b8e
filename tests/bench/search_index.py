"""How fast searches of other users are answered, beside aioslsk's SharesManager and Nicotine+'s search.

    python -m tests.bench.search_index [--files 1000000] [--only ours,nicotine,aioslsk] [--limit 100]
        [--keep DIR]

The same made-up files (`search_data`) and the same 200 mixed queries for all: 1 to 4 words, common and rare, misses,
exclusions, *endings; at most `--limit` files an answer (100 is what this client and aioslsk send, 300 Nicotine+'s own
default). Each contender builds and searches in a process of its own, so that memory is its own; they search in turns,
so that what else the machine does meets all alike. One that cannot be imported is left out, with the reason. Prints one
JSON line: `ratio_nicotine` is queries/s over Nicotine+'s (target 15), `ratio_nicotine_own_time` the same by the time a
processor spent on them, `memory_nicotine` our memory over theirs (target a third), `load` the machine's.

Hits are compared for every query that finds fewer than 2,000 files. What differs is told by the rule that makes it
differ: accents are folded here (`folded`: our hits whose words are the asked ones but for accents and case), words are
parted at signs that Nicotine+ does not know as punctuation (`parted`), aioslsk wants what a wildcard's words all have.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import search_data
from tests.bench.contenders.searching import HITS_MAX
from tests.bench.processes import Child, ChildError

CONTENDERS = {"ours": "slskmesh", "nicotine": "pynicotine", "aioslsk": "aioslsk"}
RATIO = 15.0
SHARE_OF_MEMORY = 1 / 3
TURNS = 7
SECONDS = 40.0  # of turns, after which a slow contender has no further one
PATIENCE = 1800.0
_WORD = re.compile(r"\w+")


def build(
    name: str, rows: Path, queries: Path, folder: Path, stack: ExitStack
) -> tuple[Child, dict[str, Any]]:
    """One contender, ready to search, and what building cost. ChildError: why there is none."""
    if importlib.util.find_spec(CONTENDERS[name]) is None:
        raise ChildError(f"{CONTENDERS[name]} is not installed")
    print(f"{name} ...", file=sys.stderr)
    arguments = (name, str(rows), str(queries), str(folder / name))
    child = stack.enter_context(Child("tests.bench.contenders.searching", *arguments))
    return child, child.line(PATIENCE)


def race(names: list[str], rows: Path, queries: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Figures of all contenders, who search in turns; `skipped` says why one has none. `turns` are all of one's."""
    figures: dict[str, dict[str, Any]] = {}
    children: dict[str, Child] = {}
    with ExitStack() as stack:
        for name in names:
            try:
                children[name], figures[name] = build(name, rows, queries, folder, stack)
            except ChildError as error:
                figures[name] = {"skipped": str(error)[-500:]}
        turns: dict[str, list[dict[str, Any]]] = {name: [] for name in children}
        spent = dict.fromkeys(children, 0.0)
        for _ in range(TURNS):
            for name, child in children.items():
                if spent[name] < SECONDS:
                    before = time.monotonic()
                    child.write("turn\n")
                    turns[name].append(child.line(PATIENCE))
                    spent[name] += time.monotonic() - before
        for name, child in children.items():
            child.write("hits\n")
            memory = child.line(PATIENCE)
            middle = {key: statistics.median(turn[key] for turn in turns[name]) for key in turns[name][0]}
            figures[name] |= middle | memory | {"turns": [turn["per_s"] for turn in turns[name]]}
    return figures


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The middle one of the turns' ratios, of turns side by side: what else the machine does meets both."""
    return round(statistics.median(mine / other for mine, other in zip(ours, theirs, strict=False)), 2)


def plainly(query: str, path: str) -> bool:
    """Whether a path is asked for letter by letter, as clients that fold nothing see it."""
    words = set(_WORD.findall(path.lower().replace("_", " ")))
    for part in query.lower().split():
        if part.startswith("-"):
            if part[1:] in words:
                return False
        elif part.startswith("*"):
            if not any(word.endswith(part[1:]) for word in words):
                return False
        elif not words.issuperset(_WORD.findall(part)):
            return False
    return True


def compare(queries: list[tuple[str, str]], ours: list[list[str]], theirs: list[list[str]]) -> dict[str, Any]:
    """Hits side by side: queries compared and alike, and files that only one has, by the rule."""
    found: dict[str, Any] = {
        "compared": 0,
        "alike": 0,
        "hits": 0,
        "folded": 0,
        "only_ours": 0,
        "only_theirs": 0,
    }
    examples: list[list[str]] = []
    for (_, text), mine, other in zip(queries, ours, theirs, strict=True):
        if max(len(mine), len(other)) >= HITS_MAX:
            continue
        left, right = set(mine), set(other)
        found["compared"] += 1
        found["alike"] += left == right
        found["hits"] += len(left & right)
        for path in left - right:
            kind = "only_ours" if plainly(text, f"{search_data.SHARE}\\{path}") else "folded"
            found[kind] += 1
            if kind == "only_ours":
                examples.append(["ours", text, path])
        found["only_theirs"] += len(right - left)
        examples += [["theirs", text, path] for path in right - left]
    return found | ({"examples": examples[:3]} if examples else {})


def line_of(
    files: int, queries: list[tuple[str, str]], figures: dict[str, Any], hits: dict[str, Any]
) -> dict[str, Any]:
    """The line that is printed."""
    line: dict[str, Any] = {"bench": "search_index", "files": files, "queries": len(queries)}
    ours = figures.get("ours", {})
    for other in ("nicotine", "aioslsk"):
        theirs = figures.get(other, {})
        if "per_s" in ours and "per_s" in theirs:
            line[f"ratio_{other}"] = ratio(ours["turns"], theirs["turns"])
            line[f"ratio_{other}_own_time"] = round(ours["per_own_s"] / theirs["per_own_s"], 2)
            line[f"memory_{other}"] = round(ours["rss_mib"] / theirs["rss_mib"], 3)
            line[f"hits_{other}"] = compare(queries, hits["ours"], hits[other])
    if "ratio_nicotine" in line:
        found = line["hits_nicotine"]
        line["met"] = {
            "ratio": line["ratio_nicotine"] >= RATIO,
            "memory": line["memory_nicotine"] <= SHARE_OF_MEMORY,
            "hits": found["only_ours"] == found["only_theirs"] == 0,
        }
    return line | {"figures": figures}


def main() -> None:
    """See the head of this file."""
    parser = argparse.ArgumentParser(description="Searches over many shared names, beside other clients.")
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--only", default=",".join(CONTENDERS))
    parser.add_argument("--keep", type=Path, help="a folder for what is made, kept")
    parser.add_argument("--limit", type=int, default=100, help="files of an answer, of all contenders")
    options = parser.parse_args()
    os.environ["SEARCH_BENCH_LIMIT"] = str(options.limit)  # of the contenders
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="slskmesh-search-") as temporary:
        base = options.keep or Path(temporary)
        base.mkdir(parents=True, exist_ok=True)
        rows, asked = base / "rows.tsv", base / "queries.json"
        search_data.write(rows, options.files)
        queries = search_data.queries(rows, options.files)
        asked.write_text(json.dumps(queries))
        figures = race(options.only.split(","), rows, asked, base)
        hits = {
            name: json.loads((base / name / f"hits-{name}.json").read_text())
            for name, one in figures.items()
            if "per_s" in one
        }
        line = line_of(options.files, queries, figures, hits) | {"limit": options.limit}
        line["load"] = [round(one[0], 1) for one in (before, os.getloadavg())]
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
