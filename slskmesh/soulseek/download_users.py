"""The users that downloads come from: who is away, and who is watched for coming back.

Rules: a user is watched while something unfinished is wanted of him. Who is away is forgotten with the session, for the
server says it again in the next one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slskmesh.errors import SlskmeshError
from slskmesh.soulseek.download_list import DownloadList
from slskmesh.soulseek.download_order import Full
from slskmesh.soulseek.download_work import NOT_REACHED
from slskmesh.soulseek.retry import Trouble
from slskmesh.soulseek.values import UserState

Watching = Callable[[str, bool], Awaitable[None]]


class DownloadUsers:
    """See the head of this file. `soon` starts a call as a task."""

    def __init__(self, shelf: DownloadList, full: Full, watch: Watching, soon: Callable[..., Any]) -> None:
        self.away: set[str] = set()
        self._list = shelf
        self._full = full
        self._watch = watch
        self._soon = soon
        self._watched: set[str] = set()

    def want(self, user: str) -> None:
        """Something of his is asked for."""
        if user not in self._watched:
            self._watched.add(user)
            self._soon(self._set_watch, user, True)

    def leave(self, user: str) -> None:
        """Maybe nothing more is wanted of him."""
        if not self._list.of_user(user):
            self.away.discard(user)
            self._full.forget(user)
            if user in self._watched:
                self._watched.discard(user)
                self._soon(self._set_watch, user, False)

    async def _set_watch(self, user: str, on: bool) -> None:
        try:
            await self._watch(user, on)
        except SlskmeshError:
            self._watched.discard(user)  # no session, or too many are watched: he is asked like anybody

    def heard(self, user: str, state: UserState) -> None:
        """The server says where he is."""
        away = state in (UserState.OFFLINE, UserState.UNKNOWN)
        entries = self._list.of_user(user)
        if not entries:
            return
        if away:
            self.away.add(user)
        else:
            self.away.discard(user)
        for entry in entries:
            if away and entry.waits and entry.since is None:
                entry.trouble = Trouble.OFFLINE
                offline = state is UserState.OFFLINE
                entry.reason = "the user is offline" if offline else "the server knows no such user now"
            elif not away and entry.waits and self._hindered(entry.trouble, entry.reason):
                entry.trouble, entry.reason, entry.ready = Trouble.NONE, "", 0.0
            else:
                continue
            self._list.mark(entry)

    @staticmethod
    def _hindered(trouble: Trouble, reason: str) -> bool:
        return trouble is Trouble.OFFLINE or reason == NOT_REACHED
