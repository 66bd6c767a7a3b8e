"""Rows of the Jobs list: columns, order, filter, and the words for where a job stands.

Rules: every phase is told by its word, colour only adds to it; a job that waits or failed shows its reason and when it
is tried again; a job is never shown as whole before its phase says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from slskmesh.engine.job_views import JobPhase, JobRowView, JobView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import UNKNOWN, clock, count, percent, plural, rate, size
from tui.viewmodel.glyphs import Glyphs

PHASE_ROLES = {
    JobPhase.QUEUED: "dim",
    JobPhase.PLANNING: "accent",
    JobPhase.RUNNING: "good",
    JobPhase.WAITING: "warn",
    JobPhase.PAUSED: "dim",
    JobPhase.DONE: "text",
    JobPhase.FAILED: "bad",
    JobPhase.CANCELLED: "dim",
}
OVER = frozenset({JobPhase.DONE, JobPhase.CANCELLED, JobPhase.FAILED})
CAN_PAUSE = frozenset({JobPhase.QUEUED, JobPhase.PLANNING, JobPhase.RUNNING, JobPhase.WAITING})
CAN_RETRY = frozenset({JobPhase.WAITING, JobPhase.FAILED, JobPhase.RUNNING, JobPhase.CANCELLED})
BUSY = frozenset({JobPhase.PLANNING, JobPhase.RUNNING})
_URGENCY = (
    JobPhase.FAILED,
    JobPhase.WAITING,
    JobPhase.RUNNING,
    JobPhase.PLANNING,
    JobPhase.QUEUED,
    JobPhase.PAUSED,
    JobPhase.DONE,
    JobPhase.CANCELLED,
)
WORK = "work"  # the order in which the engine works
_RANKS: dict[str, Callable[[JobRowView], Any]] = {
    "state": lambda row: _URGENCY.index(row.phase),
    "target": lambda row: row.title.casefold(),
    "type": lambda row: row.kind,
    "progress": lambda row: -share(row),
    "rate": lambda row: -row.rate,
    "newest": lambda row: -row.added,
}
SORTS = (WORK, *_RANKS)


def progress(row: JobRowView) -> tuple[float, float]:
    """(part, whole) of a job: bytes where one release's are known, else tracks, else releases."""
    if row.phase is JobPhase.DONE:
        return 1, 1
    if row.bytes_total and row.kind == "mb_release":
        part, whole = row.bytes_done, row.bytes_total
    elif row.tracks_total:
        part, whole = row.tracks_done, row.tracks_total
    else:
        part, whole = row.releases_done, row.releases_total
    return (min(part, whole * 0.99), whole) if whole else (0, 0)


def share(row: JobRowView) -> float:
    """How much is there, from 0 to 1."""
    part, whole = progress(row)
    return part / whole if whole else 0.0


def bar_text(part: float, whole: float, cells: int, glyphs: Glyphs) -> str:
    """A progress bar as text."""
    full = 0 if whole <= 0 else min(cells, int(part * cells / whole))
    return glyphs.bar_full * full + glyphs.bar_empty * (cells - full)


def until(row: JobRowView, now: float) -> str:
    """When a job is done or goes on, or why it does not, in one cell."""
    match row.phase:
        case JobPhase.RUNNING:
            return clock(row.eta)
        case JobPhase.WAITING if row.retry_at is not None:
            return f"next try {clock(max(0.0, row.retry_at - now))}"
        case JobPhase.DONE | JobPhase.CANCELLED:
            return ""
        case JobPhase.QUEUED | JobPhase.PLANNING:
            return UNKNOWN
    return str(row.reason)


def why(row: JobRowView, now: float) -> str:
    """Why a job stands where it stands, in a sentence."""
    words = str(row.reason)
    if row.phase is JobPhase.WAITING and row.retry_at is not None:
        again = f"next try {clock(max(0.0, row.retry_at - now))}"
        return f"{again}: {words}" if words else again
    return (
        words
        or {
            JobPhase.QUEUED: "waits for its turn",
            JobPhase.PLANNING: "asks MusicBrainz, the table and the holders",
            JobPhase.RUNNING: f"{rate(row.rate)}, {clock(row.eta)} to go",
            JobPhase.WAITING: "nothing can be done now",
            JobPhase.PAUSED: "p goes on",
            JobPhase.DONE: f"{plural(row.tracks_done, 'track')}, {size(row.bytes_done)}",
            JobPhase.FAILED: "r tries again",
            JobPhase.CANCELLED: "finished files stay; r begins again",
        }[row.phase]
    )


