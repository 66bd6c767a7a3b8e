"""Searches of a front end: one query to every network the mode allows, answers of all in one stream of hits.

Rules:
- The Soulseek server is asked under its budget; where it is not asked the reason is told and the mesh is asked all the
  same. A program is told to wait for its turn instead: it would take half an answer for all there is.
- Nothing is asked twice for one query.
- In a mode that looks for ids first (`modes.Effects.ids_first`) words become releases by the catalogue, and the table
  tells who holds them: so a search finds holders nobody was connected with before.
- Answers of users are shown four times a second at most; a user who is ignored is not shown at all. A query has at
  most LEGACY_MOST hits of users, and it is over when nobody has answered for a while; it can be stopped before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.acquire.backends import LOCAL
from slskmesh.acquire.neighbours import QueryEnd
from slskmesh.engine import commands as cmd
from slskmesh.engine.events import Found, SearchEnded
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.ids_search import hits_of_release
from slskmesh.engine.job_desk import intents
from slskmesh.engine.queries import Query
from slskmesh.engine.views import HitView
from slskmesh.errors import SlskmeshError, StorageError, UserError
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import Mbid
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.search_budget import SearchRefused
from slskmesh.soulseek.values import Answered, LegacyEvent, SearchAnswer
from slskmesh.swarm.state import Phase
from slskmesh.text import sanitize
from slskmesh.wire.messages import Hit
from slskmesh.work import LocalBudget, Origin

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

LEGACY_MOST: Final = 20_000  # hits of users in one query
QUIET: Final = 15.0  # seconds without an answer of a user after which a query is over
MOST: Final = 120.0  # seconds of any query
RELEASES: Final = 3  # that words may become in a mode that looks for ids first
_QUERY_READ: Final = 4096  # characters looked at; what is sent is shorter still
_SHOW_EVERY: Final = 0.25
_PART: Final = 2_000  # hits in one event
_ANSWERS_WAITING: Final = 5_000
_PARTS_WAITING: Final = 500
WHERE: Final = ("all", "mesh", "soulseek")

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class _Running:
    """One query under way."""

    def __init__(self, number: int, command: cmd.Search, text: str, query: Query) -> None:
        self.number, self.command, self.text, self.query = number, command, text, query
        self.scope = trio.CancelScope()
        self.token: int | None = None  # of the server's search
        self.answers: list[SearchAnswer] = []
        self.answered_at = trio.current_time()
        self.dropped = 0
        self.notes: list[str] = []
        self.end = QueryEnd(0, 0, 0, 0)


class Searching:
    """All searches of one engine's front ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: dict[int, _Running] = {}
        self._by_token: dict[int, _Running] = {}
        self._nursery: trio.Nursery
        self.table: dict[type[cmd.Command], Handler] = {cmd.Search: self._search, cmd.StopSearch: self._stop}

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Owns the queries, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    def heard(self, event: LegacyEvent) -> None:
        """To be called with every event of the Soulseek client."""
        if not isinstance(event, Answered):
            return
        running = self._by_token.get(event.answer.token)
        if running is not None:
            self._take(running, event.answer)

    def _take(self, running: _Running, answer: SearchAnswer) -> None:
        if self._engine.legacy.social.people.hides(answer.user):
            return
        if len(running.answers) >= _ANSWERS_WAITING:
            running.dropped += len(answer.files)
            return
        running.answers.append(answer)
        running.answered_at = trio.current_time()

    # -- the commands --------------------------------------------------------------------------------------------

    async def _search(self, request: int, command: cmd.Search) -> str:
        text = sanitize(command.text, _QUERY_READ).strip()
        if command.where not in WHERE:
            raise UserError(f"{command.where}: a search goes to {', '.join(WHERE)}")
        if command.limit < 1:
            raise UserError("a search for no hits finds nothing: ask for at least 1")
        if not text:
            raise UserError("nothing to search for: type a word of an artist, album, title or file name")
        running = _Running(request, command, text, self._engine.legacy.queries.begin(request))
        peers = self._peers(command)
        try:
            asked = await self._ask_server(running)
            if not peers and not asked and not self._by_ids(command):
                raise UserError(running.notes[0] if running.notes else self._nobody())
        except SlskmeshError:
            self._engine.legacy.queries.drop(request)
            raise
        self._running[request] = running
        self._nursery.start_soon(self._run, running)
        whom = [f"{len(peers)} peer{'' if len(peers) == 1 else 's'}"] if peers else []
        whom += ["the Soulseek server"] if asked else []
        whom += ["MusicBrainz and the table"] if self._by_ids(command) else []
        return f"asking {' and '.join(whom)}{'; ' if running.notes else ''}{'; '.join(running.notes)}"

    def _nobody(self) -> str:
        if self._engine.legacy.account.name:
            return "nobody can be asked now: no peer is connected and the Soulseek server is not reached"
        return "no peer is connected and there is no Soulseek account: connect with an invite (pane Peers), or :account"

    async def _stop(self, request: int, command: cmd.StopSearch) -> str:
        running = self._running.get(command.query)
        if running is None:
            return "this search is over already"
        running.scope.cancel()
        return "search stopped"

    def forget(self, viewer: int) -> None:
        """Stops the searches of a front end that is gone."""
        for number, running in self._running.items():
            if viewer_of(number) == viewer:
                running.scope.cancel()

    def _peers(self, command: cmd.Search) -> list[PeerId]:
        effects = self._engine.legacy.failover.effects
        if command.where == "soulseek" or command.user or command.room or not effects.ask_mesh:
            return []
        return list(self._engine.overlay.sessions)

    def _by_ids(self, command: cmd.Search) -> bool:
        """Whether words are looked for by ids as well."""
        effects, plane = self._engine.legacy.failover.effects, self._engine.plane
        if command.where == "soulseek" or command.user or command.room:
            return False
        reached = plane.rendezvous.on and plane.rendezvous.node.status().nodes > 0
        return effects.ids_first and effects.ask_mesh and (reached or bool(self._engine.overlay.sessions))

    async def _ask_server(self, running: _Running) -> bool:
        """Whether the server was asked; if it should have been and was not, why is among the notes."""
        legacy, command = self._engine.legacy, running.command
        if command.where == "mesh" or not legacy.account.name or not legacy.failover.effects.connect:
            if command.where == "soulseek" or command.user or command.room:
                running.notes.append("Soulseek is not asked: " + legacy.why_not())
            return False
        if not legacy.failover.effects.ask_server or not legacy.client.online:
            running.notes.append("Soulseek is not asked: " + legacy.why_not())
            return False
        budget, words = LocalBudget(Origin.GATEWAY if command.program else Origin.USER), running.text
        try:
            legacy.searches.take(words, budget, room=command.room, user=command.user)
        except SearchRefused as error:
            if command.program:
                raise
            running.notes.append(f"Soulseek is not asked: {error}")
            return False
        try:
            running.token = await legacy.client.search(words, budget, room=command.room, user=command.user)
        except Offline as error:
            legacy.searches.withdraw(words, room=command.room, user=command.user)
            running.notes.append(f"Soulseek is not asked: {error}")
            return False
        except SlskmeshError as error:
            running.notes.append(f"Soulseek is not asked: {error}")
            return False
        self._by_token[running.token] = running
        running.answered_at = trio.current_time()
        if phrase := legacy.answers.excludes(words):
            running.notes.append(f"the server keeps “{sanitize(phrase, 40)}” out of answers")
        return True

    # -- one query -----------------------------------------------------------------------------------------------

    async def _run(self, running: _Running) -> None:
        stopped = True
        try:
            with running.scope, trio.move_on_after(MOST):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._ask_peers, running)
                    if running.token is not None:
                        nursery.start_soon(self._take_answers, running)
                    if self._by_ids(running.command):
                        nursery.start_soon(self._ask_by_ids, running)
            stopped = running.scope.cancelled_caught
        finally:
            del self._running[running.number]
            if running.token is not None:
                self._by_token.pop(running.token, None)
                self._engine.legacy.client.forget_search(running.token)
        self._show_answers(running)
        end, reason = running.end, "stopped" if stopped else "; ".join(running.notes)
        self._engine.hub.put_event(
            SearchEnded(
                running.number,
                end.asked,
                end.answered,
                end.refused,
                end.dropped + running.dropped + running.query.results.dropped,
                sanitize(reason, 300),
                len(running.query.users),
            )
        )

    # -- legacy users --------------------------------------------------------------------------------------------

    async def _take_answers(self, running: _Running) -> None:
        quiet = min(max(running.command.quiet, 1.0), MOST) if running.command.quiet else QUIET
        while trio.current_time() - running.answered_at < quiet and len(running.query) < LEGACY_MOST:
            await trio.sleep(_SHOW_EVERY)
            self._show_answers(running)

    def _show_answers(self, running: _Running) -> None:
        answers, running.answers = running.answers, []
        if not answers:
            return
        legacy = self._engine.legacy
        views: list[HitView] = []
        for answer in answers:
            files = answer.files[: running.command.limit]
            running.dropped += len(answer.files) - len(files)
            room = LEGACY_MOST - len(running.query)
            if room < len(files):
                running.dropped += len(files) - max(0, room)
                files = files[: max(0, room)]
            if files:
                bounded = SearchAnswer(
                    answer.token, answer.user, files, answer.free_slot, answer.speed, answer.queue
                )
                views += running.query.add_answer(bounded, legacy.has)
                legacy.told_names.note(answer.user, files)  # a hit outlasts its query in other programs
        self._put(running, views)

    def _put(self, running: _Running, views: list[HitView]) -> None:
        for at in range(0, len(views), _PART):
            self._engine.hub.put_event(Found(running.number, tuple(views[at : at + _PART])))

    # -- peers ---------------------------------------------------------------------------------------------------

    async def _ask_peers(self, running: _Running) -> None:
        engine = self._engine
        peers = set(self._peers(running.command))
        sessions = [session for peer, session in engine.overlay.sessions.items() if peer in peers]
        if not sessions:
            return
        send, receive = trio.open_memory_channel[tuple[PeerId, tuple[Hit, ...]]](_PARTS_WAITING)

        def found(peer: PeerId, hits: tuple[Hit, ...]) -> None:
            try:
                send.send_nowait((peer, hits))
            except trio.WouldBlock:
                running.dropped += len(hits)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._show_hits, running, receive)
            with send:
                running.end = await engine.neighbours.ask(
                    sessions, running.text, running.command.limit, found
                )

    async def _show_hits(
        self, running: _Running, receive: trio.MemoryReceiveChannel[tuple[PeerId, tuple[Hit, ...]]]
    ) -> None:
        engine = self._engine
        known = {state.content: True for state in engine.downloads.views() if state.phase is Phase.DONE}
        async for peer, hits in receive:
            session = engine.overlay.sessions.get(peer)
            name = session.remote.name if session else ""
            trusted = engine.standing.is_trusted(peer)
            views: list[HitView] = []
            for hit in hits:
                if hit.content not in known:
                    known[hit.content] = await self._is_shared(hit.content)
                views.append(running.query.add_hit(hit, peer, name, trusted=trusted, have=known[hit.content]))
            self._put(running, views)

    async def _is_shared(self, content: bytes) -> bool:
        try:
            return await self._engine.library.find(content) is not None
        except StorageError:
            return False  # a disk in trouble must not stop a search; the scan and the saves speak of it

    # -- by ids --------------------------------------------------------------------------------------------------

    async def _ask_by_ids(self, running: _Running) -> None:
        """Words to releases, releases to holders, what they hold to hits."""
        plane, budget = self._engine.plane, LocalBudget()
        try:
            releases = (await plane.catalogue.find_releases(running.text, RELEASES, budget)).value
        except SlskmeshError as error:
            running.notes.append(f"not looked for by MusicBrainz ids: {error}")
            return
        for brief in releases[:RELEASES]:
            try:
                release = (await plane.catalogue.release(Mbid(brief.mbid), budget)).value
                plan = await plane.planner.plan_release(release, intents(release), budget)
            except SlskmeshError as error:
                running.notes.append(f"{brief.title}: {error}")
                continue
            views = []
            for hit, peer in hits_of_release(release, plan, without=LOCAL):
                session = self._engine.overlay.sessions.get(peer)
                name = session.remote.name if session else ""
                views.append(
                    running.query.add_hit(hit, peer, name, trusted=self._engine.standing.is_trusted(peer))
                )
            self._put(running, views)
