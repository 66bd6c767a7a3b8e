"""The terminal app's speed: `python -m tests.bench.ui [--runs N] [--keys N] [--swarm] [--size MiB]`.

On a real pseudo-terminal of 120x36: first paint beside a minimal Textual app (in turn, from the start of the
process to the first row on the terminal), key to paint (a typed letter until the terminal gets the row that holds
it) while idle, while 2,000 results a second arrive (half of them from Soulseek users) and, with --swarm, while a
real swarm of four daemons is fetched in the same process; CPU and bytes to the terminal while idle; the time a quit
takes. Prints one JSON line; exit code 1 if a target is missed.
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
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.processes import Child
from tests.bench.swarm import SEEDERS, make_source, work_root, write_home
from tests.tui.pty_harness import Pty

SCRIPT = Path(__file__).parent / "contenders" / "ui.py"
SIZE = (120, 36)
RATE = 2000
FIRST = b"STARTING"
READY = b"MESH-ONLY"
LINE = "the quick brown fox jumps over it"
TARGETS = {
    "first_paint_ratio": 1.6,
    "idle_p95_ms": 50.0,
    "results_p95_ms": 50.0,
    "swarm_p95_ms": 50.0,
    "idle_cpu_percent": 0.5,
    "idle_bytes_s": 100.0,
    "quit_s": 1.5,
}


def on_terminal(*arguments: str) -> Pty:
    """The app (or the minimal one) on its terminal; modules are compiled once, as where it is installed."""
    return Pty(*arguments, size=SIZE, script=SCRIPT, env={"PYTHONDONTWRITEBYTECODE": ""})


def first_paint(mode: str) -> float:
    """Seconds from the start of the process to its first row on the terminal."""
    began = time.perf_counter()
    with on_terminal(mode) as term:
        term.wait_for(FIRST)
        seconds = time.perf_counter() - began
        term.wait_for(READY if mode != "minimal" else FIRST)
        term.send(b"\x11")
        term.ended()
    return seconds


def key_to_paint(term: Pty, keys: int, going: Callable[[], bool] = lambda: True) -> list[float]:
    """Milliseconds from a typed letter to the row that shows it, `keys` times or until `going` is False."""
    times: list[float] = []
    while len(times) < keys and going():
        mark = term.send(b":")
        term.wait_for(b"connect", start=mark)
        for end in range(3, len(LINE) + 1):
            if len(times) >= keys or not going():
                break
            if end == 3:
                mark = term.send(LINE[:2].encode())
                term.wait_for(LINE[:2].encode(), start=mark)
            began = time.perf_counter()
            mark = term.send(LINE[end - 1 : end].encode())
            term.wait_for(LINE[:end].rstrip().encode(), start=mark)
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.013)
        mark = term.send(b"\x15")
        term.send(b"\r")
        time.sleep(0.2)
    return times


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(keys: int, seconds: float) -> dict[str, float]:
    """Everything about an app where nothing happens."""
    with on_terminal("idle") as term:
        term.wait_for(b"disk")
        times = key_to_paint(term, keys)
        time.sleep(1.5)
        cpu, written, began = cpu_seconds(term.process.pid), len(term.output), time.perf_counter()
        time.sleep(seconds)
        gone = time.perf_counter() - began
        cpu, written = cpu_seconds(term.process.pid) - cpu, len(term.output) - written
        term.send(b"\x11")
        _, quitting = term.ended()
    return {
        **percentiles("idle", times),
        "idle_cpu_percent": round(100 * cpu / gone, 2),
        "idle_bytes_s": round(written / gone, 1),
        "quit_s": round(quitting, 3),
    }


def streaming(keys: int) -> dict[str, float]:
    """Keys while results arrive."""
    with on_terminal("results", str(RATE)) as term:
        term.wait_for(b"disk")
        mark = term.send(b"iharbour\r")
        term.wait_for(b"Night Ferry", start=mark)
        times = key_to_paint(term, keys)
        term.send(b"\x11")
        term.ended()
    return percentiles("results", times)


def swarming(keys: int, size: int) -> dict[str, float]:
    """Keys while a swarm is fetched in the same process, driven by keys alone."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=work_root(size))))
        source, _ = make_source(work / "source", size)
        invites = []
        for number in range(SEEDERS):
            home = work / f"seeder{number}"
            write_home(home, home / "downloads", [source.parent])
            daemon = stack.enter_context(Child("slskmesh", "daemon", "--home", str(home), "--until-eof"))
            invites.append(daemon.line(180)["invite"])
        write_home(work / "home", work / "downloads", [])
        term = stack.enter_context(on_terminal("swarm", str(work / "home")))
        term.wait_for(b"ISOLATED", 30)
        for invite in invites:
            term.send(b":connect " + invite.encode() + b"\r")
        term.wait_for(f"mesh {SEEDERS} peers".encode(), 30)
        end = time.monotonic() + 120
        while (
            f"{SEEDERS}/{SEEDERS} peers answered".encode() not in term.output
            or b"source.bin" not in term.output
        ):
            assert time.monotonic() < end, "the seeders did not answer"
            term.send(b":search source\r")
            time.sleep(1)
        mark = term.send(b"\r4")
        term.wait_for(b"availability", 30, start=mark)
        began = time.monotonic()
        times = key_to_paint(term, keys, lambda: term.output.find(b"1 of 1 done", mark) < 0)
        seconds = time.monotonic() - began
        finished = term.output.find(b"1 of 1 done", mark) >= 0
        term.send(b"\x11")
        term.ended(20)
    found = percentiles("swarm", times)
    return {
        **found,
        "swarm_keys": len(times),
        "swarm_seconds": round(seconds, 2),
        "swarm_finished": float(finished),
    }


def percentiles(name: str, times: list[float]) -> dict[str, float]:
    """p50 and p95."""
    if len(times) < 5:
        return {f"{name}_keys": float(len(times))}
    cuts = statistics.quantiles(times, n=20)
    return {f"{name}_p50_ms": round(statistics.median(times), 1), f"{name}_p95_ms": round(cuts[18], 1)}


def main() -> int:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of idling")
    parser.add_argument("--swarm", action="store_true")
    parser.add_argument("--size", type=int, default=1024, help="MiB the swarm fetches")
    asked = parser.parse_args()
    pairs = [(first_paint("minimal"), first_paint("idle")) for _ in range(asked.runs + 1)][1:]
    line: dict[str, Any] = {
        "minimal_first_paint_s": round(statistics.median(m for m, _ in pairs), 3),
        "first_paint_s": round(statistics.median(a for _, a in pairs), 3),
        "first_paint_ratio": round(statistics.median(a / m for m, a in pairs), 2),
        **idle(asked.keys, asked.idle),
        **streaming(asked.keys),
    }
    if asked.swarm:
        line |= swarming(asked.keys, asked.size * 1024 * 1024)
    line["met"] = {name: line[name] <= limit for name, limit in TARGETS.items() if name in line}
    print(json.dumps(line))
    return 0 if all(line["met"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
