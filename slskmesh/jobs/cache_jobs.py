"""Tells peers that work on the same release what is fetched here, and listens to what they fetch (mesh_cache_job).

Rules: as `jobs/collab.py`; this is its shell on the overlay's sessions. A finished track of a peer is a source by
itself: downloads ask every connected peer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence

import trio

from slskmesh.identity.peerid import PeerId
from slskmesh.jobs.collab import TELL_SECONDS, Hearsay, Work, work_order
from slskmesh.mbid import Mbid
from slskmesh.overlay.port import Priority, Router, Session
from slskmesh.wire.limits import JOB_ID_BYTES
from slskmesh.wire.messages import CacheItem, CacheJob


class CacheJobs:
    """See the head of this file."""

    def __init__(self, router: Router, own: bytes, clock: Callable[[], float], rng: random.Random) -> None:
        self._own = own
        self._clock = clock
        self._rng = rng
        self._hearsay = Hearsay()
        self._sessions: dict[PeerId, Session] = {}
        self._works: dict[tuple[int, Mbid], Work] = {}
        self._news = trio.Event()
        router.on(CacheJob, self._heard)
        router.on_open(self._opened)
        router.on_close(self._closed)

    async def run(self) -> None:
        """Speaks until cancelled: soon after something changed; having spoken, no more for TELL_SECONDS."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            if self._tell():
                await trio.sleep(TELL_SECONDS)

    def begin(self, job: int, release: Mbid) -> None:
        """A job works on this release from now on."""
        self._works[job, release] = Work(release, self._rng.randbytes(JOB_ID_BYTES))

    def asked(self, job: int, release: Mbid, peers: Collection[PeerId]) -> None:
        """These peers were asked about it."""
        work = self._works.get((job, release))
        if work is not None:
            work.ask(peers)
            self._news.set()

    def show(self, job: int, release: Mbid, items: Sequence[CacheItem]) -> None:
        """What is fetched and had for it now."""
        work = self._works.get((job, release))
        if work is not None:
            work.show(items)
            self._news.set()

    def end(self, job: int, release: Mbid) -> None:
        """The job stopped working on it."""
        work = self._works.pop((job, release), None)
        for peer, message in work.end() if work is not None else ():
            self._send(peer, message)

    def order(self, release: Mbid, wants: Sequence[tuple[int, bytes]]) -> list[int]:
        """See `collab.work_order`."""
        return work_order(wants, self._hearsay.fetching(release), self._own)

    # -- sessions ----------------------------------------------------------------------------------------------

    def _tell(self) -> int:
        """How many were spoken to."""
        now, spoken = self._clock(), 0
        for work in self._works.values():
            tellers = self._hearsay.tellers(work.release)
            for peer, message in work.tell(self._sessions.keys(), tellers, now):
                self._send(peer, message)
                spoken += 1
        return spoken

    def _send(self, peer: PeerId, message: CacheJob) -> None:
        session = self._sessions.get(peer)
        if session is not None:
            session.send(message, Priority.NORMAL)

    def _heard(self, session: Session, message: CacheJob) -> None:
        self._hearsay.hear(session.peer, message, self._clock())
        self._news.set()

    def _opened(self, session: Session) -> None:
        self._sessions[session.peer] = session
        self._news.set()

    def _closed(self, session: Session, _why: str) -> None:
        if self._sessions.get(session.peer) is not session:
            return
        del self._sessions[session.peer]
        self._hearsay.forget(session.peer)
        for work in self._works.values():
            work.forget(session.peer)
