"""Opens the terminal app on a home.

The app is a plug: entry point group `slskmesh.frontends`, name `terminal`, called as
`app(client, settings=Settings, tour=rows or None) -> exit code`; `pictures` takes the documentation's pictures.
The app starts the client after its first frame; what the engine needs is imported then, on the engine's thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slskmesh.cli.doors import engine_with_doors
from slskmesh.cli.logfile import log_to
from slskmesh.engine.thread import EngineThread
from slskmesh.errors import UserError
from slskmesh.paths import Home
from slskmesh.settings import load_settings


def run_app(home: Path) -> int:
    """Shows the terminal app until the person leaves; returns its exit code."""
    need_terminal("run `slskmesh daemon` to have no screen, or `slskmesh --help` for the other commands")
    settings = load_settings(home)
    place = Home(home).create()
    with place.hold():
        pass  # a second start says so before it takes the screen
    log_to(place)
    return int(load_frontend()(EngineThread(home, engine_with_doors), settings=settings))


def need_terminal(instead: str) -> None:
    """UserError if there is no terminal to draw on; `instead` says what to do then."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UserError(f"this needs a terminal for input, output and errors; {instead}")


def load_frontend(name: str = "terminal") -> Callable[..., Any]:
    """The terminal app's entry of this name. UserError if it is not installed."""
    from importlib.metadata import entry_points

    for entry in entry_points(group="slskmesh.frontends", name=name):
        loaded: Callable[..., Any] = entry.load()
        return loaded
    raise UserError("the terminal app is not installed here; the other commands work: `slskmesh --help`")
