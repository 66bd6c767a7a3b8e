"""What clients of slskd ask of the application itself: its state, version and options. Pure.

Rules:
- The version is that of the slskd whose API this is (clients compare it, and refuse an older one); who we are is told
  at /api/info and /api/slskdn/capabilities.
- `server` says whether a search can be asked of anybody, for that is what clients look there for: in disaster mode it
  stays "Connected, LoggedIn" while a peer is connected or the table is reached, and the same calls go on working on the
  mesh. How the session with the Soulseek server really stands is told at /api/v0/server, /api/info and /api/slskmesh.
- Options are what clients read, as they stand in the settings; no key, no password, no path but the person's own roots.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import msgspec

from slskmesh.engine.legacy_views import ChatsView, ModeView
from slskmesh.engine.views import LibraryView, ScanPhase, SettingsView, StatusView
from slskmesh.gateway.answers import Camel
from slskmesh.gateway.server_shapes import ServerState, server_state
from slskmesh.gateway.social_shapes import iso
from slskmesh.modes import EFFECTS, Health, Mode
from slskmesh.settings import read_value

VERSION: Final = "0.26.0"
LOGGED_IN: Final = "Connected, LoggedIn"
_NEVER: Final = 253_402_300_799  # the last second a calendar has, Unix
_INCOMPLETE: Final = ".incomplete"


class LoginRequest(Camel, frozen=True, kw_only=True):
    """Who logs in. The password is one of the gateway's keys; the name is the client's own affair."""

    username: str = ""
    password: str = ""


class Token(Camel, frozen=True, kw_only=True):
    """What to show from now on, as `Authorization: Bearer`. Unix seconds; a key does not expire."""

    expires: int
    issued: int
    name: str
    not_before: int
    token: str
    token_type: str


class VersionState(Camel, frozen=True, kw_only=True):
    """The version of the API. Whether there is a newer one is not looked for, so that is not told."""

    full: str
    current: str
    is_canary: bool
    is_development: bool


class ConnectionWatchdog(Camel, frozen=True, kw_only=True):
    """Whether the server is wanted, tried, and when next."""

    is_enabled: bool
    is_attempting_connection: bool
    next_attempt_at: str | None = None


class OwnUser(Camel, frozen=True, kw_only=True):
    """Who we are on the Soulseek network; no name without an account."""

    username: str | None = None


class SharesState(Camel, frozen=True, kw_only=True):
    """How the shares stand; `scan_progress` from 0 to 1."""

    scan_pending: bool
    scanning: bool
    ready: bool
    faulted: bool
    cancelled: bool
    scan_progress: float
    hosts: tuple[str, ...]
    files: int


class ApplicationState(Camel, frozen=True, kw_only=True):
    """All of it. `rooms`: the names of those we are in."""

    version: VersionState
    pending_reconnect: bool
    pending_restart: bool
    server: ServerState
    connection_watchdog: ConnectionWatchdog
    user: OwnUser
    shares: SharesState
    rooms: tuple[str, ...]


class Directories(Camel, frozen=True, kw_only=True):
    """Where finished and unfinished files stand."""

    incomplete: str
    downloads: str


class SharedDirectories(Camel, frozen=True, kw_only=True):
    """What is shared, and what of it is left out."""

    directories: tuple[str, ...]
    filters: tuple[str, ...]


class TransferLimits(Camel, frozen=True, kw_only=True):
    """How much at once; `speed_limit` in KiB/s, absent where there is none."""

    slots: int
    speed_limit: int | None = None


class TransferOptions(Camel, frozen=True, kw_only=True):
    """Limits of transfers with Soulseek users."""

    upload: TransferLimits
    download: TransferLimits


class SoulseekOptions(Camel, frozen=True, kw_only=True):
    """The account, without its password."""

    address: str
    port: int
    username: str
    description: str


class Options(Camel, frozen=True, kw_only=True):
    """The settings clients read, by slskd's names."""

    remote_configuration: bool
    remote_file_management: bool
    directories: Directories
    shares: SharedDirectories
    transfers: TransferOptions
    soulseek: SoulseekOptions


