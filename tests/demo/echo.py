"""Writes every line of standard input back: `python -m tests.demo.echo`."""

from __future__ import annotations

import sys

for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
