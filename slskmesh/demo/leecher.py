"""Entry of the headless demo's user: `python -m slskmesh.demo.leecher --home DIR …`.

Drives a real engine through the same commands and views as the terminal app. It knows one door-keeper's invite, what
the album is called, and words to search by; who has anything it finds out itself. Reports as JSON lines:
- {"ready": true}, after which it takes {"connect": INVITE}, {"returned": PEER} and {"outage": STAGE} lines on standard
  input;
- {"resolved": release, "holders": peers that showed what they have of it, "publishers": that the table names};
- {"progress": 0..1} of the big file's chunks;
- {"served": PEER} when a peer named as returned has delivered verified bytes after its return;
- {"done": bytes} on disk of all downloads, so that one who waits sees that something moves;
- {"nodes", "refused"}: contacts in the table, and forged records refused, when they changed;
- {"outage": STAGE} and {"disaster": "entered" | "left"}: see `demo/failover.py`;
- {"finished": true, ...}, the last line, with the job's state, the verified bytes `received` in this run and what came
  of the outage. Its end in any other way is a failure, told on standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from slskmesh.demo.asking import STEP_TIMEOUT, Asking
from slskmesh.demo.failover import TIMES, Failover, Words
from slskmesh.demo.tally import Tally
from slskmesh.engine.commands import AddJob, Connect, Download, Watch
from slskmesh.engine.console import TimedOut
from slskmesh.engine.engine import Engine
from slskmesh.engine.interrupts import Interrupted, Interrupts
from slskmesh.engine.job_views import JobPhase, JobRowView, JobsView, MeshView, PlanView
from slskmesh.engine.serve import end_with_parent, json_line
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import (
    VERIFIED,
    ChunkMapView,
    HitView,
    PeerState,
    PeersView,
    TransferState,
    TransfersView,
    TransferView,
    View,
)
from slskmesh.errors import SlskmeshError

_AGAIN: Final = 2.0  # seconds between questions who has the release
_ROUNDS: Final = 5  # of them for peers that cannot be reached at once
_SETTLE: Final = 3.0  # seconds for the last counters to be shown after the last file


class Plan(NamedTuple):
    """What is to be fetched. `files` the peers have in all, `later` of them are of the release fetched last."""

    album: str
    holders: int
    files: int
    later: int
    big: int  # bytes of the file whose progress is told


class Leecher:
    """Joins, finds the album's holders, has a job fetch it, searches them for the rest, downloads every hit; then goes
    through the loss of the Soulseek server.
    """

    def __init__(self, client: EngineThread, plan: Plan, words: Words) -> None:
        self._ask = Asking(client, on_view=self._view, obey=self._obey)
        self._console = self._ask.console
        self._failover = Failover(self._ask, words)
        self._plan = plan
        self._words = words
        self._watched = ""
        self._tally = Tally()
        self._mesh = (0, 0)  # contacts, refused records
        self._inbox: list[dict[str, Any]] = []

    def hear(self, line: str) -> None:
        """Takes one line of standard input; called from the reading thread."""
        self._inbox.append(json.loads(line))
        self._console.wake()

    def run(self, resume: bool) -> None:
        """The whole job; returns when every file is there."""
        self._console.start()
        self._console.listening()
        json_line({"ready": True})
        if resume:
            self._ask.until(lambda: bool(self._transfers() and self._jobs()), "the work of the earlier run")
            if not self._failover.begun:
                self._failover.begin()
        else:
            self._ask.until(self._joined, "the porch and the table")
            release = self._ask.look_up(self._plan.album)
            self._resolve(release)
            self._console.ask(AddJob("mb_release", release, title=self._plan.album))
            self._download(self._search(), {release, self._ask.look_up(self._words.release)})
            self._failover.begin()
        self._ask.until(self._all_done, "all downloads to end", None)
        with contextlib.suppress(TimedOut):  # then no chunk was bad, and the summary says so
            self._ask.until(lambda: self._tally.bad_chunks > 0, "the last counters", _SETTLE)
        self._failover.act()
        self._summary()

    def stop(self) -> None:
        """Ends the engine in order."""
        self._console.stop()

    def _obey(self) -> None:
        while self._inbox:
            line = self._inbox.pop(0)
            if "connect" in line:
                self._console.post(Connect(line["connect"]))
            if "returned" in line:
                self._tally.returned(line["returned"])
            if "outage" in line:
                self._failover.hear(line["outage"])

    def _joined(self) -> bool:
        peers, mesh = self._console.latest(PeersView), self._console.latest(MeshView)
        connected = peers is not None and any(p.state is PeerState.CONNECTED for p in peers.peers)
        return connected and mesh is not None and mesh.nodes > 0

    # -- the album by its MusicBrainz id --------------------------------------------------------------------------

    def _resolve(self, release: str) -> None:
        """Asks who has the release until all holders are found; after a few rounds two of them are enough."""
        best: PlanView | None = None
        note = ""
        for turn in range(int(STEP_TIMEOUT / _AGAIN)):
            answer = self._ask.resolve(release)
            plan, note = answer.plan, answer.note
            if plan is not None and plan.holders > (best.holders if best is not None else 0):
                best = plan
            enough = self._plan.holders if turn < _ROUNDS else 2
            if best is not None and best.holders >= enough and all(track.variants for track in best.tracks):
                json_line({"resolved": release, "holders": best.holders, "publishers": best.publishers})
                return
            with contextlib.suppress(TimedOut):
                self._ask.until(lambda: False, "more holders", _AGAIN)
        found = best.holders if best is not None else 0
        raise SlskmeshError(f"the table led to {found} of {self._plan.holders} holders: {note}")

    # -- everything else ------------------------------------------------------------------------------------------

    def _search(self) -> list[HitView]:
        found: dict[str, HitView] = {}
        for text in self._words.known:
            _, hits = self._ask.search(text, where="mesh")
            found |= {hit.content: hit for hit in hits}
        if len(found) < self._plan.files:
            raise SlskmeshError(f"the search found {len(found)} of {self._plan.files} files")
        return list(found.values())

    def _download(self, hits: list[HitView], jobs: set[str]) -> None:
        """Fetches what no job does; returns when all of it is in the list."""
        others = [hit for hit in hits if hit.release not in jobs and self._words.slow not in hit.name]
        asked: set[str] = set()
        for hit in sorted(others, key=lambda hit: -hit.size):
            reply = self._console.ask(Download(hit.content, hit.size, str(hit.name), str(hit.folder)))
            asked.add(reply.value)
            if hit.size == self._plan.big and not self._watched:
                self._watch(reply.value)
        self._ask.until(lambda: asked <= {t.transfer for t in self._transfers()}, "the downloads in the list")

    def _watch(self, transfer: str) -> None:
        self._watched = transfer
        self._console.post(Watch(transfer))

    def _transfers(self) -> tuple[TransferView, ...]:
        view = self._console.latest(TransfersView)
        return view.transfers if view is not None else ()

    def _jobs(self) -> tuple[JobRowView, ...]:
        view = self._console.latest(JobsView)
        return view.jobs if view is not None else ()

    def _all_done(self) -> bool:
        transfers, jobs = self._transfers(), self._jobs()
        failed = next((t for t in transfers if t.state is TransferState.FAILED), None)
        if failed is not None:
            raise SlskmeshError(f"{failed.name}: {failed.reason}")
        job = next((job for job in jobs if job.phase in (JobPhase.FAILED, JobPhase.CANCELLED)), None)
        if job is not None:
            raise SlskmeshError(f"the job for {job.title}: {job.reason}")
        others = self._plan.files - self._plan.later - sum(job.tracks_total for job in jobs)
        finished = all(t.state is TransferState.DONE for t in transfers) and self._failover.slow_done()
        return finished and len(transfers) >= others and all(job.phase is JobPhase.DONE for job in jobs)

    # -- what comes up --------------------------------------------------------------------------------------------

    def _view(self, view: View) -> None:
        if isinstance(view, TransfersView):
            self._tell_transfers(view.transfers)
        elif isinstance(view, PeersView):
            self._tally.peers(view)
        elif isinstance(view, MeshView) and (view.nodes, view.refused) != self._mesh:
            self._mesh = (view.nodes, view.refused)
            json_line({"nodes": view.nodes, "refused": view.refused})
        elif isinstance(view, ChunkMapView) and view.transfer == self._watched and view.states:
            json_line({"progress": view.states.count(VERIFIED) / len(view.states)})

    def _tell_transfers(self, transfers: tuple[TransferView, ...]) -> None:
        for transfer in transfers:
            if transfer.size == self._plan.big and not self._watched:
                self._watch(transfer.transfer)
        own = [
            t for t in transfers if self._words.slow not in t.name
        ]  # of the slow one a part comes from elsewhere
        for peer in self._tally.transfers(own):
            json_line({"served": peer})
        json_line({"done": sum(transfer.done for transfer in transfers)})

    def _summary(self) -> None:
        first = min(self._jobs(), key=lambda job: job.job, default=None)
        state = first.phase.value if first is not None else ""
        json_line({"finished": True, "job_state": state, **self._failover.summary(), **self._tally.summary()})


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="slskmesh.demo.leecher", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--album", required=True, help="words that name the release to fetch")
    parser.add_argument("--holders", type=int, required=True, help="peers that must show that they have it")
    parser.add_argument("--files", type=int, required=True, help="files the search must find")
    parser.add_argument("--later", type=int, required=True, help="of them are fetched without the server")
    parser.add_argument(
        "--big", type=int, required=True, help="size in bytes of the file whose progress is told"
    )
    parser.add_argument("--words", action="append", default=[], help="a search; may be given more than once")
    for name in ("slow", "steady", "queued"):
        parser.add_argument(f"--{name}", required=True, help="words of a file that a legacy user has")
    parser.add_argument("--room", required=True, help="a room of the Soulseek server")
    parser.add_argument("--friend", required=True, help="a legacy user to write to")
    parser.add_argument("--release", required=True, help="words that name what is fetched without the server")
    parser.add_argument("--resume", action="store_true", help="go on with what an earlier run left")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs the job once; returns the exit code."""
    args = _arguments(argv)
    plan = Plan(args.album, args.holders, args.files, args.later, args.big)
    names = (args.slow, args.steady, args.queued, args.room, args.friend, args.release)
    client = EngineThread(args.home, partial(Engine, mode_times=TIMES))
    leecher = Leecher(client, plan, Words(*names, tuple(args.words)))
    with Interrupts() as interrupts:
        try:
            end_with_parent(leecher.hear)
            leecher.run(args.resume)
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
