"""Who a download gets data from: streams asked for, joined, refused and given up, session by session.

Rules:
- Every session is asked once; one that had nothing is asked again after `JOIN_FIRST`, then twice as long each time
  (who wants the same file may start a moment later), one that served us and stopped after `JOIN_AGAIN`.
- A peer that lied about the chunk list is not asked again; one that sent a false chunk only while nobody else is
  there, and only as long as its standing allows it.
- Of a group with a limited rate one download at a time fetches from a peer: the few slots a peer gives us are for
  downloads that use them.
- A row is never taken away: letters and the chunk map's owners stay what they were.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import Session
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.lines import Lines
from slskmesh.swarm.manifest_fetch import check_head
from slskmesh.swarm.port import Standing
from slskmesh.swarm.rates import Rate
from slskmesh.swarm.source import LEGACY, Row, Source
from slskmesh.wire.messages import Join, Joined, Leave

if TYPE_CHECKING:
    from slskmesh.swarm.download import Download

JOIN_FIRST, JOIN_AGAIN = 2.0, 30.0  # seconds
ROWS_MAX = 1000


class Roster:
    """The sources of one download."""

    def __init__(
        self, download: Download, content: bytes, lines: Lines, standing: Standing, clock: Callable[[], float]
    ) -> None:
        self.rows: list[Row] = []
        self.sources: dict[Session, Source] = {}
        self.stands_back = False  # a peer was not asked for the group's sake
        self._download = download
        self._content = content
        self._lines = lines
        self._standing = standing
        self._clock = clock
        self._by_peer: dict[PeerId, Row] = {}
        self._again: dict[Session, float] = {}
        self._waited: dict[Session, float] = {}

    def joined(self) -> list[Source]:
        """Sources that have (some of) the content."""
        return [source for source in self.sources.values() if source.row is not None]

    def connected(self) -> int:
        """Sessions that are up, whatever they have."""
        return len(self._lines.sessions())

    def offer_all(self) -> None:
        """Asks every session that is to be asked now."""
        now = self._clock()
        for source in list(self.sources.values()):
            if source.row is None and now - source.asked_at > JOIN_AGAIN:
                self.part(source, "does not answer")
        sessions = self._lines.sessions()
        if len(self._again) > 2 * len(sessions):
            self._again = {session: self._again[session] for session in sessions if session in self._again}
            self._waited = {s: self._waited[s] for s in sessions if s in self._waited}
        self.stands_back = False
        for session in sessions:
            self.offer(session)

    def offer(self, session: Session) -> None:
        """Asks a session whether it has the content, unless it was asked lately or its peer may not send."""
        now = self._clock()
        peer = session.peer
        row = self._by_peer.get(peer)
        if session in self.sources or now < self._again.get(session, now):
            return
        if row is not None and (row.lied or (row.bad and self.joined())):
            return
        if self._standing.is_blocked(peer) or not self._standing.may_send(peer):
            return
        if any(self._download.yields_to(*stream) for stream in self._lines.streams(session)):
            self.stands_back = True
            return
        source = self._lines.open(session, self._download, now)
        if source is not None:
            self.sources[session] = source
            session.send(Join(source.stream, self._content))

    def admit(self, source: Source, head: Joined) -> Row:
        """The source said Joined: it gets its row. PeerError if what it says cannot be."""
        if source.row is not None:
            raise PeerError("joined-twice", "the peer answered one Join twice")
        space = ChunkSpace(check_head(head))
        source.bits = space.parse(head.bitfield) if head.bitfield else space.full
        peer = source.session.peer
        row = self._by_peer.get(peer)
        if row is None:
            if len(self.rows) >= ROWS_MAX:
                raise PeerError("too-many-sources", "this download has seen too many sources", blame=False)
            row = Row(len(self.rows), peer, Rate(self._clock()))
            self.rows.append(row)
            self._by_peer[peer] = row
        row.gone = ""
        source.row, source.head = row, head
        return row

    def legacy(self, user: str) -> Row:
        """The row of a user of the Soulseek network; the same one each time."""
        for row in self.rows:
            if row.user == user:
                return row
        row = Row(len(self.rows), LEGACY, Rate(self._clock()), user=user)
        self.rows.append(row)
        return row

    def part(self, source: Source, why: str, leave: bool = True) -> None:
        """The stream is over; `leave` tells the peer so."""
        if self.sources.get(source.session) is not source:
            return
        del self.sources[source.session]
        wait = JOIN_AGAIN
        if source.row is None:
            wait = min(JOIN_AGAIN, 2 * self._waited.get(source.session, JOIN_FIRST / 2))
            self._waited[source.session] = wait
        self._again[source.session] = self._clock() + wait
        self._lines.close(source)
        if source.row is not None:
            source.row.gone = why
        if leave:
            source.session.send(Leave(source.stream))
