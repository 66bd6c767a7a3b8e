"""An engine for one command: the one that runs on the home already, or one for the time of the command.

The home is held by such an engine meanwhile. One that another instance holds is reached by its socket and goes on after
the command; where that does not answer the command ends with code 3. What an engine logs goes to the log of the home,
never between the lines of a command.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from slskmesh.cli.attach import attach_to
from slskmesh.cli.logfile import log_to
from slskmesh.engine.client import EngineClient
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.events import Event
from slskmesh.engine.interrupts import Interrupts
from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.views import PeerState, PeersView, StatusView
from slskmesh.errors import HomeBusyError, SlskmeshError, UserError
from slskmesh.paths import Home
from slskmesh.settings import load_settings

_SHOWN_TIMEOUT: Final = 30.0  # seconds for what runs to show itself


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


def engine_of(home: Path) -> EngineClient:
    """An engine for a home that is set up: what runs there, attached, else one that is not started yet.

    UserError: it is not set up. HomeBusyError: what holds it does not answer.
    """
    try:
        log_to(ready_home(home))
    except HomeBusyError as error:
        client = attach_to(home, error)
        log_to(client.home, turn=False)
        return client
    from slskmesh.engine.thread import EngineThread

    return EngineThread(home)


@contextlib.contextmanager
def running(home: Path, on_event: Callable[[Event], None] | None = None) -> Iterator[Console]:
    """A console on a running engine. One of this command listens and is stopped in order, also by a signal; one that
    ran before is let go of.
    """
    client = engine_of(home)
    console = Console(client, on_event)
    with Interrupts() as interrupts:
        try:
            with interrupts.hold():
                console.start()
            if client.attached:
                console.wait_view(StatusView, lambda view: True, _SHOWN_TIMEOUT, "the running engine")
            else:
                console.listening()
            yield console
        finally:
            interrupts.close()
            console.stop()


def wait_for_peers(console: Console, patience: float) -> int:
    """Waits until every known peer that is being dialled answered or failed; returns how many are connected.

    SlskmeshError if none is connected after `patience` seconds.
    """
    with contextlib.suppress(TimedOut):
        console.wait_for(lambda: _peers_settled(console), patience, "a peer")
    count = _connected(console)
    if not count:
        raise SlskmeshError("no peer is connected: use `slskmesh connect INVITE`, or wait longer with --wait")
    return count


def has_account(home: Path) -> bool:
    """Whether the settings name a Soulseek account."""
    return bool(load_settings(home).soulseek.username)


def wait_online(home: Path, console: Console, patience: float) -> ModeView:
    """Waits for the session with the Soulseek server.

    UserError: there is no account. SlskmeshError with the engine's words: there is no session after `patience` seconds,
    or there will be none.
    """
    if not has_account(home):
        raise UserError("no Soulseek account is set: `slskmesh account set NAME`")

    def settled() -> bool:
        view = console.latest(ModeView)
        return view is not None and view.phase in ("online", "stopped")

    with contextlib.suppress(TimedOut):
        console.wait_for(settled, patience, "the Soulseek server")
    mode = console.latest(ModeView)
    if mode is None or mode.phase != "online":
        words = [str(part) for part in (mode.what, mode.todo) if part] if mode is not None else []
        raise SlskmeshError("; ".join(words) or "not on the Soulseek server")
    return mode


def wait_for_some(home: Path, console: Console, patience: float) -> None:
    """Waits for whoever can be asked: peers that are dialled, and the Soulseek server where there is an account.

    SlskmeshError: after `patience` seconds there is neither.
    """
    account = has_account(home)
    if not account:
        wait_for_peers(console, patience)
        return

    def settled() -> bool:
        mode, peers = console.latest(ModeView), console.latest(PeersView)
        served = mode is not None and mode.phase in ("online", "stopped", "waiting")
        return served and peers is not None and (not _dialled(peers) or _peers_settled(console))

    with contextlib.suppress(TimedOut):
        console.wait_for(settled, patience, "a network")
    mode = console.latest(ModeView)
    if not _connected(console) and (mode is None or mode.phase != "online"):
        why = f" ({mode.what})" if mode is not None and mode.what else ""
        raise SlskmeshError(
            f"neither a peer nor the Soulseek server is connected{why}; wait longer with --wait"
        )


def _dialled(view: PeersView) -> bool:
    return any(peer.state in (PeerState.CONNECTED, PeerState.DIALLING) for peer in view.peers)


def _peers_settled(console: Console) -> bool:
    """Whether a peer is connected and none is being dialled."""
    view = console.latest(PeersView)
    return (
        view is not None
        and any(peer.state is PeerState.CONNECTED for peer in view.peers)
        and not any(peer.state is PeerState.DIALLING for peer in view.peers)
    )


def _connected(console: Console) -> int:
    view = console.latest(PeersView)
    return sum(peer.state is PeerState.CONNECTED for peer in view.peers) if view is not None else 0
