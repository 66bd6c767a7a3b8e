"""Serving chunks to others: streams they opened on us, slots, and one reader and one sender a stream.

Rules:
- A stream costs nothing but its bookkeeping until it has a slot; slots bound readers, buffers and open files.
- Requests are answered in order; at most `QUEUE_MAX` wait on a stream. What is next is read ahead while one is sent.
- A chunk that has begun to leave is never taken back (overlay/port.py); everything before that can be.
- A file that vanished or changed ends its streams with the reason; the library is asked for it once more, so that
  it takes note.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import trio

from slskmesh.errors import PeerError, StorageError
from slskmesh.identity.peerid import PeerId
from slskmesh.library.manifest import chunk_count
from slskmesh.overlay.port import Priority, Router, Session
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.choker import Choker, Rank, Verdict
from slskmesh.swarm.port import ContentSource, Lost, Served, Standing
from slskmesh.swarm.rates import Rate, Tally
from slskmesh.swarm.state import UploadState
from slskmesh.wire import limits
from slskmesh.wire import messages as msg

QUEUE_MAX = 64
TICK = 0.5
MANIFESTS_MAX = 3  # times a stream may ask for the chunk hashes


READ_BYTES = 1024 * 1024  # read ahead in one turn of a worker thread, at least one chunk


def _read_all(served: Served, chunks: list[int], views: list[memoryview]) -> None:
    for chunk, view in zip(chunks, views, strict=True):
        served.read(chunk, view)


class _Key(NamedTuple):
    session: Session
    stream: int


class Stream:
    """One stream a peer opened on us."""

    def __init__(self, key: _Key, content: bytes, now: float) -> None:
        self.key = key
        self.content = content
        self.served: Served | None = None
        self.source: ContentSource | None = None
        self.space = ChunkSpace(0)
        self.told = 0  # chunks the peer knows we have
        self.queue: deque[int] = deque()
        self.dropped: set[int] = set()  # cancelled after they were read
        self.wake = trio.Event()
        self.closed = False
        self.manifests = 0
        self.place = 0
        self.sending = False
        self.sent = 0
        self.rate = Rate(now)

    def length(self, chunk: int) -> int:
        """Bytes of a chunk."""
        assert self.served is not None
        return min(self.served.chunk_size, self.served.size - chunk * self.served.chunk_size)

    def send(self, message: msg.Message, priority: Priority = Priority.CONTROL) -> None:
        """Queues a message to the peer."""
        self.key.session.send(message, priority)


class Uploads:
    """All upload streams. `run` must be running before the first session opens."""

    def __init__(
        self,
        router: Router,
        sources: Sequence[ContentSource],
        standing: Standing,
        clock: Callable[[], float],
        *,
        slots: int = 20,
        slots_per_peer: int = 2,
        rng: random.Random | None = None,
    ) -> None:
        """`sources` are asked in order."""
        self.tally = Tally()  # bytes peers gave us; downloads add to it
        self._sources = sources
        self._standing = standing
        self._clock = clock
        self._streams: dict[_Key, Stream] = {}
        self._by_session: dict[Session, set[_Key]] = {}
        self._choker = Choker(self._rank, rng or random.Random(), slots, slots_per_peer)
        self._nursery: trio.Nursery | None = None
        router.on(msg.Join, self._on_join)
        router.on(msg.WantManifest, self._on_want_manifest)
        router.on(msg.Want, self._on_want)
        router.on(msg.Cancel, self._on_cancel)
        router.on(msg.Leave, self._on_leave)
        router.on_close(self._on_close)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            while True:
                await trio.sleep(TICK)
                self._tick()

    def limit(self, *, slots: int, slots_per_peer: int) -> None:
        """Changes the limits, at the next judgement."""
        self._choker.slots, self._choker.per_peer = slots, slots_per_peer

    @property
    def slots_used(self) -> int:
        """Upload slots in use."""
        return self._choker.used

    def views(self) -> tuple[UploadState, ...]:
        """All streams, sending ones first."""
        now = self._clock()
        states = [
            UploadState(
                peer=stream.key.session.peer,
                content=stream.content,
                name=stream.served.name,
                state=self._words(stream),
                rate=stream.rate.value(now),
                sent=stream.sent,
                size=stream.served.size,
            )
            for stream in self._streams.values()
            if stream.served is not None
        ]
        return tuple(sorted(states, key=lambda state: state.state != "sending"))

    def _words(self, stream: Stream) -> str:
        if stream.sending or stream.queue:
            return "sending"
        return "idle" if self._choker.is_open(stream.key) else f"place {stream.place} in queue"

    def _rank(self, peer: PeerId) -> Rank | None:
        if self._standing.is_blocked(peer):
            return None
        given = self.tally.value(peer, self._clock())
        return Rank(self._standing.is_trusted(peer), given, self._standing.score(peer))

    # -- messages ----------------------------------------------------------------------------------------------

    def _on_join(self, session: Session, join: msg.Join) -> None:
        key = _Key(session, join.stream)
        if key in self._streams:
            raise PeerError("stream-in-use", f"stream {join.stream} is open already")
        held = self._by_session.setdefault(session, set())
        if len(held) >= limits.STREAMS_MAX:
            session.send(msg.Gone(join.stream, "limit", f"at most {limits.STREAMS_MAX} streams"))
            return
        stream = Stream(key, join.content, self._clock())
        self._streams[key] = stream
        held.add(key)
        assert self._nursery is not None, "Uploads.run must run before sessions open"
        self._nursery.start_soon(self._open, stream)

    def _on_want_manifest(self, session: Session, want: msg.WantManifest) -> None:
        stream = self._find(session, want.stream)
        if stream is None:
            return
        stream.manifests += 1
        if stream.manifests > MANIFESTS_MAX:
            raise PeerError("manifest-again", "the peer asks for one manifest again and again")
        assert self._nursery is not None
        self._nursery.start_soon(self._send_manifest, stream, want.first)

    def _on_want(self, session: Session, want: msg.Want) -> None:
        stream = self._find(session, want.stream)
        if stream is None:
            return
        if not self._choker.is_open(stream.key):
            stream.send(msg.Refused(want.stream, want.chunks, "choked"))
            return
        assert stream.served is not None
        self._choker.asked(stream.key, self._clock())
        held = stream.served.held()
        absent, over = [], []
        for chunk in want.chunks:
            if chunk >= stream.space.chunks or (held is not None and not stream.space.holds(held, chunk)):
                absent.append(chunk)
            elif len(stream.queue) >= QUEUE_MAX:
                over.append(chunk)
            else:
                stream.dropped.discard(chunk)
                stream.queue.append(chunk)
        if absent:
            stream.send(msg.Refused(want.stream, tuple(absent), "absent"))
        if over:
            stream.send(msg.Refused(want.stream, tuple(over), "limit"))
        stream.wake.set()

    def _on_cancel(self, session: Session, cancel: msg.Cancel) -> None:
        stream = self._find(session, cancel.stream)
        if stream is not None:
            gone = set(cancel.chunks)
            stream.dropped |= {chunk for chunk in gone if chunk < stream.space.chunks}
            stream.queue = deque(chunk for chunk in stream.queue if chunk not in gone)

    def _on_leave(self, session: Session, leave: msg.Leave) -> None:
        stream = self._streams.get(_Key(session, leave.stream))
        if stream is not None:
            self._close(stream)

    def _on_close(self, session: Session, _why: str) -> None:
        for key in self._by_session.pop(session, set()):
            stream = self._streams.get(key)
            if stream is not None:
                self._close(stream)

    def _find(self, session: Session, number: int) -> Stream | None:
        """The open stream; None for one that we closed a moment ago or do not know: the peer may not know yet."""
        stream = self._streams.get(_Key(session, number))
        return stream if stream is not None and stream.served is not None else None

    # -- streams -----------------------------------------------------------------------------------------------

    async def _open(self, stream: Stream) -> None:
        served, source = None, None
        for source in self._sources:
            try:
                served = await source.open(stream.content)
            except StorageError:
                continue  # this source cannot say now; another may have it
            if served is not None:
                break
        if stream.closed:
            return
        if served is None or source is None or self._standing.is_blocked(stream.key.session.peer):
            self._end(stream, "unknown", "")
            return
        stream.served, stream.source = served, source
        stream.space = ChunkSpace(chunk_count(served.size, served.chunk_size))
        held = served.held()
        stream.told = stream.space.full if held is None else held
        field = b"" if held is None or held == stream.space.full else stream.space.pack(held)
        stream.send(msg.Joined(stream.key.stream, served.size, served.chunk_size, served.sha256, field))
        assert self._nursery is not None
        self._nursery.start_soon(self._serve, stream)
        self._tell(self._choker.joined(stream.key, stream.key.session.peer, self._clock()))

    async def _send_manifest(self, stream: Stream, first: int) -> None:
        assert stream.source is not None
        try:
            manifest = await stream.source.manifest(stream.content)
        except StorageError:
            self._end(stream, "unreadable", "")
            return
        if stream.closed:
            return
        if manifest is None:
            self._end(stream, "vanished", "")
            return
        step = limits.MANIFEST_PART_HASHES
        for at in range(first, manifest.chunks, step):
            hashes = manifest.hashes[at * 32 : (at + step) * 32]
            stream.send(msg.ManifestPart(stream.key.stream, at, hashes), Priority.NORMAL)
            await trio.lowlevel.checkpoint()

    def _close(self, stream: Stream) -> None:
        """Forgets the stream; a chunk that is leaving still leaves."""
        stream.closed = True
        stream.queue.clear()
        stream.wake.set()
        self._streams.pop(stream.key, None)
        held = self._by_session.get(stream.key.session)
        if held is not None:
            held.discard(stream.key)
        self._tell(self._choker.left(stream.key, self._clock()))

    def _end(self, stream: Stream, code: str, reason: str) -> None:
        if not stream.closed:
            stream.send(msg.Gone(stream.key.stream, code, reason[: limits.REASON_MAX]))
            self._close(stream)

    def _tell(self, verdict: Verdict) -> None:
        for key, place in verdict.places.items():
            stream = self._streams.get(key)  # type: ignore[call-overload]
            if stream is not None:
                stream.place = place
        for key in verdict.choke:
            stream = self._streams[key]  # type: ignore[index]
            stream.queue.clear()
            stream.send(msg.Choke(stream.key.stream, min(stream.place, 0xFFFF)))
        for key in verdict.unchoke:
            stream = self._streams[key]  # type: ignore[index]
            stream.place = 0
            stream.send(msg.Unchoke(stream.key.stream))

    def _tick(self) -> None:
        verdict = self._choker.judge(self._clock())
        if verdict is not None:
            before = {key: stream.place for key, stream in self._streams.items()}
            self._tell(verdict)
            for key, stream in self._streams.items():
                if key not in verdict.choke and stream.place not in (0, before[key]):
                    stream.send(msg.Choke(key.stream, min(stream.place, 0xFFFF)))
        for stream in list(self._streams.values()):
            if stream.served is None:
                continue
            if stream.served.stopped():
                self._end(stream, "stopped", "")
            elif stream.told != stream.space.full:
                self._tell_news(stream, stream.served)

    def _tell_news(self, stream: Stream, served: Served) -> None:
        held = served.held()
        now_held = stream.space.full if held is None else held
        new = list(stream.space.walk(now_held & ~stream.told))
        stream.told |= now_held
        for at in range(0, len(new), limits.HAVE_MAX):
            stream.send(msg.Have(stream.key.stream, tuple(new[at : at + limits.HAVE_MAX])))

    # -- chunks ------------------------------------------------------------------------------------------------

    async def _serve(self, stream: Stream) -> None:
        """Reads ahead and sends until the stream is closed."""
        ready: trio.MemorySendChannel[tuple[int, bytearray]]
        to_send: trio.MemoryReceiveChannel[tuple[int, bytearray]]
        ready, to_send = trio.open_memory_channel(0)
        spare: list[bytearray] = []
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, stream, ready, spare)
                nursery.start_soon(self._send, stream, to_send, spare)
        except* PeerError:
            self._close(stream)  # the session went away under a chunk

    async def _read(
        self, stream: Stream, ready: trio.MemorySendChannel[tuple[int, bytearray]], spare: list[bytearray]
    ) -> None:
        assert stream.served is not None
        async with ready:
            while not stream.closed:
                if not stream.queue:
                    stream.wake = trio.Event()
                    spare.clear()
                    await stream.wake.wait()
                    continue
                size = stream.served.chunk_size
                chunks = [
                    stream.queue.popleft() for _ in range(min(len(stream.queue), max(1, READ_BYTES // size)))
                ]
                buffers = [spare.pop() if spare else bytearray(size) for _ in chunks]
                views = [memoryview(b)[: stream.length(c)] for c, b in zip(chunks, buffers, strict=True)]
                try:
                    await trio.to_thread.run_sync(_read_all, stream.served, chunks, views)
                except Lost as lost:
                    await self._lost(stream, lost)
                    return
                for chunk, buffer in zip(chunks, buffers, strict=True):
                    try:
                        await ready.send((chunk, buffer))
                    except trio.BrokenResourceError:
                        return  # the sender is over, and its own error says why

    async def _send(
        self,
        stream: Stream,
        to_send: trio.MemoryReceiveChannel[tuple[int, bytearray]],
        spare: list[bytearray],
    ) -> None:
        async with to_send:
            async for chunk, buffer in to_send:
                length = stream.length(chunk)
                if stream.closed or not self._choker.is_open(stream.key):
                    stream.dropped.clear()
                elif chunk in stream.dropped:
                    stream.dropped.discard(chunk)
                else:
                    stream.sending = True
                    await stream.key.session.send_chunk(stream.key.stream, chunk, memoryview(buffer)[:length])
                    stream.sending = False
                    now = self._clock()
                    stream.sent += length
                    stream.rate.add(length, now)
                    self._choker.asked(stream.key, now)
                spare.append(buffer)

    async def _lost(self, stream: Stream, lost: Lost) -> None:
        self._end(stream, lost.code, "")
        assert stream.source is not None
        try:
            await stream.source.open(stream.content)
        except StorageError:
            return  # what could not be read cannot be looked at either
