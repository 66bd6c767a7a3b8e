"""The terminal app as the command line has it: a plug, and whether there is a terminal to put it on.

Entry point group `slskmesh.frontends`, name `terminal`, called as `app(client, settings=Settings, tour=rows or None) ->
exit code`; `pictures` takes the documentation's pictures. The app starts the client after its first frame; what the
engine needs is imported then, on the engine's thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from slskmesh.errors import UserError


def has_terminal() -> bool:
    """Whether there is a terminal to draw on and to ask at."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def need_terminal(instead: str) -> None:
    """UserError if there is no terminal to draw on; `instead` says what to do then."""
    if not has_terminal():
        raise UserError(f"this needs a terminal for input, output and errors; {instead}")


def load_frontend(name: str = "terminal") -> Callable[..., Any]:
    """The terminal app's entry of this name. UserError if it is not installed."""
    from importlib.metadata import entry_points

    for entry in entry_points(group="slskmesh.frontends", name=name):
        loaded: Callable[..., Any] = entry.load()
        return loaded
    raise UserError("the terminal app is not installed here; the other commands work: `slskmesh --help`")
