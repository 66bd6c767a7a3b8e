"""An engine client for tests: it remembers commands and shows what the test gives it. Synthetic data, all fixed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from slskmesh.engine.client import Batch
from slskmesh.engine.commands import Command
from slskmesh.engine.events import EngineEnded, Event, Level, Notice, Reply
from slskmesh.engine.legacy_events import PublishedShown
from slskmesh.engine.legacy_views import (
    CaptureView,
    ChatsView,
    ConversationView,
    HookRanView,
    ModeView,
    RescueView,
    RoomView,
    StatisticsView,
    SumsView,
    ToldView,
    UserSumsView,
)
from slskmesh.engine.views import (
    BAD,
    IN_FLIGHT,
    MISSING,
    QUEUED,
    RECEIVED,
    VERIFIED,
    Banner,
    ChunkMapView,
    HitView,
    LibraryView,
    PeerState,
    PeersView,
    PeerView,
    ScanPhase,
    SettingsView,
    SettingView,
    SourceView,
    StatusView,
    TransferState,
    TransfersView,
    TransferView,
    UploadsView,
    UploadView,
    View,
)
from slskmesh.text import SafeStr, sanitize

NOW = 1_700_000_000.0
NAMES = ("lena", "tape_hiss", "", "dubmaster", "kessel", "vinyl_b")
KEYS = ("7f3a", "22ab", "90fe", "1b0d", "c0de", "5c1e")


def s(text: str) -> SafeStr:
    return sanitize(text)


def peer_id(number: int) -> str:
    return "sm1" + (f"{KEYS[number % 6]}" + "abcdefghijklmnopqrstuvwxyz234567" * 2)[:56]


class FakeClient:
    """Records commands; `answer` gives the Reply of a command (default: ok, no text)."""

    def __init__(self, *first: View | Event) -> None:
        self.attached = False
        self.commands: list[Command] = []
        self.answer: Callable[[int, Command], Reply | None] = lambda n, command: Reply(n, True)
        self.started = False
        self.stopped = False
        self._wake: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._views: dict[type[View], View] = {}
        self._events: list[Event] = []
        self._first = first

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.started = True
        self.push(*self._first)

    def push(self, *items: View | Event) -> None:
        for item in items:
            if isinstance(item, View):
                self._views[type(item)] = item
            else:
                self._events.append(item)
        self._wake()

    def post(self, command: Command) -> int:
        number = next(self._numbers)
        self.commands.append(command)
        reply = self.answer(number, command)
        if reply is not None:
            self.push(reply)
        return number

    def drain(self) -> Batch:
        views, self._views = tuple(self._views.values()), {}
        events, self._events = tuple(self._events), []
        return Batch(views, events)

    def stop(self, timeout: float = 5.0) -> bool:
        self.stopped = True
        return True

    def sent(self, kind: type[Command]) -> list[Command]:
        return [command for command in self.commands if isinstance(command, kind)]


def status(banner: Banner = Banner.MESH_ONLY, **changes: object) -> StatusView:
    values: dict[str, object] = {
        "banner": banner,
        "since": NOW - 600,
        "detail": s("3 of 4 by invite"),
        "peers": 4,
        "down_rate": 4.2 * 1024**2,
        "up_rate": 812 * 1024,
        "down_total": 5 * 1024**3,
        "up_total": 1024**3,
        "transfers": 3,
        "uploads": 2,
        "upload_slots": 20,
        "disk_free": 212 * 1024**3,
        "peer_id": peer_id(0),
        "listening": "127.0.0.1:50300",
    }
    if banner in {Banner.STARTING, Banner.ISOLATED, Banner.STOPPED}:
        values.update(peers=0, detail=s("no peers yet"), down_rate=0.0, up_rate=0.0)
    values.update(changes)
    return StatusView(**values)  # type: ignore[arg-type]


TITLES = (
    "Night Ferry",
    "Salt Lines",
    "The Long Pier",
    "Low Sun",
    "Glass Harbour",
    "Tidal",
    "Slow Beacon",
    "Quay",
)
ALBUMS = (("Marit Holm", "Harbour Lights"), ("The Lanterns", "Paper Moons"), ("Oskar Vind", "Low Tide"))


def hit(number: int, **changes: object) -> HitView:
    artist, album = ALBUMS[number // 8 % 3]
    flac = number % 3 != 1
    values: dict[str, object] = {
        "key": number,
        "content": f"{number:064x}",
        "size": (18 + number % 23) * 1024**2 + number * 1031,
        "name": s(f"{number % 8 + 1:02} {TITLES[number % 8]}.{'flac' if flac else 'mp3'}"),
        "folder": s(f"Music/{artist}/{album}"),
        "peer": peer_id(number % 4),
        "short": f"k:{KEYS[number % 4]}..9c",
        "peer_name": s(NAMES[number % 4]),
        "music": True,
        "format": s("FLAC" if flac else "MP3"),
        "artist": s(artist),
        "album": s(album),
        "title": s(TITLES[number % 8]),
        "track": number % 8 + 1,
        "year": 1998 + number % 5,
        "duration": 180.0 + number % 200,
        "bitrate": 0 if flac else 320_000,
        "sample_rate": 44_100,
        "bit_depth": 16 if flac else 0,
        "channels": 2,
        "trusted": number % 4 == 0,
        "have": number % 11 == 5,
    }
    values.update(changes)
    return HitView(**values)  # type: ignore[arg-type]


def hits(count: int, start: int = 0) -> tuple[HitView, ...]:
    """Hits over 24 contents and more: every fifth is another copy of an earlier content."""
    out = []
    for number in range(start, start + count):
        content = f"{number - 4:064x}" if number % 5 == 4 else f"{number:064x}"
        out.append(hit(number, content=content))
    return tuple(out)


def peer(number: int, **changes: object) -> PeerView:
    states = (
        PeerState.CONNECTED,
        PeerState.CONNECTED,
        PeerState.CONNECTED,
        PeerState.WAITING,
        PeerState.BLOCKED,
    )
    state = states[number % 5]
    values: dict[str, object] = {
        "peer": peer_id(number),
        "short": f"k:{KEYS[number % 6]}..9c",
        "name": s(NAMES[number % 6]),
        "state": state,
        "trusted": number % 3 == 0,
        "address": s(f"127.0.0.1:{50300 + number}"),
        "outbound": number % 2 == 0,
        "since": NOW - 300 * number - 60 if state is PeerState.CONNECTED else None,
        "rtt": 0.048 * (number + 1) if state is PeerState.CONNECTED else None,
        "down_total": 8 * 1024**3 // (number + 1),
        "up_total": 4 * 1024**3 // (number + 1),
        "good_chunks": 412 // (number + 1),
        "bad_chunks": 5 if number == 3 else 0,
        "score": -0.6 if number == 3 else 0.4,
        "next_try": NOW + 24 if state is PeerState.WAITING else None,
        "note": s("connection refused") if state is PeerState.WAITING else s(""),
    }
    values.update(changes)
    return PeerView(**values)  # type: ignore[arg-type]


def peers(count: int = 5) -> PeersView:
    return PeersView(tuple(peer(n) for n in range(count)))


def source(number: int, **changes: object) -> SourceView:
    states = ("active", "active", "slow", "banned: bad chunk 7", "choked, place 3")
    values: dict[str, object] = {
        "letter": "ABCDEFGH"[number],
        "peer": peer_id(number),
        "short": f"k:{KEYS[number % 6]}..9c",
        "name": s(NAMES[number % 6]),
        "state": s(states[number % 5]),
        "rate": (1.2 / (number + 1)) * 1024**2 if number < 3 else 0.0,
        "received": 100 * 1024**2 // (number + 1),
        "chunks": 412 // (number + 1),
        "bad": 2 if number == 3 else 0,
        "rtt": 0.048 * (number + 1),
        "in_flight": 4 if number < 3 else 0,
        "has": 1000,
    }
    values.update(changes)
    return SourceView(**values)  # type: ignore[arg-type]


def transfer(number: int, **changes: object) -> TransferView:
    states = (
        TransferState.ACTIVE,
        TransferState.STALLED,
        TransferState.QUEUED,
        TransferState.DONE,
        TransferState.PAUSED,
        TransferState.FAILED,
    )
    state = states[number % 6]
    size = 640 * 1024**2 if number == 0 else (20 + number) * 1024**2
    done = size if state is TransferState.DONE else size * (5 - number % 5) // 9
    values: dict[str, object] = {
        "transfer": f"{number:064x}",
        "name": s("Harbour Mix (live).flac" if number == 0 else f"{number:02} {TITLES[number % 8]}.flac"),
        "folder": s("Marit Holm/Harbour Lights"),
        "size": size,
        "done": done,
        "state": state,
        "reason": s("no connected peer has chunks 611 to 640") if state is TransferState.STALLED else s(""),
        "rate": 4.2 * 1024**2 if state is TransferState.ACTIVE else 0.0,
        "eta": 220.0 if state is TransferState.ACTIVE else None,
        "chunk_size": 256 * 1024,
        "chunks": size // (256 * 1024),
        "chunks_done": done // (256 * 1024),
        "bad_chunks": 2 if number == 0 else 0,
        "wasted": 512 * 1024 if number == 0 else 0,
        "sources": tuple(source(n) for n in range(5)) if state is TransferState.ACTIVE else (),
        "added": NOW - 1000 + number,
        "path": s("/music/in/x.flac") if state is TransferState.DONE else s(""),
    }
    values.update(changes)
    return TransferView(**values)  # type: ignore[arg-type]


def transfers(count: int = 6) -> TransfersView:
    return TransfersView(tuple(transfer(n) for n in range(count)))


def chunkmap(number: int = 0, chunks: int = 2560, turn: int = 0) -> ChunkMapView:
    """A file three eighths done, busy in the middle; `turn` moves the busy part on."""
    states, owners, copies = bytearray(chunks), bytearray(chunks), bytearray(chunks)
    edge = chunks * 3 // 8 + turn
    for i in range(chunks):
        noise = int(abs(math.sin(i * 12.9898) * 43758.5453) * 100) % 100
        near = i - edge
        if near < 0:
            states[i] = RECEIVED if noise < 2 else VERIFIED
        elif near < chunks // 4:
            states[i] = (
                (VERIFIED, IN_FLIGHT, QUEUED, MISSING)[min(3, noise * 6 // 100)] if noise < 70 else MISSING
            )
            states[i] = BAD if noise == 69 else states[i]
        else:
            states[i] = MISSING if noise > 3 else IN_FLIGHT
        owners[i] = 1 + (i // 13 + noise) % 3 if states[i] != MISSING else 0
        copies[i] = 1 + noise % 5
    return ChunkMapView(f"{number:064x}", bytes(states), bytes(owners), bytes(copies))


def settings_view(configured: bool = True, index: str = "") -> SettingsView:
    """`index`: the value of mesh.shadow_index.enabled, where it is told."""
    rows: tuple[SettingView, ...] = (
        SettingView(
            "overlay.listen",
            "0.0.0.0:50300",
            "0.0.0.0:50300",
            "Where peers may dial this one, host:port.",
            "default",
            (),
            True,
        ),
        SettingView("overlay.name", "lena", "", "The name other people see beside your key.", "config.toml"),
        SettingView(
            "overlay.max_upload_rate",
            "2M",
            "0",
            "Bytes a second sent to all peers together; 0 is no limit.",
            "config.toml",
        ),
        SettingView(
            "library.shares",
            '["/music"]',
            "[]",
            "Folders whose files connected peers may find and fetch.",
            "config.toml",
        ),
        SettingView(
            "library.follow_links", "false", "false", "Follow symbolic links while scanning.", "default"
        ),
        SettingView("swarm.slots", "20", "20", "Uploads served at the same time.", "default"),
        SettingView("ui.theme", "auto", "auto", "Colours; auto is ansi-dark over SSH.", "default"),
        SettingView(
            "ui.charset",
            "auto",
            "auto",
            "Signs the screen is drawn with.",
            "environment",
            ("auto", "utf8", "ascii"),
        ),
        SettingView(
            "ui.bell", "true", "false", "Ring the terminal's bell when the state changes.", "config.toml"
        ),
    )
    if index:
        key = "mesh.shadow_index.enabled"
        rows += (SettingView(key, index, "true", "Publish signed shards of what is held.", "default"),)
    return SettingsView(
        configured,
        "/data/lena/.slskmesh",
        "/data/lena/.slskmesh/config.toml",
        rows,
        ("/data/lena/Music",),
        "/data/lena/Downloads",
    )


def mode(name: str = "hybrid", **changes: object) -> ModeView:
    """Modes and healths by name: "hybrid", "degraded", "disaster", "mesh-only", "no account", "legacy-only"."""
    values: dict[str, object] = {
        "mode": {"degraded": "hybrid", "no account": "mesh-only"}.get(name, name),
        "health": "healthy",
        "since": NOW - 600,
        "reason": s("the Soulseek server is there"),
        "rtt": 0.042,
        "phase": "online",
        "what": s("on the Soulseek server"),
        "server": s("server.slsknet.org:2242"),
        "username": s("lena"),
        "listening": "0.0.0.0:50305",
        "connect": True,
        "ask_server": True,
        "legacy_sources": True,
        "rooms": True,
        "search": s("the Soulseek server, with the shadow index and neighbours beside it"),
        "jobs": s("Soulseek users where they are cheap, peers for the rest and for rescue"),
        "transfers": s("from Soulseek users and from peers"),
        "chat": s("rooms and private messages"),
        "searches_left": 31,
        "searches_of": 34,
        "events": (
            (NOW - 900, s("health healthy (was degraded): three good checks and a stable minute")),
            (NOW - 600, s("mode hybrid (was mesh-only): hybrid is switched on")),
        ),
    }
    away: dict[str, object] = {
        "health": "degraded",
        "reason": s("the Soulseek server cannot be reached"),
        "rtt": None,
        "phase": "waiting",
        "what": s("the Soulseek server cannot be reached"),
        "todo": s("check the network and soulseek.server; it is tried again"),
        "next_try": NOW + 24,
        "tries": 3,
        "legacy_sources": False,
    }
    if name == "degraded":
        values.update(away, outlook=s("mesh-only in 4:10 if this lasts"), next_at=NOW + 250)
    elif name == "disaster":
        values.update(away, health="unavailable", ask_server=False, rooms=False, searches_left=34)
        values.update(search=s("the mesh: by MusicBrainz id through the table, by words at neighbours"))
    elif name in {"mesh-only", "no account"}:
        values.update(away, health="unavailable", phase="off", next_try=None, tries=0, connect=False)
        values.update(
            what=s("the Soulseek connection is switched off"), todo=s(""), ask_server=False, rooms=False
        )
        values.update(reason=s("mesh-only is chosen in the settings"), searches_of=0, listening="")
        if name == "no account":
            values.update(username=s(""), reason=s("no Soulseek account is set"))
    elif name == "legacy-only":
        values.update(ask_mesh=False, reason=s("the mesh is switched off in the settings"))
    values.update(changes)
    return ModeView(**values)  # type: ignore[arg-type]


def sums(number: int) -> SumsView:
    return SumsView(number * 1200 * 1024**2, number * 300 * 1024**2, 12 * number, 4 * number)


def statistics(**changes: object) -> StatisticsView:
    values: dict[str, object] = {
        "session": sums(1),
        "all_time": sums(9),
        "users": tuple(UserSumsView(s(name), sums(3 - at)) for at, name in enumerate(("vinyl_b", "kessel"))),
        "hooks": (
            HookRanView(NOW - 60, "file", s("notify-send"), s("04 Quay.flac"), 0.2, 0, s(""), True),
            HookRanView(NOW - 30, "folder", s("tag-it"), s("Low Tide"), 4.0, 2, s("no such tag"), False),
        ),
        "rescue": RescueView(3, 2, 120 * 1024**2, 1),
        "capture": CaptureView(8_412, 40, 213, 14_220, 7),
    }
    values.update(changes)
    return StatisticsView(**values)  # type: ignore[arg-type]


def chats(unread: int = 14, mentions: int = 1, private: int = 1) -> ChatsView:
    return ChatsView(
        (RoomView(s("dub-techno"), True, True, users=41, unread=unread, mentions=mentions),),
        (ConversationView(s("kessel"), unread=private, last=NOW - 5, text=s("hi"), state="online"),),
    )


def told(number: int, **changes: object) -> ToldView:
    values: dict[str, object] = {
        "kind": "shard",
        "name": s(f"release {number:08x}-0000-4000-8000-{number:012x}"),
        "title": s(f"{ALBUMS[number % 3][0]} - {ALBUMS[number % 3][1]}"),
        "size": 120 + number,
        "life": 7200.0,
        "says": (
            s("8 of 8 tracks held: places 1, 2, 3, 4, 5, 6, 7, 8"),
            s("as the files' tags say"),
            s("8 tracks flac, lossless, 16 bit; 8 bytes of a hash over their audio: 00112233aabbccdd"),
        ),
    }
    values.update(changes)
    return ToldView(**values)  # type: ignore[arg-type]


def published(query: int, out: int = 3) -> PublishedShown:
    where = told(
        99,
        kind="endpoints",
        name=s(""),
        title=s(""),
        says=(s("this peer can be reached at 203.0.113.5:50300"),),
    )
    return PublishedShown(
        query,
        (*(told(n) for n in range(out)), where),
        (told(7),),
        (s("release 00000009-0000-4000-8000-000000000009"),),
        (s(f"{out + 1} records of 400 bytes are out"), s("each is signed with this peer's key")),
    )


def library() -> LibraryView:
    return LibraryView(
        ScanPhase.HASHING, (s("/music"),), 14_220, 212 * 1024**3, 120, 300, 420, 180 * 1024**2, 42.0
    )


def uploads() -> UploadsView:
    return UploadsView(
        (UploadView(peer_id(1), "k:22ab..9c", s("03 Low Sun.flac"), s("sending"), 812 * 1024.0, 1000, 9000),)
    )


def everything() -> tuple[View | Event, ...]:
    return (
        settings_view(),
        status(),
        library(),
        peers(),
        transfers(),
        uploads(),
        Notice(NOW - 30, Level.INFO, s("scan of /music began")),
        Notice(NOW - 10, Level.GOOD, s("04 Quay.flac is complete and verified")),
    )


def ended(text: str = "the database is on a full disk") -> EngineEnded:
    return EngineEnded(False, s(text))
