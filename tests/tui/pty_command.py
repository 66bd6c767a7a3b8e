"""The `slskmesh` command, started on a pseudo-terminal by pty_harness.py."""

from __future__ import annotations

import sys

from slskmesh.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
