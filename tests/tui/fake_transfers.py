"""Synthetic downloads from and uploads to Soulseek users, all fixed."""

from __future__ import annotations

from slskmesh.engine.legacy_views import (
    BuddyView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    LegacyUploadsView,
    LegacyUploadView,
    PeopleView,
    StatisticsView,
    SumsView,
    UserSumsView,
)
from slskmesh.engine.views import (
    IN_FLIGHT,
    MISSING,
    QUEUED,
    VERIFIED,
    ChunkMapView,
    SourceView,
    TransferState,
    TransfersView,
    TransferView,
    View,
)
from slskmesh.text import SafeStr
from tests.tui.fake import NOW, TITLES, s, source, transfer

USERS = ("vinyl_b", "tape_hiss", "dubmaster")


def key(number: int) -> str:
    return f"{number:032x}"


def legacy(number: int, **changes: object) -> LegacyDownloadView:
    """One download; without changes its phase follows its number."""
    phases = (
        LegacyPhase.ACTIVE,
        LegacyPhase.REQUESTED,
        LegacyPhase.QUEUED,
        LegacyPhase.PAUSED,
        LegacyPhase.FAILED,
        LegacyPhase.DONE,
    )
    phase = changes.get("phase", phases[number % 6])
    size = (22 + number) * 1024**2
    values: dict[str, object] = {
        "key": key(number),
        "user": s(USERS[number % 3]),
        "name": s(f"{number % 8 + 1:02} {TITLES[number % 8]}.mp3"),
        "remote": s(r"@@abc\Music\Oskar Vind\Low Tide"),
        "folder": s("Low Tide"),
        "size": size,
        "done": size if phase is LegacyPhase.DONE else size * (number % 5) // 6,
        "phase": phase,
        "reason": s("not shared any more") if phase is LegacyPhase.FAILED else s(""),
        "rate": 64.0 * 1024 if phase is LegacyPhase.ACTIVE else 0.0,
        "eta": 340.0 if phase is LegacyPhase.ACTIVE else None,
        "place": 12 if phase is LegacyPhase.REQUESTED else None,
        "next_try": NOW + 42 if phase is LegacyPhase.QUEUED else None,
        "elsewhere": phase is LegacyPhase.FAILED,
        "tries": 3 if phase in (LegacyPhase.QUEUED, LegacyPhase.FAILED) else 0,
        "added": NOW - 900 + number,
        "finished": NOW - 60 if phase is LegacyPhase.DONE else None,
        "path": s(f"/music/in/Low Tide/{number}.mp3") if phase is LegacyPhase.DONE else s(""),
    }
    values.update(changes)
    return LegacyDownloadView(**values)  # type: ignore[arg-type]


def downloads(count: int = 6, **changes: object) -> LegacyDownloadsView:
    return LegacyDownloadsView(tuple(legacy(n, **changes) for n in range(count)))


def story() -> tuple[tuple[float, SafeStr], ...]:
    return (
        (NOW - 300, s("asked of vinyl_b: place 14")),
        (NOW - 200, s("place 9")),
        (NOW - 20, s("vinyl_b sends")),
    )


CONTENT = "ab" * 32


def legacy_source(**changes: object) -> SourceView:
    values: dict[str, object] = {
        "letter": "S",
        "peer": "",
        "short": "slsk:vinyl_b",
        "name": s(""),
        "state": s("sent 9437184 bytes"),
        "rate": 3.0 * 1024,
        "received": 9 * 1024**2,
        "chunks": 36,
        "has": 36,
    }
    values.update(changes)
    return SourceView(**values)  # type: ignore[arg-type]


def rescue(done: bool = False) -> tuple[LegacyDownloadView, TransferView]:
    """A download from a Soulseek user that peers finish, and the transfer that does it."""
    size = 24 * 1024**2
    path = s("/music/in/Low Tide/07 Slow Beacon.flac") if done else s("")
    download = legacy(
        20,
        name=s("07 Slow Beacon.flac"),
        phase=LegacyPhase.DONE if done else LegacyPhase.PAUSED,
        user=s("vinyl_b"),
        size=size,
        done=size if done else 9 * 1024**2,
        rescued=not done,
        transfer="" if done else CONTENT,
        path=path,
        added=NOW - 2000,
    )
    peers = transfer(
        0,
        transfer=CONTENT,
        name=s("07 Slow Beacon.flac"),
        folder=s("Low Tide"),
        size=size,
        done=size if done else 15 * 1024**2,
        state=TransferState.DONE if done else TransferState.ACTIVE,
        chunks=96,
        chunks_done=96 if done else 60,
        chunk_size=256 * 1024,
        sources=(legacy_source(), source(0), source(1)),
        bad_chunks=0,
        wasted=0,
        added=NOW - 100,
        path=path,
    )
    return download, peers


def rescue_map() -> ChunkMapView:
    """Its prefix came from the user (source 1), who sends one chunk now and two more next; the rest is peers'."""
    states = bytes(
        [VERIFIED] * 36 + [IN_FLIGHT] + [QUEUED] * 2 + [MISSING] * 20 + [IN_FLIGHT] * 2 + [VERIFIED] * 35
    )
    owners = bytes([1] * 39 + [0] * 20 + [2, 3] + [2] * 35)
    return ChunkMapView(CONTENT, states, owners, bytes([2] * 96))


def upload(number: int, **changes: object) -> LegacyUploadView:
    phases = (LegacyPhase.ACTIVE, LegacyPhase.REQUESTED, LegacyPhase.QUEUED, LegacyPhase.QUEUED)
    phase = phases[number % 4]
    values: dict[str, object] = {
        "key": 100 + number,
        "user": s(USERS[number % 3]),
        "name": s(f"{number + 1:02} Quay.flac"),
        "folder": s("Marit Holm/Harbour Lights"),
        "group": ("buddies", "default", "leechers")[number % 3],
        "phase": phase,
        "size": 30 * 1024**2,
        "done": 10 * 1024**2 if phase is LegacyPhase.ACTIVE else 0,
        "rate": 300.0 * 1024 if phase is LegacyPhase.ACTIVE else 0.0,
    }
    values.update(changes)
    return LegacyUploadView(**values)  # type: ignore[arg-type]


def sending(count: int = 4) -> LegacyUploadsView:
    return LegacyUploadsView(tuple(upload(n) for n in range(count)), active=1, slots=3)


def people() -> PeopleView:
    return PeopleView((BuddyView(s("vinyl_b"), "online", s("a label owner"), trusted=True),))


def statistics() -> StatisticsView:
    sums = SumsView(310 * 1024**2, 12 * 1024**2, 14, 1)
    return StatisticsView(sums, sums, (UserSumsView(s("vinyl_b"), sums),))


def both() -> tuple[View, ...]:
    """Downloads from peers, from Soulseek users, and one from both; uploads to all."""
    download, peers = rescue()
    mesh = TransfersView((peers, transfer(1), transfer(3, folder=s(""))))
    return (
        mesh,
        LegacyDownloadsView((download, *downloads(6).downloads, legacy(9, folder=s("Single")))),
        sending(),
        people(),
        statistics(),
    )
