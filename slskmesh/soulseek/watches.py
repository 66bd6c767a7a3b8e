"""Whose state the server tells us of, and on whose behalf: buddies, waiting downloads, open conversations share it.

Rules:
- A user is watched while anybody wants it; the server forgets at each logout and is told anew after each login.
- States are of this session only: with the line they are unknown. At most 5,000 users; who asks for more is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import trio

from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.values import LegacyEvent, ServerChanged, UserChanged, UserState

WATCHED_MAX: Final = 5_000


class Watches:
    """Of one client; on the engine's loop."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._wanted: dict[str, set[str]] = {}  # user -> on whose behalf
        self._states: dict[str, UserState] = {}
        self._told: dict[str, tuple[UserState, bool]] = {}  # with privileges
        self._news = trio.Event()

    def begin(self, users: Iterable[str], whose: str) -> None:
        """Wants these from the next login on."""
        for user in users:
            if user in self._wanted or len(self._wanted) < WATCHED_MAX:
                self._wanted.setdefault(user, set()).add(whose)

    async def on(self, user: str, whose: str) -> None:
        """Wants one, from now on. UserError where there are too many."""
        if user in self._wanted:
            self._wanted[user].add(whose)
            return
        if len(self._wanted) >= WATCHED_MAX:
            raise UserError(f"{WATCHED_MAX:,} users are watched already; take some off your lists first")
        self._wanted[user] = {whose}
        await self._tell(user, True)

    async def off(self, user: str, whose: str) -> None:
        """Wants one no longer."""
        wanted = self._wanted.get(user, set())
        wanted.discard(whose)
        if not wanted and self._wanted.pop(user, None) is not None:
            self._states.pop(user, None)
            self._told.pop(user, None)
            await self._tell(user, False)

    async def again(self) -> None:
        """After a login: the server is told of all. Ends early if the line is lost meanwhile."""
        for user in list(self._wanted):
            if user in self._wanted and not await self._tell(user, True):
                return

    def state(self, user: str) -> UserState:
        """How a watched user is, as far as the server said."""
        return self._states.get(user, UserState.UNKNOWN)

    async def told(self, user: str) -> tuple[UserState, bool]:
        """State and privileges of a watched user, once the server told both. Waits for that for ever."""
        while user not in self._told:
            await self._news.wait()
        return self._told[user]

    def on_event(self, event: LegacyEvent) -> None:
        """Takes an event in."""
        if isinstance(event, ServerChanged):  # with a login too: the server tells all anew
            self._states.clear()
            self._told.clear()
        elif isinstance(event, UserChanged) and event.user in self._wanted:
            self._states[event.user] = event.state
            if event.privileged is not None:
                self._told[event.user] = event.state, event.privileged
                self._news.set()
                self._news = trio.Event()

    async def _tell(self, user: str, on: bool) -> bool:
        """Tells the server, if there is one and it takes more; a login tells it again."""
        if not self._client.online:
            return False
        try:
            await self._client.watch(user, on)
        except SlskmeshError:
            return False
        return True
