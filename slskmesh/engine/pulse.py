"""The engine's pulse: publishes views at a bounded pace and puts peers and standings on disk.

Rules: status at 4 Hz, lists at 2 Hz and soon after a command that changed them, the watched chunk map at 10 Hz, each
only when it changed. Peers and standings are saved every few seconds, at the end, and soon after a session opened, so
that a kill does not cost the way back to a peer. Nothing here decides anything.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from slskmesh.engine.beat import Beat
from slskmesh.engine.events import Level
from slskmesh.engine.snapshots import peer_view, transfer_view, upload_view
from slskmesh.engine.views import (
    Banner,
    ChunkMapView,
    PeersView,
    PeerView,
    StatusView,
    TransfersView,
    UploadsView,
    View,
)
from slskmesh.errors import StorageError
from slskmesh.governance.standing_rows import save_standings
from slskmesh.identity.peerid import PeerId, peer_short, peer_text
from slskmesh.overlay.address import join_address
from slskmesh.overlay.book_rows import save_book
from slskmesh.overlay.port import Session
from slskmesh.swarm.rates import Rate
from slskmesh.text import sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_TICK = 0.1
_STATUS_EVERY = 0.25
_LISTS_EVERY = 0.5
_SAVE_EVERY = 5.0
_SAVE_SOON = 0.2  # seconds after a session opened


class Pulse:
    """Publishes for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lists = Beat(_LISTS_EVERY)
        self._last: dict[type[View], View] = {}
        self._banner: Banner | None = None
        self._since = 0.0
        self._disk_free: int | None = None
        self._lag = 0.0
        self._down = Rate(0.0)
        self._up = Rate(0.0)
        self._counted: dict[PeerId, tuple[object, int, int]] = {}  # session, received, sent already counted
        self._down_total = 0
        self._up_total = 0
        self._legacy = (0, 0)  # bytes with legacy users that the rates hold already
        self._watched: dict[int, bytes] = {}  # by front end: the content whose chunk map it shows
        self._shown: dict[int, tuple[bytes, int]] = {}  # and which revision of it was told
        self._names: dict[PeerId, str] = {}
        self._met = trio.Event()
        engine.router.on_open(lambda session: self._met.set())
        engine.router.on_close(self._closed)

    async def run(self) -> None:
        """Beats until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._beat)
            nursery.start_soon(self._beat_lists)
            nursery.start_soon(self._look_at_disk)
            nursery.start_soon(self._save_often)

    async def _beat(self) -> None:
        status_due = 0.0
        while True:
            now = trio.current_time()
            self._maps()
            if now >= status_due:
                self._status(now)
                status_due = now + _STATUS_EVERY
                if left_out := self._engine.faults.summary(now):
                    self._engine.notice(Level.WARN, left_out)
            pause = _TICK if self._watched else _STATUS_EVERY
            await trio.sleep(pause)
            late = trio.current_time() - now - pause
            self._lag = max(late, self._lag * 0.9)

    async def _beat_lists(self) -> None:
        while True:
            self._lists()
            await self.lists.rest()

    def called(self, peer: PeerId) -> str:
        """How a notice names a peer: what it calls itself, with its key's short form."""
        name = sanitize(self._names.get(peer, ""), 40)
        return f"{name} ({peer_short(peer)})" if name else peer_short(peer)

    def _put(self, view: View) -> None:
        if self._last.get(type(view)) != view:
            self._last[type(view)] = view
            self._engine.hub.put_view(view)

    # -- views -------------------------------------------------------------------------------------------------

    def _closed(self, session: Session, reason: str) -> None:
        self._count(session.peer, session)
        self._counted.pop(session.peer, None)

    def _count(self, peer: PeerId, session: Session) -> None:
        """Adds what went over a session since the last look to the totals and to the peer's standing."""
        received, sent = session.received, session.sent
        known, seen_received, seen_sent = self._counted.get(peer, (None, 0, 0))
        if known is not session:
            seen_received = seen_sent = 0
        down, up = received - seen_received, sent - seen_sent
        if down or up:
            self._down_total += down
            self._up_total += up
            self._engine.standing.note_bytes(peer, down, up)
        self._counted[peer] = (session, received, sent)

    def _status(self, clock: float) -> None:
        engine, now = self._engine, self._engine.clock()
        sessions = engine.overlay.sessions
        before = self._down_total, self._up_total
        for peer, session in sessions.items():
            self._names[peer] = session.remote.name
            self._count(peer, session)
        moved = engine.legacy.tally.session
        self._down.add(self._down_total - before[0] + moved.received - self._legacy[0], clock)
        self._up.add(self._up_total - before[1] + moved.sent - self._legacy[1], clock)
        self._legacy = (moved.received, moved.sent)
        banner = engine.legacy.failover.banner(len(sessions))
        if banner is not self._banner:
            self._banner, self._since = banner, now
        listening = engine.overlay.listening
        self._put(
            StatusView(
                banner=banner,
                since=self._since,
                detail=sanitize(self._detail(banner), 300),
                peers=len(sessions),
                down_rate=round(self._down.value(clock)),
                up_rate=round(self._up.value(clock)),
                down_total=self._down_total + moved.received,
                up_total=self._up_total + moved.sent,
                transfers=engine.downloads.running + engine.legacy.downloads.coming,
                uploads=engine.uploads.slots_used + engine.legacy.uploads.sending,
                upload_slots=engine.settings.swarm.slots + engine.legacy.slots,
                disk_free=self._disk_free,
                peer_id=peer_text(engine.identity.peer),
                listening=join_address(*listening) if listening else "",
                loop_lag=round(self._lag, 3),
                dht_nodes=engine.plane.rendezvous.node.status().nodes if engine.plane.rendezvous.on else None,
                jobs=engine.job_pulse.open,
            )
        )

    def _detail(self, banner: Banner) -> str:
        engine = self._engine
        if not engine.settings.configured:
            return (
                "not set up yet: nothing is shared and nothing listens until you answer the first questions"
            )
        if banner is not Banner.ISOLATED:
            return engine.legacy.failover.state().reason
        nodes = engine.plane.rendezvous.node.status().nodes if engine.plane.rendezvous.on else 0
        if nodes:
            return f"no peer is connected; {nodes} nodes of the table are in touch, so music can be found by its id"
        waiting = sum(entry.dial for entry in engine.book.entries.values())
        if waiting:
            return f"no peer is connected; {waiting} known are dialled again and again"
        return "no peer is known yet: connect with somebody's invite"

    def _lists(self) -> None:
        engine = self._engine
        self._put(PeersView(tuple(self._peers())))
        engine.legacy_pulse.show_downloads()  # first: of a rescued one both halves are seen to belong together
        downloads = engine.downloads.views()
        self._put(TransfersView(tuple(transfer_view(state, self._names) for state in downloads)))
        uploads = sorted(engine.uploads.views(), key=lambda upload: upload.state != "sending")
        self._put(UploadsView(tuple(upload_view(upload) for upload in uploads)))

    def _peers(self) -> list[PeerView]:
        engine, now = self._engine, self._engine.clock()
        sessions = engine.overlay.sessions
        keys = {*sessions, *engine.book.entries, *engine.standing.known(), *engine.overlay.dialling}
        views = []
        for peer in keys:
            record = engine.standing.record(peer)
            entry, session = engine.book.entries.get(peer), sessions.get(peer)
            dialling = peer in engine.overlay.dialling
            view = peer_view(peer, entry, record, session, dialling=dialling, now=now)
            views.append(view)
        order = {
            state: rank for rank, state in enumerate(("connected", "dialling", "waiting", "known", "blocked"))
        }
        views.sort(key=lambda v: (order[v.state.value], not v.trusted, v.short))
        return views

    def watch(self, viewer: int, content: bytes) -> None:
        """Streams the chunk map of this download to one front end from now on; empty: none."""
        self._shown.pop(viewer, None)
        self._watched.pop(viewer, None)
        if content:
            self._watched[viewer] = content

    def _maps(self) -> None:
        for viewer, content in self._watched.items():
            revision = self._engine.downloads.map_revision(content)
            if revision >= 0 and (content, revision) == self._shown.get(viewer):
                continue
            self._shown[viewer] = (content, revision)
            state = self._engine.downloads.chunk_map(content)
            if state is not None:
                view = ChunkMapView(state.content.hex(), state.states, state.owners, state.copies)
                self._engine.hub.tell(viewer, view)

    # -- housekeeping ------------------------------------------------------------------------------------------

    async def _look_at_disk(self) -> None:
        while True:
            self._disk_free = await trio.to_thread.run_sync(_free, str(self._engine.downloads_root()))
            await trio.sleep(_SAVE_EVERY)

    async def _save_often(self) -> None:
        while True:
            with trio.move_on_after(_SAVE_EVERY):
                await self._met.wait()
            await trio.sleep(_SAVE_SOON)
            self._met = trio.Event()
            try:
                await self.save()
            except StorageError as error:
                self._engine.notice(Level.ERROR, str(error))

    async def save(self, *, final: bool = False) -> None:
        """Writes what changed of peers, standings and violations."""
        engine = self._engine
        await engine.plane.save()
        if final:
            for peer, session in engine.overlay.sessions.items():
                self._count(peer, session)
        changed, removed = engine.book.take_changes()
        standings = engine.standing.take_changes()
        try:
            if changed or removed:
                await engine.store.run(save_book, changed, removed)
            if standings:
                await engine.store.run(save_standings, standings)
        except StorageError:
            engine.book.put_back(changed, removed)
            engine.standing.put_back(standings)
            raise


def _free(path: str) -> int | None:
    here = Path(path)
    while not here.exists() and here != here.parent:
        here = here.parent
    try:
        return shutil.disk_usage(here).free
    except OSError:
        return None
