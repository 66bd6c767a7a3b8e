"""How much those share who want uploads of us, as far as the server says: what makes a leecher of one (`groups`).

Rules:
- Asked once a user and day, when his first upload waits, one question at a time; while it is not known he is none.
- `of` is asked on the client's thread: a look into a table that is only ever replaced entry by entry.
- At most KNOWN_MAX users; the first known goes first.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import trio

from slskmesh.errors import SlskmeshError
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.values import LegacyEvent, TransferChanged, TransferPhase
from slskmesh.work import LocalBudget, Origin

KNOWN_MAX: Final = 5_000
WAITING_MAX: Final = 500
HOLDS: Final = 24 * 3600.0  # seconds an answer holds
PAUSE: Final = 0.5  # seconds between two questions


class Leechers:
    """See the head of this file. `run` owns the asking."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, tuple[float, tuple[int, int] | None]] = {}
        self._waiting: deque[str] = deque(maxlen=WAITING_MAX)
        self._wake = trio.Event()

    def of(self, user: str) -> tuple[int, int] | None:
        """Folders and files a user shares; None: not known."""
        known = self._known.get(user)
        return known[1] if known is not None else None

    def heard(self, event: LegacyEvent) -> None:
        """To be called with every event of the client."""
        if not isinstance(event, TransferChanged) or not event.news.upload:
            return
        user = event.news.user
        if event.news.phase is not TransferPhase.QUEUED or user in self._waiting:
            return
        known = self._known.get(user)
        if known is None or trio.current_time() - known[0] >= HOLDS:
            self._waiting.append(user)
            self._wake.set()

    async def run(self) -> None:
        """Asks, until cancelled."""
        while True:
            if not self._waiting:
                self._wake = trio.Event()
                await self._wake.wait()
            user = self._waiting[0]
            try:
                shares = await self._client.shares_of(user, LocalBudget(Origin.AUTOMATION))
            except SlskmeshError:
                shares = None  # no session: asked again with his next upload
            else:
                self._keep(user, shares)
            self._waiting.popleft()
            await trio.sleep(PAUSE)

    def _keep(self, user: str, shares: tuple[int, int] | None) -> None:
        self._known.pop(user, None)
        if len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[user] = (trio.current_time(), shares)
