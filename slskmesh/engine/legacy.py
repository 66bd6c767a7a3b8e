"""The Soulseek plane of one engine: client, shares, transfers, people, rooms, wishes, capture, rescue; made and run.

Rules:
- Rooms meet only through their ports; nothing in here decides, it hands one to the other. Every event of the client
  goes to each of them once, in order (`_heard`).
- Which networks are used is `failover`'s: what it says is put into force at once, and nothing that is queued is lost by
  it, in either direction.
- Without an account nothing of the network is loaded: no thread, no socket.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from slskmesh.acquire.rescue import Rescue, Sent
from slskmesh.acquire.rescue_finder import MeshFinder
from slskmesh.acquire.soulseek import SoulseekMusic
from slskmesh.engine.account import Account
from slskmesh.engine.events import Level
from slskmesh.engine.failover import Failover
from slskmesh.engine.leechers import Leechers
from slskmesh.engine.legacy_rules import hooks_of, limits_at, rescue_rules, upload_rules
from slskmesh.engine.legacy_snapshots import browse_progress
from slskmesh.engine.queries import Queries
from slskmesh.engine.searching import Searching
from slskmesh.engine.told_names import ToldNames
from slskmesh.engine.wish_offers import WishOffers
from slskmesh.errors import SlskmeshError, StorageError, UserError
from slskmesh.library.names import Names, tidy
from slskmesh.modes import Health, Times
from slskmesh.schedule import Limits
from slskmesh.shadow.capture import Capture
from slskmesh.shadow.pseudonyms import FILE as PSEUDONYMS
from slskmesh.shadow.pseudonyms import Pseudonyms, load_secret
from slskmesh.soulseek import people_rows
from slskmesh.soulseek.answers import ShareAnswers
from slskmesh.soulseek.browses import Browses
from slskmesh.soulseek.client import LegacyClient
from slskmesh.soulseek.download_entry import key_of
from slskmesh.soulseek.downloads import FolderDone, LegacyDownloads
from slskmesh.soulseek.hooks import Happened, Hooks
from slskmesh.soulseek.letters import Message
from slskmesh.soulseek.people import People
from slskmesh.soulseek.people_lists import Buddy
from slskmesh.soulseek.people_rows import KeptPeople
from slskmesh.soulseek.search_budget import SearchBudget
from slskmesh.soulseek.sieve import FilterSieve
from slskmesh.soulseek.social import Hooks as Told
from slskmesh.soulseek.social import Social
from slskmesh.soulseek.supervisor import Supervisor
from slskmesh.soulseek.tally import Tally
from slskmesh.soulseek.uploads import LegacyUploads, UploadPolicy
from slskmesh.soulseek.values import (
    Answered,
    LegacyEvent,
    Outcome,
    PhrasesExcluded,
    RemoteFile,
    ServerChanged,
    ServerSaid,
    TransferPhase,
    UserAddress,
)
from slskmesh.soulseek.watch import Phase, Standing
from slskmesh.soulseek.wish_runs import Asks, WishRuns
from slskmesh.soulseek.wishes import WishList
from slskmesh.text import sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_SCHEDULE_EVERY: Final = 60.0  # seconds
_WISHES_EVERY: Final = 5.0
_DOWNLOADS: Final = "downloads"  # on whose behalf users are watched
_THROTTLED: Final = 0.9  # of the person's own limit, from which on it is that which holds transfers back


async def open_legacy(engine: Engine, times: Times) -> Legacy:
    """Reads what is kept and makes the plane."""
    secret = await trio.to_thread.run_sync(load_secret, engine.home.root / PSEUDONYMS)
    names = await trio.to_thread.run_sync(Names, engine.home.database)
    kept = await engine.store.run(people_rows.load_all)
    return Legacy(engine, names, kept, Pseudonyms(secret), times)


class Legacy:
    """See the head of this file; `join_mesh` is called once the mesh plane is made, `run` runs everything."""

    def __init__(
        self, engine: Engine, names: Names, kept: KeptPeople, pseudonyms: Pseudonyms, times: Times
    ) -> None:
        self._engine = engine
        self.account = Account(engine)
        self.queries = Queries()
        self.told_names = ToldNames()
        self.searching = Searching(engine)
        self.searches = SearchBudget(trio.current_time)
        self.names = names
        self.answers = ShareAnswers(names, lambda user: frozenset() if self._refuses(user) else None)
        self.policy = self._policy()
        self.client = LegacyClient(self.answers, self.policy)
        self.leechers = Leechers(self.client)
        self.client.on_event(self._heard)
        self.music = self._music()
        self.wish_offers = WishOffers(engine)
        self.browses = Browses(
            engine.store,
            self.client,
            wall=engine.clock,
            on_progress=lambda progress: engine.hub.put_event(browse_progress(progress)),
        )
        self.social = self._social(kept)
        self.downloads = self._downloads()
        self.uploads = LegacyUploads(self.client, self.policy)
        self.tally = Tally(
            engine.store, wall=engine.clock, on_trouble=lambda text: engine.notice(Level.ERROR, text)
        )
        self.hooks = Hooks(wall=engine.clock)
        self.capture = Capture(
            engine.store,
            pseudonyms,
            anonymize=lambda: engine.settings.mesh.privacy.anonymize_usernames,
            enabled=lambda: engine.settings.mesh.privacy.capture,
            wall=engine.clock,
        )
        self.supervisor = Supervisor(self.client, self.account.line, on_change=self._stands)
        self.failover = Failover(engine, times, self._mode_changed)
        self.limits = Limits()
        self.rescue: Rescue
        self._was_online = False
        self._library_changed = trio.Event()
        self._fresh: dict[int, int] = {}  # wish -> hits told of
        self._apply_rules()

    def _policy(self) -> UploadPolicy:
        return UploadPolicy(
            upload_rules(self._engine.settings.soulseek),
            blocked=self._refuses,
            buddy=lambda user: self.social.people.buddy(user) is not None,
            shares_of=lambda user: self.leechers.of(user),
            size_of=self._size_of,
        )

    def _music(self) -> SoulseekMusic:
        return SoulseekMusic(
            self.client,
            self.searches,
            sources_allowed=lambda: self.failover.effects.legacy_sources,
            preferred=lambda: self.failover.state().health is Health.HEALTHY,
            hides=lambda user: self.social.people.hides(user),
        )

    def _downloads(self) -> LegacyDownloads:
        engine = self._engine
        return LegacyDownloads(
            engine.store,
            self.client,
            engine.downloads_root(),
            active=engine.settings.soulseek.active,
            wall=engine.clock,
            watch=self._watch,
            on_finished=self._finished,
            on_folder=self._folder,
        )

    def _social(self, kept: KeptPeople) -> Social:
        engine = self._engine
        return Social(
            engine.store,
            self.client,
            kept,
            me=lambda: self.account.name,
            parse=FilterSieve,
            clock=engine.clock,
            hooks=Told(
                on_message=self._message,
                on_there=self._there,
                on_fault=lambda words: engine.notice(Level.ERROR, words),
            ),
            wish_runs=self._wish_runs,
        )

    def _wish_runs(self, wishes: WishList, people: People) -> WishRuns:
        return WishRuns(
            wishes,
            self.client,
            self.searches,
            parse=FilterSieve,
            take=self.wish_offers.take,
            mesh=self.wish_offers,
            asks=lambda: Asks(self.failover.effects.ask_server, self.failover.effects.ask_mesh),
            hides=people.hides,
        )

    def join_mesh(self) -> None:
        """The mesh plane is there: rescue needs its index, its neighbours and its downloads."""
        engine = self._engine
        plane = engine.plane
        finder = MeshFinder(
            plane.shadow,
            engine.neighbours,
            lambda: list(engine.overlay.sessions.values()),
            engine.standing,
            self._recording_of,
        )
        self.rescue = Rescue(
            engine.store,
            self.downloads,
            engine.downloads,
            finder,
            lambda: rescue_rules(engine.settings.rescue, mesh=self.failover.effects.mesh_sources),
            say=self.downloads.say,
            throttled=self._is_throttled,
        )
        self.lister = plane.shadow.lister(
            plane.rendezvous.node.mesh.publications, lambda: engine.settings.fabric.services
        )

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs every part until cancelled; the server is left at the end."""
        await self.account.look()
        self.failover.configured()
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.client.run)
                await nursery.start(self.tally.run)
                await nursery.start(self.hooks.run)
                await nursery.start(self.downloads.run)
                await nursery.start(self.rescue.run)
                await nursery.start(self.capture.run)
                await nursery.start(self.searching.run)
                await nursery.start(self.wish_offers.run)
                await nursery.start(self.browses.run)
                nursery.start_soon(self.social.run)
                nursery.start_soon(self.leechers.run)
                nursery.start_soon(self.failover.run)
                nursery.start_soon(self.supervisor.run)
                nursery.start_soon(self._keep_names)
                nursery.start_soon(self._keep_hours)
                nursery.start_soon(self._tell_wishes)
                self._mode_changed()
                task_status.started()
        finally:
            self.names.close()

    # -- settings and mode ---------------------------------------------------------------------------------------

    async def apply(self) -> None:
        """Goes by the settings from now on."""
        await self.account.look()
        self._apply_rules()
        self._library_changed.set()
        self.failover.configured()
        self._mode_changed()
        self.supervisor.line_changed()

    def _apply_rules(self) -> None:
        settings = self._engine.settings.soulseek
        self.policy.set_rules(upload_rules(settings))
        self.downloads.limit(settings.active)
        self.downloads.set_root(self._engine.downloads_root())
        try:
            self.hooks.set_hooks(hooks_of(settings.hooks))
        except UserError as error:  # written into the file by hand
            self._engine.notice(Level.ERROR, f"soulseek.hooks: {error}")
        self._apply_limits()

    def _apply_limits(self) -> None:
        settings = self._engine.settings.soulseek
        self.limits = limits_at(settings, datetime.fromtimestamp(self._engine.clock()))
        self.client.limit(self.limits.upload, self.limits.download)
        self.policy.set_slots(self.limits.slots)

    def _mode_changed(self) -> None:
        """Puts into force what the mode of now says."""
        effects = self.failover.effects
        self.downloads.suspend(not effects.legacy_running)
        self.supervisor.set_wanted(effects.connect and self._engine.settings.configured)

    def _stands(self, standing: Standing) -> None:
        """How the session stands; also that we left it ourselves, which the client does not tell."""
        online = standing.phase is Phase.ONLINE
        if self._was_online and not online and not self.client.online:
            gone = ServerChanged(Outcome.LOST)
            self.social.left()
            self.downloads.heard(gone)
        self._was_online = online
        self.failover.stands(standing)

    @property
    def slots(self) -> int:
        """Upload slots for legacy users; none without an account."""
        return self.policy.slots() if self.account.name else 0

    def why_not(self) -> str:
        """Why the server cannot be asked now."""
        if not self.account.name:
            return "there is no account; set one with :account"
        if not self.failover.effects.connect:
            return "mesh-only mode is chosen"
        if not self.failover.effects.ask_server:
            return "mesh-only mode is active"
        standing = self.supervisor.standing
        return str(standing.what) or "there is no session with the server"

    # -- events --------------------------------------------------------------------------------------------------

    def _heard(self, event: LegacyEvent) -> None:
        """An event of the client, to everybody."""
        if isinstance(event, ServerChanged):
            self.supervisor.server_changed(event)
        elif isinstance(event, PhrasesExcluded):
            self.answers.exclude(event.phrases)
        elif isinstance(event, ServerSaid):
            self._engine.notice(Level.INFO, f"the Soulseek server says: {event.text}")
        elif isinstance(event, UserAddress):
            self.social.people.learn(event.user, event.host)
        elif isinstance(event, Answered):
            self.capture.asked(event.answer.token)  # the client hands on answers to our own searches only
        self.downloads.heard(event)
        self.uploads.heard(event)
        self.leechers.heard(event)
        self.tally.heard(event)
        self.capture.hear(event)
        self.searching.heard(event)
        self.music.heard(event)
        self.social.on_event(event)

    def _message(self, user: str, message: Message) -> None:
        self._engine.notice(Level.GOOD, f"message from {sanitize(user, 40)}")

    def _there(self, buddy: Buddy) -> None:
        self._engine.notice(Level.GOOD, f"{sanitize(buddy.name, 40)} is online")

    async def _watch(self, user: str, on: bool) -> None:
        watches = self.social.watches
        await (watches.on(user, _DOWNLOADS) if on else watches.off(user, _DOWNLOADS))

    # -- shares --------------------------------------------------------------------------------------------------

    def _refuses(self, user: str) -> bool:
        return self.social.people.refuses(user)

    def _size_of(self, user: str, path: str) -> int | None:
        """On the adapter's thread."""
        try:
            found = self.answers.find(user, path)
        except StorageError:
            return None
        return found.file.size if found is not None else None

    def library_changed(self) -> None:
        """What is offered changed."""
        self._library_changed.set()

    async def _keep_names(self) -> None:
        """Takes up what changed in the library, and tells the server how much is shared."""
        while True:
            self._library_changed = trio.Event()
            try:
                if self.account.name:
                    await self._take_names()
            except StorageError as error:
                self._engine.notice(Level.WARN, f"shares for Soulseek users: {error}")
            except SlskmeshError:
                pass  # no session: the next login tells the server
            await self._library_changed.wait()

    async def _take_names(self) -> None:
        await self._engine.store.run(tidy)
        changed = await trio.to_thread.run_sync(self.names.refresh)
        if changed:
            await self.client.shares_changed()

    # -- transfers -----------------------------------------------------------------------------------------------

    def has(self, user: str, file: RemoteFile) -> bool:
        """Whether this very file of a user was fetched already."""
        state = self.downloads.state(key_of(user, file.path, file.size))
        return state is not None and state.phase is TransferPhase.DONE

    async def _finished(self, path: Path, user: str, remote: str) -> None:
        self.hooks.happened(Happened("file", path, user, remote))
        self._engine.notice(Level.GOOD, f"done: {path.name}")
        await self._engine.shares.add_received(path)

    async def _folder(self, done: FolderDone) -> None:
        self.hooks.happened(Happened("folder", done.folder, done.user))
        self._engine.notice(Level.GOOD, f"folder done: {done.folder.name}, {done.files} files")

    async def _recording_of(self, sent: Sent) -> str:
        wanted = self._engine.plane.jobs.recording_of(sent.key)
        return wanted or await self.capture.recording_of(sent.path, sent.size)

    def _is_throttled(self) -> bool:
        """Whether the person's own limit is what holds downloads back now."""
        limit = self.limits.download
        if not limit:
            return False
        return sum(one.rate for one in self.downloads.views()) >= _THROTTLED * limit

    async def _keep_hours(self) -> None:
        """Other limits at other hours."""
        while True:
            await trio.sleep(_SCHEDULE_EVERY)
            self._apply_limits()

    async def _tell_wishes(self) -> None:
        """Tells of hits of wishes that the person has not seen."""
        while True:
            wishes = self.social.wishes.wishes()
            for wish in wishes:
                new = wish.fresh - self._fresh.get(wish.id, 0)
                if new > 0:
                    self._engine.notice(
                        Level.GOOD, f"wish “{sanitize(wish.text, 60)}”: {new} new (W in Search shows them)"
                    )
            self._fresh = {wish.id: wish.fresh for wish in wishes}
            await trio.sleep(_WISHES_EVERY)
