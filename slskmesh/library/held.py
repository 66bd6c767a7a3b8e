"""Music by MusicBrainz id, and what it sounds like. Functions for the database thread: values in, values out.

Rules:
- Only what is offered is told: files in order, of shares that are listed and there.
- Of files with the same content one is told, the first taken in.
- A variant belongs to a content: it goes when the content goes, and holds for every file with that content.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from slskmesh.library.domain import Domain
from slskmesh.library.manifest import ContentId
from slskmesh.library.rows import (
    SHARED_COLUMNS,
    SHARED_TABLES,
    SHARED_WHERE,
    Holder,
    connection,
    shared_of,
)
from slskmesh.library.variant import AudioVariant, HeldTrack
from slskmesh.store.models.library import FileState

HELD_MAX: Final = 2000  # files told of one release or recording
_AT_ONCE: Final = 500  # SQLite takes a bounded number of parameters a statement
LEFT_MAX: Final = 10_000  # contents counted that wait to be analysed

_FIELDS = (
    "codec", "container", "lossless", "sample_rate", "bit_depth", "channels", "duration", "bitrate", "stream",
    "quality", "reasons",
)  # fmt: skip
_VARIANT_COLUMNS = "variant.content_id, " + ", ".join(f"variant.{field}" for field in _FIELDS)
_HELD = f"""
    SELECT {_VARIANT_COLUMNS}, {SHARED_COLUMNS}
    FROM {SHARED_TABLES} LEFT JOIN audio_variant AS variant ON variant.content_id = content.id
    WHERE file.{{column}} = ? AND file.{{column}} <> '' AND {SHARED_WHERE}
    ORDER BY file.disc, file.track, file.id LIMIT {HELD_MAX}
"""
_OF_RECORDINGS = f"""
    SELECT file.mb_recording, content.content, file.size FROM {SHARED_TABLES}
    WHERE file.mb_recording IN ({{marks}}) AND file.mb_recording <> '' AND {SHARED_WHERE} ORDER BY file.id
"""
_WAITING = f"""
    FROM content INDEXED BY content_to_analyse
    CROSS JOIN shared_file AS file ON file.content_id = content.id
    JOIN share_root AS root ON root.id = file.root_id
    WHERE content.analysed = 0 AND content.id > ? AND {SHARED_WHERE}
"""
_NAMED = f"""
    FROM shared_file AS file INDEXED BY shared_file_{{of}} WHERE file.mb_{{of}} <> ''
    AND file.state = {int(FileState.OFFERED)} AND file.root_id IN (SELECT id FROM share_root WHERE listed AND present)
"""
_COUNT = len(_FIELDS) + 1


class Waiting(NamedTuple):
    """A content that was not analysed yet, with a file that holds it. `id` is the content's row number."""

    id: int
    holder: Holder

    @property
    def is_music(self) -> bool:
        """Whether there is anything to listen to."""
        return self.holder.shared.domain is Domain.MUSIC


def _variant_of(row: Sequence[Any], content: bytes, size: int) -> AudioVariant | None:
    number, codec, container, lossless, rate, depth, channels, duration, bitrate, stream, quality, reasons = (
        row
    )
    if number is None:
        return None
    return AudioVariant(
        ContentId(content), size, codec, container, bool(lossless), rate, depth, channels, duration, bitrate,
        bytes(stream), quality, tuple(reasons.split("\n")) if reasons else (),
    )  # fmt: skip


def _held(column: str, identifier: str) -> list[HeldTrack]:
    found: dict[bytes, HeldTrack] = {}
    for row in connection().execute(_HELD.format(column=column), (identifier,)):
        shared = shared_of(row[_COUNT:])
        if shared.content not in found:
            variant = _variant_of(row[:_COUNT], shared.content, shared.size)
            found[shared.content] = HeldTrack(shared, variant)
    return list(found.values())


def by_release(identifier: str) -> list[HeldTrack]:
    """Offered files whose tags name this release, by disc and track; at most HELD_MAX."""
    return _held("mb_release", identifier)


