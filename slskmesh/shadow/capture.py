"""Capture: what own searches and transfers on the Soulseek network showed, as statistics by MusicBrainz id.

Rules:
- Only answers to searches that were sent from here (`asked`), and our own downloads. What others search for never
  gets here: no value of `soulseek.values` carries it.
- Users are pseudonyms (`pseudonyms`); names are kept beside them only while `mesh.privacy.anonymize_usernames` is off,
  and are gone once it is on. Raw rows live a week, statistics a month (`capture_rows`).
- Nothing of it is published: it is no `Shelf`, and the publisher takes nothing else. The person can look at how much is
  kept, and can forget it.
- Writing never holds anything up: what comes faster than it can be written is left out and counted.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import trio

from slskmesh.catalogue.objects import Release
from slskmesh.errors import StorageError
from slskmesh.shadow import capture_rows as rows
from slskmesh.shadow.capture_rows import Ended, Held, Judged, Seen, Sight, Speed, Unjudged
from slskmesh.shadow.normalise import TrackIndex, codec_of
from slskmesh.shadow.pseudonyms import Pseudonyms
from slskmesh.soulseek.values import (
    Answered,
    Attributes,
    LegacyEvent,
    RemoteFile,
    SearchAnswer,
    TransferChanged,
    TransferNews,
    TransferPhase,
)
from slskmesh.store.database import Store

WRITE_SECONDS: Final = 2.0
EXPIRE_SECONDS: Final = 3600.0
LEARN_SECONDS: Final = 300.0  # between two looks at what the catalogue holds
FILES_MAX: Final = 200  # of one answer
WAITING_MAX: Final = 10_000
BATCH: Final = 500
BATCHES: Final = 4  # matched at one go
TOKENS_MAX: Final = 1_000
RELEASES_MAX: Final = 5_000
PATH_MAX: Final = 2_000
SIZE_LEAST: Final = 64 << 10
_TRANSFERS_MAX: Final = 10_000
_WHOLE: Final = (1 << 63) - 1


class CaptureStatus(msgspec.Struct, frozen=True):
    """For the screens: what is kept, tracks known to match with, files left out since the start, trouble."""

    held: Held = Held(0, 0, 0, 0)
    tracks: int = 0
    dropped: int = 0
    trouble: str = ""


class Capture:
    """See the head of this file. `hear` is called for every event of the network; `run` owns the writing."""

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms,
        *,
        anonymize: Callable[[], bool],
        enabled: Callable[[], bool] = lambda: True,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        self._store, self._pseudonyms = store, pseudonyms
        self._anonymize, self._enabled, self._wall, self._clock = anonymize, enabled, wall, clock
        self._mine: OrderedDict[int, None] = OrderedDict()  # tokens of our searches
        self._waiting: deque[Seen] = deque()
        self._ended: deque[Ended] = deque(maxlen=_TRANSFERS_MAX)
        self._sending: OrderedDict[int, tuple[float, int]] = (
            OrderedDict()
        )  # transfer -> since when, bytes then
        self._index = TrackIndex()
        self._mark: tuple[int, float] = (0, 0.0)  # of the catalogue, when it was learnt from
        self._named = True  # names may be kept from before
        self._dropped = 0
        self._trouble = ""

    # -- what comes in -----------------------------------------------------------------------------------------

    def asked(self, token: int) -> None:
        """A search was sent from here: its answers are ours."""
        self._mine[token] = None
        while len(self._mine) > TOKENS_MAX:
            self._mine.popitem(last=False)

    def hear(self, event: LegacyEvent) -> None:
        """Takes what is of interest; never waits."""
        if not self._enabled():
            return
        if isinstance(event, Answered) and event.answer.token in self._mine:
            self._answer(event.answer)
        elif isinstance(event, TransferChanged) and not event.news.upload:
            self._transfer(event.news)

    def _name(self, user: str) -> str:
        return "" if self._anonymize() else user[:64]

    def _answer(self, answer: SearchAnswer) -> None:
        who, name, now = self._pseudonyms.of(answer.user), self._name(answer.user), self._wall()
        for file in answer.files[:FILES_MAX]:
            codec = codec_of(file.path)
            if not codec or not SIZE_LEAST <= file.size <= _WHOLE or len(file.path) > PATH_MAX or file.locked:
                continue
            if len(self._waiting) >= WAITING_MAX:
                self._dropped += 1
                continue
            said = file.attributes
            self._waiting.append(
                Seen(
                    who,
                    name,
                    file.path,
                    file.size,
                    codec,
                    _bounded(said.bitrate),
                    _bounded(said.duration),
                    answer.free_slot,
                    _bounded(answer.speed),
                    _bounded(answer.queue),
                    now,
                )
            )

    def _transfer(self, news: TransferNews) -> None:
        now = self._clock()
        if news.phase is TransferPhase.ACTIVE:
            if news.key not in self._sending:
                self._sending[news.key] = (now, news.done)
                if len(self._sending) > _TRANSFERS_MAX:
                    self._sending.popitem(last=False)
            return
        since, done = self._sending.pop(news.key, (now, news.done))
        ended = news.phase in (TransferPhase.DONE, TransferPhase.FAILED)
        if ended or news.done > done:
            who, name = self._pseudonyms.of(news.user), self._name(news.user)
            size, seconds = max(0, news.done - done), max(0.0, now - since)
            whole, failed = news.phase is TransferPhase.DONE, news.phase is TransferPhase.FAILED
            self._ended.append(Ended(who, name, size, seconds, whole, failed))

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Writes, matches and expires until cancelled."""
        expire = learn = -1.0
        task_status.started()
        while True:
            now = self._clock()
            try:
                await self._names()
                if now >= learn:
                    learn = now + LEARN_SECONDS
                    await self.learn()
                await self.write()
                await self.match()
                if now >= expire:
                    expire = now + EXPIRE_SECONDS
                    await self._store.run(rows.expire, self._wall())
                self._trouble = ""
            except StorageError as error:
                self._trouble = str(error)
            await trio.sleep(WRITE_SECONDS)

    async def _names(self) -> None:
        """Names that were kept are gone as soon as they are not wanted any more."""
        if not self._anonymize():
            self._named = True
        elif self._named:
            self._waiting = deque(one._replace(name="") for one in self._waiting)
            await self._store.run(rows.drop_names)
            self._named = False

    async def write(self) -> None:
        """Writes what waits."""
        while self._waiting or self._ended:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            ended = [self._ended.popleft() for _ in range(min(BATCH, len(self._ended)))]
            try:
                await self._store.run(rows.add_all, batch, ended, self._wall())
            except StorageError:
                room = WAITING_MAX - len(self._waiting)
                self._waiting.extendleft(reversed(batch[:room]))
                self._dropped += len(batch[room:])
                self._ended.extendleft(reversed(ended))
                raise

    async def learn(self) -> None:
        """Takes in releases the catalogue holds, where there are others than the last time."""
        mark = await self._store.run(rows.catalogue_mark)
        if mark == self._mark:
            return
        found = await self._store.run(rows.cached_releases, RELEASES_MAX)
        self._index = await trio.to_thread.run_sync(_index_of, found)
        self._mark = mark

    async def match(self) -> None:
        """Finds recordings for some of what was not yet looked at with all tracks known now."""
        known = len(self._index)
        for _ in range(BATCHES):
            batch = await self._store.run(rows.unjudged, known, BATCH) if known else []
            if not batch:
                return
            found = await trio.to_thread.run_sync(_judged, self._index, batch)
            await self._store.run(rows.judge, found, known)

    # -- what it is for ----------------------------------------------------------------------------------------

    async def sights(self, recording: str) -> list[Sight]:
        """How a recording was to be had lately, by codec."""
        return await self._store.run(rows.sights, recording)

    async def speed(self, user: str) -> Speed | None:
        """Our own transfers from a user."""
        return await self._store.run(rows.speed, self._pseudonyms.of(user))

    async def recording_of(self, path: str, size: int, duration: int | None = None) -> str:
        """The recording a remote file most likely is, "" where that is a guess. `duration` in seconds."""
        file = RemoteFile(path, size, Attributes(duration=duration))
        guess = await trio.to_thread.run_sync(self._index.guess, file)
        return guess.recording if guess is not None else ""

    async def forget(self) -> None:
        """Forgets everything that was seen."""
        self._waiting.clear()
        self._ended.clear()
        self._sending.clear()
        await self._store.run(rows.clear)

    async def status(self) -> CaptureStatus:
        """How much is kept."""
        held = await self._store.run(rows.held)
        return CaptureStatus(held, len(self._index), self._dropped, self._trouble)


def _bounded(number: int | None) -> int:
    return max(0, min(number or 0, 1 << 40))


def _index_of(bodies: Sequence[bytes]) -> TrackIndex:
    index = TrackIndex()
    for body in bodies:
        try:
            index.add(msgspec.msgpack.decode(body, type=Release))
        except msgspec.MsgspecError:
            continue  # kept by a version with other objects
    return index


def _judged(index: TrackIndex, batch: Sequence[Unjudged]) -> list[Judged]:
    found = []
    for row in batch:
        guess = index.guess(RemoteFile(row.path, row.size, Attributes(duration=row.duration or None)))
        found.append(Judged(row, guess.recording, guess.confidence) if guess else Judged(row, "", 0.0))
    return found
