"""Entry of the headless demo's user: `python -m slskmesh.demo.leecher --home DIR …`.

Drives a real engine through the same commands and views as the terminal app. It knows one door-keeper's invite, what
the album is called, and words to search by; who has anything it finds out itself. Reports as JSON lines:
- {"ready": true}, after which it takes {"connect": INVITE} and {"returned": PEER} lines on standard input;
- {"resolved": release, "holders": peers that showed what they have of it, "publishers": that the table names};
- {"progress": 0..1} of the big file's chunks;
- {"served": PEER} when a peer named as returned has delivered verified bytes after its return;
- {"done": bytes} on disk of all downloads, so that one who waits sees that something moves;
- {"nodes", "refused"}: contacts in the table, and forged records refused, when they changed;
- {"finished": true, ...}, the last line, with the job's state and the verified bytes `received` in this run. Its end
  in any other way is a failure, told on standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from slskmesh.demo.tally import Tally
from slskmesh.engine.commands import AddJob, Connect, Download, LookUp, Resolve, Search, Watch
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.events import Event, Found, LookedUp, Resolved, SearchEnded
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

_STEP_TIMEOUT: Final = 60.0  # seconds for peers to connect, questions to be answered, searches to end
_AGAIN: Final = 2.0  # seconds between questions who has the release
_ROUNDS: Final = 5  # of them for peers that cannot be reached at once
_SETTLE: Final = 3.0  # seconds for the last counters to be shown after the last file


class Leecher:
    """Joins, finds the album's holders, has a job fetch it, searches them for the rest, downloads every hit."""

    def __init__(self, client: EngineThread, *, files: int, big: int) -> None:
        self._console = Console(client, self._event, self._view)
        self._files = files
        self._big = big
        self._watched = ""
        self._hits: dict[str, HitView] = {}
        self._ended: set[int] = set()
        self._answers: dict[int, LookedUp | Resolved] = {}
        self._tally = Tally()
        self._mesh = (0, 0)  # contacts, refused records
        self._inbox: list[dict[str, Any]] = []

    def hear(self, line: str) -> None:
        """Takes one line of standard input; called from the reading thread."""
        self._inbox.append(json.loads(line))
        self._console.wake()

    def run(self, album: str, holders: int, words: list[str], resume: bool) -> None:
        """The whole job; returns when every file is there."""
        console = self._console
        console.start()
        console.listening()
        json_line({"ready": True})
        if resume:
            self._until(lambda: bool(self._transfers() and self._jobs()), "the work of the earlier run")
        else:
            self._until(self._joined, "the porch and the table")
            release = self._look_up(album)
            self._resolve(release, holders)
            console.ask(AddJob("mb_release", release, title=album))
            self._search(words)
            self._download(release)
        self._until(self._all_done, "all downloads to end", None)
        with contextlib.suppress(TimedOut):  # then no chunk was bad, and the summary says so
            self._until(lambda: self._tally.bad_chunks > 0, "the last counters", _SETTLE)
        self._summary()

    def stop(self) -> None:
        """Ends the engine in order."""
        self._console.stop()

    def _until(self, reached: Callable[[], object], what: str, timeout: float | None = _STEP_TIMEOUT) -> None:
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
                self._tally.returned(line["returned"])

    def _joined(self) -> bool:
        peers, mesh = self._console.latest(PeersView), self._console.latest(MeshView)
        connected = peers is not None and any(p.state is PeerState.CONNECTED for p in peers.peers)
        return connected and mesh is not None and mesh.nodes > 0

    # -- the album by its MusicBrainz id --------------------------------------------------------------------------

    def _look_up(self, album: str) -> str:
        query = self._console.post(LookUp(album, "release"))
        self._until(lambda: query in self._answers, f"MusicBrainz to tell of {album}")
        answer = self._answers.pop(query)
        assert isinstance(answer, LookedUp)  # the kind of event that answers this command
        if not answer.entities:
            raise SlskmeshError(f"MusicBrainz knows no release {album}: {answer.note}")
        return answer.entities[0].mbid

    def _resolve(self, release: str, holders: int) -> None:
        """Asks who has the release until `holders` peers do; after a few rounds two of them are enough."""
        best: PlanView | None = None
        note = ""
        for turn in range(int(_STEP_TIMEOUT / _AGAIN)):
            plan, note = self._plan(release)
            if plan is not None and plan.holders > (best.holders if best is not None else 0):
                best = plan
            enough = holders if turn < _ROUNDS else 2
            if best is not None and best.holders >= enough and all(track.variants for track in best.tracks):
                json_line({"resolved": release, "holders": best.holders, "publishers": best.publishers})
                return
            with contextlib.suppress(TimedOut):
                self._until(lambda: False, "more holders", _AGAIN)
        found = best.holders if best is not None else 0
        raise SlskmeshError(f"the table led to {found} of {holders} holders: {note}")

    def _plan(self, release: str) -> tuple[PlanView | None, str]:
        query = self._console.post(Resolve(release))
        self._until(lambda: query in self._answers, "the holders to answer")
        answer = self._answers.pop(query)
        assert isinstance(answer, Resolved)  # as above
        return answer.plan, answer.note

    # -- everything else ------------------------------------------------------------------------------------------

    def _search(self, words: list[str]) -> None:
        for text in words:
            query = self._console.post(Search(text))
            self._until(lambda query=query: query in self._ended, f"the search for {text}")  # type: ignore[misc]
        if len(self._hits) < self._files:
            raise SlskmeshError(f"the search found {len(self._hits)} of {self._files} files")

    def _download(self, release: str) -> None:
        others = [hit for hit in self._hits.values() if hit.release != release]
        for hit in sorted(others, key=lambda hit: -hit.size):
            reply = self._console.ask(Download(hit.content, hit.size, str(hit.name), str(hit.folder)))
            if hit.size == self._big and not self._watched:
                self._watch(reply.value)

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
        others = self._files - sum(job.tracks_total for job in jobs)
        finished = all(t.state is TransferState.DONE for t in transfers)
        return finished and len(transfers) >= others and all(job.phase is JobPhase.DONE for job in jobs)

    # -- what comes up --------------------------------------------------------------------------------------------

    def _event(self, event: Event) -> None:
        if isinstance(event, Found):
            self._hits.update({hit.content: hit for hit in event.hits})
        elif isinstance(event, SearchEnded):
            self._ended.add(event.query)
        elif isinstance(event, LookedUp | Resolved):
            self._answers[event.query] = event

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
            if transfer.size == self._big and not self._watched:
                self._watch(transfer.transfer)
        for peer in self._tally.transfers(transfers):
            json_line({"served": peer})
        json_line({"done": sum(transfer.done for transfer in transfers)})

    def _summary(self) -> None:
        jobs = self._jobs()
        json_line(
            {"finished": True, "job_state": jobs[0].phase.value if jobs else "", **self._tally.summary()}
        )


def main(argv: list[str] | None = None) -> int:
    """Runs the job once; returns the exit code."""
    parser = argparse.ArgumentParser(prog="slskmesh.demo.leecher", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--album", required=True, help="words that name the release to fetch")
    parser.add_argument("--holders", type=int, required=True, help="peers that must show that they have it")
    parser.add_argument("--files", type=int, required=True, help="files the search must find")
    parser.add_argument(
        "--big", type=int, required=True, help="size in bytes of the file whose progress is told"
    )
    parser.add_argument("--words", action="append", default=[], help="a search; may be given more than once")
    parser.add_argument("--resume", action="store_true", help="go on with what an earlier run left")
    args = parser.parse_args(argv)
    leecher = Leecher(EngineThread(args.home), files=args.files, big=args.big)
    with Interrupts() as interrupts:
        try:
            end_with_parent(leecher.hear)
            leecher.run(args.album, args.holders, args.words, args.resume)
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
