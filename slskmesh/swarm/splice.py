"""What a user of the Soulseek network sends of a file that is fetched from peers too: one more way for its chunks.

Rules:
- The legacy side's partial file is only read. It grows at its end; a chunk of it counts once it is whole, and is
  verified like a peer's before it is written. So a kill at any moment costs nothing: both files stand.
- All that is there is checked before anything is asked of peers. A chunk of it that is another ends the download
  with `PrefixDiffers`; later on, it only ends what is taken from this user.
- While the file grows, peers are asked from the end of the file, and never for the AHEAD chunks that come next.
- The legacy side is paused, never aborted, once peers can bring all that is left; when they fail then it goes on. Each
  pause costs a place in the uploader's queue, so it is let go on RESUMES times at most, after longer and longer waits.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from slskmesh.errors import PeerError
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.disk import Disk
from slskmesh.swarm.partial import Part
from slskmesh.swarm.roster import Roster
from slskmesh.swarm.source import Row
from slskmesh.swarm.state import IN_FLIGHT, MISSING, QUEUED
from slskmesh.swarm.transfer import Transfer

AHEAD: Final = 2  # chunks after the one that grows
STEP_BYTES: Final = 4 << 20  # read and verified at once
RESUME_AFTER: Final = 30.0  # seconds without a chunk from anybody
RESUMES: Final = 3


class PrefixDiffers(PeerError):
    """What the user sent is not the beginning of this content; nobody's fault. The text names the bytes."""

    def __init__(self, message: str) -> None:
        super().__init__("other-file", message, blame=False)


class Head(Protocol):
    """The legacy side of one file. Called on the engine's loop."""

    path: Path  # its partial file
    user: str  # who sends it; not sanitised
    paused: bool  # by `pause`, and not let go on since

    def grows(self) -> bool:
        """Whether more of it comes now."""

    async def pause(self) -> bool:
        """Stops it where it is; False where it ended by itself before."""

    async def resume(self) -> None:
        """Lets it go on."""

    def differs(self, why: str) -> None:
        """It is another file than the content."""


class Taken(NamedTuple):
    """What a look at the file brought: chunks that are right and on disk now, the first one that is not yet whole,
    the file's length, and why no more of it is taken (empty: nothing is wrong).
    """

    chunks: tuple[int, ...]
    next: int
    length: int
    wrong: str = ""


def take(path: Path, part: Part, first: int, done: int, most: int = STEP_BYTES) -> Taken:
    """Writes whole chunks of the file from `first` on into `part`, at most `most` bytes; those in `done` are passed
    over. Runs in the disk thread. StorageError: the part cannot be written.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return Taken((), first, 0)
    except OSError as error:
        return Taken((), first, 0, f"its partial file cannot be opened: {error.strerror or error}")
    try:
        return _take(handle, part, first, done, most)
    except OSError as error:
        return Taken((), first, 0, f"its partial file cannot be read: {error.strerror or error}")
    finally:
        os.close(handle)


def _take(handle: int, part: Part, first: int, done: int, most: int) -> Taken:
    manifest, length = part.manifest, os.fstat(handle).st_size
    if length > manifest.size:
        return Taken((), first, length, f"its {length} bytes are more than the file's {manifest.size}")
    chunks: list[int] = []
    buffer = memoryview(bytearray(manifest.chunk_size))
    at = first
    while at < manifest.chunks and most > 0:
        size, begin = manifest.chunk_length(at), at * manifest.chunk_size
        if begin + size > length:
            break
        if not part.space.holds(done, at):
            view = buffer[:size]
            if not _read(handle, begin, view):
                break
            if not part.accept(at, view):
                wrong = f"bytes {begin} to {begin + size - 1} are others than the file's"
                return Taken(tuple(chunks), at, length, wrong)
            chunks.append(at)
            most -= size
        at += 1
    return Taken(tuple(chunks), at, length)


def _read(handle: int, at: int, into: memoryview) -> bool:
    """False where the file became shorter meanwhile."""
    got = 0
    while got < len(into):
        more = os.preadv(handle, [into[got:]], at + got)
        if not more:
            return False
        got += more
    return True


def loose_end(path: Path, part: Part, first: int) -> int:
    """How many bytes of the file's last, unfinished chunk `first` differ from the verified one. In the disk thread."""
    try:
        with open(path, "rb") as file:
            file.seek(first * part.manifest.chunk_size)
            loose = file.read(part.manifest.chunk_size)
        with open(part.path, "rb") as file:
            file.seek(first * part.manifest.chunk_size)
            right = file.read(len(loose))
    except OSError:
        return 0  # only told of: nothing depends on it
    return 0 if loose == right else len(loose)


