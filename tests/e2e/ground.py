"""Where a test's peers live: homes below its folder, one process each, and nothing left of them afterwards."""

from __future__ import annotations

import hashlib
import queue
import random
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
import tomlkit

from slskmesh.demo.child import Child, Said
from slskmesh.engine import events, job_views, legacy_events, legacy_views, views
from slskmesh.engine.commands import Command, Connect, Download
from slskmesh.engine.events import Event, Notice
from slskmesh.engine.views import (
    PeerState,
    PeersView,
    PeerView,
    StatusView,
    TransferState,
    TransfersView,
    TransferView,
    View,
)
from slskmesh.library.manifest import Manifest, chunk_size_for, leaf_hash
from tests.demo.processes import naming

T = TypeVar("T")
V = TypeVar("V", bound=View)
PATIENCE = 20.0  # seconds for anything that is sure to come


class Track(NamedTuple):
    """A file with its bytes, and the manifest any peer makes of it."""

    name: str
    data: bytes
    manifest: Manifest

    @property
    def content(self) -> str:
        """Content id, as commands name it."""
        return self.manifest.content_id().hex()

    def intact(self, path: Path) -> int:
        """Bytes of right chunks in a (partial) file of it."""
        found = path.read_bytes() if path.exists() else b""
        size = self.manifest.chunk_size
        pieces = (self.data[at : at + size] for at in range(0, len(self.data), size))
        return sum(len(p) for i, p in enumerate(pieces) if found[i * size : i * size + len(p)] == p)


def track(name: str, size: int, seed: int = 1) -> Track:
    """A file of random bytes."""
    data, step = random.Random(f"{name} {seed}").randbytes(size), chunk_size_for(size)
    leaves = [leaf_hash(data[at : at + step]) for at in range(0, size, step)]
    return Track(name, data, Manifest(size, step, hashlib.sha256(data).digest(), b"".join(leaves)))


class Answer(NamedTuple):
    """What a command came to."""

    ok: bool
    text: str
    value: str


class Peer:
    """One process that speaks JSON lines."""

    def __init__(self, name: str, home: Path, args: list[str]) -> None:
        self.name = name
        self.home = home
        self._inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self.child = Child(name, args, home.with_suffix(".err"), self._inbox)
        self.code: int | None = None

    @property
    def downloads(self) -> Path:
        """Its downloads folder."""
        return self.home / "downloads"

    def part(self, track: Track) -> Path:
        """Where it keeps an unfinished download."""
        return self.downloads / ".incomplete" / f"{track.content}.part"

    def map(self, track: Track) -> Path:
        """Where it keeps the chunk map of an unfinished download."""
        return self.part(track).with_suffix(".map")

    def until(
        self, reached: Callable[[], T | Literal[False, ""] | None], what: str, timeout: float = PATIENCE
    ) -> T:
        """Takes in what the process says until `reached()` is something; returns that."""
        deadline = time.monotonic() + timeout
        while not (found := reached()):
            said = self._next(deadline, what)
            if said.what is None:
                raise AssertionError(f"{self.name} ended before {what}: {self.errors()}")
            self.hear(said.what)
        return found

    def until_gone(self, timeout: float = PATIENCE) -> int:
        """Waits for the process to end by itself; returns its exit code."""
        deadline = time.monotonic() + timeout
        while (said := self._next(deadline, "its end")).what is not None:
            self.hear(said.what)
        self.code = self.child.end(timeout)
        return self.code

    def catch_up(self) -> None:
        """Takes in what the process has said up to now."""
        while not self._inbox.empty():
            self.hear(self._inbox.get().what or {})

    def _next(self, deadline: float, what: str) -> Said:
        try:
            return self._inbox.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"{self.name}: waited too long for {what}; {self.state()}") from None

    def hear(self, what: dict[str, Any]) -> None:
        """Takes one line."""

    def state(self) -> str:
        """What is known of it, for a failing test."""
        return self.errors()

    def errors(self) -> str:
        """What it wrote to standard error."""
        return self.home.with_suffix(".err").read_text("utf-8", "replace")

    def kill(self) -> None:
        """SIGKILL."""
        self.child.kill()
        self.code = -9

    def end(self, timeout: float = 10.0) -> int:
        """SIGTERM; returns the exit code (-9: it had to be killed)."""
        self.code = self.child.end(timeout)
        return self.code

    def memory(self) -> int:
        """Resident bytes now."""
        lines = Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


