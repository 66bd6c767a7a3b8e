"""The list of downloads in the database: plain functions for the database thread, values in and out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from slskmesh.store.models.transfers import TransferRow


class Record(NamedTuple):
    """One download as it is kept. `state` is "queued", "paused", "failed" or "done"."""

    content: bytes
    name: str
    folder: str
    size: int
    state: str
    reason: str
    position: int
    added: float
    finished: float | None
    path: str
    root: str  # the downloads folder it began in; empty before that
    group: str = ""  # what it shares a rate limit with; empty for none


def load() -> list[Record]:
    """All downloads in queue order."""
    query = TransferRow.select().order_by(TransferRow.position, TransferRow.added)
    return [_record(row) for row in query]


def _record(row: TransferRow) -> Record:
    return Record(
        content=bytes(row.content),
        name=row.name,
        folder=row.folder,
        size=row.size,
        state=row.state,
        reason=row.reason,
        position=row.position,
        added=row.added,
        finished=row.finished,
        path=os.fsdecode(bytes(row.path)),
        root=os.fsdecode(bytes(row.root)),
        group=row.group,
    )


def save(record: Record) -> None:
    """Adds or replaces one download."""
    values = record._asdict() | {"path": os.fsencode(record.path), "root": os.fsencode(record.root)}
    TransferRow.insert(**values).on_conflict_replace().execute()


def delete(content: bytes) -> None:
    """Takes one off the list."""
    TransferRow.delete().where(TransferRow.content == content).execute()


def reorder(contents: Sequence[bytes]) -> None:
    """Writes the queue order."""
    for position, content in enumerate(contents):
        TransferRow.update(position=position).where(TransferRow.content == content).execute()
