"""What was seen on the Soulseek network, in the database: plain functions for its thread, values in and out.

Rules: raw rows live RAW_LIFE seconds, statistics LIFE; every table is bounded by rows, the raw one by bytes too, and
the oldest go first. Texts of the network are stored as UTF-8 with whatever they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import peewee

from slskmesh.store.models.capture import Availability, SeenFile, UserSpeed
from slskmesh.store.models.catalogue import CatalogueAnswer

DAY: Final = 24 * 3600.0
RAW_LIFE: Final = 7 * DAY
LIFE: Final = 30 * DAY
SEEN_MAX: Final = 200_000
SEEN_BYTES: Final = 64 << 20
STATISTICS_MAX: Final = 200_000
USERS_MAX: Final = 20_000
_ROW_COST: Final = 160
_STEP: Final = 500


class Seen(NamedTuple):
    """One file of an answer to one of our searches; see the row."""

    who: bytes
    name: str
    path: str
    size: int
    codec: str
    bitrate: int
    duration: int
    free_slot: bool
    speed: int
    queue: int
    seen: float


class Unjudged(NamedTuple):
    """A raw row whose recording is not known."""

    who: bytes
    path: str
    size: int
    codec: str
    duration: int
    seen: float


class Judged(NamedTuple):
    """What came of it: `recording` "" for none."""

    row: Unjudged
    recording: str
    confidence: float


class Sight(NamedTuple):
    """How a recording was to be had in one codec: users, times seen, when last, how sure."""

    codec: str
    users: int
    times: int
    last: float
    confidence: float


class Speed(NamedTuple):
    """Our own transfers from one user. Bytes a second while it sent, 0 unknown."""

    files: int
    failed: int
    rate: float
    last: float


class Ended(NamedTuple):
    """One of our own downloads from a user that ended or stopped: bytes that came, seconds it sent."""

    who: bytes
    name: str
    size: int
    seconds: float
    whole: bool
    failed: bool


class Held(NamedTuple):
    """How much is kept: raw rows and their bytes, statistics, users, recordings there are statistics of."""

    seen: int
    bytes: int
    statistics: int
    users: int
    recordings: int = 0


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return bytes(raw).decode("utf-8", "surrogatepass")


def add_all(seen: Sequence[Seen], ended: Sequence[Ended], wall: float) -> None:
    """Adds what was seen and what ended, all or none."""
    add_seen(seen)
    for one in ended:
        _add_transfer(one, wall)


def add_seen(rows: Sequence[Seen]) -> None:
    """Adds what was seen, or renews it; what is known as a recording counts at once."""
    table: Any = SeenFile  # peewee's query builders are not annotated
    for one in rows:
        path, name = _raw(one.path), _raw(one.name)
        where = (table.who == one.who) & (table.path == path) & (table.size == one.size)
        known = table.select(table.recording, table.confidence).where(where).tuples().first()
        values = {
            "name": name,
            "codec": one.codec,
            "bitrate": one.bitrate,
            "duration": one.duration,
            "free_slot": one.free_slot,
            "speed": one.speed,
            "queue": one.queue,
            "seen": one.seen,
            "cost": len(path) + len(name) + _ROW_COST,
        }
        if known is None:
            table.insert(who=one.who, path=path, size=one.size, **values).execute()
            continue
        table.update(**values).where(where).execute()
        if known[0]:
            _count(known[0], one.codec, one.who, known[1], one.seen)


def _count(recording: str, codec: str, who: bytes, confidence: float, seen: float) -> None:
    table: Any = Availability
    table.insert(
        recording=recording, codec=codec, who=who, confidence=confidence, first=seen, last=seen
    ).on_conflict(
        conflict_target=[table.recording, table.codec, table.who],
        update={
            table.times: table.times + 1,
            table.last: peewee.fn.MAX(table.last, seen),
            table.confidence: confidence,
        },
    ).execute()


def unjudged(known: int, limit: int) -> list[Unjudged]:
    """Rows not looked at since fewer than `known` tracks were known, those never looked at first."""
    table: Any = SeenFile
    query = (
        table.select(table.who, table.path, table.size, table.codec, table.duration, table.seen)
        .where((table.judged < known) & (table.recording == ""))
        .order_by(table.judged)
        .limit(limit)
        .tuples()
    )
    return [Unjudged(bytes(who), _text(path), *rest) for who, path, *rest in query]


def judge(found: Sequence[Judged], known: int) -> None:
    """Writes what came of rows that were looked at."""
    table: Any = SeenFile
    for one in found:
        row = one.row
        table.update(recording=one.recording, confidence=one.confidence, judged=known).where(
            (table.who == row.who) & (table.path == _raw(row.path)) & (table.size == row.size)
        ).execute()
        if one.recording:
            _count(one.recording, row.codec, row.who, one.confidence, row.seen)


def sights(recording: str) -> list[Sight]:
    """How a recording was to be had, by codec, most users first."""
    table: Any = Availability
    users = peewee.fn.COUNT(table.who)
    query = (
        table.select(
            table.codec,
            users,
            peewee.fn.SUM(table.times),
            peewee.fn.MAX(table.last),
            peewee.fn.MAX(table.confidence),
        )
        .where(table.recording == recording)
        .group_by(table.codec)
        .order_by(users.desc())
        .tuples()
    )
    return [Sight(*row) for row in query]


def _add_transfer(one: Ended, wall: float) -> None:
    table: Any = UserSpeed
    who, name, size, seconds = one.who, one.name, one.size, one.seconds
    new = {"files": int(one.whole), "failed": int(one.failed), "bytes": size, "seconds": seconds}
    table.insert(who=who, name=_raw(name), last=wall, **new).on_conflict(
        conflict_target=[table.who],
        update={
            table.name: _raw(name),
            table.files: table.files + new["files"],
            table.failed: table.failed + new["failed"],
            table.bytes: table.bytes + size,
            table.seconds: table.seconds + seconds,
            table.last: wall,
        },
    ).execute()


def speed(who: bytes) -> Speed | None:
    """What is known of a user."""
    row = UserSpeed.get_or_none(UserSpeed.who == who)
    if row is None:
        return None
    return Speed(row.files, row.failed, row.bytes / row.seconds if row.seconds > 0 else 0.0, row.last)


def expire(
    wall: float, seen_max: int = SEEN_MAX, bytes_max: int = SEEN_BYTES, statistics_max: int = STATISTICS_MAX
) -> None:
    """Takes out what is too old (or of the future, as a clock that was wrong leaves it) and what is too much."""
    seen: Any = SeenFile
    _old(seen, seen.seen, wall, RAW_LIFE)
    rows, size = seen.select(peewee.fn.COUNT(seen.seen), peewee.fn.SUM(seen.cost)).tuples().first()
    while rows > seen_max or (size or 0) > bytes_max:
        step = min(_STEP, max(1, rows - seen_max if rows > seen_max else _STEP))
        oldest = (
            seen.select(seen.who, seen.path, seen.size, seen.cost).order_by(seen.seen).limit(step).tuples()
        )
        for who, path, length, cost in list(oldest):
            if rows <= seen_max and size <= bytes_max:
                break
            seen.delete().where((seen.who == who) & (seen.path == path) & (seen.size == length)).execute()
            rows, size = rows - 1, size - cost
    for table, most in ((Availability, statistics_max), (UserSpeed, USERS_MAX)):
        _old(table, table.last, wall, LIFE)
        _trim(table, most)


def _old(table: Any, when: Any, wall: float, life: float) -> None:
    table.delete().where((when < wall - life) | (when > wall + DAY)).execute()


def _trim(table: Any, most: int) -> None:
    over = table.select().count() - most
    if over > 0:
        last = table.select(table.last).order_by(table.last).offset(over - 1).limit(1).tuples().first()[0]
        table.delete().where(table.last <= last).execute()


def drop_names() -> None:
    """Forgets all names; pseudonyms stay."""
    for table in (SeenFile, UserSpeed):
        query: Any = table
        query.update(name=b"").where(query.name != b"").execute()


def clear() -> None:
    """Forgets everything that was seen."""
    for table in (SeenFile, Availability, UserSpeed):
        table.delete().execute()


def held() -> Held:
    """How much is kept."""
    table: Any = SeenFile
    rows, size = table.select(peewee.fn.COUNT(table.seen), peewee.fn.SUM(table.cost)).tuples().first()
    one: Any = Availability
    of, recordings = (
        one.select(peewee.fn.COUNT(one.who), peewee.fn.COUNT(one.recording.distinct())).tuples().first()
    )
    return Held(rows, size or 0, of, UserSpeed.select().count(), recordings)


def catalogue_mark() -> tuple[int, float]:
    """Changes whenever other releases are kept: how many, and when the newest was fetched."""
    table: Any = CatalogueAnswer
    count, newest = (
        table.select(peewee.fn.COUNT(table.key), peewee.fn.MAX(table.fetched))
        .where(table.kind == "release")
        .tuples()
        .first()
    )
    return count, newest or 0.0


def cached_releases(limit: int) -> list[bytes]:
    """Kept answers on releases that MusicBrainz was asked for, the latest used first."""
    table: Any = CatalogueAnswer
    query = table.select(table.body).where(table.kind == "release").order_by(table.used.desc()).limit(limit)
    return [bytes(body) for (body,) in query.tuples() if body]