class Splice:
    """The legacy side of one attempt at a download. Used by `Download`, which owns the transfer."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.row: Row | None = None
        self.over = ""  # why nothing more is taken
        self.proved = 0  # bytes of its that are in the part
        self._next = 0  # the first chunk not yet seen whole
        self._length = 0
        self._shown: dict[int, int] = {}  # chunk -> state, as they are on the map for the legacy side
        self._resumes = 0
        self._quiet = 0.0  # since when nobody brought anything, while paused
        self._left = -1

    @property
    def brings(self) -> bool:
        """Whether more is to come this way."""
        return not self.over and not self.head.paused and self.head.grows()

    async def attend(self, transfer: Transfer, roster: Roster, disk: Disk, now: float) -> None:
        """Takes what is there, and decides who brings the rest; to be called often. PrefixDiffers at the first call."""
        if self.row is None:
            self.row = roster.legacy(self.head.user)
            await self._begin(transfer, disk, now)
        else:
            await self._step(transfer, disk, now)

    async def _begin(self, transfer: Transfer, disk: Disk, now: float) -> None:
        """Checks and takes all; until then nothing is asked of peers."""
        fresh = not transfer.picker.done
        transfer.picker.keep(transfer.part.space.full, True)
        await self._take_all(transfer, disk, None)
        if self.over and fresh:
            self.head.differs(self.over)
            raise PrefixDiffers(f"what {self.head.user} sent is another file: {self.over}")
        self._quiet = now
        self._share(transfer)
        transfer.ask_all()

    async def _step(self, transfer: Transfer, disk: Disk, now: float) -> None:
        if not self.over:
            await self._take_all(transfer, disk, now)
        before = transfer.picker.unasked()
        self._share(transfer)
        if self.brings and self._others_can(transfer):
            await self._pause(transfer, disk, now)
        elif self.head.paused and not self.over:
            await self._go_on(transfer, now)
        self._tell()
        if transfer.picker.unasked() != before:
            transfer.ask_all()

    async def end(self, transfer: Transfer, disk: Disk) -> int:
        """Every chunk is there: the legacy side is stopped. Bytes of its that differ and were of no use."""
        if not self.head.paused:
            await self.head.pause()
        first, part = self._next, transfer.part
        self._tell()
        if self.over or first >= transfer.manifest.chunks:
            return 0
        return await disk.call(partial(loose_end, self.head.path, part, first))

    def leave(self, transfer: Transfer) -> None:
        """Nothing more is taken; peers are asked for everything."""
        self.over = "not taken any more"
        if self.row is not None:
            self._share(transfer)
            self._tell()

    # -- taking ------------------------------------------------------------------------------------------------

    async def _take_all(self, transfer: Transfer, disk: Disk, now: float | None) -> None:
        """All whole chunks there are; `now` None: they came before, and are nobody's rate."""
        row, part = self.row, transfer.part
        assert row is not None
        while not self.over:
            first, done = self._next, transfer.picker.done
            taken = await disk.call(partial(take, self.head.path, part, first, done))
            for chunk in taken.chunks:
                self._shown.pop(chunk, None)
                size = transfer.supplied(row, chunk)
                self.proved += size
                if now is not None and size:
                    row.rate.add(size, now)
                    transfer.rate.add(size, now)
            self._next, self._length = taken.next, taken.length
            if taken.wrong:
                self.over = taken.wrong
            elif taken.next == first:
                return

    # -- who brings what ---------------------------------------------------------------------------------------

    def _share(self, transfer: Transfer) -> None:
        """Keeps what comes next from peers while it grows; shows it on the map."""
        picker, space = transfer.picker, transfer.part.space
        kept = self._coming(space) & ~picker.done if self.brings else 0
        picker.keep(kept, self.brings)
        self._show(transfer, kept)

    def _coming(self, space: ChunkSpace) -> int:
        return space.of(range(self._next, min(self._next + 1 + AHEAD, space.chunks)))

    def _show(self, transfer: Transfer, kept: int) -> None:
        row, map_ = self.row, transfer.map
        assert row is not None
        wanted = {
            chunk: IN_FLIGHT if chunk == self._next else QUEUED for chunk in transfer.part.space.walk(kept)
        }
        mine = min(row.index + 1, 255)
        for chunk, state in self._shown.items():
            if chunk not in wanted and map_.states[chunk] == state and map_.owners[chunk] == mine:
                map_.put(chunk, MISSING, -1)
        for chunk, state in wanted.items():
            if map_.states[chunk] == MISSING or (map_.owners[chunk] == mine and map_.states[chunk] != state):
                map_.put(chunk, state, row.index)
        self._shown = wanted

    def _others_can(self, transfer: Transfer) -> bool:
        """Nothing is left to ask for but what this side brings next, and sources that send have it."""
        picker = transfer.picker
        if picker.finished or picker.unasked():
            return False
        missing = transfer.part.space.full & ~picker.done
        for index, source in transfer.sources.items():
            if not source.choked:
                missing &= ~picker.offered(index)
        return not missing

    async def _pause(self, transfer: Transfer, disk: Disk, now: float) -> None:
        if not await self.head.pause():
            self.over = "it was whole there first"
        else:
            await self._take_all(transfer, disk, now)  # what came up to the end
        self._quiet, self._left = now, transfer.picker.left
        self._share(transfer)

    async def _go_on(self, transfer: Transfer, now: float) -> None:
        """Lets it go on when peers have brought nothing for too long since it was paused."""
        if transfer.picker.left != self._left:
            self._quiet, self._left = now, transfer.picker.left
        elif now - self._quiet >= RESUME_AFTER * 2**self._resumes and self._resumes < RESUMES:
            self._resumes += 1
            await self.head.resume()

    def _tell(self) -> None:
        row = self.row
        if row is None:
            return
        if self.over:
            row.gone = f"left out: {self.over}"
        elif self.head.paused:
            row.gone = f"paused at byte {self._length}"
        else:
            row.gone = f"sent {self._length} bytes" if self.head.grows() else "waits"
