"""An engine without networks for tests of the Soulseek plane's desks and pulse: its real parts over a real store, with
a client that a test speaks for (`tests/soulseek/social_double.py`, `legacy_double.py`).
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec
import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine.browse_desk import BrowseDesk
from slskmesh.engine.chat_desk import ChatDesk
from slskmesh.engine.events import Event
from slskmesh.engine.hub import Hub
from slskmesh.engine.legacy_desk import LegacyDesk
from slskmesh.engine.legacy_pulse import LegacyPulse
from slskmesh.engine.legacy_snapshots import browse_progress
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.order_commands import OrdersView
from slskmesh.engine.order_desk import OrderDesk
from slskmesh.engine.orders import Orders
from slskmesh.engine.people_desk import PeopleDesk
from slskmesh.engine.queries import Queries
from slskmesh.engine.told_names import ToldNames
from slskmesh.engine.views import View
from slskmesh.engine.wish_offers import WishOffers
from slskmesh.errors import PeerError, SlskmeshError, UserError
from slskmesh.shadow.capture import CaptureStatus
from slskmesh.shadow.listing import Listing as Told
from slskmesh.soulseek import people_rows
from slskmesh.soulseek.browses import Browses
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.hooks import Hooks
from slskmesh.soulseek.sieve import FilterSieve
from slskmesh.soulseek.social import Social
from slskmesh.soulseek.tally import Tally
from slskmesh.soulseek.uploads import LegacyUploads, UploadPolicy
from slskmesh.soulseek.values import (
    LegacyEvent,
    Listing,
    RemoteFile,
    SearchAnswer,
    TransferChanged,
    TransferNews,
    TransferPhase,
    UserInfo,
)
from slskmesh.store.database import Store, open_store
from slskmesh.swarm.state import Phase
from slskmesh.wire.messages import Hit
from slskmesh.work import LocalBudget
from tests.soulseek.legacy_double import Network
from tests.soulseek.social_double import ME, SocialDouble

PATIENCE = 60.0
V = TypeVar("V", bound=View)
E = TypeVar("E", bound=Event)


class Client(SocialDouble):
    """`port.Client`: people, rooms and messages of one double, downloads of the other, and users who tell of shares."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Network()
        self.shares: dict[str, list[list[tuple[str, tuple[RemoteFile, ...]]]]] = {}
        self.gates: dict[str, trio.Event] = {}
        self.infos: dict[str, UserInfo] = {}
        self.listings: dict[tuple[str, str], Listing] = {}
        self.uploads: dict[int, TransferNews] = {}
        self.aborted: list[int] = []
        self.asked_rooms = 0

    def tell(self, event: LegacyEvent) -> None:
        self.net.online = self.there
        super().tell(event)

    async def download(self, user: str, file: RemoteFile, local: Path, budget: LocalBudget) -> int:
        return await self.net.download(user, file, local, budget)

    async def abort(self, key: int) -> None:
        self.aborted.append(key)
        if (news := self.uploads.pop(key, None)) is not None:
            self.tell(TransferChanged(msgspec.structs.replace(news, phase=TransferPhase.ABORTED)))
        else:
            await self.net.abort(key)

    async def place(self, key: int, budget: LocalBudget) -> int | None:
        return await self.net.place(key, budget)

    async def rooms(self, budget: LocalBudget) -> None:
        await super().rooms(budget)
        self.asked_rooms += 1

    async def folder(self, user: str, folder: str, budget: LocalBudget) -> Listing:
        self._needs_session()
        if (user, folder) not in self.listings:
            raise PeerError("offline", "the folder: the user is offline", blame=False)
        return self.listings[user, folder]

    async def user_info(self, user: str, budget: LocalBudget) -> UserInfo:
        self._needs_session()
        if user not in self.infos:
            raise PeerError("no-answer", "the user: no answer came in time", blame=False)
        return self.infos[user]

    async def browse(self, user: str, budget: LocalBudget) -> AsyncIterator[Listing]:  # type: ignore[override]
        self._needs_session()
        if user not in self.shares:
            raise PeerError("offline", "the user's shares: the user is offline", blame=False)
        for portion in self.shares[user]:
            await trio.lowlevel.checkpoint()
            yield Listing(user, tuple(portion))
        if user in self.gates:
            await self.gates[user].wait()
        yield Listing(user, (), True)


