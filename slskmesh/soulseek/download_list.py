"""The list of legacy downloads: its entries, what finds them, and their rows in the database.

Rules:
- What a person did is in the database before the command returns, or is undone with an error. What the network did is
  written soon after, many at once; a database that fails is told of and tried again, and stops no download.
- One entry for each user, remote path and size; one transfer for each user and remote path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import trio

from slskmesh.errors import StorageError, UserError
from slskmesh.soulseek import transfer_rows
from slskmesh.soulseek.download_entry import Entry, LegacyLine, State
from slskmesh.store.database import Store

DOWNLOADS_MAX: Final = 10_000
_SOON: Final = 0.2  # seconds in which changes are collected
_AGAIN: Final = 30.0

OnLine = Callable[[bytes, LegacyLine], None]


class DownloadList:
    """See the head of this file."""

    def __init__(
        self, store: Store, clock: Callable[[], float], wall: Callable[[], float], on_line: OnLine
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.version = 0  # changes with everything that is shown
        self.entries: dict[bytes, Entry] = {}  # in order
        self._store = store
        self._on_line = on_line
        self._by_source: dict[tuple[str, str], Entry] = {}
        self._by_user: dict[str, dict[bytes, Entry]] = {}
        self._dirty: dict[bytes, Entry] = {}
        self._changed = trio.Event()

    async def load(self) -> None:
        """Takes in what is kept."""
        now, wall = self.clock(), self.wall()
        for record in await self._store.run(transfer_rows.load):
            entry = Entry.of(record, now, wall)
            self.entries[entry.key] = entry
            self._index(entry)

    # -- finding -----------------------------------------------------------------------------------------------

    def find(self, key: bytes) -> Entry:
        """The entry of a key. UserError: there is none."""
        entry = self.entries.get(key)
        if entry is None:
            raise UserError("there is no such download")
        return entry

    def of_source(self, user: str, path: str) -> Entry | None:
        """The unfinished one that is fetched from there."""
        return self._by_source.get((user, path))

    def of_user(self, user: str) -> list[Entry]:
        """The unfinished ones of a user."""
        return list(self._by_user.get(user, {}).values())

    def _index(self, entry: Entry) -> None:
        if entry.state is not State.DONE:
            self._by_source[entry.user, entry.path] = entry
            self._by_user.setdefault(entry.user, {})[entry.key] = entry

    def unindex(self, entry: Entry) -> None:
        """It is finished, or leaves, or gets another source."""
        if self._by_source.get((entry.user, entry.path)) is entry:
            del self._by_source[entry.user, entry.path]
        of_user = self._by_user.get(entry.user, {})
        of_user.pop(entry.key, None)
        if not of_user:
            self._by_user.pop(entry.user, None)

    # -- changes of the person ---------------------------------------------------------------------------------

    async def insert(self, entries: Sequence[Entry]) -> None:
        """Adds them at the end, all or none."""
        if len(self.entries) + len(entries) > DOWNLOADS_MAX:
            raise UserError(f"the list holds {DOWNLOADS_MAX:,} downloads at most; remove some first")
        place = max((entry.position for entry in self.entries.values()), default=-1)
        for entry in entries:
            place += 1
            entry.position = place
            self.entries[entry.key] = entry
            self._index(entry)
        try:
            await self.write(entries)
        except StorageError:
            for entry in entries:
                self._leave(entry)
            raise
        self.version += 1

    async def drop(self, entries: Sequence[Entry]) -> None:
        """Takes them off the list."""
        for entry in entries:
            self._leave(entry)
        await self._store.run(transfer_rows.delete, [entry.key for entry in entries])

    def _leave(self, entry: Entry) -> None:
        entry.removed = True
        if self.entries.get(entry.key) is entry:
            del self.entries[entry.key]
        self.unindex(entry)
        self._dirty.pop(entry.key, None)
        self.version += 1

    def change_source(self, entry: Entry, user: str, path: str, size: int) -> None:
        """It is fetched from there from now on."""
        self.unindex(entry)
        entry.user, entry.path, entry.size = user, path, size
        self._index(entry)

    async def move(self, key: bytes, by: int) -> None:
        """Moves one `by` places, negative: earlier."""
        self.find(key)
        order = list(self.entries)
        at = order.index(key)
        order.insert(max(0, min(len(order) - 1, at + by)), order.pop(at))
        self.entries = {key: self.entries[key] for key in order}
        changed = []
        for position, entry in enumerate(self.entries.values()):
            if entry.position != position:
                entry.position = position
                changed.append((entry.key, position))
        self.version += 1
        await self._store.run(transfer_rows.reorder, changed)

    # -- keeping -----------------------------------------------------------------------------------------------

    async def write(self, entries: Iterable[Entry]) -> None:
        """Writes them now. StorageError."""
        now, wall = self.clock(), self.wall()
        records = [entry.record(now, wall) for entry in entries if not entry.removed]
        for record in records:
            self._dirty.pop(record.key, None)
        self.version += 1
        if records:
            await self._store.run(transfer_rows.save, records)

    def mark(self, entry: Entry) -> None:
        """It changed and is written soon."""
        self.version += 1
        if not entry.removed:
            self._dirty[entry.key] = entry
            self._changed.set()

    async def keep(self) -> None:
        """Writes what is marked, until cancelled; then the rest."""
        try:
            while True:
                await self._changed.wait()
                await trio.sleep(_SOON)
                self._changed = trio.Event()
                await trio.sleep(0 if await self._write_marked() else _AGAIN)
        finally:
            with trio.CancelScope(shield=True):
                await self._write_marked()

    async def _write_marked(self) -> bool:
        marked = list(self._dirty.values())
        try:
            await self.write(marked)
        except StorageError as error:
            for entry in marked:
                self.mark(entry)
            self._on_line(b"", LegacyLine(self.wall(), f"the list of downloads was not saved: {error}"))
            return False
        return True

    def say(self, entry: Entry, text: str) -> None:
        """A line for its timeline."""
        line = LegacyLine(self.wall(), text)
        entry.timeline.append(line)
        self.version += 1
        self._on_line(entry.key, line)
