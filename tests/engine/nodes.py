"""Whole engines of the mesh plane for tests: homes on loopback, the demo's catalogue server, what each engine said."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import tomlkit

from slskmesh.demo import audio, catalogue
from slskmesh.demo.musicbrainz import Server
from slskmesh.demo.webservice import Shelf
from slskmesh.engine import commands as cmd
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.events import Event, LookedUp, Resolved
from slskmesh.engine.job_views import JobPhase, JobView, MeshView
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import LibraryView

WAIT = 30.0
SEED = 11
Settings = Mapping[str, Mapping[str, object]]
E = TypeVar("E", LookedUp, Resolved)


class Node(Console):
    """One engine and what it said."""

    def __init__(self, home: Path) -> None:
        self.seen: list[Event] = []
        super().__init__(EngineThread(home), on_event=self.seen.append)

    def event(self, kind: type[E], command: cmd.Command) -> E:
        request = self.post(command)

        def found() -> list[E]:
            return [event for event in self.seen if isinstance(event, kind) and event.query == request]

        self.wait_for(lambda: bool(found()), WAIT, f"{kind.__name__} for {command}")
        return found()[0]

    def find(self, release: str, holders: int) -> Resolved:
        """Asks until this many holders showed themselves: the table is young."""
        for _ in range(40):
            answer = self.event(Resolved, cmd.Resolve(release))
            if answer.plan is not None and answer.plan.holders >= holders:
                return answer
            with contextlib.suppress(TimedOut):
                self.wait_for(lambda: False, 0.5, "the table to fill")
        raise AssertionError(f"never {holders} holders: {answer}")


@contextlib.contextmanager
def musicbrainz(tracks: tuple[catalogue.Track, ...]) -> Iterator[str]:
    """The demo's catalogue server; gives its host."""
    with Server(Shelf(catalogue.releases(tracks)), 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.host
        finally:
            server.shutdown()
            thread.join()


def furnish(root: Path, name: str, *shares: Path, settings: Settings | None = None) -> Path:
    """A home that listens on loopback; `settings` go on top, by section."""
    home = root / name
    home.mkdir(mode=0o700)
    config: dict[str, dict[str, object]] = {
        "overlay": {"listen": "127.0.0.1:0", "name": name, "neighbours": 0},
        "library": {
            "downloads": str(root / f"{name}-downloads"),
            "shares": [str(share) for share in shares],
        },
    }
    for section, fields in (settings or {}).items():
        config.setdefault(section, {}).update(fields)
    (home / "config.toml").write_text(tomlkit.dumps(config))
    return home


@contextlib.contextmanager
def running(homes: list[Path]) -> Iterator[list[Node]]:
    """Engines on these homes, for the length of the body."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for home in homes:
            node = Node(home)
            node.start()
            stack.callback(node.stop)
            nodes.append(node)
        yield nodes


def meet(door: Node, *others: Node) -> None:
    """Each is given the door-keeper's invite and nothing else."""
    invite = door.ask(cmd.MakeInvite()).value
    for one in others:
        one.ask(cmd.Connect(invite))


def offer(holder: Node, files: int, shards: int = 1) -> None:
    """Waits until it shares so many files, and has told the table of so many releases."""
    holder.wait_view(LibraryView, lambda view: view.files == files, WAIT, "its files")
    holder.wait_view(MeshView, lambda view: view.shards >= shards, WAIT, "its shards")


def add(node: Node, kind: str, target: str, **constraints: object) -> int:
    """Adds a job and watches it; its number."""
    job = int(node.ask(cmd.AddJob(kind, target, **constraints)).value)  # type: ignore[arg-type]
    node.ask(cmd.WatchJob(job))
    return job


def ended(node: Node, job: int, *phases: JobPhase) -> JobView:
    """The watched job in full, once it is in one of these phases (none: done)."""
    wanted = phases or (JobPhase.DONE,)
    over = (*wanted, JobPhase.DONE, JobPhase.FAILED)

    def there(view: JobView) -> bool:
        return view.row.job == job and view.row.phase in over

    view = node.wait_view(JobView, there, WAIT, f"the end of job {job}")
    assert view.row.phase in wanted, (view.row, [line.text for line in view.lines])
    return view


def render(folder: Path, *releases: catalogue.DemoRelease) -> Path:
    """The files of these releases of the demo, tagged, below `folder`; returns it."""
    for release in releases:
        audio.render(release.tracks, folder, SEED)
    return folder
