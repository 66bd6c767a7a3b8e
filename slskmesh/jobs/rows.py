"""Jobs in the database: plain functions for the database thread, values in and out.

Rules: `write` is one transaction: a change of a job and the lines that tell of it are there together or not at all.
A timeline keeps its last LINES_MAX lines.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from slskmesh.jobs.record import CONTENT_BYTES, JobRecord, Record, ReleaseRecord, TrackRecord, is_legacy
from slskmesh.jobs.state import JobLine, LineLevel, Phase, Spec, TrackPhase
from slskmesh.store.models.jobs import JobLineRow, JobReleaseRow, JobRow, JobTrackRow

LINES_MAX: Final = 500
_ROWS_AT_ONCE: Final = 30  # SQLite takes a bounded number of parameters a statement
_LEGACY: Final = b"soulseek key \0\0\0"  # before the 16 bytes of such a key, so that all names have 32

_Jobs: Any = JobRow  # peewee's query builders are not annotated
_Releases: Any = JobReleaseRow
_Tracks: Any = JobTrackRow
_Lines: Any = JobLineRow


class Kept(NamedTuple):
    """One job with all that is kept of it; `lines` with their numbers."""

    record: JobRecord
    releases: list[ReleaseRecord]
    tracks: list[TrackRecord]
    lines: list[tuple[int, JobLine]]


def load() -> list[Kept]:
    """All jobs in the order of work."""
    kept = {row.id: Kept(_job(row), [], [], []) for row in _Jobs.select().order_by(_Jobs.position, _Jobs.id)}
    for row in _Releases.select().order_by(_Releases.job, _Releases.place):
        kept[row.job_id].releases.append(_release(row))
    for row in _Tracks.select().order_by(_Tracks.job, _Tracks.number):
        kept[row.job_id].tracks.append(_track(row))
    for row in _Lines.select().order_by(_Lines.job, _Lines.number):
        kept[row.job_id].lines.append((row.number, JobLine(row.at, _level(row.level), row.text)))
    return list(kept.values())


def enter(record: JobRecord) -> int:
    """Adds a job (its `job` does not count); its number, which is never used again."""
    values = _job_values(record)
    del values["id"]
    return int(_Jobs.insert(**values).execute())


def write(records: Sequence[Record], job: int, lines: Sequence[tuple[int, JobLine]]) -> None:
    """Replaces records (a job's position stays, see `reorder`) and adds lines of one job."""
    for record in records:
        if isinstance(record, JobRecord):
            values = _job_values(record)
            del values["id"], values["position"]
            _Jobs.update(**values).where(_Jobs.id == record.job).execute()
        elif isinstance(record, ReleaseRecord):
            _Releases.insert(**_release_values(record)).on_conflict_replace().execute()
    rows = [_track_values(record) for record in records if isinstance(record, TrackRecord)]
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        _Tracks.insert_many(rows[at : at + _ROWS_AT_ONCE]).on_conflict_replace().execute()
    for number, line in lines:
        row = {"job": job, "number": number, "at": line.when, "level": line.level, "text": line.text}
        _Lines.insert(**row).on_conflict_replace().execute()
    if lines:
        last = lines[-1][0]
        _Lines.delete().where((_Lines.job == job) & (_Lines.number <= last - LINES_MAX)).execute()


def delete(job: int) -> None:
    """Takes a job and all that is kept of it away."""
    _Jobs.delete().where(_Jobs.id == job).execute()


def reorder(jobs: Sequence[int]) -> None:
    """Writes the order of work."""
    for position, job in enumerate(jobs):
        _Jobs.update(position=position).where(_Jobs.id == job).execute()


# -- one row ---------------------------------------------------------------------------------------------------


def _job(row: Any) -> JobRecord:
    return JobRecord(
        job=row.id,
        spec=msgspec.json.decode(bytes(row.spec), type=Spec),
        title=row.title,
        phase=Phase(row.phase),
        reason=row.reason,
        position=row.position,
        attempts=row.attempts,
        expanded=row.expanded,
        retry_at=row.retry_at,
        added=row.added,
        updated=row.updated,
    )


def _job_values(record: JobRecord) -> dict[str, Any]:
    values = msgspec.structs.asdict(record)
    values["id"] = values.pop("job")
    return values | {"spec": msgspec.json.encode(record.spec), "phase": record.phase.value}


def _release(row: Any) -> ReleaseRecord:
    return ReleaseRecord(
        job=row.job_id,
        index=row.place,
        mbid=row.mbid,
        group=row.release_group,
        title=row.title,
        artist=row.artist,
        date=row.date,
        phase=Phase(row.phase),
        reason=row.reason,
        holders=row.holders,
        publishers=row.publishers,
        estimate=row.estimate,
        body=bytes(row.body),
    )


def _release_values(record: ReleaseRecord) -> dict[str, Any]:
    values = msgspec.structs.asdict(record)
    values["place"], values["release_group"] = values.pop("index"), values.pop("group")
    return values | {"phase": record.phase.value}


def _track(row: Any) -> TrackRecord:
    return TrackRecord(
        job=row.job_id,
        key=row.number,
        index=row.release_place,
        release=row.release_mbid,
        recording=row.recording,
        place=row.place,
        disc=row.disc,
        position=row.position,
        title=row.title,
        artist=row.artist,
        length=row.length,
        phase=TrackPhase(row.phase),
        reason=row.reason,
        content=bytes(row.content),
        size=row.size,
        variant=row.variant,
        canonical=row.canonical,
        candidates=row.candidates,
        why=row.why,
        path=os.fsdecode(bytes(row.path)),
        tried=_names(row.tried),
        begun=_names(row.begun),
        backend=row.backend,
        user=bytes(row.user).decode("utf-8", "surrogatepass"),
    )


def _track_values(record: TrackRecord) -> dict[str, Any]:
    values = msgspec.structs.asdict(record)
    values["number"], values["release_place"] = values.pop("key"), values.pop("index")
    values["release_mbid"] = values.pop("release")
    return values | {
        "phase": record.phase.value,
        "path": os.fsencode(record.path),
        "tried": b"".join(map(_marked, record.tried)),
        "begun": b"".join(map(_marked, record.begun)),
        "user": record.user.encode("utf-8", "surrogatepass"),
    }


def _marked(name: bytes) -> bytes:
    return _LEGACY + name if is_legacy(name) else name


def _names(raw: Any) -> tuple[bytes, ...]:
    data = bytes(raw)
    names = (data[at : at + CONTENT_BYTES] for at in range(0, len(data), CONTENT_BYTES))
    return tuple(name.removeprefix(_LEGACY) for name in names)


def _level(text: str) -> LineLevel:
    levels: dict[str, LineLevel] = {"good": "good", "warn": "warn", "error": "error"}
    return levels.get(text, "info")
