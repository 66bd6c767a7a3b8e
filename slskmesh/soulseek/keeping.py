"""Writes one part's changes to the store as they come, and once more at the end.

Rules:
- Changes taken are written or put back; a full disk loses nothing that is in memory, is told once, and is tried again.
- Who wants to know is told of what was written, after it was, so that nobody else needs to keep it for us.
- A write that began is waited for, also when this is being ended: what is on disk is either old or new.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

import trio

from slskmesh.errors import StorageError
from slskmesh.store.database import Store

PAUSE: Final = 0.2  # seconds between writes: a busy room's lines share one
AGAIN: Final = 10.0  # after a write that failed

C = TypeVar("C")


class Part(Protocol[C]):
    """What has changes to keep. They are copies, so that they may be written while it goes on changing."""

    def take_changes(self) -> C | None:
        """What changed since the last call; None: nothing."""

    def put_back(self, changes: C) -> None:
        """They could not be written: they are to be written still."""


class Keeping(Generic[C]):
    """Of one part. `touch` says that something changed; `on_fault` hears why nothing can be written, `on_written` of
    changes that are on disk.
    """

    def __init__(
        self,
        store: Store,
        part: Part[C],
        save: Callable[[C], None],
        on_fault: Callable[[str], None],
        on_written: Callable[[C], None] = lambda changes: None,
    ) -> None:
        self._store = store
        self._part = part
        self._save = save
        self._on_fault = on_fault
        self._on_written = on_written
        self._wake = trio.Event()
        self._failing = False

    def touch(self) -> None:
        """Something changed."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._wake = trio.Event()
                if await self._write():
                    await trio.sleep(AGAIN if self._failing else PAUSE)
                else:
                    await self._wake.wait()
        finally:
            with trio.CancelScope(shield=True):
                await self._write()

    async def _write(self) -> bool:
        changes = self._part.take_changes()
        if changes is None:
            return False
        with trio.CancelScope(shield=True):
            try:
                await self._store.run(self._save, changes)
                self._failing = False
                self._on_written(changes)
            except StorageError as error:
                self._part.put_back(changes)
                if not self._failing:
                    self._failing = True
                    self._on_fault(str(error))
        return True
