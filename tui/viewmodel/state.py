"""Everything the engine has shown so far: the newest view of each type, the event log, a minute of rates.

Rules: the only engine state the app holds; all of it bounded; time comes from the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from slskmesh.engine.events import EngineEnded, Level, Notice
from slskmesh.engine.job_views import JobPhase, JobRowView, JobsView, JobView, MeshView
from slskmesh.engine.legacy_views import (
    ChatsView,
    ChatView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    LegacyUploadsView,
    ModeView,
    PeopleView,
    StatisticsView,
    WishesView,
)
from slskmesh.engine.views import (
    Banner,
    ChunkMapView,
    DoorView,
    LibraryView,
    PeersView,
    PeerView,
    SettingsView,
    StatusView,
    TransferState,
    TransfersView,
    TransferView,
    UploadsView,
    View,
)
from slskmesh.text import SafeStr, sanitize

LOG_LINES = 500
RATE_SAMPLES = 60
_INDEX = ("mesh.enabled", "mesh.shadow_index.enabled")
_ON = frozenset({"true", "yes", "on", "1"})
ACTIVE = frozenset(
    {
        TransferState.QUEUED,
        TransferState.FINDING,
        TransferState.CHECKING,
        TransferState.ACTIVE,
        TransferState.STALLED,
        TransferState.FINISHING,
    }
)
LEGACY_ACTIVE = frozenset(
    {LegacyPhase.QUEUED, LegacyPhase.REQUESTED, LegacyPhase.CONNECTING, LegacyPhase.ACTIVE}
)
AT_WORK = frozenset({JobPhase.QUEUED, JobPhase.PLANNING, JobPhase.RUNNING})


def at_work(jobs: Iterable[JobRowView]) -> int:
    """Jobs that are not over, do not wait and are not paused."""
    return sum(1 for row in jobs if row.phase in AT_WORK)


def legacy_at_work(downloads: Iterable[LegacyDownloadView]) -> int:
    """Downloads from Soulseek users that go on by themselves, or that peers are finishing."""
    return sum(1 for d in downloads if d.phase in LEGACY_ACTIVE or d.transfer)


@dataclass(slots=True)
class Rates:
    """One sample a second of a rate, a minute of them."""

    samples: deque[float] = field(default_factory=lambda: deque(maxlen=RATE_SAMPLES))
    _second: int = -1

    def note(self, now: float, value: float) -> bool:
        """Takes the value of this second once; True where a sample was added. Seconds without a value repeat it."""
        second = int(now)
        if second == self._second:
            return False
        missed = 1 if self._second < 0 else min(RATE_SAMPLES, second - self._second)
        self.samples.extend([value] * max(1, missed))
        self._second = second
        return True


@dataclass(slots=True)
class State:
    """The newest views. `status` starts as STARTING, so the banner always has something true to say."""

    started: float
    attached: bool = False  # the engine is another process's, and goes on without this screen
    status: StatusView = field(init=False)
    library: LibraryView | None = None
    peers: tuple[PeerView, ...] = ()
    transfers: tuple[TransferView, ...] = ()
    uploads: UploadsView | None = None
    settings: SettingsView | None = None
    index: bool | None = None  # whether shards are published, by the settings; None: not known yet
    chunkmap: ChunkMapView | None = None
    jobs: tuple[JobRowView, ...] = ()
    job: JobView | None = None  # the watched one
    mesh: MeshView | None = None
    mode: ModeView | None = None
    legacy: tuple[LegacyDownloadView, ...] = ()  # downloads from Soulseek users
    legacy_uploads: LegacyUploadsView | None = None
    statistics: StatisticsView | None = None
    chats: ChatsView | None = None
    unread: int = 0  # lines nobody saw yet, and those of them that are meant for the person
    loud: int = 0
    chat: ChatView | None = None  # the watched one
    people: PeopleView | None = None
    wishes: WishesView | None = None
    door: DoorView | None = None
    ended: EngineEnded | None = None
    notices: deque[Notice] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    dropped: int = 0  # events the engine left out: search hits and INFO notices only
    forgotten: int = 0  # log lines that made room for newer ones
    down: Rates = field(default_factory=Rates)
    up: Rates = field(default_factory=Rates)
    transfer_rates: dict[str, Rates] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.status = StatusView(Banner.STARTING, self.started, SafeStr("the engine is starting"))

    def apply(self, views: Iterable[View], now: float) -> set[type[View]]:
        """Takes newer views; returns their types."""
        seen: set[type[View]] = set()
        for view in views:
            seen.add(type(view))
            match view:
                case StatusView():
                    if self.ended is None:
                        self.status = view
                case LibraryView():
                    self.library = view
                case PeersView():
                    self.peers = view.peers
                case TransfersView():
                    self._take_transfers(view.transfers, now)
                case UploadsView():
                    self.uploads = view
                case SettingsView():
                    self._take_settings(view)
                case ChunkMapView():
                    self.chunkmap = view
                case JobsView():
                    self.jobs = view.jobs
                case JobView():
                    self.job = view
                case MeshView():
                    self.mesh = view
                case _:
                    self._take_legacy(view)
        return seen

    def _take_legacy(self, view: View) -> None:
        match view:
            case ModeView():
                self.mode = view
            case LegacyDownloadsView():
                self.legacy = view.downloads
            case LegacyUploadsView():
                self.legacy_uploads = view
            case StatisticsView():
                self.statistics = view
            case ChatsView():
                self.chats = view
                waiting = sum(one.unread for one in view.conversations)
                self.unread = waiting + sum(room.unread for room in view.rooms)
                self.loud = waiting + sum(room.mentions for room in view.rooms)
            case ChatView():
                self.chat = view
            case PeopleView():
                self.people = view
            case WishesView():
                self.wishes = view
            case DoorView():
                self.door = view

    def _take_settings(self, view: SettingsView) -> None:
        self.settings = view
        on = [s.value.strip().lower() in _ON for s in view.settings if s.key in _INDEX]
        self.index = all(on) if on else None

    def _take_transfers(self, transfers: tuple[TransferView, ...], now: float) -> None:
        self.transfers = transfers
        known = {t.transfer for t in transfers}
        for gone in self.transfer_rates.keys() - known:
            del self.transfer_rates[gone]
        for transfer in transfers:
            if transfer.state is TransferState.ACTIVE or transfer.transfer in self.transfer_rates:
                self.transfer_rates.setdefault(transfer.transfer, Rates()).note(now, transfer.rate)

    def tick(self, now: float) -> bool:
        """Samples the rates; True where there was a new second."""
        down = self.down.note(now, self.status.down_rate)
        return self.up.note(now, self.status.up_rate) or down

    def end(self, event: EngineEnded, now: float) -> None:
        """The engine is gone: the banner says STOPPED from now on."""
        self.ended = event
        self.status = StatusView(Banner.STOPPED, now, event.text)
        text = event.text if self.attached else SafeStr(f"engine stopped: {event.text}")
        self.log(now, Level.INFO if event.clean else Level.ERROR, text)

    def log(self, when: float, level: Level, text: SafeStr) -> Notice:
        """Adds one line to the event log."""
        notice = Notice(when, level, text)
        self.note(notice)
        return notice

    def note(self, notice: Notice) -> None:
        """Takes one line of the event log; the oldest goes where it is full, and is counted."""
        self.forgotten += len(self.notices) == LOG_LINES
        self.notices.append(notice)

    @property
    def others(self) -> int:
        """Terminals that are attached to this engine, besides this one."""
        return max(0, self.door.attached - self.attached) if self.door is not None else 0

    @property
    def errors(self) -> list[Notice]:
        """The log's warnings and errors, newest first."""
        return [n for n in reversed(self.notices) if n.level in {Level.WARN, Level.ERROR}]

    def transfer(self, key: str) -> TransferView | None:
        """The download of this content id."""
        return next((t for t in self.transfers if t.transfer == key), None)

    def peer(self, key: str) -> PeerView | None:
        """The known peer of this full text form."""
        return next((p for p in self.peers if p.peer == key), None)

    @property
    def settings_file(self) -> str:
        """The settings file, as text for the screen."""
        return str(sanitize(self.settings.file, 400)) if self.settings is not None else "config.toml"

    def job_row(self, job: int) -> JobRowView | None:
        """The job of this number."""
        return next((row for row in self.jobs if row.job == job), None)

    @property
    def running(self) -> int:
        """Downloads that quitting would interrupt; one that peers rescue counts once."""
        rescued = {d.transfer for d in self.legacy if d.transfer}
        mesh = sum(1 for t in self.transfers if t.state in ACTIVE and t.transfer not in rescued)
        return mesh + legacy_at_work(self.legacy)
