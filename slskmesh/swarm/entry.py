"""One line of the list of downloads: what is wished for, where it stands, and the attempt that runs, if any."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import trio

from slskmesh.library.manifest import Manifest, chunk_count, chunk_size_for
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.download import Download, Wish
from slskmesh.swarm.reasons import source_state
from slskmesh.swarm.records import Record
from slskmesh.swarm.served import PartialFile
from slskmesh.swarm.splice import Head
from slskmesh.swarm.state import RESTING, DownloadState, Line, Phase
from slskmesh.swarm.transfer import Transfer


class Entry:
    """See the head of this file."""

    def __init__(self, wish: Wish, phase: Phase, added: float, position: int) -> None:
        self.wish = wish
        self.removed = False
        self.rests = trio.Event()  # it waits for the person, or all is done that follows its end
        self.phase = phase  # QUEUED, PAUSED, FAILED or DONE; a running attempt has its own
        self.reason = ""
        self.added = added
        self.finished: float | None = None
        self.path = ""
        self.root: Path | None = None  # the downloads folder it began in and keeps
        self.position = position
        self.head: Head | None = None  # what the Soulseek network sends of it
        self.download: Download | None = None  # while an attempt runs
        self.last: Download | None = None  # the latest attempt since the start
        self.scope = trio.CancelScope()
        self._stopped = trio.Event()

    @classmethod
    def of(cls, record: Record) -> Entry:
        """The entry a record keeps."""
        entry = cls(
            Wish(record.content, record.size, record.name, record.folder, record.group),
            Phase(record.state),
            record.added,
            record.position,
        )
        entry.reason, entry.finished, entry.path = record.reason, record.finished, record.path
        entry.root = Path(record.root) if record.root else None
        if entry.phase is Phase.DONE:
            entry.rests.set()
        return entry

    def record(self, position: int) -> Record:
        """What is kept of it."""
        wish = self.wish
        return Record(
            wish.content, wish.name, wish.folder, wish.size, self.phase.value, self.reason, position,
            self.added, self.finished, self.path, str(self.root or ""), wish.group,
        )  # fmt: skip

    @property
    def phase(self) -> Phase:
        """Where it stands between attempts."""
        return self._phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self._phase = phase
        if phase in RESTING:
            if phase is not Phase.DONE:
                self.rests.set()
        elif self.rests.is_set():
            self.rests = trio.Event()

    @property
    def content(self) -> bytes:
        """Content id."""
        return self.wish.content

    @property
    def manifest(self) -> Manifest | None:
        """The proved manifest, once an attempt has it."""
        return self.last.manifest if self.last is not None else None

    @property
    def served(self) -> PartialFile | None:
        """What others can fetch of it."""
        return self.last.served if self.last is not None else None

    @property
    def transfer(self) -> Transfer | None:
        """The running attempt's chunks, or the latest one's as it left them."""
        return self.last.transfer if self.last is not None else None

    @property
    def timeline(self) -> list[Line]:
        """Lines of the latest attempt."""
        return list(self.last.timeline) if self.last is not None else []

    # -- attempts ----------------------------------------------------------------------------------------------

    def start(self, download: Download) -> None:
        """An attempt begins."""
        self.download = self.last = download
        download.join(self.head)
        self.scope = trio.CancelScope()
        self._stopped = trio.Event()

    def stop(self) -> None:
        """The attempt is over."""
        self.download = None
        self._stopped.set()

    async def halt(self) -> None:
        """Ends a running attempt and waits until its files are closed."""
        if self.download is not None:
            self.scope.cancel()
            await self._stopped.wait()

    def finish(self, path: Path, now: float, manifest: Manifest | None) -> None:
        """The file is there."""
        self.phase, self.reason = Phase.DONE, ""
        self.path, self.finished = str(path), now
        if manifest is not None:
            self.wish = dataclasses.replace(self.wish, size=manifest.size)

    def fail(self, reason: str) -> None:
        """The attempt failed and needs the person, unless the person has stopped it meanwhile."""
        if self.phase is Phase.QUEUED:
            self.phase, self.reason = Phase.FAILED, reason

    def leave(self) -> None:
        """It is taken off the list: who waits for its rest hears of it."""
        self.removed = True
        self.rests.set()

    async def at_rest(self) -> bool:
        """Waits until it rests with nothing of it running; False once it is off the list."""
        while not self.removed:
            await self.rests.wait()
            if self.download is not None:
                await self._stopped.wait()
            elif self.phase in RESTING and self.rests.is_set():
                return not self.removed
        return False

    # -- what is shown -----------------------------------------------------------------------------------------

    def view_phase(self) -> Phase:
        """The running attempt's phase, else its own."""
        return self.download.phase if self.download is not None and self.phase is Phase.QUEUED else self.phase

    def view(self, now: float) -> DownloadState:
        """See state."""
        running, last, phase = self.download, self.last, self.view_phase()
        manifest = self.manifest
        transfer = running.transfer if running is not None else None
        size = manifest.size if manifest is not None else self.wish.size
        chunk_size = manifest.chunk_size if manifest is not None else chunk_size_for(size)
        chunks = chunk_count(size, chunk_size)
        got, done = self._verified(chunks)
        rate = transfer.rate.value(now) if transfer is not None else 0.0
        sources = (
            {source.row.index: source for source in running.roster.joined() if source.row} if running else {}
        )
        rows = last.roster.rows if last is not None else []
        return DownloadState(
            content=self.content,
            name=self.wish.name,
            folder=self.wish.folder,
            size=size,
            done=done,
            phase=phase,
            reason=running.reason if running is not None else self.reason,
            rate=rate,
            eta=(size - done) / rate if rate and phase is Phase.ACTIVE else None,
            chunk_size=chunk_size,
            chunks=chunks,
            chunks_done=got,
            endgame=transfer.picker.endgame if transfer is not None else False,
            wasted=last.wasted if last is not None else 0,
            bad_chunks=last.bad_chunks if last is not None else 0,
            sources=tuple(source_state(row, sources.get(row.index), transfer, now) for row in rows),
            added=self.added,
            finished=self.finished,
            path=self.path,
        )

    def _verified(self, chunks: int) -> tuple[int, int]:
        """How many chunks and bytes are verified on disk."""
        manifest, served = self.manifest, self.served
        if self.phase is Phase.DONE:
            return chunks, self.wish.size
        if manifest is None or served is None:
            return 0, 0
        held = served.held()
        if held is None:
            return chunks, manifest.size
        space, done = ChunkSpace(chunks), held.bit_count()
        short = manifest.chunk_size * chunks - manifest.size if space.holds(held, chunks - 1) else 0
        return done, done * manifest.chunk_size - short
