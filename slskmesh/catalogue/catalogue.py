"""MusicBrainz for the rest of the program: kept answers first, the host through its limiter, clear troubles.

Rules:
- A kept answer that is fresh is given without asking. Asking costs `work.CATALOGUE_FETCH`, a request at a time.
- Those who ask for the same thing at once share one request; it goes as early as the first of them deserves, and it
  leaves the queue when the last of them goes away.
- Nobody waits for a host that is known to be away for longer than PATIENCE: an old answer is given as stale, with
  the reason, or a CatalogueError that tells when to try again. A full disk costs only the keeping.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import trio

from slskmesh import work
from slskmesh.catalogue import cache, queries
from slskmesh.catalogue.health import Health
from slskmesh.catalogue.limiter import Limiter, QueueFullError, Ticket
from slskmesh.catalogue.lists import albums, each_once, edition_order, editions_apart
from slskmesh.catalogue.musicbrainz import AGENT, Host, Line, parse_host
from slskmesh.catalogue.objects import (
    Answer,
    Artist,
    CatalogueError,
    CatalogueStatus,
    Label,
    Recording,
    Release,
    ReleaseBrief,
    ReleaseGroup,
    Trouble,
)
from slskmesh.catalogue.queries import Page, Query
from slskmesh.errors import StorageError
from slskmesh.mbid import Mbid
from slskmesh.store.database import Store
from slskmesh.work import Budget

PATIENCE: Final = 5.0
DISCOGRAPHY_MAX: Final = 2000
EDITIONS_MAX: Final = 500
LABEL_RELEASES_MAX: Final = 1000

T = TypeVar("T")


def _never(_found: list[Any]) -> bool:
    """A list that is wanted whole."""
    return False


class _Fetch:
    """One request on its way or waiting, and those who wait for it."""

    def __init__(self, query: Query[Any], ticket: Ticket) -> None:
        self.query = query
        self.ticket = ticket
        self.waiting = 0
        self.done = trio.Event()
        self.answer: Answer[Any] | None = None
        self.error: CatalogueError | None = None

    def end(self, answer: Answer[Any] | None, error: CatalogueError | None) -> None:
        """Lets the waiting go."""
        if not self.done.is_set():
            self.answer, self.error = answer, error
            self.done.set()


class _Kept(NamedTuple):
    """A kept answer, decoded; `value` None where the host knew no such thing."""

    value: Any
    fetched: float
    fresh: bool


class Catalogue:
    """One host at a time; kept answers are given at once, others when `run` runs.

    `wall` gives Unix seconds; `clock` and `sleep` belong together.
    """

    def __init__(
        self,
        store: Store,
        host: str,
        *,
        agent: str = AGENT,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = trio.current_time,
        sleep: Callable[[float], Awaitable[None]] = trio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self._store = store
        self._agent = agent
        self._wall = wall
        self._clock = clock
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._fetches: dict[tuple[str, str], _Fetch] = {}
        self._work = trio.Event()
        self._limiter = Limiter(self._rng)
        self._take_host(parse_host(host))

    # -- the host ----------------------------------------------------------------------------------------------

    def _take_host(self, host: Host | None) -> None:
        self._line = Line(host, self._agent) if host is not None else None
        self._host = host.text if host is not None else ""
        self._limiter = Limiter(self._rng, self._limiter.free_at)
        self._health = Health(self._host)

    def set_host(self, text: str) -> None:
        """Asks another host from now on (empty: none). What waits for the old one ends. UserError: no host."""
        host = parse_host(text)
        if host == (self._line.host if self._line is not None else None):
            return
        changed = "musicbrainz.host was changed meanwhile; ask again"
        self._end_all(CatalogueError(Trouble.UNREACHABLE, changed, 0.0))
        self._take_host(host)

    def status(self) -> CatalogueStatus:
        """How the host does."""
        return self._health.status(len(self._limiter))

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Sends what waits, until cancelled."""
        task_status.started()
        try:
            while True:
                wait = self._limiter.wait(self._clock())
                if wait is None:
                    self._work = trio.Event()
                    await self._work.wait()
                elif wait > 0:
                    await self._sleep(wait)
                elif (ticket := self._limiter.take(self._clock())) is not None:
                    await self._send(ticket)
        finally:
            self._end_all(CatalogueError(Trouble.UNREACHABLE, "the catalogue was stopped"))

    async def _send(self, ticket: Ticket) -> None:
        fetch = next(one for one in self._fetches.values() if one.ticket is ticket)
        line, query = self._line, fetch.query
        assert line is not None
        try:
            value = await line.ask(query.path, query.params, query.read)
        except CatalogueError as error:
            if line is self._line:
                await self._failed(fetch, error)
            return
        if line is not self._line:
            return
        self._limiter.answered()
        self._health.answered()
        answer = Answer(value, self._wall(), cached=False)
        trouble = await self._keep(query, cache.Kept(msgspec.msgpack.encode(value), answer.fetched))
        self._finish(fetch, msgspec.structs.replace(answer, note=trouble), None)

    async def _failed(self, fetch: _Fetch, error: CatalogueError) -> None:
        """Backs off if the host is away; those for whom that is too long do not wait for it."""
        if error.trouble in (Trouble.UNREACHABLE, Trouble.LIMITED):
            error.retry = self._limiter.failed(self._clock(), error.retry)
            self._health.failed(error, self._wall())
            self._finish(fetch, None, error)
            if error.retry > PATIENCE:
                self._end_all(error)
            return
        self._limiter.answered()
        self._health.answered(error)
        if error.trouble is Trouble.NOT_FOUND:
            await self._keep(fetch.query, cache.Kept(b"", self._wall()))
        self._finish(fetch, None, error)

    def _finish(self, fetch: _Fetch, answer: Answer[Any] | None, error: CatalogueError | None) -> None:
        key = (fetch.query.kind, fetch.query.key)
        if self._fetches.get(key) is fetch:
            del self._fetches[key]
        fetch.end(answer, error)

    def _end_all(self, error: CatalogueError) -> None:
        for fetch in list(self._fetches.values()):
            self._limiter.leave(fetch.ticket)
            self._finish(fetch, None, error)

    # -- one question ------------------------------------------------------------------------------------------

    async def _find(self, query: Query[T], budget: Budget) -> Answer[T]:
        kept = await self._kept(query)
        if kept is not None and kept.fresh:
            if kept.value is None:
                raise CatalogueError(
                    Trouble.NOT_FOUND, f"{query.words}: {self._host or 'MusicBrainz'} knows no such thing"
                )
            return Answer(kept.value, kept.fetched, cached=True)
        try:
            return await self._asked(query, budget)
        except CatalogueError as error:
            if kept is None or kept.value is None or error.trouble is Trouble.NOT_FOUND:
                raise
            note = f"{error}; this answer is from {time.strftime('%Y-%m-%d', time.localtime(kept.fetched))}"
            return Answer(kept.value, kept.fetched, cached=True, stale=True, note=note)

    async def _asked(self, query: Query[T], budget: Budget) -> Answer[T]:
        """The host's answer to a request of ours, or to one already waiting."""
        key = (query.kind, query.key)
        fetch = self._fetches.get(key)
        if fetch is None:
            fetch = self._fetches[key] = _Fetch(query, self._enqueue(budget))
            self._work.set()
        else:
            self._limiter.promote(fetch.ticket, budget.origin)
        fetch.waiting += 1
        try:
            await fetch.done.wait()
        finally:
            fetch.waiting -= 1
            if not fetch.waiting and self._limiter.leave(fetch.ticket):
                self._fetches.pop(key, None)
        if fetch.error is not None:
            error = fetch.error
            raise CatalogueError(error.trouble, f"{query.words}: {error}", error.retry)
        assert fetch.answer is not None
        return fetch.answer

    def _enqueue(self, budget: Budget) -> Ticket:
        """A place in the queue, paid for. CatalogueError if the host is not to be asked now; BudgetSpent."""
        if self._line is None:
            raise CatalogueError(
                Trouble.UNREACHABLE,
                "no MusicBrainz host is set (musicbrainz.host is empty): only kept answers are used",
            )
        rest = self._limiter.backoff(self._clock())
        if rest > PATIENCE:
            raise CatalogueError(
                self._health.trouble or Trouble.UNREACHABLE,
                f"{self._health.text}; it is asked again in {rest:.0f} s",
                rest,
            )
        try:
            ticket = self._limiter.ask(budget.origin)
        except QueueFullError:
            waiting = len(self._limiter)
            raise CatalogueError(
                Trouble.LIMITED,
                f"{waiting} questions already wait for {self._host}, one goes each second; try later",
                float(waiting),
            ) from None
        try:
            budget.spend(work.CATALOGUE_FETCH)
        except work.BudgetSpent:
            self._limiter.leave(ticket)
            raise
        return ticket

    async def _kept(self, query: Query[Any]) -> _Kept | None:
        now = self._wall()
        try:
            row = await self._store.run(cache.load, self._host, query.kind, query.key, now)
        except StorageError:
            return None  # a cache that cannot be read is an empty one
        if row is None:
            return None
        age = now - row.fetched
        if not row.body:
            return _Kept(None, row.fetched, 0 <= age < cache.UNKNOWN_TTL)
        try:
            value = msgspec.msgpack.decode(row.body, type=query.type)
        except msgspec.MsgspecError:
            return None  # kept by a version with other objects
        return _Kept(value, row.fetched, 0 <= age < query.ttl)

    async def _keep(self, query: Query[Any], kept: cache.Kept) -> str:
        """Keeps an answer; returns why it could not be kept, or nothing."""
        try:
            await self._store.run(cache.save, self._host, query.kind, query.key, kept)
        except StorageError as error:
            return f"not kept for later: {error}"
        return ""

    async def _pages(
        self,
        query: Callable[[int], Query[Page[T]]],
        budget: Budget,
        most: int,
        enough: Callable[[list[T]], bool] = _never,
    ) -> Answer[tuple[T, ...]]:
        """A list asked for page by page, each kept by itself; as old as its oldest page."""
        found: list[T] = []
        pages: list[Answer[Page[T]]] = []
        for offset in range(0, most, queries.PAGE):
            page = await self._find(query(offset), budget)
            pages.append(page)
            found += page.value.items
            if offset + queries.PAGE >= page.value.total or enough(found):
                break
        return Answer(
            tuple(found[:most]),
            fetched=min(page.fetched for page in pages),
            cached=all(page.cached for page in pages),
            stale=any(page.stale for page in pages),
            note=next((page.note for page in pages if page.note), ""),
        )

    async def _search(self, query: Query[Page[T]] | None, budget: Budget) -> Answer[tuple[T, ...]]:
        if query is None:
            return Answer((), self._wall(), cached=True, note="nothing to search for: no letter or digit")
        page = await self._find(query, budget)
        return Answer(page.value.items, page.fetched, page.cached, page.stale, page.note)

    # -- what can be asked -------------------------------------------------------------------------------------
    # All raise CatalogueError where there is no answer, and BudgetSpent.

    async def release(self, mbid: Mbid, budget: Budget) -> Answer[Release]:
        """A release with its tracks."""
        return await self._find(queries.release(mbid), budget)

    async def cached_release(self, mbid: str) -> Release | None:
        """A release if it was ever answered, however long ago; the host is not asked."""
        kept = await self._kept(queries.release(Mbid(mbid)))
        return kept.value if kept is not None else None

    async def release_group(self, mbid: Mbid, budget: Budget) -> Answer[ReleaseGroup]:
        """A release group."""
        return await self._find(queries.release_group(mbid), budget)

    async def group_releases(self, mbid: Mbid, budget: Budget) -> Answer[tuple[ReleaseBrief, ...]]:
        """The editions of a release group, the one to choose first (`lists.edition_order`); at most EDITIONS_MAX."""
        found = await self._pages(partial(queries.group_releases, mbid), budget, EDITIONS_MAX)
        editions = tuple(sorted(each_once(found.value), key=edition_order))
        return msgspec.structs.replace(found, value=editions)

    async def recording(self, mbid: Mbid, budget: Budget) -> Answer[Recording]:
        """A recording and releases it is on."""
        return await self._find(queries.recording(mbid), budget)

    async def artist(self, mbid: Mbid, budget: Budget) -> Answer[Artist]:
        """An artist."""
        return await self._find(queries.artist(mbid), budget)

    async def discography(self, artist: Mbid, budget: Budget) -> Answer[tuple[ReleaseGroup, ...]]:
        """All release groups credited to an artist, by date (undated last); at most DISCOGRAPHY_MAX."""
        found = await self._pages(partial(queries.artist_groups, artist), budget, DISCOGRAPHY_MAX)
        groups = sorted(
            each_once(found.value), key=lambda one: (not one.first_date, one.first_date, one.title, one.mbid)
        )
        return msgspec.structs.replace(found, value=tuple(groups))

    async def label(self, mbid: Mbid, budget: Budget) -> Answer[Label]:
        """A label."""
        return await self._find(queries.label(mbid), budget)

    async def label_releases(
        self, label: Mbid, limit: int, budget: Budget
    ) -> Answer[tuple[ReleaseBrief, ...]]:
        """At most `limit` albums of a label, each by one edition, from its first LABEL_RELEASES_MAX releases."""

        def enough(found: list[ReleaseBrief]) -> bool:
            return albums(found) >= limit

        found = await self._pages(partial(queries.label_releases, label), budget, LABEL_RELEASES_MAX, enough)
        return msgspec.structs.replace(found, value=editions_apart(found.value, limit))

    async def find_releases(self, text: str, limit: int, budget: Budget) -> Answer[tuple[ReleaseBrief, ...]]:
        """Releases by title or "artist - title", best first; any text is a search."""
        return await self._search(queries.find_releases(text, limit), budget)

    async def find_recordings(self, text: str, limit: int, budget: Budget) -> Answer[tuple[Recording, ...]]:
        """Recordings by title or "artist - title", best first."""
        return await self._search(queries.find_recordings(text, limit), budget)

    async def find_artists(self, text: str, limit: int, budget: Budget) -> Answer[tuple[Artist, ...]]:
        """Artists by name, best first."""
        return await self._search(queries.find_artists(text, limit), budget)

    async def find_labels(self, text: str, limit: int, budget: Budget) -> Answer[tuple[Label, ...]]:
        """Labels by name, best first."""
        return await self._search(queries.find_labels(text, limit), budget)
