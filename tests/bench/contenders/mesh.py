"""slskmesh as a contender, through the terminal app's port: `leech HOME NAME SEEDERS [--profile FOLDER]`.

Seeders are `slskmesh daemon` processes. The leecher reads their invites from stdin, one a line, connects to all
of them, searches for NAME until SEEDERS peers answer with it, and only then starts the clock: from the Download
command to the time the engine put the download in state DONE, after the whole-file check and the rename. `seen`
is when the list of transfers showed it, which is published twice a second.
"""

from __future__ import annotations

import cProfile
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from slskmesh.engine.commands import Command, Connect, Download, Search
from slskmesh.engine.events import Event, Found, Reply
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import (
    HitView,
    PeerState,
    PeersView,
    TransferState,
    TransfersView,
    TransferView,
    View,
)
from tests.bench.contenders.report import say_result

PATIENCE = 120.0


class Watcher:
    """Drains one engine on the main thread and keeps the newest view of each type."""

    def __init__(self, engine: EngineThread) -> None:
        self._engine = engine
        self._woken = threading.Event()
        self.views: dict[type[View], View] = {}
        self.hits: dict[str, HitView] = {}
        self.replies: dict[int, Reply] = {}
        engine.start(self._woken.set)

    def post(self, command: Command) -> int:
        """Sends a command; its request number."""
        return self._engine.post(command)

    def until(self, there: Callable[[], bool], what: str, timeout: float = PATIENCE) -> bool:
        """Drains until `there()`; SystemExit naming `what` if the engine ends or time runs out."""
        end = time.monotonic() + timeout
        while not there():
            if not self._woken.wait(max(0.0, end - time.monotonic())):
                raise SystemExit(f"waited {timeout:.0f} s for {what}")
            self._woken.clear()
            batch = self._engine.drain()
            self.views.update((type(view), view) for view in batch.views)
            for event in batch.events:
                self._take(event)
        return True

    def _take(self, event: Event) -> None:
        if isinstance(event, Found):
            self.hits.update((hit.peer, hit) for hit in event.hits)
        elif isinstance(event, Reply):
            self.replies[event.request] = event
            if not event.ok:
                raise SystemExit(f"the engine refused: {event.text}")

    def connected(self) -> int:
        """Peers with a session."""
        view = self.views.get(PeersView)
        peers = view.peers if isinstance(view, PeersView) else ()
        return sum(peer.state is PeerState.CONNECTED for peer in peers)

    def transfer(self) -> TransferView | None:
        """The one download."""
        view = self.views.get(TransfersView)
        return view.transfers[0] if isinstance(view, TransfersView) and view.transfers else None


def find(watcher: Watcher, name: str, seeders: int) -> HitView:
    """Searches, again and again while the seeders still hash, until all of them have the file."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        watcher.post(Search(name))
        try:
            watcher.until(lambda: len(watcher.hits) >= seeders, "all hits", timeout=0.5)
        except SystemExit:
            continue
        return next(iter(watcher.hits.values()))
    raise SystemExit(f"only {len(watcher.hits)} of {seeders} seeders answered")


def done(watcher: Watcher) -> bool:
    """Whether the download stands; SystemExit with the reason where it failed."""
    transfer = watcher.transfer()
    if transfer is not None and transfer.state is TransferState.FAILED:
        raise SystemExit(f"the download failed: {transfer.reason}")
    return transfer is not None and transfer.state is TransferState.DONE


def profile_threads(folder: Path) -> None:
    """Each thread started from now on writes its cProfile statistics to `folder/<name>.prof` at its end."""
    plain_run = threading.Thread.run

    def run(thread: threading.Thread) -> None:
        profile = cProfile.Profile()
        try:
            profile.runcall(plain_run, thread)
        finally:
            profile.dump_stats(folder / f"{thread.name}.prof")

    threading.Thread.run = run  # type: ignore[method-assign,assignment]


def leech(home: Path, name: str, seeders: int) -> None:
    """Fetches once and prints the result."""
    engine = EngineThread(home)
    watcher = Watcher(engine)
    for _ in range(seeders):
        watcher.post(Connect(sys.stdin.readline().strip()))
    watcher.until(lambda: watcher.connected() >= seeders, "the seeders' sessions")
    hit = find(watcher, name, seeders)
    begin = time.time()
    watcher.post(Download(hit.content, hit.size, str(hit.name)))
    watcher.until(lambda: done(watcher), "the download")
    seen = time.time() - begin
    transfer = watcher.transfer()
    assert transfer is not None and transfer.finished is not None
    seconds = transfer.finished - begin
    sources = sorted(source.received for source in transfer.sources)
    clean = engine.stop()
    say_result(
        seconds,
        path=str(transfer.path),
        sources=sources,
        seen=round(seen, 3),
        wasted=transfer.wasted,
        clean=clean,
    )


def main() -> None:
    """Runs from the command line."""
    home, name, seeders = sys.argv[2:5]
    if "--profile" in sys.argv:
        profile_threads(Path(sys.argv[6]))
    leech(Path(home), name, int(seeders))


if __name__ == "__main__":
    main()
