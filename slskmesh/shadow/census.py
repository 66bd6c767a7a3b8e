"""The shards under one key of the table, read with suspicion. Pure.

Rules:
- A record is verified again before use: signature, key, expiry. A shard that lives longer than shards do, or is of
  another day than its record can be, is refused. What is refused leads to no dial.
- Counts of holders rest on what a quorum says (`sketch`), one voice a key, or a network once it is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Final

from slskmesh.dht import record as records
from slskmesh.dht import topics
from slskmesh.dht.record import Record
from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import mbid_bytes
from slskmesh.shadow import shard as shards
from slskmesh.shadow import sketch
from slskmesh.shadow.shard import Shard

DAY: Final = 86_400
_DAYS_BACK: Final = 3
_WORDS: Final = {
    "bad-signature": "forged",
    "bad-shard": "unreadable",
    "expired": "expired",
    "too-long": "living too long",
    "stale": "of another day",
}


def day_of(wall: float) -> int:
    """Days from 1970."""
    return int(wall // DAY)


def key_of(kind: str, name: str) -> bytes:
    """The key of the table for a "release" or "recording" by MusicBrainz id, or a "content" by its id in hex."""
    return topics.content(bytes.fromhex(name)) if kind == "content" else topics.mbid(kind, name)


class Census:
    """Who says to hold one release, recording or content."""

    def __init__(self, kind: str, mbid: str, wall: float) -> None:
        self.key = key_of(kind, mbid)
        self.shards: dict[PeerId, Shard] = {}
        self.refused: Counter[str] = Counter()
        self.newer = 0  # shards of a version we cannot read
        self._kind, self._wall = kind, wall
        self._name = bytes.fromhex(mbid) if kind == "content" else mbid_bytes(mbid)

    def take(self, found: Iterable[Record], leave_out: Collection[bytes] = ()) -> Census:
        """Reads records; those of `leave_out` (ourselves, blocked keys) are passed over."""
        for one in found:
            if one.publisher in leave_out:
                continue
            try:
                self._take(one)
            except PeerError as error:
                self.refused[_WORDS.get(error.code, error.code)] += 1
        return self

    def _take(self, one: Record) -> None:
        records.verify(one, self.key, self._wall)
        if one.expiry > self._wall + shards.TTL + records.SKEW:
            raise PeerError("too-long", "a shard that claims to live longer than shards do")
        shard = shards.decode(one.payload)
        if shard is None:
            self.newer += 1
            return
        today = day_of(self._wall)
        if not today - _DAYS_BACK <= shard.day <= today + 1:
            raise PeerError("stale", "a shard of another day")
        self.shards[PeerId(one.publisher)] = shard

    def salt(self, day: int) -> bytes:
        """The salt of sketches of this release and day."""
        return sketch.salt_of(self._kind, self._name, day)

    def agreed(self) -> bytes:
        """What a quorum says in this epoch, to be merged into our own sketch."""
        return sketch.supported(
            {peer: [shard.sketch] for peer, shard in self._of(day_of(self._wall)).items()}
        )

    def estimate(self, networks: Mapping[PeerId, str] | None = None) -> int:
        """About how many hold it, by this epoch or the one before, whichever tells of more.

        `networks` of peers that were reached: each is a voice then, and all who were not reached are one together.
        """
        today = day_of(self._wall)
        return max(self._count(day, networks or {}) for day in (today, today - sketch.EPOCH_DAYS))

    def _count(self, day: int, networks: Mapping[PeerId, str]) -> int:
        claims: dict[Hashable, list[bytes]] = {}
        for peer, shard in self._of(day).items():
            voice = networks.get(peer, "") if networks else peer
            claims.setdefault(voice, []).append(shard.sketch)
        return sketch.estimate(claims, self.shards, self.salt(day))

    def _of(self, day: int) -> dict[PeerId, Shard]:
        return {peer: one for peer, one in self.shards.items() if sketch.same_epoch(one.day, day)}
