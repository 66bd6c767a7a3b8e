"""A legacy client for tests of rooms, mail, people and wishes: it keeps what it is asked, and answers as a server does.

It gives lines back, keeps rooms and watched users for one session only, and raises `Offline` while there is none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import trio

from slskmesh.errors import UserError
from slskmesh.soulseek.port import Line, Offline
from slskmesh.soulseek.values import (
    LegacyEvent,
    Listing,
    Outcome,
    RemoteFile,
    RoomJoined,
    RoomLeft,
    RoomSaid,
    ServerChanged,
    UserInfo,
    Whispered,
)
from slskmesh.work import LocalBudget

ME = "me"


class SocialDouble:
    """`port.Client` with a small server in it."""

    def __init__(self) -> None:
        self.there = False
        self.handlers: list[Callable[[LegacyEvent], object]] = []
        self.rooms_in: list[str] = []
        self.watched: list[str] = []
        self.whispered: list[tuple[str, str]] = []
        self.wished: list[str] = []
        self.forgotten: list[int] = []
        self.acknowledged: list[int] = []
        self.said: list[tuple[str, str]] = []
        self.hung: list[tuple[str, str]] = []
        self.closed_rooms: set[str] = set()
        self.refused_texts: set[str] = set()
        self.echo = True
        self.token = 0
        self.joins = 0
        self.breaks = 0  # wishes that find the session gone before it says so
        self.asked = trio.Event()

    def on_event(self, handler: Callable[[LegacyEvent], object]) -> None:
        self.handlers.append(handler)

    def tell(self, event: LegacyEvent) -> None:
        for handler in self.handlers:
            handler(event)

    def log_in(self) -> None:
        self.there = True
        self.tell(ServerChanged(Outcome.ONLINE))

    def lose(self) -> None:
        self.there = False
        self.rooms_in.clear()
        self.watched.clear()
        self.tell(ServerChanged(Outcome.LOST))

    @property
    def online(self) -> bool:
        return self.there

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits until calls of this client made it so."""
        while not true():
            self.asked = trio.Event()
            await self.asked.wait()

    def _needs_session(self) -> None:
        self.asked.set()
        if not self.there:
            raise Offline("there is no session with the Soulseek server; connect first")

    async def join(self, room: str, budget: LocalBudget) -> None:
        self._needs_session()
        self.joins += 1
        if room in self.closed_rooms:
            self.tell(
                Whispered(
                    "server",
                    f"The room you are trying to enter ({room}) is registered as private.",
                    1.0,
                    number=9,
                )
            )
            raise UserError("the server does not let us into this room, or its name is not allowed")
        self.rooms_in.append(room)
        self.tell(RoomJoined(room, (ME, "ann")))

    async def leave(self, room: str) -> None:
        self._needs_session()
        self.rooms_in.remove(room)
        self.tell(RoomLeft(room))

    async def say(self, room: str, text: str, budget: LocalBudget) -> None:
        self._needs_session()
        self.said.append((room, text))
        if self.echo:
            self.tell(RoomSaid(room, ME, text, 5.0))

    async def ticker(self, room: str, text: str, budget: LocalBudget) -> None:
        self._needs_session()
        self.hung.append((room, text))

    async def whisper(self, user: str, text: str, budget: LocalBudget) -> None:
        self._needs_session()
        if text in self.refused_texts:
            raise UserError("this cannot be sent")
        self.whispered.append((user, text))

    async def watch(self, user: str, on: bool) -> None:
        self._needs_session()
        if on and user not in self.watched:
            self.watched.append(user)
        if not on and user in self.watched:
            self.watched.remove(user)

    async def wish(self, text: str, budget: LocalBudget) -> int:
        self._needs_session()
        if self.breaks:
            self.breaks -= 1
            raise Offline("the session is gone")
        self.wished.append(text)
        self.token += 1
        return self.token

    def forget_search(self, token: int) -> None:
        self.forgotten.append(token)

    async def rooms(self, budget: LocalBudget) -> None:
        self._needs_session()

    def acknowledge(self, number: int) -> None:
        self.asked.set()
        if self.there:
            self.acknowledged.append(number)

    # -- what these tests never ask for ------------------------------------------------------------------------

    async def connect(self, line: Line) -> Outcome:
        raise AssertionError

    async def disconnect(self) -> None:
        raise AssertionError

    async def ping(self, budget: LocalBudget) -> float | None:
        raise AssertionError

    async def search(self, text: str, budget: LocalBudget, *, room: str = "", user: str = "") -> int:
        raise AssertionError

    def browse(self, user: str, budget: LocalBudget) -> AsyncIterator[Listing]:
        raise AssertionError

    async def folder(self, user: str, folder: str, budget: LocalBudget) -> Listing:
        raise AssertionError

    async def user_info(self, user: str, budget: LocalBudget) -> UserInfo:
        raise AssertionError

    async def download(self, user: str, file: RemoteFile, local: Path, budget: LocalBudget) -> int:
        raise AssertionError

    async def pause(self, key: int) -> None:
        raise AssertionError

    async def abort(self, key: int) -> None:
        raise AssertionError

    async def place(self, key: int, budget: LocalBudget) -> int | None:
        raise AssertionError

    def limit(self, upload: int, download: int) -> None:
        raise AssertionError
