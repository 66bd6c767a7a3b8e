"""Runs wishes: one an interval on the server, on the mesh beside it, and takes what a wish's rule chooses.

Rules:
- A wish runs where something can be asked; with neither network there its turn is kept, not lost. The mesh is asked in
  the same turn, and of a new wish at once, for it costs the server nothing: so wishes go on while the server is away.
- Every wish search is counted by the search budget like all others, behind the person's own.
- Answers are taken for ten minutes, of the last 8 searches. A wish with a rule chooses when answers have come for 20 s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol

import trio

from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek.offers import Offer, offers_of
from slskmesh.soulseek.port import Client, Offline
from slskmesh.soulseek.search_budget import SearchBudget, SearchRefused
from slskmesh.soulseek.values import (
    Answered,
    LegacyEvent,
    Outcome,
    RemoteFile,
    SearchAnswer,
    ServerChanged,
    WishInterval,
)
from slskmesh.soulseek.wishes import Auto, Phase, Wish, WishList
from slskmesh.work import LocalBudget, Origin

SETTLE: Final = 20.0  # seconds from the first fitting answer to the choice
OPEN_MAX: Final = 8
OPEN_FOR: Final = 600.0
LOOK_EVERY: Final = 60.0
MESH_MOST: Final = 60.0  # for one search of the mesh
MESH_PAUSE: Final = 5.0  # between first looks of new wishes on the mesh
_ANSWER_FILES: Final = 2_000


class Sieve(Protocol):
    """A filter that was read."""

    def passes(self, answer: SearchAnswer, file: RemoteFile) -> bool:
        """Whether a file of an answer is wanted."""

    def takes(self, offer: Offer) -> bool:
        """Whether an offer of the mesh is wanted."""


class MeshSearcher(Protocol):
    """The mesh as wishes see it."""

    async def search(self, text: str, budget: LocalBudget) -> Sequence[Offer]:
        """What peers offer under these words."""


class Asks(NamedTuple):
    """Which networks may be asked now (modes.Effects)."""

    server: bool = True
    mesh: bool = True


Take = Callable[[Wish, Offer], Awaitable[None]]


class _Open(NamedTuple):
    wish: int
    until: float
    sieve: Sieve


class WishRuns:
    """Of one list. `take` fetches a folder, the same one once; the engine says how it ended to `WishList.ended`."""

    def __init__(
        self,
        wishes: WishList,
        client: Client,
        searches: SearchBudget,
        *,
        parse: Callable[[str], Sieve],
        take: Take,
        mesh: MeshSearcher | None = None,
        asks: Callable[[], Asks] = Asks,
        hides: Callable[[str], bool] = lambda user: False,
    ) -> None:
        self._wishes = wishes
        self._client = client
        self._searches = searches
        self._parse = parse
        self._take = take
        self._mesh = mesh
        self._asks = asks
        self._hides = hides
        self._open: dict[int, _Open] = {}
        self._settle: dict[int, float] = {}  # wish -> when it chooses
        self._looked: set[int] = set()  # wishes the mesh was asked of at once
        self._refused_until = 0.0
        self._wake = trio.Event()

    def wake(self) -> None:
        """Something changed: a wish, the mode."""
        self._wake.set()

    def on_event(self, event: LegacyEvent) -> bool:
        """Takes an event in; False: it is of no wish."""
        if isinstance(event, WishInterval):
            self._wishes.told(event.seconds)
            self._wake.set()
            return True
        if isinstance(event, ServerChanged):
            if event.outcome is Outcome.ONLINE:
                self._wake.set()
            return False
        return isinstance(event, Answered) and self._answered(event.answer)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake = trio.Event()
            self._close_old()
            await self._choose_due()
            pause = await self._turn()
            now = trio.current_time()
            due = min((at - now for at in self._settle.values()), default=LOOK_EVERY)
            with trio.move_on_after(max(0.0, min(LOOK_EVERY, pause, due))):
                await self._wake.wait()

    # -- inside ------------------------------------------------------------------------------------------------

    async def _turn(self) -> float:
        """Runs what is due; seconds until there is more to do."""
        asks = self._asks()
        mesh = self._mesh if asks.mesh else None
        server = asks.server and self._client.online
        wish, wait = self._wishes.next(), self._wishes.wait()
        if wish is None or (not server and mesh is None):
            return LOOK_EVERY
        refused = self._refused_until - trio.current_time()
        if wait <= 0 and refused <= 0:
            return await self._run(wish, server, mesh)
        if mesh is not None and (fresh := self._unlooked()) is not None:
            self._looked.add(fresh.id)
            await self._ask_mesh(fresh, mesh, self._parse(fresh.filter))
            return MESH_PAUSE
        return max(wait, refused)

    async def _run(self, wish: Wish, server: bool, mesh: MeshSearcher | None) -> float:
        """One turn; seconds until there is more to do."""
        try:
            sieve = self._parse(wish.filter)
        except UserError as error:
            self._wishes.pause(wish.id, True)
            self._wishes.ran(wish.id, f"paused, its filter cannot be read: {error}")
            return 0.0
        note = ""
        if server:
            try:
                await self._ask_server(wish, sieve)
            except SearchRefused as error:
                self._refused_until = trio.current_time() + error.retry_after
                return float(error.retry_after)
            except Offline:
                if mesh is None:
                    return LOOK_EVERY  # or a login: its turn is kept
            except SlskmeshError as error:
                note = str(error)
        self._looked.add(wish.id)
        self._wishes.ran(wish.id, note)
        if mesh is not None:
            await self._ask_mesh(wish, mesh, sieve)
        return 0.0

    async def _ask_server(self, wish: Wish, sieve: Sieve) -> None:
        budget = LocalBudget(Origin.AUTOMATION)
        self._searches.take(wish.text, budget)
        try:
            token = await self._client.wish(wish.text, budget)
        except Offline:
            self._searches.withdraw(wish.text)
            raise
        self._open[token] = _Open(wish.id, trio.current_time() + OPEN_FOR, sieve)
        while len(self._open) > OPEN_MAX:
            self._forget(next(iter(self._open)))

    async def _ask_mesh(self, wish: Wish, mesh: MeshSearcher, sieve: Sieve) -> None:
        offers: Sequence[Offer] = ()
        with trio.move_on_after(MESH_MOST):
            try:
                offers = await mesh.search(wish.text, LocalBudget(Origin.AUTOMATION))
            except SlskmeshError:
                return  # it will be asked again
        self._found(wish.id, [offer for offer in offers if sieve.takes(offer)])

    def _answered(self, answer: SearchAnswer) -> bool:
        search = self._open.get(answer.token)
        if search is None:
            return False
        if not self._hides(answer.user) and len(answer.files) <= _ANSWER_FILES:
            self._found(search.wish, offers_of(answer, search.sieve.passes))
        return True

    def _found(self, id: int, offers: Sequence[Offer]) -> None:
        if not offers:
            return
        self._wishes.found(id, offers)
        wish = self._wishes.get(id)
        if wish is None or wish.auto is Auto.OFF or wish.phase is not Phase.LOOKING:
            return
        if id not in self._settle:
            self._settle[id] = trio.current_time() + SETTLE
            self._wake.set()

    async def _choose_due(self) -> None:
        now = trio.current_time()
        for id in [id for id, at in self._settle.items() if at <= now]:
            del self._settle[id]
            offer, wish = self._wishes.choose(id, self._hides), self._wishes.get(id)
            if offer is None or wish is None:
                continue
            self._wishes.taking(id, offer)
            try:
                await self._take(wish, offer)
            except SlskmeshError as error:
                self._wishes.ended(id, False, str(error))

    def _unlooked(self) -> Wish | None:
        for wish in self._wishes.wishes():
            if not wish.runs and wish.phase is Phase.LOOKING and wish.id not in self._looked:
                return wish
        return None

    def _close_old(self) -> None:
        now = trio.current_time()
        for token in [token for token, search in self._open.items() if search.until <= now]:
            self._forget(token)

    def _forget(self, token: int) -> None:
        del self._open[token]
        self._client.forget_search(token)
