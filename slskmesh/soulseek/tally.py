"""What went to and fro with legacy users: bytes and files, since the start and of all time, in all and by user.

Rules:
- Counted from the news of transfers as they come; bytes that were there before a transfer began are not counted twice.
- Kept every minute and at the end; a kill costs a minute. At most `TALLIES_MAX` users, the latest ones.
- Names of users stay in this machine's database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import trio

from slskmesh.errors import StorageError
from slskmesh.soulseek import transfer_rows
from slskmesh.soulseek.transfer_rows import ALL, TALLIES_MAX, Sums
from slskmesh.soulseek.values import LegacyEvent, TransferChanged, TransferNews, TransferPhase
from slskmesh.store.database import Store

KEEP_EVERY: Final = 60.0
_ENDED: Final = (TransferPhase.DONE, TransferPhase.FAILED, TransferPhase.ABORTED)


class UserSums(NamedTuple):
    """One user of the list; the name is raw."""

    user: str
    sums: Sums


class Tally:
    """See the head of this file. On the engine's loop."""

    def __init__(
        self,
        store: Store,
        *,
        wall: Callable[[], float] = time.time,
        on_trouble: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.session = Sums()
        self._store = store
        self._wall = wall
        self._on_trouble = on_trouble
        self._kept: dict[str, Sums] = {}
        self._new: dict[str, Sums] = {}  # not in the database yet
        self._seen: dict[int, int] = {}  # bytes by transfer; bounded by the client's table of transfers

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Loads, then keeps until cancelled."""
        self._kept = await self._store.run(transfer_rows.load_tally)
        task_status.started()
        try:
            while True:
                await trio.sleep(KEEP_EVERY)
                await self._keep()
        finally:
            with trio.CancelScope(shield=True):
                await self._keep()

    async def _keep(self) -> None:
        new, self._new = self._new, {}
        if not new:
            return
        for user, sums in new.items():
            self._kept[user] = self._kept.get(user, Sums()).plus(sums)
        try:
            await self._store.run(transfer_rows.add_tally, list(new.items()))
        except StorageError as error:
            for user, sums in new.items():
                self._new[user] = self._new.get(user, Sums()).plus(sums)
                self._kept[user] = _minus(self._kept[user], sums)
            self._on_trouble(f"the statistics of transfers were not saved: {error}")
        if len(self._kept) > 2 * TALLIES_MAX:
            late = sorted(self._kept, key=lambda user: (user != ALL, -self._kept[user].last))
            self._kept = {user: self._kept[user] for user in late[: TALLIES_MAX + 1]}

    def heard(self, event: LegacyEvent) -> None:
        """To be called with every event of the client."""
        if isinstance(event, TransferChanged):
            self._news(event.news)

    def _news(self, news: TransferNews) -> None:
        before = self._seen.get(news.key)
        more = max(0, news.done - before) if before is not None else 0
        done = news.phase is TransferPhase.DONE
        if news.phase in _ENDED:
            self._seen.pop(news.key, None)
        else:
            self._seen[news.key] = news.done if before is None else max(before, news.done)
        if not more and not done:
            return
        sums = (
            Sums(sent=more, files_sent=int(done), last=self._wall())
            if news.upload
            else Sums(received=more, files_received=int(done), last=self._wall())
        )
        self.session = self.session.plus(sums)
        for user in (ALL, news.user):
            self._new[user] = self._new.get(user, Sums()).plus(sums)

    def all_time(self) -> Sums:
        """With everybody, ever."""
        return self.of_user(ALL)

    def of_user(self, user: str) -> Sums:
        """With one user, as far as he is remembered."""
        return self._kept.get(user, Sums()).plus(self._new.get(user, Sums()))

    def users(self, limit: int = 100) -> list[UserSums]:
        """Those with whom most went to and fro."""
        names = {*self._kept, *self._new} - {ALL}
        sums = [UserSums(user, self.of_user(user)) for user in names]
        sums.sort(key=lambda one: (-(one.sums.received + one.sums.sent), one.user))
        return sums[:limit]


def _minus(whole: Sums, part: Sums) -> Sums:
    return Sums(
        whole.received - part.received,
        whole.sent - part.sent,
        whole.files_received - part.files_received,
        whole.files_sent - part.files_sent,
        whole.last,
    )
