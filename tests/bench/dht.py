"""The table of records: `python -m tests.bench.dht [--nodes 50,200,1000] [--seeds N] [--without-stock]`.

Whole networks in virtual time over one model of the net (`contenders/links.py`: round trips of 20 to 200 ms): the
product's nodes, k = 8, and beside them stock kademlia at the same k and at its own (20), in the same run. Prints one
JSON line a size: for each contender and task the share that succeeded, datagrams, bytes and virtual ms a task (means;
ms also as p95), and seconds of processor time; then one line of the growth over the sizes. Hellos
are the datagrams by which nodes that a task mentioned get to know each other. Tasks:

- publish, read: one writer's record under a key, read by another node
- publish_shared, read_shared: ten writers under one key, each reader wants all ten
- …_after_loss: the same reads when 40 % of the nodes are gone at once and nothing was said again; absent: no such key
- read_after_forgery: the same reads when forged, moved, prolonged and expired records were offered to all holders

Exit code 1 if a product's read fails, a forgery is accepted, or the cost of a publish or a read grows faster than
2.5 times the logarithm of the number of nodes.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from tests.bench.contenders import table_mesh, table_stock
from tests.bench.contenders.links import Costs, Measured

GROWTH_MAX = 2.5
GROWING = ("publish", "read")
READS = ("read", "read_shared", "read_after_forgery", "read_after_loss", "read_shared_after_loss")
STOCK = {"kademlia_k8": 8, "kademlia_k20": 20}

Measure = Callable[[int, int], Measured]


def task_line(costs: Costs) -> dict[str, float]:
    """One task's figures."""
    ordered = sorted(costs.ms)
    return {
        "tasks": len(ordered),
        "success": round(statistics.fmean(costs.good), 4),
        "whole": sum(good >= 1 for good in costs.good),
        "datagrams": round(statistics.fmean(costs.datagrams), 1),
        "of_these_hellos": round(statistics.fmean(costs.hellos), 1),
        "bytes": round(statistics.fmean(costs.bytes)),
        "ms": round(statistics.fmean(ordered)),
        "ms_p95": round(ordered[math.ceil(0.95 * len(ordered)) - 1]),
    }


def contender_line(measured: Measured, nodes: int, seeds: int, cpu: float) -> dict[str, Any]:
    """One contender's figures at one size; counts are sums over the seeds."""
    counts = dict(measured.counts)
    joins = counts.pop("join_datagrams") / (nodes * seeds)
    tasks = {task: task_line(costs) for task, costs in measured.costs.items()}
    return {"join_datagrams": round(joins, 1), "cpu_s": round(cpu, 1), **counts, **tasks}


def run(measure: Measure, nodes: int, seeds: int) -> dict[str, Any]:
    """One contender at one size, over all seeds."""
    began = time.process_time()
    measured = Measured()
    for seed in range(1, seeds + 1):
        measured.extend(measure(nodes, seed))
    return contender_line(measured, nodes, seeds, time.process_time() - began)


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The p of cost = c · log2(n)^p that fits best: 1 is growth like log(n)."""
    logs = [math.log(math.log2(size)) for size in sizes]
    return statistics.linear_regression(logs, [math.log(cost) for cost in costs]).slope


def fitted(sizes: Sequence[int], costs: Sequence[float]) -> dict[str, float]:
    """How costs grow: the last over the first, the exponent, and datagrams more for each doubling of the nodes."""
    line = statistics.linear_regression([math.log2(size) for size in sizes], costs)
    return {
        "ratio": round(costs[-1] / costs[0], 3),
        "exponent": round(exponent(sizes, costs), 3),
        "datagrams_a_doubling": round(line.slope, 2),
    }


def growth(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How the product's costs grow from the smallest size to the largest; empty for one size."""
    if len(lines) < 2:
        return {}
    sizes = [line["nodes"] for line in lines]
    allowed = GROWTH_MAX * math.log(sizes[-1]) / math.log(sizes[0])
    found: dict[str, Any] = {"sizes": sizes, "allowed": round(allowed, 2)}
    for task in GROWING:
        of_all = [line["mesh"][task]["datagrams"] for line in lines]
        hellos = [line["mesh"][task]["of_these_hellos"] for line in lines]
        found[task] = fitted(sizes, of_all)
        found[f"{task}_without_hellos"] = fitted(sizes, [a - b for a, b in zip(of_all, hellos, strict=True)])
    return found


def met(lines: Sequence[Mapping[str, Any]], grown: Mapping[str, Any]) -> dict[str, bool]:
    """What the project holds itself to."""
    meshes = [line["mesh"] for line in lines]
    found = {task: all(mesh[task]["success"] == 1 for mesh in meshes) for task in READS}
    found["forgeries"] = all(mesh["forged_accepted"] == 0 < mesh["forged_offered"] for mesh in meshes)
    for task in GROWING:
        if task in grown:
            found[f"growth_{task}"] = grown[task]["ratio"] <= grown["allowed"]
    return found


def sizes(text: str) -> list[int]:
    """Numbers of nodes, smallest first."""
    found = sorted({int(one) for one in text.split(",")})
    if found[0] < 20:
        raise argparse.ArgumentTypeError("a network has 20 nodes at least")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dht", description=__doc__)
    parser.add_argument("--nodes", type=sizes, default=[50, 200, 1000])
    parser.add_argument("--seeds", type=int, default=1, help="networks a size")
    parser.add_argument("--without-stock", action="store_true", help="the product alone")
    options = parser.parse_args(argv)
    contenders: dict[str, Measure] = {"mesh": table_mesh.measure}
    if not options.without_stock:
        contenders |= {name: partial(table_stock.measure, k=k) for name, k in STOCK.items()}
    lines = []
    for nodes in options.nodes:
        began = time.monotonic()
        line: dict[str, Any] = {"bench": "dht", "nodes": nodes, "seeds": options.seeds}
        line |= {name: run(measure, nodes, options.seeds) for name, measure in contenders.items()}
        lines.append(line | {"wall_s": round(time.monotonic() - began, 1)})
        print(json.dumps(lines[-1]), flush=True)
    grown = growth(lines)
    held = met(lines, grown)
    print(json.dumps({"bench": "dht", "growth": grown, "python": sys.version.split()[0], "met": held}))
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
