"""The mesh plane of one engine: table, fabric, services, catalogue, shadow index, planner, jobs. Made and run here.

Rules: rooms meet only through their ports; nothing in here decides, it hands one to the other.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

from slskmesh import __version__
from slskmesh.acquire.backends import LocalFiles, LocalMusic
from slskmesh.acquire.mesh import MeshFiles, MeshMusic
from slskmesh.acquire.planner import Planner
from slskmesh.catalogue.catalogue import Catalogue
from slskmesh.engine.events import Level
from slskmesh.engine.neighbourhood import Neighbourhood
from slskmesh.engine.rendezvous import Rendezvous
from slskmesh.errors import PeerError, SlskmeshError, StorageError
from slskmesh.fabric.calls import Fabric
from slskmesh.fabric.directory import Directory
from slskmesh.governance.violations import Offender, Violations, kind_of
from slskmesh.governance.violations_rows import save_offenders
from slskmesh.jobs.jobs import Jobs
from slskmesh.jobs.state import JobLine
from slskmesh.library.domain import Domain, SharedFile
from slskmesh.mbid import Mbid
from slskmesh.overlay.port import Session
from slskmesh.services.introspection import Introspection
from slskmesh.services.shadow_index import ShadowIndexService
from slskmesh.shadow.index import ShadowIndex

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_ANALYSED_AT_ONCE = 8  # files; between such portions others get their turn
_ANALYSE_PAUSE = 0.2
_LOOK = 5.0


class Plane:
    """Everything of the mesh beyond the connected peers, for one engine."""

    def __init__(self, engine: Engine, offenders: list[Offender]) -> None:
        self._engine = engine
        self._library_changed = trio.Event()
        me, library, standing = engine.identity.peer, engine.library, engine.standing
        self.violations = Violations(
            engine.clock, offenders, on_ban=lambda peer: standing.note(peer, "protocol")
        )
        self.rendezvous = Rendezvous(engine)
        index = self.rendezvous.node
        self.fabric = Fabric(
            engine.router, allow=lambda: engine.settings.fabric.services, violations=self.violations
        )
        self.fabric.scores.standing = standing.score
        self.directory = Directory(
            index,
            self.fabric,
            own=me,
            reach=self.rendezvous,
            address_of=self.rendezvous.address_of,
            welcome=engine.may_connect,
            wall=engine.clock,
        )
        self.catalogue = Catalogue(engine.store, engine.settings.musicbrainz.host, wall=engine.clock)
        self.shadow = self._shadow()
        self.planner = Planner(
            [LocalMusic(library), engine.legacy.music, MeshMusic(self.shadow, library, standing)],
            [LocalFiles(library), MeshFiles(self.shadow)],
        )
        self.jobs = self._jobs()
        self.neighbourhood = Neighbourhood(engine, self.directory, self.rendezvous)
        self._offer()

    def _shadow(self) -> ShadowIndex:
        engine = self._engine
        return ShadowIndex(
            self.rendezvous.node,
            self.fabric,
            self.rendezvous,
            engine.library,
            self.catalogue,
            engine.standing,
            me=engine.identity.peer,
            connected=lambda: list(engine.overlay.sessions.values()),
            enabled=lambda: self.rendezvous.on and engine.settings.mesh.shadow_index.enabled,
            rng=random.Random(),
            wall=engine.clock,
        )

    def _jobs(self) -> Jobs:
        engine = self._engine
        return Jobs(
            engine.store,
            self.catalogue,
            self.planner,
            engine.downloads,
            engine.library,
            root=engine.downloads_root,
            layout=lambda: engine.settings.jobs.layout,
            active=lambda: engine.settings.jobs.active,
            transfers=lambda: engine.settings.swarm.active,
            own=engine.identity.peer,
            wall=engine.clock,
            on_line=self._line,
            on_verified=self._verified,
            rng=random.Random(),
            router=engine.router,
            legacy=engine.legacy.downloads,
            legacy_allowed=lambda: engine.legacy.failover.effects.legacy_sources,
            rescued=lambda key: key in engine.legacy.rescue.rescues(),
            take_in=lambda path: engine.shares.take_in(path),
        )

    def _offer(self) -> None:
        """The services of this version; peers may call those that the setting lists."""
        engine = self._engine
        self.fabric.offer(
            Introspection(self.fabric.exposed, self._features, f"slskmesh/{__version__}", trio.current_time)
        )
        self.fabric.offer(
            ShadowIndexService(
                engine.library,
                self.catalogue,
                self.shadow,
                me=engine.identity.peer,
                may_ask=engine.may_connect,
                policy=self._policy,
                wall=engine.clock,
            )
        )

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs every part until cancelled."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.rendezvous.run)
            await nursery.start(self.fabric.run)
            await nursery.start(self.catalogue.run)
            await nursery.start(self.shadow.run)
            await nursery.start(self.jobs.run)
            nursery.start_soon(self._analyse)
            nursery.start_soon(self._advertise)
            nursery.start_soon(self.neighbourhood.run)
            task_status.started()

    async def apply(self) -> None:
        """Goes by the settings from now on."""
        settings = self._engine.settings
        if settings.musicbrainz.host != self._asked_host():
            self.catalogue.set_host(settings.musicbrainz.host)
        await self.rendezvous.apply()
        self.shadow.changed()

    def _asked_host(self) -> str:
        return self.catalogue.status().host

    def shared(self, file: SharedFile) -> None:
        """A download was finished and is offered."""
        if file.domain is Domain.GENERIC:
            self.shadow.shared(file.content)
        self.library_changed()

    def library_changed(self) -> None:
        """What is offered changed."""
        self._library_changed.set()
        self._engine.legacy.library_changed()
        self.shadow.changed()

    def fault(self, session: Session, error: PeerError) -> None:
        """A session ended by the peer's fault."""
        kind = kind_of(error)
        if kind is not None:
            self.violations.note(session.peer, session.address, kind)

    async def save(self) -> None:
        """Writes what changed of violations. StorageError: kept for the next time."""
        offenders = self.violations.take_changes()
        if not offenders:
            return
        try:
            await self._engine.store.run(save_offenders, offenders)
        except StorageError:
            self.violations.put_back(offenders)
            raise

    # -- what parts ask of one another -----------------------------------------------------------------------------

    def _policy(self) -> tuple[int, int]:
        engine = self._engine
        return max(
            0, engine.settings.swarm.slots - engine.uploads.slots_used
        ), engine.settings.overlay.max_upload_rate

    def _features(self) -> list[str]:
        """What this peer takes part in now."""
        settings = self._engine.settings
        live = {
            "swarm": True,
            "search": True,
            "table": self.rendezvous.on,
            "shadow-index": self.rendezvous.on and settings.mesh.shadow_index.enabled,
            "mesh-cache-job": True,
        }
        return [name for name, on in live.items() if on]

    def _line(self, job: int, line: JobLine) -> None:
        if line.level != "info":
            self._engine.notice(Level(line.level), f"job {job}: {line.text}")

    async def _verified(self, release: Mbid, recording: Mbid, content: bytes) -> None:
        state = self._engine.downloads.state(content)
        givers = [source.peer for source in state.sources if source.chunks] if state is not None else []
        self.shadow.verified(release, recording, content, givers)

    async def _analyse(self) -> None:
        """Works out what shared music sounds like, a few files at a time, whenever the library changed."""
        while True:
            changed = self._library_changed = trio.Event()
            try:
                left = await self._engine.library.analyse(_ANALYSED_AT_ONCE)
            except StorageError as error:
                self._engine.notice(Level.WARN, f"the library's variants cannot be kept: {error}")
                left = 0
            if left:
                await trio.sleep(_ANALYSE_PAUSE)
            else:
                await changed.wait()

    async def _advertise(self) -> None:
        """Tells the table of our services once there is one, and again when the allowlist changed."""
        told: object = ()
        while True:
            services = self._engine.settings.fabric.services
            if services != told and self.rendezvous.on and self.rendezvous.node.status().nodes:
                told = services
                try:
                    await self.directory.advertise()
                except SlskmeshError as error:
                    self._engine.notice(Level.WARN, f"services are not told of: {error}")
            await trio.sleep(_LOOK)
