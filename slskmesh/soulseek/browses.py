"""Users' shares, as they were browsed: fetched into the database portion by portion, read from there in pages.

Rules:
- No more than one portion of a list is in memory, however large it is; the line waits while it is written.
- Pages may be asked while a list comes. A list that is fetched again takes the place of the former one once it is
  whole, or if what was kept is less than what came; until then pages are of the former one.
- What is kept is read without any connection. KEPT_MAX lists of FILES_MAX files together are kept for LIFE; the oldest
  go first.
- One fetch a user at a time. It ends once, with words where it is not whole.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final, NamedTuple

import trio

from slskmesh.errors import SlskmeshError, StorageError, UserError
from slskmesh.soulseek import browses_rows as rows
from slskmesh.soulseek.browses_rows import COMING, FILES_MAX, PART, WHOLE, FileRow, FolderRow, Folders, Kept
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.values import Listing
from slskmesh.store.database import Store
from slskmesh.work import LocalBudget

KEPT_MAX: Final = 20  # users
LIFE: Final = 7 * 24 * 3600.0
TOLD_EVERY: Final = 0.25  # seconds between two words on how far a list is
PAGE_MAX: Final = 1_000
FOLDER_FILES_MAX: Final = 10_000  # told of one folder at once
CHOSEN_MAX: Final = 5_000  # files taken by one order
LISTING_FOLDERS: Final = 500  # of one piece of a whole list
LISTING_FILES: Final = 1_000
_AGAIN: Final = 30.0


class Progress(NamedTuple):
    """How far a list is. `user` is raw; `done`: no more comes, `note` says why if it is not whole."""

    user: str
    folders: int
    files: int
    size: int
    done: bool = False
    note: str = ""


class Page(NamedTuple):
    """Some folders; `total` is how many fit."""

    folders: list[FolderRow]
    total: int


class Coming(NamedTuple):
    """How far a list on its way is; bytes of it as it is sent, 0: not known yet."""

    folders: int
    files: int
    size: int
    received: int
    of: int


class Piece(NamedTuple):
    """Some folders of list `number` with their files, True where a folder has more; `total` folders there are."""

    number: int
    folders: list[tuple[FolderRow, list[FileRow], bool]]
    total: int


class _Fetch:
    """One list on its way."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.ended = trio.Event()
        self.list: Kept | None = None  # once it is in the database
        self.told = -TOLD_EVERY
        self.bytes = (0, 0)  # of the list as it is sent: those that came, all


