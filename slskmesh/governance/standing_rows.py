"""Standings on disk. Functions for the database thread: they take and return values, never models."""

from __future__ import annotations

from typing import Any

from slskmesh.governance.standing import STANDINGS_MAX, Record
from slskmesh.identity.peerid import PeerId
from slskmesh.store.models.peers import PeerStanding


def load_standings() -> list[Record]:
    """All standings; the person's marks first, then the newest, no more than the table holds."""
    order = ((PeerStanding.blocked | PeerStanding.trusted).desc(), PeerStanding.score_at.desc())
    rows: Any = PeerStanding.select().order_by(*order).limit(STANDINGS_MAX).tuples()
    return [
        Record(PeerId(bytes(key)), bool(trusted), bool(blocked), *rest)
        for key, trusted, blocked, *rest in rows
    ]


def save_standings(changed: list[Record]) -> None:
    """Writes records."""
    table: Any = PeerStanding  # peewee's query builders are not annotated
    for record in changed:
        table.replace(
            key=record.peer,
            trusted=record.trusted,
            blocked=record.blocked,
            score=record.score,
            score_at=record.score_at,
            good_chunks=record.good_chunks,
            bad_chunks=record.bad_chunks,
            last_bad=record.last_bad,
            no_data_until=record.no_data_until,
            received=record.received,
            sent=record.sent,
        ).execute()
