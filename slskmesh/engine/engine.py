"""The engine: the one nursery that owns everything, in the order things start and stop.

Rules:
- Everything here runs on one trio loop. Front ends reach it through `post` and the mailbox only.
- Until the person answered the first-run questions nothing listens, nothing is dialled and nothing is scanned.
- Stopping is polite first (peers are told, maps are written), then by cancellation; it takes about a second.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import trio

from slskmesh import __version__
from slskmesh.acquire.neighbours import Neighbours
from slskmesh.engine import order_rows
from slskmesh.engine.commands import Command
from slskmesh.engine.desk import Desk
from slskmesh.engine.events import Level, Notice
from slskmesh.engine.faults import FaultLog
from slskmesh.engine.hub import Box, Hub
from slskmesh.engine.job_pulse import JobPulse
from slskmesh.engine.legacy import open_legacy
from slskmesh.engine.legacy_pulse import LegacyPulse
from slskmesh.engine.orders import Orders
from slskmesh.engine.plane import Plane
from slskmesh.engine.pulse import Pulse
from slskmesh.engine.shares import Shares
from slskmesh.engine.views import DoorView
from slskmesh.errors import PeerError, SlskmeshError
from slskmesh.governance.standing import Standing
from slskmesh.governance.standing_rows import load_standings
from slskmesh.governance.violations_rows import load_offenders
from slskmesh.identity.key import load_or_create
from slskmesh.identity.peerid import PeerId
from slskmesh.library.library import Library
from slskmesh.library.manifest import Manifest
from slskmesh.modes import Times
from slskmesh.overlay.admission import Limits
from slskmesh.overlay.book import PeerBook
from slskmesh.overlay.book_rows import load_book
from slskmesh.overlay.node import Overlay
from slskmesh.overlay.port import Session
from slskmesh.overlay.router import MessageRouter
from slskmesh.overlay.session import PeerSession, Timings
from slskmesh.paths import Home
from slskmesh.settings import Settings, load_settings
from slskmesh.store.database import Store, open_store
from slskmesh.swarm.disk import Disk, open_disk
from slskmesh.swarm.downloads import Downloads
from slskmesh.swarm.served import LibraryContents
from slskmesh.swarm.state import Line
from slskmesh.swarm.uploads import Uploads
from slskmesh.text import sanitize
from slskmesh.wire import limits
from slskmesh.wire.messages import Hello

log = logging.getLogger("slskmesh.engine")

_STOP_TIME = 1.2  # seconds for goodbyes
_COMMANDS_MAX = 1000


class Door(Protocol):
    """A way other programs reach an engine; runs in the engine's nursery for as long as it does."""

    async def run(
        self, engine: Engine, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Opens, says so, serves until cancelled. What keeps it shut is told by a notice, never raised."""


class Engine:
    """One node: identity, store, library, overlay, swarm, the mesh plane, and the desk that takes commands."""

    def __init__(
        self,
        home: Home,
        mailbox: Box,
        *,
        env: Mapping[str, str] = os.environ,
        session_type: type[PeerSession] = PeerSession,
        timings: Timings | None = None,
        clock: Callable[[], float] = time.time,
        mode_times: Times | None = None,
        doors: Sequence[Door] = (),
    ) -> None:
        """`mode_times`: how fast health is judged; a network on one machine needs no half minutes."""
        self.home = home
        self.hub = Hub(mailbox)
        self.env = env
        self.clock = clock
        self.settings: Settings = load_settings(home.root, env)
        self.faults = FaultLog()
        self._session_type = session_type
        self._timings = timings
        self._mode_times = mode_times or Times()
        self._doors = doors
        self.door = DoorView()
        self._token: trio.lowlevel.TrioToken | None = None
        self._stopping = trio.Event()
        self._send: trio.MemorySendChannel[tuple[int, Command]]

    # -- from any thread ---------------------------------------------------------------------------------------

    def post(self, request: int, command: Command) -> bool:
        """Hands a command to the loop; False once the engine is over."""
        return self._call(self.enqueue, request, command)

    def stop(self) -> None:
        """Asks the engine to end."""
        self._call(self._stopping.set)

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end; what ends it otherwise is a fault."""
        return self._stopping.is_set()

    def _call(self, function: Callable[..., object], *args: object) -> bool:
        if self._token is None:
            return False
        try:
            self._token.run_sync_soon(function, *args)
        except trio.RunFinishedError:
            return False
        return True

    def enqueue(self, request: int, command: Command) -> None:
        """As `post`, on the loop."""
        try:
            self._send.send_nowait((request, command))
        except trio.WouldBlock:
            self.desk.reply(request, False, "too many commands are waiting")
        except (trio.ClosedResourceError, trio.BrokenResourceError):
            self.desk.reply(request, False, "the engine is stopped")

    # -- on the loop -------------------------------------------------------------------------------------------

    async def run(self, running: Callable[[Engine], None]) -> None:
        """Runs until `stop`; `running` is called once commands are taken."""
        self._token = trio.lowlevel.current_trio_token()
        async with open_store(self.home.database) as store, open_disk() as disk:
            await self._build(store, disk)
            async with trio.open_nursery() as nursery:
                try:
                    await self._start(nursery)
                    running(self)
                    await self._stopping.wait()
                    await self._goodbye()
                finally:
                    nursery.cancel_scope.cancel()
            await self.pulse.save(final=True)

    async def _build(self, store: Store, disk: Disk) -> None:
        settings = self.settings
        self.store = store
        self.identity = load_or_create(self.home.identity)
        self.router = MessageRouter()
        self.standing = Standing(self.clock, await store.run(load_standings))
        self.book = PeerBook(random.Random(), await store.run(load_book))
        self.library = Library(store, settings, [self.home.root])
        self.overlay = Overlay(
            self.identity,
            self.router,
            self.book,
            hello=self._hello,
            may_connect=self.may_connect,
            on_fault=self._fault,
            limits=Limits(sessions=settings.overlay.max_sessions),
            timings=self._timings,
            session_type=self._session_type,
            clock=self.clock,
        )
        self.neighbours = Neighbours(
            self.router, self.library, may_ask=lambda p: not self.standing.is_blocked(p)
        )
        self.downloads = Downloads(
            store,
            self.router,
            disk,
            self.standing,
            self.downloads_root(),
            active=settings.swarm.active,
            wall=self.clock,
            on_finished=self.shares_finished,
            on_line=self._line,
            on_bytes=self._received,
        )
        self.uploads = Uploads(
            self.router,
            [LibraryContents(self.library), self.downloads],
            self.standing,
            trio.current_time,
            slots=settings.swarm.slots,
            slots_per_peer=settings.swarm.slots_per_peer,
        )
        self.legacy = await open_legacy(self, self._mode_times)
        self.plane = Plane(self, await store.run(load_offenders))
        self.legacy.join_mesh()
        self.shares = Shares(self)
        self.orders = Orders(self, await store.run(order_rows.load))
        self.pulse = Pulse(self)
        self.job_pulse = JobPulse(self)
        self.legacy_pulse = LegacyPulse(self)
        self.desk = Desk(self)
        self.apply_limits()

    async def _start(self, nursery: trio.Nursery) -> None:
        self._send, receive = trio.open_memory_channel[tuple[int, Command]](_COMMANDS_MAX)
        await nursery.start(self.overlay.run)
        await nursery.start(self.neighbours.run)
        await nursery.start(self.uploads.run)
        await nursery.start(self.downloads.run)
        await nursery.start(self.shares.run)
        await nursery.start(self.legacy.run)
        await nursery.start(self.plane.run)
        nursery.start_soon(self.orders.run)
        nursery.start_soon(self.pulse.run)
        nursery.start_soon(self.job_pulse.run)
        nursery.start_soon(self.legacy_pulse.run)
        nursery.start_soon(self.desk.run, receive)
        await self.desk.publish_settings()
        for door in self._doors:
            await nursery.start(door.run, self)
        if self.settings.configured:
            await self.open_up()

    async def open_up(self) -> None:
        """The person said yes: listen, dial, scan."""
        try:
            await self.overlay.listen(self.settings.overlay.listen)
        except SlskmeshError as error:
            self.notice(Level.ERROR, str(error))
        await self.plane.apply()
        await self.legacy.apply()
        self.overlay.look_again()
        self.shares.rescan()

    async def _goodbye(self) -> None:
        with trio.move_on_after(_STOP_TIME):
            await self.overlay.shutdown()

    async def dismiss(self, viewer: int) -> None:
        """A front end is gone: what it watched and searched for ends with it; nothing else does."""
        self.hub.dismiss(viewer)
        self.pulse.watch(viewer, b"")
        self.job_pulse.watch(viewer, 0)
        self.legacy_pulse.watch(viewer, b"")
        self.orders.watch(viewer, False)
        self.legacy.searching.forget(viewer)
        self.legacy.queries.forget(viewer)
        self.desk.services.forget(viewer)
        await self.legacy_pulse.chats.watch(viewer, False, "")

    def downloads_root(self) -> Path:
        """Where finished files go."""
        return Path(self.settings.library.downloads or self.home.root / "downloads").expanduser()

    def apply_limits(self) -> None:
        """Puts settings that bound transfers into force."""
        overlay, swarm = self.settings.overlay, self.settings.swarm
        self.overlay.limit_downloads(overlay.max_download_rate)
        self.overlay.limit_uploads(overlay.max_upload_rate)
        self.uploads.limit(slots=swarm.slots, slots_per_peer=swarm.slots_per_peer)
        self.downloads.limit(swarm.active)
        self.downloads.set_root(self.downloads_root())

    def _hello(self, port: int) -> Hello:
        name = self.settings.overlay.name[: limits.NAME_MAX]
        return Hello(
            limits.PROTOCOL_VERSION,
            int(self.clock()),
            port,
            f"slskmesh/{__version__}",
            name,
            dht=self.plane.rendezvous.port,
        )

    def may_connect(self, peer: PeerId) -> bool:
        """Whether a session with `peer` may be: not before the first-run answers, not with blocked or banned ones."""
        if not self.settings.configured or not self.standing.may_connect(peer):
            return False
        return not self.plane.violations.is_banned(peer)

    def _fault(self, session: Session, error: PeerError) -> None:
        peer = session.peer
        self.standing.note(peer, "protocol")
        self.plane.fault(session, error)
        if self.faults.tell(peer, trio.current_time()):
            self.notice(Level.WARN, f"{self.pulse.called(peer)} broke the protocol: {error}")

    async def shares_finished(self, path: Path, manifest: Manifest) -> None:
        """A download is whole: it is shared from now on if it lies in a share."""
        await self.shares.add_finished(path, manifest)

    def _received(self, peer: PeerId, size: int) -> None:
        self.uploads.tally.add(peer, size, trio.current_time())

    def _line(self, content: bytes, line: Line) -> None:
        of = f"{self.downloads.name_of(content)}: " if content else ""
        self.notice(Level(line.level), of + line.text)

    def show_door(self, **fields: object) -> None:
        """Shows what changed of the ways in (fields of `DoorView`)."""
        self.door = msgspec.structs.replace(self.door, **fields)
        self.hub.put_view(self.door)

    def notice(self, level: Level, text: str) -> None:
        """One line for the event log."""
        self.hub.put_event(Notice(self.clock(), level, sanitize(text, 400)))
