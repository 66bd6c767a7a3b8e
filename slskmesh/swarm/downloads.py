"""All downloads: the queue and its commands, what runs, what is kept, and what comes in for them.

Rules:
- At most `active` downloads run at once, in queue order; a paused or failed one waits for the person.
- The list survives restarts; a download that ran when the process ended is queued again. It stays in the downloads
  folder it began in, wherever later ones go.
- The database failing never stops a running download: it is told of in the download's timeline.
- Downloads of one group share a rate (`allowance.py`); the group outlasts a restart, its rate is set anew.
- A running download is a source for others (`ContentSource`): what is verified here can be fetched from here.
"""

from __future__ import annotations

import dataclasses
import os
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from slskmesh.errors import StorageError, UserError
from slskmesh.identity.peerid import PeerId
from slskmesh.library.manifest import Manifest, chunk_count, chunk_size_for
from slskmesh.overlay.port import DataHeader, Router, Session
from slskmesh.store.database import Store
from slskmesh.swarm import records
from slskmesh.swarm.allowance import Allowance
from slskmesh.swarm.disk import Disk
from slskmesh.swarm.download import Download, Surroundings, Wish
from slskmesh.swarm.entry import Entry
from slskmesh.swarm.leftovers import look_over
from slskmesh.swarm.lines import Lines
from slskmesh.swarm.partial import delete_partial
from slskmesh.swarm.port import Served, Standing
from slskmesh.swarm.source import Source
from slskmesh.swarm.splice import Head, PrefixDiffers
from slskmesh.swarm.state import RUNNING, VERIFIED, DownloadState, Line, MapState, Phase
from slskmesh.text import safe_name
from slskmesh.wire import messages as msg
from slskmesh.wire.limits import FILE_MAX

S = TypeVar("S", msg.Joined, msg.Gone, msg.ManifestPart, msg.Have, msg.Choke, msg.Unchoke, msg.Refused)
DOWNLOADS_MAX = 5000
SERVE_WAIT = 20.0  # seconds; shorter than a Join is waited for
OnFinished = Callable[[Path, Manifest], Awaitable[None]]


async def _nothing(path: Path, manifest: Manifest) -> None:
    """Nobody wants to know of finished files."""


def _deliver(
    lines: Lines, handler: Callable[[Download, Source, S], None], session: Session, message: S
) -> None:
    """Hands a message to the download whose stream it names; one that is closed by now gets nothing."""
    entry = lines.find(session, message.stream)
    if entry is not None:
        handler(entry[0], entry[1], message)


