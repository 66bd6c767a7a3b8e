"""Text search over connected neighbours: asking them, and answering them from our own index.

Rules:
- A search goes to peers we have a session with and is never forwarded; nothing is published anywhere.
- Answering is bounded (`acquire/budget.py`), per query in hits and in time; a peer over its rate is told when to
  come back, and one that goes on regardless breaks the protocol.
- What comes back is bounded too: hits nobody asked for, more than were asked for, or with MusicBrainz ids that are
  none cost the peer its session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec
import trio

from slskmesh.acquire.budget import AnswerBudget
from slskmesh.errors import PeerError, StorageError
from slskmesh.identity.peerid import PeerId
from slskmesh.library.domain import SharedFile
from slskmesh.mbid import MBID_BYTES, is_mbid, mbid_bytes
from slskmesh.overlay.port import Priority, Router, Session
from slskmesh.wire import limits
from slskmesh.wire.messages import Hit, Hits, Search, SearchCancel, SearchRefused

ANSWER_TIME = 10.0  # seconds a neighbour has to finish its answer
_PART_BYTES = limits.CONTROL_FRAME_MAX - 1024  # of hits in one message
_MBID_LENGTHS = (0, MBID_BYTES)
_TOLERATED = 20  # refusals ignored by one peer before its session ends


class Index(Protocol):
    """The library as the search needs it."""

    async def search(self, text: str, limit: int) -> list[SharedFile]:
        """Shared files under these words, best first."""


class QueryEnd(msgspec.Struct, frozen=True):
    """How a query ended; counts of peers, and of hits left out by bounds."""

    asked: int
    answered: int
    refused: int
    dropped: int


class _Query:
    __slots__ = ("answered", "asked", "dropped", "left", "limit", "refused", "scope")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left: dict[PeerId, int] = {}  # peers still answering: hits they may yet send
        self.asked = 0
        self.answered = 0
        self.refused = 0
        self.dropped = 0
        self.scope = trio.CancelScope()


class Neighbours:
    """Both ends of neighbour search for one node."""

    def __init__(self, router: Router, index: Index, *, may_ask: Callable[[PeerId], bool]) -> None:
        self._index = index
        self._may_ask = may_ask
        self._queries: dict[int, _Query] = {}
        self._hits: dict[int, Callable[[PeerId, tuple[Hit, ...]], None]] = {}
        self._next = 1
        self._budget = AnswerBudget()
        self._ignored: dict[PeerId, int] = {}
        self._answering: dict[tuple[PeerId, int], trio.CancelScope] = {}
        self._nursery: trio.Nursery | None = None
        router.on(Search, self._asked)
        router.on(SearchCancel, self._cancelled)
        router.on(Hits, self._found)
        router.on(SearchRefused, self._refused)
        router.on_close(self._closed)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Owns the tasks that answer, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    # -- asking ------------------------------------------------------------------------------------------------

    async def ask(
        self,
        sessions: Iterable[Session],
        text: str,
        limit: int,
        on_hits: Callable[[PeerId, tuple[Hit, ...]], None],
    ) -> QueryEnd:
        """Asks every session; returns when all answered, refused, left, or took too long. Cancel to stop early.

        `limit` is of hits from one peer; `on_hits` is called for each part of an answer.
        """
        query = _Query(min(limit, limits.HITS_PER_QUERY))
        number = self._next
        self._next = self._next % 0xFFFF_FFFF + 1
        self._queries[number] = query
        self._hits[number] = on_hits
        asked = list(sessions)
        try:
            for session in asked:
                query.left[session.peer] = query.limit
                session.send(Search(number, text[: limits.QUERY_MAX], query.limit), Priority.NORMAL)
            query.asked = len(asked)
            if query.left:
                with query.scope, trio.move_on_after(ANSWER_TIME):
                    await trio.sleep_forever()
            return QueryEnd(query.asked, query.answered, query.refused, query.dropped)
        finally:
            for session in asked:
                if session.peer in query.left:
                    session.send(SearchCancel(number), Priority.NORMAL)
            self._retire(number)

    def _retire(self, number: int) -> None:
        """Late answers to a query of a moment ago are not a fault: its number is remembered for a while."""
        self._queries[number].left.clear()
        del self._hits[number]
        finished = [n for n in self._queries if n not in self._hits]
        for old in finished[: max(0, len(finished) - 256)]:
            del self._queries[old]

    def _expect(self, session: Session, number: int) -> _Query | None:
        query = self._queries.get(number)
        if query is None:
            raise PeerError("unsolicited", "search hits nobody asked for")
        return query if number in self._hits and session.peer in query.left else None

    def _found(self, session: Session, message: Hits) -> None:
        query = self._expect(session, message.query)
        if any(
            len(mbid) not in _MBID_LENGTHS for hit in message.hits for mbid in (hit.recording, hit.release)
        ):
            raise PeerError("bad-hit", "a search hit with a MusicBrainz id that is none")
        if query is None:
            return
        query.left[session.peer] -= len(message.hits)
        if query.left[session.peer] < 0:
            raise PeerError("too-many-hits", "more search hits than were asked for")
        query.dropped += message.dropped
        if message.hits:
            self._hits[message.query](session.peer, message.hits)
        if message.done:
            query.answered += 1
            self._settle(query, session.peer)

    def _refused(self, session: Session, message: SearchRefused) -> None:
        query = self._expect(session, message.query)
        if query is not None:
            query.refused += 1
            self._settle(query, session.peer)

    def _settle(self, query: _Query, peer: PeerId) -> None:
        query.left.pop(peer, None)
        if not query.left:
            query.scope.cancel()

    def _closed(self, session: Session, reason: str) -> None:
        self._ignored.pop(session.peer, None)
        for query in self._queries.values():
            if query.left.pop(session.peer, None) is not None and not query.left:
                query.scope.cancel()
        for (peer, _), scope in list(self._answering.items()):
            if peer == session.peer:
                scope.cancel()

    # -- answering ---------------------------------------------------------------------------------------------

    def _asked(self, session: Session, message: Search) -> None:
        peer = session.peer
        key = (peer, message.query)
        if key in self._answering:
            raise PeerError("duplicate-query", "one query number used twice")
        if not self._may_ask(peer) or self._nursery is None:
            session.send(SearchRefused(message.query, "not welcome"))
            return
        refusal = self._budget.enter(peer, session.address, trio.current_time())
        if refusal is None:
            self._ignored.pop(peer, None)
            self._answering[key] = trio.CancelScope()
            self._nursery.start_soon(self._answer, session, message)
        elif refusal.own:
            self._over_rate(session, message, refusal.wait)
        else:
            session.send(SearchRefused(message.query, "busy", int(refusal.wait * 1000)))

    def _over_rate(self, session: Session, message: Search, wait: float) -> None:
        ignored = self._ignored[session.peer] = self._ignored.get(session.peer, 0) + 1
        if ignored > _TOLERATED:
            raise PeerError("flood", "searches far over the rate it was told")
        session.send(SearchRefused(message.query, "too many searches", int(wait * 1000) + 1))

    async def _answer(self, session: Session, message: Search) -> None:
        key = (session.peer, message.query)
        try:
            with self._answering[key]:
                try:
                    files = await self._index.search(message.text, message.limit)
                except StorageError:
                    session.send(SearchRefused(message.query, "the index cannot be read"))
                    return
                hits = [hit for hit in map(to_hit, files) if hit is not None]
                for part in parts(hits):
                    session.send(Hits(message.query, part, False), Priority.NORMAL)
                session.send(Hits(message.query, (), True, len(files) - len(hits)), Priority.NORMAL)
        finally:
            del self._answering[key]
            self._budget.leave(session.peer, session.address)

    def _cancelled(self, session: Session, message: SearchCancel) -> None:
        scope = self._answering.get((session.peer, message.query))
        if scope is not None:
            scope.cancel()


def parts(hits: list[Hit]) -> Iterator[tuple[Hit, ...]]:
    """Hits cut into messages by count and by bytes: names of other scripts take four bytes a character."""
    part: list[Hit] = []
    size = 0
    for hit in hits:
        length = len(msgspec.msgpack.encode(hit))
        if part and (size + length > _PART_BYTES or len(part) == limits.HITS_PER_MESSAGE):
            yield tuple(part)
            part, size = [], 0
        part.append(hit)
        size += length
    if part:
        yield tuple(part)


def to_hit(file: SharedFile) -> Hit | None:
    """A shared file as neighbours see it: its name and place inside the share, never a path of this machine."""
    if len(file.name) > limits.FILE_NAME_MAX or len(file.folder) > limits.FOLDER_MAX:
        return None
    return Hit(
        content=file.content,
        size=file.size,
        domain=int(file.domain),
        name=file.name,
        folder=file.folder,
        format=file.format[:16],
        artist=file.artist[: limits.TAG_MAX],
        album=file.album[: limits.TAG_MAX],
        title=file.title[: limits.TAG_MAX],
        track=min(file.track, 0xFFFF),
        disc=min(file.disc, 0xFFFF),
        year=min(file.year, 0xFFFF),
        duration=min(file.duration, 0xFFFF_FFFF),
        bitrate=min(file.bitrate, 0xFFFF_FFFF),
        sample_rate=min(file.sample_rate, 0xFFFF_FFFF),
        bit_depth=min(file.bit_depth, 0xFFFF),
        channels=min(file.channels, 0xFFFF),
        recording=_mbid(file.mb_recording),
        release=_mbid(file.mb_release),
    )


def _mbid(identifier: str) -> bytes:
    return mbid_bytes(identifier) if is_mbid(identifier) else b""
