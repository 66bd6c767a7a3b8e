"""One line of the list of legacy downloads: what is wanted of whom, where it stands, and what the client says of it."""

from __future__ import annotations

import contextlib
import enum
import hashlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import trio

from slskmesh.soulseek.download_order import Spot
from slskmesh.soulseek.release_paths import extension_of
from slskmesh.soulseek.retry import ELSEWHERE, Trouble
from slskmesh.soulseek.transfer_rows import DownloadRecord
from slskmesh.soulseek.values import RemoteFile, TransferNews, TransferPhase

LINES_MAX: Final = 20
PLACE_EVERY: Final = 300.0  # seconds between two questions for one place in a queue
PLACE_FIRST: Final = 10.0  # after it was taken into the queue
_RUNNING: Final = (TransferPhase.CONNECTING, TransferPhase.ACTIVE)


class State(enum.Enum):
    """What the person and the past say; what the client does now is its own matter."""

    QUEUED = "queued"
    PAUSED = "paused"
    FAILED = "failed"  # needs the person
    DONE = "done"


_PHASES: Final = {
    State.QUEUED: TransferPhase.QUEUED,
    State.PAUSED: TransferPhase.PAUSED,
    State.FAILED: TransferPhase.FAILED,
    State.DONE: TransferPhase.DONE,
}


class LegacyLine(msgspec.Struct, frozen=True):
    """One line of a download's timeline; Unix seconds."""

    when: float
    text: str


class LegacyDownload(msgspec.Struct, frozen=True):
    """One download as it stands. Names and reasons are raw; bytes, bytes/s, Unix seconds."""

    key: bytes
    user: str
    path: str
    size: int
    done: int
    phase: TransferPhase
    trouble: Trouble
    reason: str
    rate: float
    eta: float | None  # seconds
    place: int | None  # in the user's queue
    next_try: float | None
    elsewhere: bool  # it will not come from here: another source is wanted
    tries: int
    folder: str
    batch: str
    added: float
    finished: float | None
    local: str  # the finished file
    name: str = ""  # what it will be called in its folder, if nothing of that name is there


def key_of(user: str, path: str, size: int) -> bytes:
    """The name of a download: the same for the same user, remote path and size."""
    parts = [text.encode("utf-8", "surrogatepass") for text in (user, path)]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "little") + part for part in parts))
    digest.update(size.to_bytes(8, "little"))
    return digest.digest()[:16]


