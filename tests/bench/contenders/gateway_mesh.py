"""A leecher that serves its gateway while it fetches: `... gateway_mesh HOME NAME SEEDERS`.

As `mesh`, with the engine's doors open. Reads the seeders' invites, says {"gateway": URL} once the seeders have the
file, then fetches it at the next line of standard input and says how long that took.
Ends with its standard input.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from slskmesh.cli.doors import engine_with_doors
from slskmesh.engine.commands import Connect, Download
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import DoorView
from tests.bench.contenders.mesh import Watcher, done, find
from tests.bench.contenders.report import say, say_result, wait_for_end


def door(watcher: Watcher) -> str:
    """Where the gateway listens; empty: not yet."""
    view = watcher.views.get(DoorView)
    assert view is None or (isinstance(view, DoorView) and not view.trouble), view
    return view.gateway if view is not None else ""


def leech(home: Path, name: str, seeders: int) -> None:
    """See the head of this file."""
    engine = EngineThread(home, engine_with_doors)
    watcher = Watcher(engine)
    for _ in range(seeders):
        watcher.post(Connect(sys.stdin.readline().strip()))
    watcher.until(lambda: bool(door(watcher)), "the gateway")
    watcher.until(lambda: watcher.connected() >= seeders, "the seeders' sessions")
    hit = find(watcher, name, seeders)
    say(gateway=door(watcher))
    sys.stdin.readline()
    begin = time.time()
    watcher.post(Download(hit.content, hit.size, str(hit.name)))
    watcher.until(lambda: done(watcher), "the download")
    transfer = watcher.transfer()
    assert transfer is not None and transfer.finished is not None
    seconds = transfer.finished - begin
    say_result(seconds, path=str(transfer.path))
    wait_for_end()  # whoever asks the gateway stops first
    engine.stop()


if __name__ == "__main__":
    leech(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