class Downloads:
    """See the head of this file. Made before the overlay starts; `run` runs before commands come."""

    def __init__(
        self,
        store: Store,
        router: Router,
        disk: Disk,
        standing: Standing,
        downloads_root: Path,
        clock: Callable[[], float] = trio.current_time,
        *,
        active: int = 3,
        wall: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        on_finished: OnFinished = _nothing,
        on_line: Callable[[bytes, Line], None] = lambda content, line: None,
        on_bytes: Callable[[PeerId, int], None] = lambda peer, size: None,
    ) -> None:
        """`on_line` gets the timelines, `on_bytes` each verified chunk's size with its sender."""
        self._store = store
        self._disk = disk
        self._clock = clock
        self._wall = wall
        self._active = active
        self._on_finished = on_finished
        self._on_line = on_line
        self._lines = Lines()
        self._around = Surroundings(
            downloads_root,
            disk,
            self._lines,
            standing,
            clock,
            wall,
            rng or random.Random(),
            self._say,
            on_bytes,
            self._allowance_of,
        )
        self._allowances: dict[str, Allowance] = {}  # by group
        self._entries: dict[bytes, Entry] = {}  # in queue order
        self._wake = trio.Event()
        self._register(router)

    # -- running -----------------------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Loads the list and works on it until cancelled."""
        for record in await self._store.run(records.load):
            self._entries[record.content] = Entry.of(record)
        # Before anything is fetched: a map that is being replaced right now must not be taken for a leftover.
        for sentence in await self.look_over():
            self._say(b"", Line(self._wall(), "warn", sentence))
        async with trio.open_nursery() as nursery:
            task_status.started()
            while True:
                self._wake = trio.Event()
                running = sum(entry.download is not None for entry in self._entries.values())
                for entry in self._entries.values():
                    if running < self._active and entry.phase is Phase.QUEUED and entry.download is None:
                        running += 1
                        entry.root = entry.root or self._around.downloads
                        around = dataclasses.replace(self._around, downloads=entry.root)
                        entry.start(Download(entry.wish, around))
                        nursery.start_soon(self._drive, entry)
                await self._wake.wait()

    async def _drive(self, entry: Entry) -> None:
        download = entry.download
        assert download is not None
        try:
            with entry.scope:
                try:
                    await self._save(entry)
                    await self._check_root(entry)
                    path = await download.run()
                    entry.finish(path, self._wall(), download.manifest)
                # UserError: the folder leads out of the downloads
                except (StorageError, UserError, PrefixDiffers) as error:
                    entry.fail(str(error))
                    self._say(entry.content, Line(self._wall(), "error", str(error)))
        finally:
            entry.stop()
            self._wake.set()
        with trio.CancelScope(shield=True):
            await self._save(entry)
        if entry.phase is Phase.DONE and download.manifest is not None:
            self._say(entry.content, Line(self._wall(), "good", f"finished: {entry.path}"))
            await self._on_finished(Path(entry.path), download.manifest)
            entry.rests.set()

    async def _check_root(self, entry: Entry) -> None:
        """A folder that is no longer the one of the settings is not made anew: what was fetched is not in there."""
        root = entry.root
        if root is None or root == self._around.downloads or await trio.to_thread.run_sync(root.is_dir):
            return
        raise StorageError(
            f"{root} is not there, where this download began; bring it back and resume, "
            "or remove the download and add it again"
        )

    def limit(self, active: int) -> None:
        """Changes how many run at once; those that run go on."""
        self._active = active
        self._wake.set()

    def set_root(self, downloads_root: Path) -> None:
        """Where downloads that begin from now on go."""
        self._around = dataclasses.replace(self._around, downloads=downloads_root)

    def limit_group(self, group: str, rate: int) -> None:
        """Bytes per second over all downloads of a group, from now on; 0 for no limit."""
        if not group:
            raise ValueError("a rate is set for a group, and this is none")
        now = self._clock()
        if group in self._allowances:
            self._allowances[group].change(rate, now)
        elif rate:
            self._prune_allowances()
            self._allowances[group] = Allowance(rate, now)
        self._wake.set()

    def _allowance_of(self, group: str) -> Allowance | None:
        if not group:
            return None
        if group not in self._allowances:
            self._allowances[group] = Allowance(0, self._clock())
        return self._allowances[group]

    def _prune_allowances(self) -> None:
        """Forgets rates of groups whose last download is off the list, once there are more than downloads."""
        if len(self._allowances) >= DOWNLOADS_MAX:
            used = {entry.wish.group for entry in self._entries.values()}
            self._allowances = {group: kept for group, kept in self._allowances.items() if group in used}

    def name_of(self, content: bytes) -> str:
        """What the person calls a download; its content id's beginning if it is not in the list."""
        entry = self._entries.get(content)
        return entry.wish.name if entry is not None else content.hex()[:12]

    async def look_over(self) -> list[str]:
        """Tidies the folders of partial files; a sentence for each that holds something unclaimed.

        Only while nothing is being fetched: `run` does it first.
        """
        roots = {self._around.downloads, *(e.root for e in self._entries.values() if e.root is not None)}
        known = frozenset(self._entries)
        said = []
        for root in sorted(roots):
            try:
                said.append(await trio.to_thread.run_sync(look_over, root, known))
            except StorageError as error:
                said.append(str(error))
        return [sentence for sentence in said if sentence]

    # -- commands ----------------------------------------------------------------------------------------------

    async def add(
        self,
        content: bytes,
        size: int,
        name: str,
        folder: str = "",
        *,
        group: str = "",
        head: Head | None = None,
    ) -> None:
        """Queues a download; one that is paused or failed goes on, in its own group if it has one.

        `folder`: components parted by "/", each made a safe name. `head`: what the Soulseek network sends of it.
        UserError: it is there or running already.
        """
        entry = self._entries.get(content)
        if entry is not None and head is not None:
            entry.head = head
        if entry is not None and entry.phase in (Phase.PAUSED, Phase.FAILED):
            entry.wish = dataclasses.replace(entry.wish, group=entry.wish.group or group)
            await self.resume(content)
            return
        if entry is not None and not (entry.phase is Phase.DONE and await self._is_away(entry.path)):
            raise UserError(f"{entry.wish.name} is in the list already: {entry.phase.value}")
        if not 0 <= size <= FILE_MAX:
            raise UserError(f"a file has from 0 to {FILE_MAX} bytes, not {size}")
        if len(self._entries) >= DOWNLOADS_MAX:
            raise UserError(f"the list holds {DOWNLOADS_MAX} downloads; remove some first")
        words = [safe_name(word) for word in folder.replace("\\", "/").split("/") if word.strip(" .")]
        wish = Wish(content, size, safe_name(name), "/".join(words), group)
        if entry is not None:
            entry.leave()
        entry = Entry(wish, Phase.QUEUED, self._wall(), len(self._entries))
        entry.head = head
        self._entries[content] = entry
        await self._save(entry)
        self._wake.set()

    def join(self, content: bytes, head: Head | None) -> None:
        """What the Soulseek network sends of a download in the list is taken too, from now on; None: no longer."""
        entry = self._find(content)
        entry.head = head
        if entry.download is not None:
            entry.download.join(head)

    async def pause(self, content: bytes) -> None:
        """Stops a download and keeps what is there."""
        entry = self._find(content)
        if entry.phase in (Phase.DONE, Phase.FAILED):
            raise UserError(f"{entry.wish.name} is not running: {entry.phase.value}")
        entry.phase, entry.reason = Phase.PAUSED, ""
        await entry.halt()
        await self._save(entry)

    async def resume(self, content: bytes) -> None:
        """Queues a paused or failed download again."""
        entry = self._find(content)
        if entry.phase not in (Phase.PAUSED, Phase.FAILED):
            raise UserError(f"{entry.wish.name} is neither paused nor failed: {entry.phase.value}")
        await entry.halt()
        entry.phase, entry.reason = Phase.QUEUED, ""
        await self._save(entry)
        self._wake.set()

    async def remove(self, content: bytes) -> None:
        """Takes a download off the list and deletes its partial file; a finished file stays."""
        entry = self._find(content)
        entry.leave()
        try:
            if entry.phase is not Phase.DONE:
                entry.phase = Phase.PAUSED
                await entry.halt()
                await trio.to_thread.run_sync(delete_partial, entry.root or self._around.downloads, content)
            self._entries.pop(content, None)
        finally:
            entry.removed = self._entries.get(content) is not entry
        await self._store.run(records.delete, content)
        self._wake.set()

    async def move(self, content: bytes, by: int) -> None:
        """Moves a download `by` places, negative: earlier."""
        self._find(content)
        order = list(self._entries)
        at = order.index(content)
        order.insert(max(0, min(len(order) - 1, at + by)), order.pop(at))
        self._entries = {key: self._entries[key] for key in order}
        await self._store.run(records.reorder, order)
        self._wake.set()

    def _find(self, content: bytes) -> Entry:
        entry = self._entries.get(content)
        if entry is None:
            raise UserError("there is no such download")
        return entry

    async def _is_away(self, path: str) -> bool:
        return not await trio.to_thread.run_sync(os.path.exists, path)

    async def _save(self, entry: Entry) -> None:
        if self._entries.get(entry.content) is not entry:
            return
        position = list(self._entries).index(entry.content)
        try:
            await self._store.run(records.save, entry.record(position))
        except StorageError as error:
            self._say(
                entry.content, Line(self._wall(), "error", f"the list of downloads was not saved: {error}")
            )

    def _say(self, content: bytes, line: Line) -> None:
        self._on_line(content, line)

    # -- what is shown -----------------------------------------------------------------------------------------

    def views(self) -> tuple[DownloadState, ...]:
        """All downloads in queue order."""
        now = self._clock()
        return tuple(entry.view(now) for entry in self._entries.values())

    def state(self, content: bytes) -> DownloadState | None:
        """One download, None if it is not in the list."""
        entry = self._entries.get(content)
        return entry.view(self._clock()) if entry is not None else None

    async def settled(self, content: bytes) -> DownloadState | None:
        """Waits until the download is DONE (and shared, where it lies in a share), FAILED or PAUSED and nothing of
        it runs; None once it is not in the list.
        """
        entry = self._entries.get(content)
        if entry is None or not await entry.at_rest():
            return None
        return entry.view(self._clock())

    def timeline(self, content: bytes) -> tuple[Line, ...]:
        """The latest lines of a download that runs or ran since the start."""
        entry = self._find(content)
        return tuple(entry.timeline)

    def chunk_map(self, content: bytes) -> MapState | None:
        """The chunk map of a download that runs, ran since the start, or is done; else None."""
        entry = self._entries.get(content)
        transfer = entry.transfer if entry is not None else None
        if transfer is not None:
            states, owners = bytes(transfer.map.states), bytes(transfer.map.owners)
            return MapState(content, states, owners, transfer.picker.copies())
        if entry is None or entry.phase is not Phase.DONE:
            return None
        chunks = chunk_count(entry.wish.size, chunk_size_for(entry.wish.size))
        owners = entry.last.brought if entry.last is not None else bytes(chunks)
        return MapState(content, bytes([VERIFIED]) * chunks, owners, bytes(chunks))

    def map_revision(self, content: bytes) -> int:
        """Grows whenever the chunk map changes; -1 while there is none that changes."""
        entry = self._entries.get(content)
        transfer = entry.transfer if entry is not None else None
        return transfer.map.revision if transfer is not None else -1

    @property
    def running(self) -> int:
        """Downloads that run now."""
        return sum(entry.view_phase() in RUNNING for entry in self._entries.values())

    # -- as a source for others --------------------------------------------------------------------------------

    async def open(self, content: bytes) -> Served | None:
        """The verified part of a download that is being fetched (or was, since the start).

        One that is still looking for its chunk list is waited for: who asks wants the same file at the same time.
        """
        entry = self._entries.get(content)
        if entry is not None and entry.download is not None:
            with trio.move_on_after(SERVE_WAIT):
                await entry.download.serving.wait()
        served = entry.served if entry is not None else None
        return served if served is not None and not served.stopped() else None

    async def manifest(self, content: bytes) -> Manifest | None:
        """Its manifest."""
        entry = self._entries.get(content)
        return entry.manifest if entry is not None else None

    # -- what comes in -----------------------------------------------------------------------------------------

    def _register(self, router: Router) -> None:
        lines = self._lines
        router.on(msg.Joined, partial(_deliver, lines, Download.on_joined))
        router.on(msg.Gone, partial(_deliver, lines, Download.on_gone))
        router.on(msg.ManifestPart, partial(_deliver, lines, Download.on_manifest_part))
        router.on(msg.Have, partial(_deliver, lines, Download.on_have))
        router.on(msg.Choke, partial(_deliver, lines, Download.on_choke))
        router.on(msg.Unchoke, partial(_deliver, lines, Download.on_unchoke))
        router.on(msg.Refused, partial(_deliver, lines, Download.on_refused))
        router.on_open(self._opened)
        router.on_close(self._closed)
        router.set_sink(self)

    def _opened(self, session: Session) -> None:
        self._lines.up(session)
        for entry in self._entries.values():
            if entry.download is not None:
                entry.download.session_up(session)

    def _closed(self, session: Session, why: str) -> None:
        for download, source in self._lines.down(session):
            download.session_down(source, f"gone: {why}")

    def data_begin(self, session: Session, head: DataHeader) -> memoryview | None:
        """See DataSink."""
        entry = self._lines.find(session, head.stream)
        self._lines.filling(session, entry)
        if entry is None:
            self._lines.stray(session, head.length)
            return None
        return entry[0].data_begin(entry[1], head)

    def data_end(self, session: Session, head: DataHeader) -> None:
        """See DataSink."""
        entry = self._lines.filled(session)
        if entry is not None and entry[0].transfer is not None:
            entry[0].transfer.end(entry[1], head)
