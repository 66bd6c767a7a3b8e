"""The demo with the terminal app: you among the peers, with a guided tour.

Rules:
- The app holds the engine's client through `DemoClient`, which dials the porch in the app's thread and keeps the reply
  to itself; the app and the engine are the real ones. Every other peer is found through the table.
- The plot runs on a thread of its own and starts with the download of the mix, whoever starts that. The Soulseek server
  goes and comes back when the person says so (`:demo server stop`); that thread does it.
- What the tour says is in `demo/guided.py`.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from slskmesh.demo.guided import SERVER, script_rows, tour_rows
from slskmesh.demo.legacy import YOU
from slskmesh.demo.network import Network
from slskmesh.demo.plot import Act, Plot
from slskmesh.engine.client import Batch, EngineClient
from slskmesh.engine.commands import Command, Connect
from slskmesh.engine.events import Reply
from slskmesh.engine.interrupts import Interrupted, Interrupts
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import StatusView, TransfersView
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.modes import Times
from slskmesh.paths import Home
from slskmesh.settings import Settings, load_settings

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

SECONDS: Final = 25.0  # about how long the mix takes: time to look at its map
TIMES: Final = Times(unavailable_after=5.0, check_every=2.0, stable=5.0)  # seconds; a tour has no minutes
PATIENCE: Final = 10  # seconds without the Soulseek server before mesh-only mode
RESCUE_OVER: Final = 8  # seconds a transfer must be too slow
_TICK: Final = 0.2
_SAID_MAX: Final = 1000  # words of processes taken in at one tick


class DemoClient:
    """An EngineClient around the engine's: dials one invite once the engine listens, and watches the mix."""

    attached = False

    def __init__(self, inner: EngineClient, invite: str, big: int) -> None:
        self._inner = inner
        self._big = big
        self._invite = invite
        self._ours = 0  # the number of our own dial
        self.progress = 0.0  # of the mix, 0..1

    def start(self, wake: Callable[[], None]) -> None:
        """As EngineClient."""
        self._inner.start(wake)

    def post(self, command: Command) -> int:
        """As EngineClient."""
        return self._inner.post(command)

    def drain(self) -> Batch:
        """As EngineClient, without the reply to the demo's own dial."""
        batch = self._inner.drain()
        for view in batch.views:
            if isinstance(view, StatusView) and view.listening and not self._ours:
                self._ours = self._inner.post(Connect(self._invite))
            elif isinstance(view, TransfersView):
                mix = next((t for t in view.transfers if t.size == self._big), None)
                self.progress = mix.done / mix.size if mix is not None else self.progress
        events = tuple(e for e in batch.events if not (isinstance(e, Reply) and e.request == self._ours))
        return Batch(batch.views, events, batch.dropped) if len(events) < len(batch.events) else batch

    def stop(self, timeout: float = 5.0) -> bool:
        """As EngineClient."""
        return self._inner.stop(timeout)


class Director(threading.Thread):
    """Plays the plot while the app runs, and does with the Soulseek server what the person wants.

    A failure ends the plot only; it is kept in `error`.
    """

    def __init__(self, network: Network, client: DemoClient) -> None:
        super().__init__(name="demo plot", daemon=True)
        self._network = network
        self._client = client
        self._curtain = threading.Event()
        self._orders: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._served = True
        self.error: SlskmeshError | None = None

    def run(self) -> None:
        """The thread's work."""
        plot = Plot(kill_leecher=False)
        mortal = self._network.find(mortal=True)
        # The kernel ends a peer with the thread that started it (`serve.end_with_parent`), so this one stays.
        while not self._curtain.wait(_TICK):
            self._serve()
            if self.error is not None:
                continue
            try:
                self._listen()
                act = None if plot.over else plot.step(self._client.progress, time.monotonic())
                if act is Act.KILL_SEEDER:
                    self._network.kill(mortal)
                elif act is Act.RETURN_SEEDER:
                    self._network.start(mortal)
            except SlskmeshError as error:
                self.error = error
            except Interrupted:
                return  # a signal: the main thread ends everything

    def stop(self) -> None:
        """Ends the plot; returns when the thread is gone."""
        self._curtain.set()
        self.join()

    def command(self, argument: str) -> str:
        """`:demo server stop` and `:demo server start`; from any thread. UserError: it is neither, or nothing to do."""
        if argument not in SERVER:
            raise UserError(f"demo takes {' or '.join(SERVER)}")
        wanted = argument == SERVER[1]
        if wanted is self._served:
            raise UserError(f"the Soulseek server {'runs' if wanted else 'is stopped'} already")
        self._served = wanted
        self._orders.put(wanted)
        return "the Soulseek server starts again" if wanted else "the Soulseek server is killed"

    def _serve(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                if self._orders.get_nowait():
                    self._network.soulseek.start_server()
                else:
                    self._network.soulseek.stop_server()

    def _listen(self) -> None:
        """Takes in what the processes said: the returning peer's new place, the server's."""
        for _ in range(_SAID_MAX):
            if self._network.take(time.monotonic()) is None:
                return


Show = Callable[[DemoClient, "Settings", Director, Network], int]


def run_interactive(
    frontend: Callable[..., int], *, peers: int, size_mb: int, seed: int, say: Callable[[str], None]
) -> int:
    """Builds the network, shows the app, removes everything; returns the app's exit code."""

    def show(client: DemoClient, settings: Settings, director: Director, network: Network) -> int:
        demo = ("demo", "the demo's Soulseek server: stop it, start it", SERVER, director.command)
        return frontend(client, settings=settings, tour=tour_rows(network), commands=(demo,))

    return _on_network(show, peers=peers, size_mb=size_mb, seed=seed, say=say)


def run_pictures(
    take: Callable[..., Sequence[Path]],
    folder: Path,
    *,
    peers: int,
    size_mb: int,
    seed: int,
    say: Callable[[str], None],
) -> int:
    """Builds the network, has each pane of the real app pictured into `folder`, removes everything."""

    def show(client: DemoClient, settings: Settings, director: Director, network: Network) -> int:
        demo = ("demo", "the demo's Soulseek server: stop it, start it", SERVER, director.command)
        rows = script_rows(network)
        for path in take(client, settings=settings, script=rows, folder=folder, commands=(demo,)):
            say(str(path))
        return 0

    return _on_network(show, peers=peers, size_mb=size_mb, seed=seed, say=say)


def _on_network(
    show: Show,
    *,
    peers: int,
    size_mb: int,
    seed: int,
    say: Callable[[str], None],
) -> int:
    with Interrupts() as interrupts:
        network = Network(interrupts, peers=peers, size_mb=size_mb, seed=seed, seconds=SECONDS, say=say)
        try:
            network.build()
            return _with_user(show, network)
        finally:
            interrupts.close()
            interrupts.again()
            network.close()


def _engine(home: Home, mailbox: Mailbox) -> Engine:
    from slskmesh.engine.engine import Engine

    # Settings of the person's environment are not for the demo.
    return Engine(home, mailbox, env={}, mode_times=TIMES)


def _with_user(show: Show, network: Network) -> int:
    logging.getLogger("slskmesh").addHandler(logging.NullHandler())  # else warnings are drawn over the screen
    home = network.user_home(YOU, patience=PATIENCE, rescue_over=RESCUE_OVER)
    client = DemoClient(EngineThread(home, _engine), network.porch.invite, network.big_size)
    director = Director(network, client)
    director.start()
    try:
        code = show(client, load_settings(home, {}), director, network)
    finally:
        director.stop()
        client.stop()
    if director.error is not None:
        print(f"slskmesh: {director.error}", file=sys.stderr)
    return code
