"""A file from Nicotine+ to us beside Nicotine+ to Nicotine+: `python -m tests.bench.legacy_transfer [--size MiB]`.

One Nicotine+ (its core as it is installed, headless, driven as in `tests/e2e/nicotine.py`) shares a file of random
bytes over the demo's server and loopback. Each run has a new receiver of each kind, logged in before the clock: our
client with its list of downloads, and Nicotine+. The clock runs from the order to the word that the file is in the
downloads folder; every file is compared with the source outside it. One run that is not counted goes first, and the
order of the two changes with each run. Prints one JSON line of medians: MB/s (10^6 bytes), the receiver's peak RSS in
MiB and CPU seconds, `ratio` of the medians (target 1), and the machine's load.
Exit code 1 if the target is missed, 2 if a contender fails, 3 without Nicotine+.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.processes import Child, ChildError
from tests.bench.swarm import file_sha256, make_source, spread, work_root
from tests.demo.soulseek_line import ServerProcess
from tests.e2e.nicotine import MISSING, Nicotine

PATIENCE = 600.0
SHARER = "sharer"
TARGET = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Ground(NamedTuple):
    """What all runs share: a work folder, the server, the file's network path, size and hash."""

    work: Path
    server: str
    path: str
    size: int
    sha256: str


class Fetched(NamedTuple):
    """One receiver's run."""

    seconds: float
    rss_mib: float
    cpu_s: float
    file: Path


def spent(pid: int) -> tuple[float, float]:
    """Peak resident MiB and CPU seconds of a process so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(peak) / 1024, (int(fields[11]) + int(fields[12])) / _TICKS


def fetch_ours(ground: Ground, name: str) -> Fetched:
    """To our client."""
    home = ground.work / name
    with Child("tests.bench.contenders.legacy_ours", str(home), ground.server, name) as child:
        child.line(PATIENCE)
        _, before = spent(child.pid)
        began = time.perf_counter()
        child.write(json.dumps({"user": SHARER, "path": ground.path, "size": ground.size}) + "\n")
        child.line(PATIENCE)
        seconds = time.perf_counter() - began
        peak, after = spent(child.pid)
    (file,) = [path for path in (home / "downloads").rglob("*") if path.is_file()]
    return Fetched(seconds, peak, after - before, file)


def fetch_nicotine(ground: Ground, name: str) -> Fetched:
    """To Nicotine+."""
    with Nicotine(ground.work, ground.server, name) as one:
        one.online()
        _, before = spent(one.pid)
        began = time.perf_counter()
        one.download(SHARER, ground.path, ground.size)
        one.finished(SHARER, ground.path, timeout=PATIENCE)
        seconds = time.perf_counter() - began
        peak, after = spent(one.pid)
    return Fetched(seconds, peak, after - before, one.downloads / ground.path.rpartition("\\")[2])


FETCHERS: dict[str, Callable[[Ground, str], Fetched]] = {"ours": fetch_ours, "nicotine": fetch_nicotine}


def one_run(kind: str, number: int, ground: Ground) -> Fetched:
    """One receiver of a kind. ChildError where it has another file than the source."""
    fetched = FETCHERS[kind](ground, f"{kind}{number}")
    if file_sha256(fetched.file) != ground.sha256:
        raise ChildError(f"{kind} fetched a file that is not the source")
    fetched.file.unlink()
    return fetched


def race(ground: Ground, runs: int) -> dict[str, list[Fetched]]:
    """All runs."""
    one_run("ours", 0, ground)
    results: dict[str, list[Fetched]] = {kind: [] for kind in FETCHERS}
    for number in range(1, runs + 1):
        for kind in sorted(FETCHERS, reverse=number % 2 == 0):
            results[kind].append(one_run(kind, number, ground))
    return results


def summary(size: int, results: dict[str, list[Fetched]]) -> dict[str, Any]:
    """The JSON line."""
    speeds = {kind: [size / 1e6 / run.seconds for run in runs] for kind, runs in results.items()}
    ratio = round(statistics.median(speeds["ours"]) / statistics.median(speeds["nicotine"]), 3)
    return {
        "bench": "legacy_transfer",
        "bytes": size,
        "runs": len(results["ours"]),
        "cores": len(os.sched_getaffinity(0)),
        "mb_s": {kind: spread(values) for kind, values in speeds.items()},
        "peak_rss_mib": {kind: spread([run.rss_mib for run in runs]) for kind, runs in results.items()},
        "cpu_s": {kind: spread([run.cpu_s for run in runs], 2) for kind, runs in results.items()},
        "ratio": ratio,
        "met": ratio >= TARGET,
    }


def measure(size: int, runs: int) -> dict[str, Any]:
    """The JSON line of so many runs with a file of `size` bytes."""
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(dir=work_root(size), prefix="slskmesh-bench-") as folder:
        work = Path(folder)
        source, digest = make_source(work / "source", size)
        with ServerProcess(work) as server:
            with Nicotine(work, server.address, SHARER, share=source.parent) as sharer:
                sharer.online()
                ground = Ground(work, server.address, f"Music\\{source.name}", size, digest)
                line = summary(size, race(ground, runs))
    return line | {"load": [round(one[0], 1) for one in (before, os.getloadavg())]}


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.legacy_transfer", description=__doc__)
    parser.add_argument("--size", type=int, default=300, help="file size in MiB")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    if MISSING:
        print(f"bench legacy_transfer: {MISSING}", file=sys.stderr)
        return 3
    try:
        line = measure(options.size << 20, options.runs)
    except (ChildError, AssertionError) as error:
        print(f"bench legacy_transfer: {error}", file=sys.stderr)
        return 2
    print(json.dumps(line))
    return 0 if line["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
