"""The running part of one download: sources in, requests out, chunks verified and written.

Rules:
- Event handlers never wait. What touches the disk is queued to the disk thread and comes back as an event.
- A chunk is asked for only while the disk keeps up (`Pool.congested`) and buffers for it are to be had.
- Bytes go from the session straight into the chunk's buffer; the buffer goes back to the pool when the chunk is
  on disk. A copy that nobody wants any more while it is being filled is not used again.
- A download of a group that shares a rate asks when its turn comes (`allowance.py`), any other at once.
- A false chunk is the fault of the one source that sent it: it sends no more data here as long as others can,
  and never again once its standing says so. Everyone else goes on untouched.
- PeerError from a handler ends that session (overlay/port.py); StorageError of the disk ends the transfer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import trio

from slskmesh.errors import PeerError, StorageError
from slskmesh.identity.peerid import peer_short
from slskmesh.overlay.port import DataHeader
from slskmesh.swarm.allowance import Allowance
from slskmesh.swarm.chunkmap import ChunkMap
from slskmesh.swarm.disk import Disk
from slskmesh.swarm.partial import Part
from slskmesh.swarm.picker import DEPTH_MAX, Picker
from slskmesh.swarm.port import Standing
from slskmesh.swarm.rates import Rate
from slskmesh.swarm.source import Copy, Row, Source
from slskmesh.swarm.state import BAD, IN_FLIGHT, MISSING, QUEUED, RECEIVED, VERIFIED, LineLevel
from slskmesh.wire.messages import Cancel, Want

Report = Callable[[LineLevel, str], None]


class Transfer:
    """All sources and chunks of one content that is being fetched."""

    def __init__(
        self,
        part: Part,
        picker: Picker,
        disk: Disk,
        standing: Standing,
        clock: Callable[[], float],
        report: Report,
        allowance: Allowance | None = None,
    ) -> None:
        """`allowance`: what its group may fetch, None for a download of no group."""
        self.part = part
        self.manifest = part.manifest
        self.picker = picker
        self.sources: dict[int, Source] = {}  # by row index
        self.map = ChunkMap(part.space, picker.done)
        self.rate = Rate(clock())
        self.wasted = 0
        self.bad_chunks = 0
        self.ended = trio.Event()  # finished or failed
        self.failure: StorageError | None = None
        self.on_bytes: Callable[[Row, int], None] = lambda row, size: None
        self.on_ban: Callable[[Source], None] = self.drop
        self._disk = disk
        self._pool = disk.pool
        self._standing = standing
        self._clock = clock
        self._report = report
        self._promised = 0
        self._held_back = False
        self._closed = False
        self._turn = 0  # the row index of the source asked last in its group's turn
        self._allowance = allowance
        if allowance is not None:
            allowance.join(self)
        if picker.finished:
            self.ended.set()

    # -- sources -----------------------------------------------------------------------------------------------

    def add(self, source: Source) -> None:
        """A joined source whose manifest fits; it starts choked."""
        row = source.row
        assert row is not None
        self.sources[row.index] = source
        self.picker.source_joined(row.index, source.bits, source.session.rtt)
        if not source.choked:
            self.picker.unchoked(row.index)
        self._judge()
        if self.sources.get(row.index) is source:
            self.ask(source)

    def drop(self, source: Source) -> None:
        """The source is not used any more; what it was asked for goes to others."""
        row = source.row
        if row is None or self.sources.get(row.index) is not source:
            return
        del self.sources[row.index]
        asked = self.picker.asked_of(row.index)
        self.picker.source_left(row.index)
        self._forget(source, asked)
        if not self._closed:
            self.ask_all()

    def close(self) -> None:
        """Nothing more is fetched; chunks already given to the disk still count."""
        if self._allowance is not None and not self._closed:
            self._allowance.leave(self)
        self._closed = True
        for source in list(self.sources.values()):
            self.drop(source)
        self._settle()

    def choked(self, source: Source) -> None:
        """The source gave our slot away; a chunk that is already arriving still comes."""
        index = _index(source)
        arriving = next(iter(source.copies), None)
        self._forget(source, self.picker.choked(index, arriving))
        self.ask_all()

    def unchoked(self, source: Source) -> None:
        """The source gave us a slot."""
        self.picker.unchoked(_index(source))
        self.ask(source)

    def have(self, source: Source) -> None:
        """The source has more chunks (`source.bits`)."""
        self.picker.have(_index(source), source.bits)
        self.ask(source)

    def refused(self, source: Source, chunks: tuple[int, ...], code: str) -> None:
        """The source will not serve these requests."""
        index = _index(source)
        once = dict.fromkeys(chunks)  # the peer may name a chunk twice
        mine = [chunk for chunk in once if self.picker.is_asked(index, chunk) and chunk not in source.copies]
        source.credit -= sum(self.manifest.chunk_length(chunk) for chunk in mine)
        self.picker.refused(index, mine)
        self._forget(source, mine)
        if code == "choked":
            source.choked = True
            self.picker.choked(index, next(iter(source.copies), None))
        elif code != "limit":
            if code == "absent" and mine:
                self._standing.note(source.session.peer, "false-have")
            gone = self.part.space.of(chunk for chunk in mine)
            source.bits &= ~gone
            self.picker.absent(index, gone)
        # asked again at the next tick, so that a peer that refuses everything cannot keep us busy

    # -- requests ----------------------------------------------------------------------------------------------

    def ask(self, source: Source) -> None:
        """Requests what the picker wants of this source now, or what its group's turn allows of any source."""
        if self._allowance is not None and self._allowance.limited:
            self._allowance.share_out(self._clock())
        else:
            self._ask(source, DEPTH_MAX)

    def _ask(self, source: Source, most: int) -> bool:
        """Requests at most so many chunks of the source; False if it was none."""
        if self._closed or self.failure is not None:
            return False
        self._settle()
        if self._pool.congested:
            self._held_back = True
            return False
        index = _index(source)
        room = (self._pool.limit - self._pool.used - self._pool.promised) // self.manifest.chunk_size
        if room <= 0:
            room = 0 if self.picker.in_flight(index) else 1
        chunks = self.picker.ask(index, self._clock(), min(room, most)) if room else []
        if not chunks:
            return False
        for chunk in chunks:
            source.credit += self.manifest.chunk_length(chunk)
            if self.map.states[chunk] != IN_FLIGHT:
                self.map.put(chunk, QUEUED, index)
        self._settle()
        source.session.send(Want(source.stream, tuple(chunks)))
        return True

    def ask_all(self) -> None:
        """Requests what the picker wants of every source."""
        self._held_back = False
        if self._allowance is not None and self._allowance.limited:
            self._allowance.share_out(self._clock())
            return
        for source in self.sources.values():
            self._ask(source, DEPTH_MAX)

    def ask_one(self) -> bool:
        """See allowance: one chunk of the next source that the picker wants one of."""
        order = sorted(self.sources, key=lambda index: (index <= self._turn, index))
        for index in order:
            if self._ask(self.sources[index], 1):
                self._turn = index
                return True
        return False

    def on_its_way(self) -> int:
        """See allowance."""
        return self.picker.open * self.manifest.chunk_size

    def awaits_turn(self) -> bool:
        """Whether nothing is asked for only because the group's rate is used up."""
        return self._allowance is not None and self._allowance.exhausted(self._clock())

    def _waste(self, size: int) -> None:
        """`size` bytes came for nothing."""
        self.wasted += size
        self._pay(size)

    def _pay(self, size: int) -> None:
        if self._allowance is not None:
            self._allowance.pay(size, self._clock())

    def tick(self) -> None:
        """Some time went by: requests that ran out of it go back, and everyone is asked anew."""
        for index, chunks in self.picker.overdue(self._clock()):
            source = self.sources[index]
            self._forget(source, chunks)
            for at in range(0, len(chunks), 64):
                source.session.send(Cancel(source.stream, tuple(chunks[at : at + 64])))
            self._standing.note(source.session.peer, "timeout")
            wait = self.picker.barred_for(index, self._clock())
            what = f"left alone for {wait:.0f} s" if wait else "now asked for one chunk at a time"
            self._report(
                "warn", f"{peer_short(source.session.peer)} let chunk {chunks[0]} run out of time; {what}"
            )
        self._judge()
        self.ask_all()

    def _settle(self) -> None:
        promised = 0 if self._closed else self.picker.open * self.manifest.chunk_size
        self._pool.promised += promised - self._promised
        self._promised = promised

    def _forget(self, source: Source, chunks: list[int]) -> None:
        """These chunks will not come from this source (or come too late)."""
        for chunk in chunks:
            copy = source.copies.pop(chunk, None)
            if copy is not None:
                self._waste(copy.discard(self._pool))
        self.map.clear(chunks, self.picker.still_open(chunks))

    # -- another way in ----------------------------------------------------------------------------------------

    def supplied(self, row: Row, chunk: int) -> int:
        """The chunk came another way than from a source, is proved and on disk. Its bytes; 0 if it was here."""
        owners = self.picker.supplied(chunk)
        if owners is None:
            return 0
        for other in [self.sources[index] for index in owners]:
            spare = other.copies.pop(chunk, None)
            if spare is not None:
                self._waste(spare.discard(self._pool))
            other.session.send(Cancel(other.stream, (chunk,)))
        length = self.manifest.chunk_length(chunk)
        self.map.put(chunk, VERIFIED, row.index)
        row.received += length
        row.chunks += 1
        if self.picker.finished:
            self.ended.set()
        return length

    # -- data --------------------------------------------------------------------------------------------------

    def begin(self, source: Source, head: DataHeader) -> memoryview | None:
        """Where the bytes of this frame go; None: nowhere."""
        chunk = head.chunk
        if chunk >= self.manifest.chunks or head.offset + head.length > self.manifest.chunk_length(chunk):
            raise PeerError("outside-chunk", f"data outside of chunk {chunk}")
        source.credit -= head.length
        if source.credit < 0 or not head.length:
            raise PeerError("unasked-data", "the peer sends data that nobody asked for")
        copy = source.copies.get(chunk)
        if copy is None:
            copy = self._new_copy(source, chunk) if not head.offset else None
            if copy is None:
                self._waste(head.length)
                return None
        elif head.offset != copy.got:
            raise PeerError("out-of-order", f"data of chunk {chunk} at {head.offset}, not at {copy.got}")
        copy.filling = True
        source.filling = copy
        return copy.view[head.offset : head.offset + head.length]

    def end(self, source: Source, head: DataHeader) -> None:
        """The bytes of this frame are in place."""
        copy, source.filling = source.filling, None
        if copy is None or copy.dead:
            return
        row = source.row
        assert row is not None
        copy.filling = False
        copy.got += head.length
        now = self._clock()
        self.picker.progress(row.index, head.length, now)
        row.rate.add(head.length, now)
        self.rate.add(head.length, now)
        if copy.got == copy.length:
            self._complete(source, row, head.chunk, copy, now)

    def _new_copy(self, source: Source, chunk: int) -> Copy | None:
        index = _index(source)
        if not self.picker.is_asked(index, chunk):
            return None  # cancelled, or too late
        buffer = self._pool.take(self.manifest.chunk_size)
        if buffer is None:
            self._held_back = True
            self.picker.refused(index, [chunk])
            self._forget(source, [chunk])
            return None
        copy = Copy(buffer, self.manifest.chunk_length(chunk))
        source.copies[chunk] = copy
        self.map.put(chunk, IN_FLIGHT, index)
        return copy

    def _complete(self, source: Source, row: Row, chunk: int, copy: Copy, now: float) -> None:
        del source.copies[chunk]
        self._pay(copy.length)
        others = [self.sources[index] for index in self.picker.received(row.index, chunk, now)]
        for other in others:
            spare = other.copies.pop(chunk, None)
            if spare is not None:
                self._waste(spare.discard(self._pool))
            other.session.send(Cancel(other.stream, (chunk,)))
        self.map.put(chunk, RECEIVED, row.index)
        self._disk.submit(
            partial(self.part.accept, chunk, copy.view), partial(self._written, source, row, chunk, copy)
        )
        self.ask(source)
        for other in others:
            self.ask(other)

    def _written(
        self, source: Source, row: Row, chunk: int, copy: Copy, outcome: bool | StorageError
    ) -> None:
        self._pool.give(copy.buffer)
        if isinstance(outcome, StorageError):
            self.picker.failed(chunk)
            self.map.put(chunk, MISSING, -1)
            self._fail(outcome)
            return
        if not outcome:
            self._blame(source, row, chunk, copy.length)
            return
        self.picker.verified(chunk)
        self.map.put(chunk, VERIFIED, row.index)
        row.received += copy.length
        row.chunks += 1
        self._standing.note(row.peer, "good-chunk")
        self.on_bytes(row, copy.length)
        if self.picker.finished:
            self.ended.set()
        elif self._held_back and not self._pool.congested:
            self.ask_all()

    def _fail(self, failure: StorageError) -> None:
        if self.failure is None:
            self.failure = failure
            self.ended.set()

    # -- blame -------------------------------------------------------------------------------------------------

    def _blame(self, source: Source, row: Row, chunk: int, length: int) -> None:
        self.picker.failed(chunk)
        self.map.put(chunk, BAD, row.index)
        row.bad += 1
        self.bad_chunks += 1
        self.wasted += length
        self._standing.note(row.peer, "bad-chunk")
        self._report("warn", f"chunk {chunk} from {peer_short(row.peer)} is false: refused, fetched again")
        row.banned = row.banned or f"bad chunk {chunk}"
        self._judge()
        self.ask_all()

    def _judge(self) -> None:
        """Leaves out who may not send, and who sent false data here as soon as somebody else is there."""
        honest = any(not source.row.bad for source in self.sources.values() if source.row is not None)
        for source in list(self.sources.values()):
            row = source.row
            if row is None:
                continue
            if not self._standing.may_send(row.peer):
                row.banned = row.banned or "bad chunks elsewhere"
                self.on_ban(source)
            elif row.bad and honest:
                self.on_ban(source)


def _index(source: Source) -> int:
    assert source.row is not None
    return source.row.index
