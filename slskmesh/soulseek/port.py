"""The Soulseek network as the rooms above see it: one client, calls in, events out; all on the engine's loop.

Rules:
- Every call that asks the server or another user takes a `LocalBudget`: by type no remote peer's call gets here
  (design.md 2.6; documents 003 part 1).
- Calls while not online raise `Offline`; a user who does not answer is a PeerError without blame; nothing hangs.
- Events come in order through one bounded queue; when it is full progress is merged, never anything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from slskmesh.errors import SlskmeshError
from slskmesh.soulseek.values import LegacyEvent, Listing, Outcome, RemoteFile, UserInfo
from slskmesh.work import LocalBudget

PING_SECONDS: Final = 15.0


class Offline(SlskmeshError):
    """There is no session with the Soulseek server; the text says why and what to do."""


class Line(msgspec.Struct, frozen=True):
    """Where and as whom. `listen` is "host:port", never wider than configured; UPnP only when asked."""

    server: str  # "host:port"
    username: str
    password: str
    listen: str
    upnp: bool = False
    description: str = ""
    downloads: str = ""


class SharedAnswer(msgspec.Struct, frozen=True):
    """One of our files as legacy users see it: its network path and where it stands here."""

    file: RemoteFile
    local: Path


class Answers(Protocol):
    """Our shares for the network; called on the adapter's own thread, so it must be thread-safe and quick."""

    def files(self, user: str, text: str, limit: int) -> list[RemoteFile]:
        """Files under these words that `user` may see, those of a folder together, excluded phrases respected."""

    def browse(self, user: str) -> list[tuple[str, list[RemoteFile]]]:
        """All folders that `user` may see."""

    def folder(self, user: str, folder: str) -> list[tuple[str, list[RemoteFile]]]:
        """One folder and those below it, as far as `user` may see them."""

    def find(self, user: str, path: str) -> SharedAnswer | None:
        """The file of a network path, if `user` may have it."""

    def counts(self) -> tuple[int, int]:
        """Folders, files."""


class UploadRule(Protocol):
    """Who gets an upload; called on the adapter's own thread."""

    def refuse(self, user: str, path: str, queued: int) -> str:
        """Why this request is refused ("Banned", "Too many files", "File not shared."), or empty."""

    def slots(self) -> int:
        """Uploads at once, as users are told."""

    def next(self, waiting: list[tuple[int, str]], active: list[tuple[int, str]]) -> list[int]:
        """Keys of waiting (key, user) uploads to start now, given the active ones."""


class Client(Protocol):
    """One client. `run` owns its thread; it never reconnects by itself (that is the supervisor's)."""

    def on_event(self, handler: Callable[[LegacyEvent], None]) -> None:
        """One handler, called on the engine's loop."""

    async def connect(self, line: Line) -> Outcome:
        """Connects and logs in, 30 s at most; the socket is closed again unless ONLINE."""

    async def disconnect(self) -> None:
        """Leaves the server; running transfers with users go on."""

    @property
    def online(self) -> bool:
        """Whether there is a session."""

    async def ping(self, budget: LocalBudget) -> float | None:
        """Seconds the server took to answer a question that costs it nothing; None: no answer within PING_SECONDS.

        One at a time: a second call asks after the first. Offline where there is no session, or it ends meanwhile.
        """

    async def search(self, text: str, budget: LocalBudget, *, room: str = "", user: str = "") -> int:
        """Sends a search; its token. Answers come as events for as long as they come."""

    async def wish(self, text: str, budget: LocalBudget) -> int:
        """Sends a wishlist search; its token."""

    def forget_search(self, token: int) -> None:
        """No more answers to it are wanted."""

    def browse(self, user: str, budget: LocalBudget) -> AsyncIterator[Listing]:
        """A user's shares in portions of at most 1,000 files."""

    async def folder(self, user: str, folder: str, budget: LocalBudget) -> Listing:
        """One folder with its sub-folders."""

    async def user_info(self, user: str, budget: LocalBudget) -> UserInfo:
        """What a user says of himself."""

    async def shares_of(self, user: str, budget: LocalBudget) -> tuple[int, int] | None:
        """Folders and files that the server says a user shares; None: it does not say."""

    async def watch(self, user: str, on: bool) -> None:
        """Hears of a user's state, or no longer."""

    async def download(self, user: str, file: RemoteFile, local: Path, budget: LocalBudget) -> int:
        """Asks for a file into `local` (what is there already is taken as its beginning); the transfer's key."""

    async def pause(self, key: int) -> None:
        """Stops a transfer; what is there stays."""

    async def abort(self, key: int) -> None:
        """Ends a transfer; a download's partial file stays (its owner decides)."""

    async def place(self, key: int, budget: LocalBudget) -> int | None:
        """Place in the other side's queue, None where it does not say."""

    async def rooms(self, budget: LocalBudget) -> None:
        """Asks for the list; it comes as an event."""

    async def join(self, room: str, budget: LocalBudget) -> None:
        """Joins a room."""

    async def leave(self, room: str) -> None:
        """Leaves it."""

    async def say(self, room: str, text: str, budget: LocalBudget) -> None:
        """Says a line in a room we are in."""

    async def ticker(self, room: str, text: str, budget: LocalBudget) -> None:
        """Sets our ticker there."""

    async def whisper(self, user: str, text: str, budget: LocalBudget) -> None:
        """Sends a private message; the server keeps it for who is offline."""

    def acknowledge(self, number: int) -> None:
        """The message the server gave this number (`Whispered.number`) in this session is on disk: it may forget it.

        Without a session nothing happens, and the server delivers the message again at the next login.
        """

    def limit(self, upload: int, download: int) -> None:
        """Bytes per second of all legacy transfers together; 0: no limit."""