class Entry:
    """See the head of this file. Times are the engine's clock but `added` and `finished`."""

    _shown: LegacyDownload | None

    def __init__(self, key: bytes, user: str, file: RemoteFile, added: float) -> None:
        self.key = key
        self.user = user
        self.path = file.path
        self.size = file.size
        self.folder = ""
        self.stem = ""  # of the finished file's name; empty: the remote one's
        self.batch = ""
        self._state = State.QUEUED
        self._removed = False
        self._passing = False
        self.turned = trio.Event()  # its state changed, or it left the list
        self.trouble = Trouble.NONE
        self.reason = ""
        self.position = 0
        self.tries = 0
        self.ready = 0.0  # not to be asked for before
        self.added = added
        self.finished: float | None = None
        self.root: Path | None = None
        self.local = ""
        self.here = 0  # bytes of the partial file
        self.recheck = True  # its end is to be compared before it is gone on with
        self.tail_end = 0  # how much must be there for that
        self.begun = 0  # bytes there when it was asked for last
        self.timeline: deque[LegacyLine] = deque(maxlen=LINES_MAX)
        # what the client has of it
        self.link: int | None = None
        self.old_link = 0  # the last one that ended
        self.news: TransferNews | None = None
        self.since: float | None = None
        self.place_at = -PLACE_EVERY  # when its place was asked for last
        self.held = False
        self.finishing = False
        self.busy = 0  # tasks of the list at work on it
        self.idle = trio.Event()
        self.idle.set()

    @classmethod
    def of(cls, record: DownloadRecord, now: float, wall: float) -> Entry:
        """The entry a record keeps. A wait goes on where it was, whatever the wall clock did meanwhile."""
        entry = cls(record.key, record.user, RemoteFile(record.path, record.size), record.added)
        entry.folder, entry.batch, entry.stem = record.folder, record.batch, record.stem
        entry.state, entry.trouble = State(record.state), Trouble(record.trouble)
        entry.reason, entry.position, entry.tries = record.reason, record.position, record.tries
        if record.next_at is not None:
            entry.ready = now + min(3600.0, max(0.0, record.next_at - wall))
        entry.finished, entry.local = record.finished, record.local
        entry.root = Path(record.root) if record.root else None
        return entry

    def record(self, now: float, wall: float) -> DownloadRecord:
        """What is kept of it."""
        return DownloadRecord(
            self.key, self.user, self.path, self.size, self.folder, self.batch, self.state.value,
            self.trouble.value, self.reason, self.position, self.tries,
            wall + self.ready - now if self.ready > now else None,
            self.added, self.finished, str(self.root or ""), self.local, self.stem,
        )  # fmt: skip

    @property
    def state(self) -> State:
        """See `State`."""
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        self._turn()

    @property
    def removed(self) -> bool:
        """It has left the list."""
        return self._removed

    @removed.setter
    def removed(self, removed: bool) -> None:
        self._removed = removed
        self._turn()

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """It is stopped meanwhile, on the way to something else: to nobody who waits is that a pause."""
        self._passing = True
        try:
            yield
        finally:
            self._passing = False
            self._turn()

    @property
    def rests(self) -> bool:
        """Nothing more will happen to it before somebody wants it."""
        return self._state is not State.QUEUED and not self._passing

    def _turn(self) -> None:
        self.turned.set()
        self.turned = trio.Event()

    @property
    def file(self) -> RemoteFile:
        """What is asked for."""
        return RemoteFile(self.path, self.size)

    @property
    def name(self) -> str:
        """What the finished file is called, before it is made safe; its ending is always the remote file's."""
        if not self.stem:
            return self.file.name
        ending = extension_of(self.file.name)
        return f"{self.stem}.{ending}" if ending else self.stem

    @property
    def waits(self) -> bool:
        """Whether it is to be fetched."""
        return self.state is State.QUEUED and not self.removed

    def spot(self) -> Spot:
        """How the order sees it."""
        asked = self.busy > 0 or self.link is not None
        return Spot(self.key, self.user, asked, self.since, self.ready, self.held)

    # -- the client's transfer ---------------------------------------------------------------------------------

    def takes(self, news: TransferNews) -> bool:
        """Whether news are of its transfer, and not of one that it gave up."""
        if self.link is None and self.busy and news.key > self.old_link:
            self.link = news.key
        return self.link == news.key

    def linked(self, link: int) -> None:
        """The client has it under this number, unless it has ended meanwhile."""
        if link > self.old_link:
            self.link = link

    def hear(self, news: TransferNews, now: float) -> None:
        """The client's transfer moved on."""
        if news.phase in _RUNNING:
            self.since = now if self.since is None else self.since
        else:
            self.since = None
        if news.phase is TransferPhase.REQUESTED and (
            self.news is None or self.news.phase is not TransferPhase.REQUESTED
        ):
            self.place_at = max(self.place_at, now - PLACE_EVERY + PLACE_FIRST)
        self.here = max(self.here, news.done) if news.phase in _RUNNING else self.here
        self.news = news

    def unlink(self) -> None:
        """The client's transfer has ended, or is given up."""
        if self.link is not None:
            self.old_link = max(self.old_link, self.link)
        self.link = self.news = self.since = None

    # -- what is shown -----------------------------------------------------------------------------------------

    def phase(self) -> TransferPhase:
        """Where it stands. What the client has all of is active until it is a finished file."""
        if self.state is State.QUEUED and self.news is not None:
            done = self.news.phase is TransferPhase.DONE
            return TransferPhase.ACTIVE if done else self.news.phase
        if self.state is State.QUEUED and self.finishing:
            return TransferPhase.ACTIVE
        return _PHASES[self.state]

    def __setattr__(self, name: str, value: object) -> None:
        """Whatever is set, it is to be shown anew."""
        object.__setattr__(self, name, value)
        object.__setattr__(self, "_shown", None)

    def view(self, now: float, wall: float) -> LegacyDownload:
        """As it stands; the very same object while nothing of it changes."""
        shown = self._shown
        if shown is None or (shown.next_try is not None and self.ready <= now):
            shown = self._view(now, wall)
            object.__setattr__(self, "_shown", shown)
        return shown

    def _view(self, now: float, wall: float) -> LegacyDownload:
        phase, news = self.phase(), self.news if self.state is State.QUEUED else None
        done = self.size if self.state is State.DONE else min(self.here, self.size)
        rate = news.rate if news is not None and phase is TransferPhase.ACTIVE else 0.0
        waits = self.state is State.QUEUED and self.link is None and self.ready > now
        return LegacyDownload(
            key=self.key,
            user=self.user,
            path=self.path,
            size=self.size,
            done=done,
            phase=phase,
            trouble=self.trouble,
            reason=self.reason,
            rate=rate,
            eta=(self.size - done) / rate if rate > 0 else None,
            place=news.place if news is not None and phase is TransferPhase.REQUESTED else None,
            next_try=wall + self.ready - now if waits else None,
            elsewhere=self.state is State.FAILED and self.trouble in ELSEWHERE,
            tries=self.tries,
            folder=self.folder,
            batch=self.batch,
            added=self.added,
            finished=self.finished,
            local=self.local,
            name=self.name,
        )
