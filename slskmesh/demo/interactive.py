"""The demo with the terminal app: you among the peers, with a guided tour.

Rules:
- The app holds the engine's client through `DemoClient`, which dials the porch in the app's thread and keeps the reply
  to itself; the app and the engine are the real ones. Every other peer is found through the table.
- The plot runs on a thread of its own and starts with the download of the mix, whoever starts that.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from slskmesh.demo.catalogue import LABEL
from slskmesh.demo.network import Network, Peer
from slskmesh.demo.plot import Act, Plot
from slskmesh.engine.client import Batch, EngineClient
from slskmesh.engine.commands import Command, Connect
from slskmesh.engine.events import Reply
from slskmesh.engine.interrupts import Interrupts
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import StatusView, TransfersView
from slskmesh.errors import SlskmeshError
from slskmesh.paths import Home
from slskmesh.settings import Settings, load_settings

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

SECONDS: Final = 25.0  # about how long the mix takes: time to look at its map
_TICK: Final = 0.2


class DemoClient:
    """An EngineClient around the engine's: dials one invite once the engine listens, and watches the mix."""

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
    """Plays the plot while the app runs. A failure ends the plot only; it is kept in `error`."""

    def __init__(self, network: Network, client: DemoClient) -> None:
        super().__init__(name="demo plot", daemon=True)
        self._network = network
        self._client = client
        self._curtain = threading.Event()
        self.error: SlskmeshError | None = None

    def run(self) -> None:
        """The thread's work."""
        plot = Plot(kill_leecher=False)
        mortal = self._network.find(mortal=True)
        try:
            while not plot.over and not self._curtain.wait(_TICK):
                act = plot.step(self._client.progress, time.monotonic())
                if act is Act.KILL_SEEDER:
                    self._network.kill(mortal)
                elif act is Act.RETURN_SEEDER:
                    self._return(mortal)
        except SlskmeshError as error:
            self.error = error
        # The kernel ends a peer with the thread that started it (`serve.end_with_parent`), so this one stays.
        self._curtain.wait()

    def stop(self) -> None:
        """Ends the plot; returns when the thread is gone."""
        self._curtain.set()
        self.join()

    def _return(self, mortal: Peer) -> None:
        self._network.start(mortal)
        while not mortal.invite and not self._curtain.is_set():
            self._network.take(time.monotonic() + _TICK)


def tour_rows(network: Network) -> tuple[tuple[str, str, str], ...]:
    """The tour as plain rows: title, text, and the word for what ends the step ("" is left by hand)."""
    return (*_mesh_rows(network), *_swarm_rows(network))


def _mesh_rows(network: Network) -> tuple[tuple[str, str, str], ...]:
    album = f"{network.album.artist} {network.album.title}"
    return (
        (
            "A network of your own",
            f"{len(network.peers)} peers run on this machine, each with its own key and home. "
            "You hold one invite, to a porch that shares nothing.",
            "connected",
        ),
        (
            "A release",
            f"Press i, then tab for the mode “release”, type {album} and press enter: MusicBrainz is asked "
            "(here the demo's own).",
            "looked-up",
        ),
        (
            "Who has it",
            "Press enter on the album. The table of peers names its holders, each tells what it has; forged records "
            "are refused.",
            "resolved",
        ),
        ("A job", "Press A: a job fetches the album, each track from all who have it.", "job"),
        (
            "The jobs",
            "Press 3. The lower half has the tracks, the plan with its reasons, and events.",
            "jobs-pane",
        ),
    )


def _swarm_rows(network: Network) -> tuple[tuple[str, str, str], ...]:
    mix = network.artists[0]
    return (
        (
            "Search",
            f"Press 1 and i, tab twice for the mode “text”, type {mix} and press enter: the holders you have met "
            "are asked.",
            "found",
        ),
        (
            "Download",
            "Press enter on the long mix, then 4. Each cell of the map is a part of the file, each letter the peer it "
            "comes from.",
            "swarm-pane",
        ),
        (
            "A liar",
            "magpie sends false parts. A false part is refused, its sender named here, and the part fetched elsewhere.",
            "bad-chunk",
        ),
        (
            "A death",
            "comet is killed at two fifths of the mix and comes back; watch its letter. The download goes on.",
            "all-done",
        ),
        (
            "The peers",
            "Press 6: what each peer sent, verified and false. T trusts a peer, B blocks it.",
            "peers-pane",
        ),
        (
            "That is all",
            "? shows the keys of any pane, ctrl+q leaves; the demo then removes every trace of itself.",
            "",
        ),
    )


def script_rows(network: Network) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """What to do for a picture of each pane, as plain rows: (wait until, keys to press, picture's name)."""
    mix, album = network.artists[0], f"{network.album.artist} {network.album.title}"
    return (
        ("connected", ("i", "tab", *album, "enter"), ""),
        ("looked-up", (), "search-releases"),
        ("", ("enter",), ""),
        ("resolved", (), "search-release"),
        ("", ("i", "tab", "tab", "ctrl+u", *LABEL, "enter"), ""),
        ("found", (), ""),
        ("", ("j", "k"), "search"),
        ("", ("i", "ctrl+u", *mix, "enter"), ""),
        ("found", ("a",), ""),
        ("downloading", ("4",), ""),
        ("bad-chunk", (), ""),
        ("halfway", (), "swarm"),
        ("", ("c",), "swarm-by-source"),
        ("", ("1", "i", "tab", "escape", "A", "3"), ""),
        ("job", ("7",), "settings"),
        ("", ("3",), ""),
        ("job-shown", (), "jobs"),
        ("", ("6",), "peers"),
        ("", ("4", "?"), "keys"),
    )


def run_interactive(
    frontend: Callable[..., int], *, peers: int, size_mb: int, seed: int, say: Callable[[str], None]
) -> int:
    """Builds the network, shows the app, removes everything; returns the app's exit code."""

    def show(client: DemoClient, settings: Settings, network: Network) -> int:
        return frontend(client, settings=settings, tour=tour_rows(network))

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

    def show(client: DemoClient, settings: Settings, network: Network) -> int:
        for path in take(client, settings=settings, script=script_rows(network), folder=folder):
            say(str(path))
        return 0

    return _on_network(show, peers=peers, size_mb=size_mb, seed=seed, say=say)


def _on_network(
    show: Callable[[DemoClient, Settings, Network], int],
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

    return Engine(home, mailbox, env={})  # settings of the person's environment are not for the demo


def _with_user(show: Callable[[DemoClient, Settings, Network], int], network: Network) -> int:
    downloads = network.root / "user" / "downloads"
    home = network.home("user", network.settings("you") | {"library": {"downloads": str(downloads)}})
    downloads.mkdir()
    client = DemoClient(EngineThread(home, _engine), network.porch.invite, network.big_size)
    director = Director(network, client)
    director.start()
    try:
        code = show(client, load_settings(home, {}), network)
    finally:
        director.stop()
        client.stop()
    if director.error is not None:
        print(f"slskmesh: {director.error}", file=sys.stderr)
    return code
