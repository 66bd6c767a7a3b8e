"""Jobs of several peers on one release: who fetches what, and what is therefore fetched first. Pure (000 section 5.4).

Rules:
- What a peer says of its job changes only the order of ours: never what is wanted, which content, or whom we trust.
- What peers fetch already comes last, for they will have it to give; the rest in an order of our own, by hash of our
  id and the content, so that peers that begin together begin at different tracks.
- Bounded: PEERS_MAX peers, JOBS_PER_PEER jobs each. A peer that says too much too often, or nonsense, is at fault.
- Told are only peers we asked about the release and peers that told us of it; each at most every TELL_SECONDS, and
  only what changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import Mbid, mbid_bytes
from slskmesh.wire.limits import CACHE_ITEMS_MAX
from slskmesh.wire.messages import CacheItem, CacheJob

TELL_SECONDS: Final = 5.0
_TELL_AGAIN: Final = TELL_SECONDS * 0.99  # clocks round
PEERS_MAX: Final = 256
JOBS_PER_PEER: Final = 8
_BURST: Final = (
    20.0  # messages of one peer at once; a peer with several releases in work sends some at a time
)
_RATE: Final = 4.0  # messages a second of one peer, in the long run
ASKED_MAX: Final = 512


def work_order(wants: Sequence[tuple[int, bytes]], others: Mapping[bytes, int], own: bytes) -> list[int]:
    """Keys of `wants` (key, content) in the order they are fetched; `others`: how many peers fetch a content."""
    return [
        key
        for key, content in sorted(
            wants, key=lambda want: (others.get(want[1], 0), hashlib.sha256(own + want[1]).digest(), want[0])
        )
    ]


class _Heard:
    """What one peer said: by its job ids, oldest first; and what it may still say now."""

    def __init__(self, now: float) -> None:
        self.jobs: dict[bytes, CacheJob] = {}
        self.allowance = _BURST
        self.at = now


class Hearsay:
    """What connected peers said of their jobs."""

    def __init__(self) -> None:
        self._peers: dict[PeerId, _Heard] = {}

    def hear(self, peer: PeerId, message: CacheJob, now: float) -> None:
        """Takes a peer's word. PeerError: too often, or it cannot be true."""
        heard = self._peers.get(peer)
        if heard is None:
            if len(self._peers) >= PEERS_MAX:
                return
            heard = self._peers[peer] = _Heard(now)
        heard.allowance = min(_BURST, heard.allowance + (now - heard.at) * _RATE) - 1
        heard.at = now
        if heard.allowance < 0:
            raise PeerError("cache-job-flood", "the peer tells of its jobs too often")
        if len({item.content for item in message.items}) < len(message.items):
            raise PeerError("bad-cache-job", "the peer names one content twice in a job")
        if any(item.track == 0 for item in message.items):
            raise PeerError("bad-cache-job", "the peer names a track at no place of its release")
        heard.jobs.pop(message.job, None)
        if message.open:
            heard.jobs[message.job] = message
            while len(heard.jobs) > JOBS_PER_PEER:
                del heard.jobs[next(iter(heard.jobs))]

    def forget(self, peer: PeerId) -> None:
        """The peer is gone."""
        self._peers.pop(peer, None)

    def tellers(self, release: Mbid) -> set[PeerId]:
        """Peers that work on this release."""
        return {peer for peer, message in self._on(release)}

    def fetching(self, release: Mbid) -> Counter[bytes]:
        """How many peers fetch each content for this release and do not have it yet."""
        counts: Counter[bytes] = Counter()
        for content, _ in {
            (item.content, peer)
            for peer, message in self._on(release)
            for item in message.items
            if not item.done
        }:
            counts[content] += 1
        return counts

    def _on(self, release: Mbid) -> list[tuple[PeerId, CacheJob]]:
        raw = mbid_bytes(release)
        return [
            (peer, message)
            for peer, heard in self._peers.items()
            for message in heard.jobs.values()
            if bytes(message.release) == raw
        ]


class _Told(NamedTuple):
    """What a peer was told last, and when."""

    items: tuple[CacheItem, ...]
    at: float


class Work:
    """One release in work here, and who knows of it."""

    def __init__(self, release: Mbid, run: bytes) -> None:
        """`run`: 8 random bytes, new for each."""
        self.release = release
        self._run = run
        self._items: tuple[CacheItem, ...] = ()
        self._asked: set[PeerId] = set()
        self._told: dict[PeerId, _Told] = {}

    def ask(self, peers: Collection[PeerId]) -> None:
        """These peers were asked about the release, so they know."""
        self._asked.update(list(peers)[: ASKED_MAX - len(self._asked)])

    def show(self, items: Sequence[CacheItem]) -> None:
        """What is fetched and had for it now; of one content the first."""
        first: dict[bytes, CacheItem] = {}
        for item in items:
            first.setdefault(item.content, item)
        self._items = tuple(first.values())[:CACHE_ITEMS_MAX]

    def tell(
        self, connected: Collection[PeerId], tellers: Collection[PeerId], now: float
    ) -> list[tuple[PeerId, CacheJob]]:
        """What is to be said to whom now."""
        said = []
        for peer in sorted((self._asked | set(tellers)) & set(connected)):
            told = self._told.get(peer)
            if told is None and not self._items:
                continue
            if told is None or (told.items != self._items and now - told.at >= _TELL_AGAIN):
                self._told[peer] = _Told(self._items, now)
                said.append((peer, self._message(True)))
        return said

    def forget(self, peer: PeerId) -> None:
        """The peer is gone; if it comes back it is told anew."""
        self._told.pop(peer, None)

    def end(self) -> list[tuple[PeerId, CacheJob]]:
        """The last word to those who were told."""
        return [(peer, self._message(False)) for peer in sorted(self._told)]

    def _message(self, is_open: bool) -> CacheJob:
        return CacheJob(self._run, mbid_bytes(self.release), is_open, self._items if is_open else ())
