"""Opens the terminal app on a home, or offers to attach where another instance holds it."""

from __future__ import annotations

import sys
from pathlib import Path

from slskmesh.cli.doors import engine_with_doors
from slskmesh.cli.frontend import has_terminal, load_frontend, need_terminal
from slskmesh.cli.logfile import log_to
from slskmesh.engine.thread import EngineThread
from slskmesh.errors import HomeBusyError
from slskmesh.paths import Home
from slskmesh.settings import load_settings
from slskmesh.text import sanitize


def run_app(home: Path) -> int:
    """Shows the terminal app until the person leaves; returns its exit code.

    Where another instance holds the home it offers to attach to that.
    """
    if not has_terminal():
        _say_held(home)
    need_terminal("run `slskmesh daemon` to have no screen, or `slskmesh --help` for the other commands")
    settings = load_settings(home)
    place = Home(home).create()
    try:
        with place.hold():
            pass  # a second start says so before it takes the screen
    except HomeBusyError as error:
        return _offer(home, error)
    log_to(place)
    return int(load_frontend()(EngineThread(home, engine_with_doors), settings=settings))


def _say_held(home: Path) -> None:
    """HomeBusyError with a hint where the home is held: without a terminal nothing can be asked."""
    from slskmesh.cli.attach import held
    from slskmesh.engine.attach_client import answers

    error = held(home)
    if error is not None:
        hint = "; `slskmesh attach` in a terminal shows it" if answers(home) else ""
        raise HomeBusyError(f"{error}{hint}") from error


def _offer(home: Path, error: HomeBusyError) -> int:
    """Asks whether to attach to what holds the home. HomeBusyError: no, or it does not answer."""
    from slskmesh.cli.attach import show_attached
    from slskmesh.engine.attach_client import answers

    if not answers(home):
        raise error
    print(f"{sanitize(str(error), 2000)}.", file=sys.stderr)
    try:
        said = input("Attach to it? q lets go of it again, and it goes on. [Y/n] ").strip().lower()
    except EOFError:
        said = "n"
    if said not in ("", "y", "yes"):
        raise HomeBusyError(f"{error}; `slskmesh attach` shows it") from error
    return show_attached(home, error)
