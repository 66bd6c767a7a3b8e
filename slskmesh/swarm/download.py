"""One download from its content id to the finished file: find, check, fetch, finish.

Rules:
- `run` is the whole life of one attempt; cancelling it is pausing. Whatever ends it, the map on disk is brought
  up to date and the file is closed; what was verified stays.
- A manifest is proved before it is used; who sends a false one is left out, the next source is asked.
- Every session is asked once (Join), again after a while if it had nothing; new sessions are asked as they open.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from slskmesh.errors import PeerError, StorageError
from slskmesh.identity.peerid import PeerId, peer_short
from slskmesh.library.manifest import Manifest
from slskmesh.overlay.port import DataHeader, Session
from slskmesh.swarm.allowance import Allowance
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.disk import Disk
from slskmesh.swarm.lines import Lines
from slskmesh.swarm.manifest_fetch import ManifestFetch, check_head
from slskmesh.swarm.partial import Part, load_map
from slskmesh.swarm.picker import Picker
from slskmesh.swarm.port import Standing
from slskmesh.swarm.reasons import stall_reason
from slskmesh.swarm.roster import Roster
from slskmesh.swarm.served import PartialFile
from slskmesh.swarm.source import Source
from slskmesh.swarm.splice import Head, Splice
from slskmesh.swarm.state import Line, LineLevel, Phase
from slskmesh.swarm.transfer import Transfer
from slskmesh.text import sanitize
from slskmesh.wire.messages import (
    Choke,
    Gone,
    Have,
    Joined,
    ManifestPart,
    Refused,
    Unchoke,
    WantManifest,
)

TICK = 0.25
MANIFEST_SILENCE = 10.0
STALL_TICKS = 4
MAP_SECONDS = 1.0
CHECK_BYTES = 4 << 20
TIMELINE_MAX = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be fetched: content id, size as far as it is known, the (safe) names of the result, and the
    group it shares a rate with, if any.
    """

    content: bytes
    size: int
    name: str
    folder: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every download shares. `clock` is for durations, `wall` gives Unix seconds."""

    downloads: Path
    disk: Disk
    lines: Lines
    standing: Standing
    clock: Callable[[], float]
    wall: Callable[[], float]
    rng: random.Random
    on_line: Callable[[bytes, Line], None]
    on_bytes: Callable[[PeerId, int], None]
    allowance: Callable[[str], Allowance | None]  # of a group


class Download:
    """See the head of this file."""

    def __init__(self, wish: Wish, around: Surroundings) -> None:
        self.wish = wish
        self.phase = Phase.FINDING
        self.reason = ""
        self.manifest: Manifest | None = None
        self.transfer: Transfer | None = None
        self.brought = b""  # of a finished download: who brought each chunk, as `MapState.owners`
        self.served: PartialFile | None = None
        self.serving = trio.Event()  # `served` is there, or never will be
        self.roster = Roster(self, wish.content, around.lines, around.standing, around.clock)
        self.timeline: deque[Line] = deque(maxlen=TIMELINE_MAX)
        self.splice: Splice | None = None  # what the Soulseek network sends of it
        self.wasted = 0  # bytes, see Transfer
        self.bad_chunks = 0
        self._around = around
        self._claimed: bytes | None = None  # chunks the map on disk says are there
        self._fetch: tuple[Source, ManifestFetch] | None = None
        self._news = trio.Event()
        self._part: Part | None = None
        self._map_due = 0.0
        self._map_bits = -1
        self._idle_ticks = 0

    # -- life --------------------------------------------------------------------------------------------------

    async def run(self) -> Path:
        """Fetches the file; returns where it stands. StorageError: the disk's doing, or a file that came out wrong."""
        try:
            manifest = await self._known_manifest() or await self._find_manifest()
            self.manifest = manifest
            done = await self._open(manifest)
            await self._transfer(done)
            return await self._finish()
        finally:
            await self._stop()

    async def _known_manifest(self) -> Manifest | None:
        self.roster.offer_all()
        record, trouble = await trio.to_thread.run_sync(load_map, self._around.downloads, self.wish.content)
        if trouble:
            self._say("warn", f"{trouble}; starting without it")
        self._claimed = record.bits if record is not None else None
        return record.manifest if record is not None else None

    async def _find_manifest(self) -> Manifest:
        self.reason = "asking connected peers"
        while True:
            source = next((s for s in self.roster.joined() if not s.manifest_asked), None)
            if source is None:
                self._news = trio.Event()
                with trio.move_on_after(TICK):
                    await self._news.wait()
                self.roster.offer_all()
                self._explain_finding()
                continue
            manifest = await self._manifest_from(source)
            if manifest is not None:
                return manifest

    def _explain_finding(self) -> None:
        connected = self.roster.connected()
        if not connected:
            self.reason = "no peer is connected"
        elif self.roster.stands_back:
            self.reason = "other downloads of its group, which has a rate limit, are first at the peers"
        elif not self.roster.sources:
            self.reason = f"none of {connected} connected peers has this file"

    async def _manifest_from(self, source: Source) -> Manifest | None:
        row, head = source.row, source.head
        assert row is not None and head is not None
        who = peer_short(source.session.peer)
        self.reason = f"fetching the chunk list from {who}"
        fetch = ManifestFetch(head)
        self._fetch = (source, fetch)
        source.manifest_asked = True
        source.session.send(WantManifest(source.stream))
        try:
            while not fetch.whole:
                fetch.news = trio.Event()
                with trio.move_on_after(MANIFEST_SILENCE) as waited:
                    await fetch.news.wait()
                if waited.cancelled_caught or self.roster.sources.get(source.session) is not source:
                    self._say("warn", f"{who} did not send the chunk list")
                    self._let_go(source, "did not send the chunk list")
                    return None
            return await trio.to_thread.run_sync(fetch.manifest().prove, self.wish.content)
        except PeerError as error:
            self._lied(source, str(error))
            return None
        finally:
            self._fetch = None

    async def _open(self, manifest: Manifest) -> int:
        """Opens the partial file and checks what is in it; returns the set of verified chunks."""
        around, wish = self._around, self.wish
        self.phase, self.reason = Phase.CHECKING, ""
        make = partial(Part, around.downloads, wish.content, manifest, wish.name, wish.folder)
        part = self._part = await around.disk.call(make)
        found = await around.disk.call(partial(part.found, self._claimed))
        step = max(1, CHECK_BYTES // manifest.chunk_size)
        done = 0
        for at in range(0, len(found), step):
            done |= await around.disk.call(partial(part.check, found[at : at + step]))
            self.reason = f"checking chunk {at} of {len(found)} on disk"
        wrong = int.from_bytes(self._claimed or b"", "big") & ~done
        if wrong:
            self._say("warn", f"{wrong.bit_count()} chunks on disk were damaged and are fetched again")
        if done:
            self._say("info", f"{done.bit_count()} of {manifest.chunks} chunks were already here")
        return done

    async def _transfer(self, done: int) -> None:
        around, part = self._around, self._part
        assert part is not None
        await trio.to_thread.run_sync(part.save_map, done)
        self._map_bits, self._map_due = done, around.clock() + MAP_SECONDS
        picker = Picker(part.space, part.manifest.chunk_size, around.rng, done)
        allowance = around.allowance(self.wish.group)
        transfer = Transfer(part, picker, around.disk, around.standing, around.clock, self._say, allowance)
        transfer.on_bytes = lambda row, size: around.on_bytes(row.peer, size)
        transfer.on_ban = lambda source: self._let_go(source, "left out")
        self.transfer = transfer
        self.served = PartialFile(part.manifest, part.path, self.wish.name, lambda: picker.done)
        self.serving.set()
        around.disk.follow(part.follow)
        await self._attend()
        self.phase, self.reason = Phase.ACTIVE, ""
        for source in self.roster.joined():
            self._enlist(source)
        while not transfer.ended.is_set():
            with trio.move_on_after(TICK):
                await transfer.ended.wait()
            self.roster.offer_all()
            transfer.tick()
            await self._attend()
            self._judge_stall()
            self.wasted, self.bad_chunks = transfer.wasted, transfer.bad_chunks
            await self._save_map()
        if transfer.failure is not None:
            raise transfer.failure
        if self.splice is not None and (loose := await self.splice.end(transfer, around.disk)):
            who = sanitize(self.splice.head.user, 40)
            self._say("warn", f"the last {loose} bytes {who} sent differ from the file's and were not used")

    def join(self, head: Head | None) -> None:
        """What the Soulseek network sends of it is taken too; None: no longer."""
        if self.splice is not None and self.transfer is not None:
            self.splice.leave(self.transfer)
        self.splice = Splice(head) if head is not None else None

    async def _attend(self) -> None:
        """Sees to what comes from the Soulseek network, if anything does."""
        splice, transfer = self.splice, self.transfer
        if splice is None or transfer is None or transfer.ended.is_set():
            return
        over = splice.over
        await splice.attend(transfer, self.roster, self._around.disk, self._around.clock())
        if splice.over != over:
            self._say("warn", f"{sanitize(splice.head.user, 40)} is left out: {splice.over}")

    async def _finish(self) -> Path:
        part, disk, served = self._part, self._around.disk, self.served
        assert part is not None and served is not None
        self.phase, self.reason = Phase.FINISHING, "checking the whole file"
        self._let_all_go()
        disk.unfollow(part.follow)
        while (right := await disk.call(part.whole)) is None:
            pass
        if not right:
            bad = await trio.to_thread.run_sync(part.quarantine)
            raise StorageError(
                f"every chunk was right but the whole file's SHA-256 is not; kept as {bad} and not used; "
                "resume to fetch it again"
            )
        path = await trio.to_thread.run_sync(part.place)
        served.finished(path)
        self.brought = bytes(self.transfer.map.owners) if self.transfer is not None else b""
        self.transfer, self._part = None, None
        part.close()  # the disk thread is done with it; from here on nothing can be cancelled
        return path

    async def _stop(self) -> None:
        self.serving.set()
        self._let_all_go()
        part, transfer = self._part, self.transfer
        if self.served is not None and self.served.held() is not None:
            self.served.closed = True
        if part is None:
            return
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
            self._around.disk.unfollow(part.follow)
            await self._around.disk.call(lambda: None)  # everything given to the disk has come back
            if transfer is not None and part.path.exists():
                try:
                    await trio.to_thread.run_sync(part.save_map, transfer.picker.done)
                except StorageError as error:
                    self._say("warn", f"the chunk map was not written: {error}")
            await self._around.disk.call(part.close)

    async def _save_map(self) -> None:
        transfer, part, clock = self.transfer, self._part, self._around.clock
        assert transfer is not None and part is not None
        begun = clock()
        if begun < self._map_due or transfer.picker.done == self._map_bits:
            return
        self._map_bits = transfer.picker.done
        try:
            await trio.to_thread.run_sync(part.save_map, self._map_bits)
        except StorageError as error:
            self._say("warn", f"the chunk map was not written: {error}")
        now = clock()
        self._map_due = now + max(MAP_SECONDS, 20 * (now - begun))  # a slow disk is not kept busy with maps

    def _judge_stall(self) -> None:
        transfer = self.transfer
        assert transfer is not None
        brings = self.splice is not None and self.splice.brings
        why = "" if brings else stall_reason(transfer, self._around.clock())
        self._idle_ticks = self._idle_ticks + 1 if why else 0
        if why and self._idle_ticks >= STALL_TICKS:
            if self.phase is not Phase.STALLED:
                self._say("warn", f"stalled: {why}")
            self.phase, self.reason = Phase.STALLED, why
        elif not why:
            self.phase, self.reason = Phase.ACTIVE, ""

    # -- what sources say --------------------------------------------------------------------------------------

    def session_up(self, session: Session) -> None:
        """A session opened."""
        if self.phase is not Phase.FINISHING:
            self.roster.offer(session)

    def session_down(self, source: Source, why: str) -> None:
        """The session of one of our streams ended."""
        self._let_go(source, why, leave=False)

    def on_joined(self, source: Source, head: Joined) -> None:
        """The peer has (some of) the content."""
        self.roster.admit(source, head)
        self._news.set()
        if self.transfer is not None:
            self._enlist(source)

    def on_gone(self, source: Source, message: Gone) -> None:
        """The peer does not have the content, or has it no more."""
        if source.row is not None:
            self._say(
                "info", f"{peer_short(source.session.peer)} does not offer this file any more: {message.code}"
            )
        self._let_go(source, f"gone: {sanitize(message.code, 32)}", leave=False)

    def on_manifest_part(self, source: Source, part: ManifestPart) -> None:
        """A part of the chunk list."""
        if not source.manifest_asked:
            raise PeerError("unasked-manifest", "the peer sends a manifest that nobody asked for")
        if self._fetch is not None and self._fetch[0] is source:
            self._fetch[1].take(part)

    def on_have(self, source: Source, have: Have) -> None:
        """The peer verified more chunks."""
        if source.head is None:
            raise PeerError("bad-have", "chunks of a stream that is not joined")
        space = ChunkSpace(check_head(source.head))
        if max(have.chunks) >= space.chunks:
            raise PeerError("bad-have", "the peer has a chunk that the content does not have")
        source.bits |= space.of(have.chunks)
        if self._live(source):
            self.transfer_now.have(source)

    def on_choke(self, source: Source, choke: Choke) -> None:
        """The peer has no upload slot for us."""
        source.choked, source.place = True, choke.place
        if self._live(source):
            self.transfer_now.choked(source)

    def on_unchoke(self, source: Source, _unchoke: Unchoke) -> None:
        """The peer gave us an upload slot."""
        source.choked, source.place = False, 0
        if self._live(source):
            self.transfer_now.unchoked(source)

    def on_refused(self, source: Source, refused: Refused) -> None:
        """The peer will not serve these chunks."""
        if self._live(source):
            self.transfer_now.refused(source, refused.chunks, refused.code)

    def data_begin(self, source: Source, head: DataHeader) -> memoryview | None:
        """Where a data frame goes."""
        if not self._live(source):
            raise PeerError("unasked-data", "the peer sends data before anything was asked for")
        return self.transfer_now.begin(source, head)

    def yields_to(self, other: Download, source: Source) -> bool:
        """Whether a peer is left to another download of the group that fetches from it, for the rate is limited."""
        group = self.wish.group
        if not group or other is self or other.wish.group != group:
            return False
        allowance = self._around.allowance(group)
        return allowance is not None and allowance.limited and other.needs(source)

    def needs(self, source: Source) -> bool:
        """Whether one of our sources was not heard of yet or has a chunk that is missing here."""
        if source.row is None or self.transfer is None:
            return True
        return bool(source.bits & ~self.transfer.picker.done)

    @property
    def transfer_now(self) -> Transfer:
        """The running transfer."""
        assert self.transfer is not None
        return self.transfer

    def _live(self, source: Source) -> bool:
        transfer, row = self.transfer, source.row
        return transfer is not None and row is not None and transfer.sources.get(row.index) is source

    # -- sources -----------------------------------------------------------------------------------------------

    def _enlist(self, source: Source) -> None:
        """Puts a joined source to work, if what it said of the content is what was proved."""
        head, manifest = source.head, self.manifest
        assert head is not None and manifest is not None
        if self._live(source):
            return
        if (head.size, head.chunk_size, head.sha256) != (manifest.size, manifest.chunk_size, manifest.sha256):
            self._lied(source, "it tells another size or hash of the file")
        else:
            self.transfer_now.add(source)

    def _lied(self, source: Source, what: str) -> None:
        peer, row = source.session.peer, source.row
        assert row is not None
        row.lied, row.banned = True, "false manifest"
        self._around.standing.note(peer, "false-manifest")
        self._say("warn", f"{peer_short(peer)} is left out: {what}")
        self._let_go(source, "left out")

    def _let_all_go(self) -> None:
        if self.transfer is not None:
            self.transfer.close()
        for source in list(self.roster.sources.values()):
            self._let_go(source, "not needed any more")

    def _let_go(self, source: Source, why: str, leave: bool = True) -> None:
        if self.transfer is not None:
            self.transfer.drop(source)
        self.roster.part(source, why, leave)
        self._news.set()
        if self._fetch is not None:
            self._fetch[1].news.set()

    def _say(self, level: LineLevel, text: str) -> None:
        line = Line(self._around.wall(), level, text)
        self.timeline.append(line)
        self._around.on_line(self.wish.content, line)
