"""`slskmesh attach`: the terminal app on what runs already, and how every other command finds that.

Rules: a home that is held is reached by its socket (engine/attach_place.py); where that does not answer the error is
the one of a busy home, code 3. Leaving lets go of the engine, which goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slskmesh.errors import HomeBusyError, UserError
from slskmesh.paths import Home

if TYPE_CHECKING:
    from slskmesh.engine.attach_client import AttachedEngine


def run_attach(home: Path) -> int:
    """Shows the terminal app on what runs on a home until the person leaves; returns its exit code."""
    from slskmesh.cli.frontend import need_terminal

    need_terminal("`slskmesh --help` lists the commands that need none")
    error = held(home)
    if error is None:
        raise UserError(f"nothing runs on {home}: start `slskmesh daemon`, or `slskmesh` by itself")
    return show_attached(home, error)


def show_attached(home: Path, error: HomeBusyError) -> int:
    """The terminal app on a home that is held, as `error` says."""
    from slskmesh.cli.frontend import load_frontend
    from slskmesh.cli.logfile import log_to
    from slskmesh.settings import load_settings

    settings = load_settings(home)
    client = attach_to(home, error, screen=True)
    log_to(client.home, turn=False)
    return int(load_frontend()(client, settings=settings))


def attach_to(home: Path, error: HomeBusyError, *, screen: bool = False) -> AttachedEngine:
    """What holds a home, attached to. HomeBusyError with the words of `error`: it does not answer. TurnedAway."""
    from slskmesh.engine.attach_client import NobodyAnswers, attach

    try:
        return attach(home, screen=screen)
    except NobodyAnswers as why:
        raise HomeBusyError(f"{error}, and {why}") from why


def held(home: Path) -> HomeBusyError | None:
    """Who holds a home, in words; None: nobody."""
    place = Home(home)
    if place.lock.exists():
        try:
            with place.hold():
                pass
        except HomeBusyError as error:
            return error
    return None