def token(name: str, key: str, now: float | None = None) -> Token:
    """A key as slskd gives a token; `now` in Unix seconds."""
    issued = int(time.time() if now is None else now)
    return Token(expires=_NEVER, issued=issued, name=name, not_before=issued, token=key, token_type="Bearer")


def version() -> VersionState:
    """The version of the API."""
    return VersionState(full=VERSION, current=VERSION, is_canary=False, is_development=False)


def reached(mode: ModeView, status: StatusView) -> ServerState:
    """Whether anybody can be asked, in the words slskd has for its server: it, a peer, or the table by ids."""
    state = server_state(mode)
    by_ids = EFFECTS[Mode(mode.mode), Health(mode.health)].ids_first and status.dht_nodes
    if state.is_logged_in or not (mode.ask_mesh and (status.peers or by_ids)):
        return state
    return msgspec.structs.replace(
        state,
        state=LOGGED_IN,
        is_connected=True,
        is_logged_in=True,
        is_connecting=False,
        is_logging_in=False,
        is_transitioning=False,
    )


def application(
    mode: ModeView, status: StatusView, library: LibraryView, chats: ChatsView
) -> ApplicationState:
    """The state of it all."""
    waits = mode.phase in ("connecting", "waiting")
    return ApplicationState(
        version=version(),
        pending_reconnect=False,
        pending_restart=False,
        server=reached(mode, status),
        connection_watchdog=ConnectionWatchdog(
            is_enabled=mode.connect,
            is_attempting_connection=waits,
            next_attempt_at=iso(mode.next_try) if waits and mode.next_try is not None else None,
        ),
        user=OwnUser(username=mode.username or None),
        shares=shares_state(library),
        rooms=tuple(room.name for room in chats.rooms if room.joined),
    )


def shares_state(library: LibraryView) -> SharesState:
    """How the shares stand."""
    scanning = library.phase in (ScanPhase.WALKING, ScanPhase.HASHING)
    part = library.done / library.total if library.total else 0.0
    return SharesState(
        scan_pending=False,
        scanning=scanning,
        ready=not scanning and library.phase is not ScanPhase.FAILED,
        faulted=library.phase is ScanPhase.FAILED,
        cancelled=library.phase is ScanPhase.CANCELLED,
        scan_progress=min(part, 1.0) if scanning else 1.0,
        hosts=("local",),
        files=library.files,
    )


def options(view: SettingsView) -> Options:
    """The settings clients read."""
    told = {one.key: one.value for one in view.settings}

    def text(key: str) -> str:
        return str(read_value(key, told[key]))

    def count(key: str) -> int:
        return int(str(read_value(key, told[key])))

    def words(key: str) -> tuple[str, ...]:
        return tuple(map(str, read_value(key, told[key])))

    def limits(slots: str, rate: str) -> TransferLimits:
        return TransferLimits(slots=count(slots), speed_limit=count(rate) // 1024 or None)

    downloads = Path(text("library.downloads") or Path(view.home) / "downloads").expanduser()
    host, _, port = text("soulseek.server").rpartition(":")
    return Options(
        remote_configuration=False,
        remote_file_management=False,
        directories=Directories(incomplete=str(downloads / _INCOMPLETE), downloads=str(downloads)),
        shares=SharedDirectories(directories=words("library.shares"), filters=words("library.exclude")),
        transfers=TransferOptions(
            upload=limits("soulseek.slots", "soulseek.max_upload_rate"),
            download=limits("soulseek.active", "soulseek.max_download_rate"),
        ),
        soulseek=SoulseekOptions(
            address=host,
            port=int(port),
            username=text("soulseek.username"),
            description=text("soulseek.description"),
        ),
    )
