"""Transfers of the Soulseek network in the database: plain functions for its thread, values in and out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, NamedTuple

import peewee

from slskmesh.store.models.legacy import LegacyDownloadRow, LegacyTallyRow

TALLIES_MAX: Final = 1_000  # users; the ones not met for longest are forgotten
ALL: Final = ""  # the name the sums of all users are kept under


class DownloadRecord(NamedTuple):
    """One download as it is kept; see the row."""

    key: bytes
    user: str
    path: str
    size: int
    folder: str
    batch: str
    state: str
    trouble: str
    reason: str
    position: int
    tries: int
    next_at: float | None
    added: float
    finished: float | None
    root: str
    local: str
    stem: str = ""


class Sums(NamedTuple):
    """Bytes and finished files with one user, or with all."""

    received: int = 0
    sent: int = 0
    files_received: int = 0
    files_sent: int = 0
    last: float = 0.0  # Unix seconds

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(
            self.received + other.received,
            self.sent + other.sent,
            self.files_received + other.files_received,
            self.files_sent + other.files_sent,
            max(self.last, other.last),
        )


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return bytes(raw).decode("utf-8", "surrogatepass")


def load() -> list[DownloadRecord]:
    """All downloads in their order."""
    query = LegacyDownloadRow.select().order_by(LegacyDownloadRow.position, LegacyDownloadRow.added)
    return [_record(row) for row in query]


def _record(row: LegacyDownloadRow) -> DownloadRecord:
    return DownloadRecord(
        key=bytes(row.key),
        user=_text(row.user),
        path=_text(row.path),
        size=row.size,
        folder=row.folder,
        batch=row.batch,
        state=row.state,
        trouble=row.trouble,
        reason=row.reason,
        position=row.position,
        tries=row.tries,
        next_at=row.next_at,
        added=row.added,
        finished=row.finished,
        root=os.fsdecode(bytes(row.root)),
        local=os.fsdecode(bytes(row.local)),
        stem=row.stem,
    )


def save(records: Sequence[DownloadRecord]) -> None:
    """Adds or replaces downloads, all or none."""
    for record in records:
        values = record._asdict() | {
            "user": _raw(record.user),
            "path": _raw(record.path),
            "root": os.fsencode(record.root),
            "local": os.fsencode(record.local),
        }
        LegacyDownloadRow.insert(**values).on_conflict_replace().execute()


def delete(keys: Sequence[bytes]) -> None:
    """Takes downloads off the list."""
    for key in keys:
        LegacyDownloadRow.delete().where(LegacyDownloadRow.key == key).execute()


def reorder(places: Sequence[tuple[bytes, int]]) -> None:
    """Writes new positions."""
    for key, position in places:
        LegacyDownloadRow.update(position=position).where(LegacyDownloadRow.key == key).execute()


def load_tally() -> dict[str, Sums]:
    """Sums by user, those of all under `ALL`."""
    return {
        _text(row.user): Sums(row.received, row.sent, row.files_received, row.files_sent, row.last)
        for row in LegacyTallyRow.select()
    }


def add_tally(more: Sequence[tuple[str, Sums]]) -> None:
    """Adds to the sums; users beyond TALLIES_MAX not met for longest are forgotten."""
    for user, sums in more:
        row = LegacyTallyRow.get_or_none(LegacyTallyRow.user == _raw(user))
        there = (
            Sums(row.received, row.sent, row.files_received, row.files_sent, row.last)
            if row is not None
            else Sums()
        )
        values = there.plus(sums)._asdict()
        LegacyTallyRow.insert(user=_raw(user), **values).on_conflict_replace().execute()
    keep = (
        LegacyTallyRow.select(LegacyTallyRow.user)
        .where(LegacyTallyRow.user != b"")
        .order_by(peewee.SQL("last DESC, user"))
        .limit(TALLIES_MAX)
    )
    LegacyTallyRow.delete().where((LegacyTallyRow.user != b"") & LegacyTallyRow.user.not_in(keep)).execute()