def tracks_text(row: JobRowView) -> str:
    """ "19/23", empty while nothing is known."""
    if not row.tracks_total and not row.tracks_done:
        return ""
    return f"{row.tracks_done}/{row.tracks_total}"


def columns(glyphs: Glyphs, now: float, cells: int) -> tuple[Column[JobRowView], ...]:
    """The jobs list in `cells` cells."""
    wide = cells >= 100
    length = 14 if wide else 6

    def bar(row: JobRowView) -> Cell:
        part, whole = progress(row)
        text = f"{bar_text(part, whole, length, glyphs)} {percent(part, whole)}"
        return Cell(text, PHASE_ROLES[row.phase])

    def reason(row: JobRowView) -> Cell:
        words = until(row, now)
        if wide and row.phase in {JobPhase.WAITING, JobPhase.FAILED, JobPhase.PAUSED}:
            words = why(row, now)
        return Cell(words, "dim" if row.phase is not JobPhase.FAILED else "bad")

    return (
        Column("#", 3, lambda row: str(row.job), right=True),
        Column("type", 11, lambda row: Cell(row.kind, "dim")),
        Column("target", 13, lambda row: str(row.title), weight=2),
        Column("progress", length + 5, bar, copy=lambda row: percent(*progress(row)).strip()),
        Column("state", 9, lambda row: Cell(row.phase.value, PHASE_ROLES[row.phase])),
        Column("tracks", 7, tracks_text, right=True),
        Column("eta", 13, reason, weight=3),
        Column("rate", 7, lambda row: rate(row.rate) if row.rate >= 1 else "", right=True, level=90),
        Column("via", 8, lambda row: Cell(row.via, "dim"), level=90),
    )


def words_of(row: JobRowView) -> str:
    """What a filter looks at."""
    return f"{row.title} {row.kind} {row.phase.value} {row.reason} {row.requested_by} #{row.job}".casefold()


def order(rows: Sequence[JobRowView], words: str, sort: str, reverse: bool) -> list[JobRowView]:
    """The jobs with all these words, in this order; jobs that tie stay in the order of work."""
    terms = words.casefold().split()
    shown = [row for row in rows if not terms or all(term in words_of(row) for term in terms)]
    if sort != WORK:
        shown.sort(key=_RANKS[sort])
    if reverse:
        shown.reverse()
    return shown


def summary(rows: Sequence[JobRowView], sort: str, reverse: bool, shown: int, words: str) -> str:
    """The list's right-hand title."""
    if not rows:
        return ""
    phases = [row.phase for row in rows]
    parts = [
        f"{phases.count(phase)} {phase.value}"
        for phase in (JobPhase.RUNNING, JobPhase.PLANNING, JobPhase.WAITING, JobPhase.FAILED, JobPhase.DONE)
        if phase in phases
    ]
    text = f"{', '.join(parts)} of {count(len(rows))}" if parts else plural(len(rows), "job")
    if words:
        text = f"{count(shown)} shown /{words}  {text}"
    return text if sort == WORK and not reverse else f"sort:{sort}{' up' if reverse else ''}  {text}"


def stays(row: JobRowView, view: JobView | None) -> str:
    """What stays on disk and what goes when a job is cancelled or removed, in words."""
    kept = plural(row.tracks_done, "finished file")
    stay = "stay" if row.tracks_done != 1 else "stays"
    if row.phase in {JobPhase.DONE, JobPhase.CANCELLED}:
        return f"{kept} {stay}" if row.tracks_done else "no file is touched"
    lost = 0
    if view is not None and view.row.job == row.job:
        lost = sum(track.done for track in view.tracks if track.phase not in {"done", "have"})
    goes = f"{size(lost)} of unfinished ones" if lost else "unfinished ones"
    return f"{kept} {stay}, {goes} are deleted"
