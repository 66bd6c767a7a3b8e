"""What is done for one legacy download: asking, comparing, finishing, waiting. The order of the list is elsewhere.

Rules:
- A partial file is touched here only while the client has no transfer for it.
- A file is finished when it has its size: put at a free name, durably, and only then told of. Where it goes is in the
  database before it goes there, so that a kill leaves it either unfinished or finished, never twice.
- What ended in vain is classed by `retry`; what the person must see to stops with words.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import trio

from slskmesh.errors import PeerError, StorageError, UserError
from slskmesh.soulseek import partials, retry
from slskmesh.soulseek.download_entry import Entry, State
from slskmesh.soulseek.download_list import DownloadList
from slskmesh.soulseek.download_order import Full
from slskmesh.soulseek.port import Client, Offline
from slskmesh.soulseek.retry import Trouble
from slskmesh.work import LocalBudget

OFFLINE_PAUSE: Final = 5.0  # seconds, where a session is there and gone at one moment
NOT_REACHED: Final = "User cannot be reached"

OnFinished = Callable[[Path, str, str], Awaitable[None]]


class DownloadWork:
    """See the head of this file. `on_finished` gets the file, its user and its remote path, once, after all of it."""

    def __init__(
        self, shelf: DownloadList, client: Client, root: Path, rng: random.Random, on_finished: OnFinished
    ) -> None:
        self.root = root
        self.full = Full(rng)
        self._list = shelf
        self._client = client
        self._rng = rng
        self._on_finished = on_finished

    async def look_over(self) -> None:
        """At the start: measures what is there, tidies what is finished."""
        by_root: dict[Path, list[Entry]] = {}
        for entry in self._list.entries.values():
            by_root.setdefault(entry.root or self.root, []).append(entry)
        for root, entries in by_root.items():
            finished = {entry.key for entry in entries if entry.state is State.DONE}
            unfinished = {entry.key for entry in entries} - finished
            try:
                there = await trio.to_thread.run_sync(partials.look_over, root, unfinished, finished)
            except StorageError as error:
                self._list.say(entries[0], str(error))
                continue
            for key, length in there.items():
                self._list.entries[key].here = length

    async def ask(self, entry: Entry) -> None:
        """Hands it to the client."""
        if not entry.waits:
            return
        entry.held = False
        try:
            if await self._ready(entry) or not entry.waits:
                return
            root = entry.root or self.root
            local = partials.part_path(root, entry.key)
            entry.linked(await self._client.download(entry.user, entry.file, local, LocalBudget()))
        except Offline:
            entry.ready = self._list.clock() + OFFLINE_PAUSE
        except StorageError as error:
            self.stumble(entry, Trouble.DISK, str(error))
        except (PeerError, UserError) as error:
            self.stumble(entry, Trouble.NETWORK, str(error))
        if not entry.waits:
            await self.let_go(entry)

    async def _ready(self, entry: Entry) -> bool:
        """Makes its partial file ready; True: there is nothing to ask for any more."""
        if entry.root is None:
            entry.root = self.root
            self._list.mark(entry)
        elif entry.root != self.root and not await trio.to_thread.run_sync(entry.root.is_dir):
            raise StorageError(
                f"{entry.root} is not there, where this download began; bring it back and resume, "
                "or remove the download and add it again"
            )
        root, key, size = entry.root, entry.key, entry.size
        if entry.local:
            there = Path(entry.local)
            if await trio.to_thread.run_sync(partials.is_placed, root, key, size, there):
                await self._finished(entry, there)
                return True
        ready = await trio.to_thread.run_sync(
            lambda: partials.prepare(root, key, size, recheck=entry.recheck)
        )
        entry.recheck = False
        entry.here = entry.begun = ready.there
        entry.tail_end = ready.tail_end
        if ready.there == size:
            await self._place(entry)
            return True
        return False

    async def let_go(self, entry: Entry) -> None:
        """The client gives its transfer up; the partial file stays."""
        link = entry.link
        entry.unlink()
        if link is not None:
            try:
                await self._client.abort(link)
            except Offline:
                pass  # the client is gone, its transfers with it

    async def hold(self, entry: Entry) -> None:
        """Puts it back: more come in than are wanted."""
        entry.held = True
        await self.let_go(entry)
        self._list.say(entry, "put back: more came in at once than is set")
        self._list.mark(entry)

    # -- the end -----------------------------------------------------------------------------------------------

    async def finish(self, entry: Entry) -> None:
        """The client has all of it."""
        entry.unlink()
        entry.finishing = True
        try:
            await self._place(entry)
        except StorageError as error:
            self.stumble(entry, Trouble.DISK, str(error))
        finally:
            entry.finishing = False

    async def _place(self, entry: Entry) -> None:
        root, key = entry.root or self.root, entry.key
        there = await trio.to_thread.run_sync(partials.length, root, key)
        if there != entry.size:
            self.stumble(entry, Trouble.NETWORK, f"the file ended after {there} of {entry.size} bytes")
            return
        if entry.tail_end and not await self.tail_holds(entry):
            return
        while True:
            try:
                target = await trio.to_thread.run_sync(partials.free_name, root, entry.folder, entry.name)
            except UserError as error:  # a link in the downloads folder leads out of it
                raise StorageError(str(error)) from error
            entry.local = str(target)
            await self._list.write([entry])
            if await trio.to_thread.run_sync(partials.place, root, key, target):
                break
        await self._finished(entry, target)

    async def _finished(self, entry: Entry, target: Path) -> None:
        self._done(entry, target)
        self.full.gave(entry.user)
        try:
            await self._list.write([entry])
            await trio.to_thread.run_sync(partials.discard, entry.root or self.root, entry.key)
        except StorageError as error:  # a later start finds the file where it was to go
            self._list.say(entry, str(error))
            self._list.mark(entry)
        await self._on_finished(target, entry.user, entry.path)

    async def taken(self, entry: Entry, target: Path) -> None:
        """It came by another way; on_finished is that way's."""
        self._done(entry, target)
        await self._list.write([entry])
        await trio.to_thread.run_sync(partials.discard, entry.root or self.root, entry.key)

    def _done(self, entry: Entry, target: Path) -> None:
        entry.unlink()
        self._list.unindex(entry)
        entry.state, entry.trouble, entry.reason = State.DONE, Trouble.NONE, ""
        entry.local, entry.finished = str(target), self._list.wall()
        entry.here, entry.tail_end = entry.size, 0
        self._list.say(entry, f"finished: {target}")

    async def check_tail(self, entry: Entry) -> None:
        """What was cut off has come again: was it the same?"""
        try:
            await self.tail_holds(entry)
        except StorageError as error:
            self.stumble(entry, Trouble.DISK, str(error))
            await self.let_go(entry)

    async def tail_holds(self, entry: Entry) -> bool:
        """Compares; where it differs the download is begun anew."""
        root = entry.root or self.root
        holds = await trio.to_thread.run_sync(partials.tail_holds, root, entry.key)
        if holds is not False:
            entry.tail_end = 0 if holds else entry.tail_end
            return True
        await self.let_go(entry)
        await trio.to_thread.run_sync(partials.discard, root, entry.key)
        entry.here = entry.begun = entry.tail_end = 0
        entry.local = ""
        self._list.say(entry, "what is there now is not what the partial file holds: begun anew")
        self._list.mark(entry)
        return False

    def stumble(self, entry: Entry, trouble: Trouble, reason: str) -> None:
        """It ended in vain: waits, or stops with words."""
        now = self._list.clock()
        entry.unlink()
        if not entry.waits:
            return
        entry.trouble, entry.reason = trouble, reason
        if trouble in retry.FINAL:
            entry.state = State.FAILED
            self._list.say(entry, reason)
        elif trouble is Trouble.LIMIT:
            taken = sum(other.link is not None or other.busy > 0 for other in self._list.of_user(entry.user))
            self.full.said(entry.user, taken - (entry.busy > 0), now)
            self._list.say(entry, f"{reason}: waits until the user takes more")
        else:
            if entry.here > entry.begun:
                entry.tries = 0
            delay = retry.delay_for(trouble, entry.tries, self._rng)
            entry.tries += 1
            entry.ready = now + (delay or 0.0)
            then = f"again in {round(delay)} s" if delay else "waits for the user"
            self._list.say(entry, f"{reason}: {then}")
        self._list.mark(entry)
