"""What each contender's process prints: a ready line (seeder) or a result line (leecher)."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path


def say(**fields: object) -> None:
    """Prints one JSON line and flushes."""
    print(json.dumps(fields), flush=True)


def peak_rss() -> int:
    """Greatest resident size of this program in bytes.

    Not getrusage's ru_maxrss: Linux carries that over fork and exec, so it would show the bench's own size.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmHWM in /proc/self/status")


def say_result(seconds: float, **more: object) -> None:
    """The leecher's result: wall seconds, its own peak RSS in bytes and CPU seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = round(usage.ru_utime + usage.ru_stime, 3)
    say(seconds=seconds, peak_rss=peak_rss(), cpu=cpu, **more)


def wait_for_end() -> None:
    """Blocks until the bench closes our stdin."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
