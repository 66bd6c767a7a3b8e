"""Both lists of downloads as one: those from peers by content id, those from Soulseek users by the key of the download.

Rules: a name of 16 bytes is a key, one of 32 a content id (`record.is_legacy`). Adding is the list's own; everything
else goes by the name. Where there is no list of the Soulseek network its downloads are simply not there.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Final

import trio

from slskmesh.errors import UserError
from slskmesh.jobs import legacy_state
from slskmesh.jobs.port import Downloads, LegacyList
from slskmesh.jobs.record import TrackRecord, is_legacy
from slskmesh.soulseek.download_entry import LegacyDownload
from slskmesh.soulseek.values import TransferPhase
from slskmesh.swarm.state import DownloadState, Phase

_LOOK: Final = 1.0  # seconds
NOT_ALLOWED: Final = "Soulseek users are no sources in the present mode"
_TWICE: Final = 2  # looks at which a download has to be paused: peers that finish it are known a moment later


class Lists:
    """See the head of this file. `rescued`: whether peers finish this download of a Soulseek user now."""

    def __init__(self, swarm: Downloads, legacy: LegacyList | None, rescued: Callable[[bytes], bool]) -> None:
        self.swarm = swarm
        self.legacy = legacy
        self._rescued = rescued

    def state(self, name: bytes) -> DownloadState | None:
        """Where one stands; None: not in the list."""
        if not is_legacy(name):
            return self.swarm.state(name)
        view = self.view(name)
        return legacy_state.state_of(view, self._rescued(name)) if view is not None else None

    def view(self, key: bytes) -> LegacyDownload | None:
        """One of a Soulseek user as his list has it."""
        return self.legacy.state(key) if self.legacy is not None and is_legacy(key) else None

    async def settled(self, name: bytes) -> DownloadState | None:
        """Returns once it is DONE, FAILED or PAUSED; None once it is not in the list."""
        if not is_legacy(name):
            return await self.swarm.settled(name)
        paused = 0
        while self.legacy is not None:
            view = await self.legacy.settled(name)
            if view is None:
                return None
            paused = paused + 1 if view.phase is TransferPhase.PAUSED and not self._rescued(name) else 0
            if view.phase is not TransferPhase.PAUSED or paused >= _TWICE:
                return legacy_state.state_of(view, False)
            await trio.sleep(_LOOK)
        return None

    async def pause(self, name: bytes) -> None:
        """Stops one and keeps what is there. UserError: it does not run."""
        await self._of(name).pause(name)

    async def remove(self, name: bytes) -> None:
        """Takes one off; an unfinished one's data goes too, a finished file stays. UserError: there is none."""
        await self._of(name).remove(name)

    def _of(self, name: bytes) -> Downloads | LegacyList:
        if not is_legacy(name):
            return self.swarm
        if self.legacy is None:
            raise UserError("there is no such download")
        return self.legacy

    # -- of Soulseek users alone -------------------------------------------------------------------------------

    def patience(self, key: bytes) -> float | None:
        """For how many seconds one may stand still now; None: it is worth waiting for."""
        view = self.view(key)
        if view is None or self.legacy is None or self._rescued(key):
            return None
        return legacy_state.patience(view, self.legacy.sends(view.user))

    def alive(self, track: TrackRecord) -> list[bytes]:
        """The track's downloads from Soulseek users that may still come: what is here first, then what comes."""
        views = [self.view(name) for name in dict.fromkeys([track.content, *track.begun])]
        found = [view for view in views if view is not None and legacy_state.is_alive(view)]
        found = [view for view in found if view.key not in track.tried]
        found.sort(key=lambda view: (view.phase is not TransferPhase.DONE, not legacy_state.is_moving(view)))
        return [view.key for view in found]

    def moves(self, key: bytes) -> bool:
        """Whether one comes, be it from peers who finish it, or is here."""
        view = self.view(key)
        return view is not None and (legacy_state.is_moving(view) or self._rescued(key))


class Waited:
    """Downloads at Soulseek users that one release waited for in vain, and which of all of them are waited for now.

    Rules: what did not come is taken up once bytes of it came, or all of it is here. Where users are no sources in the
    present mode, only what comes already is waited for.
    """

    def __init__(self, lists: Lists, allowed: Callable[[], bool]) -> None:
        self._lists = lists
        self._allowed = allowed
        self._done: dict[bytes, int] = {}  # bytes that were there

    @property
    def names(self) -> Set[bytes]:
        """All of them."""
        return self._done.keys()

    def add(self, key: bytes) -> None:
        """It was waited for."""
        state = self._lists.state(key)
        self._done[key] = state.done if state is not None else 0

    def clear(self) -> None:
        """All are worth waiting for again."""
        self._done.clear()

    def why_not(self, key: bytes) -> str:
        """Why one is not waited for now, be it in the list or not; empty: it may be."""
        if self._lists.legacy is None:
            return "there is no Soulseek network here"
        state = self._lists.state(key)
        if state is not None and state.phase is Phase.DONE:
            return ""
        if key in self._done and (state is None or state.done <= self._done[key]):
            return (state.reason if state is not None else "") or "it does not come"
        return "" if self._allowed() or self._lists.moves(key) else NOT_ALLOWED
