"""Entry of a demo peer that is a bad source:
`python -m slskmesh.demo.peer --home DIR [--join INVITE] [--slow RATE] [--lie-every K]`.

It is the real engine; only what its sessions send as chunk data goes through `demo/faults.py`. It ends with the
process that started it.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from slskmesh.demo.faults import Faults, faulty_session
from slskmesh.engine.engine import Engine
from slskmesh.engine.serve import end_with_parent, json_line, serve
from slskmesh.engine.thread import EngineThread
from slskmesh.errors import SlskmeshError


def main(argv: list[str] | None = None) -> int:
    """Runs the peer until its parent is gone or a signal; returns the exit code."""
    parser = argparse.ArgumentParser(prog="slskmesh.demo.peer", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--join", action="append", default=[], metavar="INVITE", help="as the daemon's")
    parser.add_argument("--slow", type=int, default=0, metavar="RATE", help="bytes per second")
    parser.add_argument(
        "--lie-every", type=int, default=0, metavar="K", help="flip a byte in every K-th chunk"
    )
    args = parser.parse_args(argv)
    faults = Faults(rate=args.slow, lie_every=args.lie_every)
    end_with_parent()
    try:
        return serve(
            EngineThread(args.home, partial(Engine, session_type=faulty_session(faults))),
            json_line,
            tell_library=True,
            join=args.join,
        )
    except SlskmeshError as error:
        print(f"slskmesh: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
