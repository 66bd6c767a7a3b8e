"""Which legacy download is finished by which download from peers, in the database: plain functions for its thread."""

from __future__ import annotations

from slskmesh.store.models.capture import RescueLink


def load() -> list[tuple[bytes, bytes]]:
    """(key of the legacy download, content) of all links."""
    return [(bytes(row.legacy), bytes(row.content)) for row in RescueLink.select()]


def save(key: bytes, content: bytes) -> None:
    """Adds or replaces one."""
    RescueLink.insert(legacy=key, content=content).on_conflict_replace().execute()


def delete(key: bytes) -> None:
    """Forgets one."""
    RescueLink.delete().where(RescueLink.legacy == key).execute()
