"""All downloads from legacy users: the list and its commands, what is asked for when, and what the network says of it.

Rules:
- The list outlasts restarts and lost sessions: nothing is taken off it but by the person. What was under way is asked
  for again; what is there of a file is gone on with, its end compared first (`partials.py`).
- Who is asked when is `download_order`'s, why something waits or stops is `retry`'s, what is done with files is
  `download_work`'s.
- A place in a user's queue is asked for every five minutes at most, one question at a time.
- Another source takes over what is there only if the file has the same size there and the end of the partial file comes
  out the same; with another size it is begun anew.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import trio

from slskmesh.errors import UserError
from slskmesh.soulseek import partials
from slskmesh.soulseek.download_entry import Entry, State, key_of
from slskmesh.soulseek.download_list import DownloadList, OnLine
from slskmesh.soulseek.download_order import plan
from slskmesh.soulseek.download_places import ask_places
from slskmesh.soulseek.download_users import DownloadUsers, Watching
from slskmesh.soulseek.download_views import DownloadViews
from slskmesh.soulseek.download_work import DownloadWork, OnFinished
from slskmesh.soulseek.folders import FolderAsked, Placed, chosen
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.retry import Trouble, classify
from slskmesh.soulseek.values import (
    LegacyEvent,
    Listing,
    Outcome,
    RemoteFile,
    ServerChanged,
    TransferChanged,
    TransferNews,
    TransferPhase,
    UserChanged,
)
from slskmesh.store.database import Store
from slskmesh.text import safe_name
from slskmesh.wire.limits import FILE_MAX
from slskmesh.work import LocalBudget

NAME_MAX: Final = 200
PATH_MAX: Final = 4_096
_TOGETHER: Final = 0.05  # seconds in which what happens is looked at once


class FolderDone(NamedTuple):
    """All files of a folder download are there. `folder` is the one that holds them all."""

    folder: Path
    user: str
    files: int


async def _no_file(path: Path, user: str, remote: str) -> None:
    """Nobody wants to know of finished files."""


async def _no_folder(done: FolderDone) -> None:
    """Nobody wants to know of finished folders."""


class LegacyDownloads(DownloadViews):
    """See the head of this file. All on the engine's loop; `run` runs before commands come."""

    def __init__(
        self,
        store: Store,
        client: Client,
        root: Path,
        clock: Callable[[], float] = trio.current_time,
        *,
        active: int = 10,
        wall: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        watch: Watching | None = None,
        on_finished: OnFinished = _no_file,
        on_folder: Callable[[FolderDone], Awaitable[None]] = _no_folder,
        on_line: OnLine = lambda key, line: None,
    ) -> None:
        """`watch` hears of users' states instead of `client.watch`, where others watch users too."""
        self._client = client
        self._clock = clock
        self._wall = wall
        self._active = active
        self._suspended = False
        self._on_finished = on_finished
        self._on_folder = on_folder
        self._list = DownloadList(store, clock, wall, on_line)
        self._work = DownloadWork(self._list, client, root, rng or random.Random(), self._finished)
        self._users = DownloadUsers(self._list, self._work.full, watch or client.watch, self._soon)
        self._batches: set[str] = set()  # folder downloads with files to come
        self._wake = trio.Event()
        self._nursery: trio.Nursery | None = None

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Loads the list and works on it until cancelled."""
        await self._list.load()
        await self._work.look_over()
        self._batches |= {
            entry.batch for entry in self._list.entries.values() if entry.state is not State.DONE
        }
        self._batches.discard("")
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._list.keep)
            nursery.start_soon(ask_places, self._list, self._client)
            task_status.started()
            while True:
                self._wake = trio.Event()
                next_at = self._step()
                wait = float("inf") if next_at is None else max(0.0, next_at - self._clock())
                with trio.move_on_after(wait):
                    await self._wake.wait()
                await trio.sleep(_TOGETHER)

    def _step(self) -> float | None:
        entries = self._list.entries
        order = plan(
            (entry.spot() for entry in entries.values() if entry.waits),
            self._clock(),
            active=0 if self._suspended else self._active,
            online=self._client.online,
            away=self._users.away,
            full=self._work.full,
        )
        for key in order.hold:
            self._start(entries[key], self._work.hold)
        of_user: dict[str, list[Entry]] = {}
        for key in order.ask:
            of_user.setdefault(entries[key].user, []).append(entries[key])
        for user, asked in of_user.items():
            self._users.want(user)
            for entry in asked:
                self._begin(entry)
            self._soon(self._ask, asked)
        return order.next_at

    async def _ask(self, asked: list[Entry]) -> None:
        """Of one user, one after the other: he gets them in the list's order."""
        for entry in asked:
            await self._do(entry, self._work.ask)

    def _start(self, entry: Entry, work: Callable[[Entry], Awaitable[None]]) -> None:
        self._begin(entry)
        self._soon(self._do, entry, work)

    @staticmethod
    def _begin(entry: Entry) -> None:
        entry.busy += 1
        if entry.busy == 1:
            entry.idle = trio.Event()

    async def _do(self, entry: Entry, work: Callable[[Entry], Awaitable[None]]) -> None:
        try:
            await work(entry)
        finally:
            entry.busy -= 1
            if not entry.busy:
                entry.idle.set()
            self._wake.set()

    def _soon(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        if self._nursery is None:
            raise RuntimeError("the downloads are not run")
        self._nursery.start_soon(work, *args)

    # -- what the network says ---------------------------------------------------------------------------------

    def heard(self, event: LegacyEvent) -> None:
        """To be called with every event of the client."""
        if isinstance(event, TransferChanged):
            if not event.news.upload:
                self._news(event.news)
        elif isinstance(event, UserChanged):
            self._users.heard(event.user, event.state)
            self._wake.set()
        elif isinstance(event, ServerChanged):
            if event.outcome is not Outcome.ONLINE:
                self._users.away.clear()
            self._wake.set()

    def _news(self, news: TransferNews) -> None:
        entry = self._list.of_source(news.user, news.path)
        if entry is None or not entry.takes(news):
            return
        before = entry.phase()
        entry.hear(news, self._clock())
        self._list.version += 1
        if news.phase is TransferPhase.QUEUED and news.reason:  # the client waits for the user by itself
            entry.trouble, entry.reason = Trouble.OFFLINE, news.reason
        elif news.phase in (TransferPhase.REQUESTED, TransferPhase.CONNECTING):
            entry.trouble, entry.reason = Trouble.NONE, ""
        elif news.phase is TransferPhase.ACTIVE:
            if entry.tail_end and entry.here >= entry.tail_end:
                entry.tail_end = 0
                self._start(entry, self._work.check_tail)
        elif news.phase is TransferPhase.DONE:
            self._start(entry, self._work.finish)
        elif news.phase is TransferPhase.FAILED:
            self._failed(entry, news.reason)
        elif news.phase in (TransferPhase.ABORTED, TransferPhase.PAUSED):
            entry.unlink()
        if news.phase is not before:
            self._wake.set()

    def _failed(self, entry: Entry, reason: str) -> None:
        trouble = classify(reason)
        if trouble is Trouble.NETWORK and entry.user in self._users.away:
            trouble = Trouble.OFFLINE
        self._work.stumble(entry, trouble, reason)

    async def _finished(self, path: Path, user: str, remote: str) -> None:
        await self._on_finished(path, user, remote)
        self._users.leave(user)
        for batch in list(self._batches):
            files = [entry for entry in self._list.entries.values() if entry.batch == batch]
            if all(entry.state is State.DONE for entry in files):
                self._batches.discard(batch)
                folder = Path(os.path.commonpath([os.path.dirname(entry.local) for entry in files] or ["/"]))
                if files and remote in {entry.path for entry in files}:
                    await self._on_folder(FolderDone(folder, user, len(files)))

    # -- commands ----------------------------------------------------------------------------------------------

    async def add(
        self, user: str, file: RemoteFile, folder: str = "", *, name: str = "", paused: bool = False
    ) -> bytes:
        """Queues a file of a user; its key. One that is in the list goes on where it stands.

        `folder` below the downloads folder, parts parted by "/", each made a safe name. `name` is what the file is
        called there, without its ending, which stays the remote file's; empty: as it is called there.
        """
        words = [safe_name(word) for word in folder.replace("\\", "/").split("/") if word.strip(" .")]
        stem = safe_name(name) if name else ""
        return (await self._add(user, [Placed(file, "/".join(words))], "", paused, stem))[0]

    async def add_folder(
        self, user: str, folder: str, budget: LocalBudget, *, deep: bool = True, paused: bool = False
    ) -> FolderAsked:
        """Queues a folder of a user, with what is below it if `deep`. PeerError: he does not say what is in it."""
        listing = await self._client.folder(user, folder, budget)
        return await self.add_listing(listing, folder, deep=deep, paused=paused)

    async def add_listing(
        self, listing: Listing, folder: str, *, deep: bool = True, paused: bool = False
    ) -> FolderAsked:
        """The same of a folder whose files are known. UserError: there are none that he gives."""
        user = listing.user
        files, locked = chosen(listing, folder, deep=deep)
        if not files:
            raise UserError(
                "all files of this folder are locked" if locked else "there are no files in this folder"
            )
        return FolderAsked(await self._add(user, files, key_of(user, folder, 0).hex(), paused), locked)

    async def _add(
        self, user: str, files: Sequence[Placed], batch: str, paused: bool, stem: str = ""
    ) -> list[bytes]:
        if not 0 < len(user) <= NAME_MAX:
            raise UserError("this is no user's name")
        keys, new = [], []
        for file, folder in files:
            keys.append(key_of(user, file.path, file.size))
            if await self._known(keys[-1], user, file, alone=len(files) == 1, resume=not paused):
                continue
            entry = Entry(keys[-1], user, file, self._wall())
            entry.folder, entry.batch, entry.stem = folder, batch, stem
            entry.state = State.PAUSED if paused else State.QUEUED
            new.append(entry)
        await self._list.insert(new)
        if batch and new:
            self._batches.add(batch)
        self._wake.set()
        return keys

    async def _known(self, key: bytes, user: str, file: RemoteFile, *, alone: bool, resume: bool) -> bool:
        """Whether the list has it; what is in the way of having it anew is taken off."""
        if not 0 < len(file.path) <= PATH_MAX or not 0 <= file.size <= FILE_MAX:
            raise UserError(f"a file has a name and from 0 to {FILE_MAX} bytes")
        entry = self._list.entries.get(key) or self._list.of_source(user, file.path)
        if entry is None:
            return False
        if entry.state is State.DONE:
            if await trio.to_thread.run_sync(os.path.exists, entry.local):
                if alone:
                    raise UserError(f"it is here already: {entry.local}")
                return True
        elif entry.size == file.size:
            if resume and entry.state is State.FAILED:
                await self.resume(entry.key)
            return True
        elif entry.state is not State.FAILED:
            raise UserError("this file is in the list with another size; remove that one first")
        await self.remove(entry.key)
        return False

    async def pause(self, key: bytes) -> None:
        """Stops a download and keeps what is there."""
        entry = self._list.find(key)
        if entry.state in (State.DONE, State.FAILED):
            raise UserError(f"it is not running: {entry.state.value}")
        if await self._stop(entry):
            entry.trouble, entry.reason = Trouble.NONE, ""
            await self._list.write([entry])

    async def _stop(self, entry: Entry) -> bool:
        """Until nothing works on it and the client has no transfer for it; False: it has finished, or is gone."""
        entry.state = State.PAUSED
        await entry.idle.wait()
        if entry.link is not None:
            await self._work.let_go(entry)
        self._wake.set()
        return self._is_unfinished(entry)

    @staticmethod
    def _is_unfinished(entry: Entry) -> bool:
        return entry.state is not State.DONE and not entry.removed

    async def resume(self, key: bytes) -> None:
        """Queues a paused or failed download again, or one that waits for its time at once."""
        entry = self._list.find(key)
        if entry.state is State.DONE:
            raise UserError(f"it is here already: {entry.local}")
        await entry.idle.wait()
        if not self._is_unfinished(entry):
            return  # it was just being finished
        entry.state, entry.trouble, entry.reason = State.QUEUED, Trouble.NONE, ""
        entry.ready, entry.tries = 0.0, 0
        self._work.full.forget(entry.user)
        await self._list.write([entry])
        self._wake.set()

    async def remove(self, key: bytes) -> None:
        """Takes a download off the list and deletes its partial file; a finished file stays."""
        entry = self._list.find(key)
        with entry.passing():
            if entry.state is not State.DONE:
                await self._stop(entry)
            await self._list.drop([entry])
        self._users.leave(entry.user)
        if entry.state is not State.DONE:
            await trio.to_thread.run_sync(partials.discard, entry.root or self._work.root, key)

    async def clear_done(self) -> int:
        """Takes all finished downloads off the list; how many."""
        done = [entry for entry in self._list.entries.values() if entry.state is State.DONE]
        await self._list.drop(done)
        return len(done)

    async def move(self, key: bytes, by: int) -> None:
        """Moves a download `by` places, negative: earlier."""
        await self._list.move(key, by)
        self._wake.set()

    async def switch_source(self, key: bytes, user: str, file: RemoteFile) -> None:
        """Fetches it from another user, or another place; see the head of this file."""
        entry = self._list.find(key)
        if entry.state is State.DONE:
            raise UserError(f"it is here already: {entry.local}")
        if (there := self._list.of_source(user, file.path)) is not None:
            raise UserError(
                "it is fetched from there already" if there is entry else "this file is in the list already"
            )
        named = 0 < len(user) <= NAME_MAX and 0 < len(file.path) <= PATH_MAX
        if not named or not 0 <= file.size <= FILE_MAX:
            raise UserError("this is no source")
        with entry.passing():
            await self._take_from(entry, user, file)
        self._wake.set()

    async def _take_from(self, entry: Entry, user: str, file: RemoteFile) -> None:
        key, paused, before = entry.key, entry.state is State.PAUSED, entry.user
        if not await self._stop(entry) or self._list.of_source(user, file.path) is not None:
            return
        if file.size != entry.size:
            await trio.to_thread.run_sync(partials.discard, entry.root or self._work.root, key)
            entry.here, entry.local = 0, ""
        self._list.change_source(entry, user, file.path, file.size)
        entry.recheck, entry.trouble, entry.reason = True, Trouble.NONE, ""
        entry.ready, entry.tries = 0.0, 0
        entry.state = State.PAUSED if paused else State.QUEUED
        self._list.say(entry, "another source")
        self._users.leave(before)
        await self._list.write([entry])

    async def done_elsewhere(self, key: bytes, path: Path) -> None:
        """The file came by another way and stands at `path`; what is here of it is deleted."""
        entry = self._list.find(key)
        with entry.passing():
            if entry.state is not State.DONE and await self._stop(entry):
                await self._work.taken(entry, path)

    def limit(self, active: int) -> None:
        """How many come in at once, from now on."""
        self._active = max(1, active)
        self._wake.set()

    def suspend(self, suspended: bool) -> None:
        """Nobody is asked for anything and what comes in is put back, until it is taken back; nothing is lost."""
        if suspended != self._suspended:
            self._suspended = suspended
            self._wake.set()

    def say(self, key: bytes, text: str) -> None:
        """A line for a download's timeline."""
        entry = self._list.entries.get(key)
        if entry is not None:
            self._list.say(entry, text)
            self._list.version += 1

    def set_root(self, root: Path) -> None:
        """Where downloads that begin from now on go."""
        self._work.root = root
