"""Uploads to legacy users: who gets one, and what goes out now.

`UploadPolicy` is `port.UploadRule`. Rules:
- Its calls come from the adapter's thread, settings and news from the engine's: one lock, held for moments only.
- What is handed in (`blocked`, `buddy`, `shares_of`, `size_of`) is called on the adapter's thread: quick, thread-safe.
- A refusal is one of the network's own words, which every client knows what to do with.
- What a user has waiting is counted from the moment he is told yes; a yes without news is forgotten after a while.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec

from slskmesh.soulseek.groups import BLOCKED, Turns, UploadRules
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.values import LegacyEvent, TransferChanged, TransferNews, TransferPhase

BANNED: Final = "Banned"
TOO_MANY_FILES: Final = "Too many files"
TOO_MANY_BYTES: Final = "Too many megabytes"
_PROMISED: Final = 60.0  # seconds a yes is counted without news of its transfer
_PROMISES_MAX: Final = 20_000
_ENDED: Final = (TransferPhase.DONE, TransferPhase.FAILED, TransferPhase.ABORTED)


def _no(user: str) -> bool:
    return False


class UploadPolicy:
    """See the head of this file. `size_of` a network path, None where it is not shared."""

    def __init__(
        self,
        rules: UploadRules | None = None,
        *,
        blocked: Callable[[str], bool] = _no,
        buddy: Callable[[str], bool] = _no,
        shares_of: Callable[[str], tuple[int, int] | None] = lambda user: None,
        size_of: Callable[[str, str], int | None] = lambda user, path: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.Lock()
        self._rules = (rules or UploadRules()).checked()
        self._slots: int | None = None  # of the schedule, while it has some
        self._turns = Turns()
        self._blocked = blocked
        self._buddy = buddy
        self._shares_of = shares_of
        self._size_of = size_of
        self._clock = clock
        self._bytes: dict[str, int] = {}  # waiting and under way, by user
        self._files: Counter[str] = Counter()  # as many, by user
        self._sizes: dict[int, tuple[str, int]] = {}  # the same, by key
        self._promised: dict[tuple[str, str], tuple[int, float]] = {}

    # -- port.UploadRule, on the adapter's thread --------------------------------------------------------------

    def refuse(self, user: str, path: str, queued: int) -> str:
        """Why this request is refused, or empty. `queued`: files of this user that wait or are under way."""
        group = self.group_of(user)
        if group == BLOCKED:
            return BANNED
        size = self._size_of(user, path) or 0
        with self._lock:
            limits = self._rules.groups[group]
            now = self._clock()
            self._forget_promises(now)
            promised = sum(who == user and other != path for who, other in self._promised)
            files = max(queued, self._files.get(user, 0) + promised)  # requests may come many at once
            if limits.queue_files and files >= limits.queue_files:
                return TOO_MANY_FILES
            if limits.queue_bytes and self._bytes_of(user) + size > limits.queue_bytes:
                return TOO_MANY_BYTES
            if len(self._promised) >= _PROMISES_MAX:
                return TOO_MANY_FILES
            self._promised[user, path] = (size, now)
        return ""

    def slots(self) -> int:
        """Uploads at once, as users are told."""
        with self._lock:
            return self._slots if self._slots is not None else self._rules.slots

    def next(self, waiting: list[tuple[int, str]], active: list[tuple[int, str]]) -> list[int]:
        """Keys of waiting (key, user) uploads to start now, given the active ones."""
        users = {user for _, user in (*waiting, *active)}
        groups = {user: self.group_of(user) for user in users}
        slots = self.slots()
        with self._lock:
            return self._turns.next(waiting, active, self._rules, groups.__getitem__, slots)

    def group_of(self, user: str) -> str:
        """The group a user is in now."""
        blocked = self._blocked(user)
        buddy = not blocked and self._buddy(user)
        shares = None if blocked or buddy else self._shares_of(user)
        with self._lock:
            return self._rules.group_of(blocked=blocked, buddy=buddy, shares=shares)

    # -- from the engine ---------------------------------------------------------------------------------------

    def set_rules(self, rules: UploadRules) -> None:
        """What is set from now on. UserError: it cannot be kept to."""
        checked = rules.checked()
        with self._lock:
            self._rules = checked

    def set_slots(self, slots: int | None) -> None:
        """Slots of the hour; None: those of the rules."""
        with self._lock:
            self._slots = slots

    def heard(self, news: TransferNews) -> None:
        """An upload moved on."""
        with self._lock:
            self._promised.pop((news.user, news.path), None)
            if news.phase in _ENDED:
                if news.key not in self._sizes:
                    return
                user, size = self._sizes.pop(news.key)
                self._files[user] -= 1
                if not self._files[user]:
                    del self._files[user]
                left = self._bytes.get(user, 0) - size
                if left > 0:
                    self._bytes[user] = left
                else:
                    self._bytes.pop(user, None)
            elif news.key not in self._sizes:
                self._sizes[news.key] = (news.user, news.size)
                self._files[news.user] += 1
                self._bytes[news.user] = self._bytes.get(news.user, 0) + news.size

    def _bytes_of(self, user: str) -> int:
        promised = sum(size for (who, _), (size, _) in self._promised.items() if who == user)
        return self._bytes.get(user, 0) + promised

    def _forget_promises(self, now: float) -> None:
        """Oldest first, for they stand in order."""
        for key, (_, when) in list(self._promised.items()):
            if now - when < _PROMISED:
                break
            del self._promised[key]


class LegacyUpload(msgspec.Struct, frozen=True):
    """One upload that waits or is under way. Names are raw."""

    key: int
    user: str
    path: str
    group: str
    phase: TransferPhase
    size: int
    done: int
    rate: float


class LegacyUploads:
    """The uploads as they stand, and what the person does about them. On the engine's loop."""

    def __init__(self, client: Client, policy: UploadPolicy) -> None:
        self._client = client
        self._policy = policy
        self._news: dict[int, TransferNews] = {}  # bounded by the client's table of transfers
        self.version = 0

    def heard(self, event: LegacyEvent) -> None:
        """To be called with every event of the client."""
        if not isinstance(event, TransferChanged) or not event.news.upload:
            return
        news = event.news
        self._policy.heard(news)
        self.version += 1
        if news.phase in _ENDED:
            self._news.pop(news.key, None)
        else:
            self._news[news.key] = news

    @property
    def sending(self) -> int:
        """How many go out now."""
        return sum(news.phase is TransferPhase.ACTIVE for news in self._news.values())

    def views(self) -> tuple[LegacyUpload, ...]:
        """All that wait or are under way, those under way first."""
        running = (TransferPhase.ACTIVE, TransferPhase.CONNECTING)
        return tuple(
            LegacyUpload(
                news.key, news.user, news.path, self._policy.group_of(news.user), news.phase, news.size,
                news.done, news.rate if news.phase is TransferPhase.ACTIVE else 0.0,
            )
            for news in sorted(self._news.values(), key=lambda news: (news.phase not in running, news.key))
        )  # fmt: skip

    async def cancel(self, key: int) -> None:
        """Ends one; the user is told."""
        await self._client.abort(key)

    async def cancel_user(self, user: str) -> int:
        """Ends all of a user's, as when he is blocked; how many."""
        keys = [key for key, news in self._news.items() if news.user == user]
        for key in keys:
            await self._client.abort(key)
        return len(keys)
