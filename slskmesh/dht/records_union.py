"""What a read has learned so far: the union of valid records, and what each holder has of it. Pure.

Rules: only verified records count; a holder that says the same digest as the union is not asked again; pages go
strictly forward and are bounded, so a liar costs a bounded number of them. What is forged, moved, malformed or claims
too long a life is counted as refused; what is merely expired or older is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from slskmesh.dht import record as records
from slskmesh.dht import wire
from slskmesh.dht.record import Record
from slskmesh.dht.table import Contact
from slskmesh.errors import PeerError

PAGES_MAX: Final = 64
PUBLISHERS_MAX: Final = 1024  # of one read
HOLDERS_PAGED_MAX: Final = 16
_SILENCES_MAX: Final = 2
_MEND_RECORDS: Final = wire.STORE_MAX
_STORE_ROOM: Final = 1050  # bytes of records in one Store


@dataclass(slots=True)
class Holder:
    """One node's part of a read; `last` is the publisher its next page begins after."""

    contact: Contact
    token: bytes
    digest: bytes
    count: int
    last: bytes = b""
    done: bool = False
    pages: int = 1
    silences: int = 0
    has: dict[bytes, int] = field(default_factory=dict)


class Union:
    """The records of one key, newest of each publisher."""

    def __init__(self, key: bytes, own: Iterable[Record]) -> None:
        self.key = key
        self._found = {record.publisher: record for record in own}
        self._holders: dict[bytes, Holder] = {}
        self.refused = 0

    def records(self, now: float) -> list[Record]:
        """What is valid now, by publisher."""
        return [self._found[name] for name in sorted(self._found) if self._found[name].expiry > now]

    def answered(self, contact: Contact, answer: wire.Values, now: float) -> None:
        """Takes a holder's first page."""
        holder = Holder(contact, answer.token, answer.digest, answer.count)
        self._holders[contact.id] = holder
        self._take(holder, answer, now)

    def paged(self, holder: Holder, answer: wire.Values, now: float) -> None:
        """Takes a further page."""
        holder.pages += 1
        self._take(holder, answer, now)

    def _take(self, holder: Holder, answer: wire.Values, now: float) -> None:
        before = holder.last
        for data in answer.records:
            try:
                record = records.decode(data)
                holder.last = max(holder.last, record.publisher)
                self._add(record, now)
                holder.has[record.publisher] = record.seq
            except PeerError as error:
                self.refused += error.code != "expired"
        stuck = holder.last == before and holder.pages > 1  # a first answer may have had no room for records
        if stuck or len(holder.has) >= holder.count or holder.pages >= PAGES_MAX:
            holder.done = True

    def _add(self, record: Record, now: float) -> None:
        known = self._found.get(record.publisher)
        if known is not None and (record.seq < known.seq or record == known):
            records.check_time(record, now)
            return
        if known is None and len(self._found) >= PUBLISHERS_MAX:
            return
        records.verify(record, self.key, now)
        if known is None or record.seq > known.seq:
            self._found[record.publisher] = record

    def silent(self, holder: Holder) -> None:
        """Notes a page that did not come; two of them end the reading of that holder."""
        holder.silences += 1
        holder.done = holder.done or holder.silences >= _SILENCES_MAX

    def wants_page(self, holder: Holder) -> bool:
        """Whether `holder` may have something the union has not."""
        return not holder.done and holder.digest != records.digest(self._found.values())

    def is_settled(self, needed: int) -> bool:
        """Whether `needed` holders at least, and half of those that answered, say they have just this union."""
        same = records.digest(self._found.values())
        agree = sum(holder.digest == same for holder in self._holders.values())
        return agree >= needed and agree * 2 >= len(self._holders)

    def holds(self, contact: Contact) -> bool:
        """Whether `contact` has answered."""
        return contact.id in self._holders

    def differing(self) -> list[Holder]:
        """Holders worth paging, those with most records first."""
        holders = sorted(self._holders.values(), key=lambda holder: -holder.count)
        return [holder for holder in holders if self.wants_page(holder)][:HOLDERS_PAGED_MAX]

    def lacking(
        self, nearest: set[bytes], most: int, records_most: int = _MEND_RECORDS
    ) -> list[tuple[Holder, list[Record]]]:
        """Up to `most` of the nearest holders, wholly read, with records they lack (at most `records_most` each)."""
        found = []
        for holder in self._holders.values():
            if holder.contact.id not in nearest or not (holder.done and len(holder.has) >= holder.count):
                continue
            missing = [one for one in self._found.values() if holder.has.get(one.publisher, -1) < one.seq]
            if missing:
                found.append((holder, missing[:records_most]))
        return found[:most]


def batches(missing: list[Record]) -> Iterator[list[bytes]]:
    """Encoded records in groups that each fit one Store."""
    group: list[bytes] = []
    size = 0
    for data in map(records.encode, missing):
        if group and size + len(data) > _STORE_ROOM:
            yield group
            group, size = [], 0
        group.append(data)
        size += len(data) + 3
    if group:
        yield group