class Swarm:
    """Downloads from peers as the desk sees them."""

    def __init__(self) -> None:
        self.phases: dict[bytes, Phase] = {}
        self.folders: dict[bytes, str] = {}
        self.paths: dict[bytes, str] = {}
        self.full = False
        self.on_remove: Callable[[bytes], None] = lambda content: None

    async def add(self, content: bytes, size: int, name: str, folder: str = "") -> None:
        if self.full:
            raise UserError("the list holds 10000 downloads; remove some first")
        if self.phases.get(content, Phase.PAUSED) is not Phase.PAUSED:
            raise UserError(f"{name} is in the list already")
        self.phases[content], self.folders[content] = Phase.QUEUED, folder

    async def pause(self, content: bytes) -> None:
        self.phases[content] = Phase.PAUSED

    async def remove(self, content: bytes) -> None:
        if self.phases.pop(content, None) is None:
            raise UserError("there is no such download")
        self.on_remove(content)

    def state(self, content: bytes) -> Any:
        phase = self.phases.get(content)
        return None if phase is None else SimpleNamespace(phase=phase)

    def views(self) -> list[Any]:
        return [SimpleNamespace(content=one, path=self.paths.get(one, "")) for one in self.phases]


class Rescue:
    """Rescues as the pulse sees them."""

    def __init__(self) -> None:
        self.contents: dict[bytes, bytes] = {}
        self.counts = SimpleNamespace(begun=0, rescued=0, bytes=0, refused=0)

    def rescues(self) -> frozenset[bytes]:
        return frozenset(self.contents)

    def content_of(self, key: bytes) -> bytes | None:
        return self.contents.get(key)

    async def given_up(self, key: bytes) -> None:
        while key in self.contents:  # noqa: ASYNC110 - nobody tells
            await trio.sleep(0.01)


class Capture:
    """What is captured."""

    def __init__(self) -> None:
        self.forgotten = 0
        self.standing = CaptureStatus()

    async def status(self) -> CaptureStatus:
        return self.standing

    async def forget(self) -> None:
        self.forgotten += 1


class Lister:
    """What is published."""

    def __init__(self) -> None:
        self.told = Told((), (), (), ("nothing is out",))

    async def listing(self) -> Told:
        return self.told


