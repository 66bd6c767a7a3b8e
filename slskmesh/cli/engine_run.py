"""An engine for the time of one command: start, wait for peers, stop in order.

The home is held by that engine meanwhile; a home another instance holds ends the command with code 3.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.events import Event
from slskmesh.engine.interrupts import Interrupts
from slskmesh.engine.views import PeerState, PeersView
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.paths import Home
from slskmesh.settings import load_settings


def ready_home(home: Path) -> Home:
    """The home, made if need be, free, and set up. UserError if it is not set up, HomeBusyError if it is held."""
    settings = load_settings(home)
    place = Home(home).create()
    if not settings.configured:
        raise UserError(
            f"{home} is not set up yet: run `slskmesh` and answer its questions, "
            f'or write downloads = "FOLDER" under [library] in {place.config}'
        )
    with place.hold():
        pass
    return place


@contextlib.contextmanager
def running(home: Path, on_event: Callable[[Event], None] | None = None) -> Iterator[Console]:
    """A console on a running, listening engine; stopped in order at the end, also by a signal."""
    ready_home(home)
    from slskmesh.engine.thread import EngineThread

    console = Console(EngineThread(home), on_event)
    with Interrupts() as interrupts:
        try:
            with interrupts.hold():
                console.start()
            console.listening()
            yield console
        finally:
            interrupts.close()
            console.stop()


def wait_for_peers(console: Console, patience: float) -> int:
    """Waits until every known peer that is being dialled answered or failed; returns how many are connected.

    SlskmeshError if none is connected after `patience` seconds.
    """

    def settled() -> bool:
        view = console.latest(PeersView)
        return (
            view is not None
            and any(peer.state is PeerState.CONNECTED for peer in view.peers)
            and not any(peer.state is PeerState.DIALLING for peer in view.peers)
        )

    with contextlib.suppress(TimedOut):
        console.wait_for(settled, patience, "a peer")
    view = console.latest(PeersView)
    count = sum(peer.state is PeerState.CONNECTED for peer in view.peers) if view is not None else 0
    if not count:
        raise SlskmeshError("no peer is connected: use `slskmesh connect INVITE`, or wait longer with --wait")
    return count
