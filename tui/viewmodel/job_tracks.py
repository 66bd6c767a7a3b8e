"""One job in detail: its tracks, its releases, its plan with reasons, its timeline.

Rules: a track's state is its word, with the reason behind it; a choice shows why; a line too long for the box goes on
in the next one, only events (200 at most) are wrapped, lists are cut and shown whole by enter.
"""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.job_views import JobPhase, JobReleaseView, JobRowView, JobView, LineView, TrackView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import clock, count, length, percent, plural, rate, size, wall
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.jobs import PHASE_ROLES, bar_text, why
from tui.viewmodel.spans import Line, wrap

TABS = ("tracks", "plan", "events")
TRACK_ROLES = {
    "wanted": "dim",
    "no source": "warn",
    "queued": "dim",
    "transfer": "good",
    "verifying": "accent",
    "done": "text",
    "have": "text",
    "skipped": "faint",
    "failed": "bad",
}
LEVEL_ROLES = {"info": "text", "good": "good", "warn": "warn", "error": "bad"}
BAR = 10
OPTIONS_LINES = 3


def place(track: TrackView) -> str:
    """ "04", "2.04" on later discs."""
    return f"{track.disc}.{track.position:02}" if track.disc > 1 else f"{track.position:02}"


def variant(track: TrackView) -> str:
    """ "canon FLAC 16/44.1", empty while none is chosen."""
    if not track.variant:
        return ""
    return f"{'canon' if track.canonical else 'alt'} {track.variant}"


def state(track: TrackView, again: float | None) -> str:
    """The word and the reason: "no source; next try 4:12". `again`: seconds until the job is tried again."""
    text = f"{track.phase}: {track.reason}" if track.reason else track.phase
    if track.phase == "no source" and again is not None:
        text += f"; next try {clock(again)}"
    return text


def next_try(row: JobRowView | None, now: float) -> float | None:
    """Seconds until a waiting job is tried again."""
    if row is None or row.phase is not JobPhase.WAITING or row.retry_at is None:
        return None
    return max(0.0, row.retry_at - now)


def track_columns(glyphs: Glyphs, again: float | None) -> tuple[Column[TrackView], ...]:
    """The tracks of a job."""

    def bar(track: TrackView) -> Cell:
        whole = track.phase in {"done", "have"}
        text = bar_text(1 if whole else track.done, 1 if whole else track.size, BAR, glyphs)
        return Cell(text, TRACK_ROLES.get(track.phase, "text"))

    def told(track: TrackView) -> Cell:
        return Cell(state(track, again), TRACK_ROLES.get(track.phase, "text"))

    return (
        Column("no.", 4, place, right=True),
        Column("track", 14, lambda track: str(track.title), weight=3),
        Column("len", 5, lambda track: Cell(length(track.length), "dim"), right=True, level=90),
        Column("variant", 18, lambda track: Cell(variant(track), "accent" if track.canonical else "text")),
        Column("chunks", BAR, bar, copy=lambda track: percent(track.done, track.size).strip()),
        Column("src", 3, lambda track: str(track.sources or ""), right=True),
        Column("rate", 7, lambda t: rate(t.rate) if t.rate >= 1 else "", right=True, level=90),
        Column("state", 10, told, weight=2),
    )


def release_columns(glyphs: Glyphs) -> tuple[Column[JobReleaseView], ...]:
    """The releases of a discography or crate."""

    def bar(release: JobReleaseView) -> Cell:
        whole = release.phase is JobPhase.DONE
        part, all_of = (1, 1) if whole else (release.tracks_done, release.tracks_total)
        return Cell(bar_text(part, all_of, BAR, glyphs), PHASE_ROLES[release.phase])

    def told(release: JobReleaseView) -> Cell:
        reason = f": {release.reason}" if release.reason else ""
        return Cell(f"{release.phase.value}{reason}", PHASE_ROLES[release.phase])

    return (
        Column("year", 4, lambda r: str(r.year or "")),
        Column("release", 16, lambda r: str(r.title), weight=3),
        Column("artist", 10, lambda r: Cell(str(r.artist), "dim"), weight=2, level=90),
        Column("progress", BAR, bar, copy=lambda r: percent(r.tracks_done, r.tracks_total).strip()),
        Column(
            "tracks", 6, lambda r: f"{r.tracks_done}/{r.tracks_total}" if r.tracks_total else "", right=True
        ),
        Column("state", 11, told, weight=2),
    )