class Seeder(Peer):
    """A `slskmesh daemon` (or a faulty demo peer) that shares files."""

    def __init__(self, name: str, home: Path, args: list[str]) -> None:
        super().__init__(name, home, args)
        self.ready: dict[str, Any] = {}
        self.shared = 0

    def hear(self, what: dict[str, Any]) -> None:
        """Ready line and shares."""
        self.shared = what.get("files", self.shared)
        if what.get("ready"):
            self.ready = what

    def sharing(self, files: int) -> Seeder:
        """Itself, once it listens and offers so many files."""
        self.until(lambda: bool(self.ready) and self.shared >= files, f"{files} shared files")
        return self

    @property
    def invite(self) -> str:
        """An invite to it."""
        return str(self.ready["invite"])

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, _, port = self.ready["overlay"].rpartition(":")
        return host, int(port)


class Leecher(Peer):
    """A driven peer: commands in, views and events out."""

    def __init__(self, name: str, home: Path, args: list[str]) -> None:
        super().__init__(name, home, args)
        self.notices: list[Notice] = []
        self.events: list[Event] = []
        self._views: dict[type[View], View] = {}
        self._answers: dict[int, Answer] = {}
        self._asked = 0

    def hear(self, what: dict[str, Any]) -> None:
        """See tests/e2e/driven.py."""
        if "view" in what:
            kind = _named(what["view"], views, job_views, legacy_views)
            self._views[kind] = msgspec.convert(what["value"], kind)
        elif "event" in what:
            event = msgspec.convert(what["value"], _named(what["event"], events, legacy_events))
            (self.notices if isinstance(event, Notice) else self.events).append(event)
        elif "id" in what:
            self._answers[what["id"]] = Answer(what["ok"], what["text"], what["value"])

    def state(self) -> str:
        """Its downloads, notices and errors."""
        said = [f"{notice.level.value}: {notice.text}" for notice in self.notices[-12:]]
        return f"{self.view(TransfersView)} {said} {self.errors()}"

    def view(self, kind: type[V]) -> V | None:
        """The newest view of a kind."""
        found = self._views.get(kind)
        return found if isinstance(found, kind) else None

    def post(self, command: Command) -> int:
        """Sends a command; its number is for `answer`."""
        self._asked += 1
        fields = msgspec.to_builtins(command)
        self.child.tell({"id": self._asked, "do": type(command).__name__, **fields})
        return self._asked

    def answer(self, number: int, timeout: float = PATIENCE) -> Answer:
        """Waits for a command's answer."""
        return self.until(lambda: self._answers.pop(number, None), f"answer {number}", timeout)

    def ask(self, command: Command, timeout: float = PATIENCE) -> Answer:
        """Sends a command and waits for its answer."""
        return self.answer(self.post(command), timeout)

    def listening(self) -> str:
        """Where it listens, once it does."""
        status = self.until(
            lambda: s if (s := self.view(StatusView)) and s.listening else None, "the engine to listen"
        )
        return status.listening

    def meet(self, *others: Seeder) -> None:
        """Connects to each."""
        for number in [self.post(Connect(other.invite)) for other in others]:
            answer = self.answer(number)
            assert answer.ok, answer.text

    def fetch(self, wanted: Track) -> None:
        """Adds a download."""
        answer = self.ask(Download(wanted.content, len(wanted.data), wanted.name))
        assert answer.ok, answer.text

    def transfer(self, wanted: Track) -> TransferView | None:
        """The newest view of a download."""
        view = self.view(TransfersView)
        return next((t for t in view.transfers if t.transfer == wanted.content), None) if view else None

    def reach(self, wanted: Track, *states: TransferState, timeout: float = PATIENCE) -> TransferView:
        """Waits until a download is in one of these states."""

        def there() -> TransferView | None:
            now = self.transfer(wanted)
            return now if now is not None and now.state in states else None

        return self.until(there, f"{wanted.name} to be {[state.value for state in states]}", timeout)

    def done(self, wanted: Track, timeout: float = PATIENCE) -> TransferView:
        """Waits until a download is done; its bytes are right and no part of it is left over."""
        view = self.reach(wanted, TransferState.DONE, TransferState.FAILED, timeout=timeout)
        assert view.state is TransferState.DONE, view.reason
        return view

    def progress(self, wanted: Track, share: float) -> TransferView:
        """Waits until this share of a download is verified."""

        def far() -> TransferView | None:
            now = self.transfer(wanted)
            return now if now is not None and now.done >= share * len(wanted.data) else None

        return self.until(far, f"{share:.0%} of {wanted.name}")

    def noticed(self, *words: str) -> str:
        """Waits for a notice with all these words."""

        def said() -> str | None:
            return next((str(n.text) for n in self.notices if all(w in n.text for w in words)), None)

        return self.until(said, f"a notice of {words}")

    def peer(self, who: str) -> PeerView | None:
        """The newest view of a peer."""
        view = self.view(PeersView)
        return next((p for p in view.peers if p.peer == who), None) if view else None

    def connected(self, who: str) -> bool:
        """Whether a session with the peer is up."""
        found = self.peer(who)
        return found is not None and found.state is PeerState.CONNECTED


