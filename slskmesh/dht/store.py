"""Records this node holds for others, in memory. Pure; every table has a bound.

Rules:
- Nothing gets in unverified: cheap checks first, the signature last. Nothing expired gets out.
- One publisher has one record a key: higher sequence replaces; an equal one with other bytes is equivocation and the
  first stays.
- A full set keeps the publishers whose keyed hash is smallest: nobody can flush honest ones, and holders with
  other secrets keep other samples. Full tables and full quotas refuse; they never drop what is valid.
"""

from __future__ import annotations

import enum
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from slskmesh.dht import record as records
from slskmesh.dht.networks import network_of
from slskmesh.dht.record import Record

PUBLISHERS_MAX: Final = 64  # a key
KEYS_MAX: Final = 20_000
RECORDS_MAX: Final = 50_000
HOST_MAX: Final = 2_000  # records stored by one address
NETWORK_MAX: Final = 8_000


class Put(enum.Enum):
    """What became of a record offered; HELD and KEPT are the two where this node has it (or a newer one)."""

    KEPT = "kept"
    HELD = "held"
    EQUIVOCATION = "equivocation"
    FULL = "full"
    QUOTA = "quota"
    BUSY = "busy"


@dataclass(slots=True)
class _Held:
    record: Record
    host: str  # who stored it; "" is us
    heard: float  # wall time of the last copy


class RecordStore:
    """key -> publisher -> record. `secret` decides which publishers a full set keeps."""

    def __init__(self, secret: bytes, *, publishers: int = PUBLISHERS_MAX, keys: int = KEYS_MAX) -> None:
        self._secret = secret[:32]
        self._publishers, self._keys = publishers, keys
        self._sets: dict[bytes, dict[bytes, _Held]] = {}
        self._by_source: Counter[str | bytes] = Counter()
        self.count = 0
        self.equivocations = 0

    def put(
        self, key: bytes, record: Record, host: str, now: float, may_verify: Callable[[], bool] = lambda: True
    ) -> Put:
        """Takes `record`, offered from `host` ("" is us), if it is valid and there is room. PeerError: invalid."""
        records.check_time(record, now)
        old = self._sets.get(key, {}).get(record.publisher)
        if old is not None and old.record.expiry > now and record.seq <= old.record.seq:
            return self._again(key, old, record, now, may_verify)
        if old is None and (refusal := self._refusal(key, record.publisher, host, now)):
            return refusal
        if not may_verify():
            return Put.BUSY
        records.verify(record, key, now)
        self._keep(key, _Held(record, host, now))
        return Put.KEPT

    def _again(
        self, key: bytes, old: _Held, record: Record, now: float, may_verify: Callable[[], bool]
    ) -> Put:
        """A copy of what is held, something older, or another record of the same number."""
        if record == old.record:
            old.heard = now
        elif record.seq == old.record.seq:
            if not may_verify():
                return Put.BUSY
            records.verify(record, key, now)
            self.equivocations += 1
            return Put.EQUIVOCATION
        return Put.HELD

    def _refusal(self, key: bytes, publisher: bytes, host: str, now: float) -> Put | None:
        if host and (self._by_source[host] >= HOST_MAX or self._by_source[network_of(host)] >= NETWORK_MAX):
            return Put.QUOTA
        held = self._sets.get(key)
        if self.count >= RECORDS_MAX or (held is None and len(self._sets) >= self._keys):
            return Put.FULL
        if held is not None and len(held) >= self._publishers:
            self._drop_expired(key, now)
            held = self._sets.get(key, {})
            if len(held) >= self._publishers and self._rank(publisher) > max(map(self._rank, held)):
                return Put.FULL
        return None

    def _rank(self, publisher: bytes) -> bytes:
        return hashlib.blake2b(publisher, digest_size=8, key=self._secret).digest()

    def _keep(self, key: bytes, fresh: _Held) -> None:
        held = self._sets.setdefault(key, {})
        if fresh.record.publisher in held:
            self._drop(key, fresh.record.publisher)
            held = self._sets.setdefault(key, {})
        elif len(held) >= self._publishers:
            self._drop(key, max(held, key=self._rank))
        held[fresh.record.publisher] = fresh
        self.count += 1
        self._count_source(fresh.host, 1)

    def _count_source(self, host: str, step: int) -> None:
        if not host:
            return
        for source in (host, network_of(host)):
            self._by_source[source] += step
            if self._by_source[source] <= 0:
                del self._by_source[source]

    def _drop(self, key: bytes, publisher: bytes) -> None:
        held = self._sets[key]
        host = held.pop(publisher).host
        self.count -= 1
        self._count_source(host, -1)
        if not held:
            del self._sets[key]

    def _drop_expired(self, key: bytes, now: float) -> None:
        for publisher in [name for name, one in self._sets[key].items() if one.record.expiry <= now]:
            self._drop(key, publisher)

    def sweep(self, now: float) -> None:
        """Drops everything expired. O(records): once a minute is enough, since reads never show expired ones."""
        for key in list(self._sets):
            self._drop_expired(key, now)

    def records(self, key: bytes, now: float) -> list[Record]:
        """Valid records under `key`, by publisher."""
        held = self._sets.get(key, {})
        return [held[name].record for name in sorted(held) if held[name].record.expiry > now]

    def unheard(self, key: bytes, since: float, now: float) -> list[Record]:
        """Valid records under `key` of which no copy came since that wall time."""
        held = self._sets.get(key, {}).values()
        return [one.record for one in held if one.heard < since and one.record.expiry > now]

    def touch(self, key: bytes, now: float) -> None:
        """Counts every record under `key` as heard now: we have passed it on ourselves."""
        for one in self._sets.get(key, {}).values():
            one.heard = now

    def page(self, key: bytes, after: bytes, room: int, now: float) -> tuple[list[bytes], bytes, int]:
        """(encoded records of publishers beyond `after` that fit `room` bytes, digest of all, count of all)."""
        valid = self.records(key, now)
        page: list[bytes] = []
        for record in valid:
            if record.publisher <= after:
                continue
            data = records.encode(record)
            room -= len(data) + 3
            if room < 0:
                break
            page.append(data)
        return page, records.digest(valid), len(valid)

    def keys(self) -> list[bytes]:
        """Keys with at least one record (it may have expired since the last sweep)."""
        return list(self._sets)


def is_held(put: Put) -> bool:
    """Whether the holder now has this record or a newer one of its publisher."""
    return put in (Put.KEPT, Put.HELD)
