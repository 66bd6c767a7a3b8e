"""Why a download does not get on, in a sentence a person understands. Pure: it only reads."""

from __future__ import annotations

from slskmesh.swarm.source import Row, Source
from slskmesh.swarm.state import SourceState
from slskmesh.swarm.transfer import Transfer


def stall_reason(transfer: Transfer, now: float) -> str:
    """Why nothing is on its way, empty if something is."""
    picker = transfer.picker
    if picker.busy or picker.finished:
        return ""
    sources = transfer.sources
    if not sources:
        return "no connected peer has this file"
    if transfer.awaits_turn():
        return ""
    gaps = transfer.part.space.walk(picker.unreachable())
    first = next(gaps, None)
    open_to_us = [s for i, s in sources.items() if not s.choked and not picker.barred_for(i, now)]
    if open_to_us and first is not None:
        more = sum(1 for _ in gaps)
        return f"no source has chunk {first}" + (f" and {more} more" if more else "")
    waiting = [s for s in sources.values() if s.choked]
    if len(waiting) == len(sources):
        places = [s.place for s in waiting if s.place]
        place = f"; best place in a queue: {min(places)}" if places else ""
        who = "the only source chokes" if len(sources) == 1 else f"all {len(sources)} sources choke"
        return f"{who} us{place}"
    silent = [picker.barred_for(i, now) for i in sources if picker.barred_for(i, now)]
    if silent and not open_to_us:
        return f"{len(silent)} of {len(sources)} sources do not answer; next try in {min(silent):.0f} s"
    return "the sources that would send have nothing we miss"


def source_state(row: Row, source: Source | None, transfer: Transfer | None, now: float) -> SourceState:
    """The row as people see it."""
    live = source is not None and transfer is not None and transfer.sources.get(row.index) is source
    in_flight = transfer.picker.in_flight(row.index) if live and transfer is not None else 0
    return SourceState(
        letter=row.letter,
        peer=row.peer,
        state=_words(row, source, transfer if live else None, in_flight, now),
        rate=row.rate.value(now) if source is not None or row.user else 0.0,
        received=row.received,
        chunks=row.chunks,
        bad=row.bad,
        rtt=source.session.rtt if source is not None else None,
        in_flight=in_flight,
        has=source.bits.bit_count() if source is not None else row.chunks if row.user else 0,
        user=row.user,
    )


def _words(row: Row, source: Source | None, transfer: Transfer | None, in_flight: int, now: float) -> str:
    if row.user:
        return row.gone or "waits"
    if transfer is None and row.banned:
        return f"banned: {row.banned}"
    if source is None:
        return row.gone or "gone"
    if transfer is None:
        return "joined"
    if in_flight:
        return "slow" if transfer.picker.is_slow(row.index) else "active"
    wait = transfer.picker.barred_for(row.index, now)
    if wait:
        return f"silent, again in {wait:.0f} s"
    if source.choked:
        return f"choked, place {source.place}" if source.place else "choked"
    return "complete" if source.bits == transfer.part.space.full else "partial"