def by_recording(identifier: str) -> list[HeldTrack]:
    """Offered files whose tags name this recording; at most HELD_MAX."""
    return _held("mb_recording", identifier)


def of_recordings(identifiers: Sequence[str]) -> dict[str, dict[bytes, int]]:
    """For each of these recordings the contents of offered files whose tags name it, and their bytes."""
    found: dict[str, dict[bytes, int]] = {}
    for at in range(0, len(identifiers), _AT_ONCE):
        some = identifiers[at : at + _AT_ONCE]
        query = _OF_RECORDINGS.format(marks=", ".join("?" * len(some)))
        for recording, content, size in connection().execute(query, tuple(some)):
            found.setdefault(recording, {})[bytes(content)] = size
    return found


def _distinct(of: str, after: str, limit: int) -> list[str]:
    query = f"SELECT DISTINCT file.mb_{of} {_NAMED.format(of=of)} AND file.mb_{of} > ? ORDER BY file.mb_{of} LIMIT ?"
    return [identifier for (identifier,) in connection().execute(query, (after, max(0, limit)))]


def releases(after: str, limit: int) -> list[str]:
    """Releases that offered files name, in order, those behind `after`; "" begins."""
    return _distinct("release", after, limit)


def recordings(after: str, limit: int) -> list[str]:
    """Recordings that offered files name, in order, those behind `after`; "" begins."""
    return _distinct("recording", after, limit)


def counts() -> tuple[int, int]:
    """How many different releases and recordings offered files name."""
    query = "SELECT count(*) FROM (SELECT DISTINCT file.mb_{of} " + _NAMED + ")"
    (release,) = connection().execute(query.format(of="release")).fetchone()
    (recording,) = connection().execute(query.format(of="recording")).fetchone()
    return release, recording


# -- variants --------------------------------------------------------------------------------------------------


def waiting(after: int, limit: int) -> list[Waiting]:
    """Contents with an offered file that nobody analysed yet, by row number, those behind `after`."""
    query = (
        f"SELECT content.id, file.id, file.stamp, {SHARED_COLUMNS} {_WAITING}"
        " GROUP BY content.id ORDER BY content.id LIMIT ?"
    )
    return [
        Waiting(number, Holder(file, bytes(stamp), shared_of(rest)))
        for number, file, stamp, *rest in connection().execute(query, (after, max(0, limit)))
    ]


def left(after: int) -> int:
    """How many `waiting` would tell behind `after`; counting stops at LEFT_MAX."""
    query = f"SELECT count(*) FROM (SELECT 1 {_WAITING} GROUP BY content.id LIMIT {LEFT_MAX})"
    (number,) = connection().execute(query, (after,)).fetchone()
    return int(number)


def pass_over(numbers: Sequence[int]) -> None:
    """These contents are no audio: there is nothing to analyse."""
    connection().executemany("UPDATE content SET analysed = 1 WHERE id = ?", [(n,) for n in numbers])


def put_variant(number: int, variant: AudioVariant) -> None:
    """Writes what the content of this row sounds like. A content that has gone since is left alone."""
    cursor = connection()
    if not cursor.execute("UPDATE content SET analysed = 1 WHERE id = ?", (number,)).rowcount:
        return
    values = [getattr(variant, field) for field in _FIELDS[:-1]]
    cursor.execute(
        f"INSERT OR REPLACE INTO audio_variant (content_id, {', '.join(_FIELDS)})"
        f" VALUES ({', '.join('?' * _COUNT)})",
        (number, *values, "\n".join(variant.reasons)),
    )


def variant(content: bytes) -> AudioVariant | None:
    """What a content sounds like, None where it was not analysed."""
    query = (
        f"SELECT content.size, {_VARIANT_COLUMNS} FROM content"
        " JOIN audio_variant AS variant ON variant.content_id = content.id WHERE content.content = ?"
    )
    row = connection().execute(query, (content,)).fetchone()
    return _variant_of(row[1:], content, row[0]) if row else None
