"""Removes the demo's folder when the demo itself could not: `python -m slskmesh.demo.janitor ROOT`.

Rules:
- Started before anything else of the demo, it waits for the end of its standard input, which the kernel brings
  about even when the demo is killed. After an orderly end the folder is gone and there is nothing to do.
- It waits until no engine holds a home in the folder and no process names it on its command line, so that nothing is
  taken away from under a peer that is still ending, nor made again by one that was only just starting; after
  `PATIENCE` seconds it removes the folder all the same.
- It touches nothing but a folder that carries the demo's prefix.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Final

PREFIX: Final = "slskmesh-demo-"
PATIENCE: Final = 20.0
_LOOK_EVERY: Final = 0.1
_ROUNDS: Final = 100
_SURE: Final = (
    5  # looks in a row that found nothing: a peer past its deadline may still write, and so make it again
)


def main(argv: list[str] | None = None) -> int:
    """Waits and cleans; returns the exit code."""
    args = sys.argv[1:] if argv is None else argv
    root = Path(args[0]) if len(args) == 1 else Path()
    if not root.name.startswith(PREFIX):
        print(f"slskmesh: {root} is not a folder of the demo", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    deadline = time.monotonic() + PATIENCE
    while (any_named(root) or any_held(root)) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY)
    gone = 0
    for _ in range(_ROUNDS):
        shutil.rmtree(root, ignore_errors=True)
        gone = 0 if root.exists() else gone + 1
        if gone == _SURE:
            return 0
        time.sleep(_LOOK_EVERY)
    return 1


def any_held(root: Path) -> bool:
    """Whether an engine holds a home below `root`."""
    return any(_held(lock) for lock in (*root.glob("peers/*/lock"), *root.glob("user/lock")))


def any_named(root: Path) -> bool:
    """Whether another process was started with something below `root`; False where the kernel does not tell."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue  # ended, or not ours to read
        if process.name != str(os.getpid()) and os.fsencode(root) in line:
            return True
    return False


def _held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


if __name__ == "__main__":
    sys.exit(main())