def plan_columns() -> tuple[Column[TrackView], ...]:
    """The plan: for each track what was chosen and why."""

    def reason(track: TrackView) -> Cell:
        if track.variant or track.content:
            return Cell(str(track.why), "text")
        return Cell(str(track.why) or str(track.reason) or track.phase, "warn")

    return (
        Column("no.", 4, place, right=True),
        Column("track", 14, lambda track: str(track.title), weight=2),
        Column("of", 3, lambda track: str(track.candidates or ""), right=True),
        Column("variant", 18, lambda track: Cell(variant(track), "accent" if track.canonical else "text")),
        Column("why", 16, reason, weight=5),
    )


def holders(publishers: int, found: int, estimate: int) -> str:
    """ "4 hold it, the table names 6, about 9 by sketches"."""
    if not (publishers or found or estimate):
        return "nobody is known to hold it yet"
    return f"{count(found)} hold it, the table names {count(publishers)}, about {count(estimate)} by sketches"


def _options(view: JobView, cells: int) -> list[Line]:
    """What the job is and on which conditions, in at most OPTIONS_LINES lines; the last is cut by the box."""
    row = view.row
    lead = len(row.kind) + 2
    parts = wrap(str(view.options), max(20, cells - lead))
    parts[OPTIONS_LINES - 1 :] = [" ".join(parts[OPTIONS_LINES - 1 :])] if len(parts) >= OPTIONS_LINES else []
    lines: list[Line] = [[(row.kind, "bold"), ("  ", "dim"), (parts[0], "dim")]]
    lines += [[(" " * lead, "dim"), (part.strip(), "dim")] for part in parts[1:]]
    if row.requested_by:
        lines[-1].append((f"  for {row.requested_by}", "accent"))
    return lines


def head(view: JobView, now: float, cells: int) -> list[Line]:
    """The lines above every tab, `cells` wide: what the job is, where it stands."""
    row = view.row
    second: Line = [(f"{row.phase.value}: ", PHASE_ROLES[row.phase]), (why(row, now), "text")]
    if row.tracks_failed:
        second.append((f"  {plural(row.tracks_failed, 'track')} failed", "bad"))
    return [*_options(view, cells), second]


def plan_head(view: JobView, cells: int) -> list[Line]:
    """The lines above the plan: the job and its holders."""
    row = view.row
    return [
        *_options(view, cells),
        [("holders: ", "dim"), (holders(row.publishers, row.holders, row.estimate), "text")],
    ]


def event_lines(lines: Sequence[LineView], cells: int) -> list[Line]:
    """The timeline, newest first, each line whole."""
    out: list[Line] = []
    for line in reversed(lines):
        parts = wrap(str(line.text), max(20, cells - 15), 8)
        for at, part in enumerate(parts):
            lead = f"{wall(line.when, seconds=True)} {line.level:<5} " if at == 0 else " " * 15
            out.append([(lead, "dim"), (part, LEVEL_ROLES.get(line.level, "text"))])
    return out


def tabs(on: str) -> str:
    """The right-hand title of the box: which tab is open."""
    return "  ".join(f"[{tab}]" if tab == on else tab for tab in TABS)


def wanted(view: JobView, release: str) -> list[TrackView]:
    """The tracks of one release of the job (empty text: of all)."""
    return [track for track in view.tracks if not release or track.release == release]


def words_of(track: TrackView) -> str:
    """What a filter looks at."""
    return f"{track.title} {track.artist} {track.phase} {track.reason} {track.variant}".casefold()


def details(track: TrackView, again: float | None) -> list[Line]:
    """One track in words."""
    rows = [
        ("track", f"{place(track)} {track.title}", "bold"),
        ("artist", str(track.artist), "text"),
        ("state", state(track, again), TRACK_ROLES.get(track.phase, "text")),
        ("variant", variant(track) or "none chosen", "text"),
        ("why", str(track.why), "text"),
        ("choice", f"of {plural(track.candidates, 'candidate')}", "text"),
        ("have", f"{size(track.done)} of {size(track.size)}, {plural(track.sources, 'source')}", "text"),
        ("content", track.content or "not chosen", "text"),
        ("MBID", track.recording, "text"),
        ("file", str(track.path) or "not finished", "text"),
    ]
    return [[(f"{label:<9}", "dim"), (text, role)] for label, text, role in rows if text]
