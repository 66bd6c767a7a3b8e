"""`slskmesh daemon` for the gateway bench: `python -m tests.bench.contenders.gateway_ours HOME`.

The very daemon, but for its ration of requests a second, which is there to be reached and is not what is measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slskmesh.cli.daemon import run_daemon
from slskmesh.gateway import guard


class Lifted(guard.Ration):
    """As many as come."""

    def __init__(self, per_second: float, at_once: int) -> None:
        super().__init__(per_second * 1_000, at_once)


if __name__ == "__main__":
    guard.Ration = Lifted  # type: ignore[misc]
    sys.exit(run_daemon(Path(sys.argv[1]), (), until_eof=True))
