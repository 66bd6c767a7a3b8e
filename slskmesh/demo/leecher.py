"""Entry of the headless demo's user: `python -m slskmesh.demo.leecher --home DIR …`.

Drives a real engine through the same commands and views as the terminal app, and reports as JSON lines:
- {"ready": true}, after which it takes {"connect": INVITE} and {"returned": PEER} lines on standard input;
- {"progress": 0..1} of the big file's chunks;
- {"served": PEER} when a peer named as returned has delivered verified bytes after its return;
- {"done": bytes} on disk of all downloads, so that one who waits sees that something moves;
- {"finished": true, ...}, the last line, with the verified bytes `received` in this run. Its end in any other way is
  a failure, told on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from slskmesh.engine.commands import Connect, Download, Search, Watch
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.events import Event, Found, SearchEnded
from slskmesh.engine.interrupts import Interrupted, Interrupts
from slskmesh.engine.serve import end_with_parent, json_line
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import (
    VERIFIED,
    ChunkMapView,
    HitView,
    PeerState,
    PeersView,
    SourceView,
    TransferState,
    TransfersView,
    TransferView,
    View,
)
from slskmesh.errors import SlskmeshError

_STEP_TIMEOUT: Final = 60.0  # seconds for peers to connect, searches to end
_SETTLE: Final = 3.0  # seconds for the last counters to be shown after the last file


class Leecher:
    """Connects, searches, downloads every hit, and keeps the tally of who sent what."""

    def __init__(self, client: EngineThread, *, peers: int, files: int, big: int) -> None:
        self._console = Console(client, self._event, self._view)
        self._peers = peers
        self._files = files
        self._big = big
        self._watched = ""
        self._hits: dict[str, HitView] = {}
        self._ended: set[int] = set()
        self._returned: dict[str, int] = {}  # verified bytes from a peer at its return
        self._received: dict[str, int] = {}  # verified bytes of each source, by peer
        self._last: dict[tuple[str, str], int] = {}
        self._bad: dict[str, int] = {}  # refused chunks by peer
        self._told: set[str] = set()
        self._inbox: list[dict[str, Any]] = []

    def hear(self, line: str) -> None:
        """Takes one line of standard input; called from the reading thread."""
        self._inbox.append(json.loads(line))
        self._console.wake()

    def run(self, words: list[str], resume: bool) -> None:
        """The whole job; returns when every file is there."""
        console = self._console
        console.start()
        console.listening()
        json_line({"ready": True})
        if resume:
            self._until(lambda: len(self._transfers()) > 0, "the downloads of the earlier run")
        else:
            self._until(self._connected, f"{self._peers} peers to connect")
            self._search(words)
            self._download()
        self._until(self._all_done, "all downloads to end", None)
        try:
            self._until(lambda: sum(self._bad.values()) > 0, "the last counters", _SETTLE)
        except TimedOut:
            pass  # then no chunk was bad, and the summary says so
        self._summary()

    def stop(self) -> None:
        """Ends the engine in order."""
        self._console.stop()

    def _until(self, reached: Any, what: str, timeout: float | None = _STEP_TIMEOUT) -> None:
        def both() -> bool:
            self._obey()
            return bool(reached())

        self._console.wait_for(both, timeout, what)

    def _obey(self) -> None:
        while self._inbox:
            line = self._inbox.pop(0)
            if "connect" in line:
                self._console.post(Connect(line["connect"]))
            if "returned" in line:
                self._returned[line["returned"]] = self._received.get(line["returned"], 0)

    def _connected(self) -> bool:
        view = self._console.latest(PeersView)
        return view is not None and self._peers <= sum(p.state is PeerState.CONNECTED for p in view.peers)

    def _search(self, words: list[str]) -> None:
        for text in words:
            query = self._console.post(Search(text))
            self._until(lambda query=query: query in self._ended, f"the search for {text}")
        if len(self._hits) < self._files:
            raise SlskmeshError(f"the search found {len(self._hits)} of {self._files} files")

    def _download(self) -> None:
        for hit in sorted(self._hits.values(), key=lambda hit: -hit.size):
            reply = self._console.ask(Download(hit.content, hit.size, str(hit.name), str(hit.folder)))
            if hit.size == self._big and not self._watched:
                self._watch(reply.value)

    def _watch(self, transfer: str) -> None:
        self._watched = transfer
        self._console.post(Watch(transfer))

    def _transfers(self) -> tuple[TransferView, ...]:
        view = self._console.latest(TransfersView)
        return view.transfers if view is not None else ()

    def _all_done(self) -> bool:
        transfers = self._transfers()
        failed = next((t for t in transfers if t.state is TransferState.FAILED), None)
        if failed is not None:
            raise SlskmeshError(f"{failed.name}: {failed.reason}")
        done = [t for t in transfers if t.state is TransferState.DONE]
        return len(done) == len(transfers) >= self._files

    def _event(self, event: Event) -> None:
        if isinstance(event, Found):
            self._hits.update({hit.content: hit for hit in event.hits})
        elif isinstance(event, SearchEnded):
            self._ended.add(event.query)

    def _view(self, view: View) -> None:
        if isinstance(view, TransfersView):
            self._tally(view.transfers)
        elif isinstance(view, PeersView):
            for peer in view.peers:
                if peer.bad_chunks:
                    self._bad[peer.peer] = max(peer.bad_chunks, self._bad.get(peer.peer, 0))
        elif isinstance(view, ChunkMapView) and view.transfer == self._watched and view.states:
            json_line({"progress": view.states.count(VERIFIED) / len(view.states)})

    def _tally(self, transfers: tuple[TransferView, ...]) -> None:
        for transfer in transfers:
            for source in transfer.sources:
                self._count(transfer.transfer, source)
            if transfer.size == self._big and not self._watched:
                self._watch(transfer.transfer)
        for peer, before in self._returned.items():
            if self._received.get(peer, 0) > before and peer not in self._told:
                self._told.add(peer)
                json_line({"served": peer})
        json_line({"done": sum(transfer.done for transfer in transfers)})

    def _count(self, transfer: str, source: SourceView) -> None:
        """Adds what a source delivered since the last view; one that reconnected counts from nothing again."""
        key = (transfer, source.peer)
        before = self._last.get(key, 0)
        new = source.received - before if source.received >= before else source.received
        self._last[key] = source.received
        self._received[source.peer] = self._received.get(source.peer, 0) + new
        if source.bad:
            self._bad[source.peer] = max(source.bad, self._bad.get(source.peer, 0))

    def _summary(self) -> None:
        transfers = self._transfers()
        json_line(
            {
                "finished": True,
                "paths": [str(t.path) for t in transfers],
                "bad_chunks": max(sum(self._bad.values()), sum(t.bad_chunks for t in transfers)),
                "bad_peers": sorted(self._bad),
                "received": sum(self._received.values()),
                "sources": sorted(peer for peer, count in self._received.items() if count),
            }
        )


def main(argv: list[str] | None = None) -> int:
    """Runs the job once; returns the exit code."""
    parser = argparse.ArgumentParser(prog="slskmesh.demo.leecher", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--peers", type=int, required=True, help="peers to wait for before the search")
    parser.add_argument("--files", type=int, required=True, help="files the search must find")
    parser.add_argument(
        "--big", type=int, required=True, help="size in bytes of the file whose progress is told"
    )
    parser.add_argument("--words", action="append", default=[], help="a search; may be given more than once")
    parser.add_argument("--resume", action="store_true", help="go on with what an earlier run left")
    args = parser.parse_args(argv)
    leecher = Leecher(EngineThread(args.home), peers=args.peers, files=args.files, big=args.big)
    with Interrupts() as interrupts:
        try:
            end_with_parent(leecher.hear)
            leecher.run(args.words, args.resume)
            return 0
        except Interrupted:
            return 130
        except SlskmeshError as error:
            print(f"slskmesh: {error}", file=sys.stderr)
            return error.exit_code
        finally:
            interrupts.close()
            leecher.stop()


if __name__ == "__main__":
    sys.exit(main())
