"""Answers of MusicBrainz in the database: plain functions for the database thread, values in and out.

Rules:
- An answer belongs to the host that gave it; a changed host starts with none. With no host at all ("never ask")
  whatever any host said last is given.
- Bounded by rows and bytes; the least lately used go first. A use is noted at most once an hour, so that reading
  does not write.
- How long an answer is good for is the asker's to say; nothing is removed for its age alone, since an old answer
  is better than none while the host cannot be asked.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import peewee

from slskmesh.store.models.catalogue import CatalogueAnswer

ROWS_MAX: Final = 20_000
BYTES_MAX: Final = 200 * 1024 * 1024
NOTED_EVERY: Final = 3600.0
_ROW_COST: Final = 200
_STEP: Final = 64  # rows taken out at once

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
ENTITY_TTL: Final = 30 * DAY
LIST_TTL: Final = 7 * DAY
SEARCH_TTL: Final = DAY
UNKNOWN_TTL: Final = HOUR


class Kept(NamedTuple):
    """One kept answer; `body` is empty where the host said that there is no such thing. `fetched` in Unix seconds."""

    body: bytes
    fetched: float


def load(host: str, kind: str, key: str, now: float) -> Kept | None:
    """The kept answer, noted as used at `now`. An empty `host` takes the newest of any host."""
    table: Any = CatalogueAnswer  # peewee's query builders are not annotated
    query = table.select(table.host, table.body, table.fetched, table.used).where(
        (table.kind == kind) & (table.key == key)
    )
    if host:
        query = query.where(table.host == host)
    row = query.order_by(table.fetched.desc()).tuples().first()
    if row is None:
        return None
    where, body, fetched, used = row
    if abs(now - used) >= NOTED_EVERY:
        table.update(used=now).where(
            (table.kind == kind) & (table.key == key) & (table.host == where)
        ).execute()
    return Kept(bytes(body), fetched)


def save(host: str, kind: str, key: str, kept: Kept) -> None:
    """Keeps an answer in place of an older one; takes out others if the table has grown too big."""
    table: Any = CatalogueAnswer
    table.replace(
        host=host,
        kind=kind,
        key=key,
        body=kept.body,
        size=len(kept.body) + _ROW_COST,
        fetched=kept.fetched,
        used=kept.fetched,
    ).execute()
    trim()


def trim(rows_max: int = ROWS_MAX, bytes_max: int = BYTES_MAX) -> int:
    """Takes out the least lately used rows beyond the bounds; returns how many."""
    table: Any = CatalogueAnswer
    rows, size = table.select(peewee.fn.COUNT(table.used), peewee.fn.SUM(table.size)).tuples().first()
    gone = 0
    while rows > rows_max or (size or 0) > bytes_max:
        oldest = (
            table.select(table.kind, table.key, table.host, table.size)
            .order_by(table.used)
            .limit(_STEP)
            .tuples()
        )
        for kind, key, host, cost in list(oldest):
            if rows <= rows_max and size <= bytes_max:
                break
            table.delete().where((table.kind == kind) & (table.key == key) & (table.host == host)).execute()
            rows, size, gone = rows - 1, size - cost, gone + 1
    return gone