class Browses:
    """See the head of this file. On the engine's loop; `run` owns the fetches. `on_progress` hears of each."""

    def __init__(
        self,
        store: Store,
        client: Client,
        *,
        wall: Callable[[], float] = time.time,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._store, self._client, self._wall, self._on_progress = store, client, wall, on_progress
        self._kept: dict[str, Kept] = {}  # by user, the oldest first
        self._fetches: dict[str, _Fetch] = {}
        self._found: tuple[Kept | None, tuple[bytes, ...], list[int]] = (None, (), [])  # of the last text
        self._sweep = trio.Event()
        self._nursery: trio.Nursery | None = None

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Takes up what is kept, and fetches until cancelled."""
        all_kept = await self._store.run(rows.load)
        self._kept, gone = latest(all_kept, self._wall())
        await self._store.run(rows.drop, gone)
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._sweep_often)
            task_status.started()
            await trio.sleep_forever()

    async def _sweep_often(self) -> None:
        while True:
            self._sweep = trio.Event()
            try:
                while await self._store.run(rows.sweep):
                    await trio.lowlevel.checkpoint()
            except StorageError:
                await trio.sleep(_AGAIN)
                continue
            await self._sweep.wait()

    # -- fetching ------------------------------------------------------------------------------------------------

    def begin(self, user: str) -> None:
        """Fetches a user's list. UserError: it is on its way already."""
        if self._nursery is None:
            raise RuntimeError("the browses are not run")
        if user in self._fetches:
            raise UserError("this user's list is on its way already")
        fetch = self._fetches[user] = _Fetch()
        self._nursery.start_soon(self._fetch, user, fetch)

    async def stop(self, user: str) -> bool:
        """Stops fetching; what came stays. False: nothing is fetched of him."""
        fetch = self._fetches.get(user)
        if fetch is None:
            return False
        fetch.scope.cancel()
        await fetch.ended.wait()
        return True

    async def _fetch(self, user: str, fetch: _Fetch) -> None:
        note, whole = "stopped", False
        self._on_progress(Progress(user, 0, 0, 0))
        try:
            with fetch.scope:
                whole = await self._take(user, fetch)
                note = "" if whole else f"more than {FILES_MAX:,} files: the rest is left out"
        except SlskmeshError as error:
            note = str(error)
        try:
            done = await self._settle(user, fetch.list, whole, note)
        except StorageError as error:
            done = Progress(user, 0, 0, 0, True, str(error))
        finally:
            del self._fetches[user]
            fetch.ended.set()
        self._on_progress(done)

    async def _take(self, user: str, fetch: _Fetch) -> bool:
        """Writes what comes; whether that is all of it."""
        portions = self._client.browse(user, LocalBudget())
        try:
            async for listing in portions:
                if await self._write(user, fetch, listing):
                    return False
                if listing.done:
                    return True
        finally:
            if isinstance(portions, AsyncGenerator):
                await portions.aclose()
        return False

    async def _write(self, user: str, fetch: _Fetch, listing: Listing) -> bool:
        """Writes a portion; whether the list has all that is kept of one."""
        fetch.bytes = (listing.received, listing.of)
        if fetch.list is None:
            at = self._wall()
            fetch.list = Kept(await self._store.run(rows.begin, user, at), user, at, COMING)
        fetch.list = await self._store.run(rows.add, fetch.list.id, listing.folders)
        await self._make_room(fetch.list)
        now = trio.current_time()
        if now - fetch.told >= TOLD_EVERY and not listing.done:
            fetch.told = now
            self._on_progress(_progress(fetch.list))
        return fetch.list.files >= FILES_MAX

    async def _settle(self, user: str, came: Kept | None, whole: bool, note: str) -> Progress:
        """What is kept of a fetch that ended, and what is said of it."""
        former = self._kept.get(user)
        if came is not None and (whole or came.folders > 0):
            less = former is None or (former.state != WHOLE and former.files <= came.files)
            if whole or less:
                self._kept.pop(user, None)
                kept = self._kept[user] = came._replace(state=WHOLE if whole else PART)
                await self._store.run(rows.settle, came.id, kept.state, [former.id] if former else [])
                await self._make_room(kept)
                self._sweep.set()
                return _progress(kept, True, note and f"{note}; what came of it is kept")
        if came is not None:
            await self._store.run(rows.drop, [came.id])
            self._sweep.set()
        if former is not None:
            return _progress(former, True, f"{note}; the list of {_day(former.at)} stays")
        return Progress(user, 0, 0, 0, True, note)

    async def _make_room(self, newest: Kept) -> None:
        """Lets the oldest lists go while there are too many, or too many files."""
        gone = []
        others = [one for one in self._kept.values() if one.id != newest.id]
        coming = sum(fetch.list.files for fetch in self._fetches.values() if fetch.list is not None)
        while others and (len(others) >= KEPT_MAX or coming + sum(one.files for one in others) > FILES_MAX):
            gone.append(others.pop(0))
        for one in gone:
            del self._kept[one.user]
        if gone:
            await self._store.run(rows.drop, [one.id for one in gone])
            self._sweep.set()

    # -- what is kept --------------------------------------------------------------------------------------------

    def users(self) -> list[str]:
        """Raw names of those of whom there is a list, or comes one."""
        return list({**self._kept, **self._fetches})

    def kept(self, user: str) -> Progress | None:
        """How much is kept of a user, and since when; None: nothing."""
        kept = self._kept.get(user)
        return None if kept is None else _progress(kept, True, f"as of {_day(kept.at)}")

    def coming(self, user: str) -> Coming | None:
        """How far a user's list is that is on its way; None: none is."""
        fetch = self._fetches.get(user)
        if fetch is None:
            return None
        kept = fetch.list or Kept(0, user, 0.0, COMING)
        return Coming(kept.folders, kept.files, kept.size, *fetch.bytes)

    async def piece(self, user: str, number: int, offset: int, after: int) -> Piece:
        """A piece of the whole list: folders from `offset` on, of the first one the files behind `after`. UserError.

        `number`: of the list this goes on with, 0: whichever it is.
        """
        kept = self._list_of(user)
        if number not in (0, kept.id):
            raise _gone()
        offset, after = min(max(0, offset), rows.FOLDERS_MAX), min(max(0, after), rows.HIGHEST)
        found = await self._store.run(rows.listing, kept.id, offset, after, LISTING_FOLDERS, LISTING_FILES)
        return Piece(kept.id, *found)

    async def folders(self, user: str, text: str, offset: int, limit: int) -> Page:
        """Folders in their order, those with all words of `text` in their path or their files' names. UserError."""
        kept = self._list_of(user)
        offset, limit = max(0, offset), max(0, min(limit, PAGE_MAX))
        words = rows.words_of(text)
        if not words:
            return Page(*await self._store.run(rows.page, kept.id, offset, limit))
        if self._found[:2] != (kept, words):
            self._found = (kept, words, await self._store.run(rows.matching, kept.id, words))
        found = self._found[2]
        return Page(await self._store.run(rows.folders_at, found[offset : offset + limit]), len(found))

    async def files(
        self, user: str, folder: int, offset: int = 0, limit: int = FOLDER_FILES_MAX
    ) -> tuple[list[FileRow], int]:
        """Files of a folder, and how many there are. UserError: there is none of that number."""
        self._check(user, [folder])
        offset, limit = max(0, offset), max(0, min(limit, FOLDER_FILES_MAX))
        found = await self._store.run(rows.files_of, folder, offset, limit)
        if found is None:
            raise _gone()
        return found

    async def chosen(self, user: str, files: Sequence[int]) -> list[FileRow]:
        """These files. UserError: some are not there, or these are too many for one order."""
        if len(files) > CHOSEN_MAX:
            raise UserError(
                f"{len(files):,} files are too many at once; {CHOSEN_MAX:,} are taken by one order"
            )
        self._check(user, files)
        found = await self._store.run(rows.files_at, files)
        if len(found) < len(set(files)):
            raise _gone()
        return found

    async def listing(self, user: str, folder: int) -> tuple[str, Listing]:
        """A folder's raw path, and it and what is below it, as the user himself would tell it. UserError."""
        self._check(user, [folder])
        found: tuple[str, Folders] | None = await self._store.run(rows.below, folder, CHOSEN_MAX)
        if found is None:
            raise _gone()
        return found[0], Listing(user, tuple(found[1]), True)

    def _list_of(self, user: str) -> Kept:
        kept = self._kept.get(user)
        if kept is None and (fetch := self._fetches.get(user)) is not None:
            kept = fetch.list or Kept(0, user, 0.0, COMING)
        if kept is None:
            raise UserError("there is no list of this user's shares: fetch it first")
        return kept

    def _check(self, user: str, numbers: Sequence[int]) -> None:
        """UserError: some numbers are of no list of this user."""
        mine = self._list_of(user).id
        if any(number >> rows.SHIFT != mine for number in numbers):
            raise _gone()


def latest(kept: Sequence[Kept], now: float) -> tuple[dict[str, Kept], list[int]]:
    """The list to keep of each user, the oldest first, and the numbers of all others. Pure.

    Of a user's lists the latest whole one counts, else the largest part. What an earlier run left in the middle is a
    part.
    """
    best: dict[str, Kept] = {}
    for one in kept:
        if one.at <= now - LIFE or (one.state != WHOLE and not one.folders):
            continue
        one = one._replace(state=WHOLE if one.state == WHOLE else PART)
        other = best.get(one.user)
        if other is None or _rank(one) >= _rank(other):
            best[one.user] = one
    newest = sorted(best.values(), key=lambda one: (one.at, one.id), reverse=True)
    stays: list[Kept] = []
    for one in newest[:KEPT_MAX]:
        if sum(other.files for other in stays) + one.files > FILES_MAX:
            break
        stays.append(one)
    ids = {one.id for one in stays}
    return {one.user: one for one in reversed(stays)}, [one.id for one in kept if one.id not in ids]


def _rank(one: Kept) -> tuple[bool, float, float]:
    whole = one.state == WHOLE
    return whole, 0 if whole else one.files, one.at


def _progress(kept: Kept, done: bool = False, note: str = "") -> Progress:
    return Progress(kept.user, kept.folders, kept.files, kept.size, done, note)


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _gone() -> UserError:
    return UserError("this is not in the list any more; it was fetched anew meanwhile: look again")
