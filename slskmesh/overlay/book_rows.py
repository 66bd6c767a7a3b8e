"""The peer book on disk. Functions for the database thread: they take and return values, never models."""

from __future__ import annotations

from typing import Any

from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.book import BOOK_MAX, Entry
from slskmesh.store.models.peers import KnownPeer


def load_book() -> list[Entry]:
    """All entries, newest first, no more than the book holds."""
    rows: Any = KnownPeer.select().order_by(KnownPeer.last_seen.desc()).limit(BOOK_MAX).tuples()
    return [
        Entry(
            peer=PeerId(bytes(key)),
            name=name,
            addresses=addresses.split("\n") if addresses else [],
            dial=bool(dial),
            fails=fails,
            last_seen=seen,
            found=bool(found),
        )
        for key, name, addresses, dial, fails, _next_try, seen, found in rows
    ]


def save_book(changed: list[Entry], removed: list[PeerId]) -> None:
    """Writes entries and takes others out."""
    table: Any = KnownPeer  # peewee's query builders are not annotated
    for entry in changed:
        table.replace(
            key=entry.peer,
            name=entry.name,
            addresses="\n".join(entry.addresses),
            dial=entry.dial,
            fails=entry.fails,
            next_try=entry.next_try,
            last_seen=entry.last_seen,
            found=entry.found,
        ).execute()
    for peer in removed:
        KnownPeer.delete().where(KnownPeer.key == peer).execute()
