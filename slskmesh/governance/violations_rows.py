"""Breaches and bans on disk. Functions for the database thread: they take and return values, never models."""

from __future__ import annotations

from typing import Any

import msgspec

from slskmesh.governance.violations import OFFENDERS_MAX, Offender
from slskmesh.store.models.violations import Violator

_ROWS_MAX = 2 * OFFENDERS_MAX


def load_offenders() -> list[Offender]:
    """The latest offenders, no more than the tables hold; older rows are deleted."""
    kept = Violator.select(Violator.name).order_by(Violator.at.desc()).limit(_ROWS_MAX)
    Violator.delete().where(Violator.name.not_in(kept)).execute()
    rows: Any = Violator.select().tuples()
    return [
        Offender(name, *msgspec.json.decode(recent, type=tuple[list[float], list[str]]), *rest)
        for name, recent, *rest in rows
    ]


def save_offenders(changed: list[Offender]) -> None:
    """Writes offenders."""
    table: Any = Violator  # peewee's query builders are not annotated
    for one in changed:
        table.replace(
            name=one.name,
            recent=msgspec.json.encode((one.recent, one.keys)).decode(),
            bans=one.bans,
            until=one.until,
            kind=one.kind,
            at=one.at,
        ).execute()