class Stand:
    """See the head of this file; `runs` opens it."""

    def __init__(self, home: Path) -> None:
        self.home, self.client, self.mailbox = home, Client(), Mailbox()
        self.swarm, self.now = Swarm(), 1_000_000.0
        self.configured = True
        self.events: list[Event] = []
        self.views: dict[type[View], View] = {}
        self.shown: list[View] = []
        self.store: Store
        self.engine: Any
        self.legacy: Any
        self.pulse: LegacyPulse

    @contextlib.asynccontextmanager
    async def runs(self, pulse: bool = True, online: bool = True) -> AsyncIterator[Stand]:
        async with open_store(self.home / "a.db") as self.store, trio.open_nursery() as nursery:
            await self._make()
            for part in (
                self.legacy.downloads,
                self.legacy.browses,
                self.legacy.tally,
                self.legacy.wish_offers,
            ):
                await nursery.start(part.run)
            nursery.start_soon(self.legacy.social.run)
            if pulse:
                nursery.start_soon(self.pulse.run)
            if online:
                self.client.log_in()
            yield self
            nursery.cancel_scope.cancel()

    async def _make(self) -> None:
        client: Any = self.client
        root = self.home / "downloads"
        root.mkdir(exist_ok=True)
        self.engine = SimpleNamespace(
            hub=Hub(self.mailbox), store=self.store, downloads=self.swarm, clock=lambda: self.now
        )
        self.engine.settings = SimpleNamespace(configured=self.configured)
        policy = UploadPolicy()
        kept = await self.store.run(people_rows.load_all)
        self.legacy = self.engine.legacy = SimpleNamespace(
            client=client,
            queries=Queries(),
            policy=policy,
            uploads=LegacyUploads(client, policy),
            downloads=LegacyDownloads(self.store, client, root, rng=random.Random(1), watch=self._watch),
            tally=Tally(self.store),
            hooks=Hooks(),
            rescue=Rescue(),
            capture=Capture(),
            lister=Lister(),
            account=SimpleNamespace(name=ME),
            social=Social(self.store, client, kept, me=lambda: ME, parse=FilterSieve, clock=lambda: self.now),
            browses=Browses(
                self.store,
                client,
                wall=lambda: self.now,
                on_progress=lambda one: self.mailbox.put_event(browse_progress(one)),
            ),
            wish_offers=WishOffers(self.engine),
            told_names=ToldNames(),
            why_not=lambda: "there is no session with the server",
        )
        for handler in (
            self.legacy.downloads.heard, self.legacy.uploads.heard, self.legacy.tally.heard,
            self.legacy.social.on_event,
        ):  # fmt: skip
            client.on_event(handler)
        self.client.net.hear = self.client.tell
        self.engine.orders = Orders(self.engine, OrdersView(()))
        self.pulse = self.engine.legacy_pulse = LegacyPulse(self.engine)
        desks = (LegacyDesk, ChatDesk, PeopleDesk, BrowseDesk, OrderDesk)
        self.table = {kind: how for desk in desks for kind, how in desk(self.engine).table.items()}

    async def _watch(self, user: str, on: bool) -> None:
        watches = self.legacy.social.watches
        await (watches.on(user, "downloads") if on else watches.off(user, "downloads"))

    # -- commands and what is said -------------------------------------------------------------------------------

    async def do(self, command: cmd.Command, request: int = 7) -> str:
        """The reply's text."""
        answer = await self.table[type(command)](request, command)
        return answer[0] if isinstance(answer, tuple) else answer

    async def value(self, command: cmd.Command) -> str:
        """The reply's value."""
        answer = await self.table[type(command)](7, command)
        assert isinstance(answer, tuple)
        return answer[1]

    async def refused(self, command: cmd.Command) -> str:
        """The reply's text, which says why not."""
        try:
            await self.do(command)
        except SlskmeshError as error:
            return str(error)
        raise AssertionError(f"{command} was done")

    def take(self) -> None:
        """Takes what the engine said."""
        batch = self.mailbox.drain()
        self.events += batch.events
        self.shown += batch.views
        self.views.update({type(view): view for view in batch.views})

    def said(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        self.take()
        return [event for event in self.events if isinstance(event, kind)]

    async def view(self, kind: type[V], true: Callable[[V], bool] = lambda view: True) -> V:
        """The view of a kind, once it is so."""
        with trio.fail_after(PATIENCE):
            while True:
                self.take()
                found = self.views.get(kind)
                if isinstance(found, kind) and true(found):
                    return found
                await trio.sleep(0.02)

    async def event(self, kind: type[E], true: Callable[[E], bool] = lambda event: True) -> E:
        """The first event of a kind that is so."""
        with trio.fail_after(PATIENCE):
            while True:
                found = [event for event in self.said(kind) if true(event)]
                if found:
                    return found[0]
                await trio.sleep(0.02)

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits until it is so."""
        with trio.fail_after(PATIENCE):
            while not true():  # noqa: ASYNC110 - nobody tells of all that is asked here
                await trio.sleep(0.02)

    # -- what others do ------------------------------------------------------------------------------------------

    def answer(self, query: int, user: str, *files: RemoteFile) -> list[int]:
        """A user's answer to a query; the keys of its hits."""
        found = self.legacy.queries._queries.get(query) or self.legacy.queries.begin(query)
        views = found.add_answer(SearchAnswer(1, user, files, True, 1_000, 0), lambda user, file: False)
        return [view.key for view in views]

    def offer(self, query: int, hit: Hit) -> int:
        """A peer's hit; its key."""
        found = self.legacy.queries._queries.get(query) or self.legacy.queries.begin(query)
        return int(found.add_hit(hit, b"p" * 32, "peer").key)

    def upload(self, key: int, user: str, path: str, phase: TransferPhase = TransferPhase.ACTIVE) -> None:
        """An upload to somebody moves on."""
        news = TransferNews(key, user, path, True, phase, 100, 40, 10.0)
        self.client.uploads[key] = news
        self.client.tell(TransferChanged(news))


def hit(content: bytes, name: str, folder: str = "", artist: str = "", album: str = "") -> Hit:
    """A peer's file."""
    return Hit(content * 32, 5, 1, name, folder, artist=artist, album=album)
