"""Standing: what this node thinks of each key, from its own experience alone (research p2p.md 5.3; 003 governance).

Rules:
- Blocks and trust are the person's word and outrank every score. Nothing another peer says changes a standing.
- Score: +1 a verified chunk (at most +8 in all), -2 a corrupt one, -1 a timeout, -1 a false Have, -2 a false
  manifest; it decays by half in half a week.
- Two corrupt chunks within a day: no data is taken from that key for a day. Protocol faults keep a key from
  connecting for a minute, doubling to an hour with each further one.
- Pure but for the rows it hands to the database; time comes in by `clock` (Unix seconds). The table is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from slskmesh.identity.peerid import PeerId

Deed = Literal["good-chunk", "bad-chunk", "timeout", "false-have", "false-manifest", "protocol"]

DAY = 86_400.0
_HALF_LIFE = 3.5 * DAY
_SCORE_CAP = 8.0
_WORTH: dict[Deed, float] = {
    "good-chunk": 1.0,
    "bad-chunk": -2.0,
    "timeout": -1.0,
    "false-have": -1.0,
    "false-manifest": -2.0,
    "protocol": -2.0,
}
STANDINGS_MAX = 20_000


class Record(msgspec.Struct):
    """One key's standing as it is stored; times are Unix seconds."""

    peer: PeerId
    trusted: bool = False
    blocked: bool = False
    score: float = 0.0
    score_at: float = 0.0
    good_chunks: int = 0
    bad_chunks: int = 0
    last_bad: float = 0.0
    no_data_until: float = 0.0
    received: int = 0
    sent: int = 0
    # not stored: an hour is short enough to be forgiven at a restart
    faults: int = 0
    barred_until: float = 0.0


class Standing:
    """Standings by key. `changed` names what is to be written since the last `take_changes`."""

    def __init__(self, clock: Callable[[], float], records: list[Record] | None = None) -> None:
        self._clock = clock
        self._records = {record.peer: record for record in records or []}
        self._changed: set[PeerId] = set()

    def record(self, peer: PeerId) -> Record:
        """A copy of the peer's record, as of now (an empty one for a stranger)."""
        known = self._records.get(peer)
        if known is None:
            return Record(peer)
        return msgspec.structs.replace(known, score=self.score(peer))

    def known(self) -> list[PeerId]:
        """Keys the person marked (trusted or blocked)."""
        return [r.peer for r in self._records.values() if r.blocked or r.trusted]

    def is_blocked(self, peer: PeerId) -> bool:
        """The person blocked it."""
        record = self._records.get(peer)
        return record is not None and record.blocked

    def is_trusted(self, peer: PeerId) -> bool:
        """The person trusts it."""
        record = self._records.get(peer)
        return record is not None and record.trusted and not record.blocked

    def may_connect(self, peer: PeerId) -> bool:
        """Neither blocked nor barred for protocol faults."""
        record = self._records.get(peer)
        return record is None or not (record.blocked or record.barred_until > self._clock())

    def may_send(self, peer: PeerId) -> bool:
        """Whether chunk data is taken from it."""
        record = self._records.get(peer)
        return record is None or not (record.blocked or record.no_data_until > self._clock())

    def score(self, peer: PeerId) -> float:
        """Score now, decayed."""
        record = self._records.get(peer)
        if record is None or not record.score:
            return 0.0
        age = max(0.0, self._clock() - record.score_at)
        return float(record.score * 0.5 ** (age / _HALF_LIFE))

    def note(self, peer: PeerId, deed: Deed) -> None:
        """Something the peer did, as we saw it ourselves."""
        now = self._clock()
        record = self._touch(peer)
        record.score = min(_SCORE_CAP, self.score(peer) + _WORTH[deed])
        record.score_at = now
        if deed == "good-chunk":
            record.good_chunks += 1
        elif deed == "bad-chunk":
            record.bad_chunks += 1
            if record.last_bad and now - record.last_bad < DAY:
                record.no_data_until = now + DAY
            record.last_bad = now
        elif deed == "protocol":
            record.barred_until = now + min(3600.0, 60.0 * 2.0 ** min(record.faults, 10))
            record.faults += 1

    def note_bytes(self, peer: PeerId, received: int, sent: int) -> None:
        """Adds bytes that went over a session."""
        record = self._touch(peer)
        record.received += received
        record.sent += sent

    def set_blocked(self, peer: PeerId, blocked: bool) -> None:
        """The person blocks or unblocks it; unblocking forgives faults of the last hour too."""
        record = self._touch(peer)
        record.blocked = blocked
        record.trusted = record.trusted and not blocked
        record.barred_until, record.faults = 0.0, 0

    def set_trusted(self, peer: PeerId, trusted: bool) -> None:
        """The person trusts it, or no longer does."""
        record = self._touch(peer)
        record.trusted = trusted

    def take_changes(self) -> list[Record]:
        """Copies of the records changed since the last call."""
        changed = [msgspec.structs.replace(self._records[p]) for p in self._changed if p in self._records]
        self._changed.clear()
        return changed

    def put_back(self, records: list[Record]) -> None:
        """What `take_changes` gave could not be written: it is to be written still."""
        self._changed.update(record.peer for record in records if record.peer in self._records)

    def _touch(self, peer: PeerId) -> Record:
        record = self._records.get(peer)
        if record is None:
            if len(self._records) >= STANDINGS_MAX:
                self._drop_one()
            record = self._records[peer] = Record(peer, score_at=self._clock())
        self._changed.add(peer)
        return record

    def _drop_one(self) -> None:
        idle = (r for r in self._records.values() if not (r.blocked or r.trusted))
        oldest = min(idle, key=lambda r: r.score_at, default=None)
        if oldest is not None:
            del self._records[oldest.peer]