def _named(name: str, *modules: ModuleType) -> type[Any]:
    """The class of that name in the first module that has it."""
    found: type[Any] = next(getattr(module, name) for module in modules if hasattr(module, name))
    return found


class Ground:
    """A folder with homes, and the processes started on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.musicbrainz = ""  # the host every home asks; empty: none
        self._peers: list[Peer] = []

    def home(self, name: str, *shares: Path, **overlay: Any) -> Path:
        """A home that is set up; made at the first time, its settings written each time."""
        home = self.root / name
        (home / "downloads").mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        config = {
            "overlay": {"listen": "127.0.0.1:0", "name": name, **overlay},
            "library": {"downloads": str(home / "downloads"), "shares": [str(share) for share in shares]},
            "dht": {"lan": False},
            "musicbrainz": {"host": self.musicbrainz},
        }
        (home / "config.toml").write_text(tomlkit.dumps(config), "utf-8")
        return home

    def share(self, name: str, *tracks: Track) -> Path:
        """The folder a peer shares, with these files."""
        folder = self.root / f"{name}-share"
        folder.mkdir(exist_ok=True)
        for one in tracks:
            if not (folder / one.name).exists():
                (folder / one.name).write_bytes(one.data)
        return folder

    def seeder(self, name: str, *tracks: Track, **overlay: Any) -> Seeder:
        """A running daemon that shares these files; a second call is its restart. `overlay`: settings."""
        home = self.home(name, self.share(name, *tracks), **overlay)
        seeder = Seeder(name, home, ["slskmesh", "daemon", "--home", str(home), "--until-eof"])
        self._peers.append(seeder)
        return seeder.sharing(len(tracks))

    def leecher(
        self,
        name: str,
        *more: str,
        before: tuple[str, ...] = (),
        shares: tuple[Path, ...] = (),
        **overlay: Any,
    ) -> Leecher:
        """A driven peer; `before` are a module to run it in and that module's arguments."""
        home = self.home(name, *shares, **overlay)
        leecher = Leecher(name, home, [*before, "tests.e2e.driven", "--home", str(home), *more])
        self._peers.append(leecher)
        return leecher

    def close(self) -> None:
        """Ends every process; fails if one had to be killed, complained, or left another behind."""
        ends = {peer.name: peer.end() for peer in self._peers if peer.code is None}
        assert naming(self.root) == []
        assert set(ends.values()) <= {0}, (ends, [peer.errors() for peer in self._peers])
        assert [peer.errors() for peer in self._peers if peer.errors() and peer.code == 0] == []
