"""Jobs as the engine shows them to the command line, as JSON and as lines for people."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import msgspec

from slskmesh.cli.output import size_text
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.job_views import JobReleaseView, JobRowView, JobsView, TrackView
from slskmesh.errors import SlskmeshError

LOOK_TIMEOUT: Final = 15.0  # seconds for the engine to show its jobs


def jobs_of(console: Console) -> tuple[JobRowView, ...]:
    """All jobs as the engine shows them now."""
    try:
        return console.wait_view(JobsView, lambda view: view is not None, LOOK_TIMEOUT, "the jobs").jobs
    except TimedOut:
        raise SlskmeshError("the engine shows no list of jobs") from None


def next_jobs(console: Console, timeout: float | None) -> tuple[JobRowView, ...]:
    """All jobs once the engine shows them anew, or after `timeout` seconds (None: never) as they are."""
    seen = console.latest(JobsView)
    with contextlib.suppress(TimedOut):
        console.wait_for(lambda: console.latest(JobsView) is not seen, timeout, "a change of the jobs")
    return jobs_of(console)


def job_fields(row: JobRowView) -> dict[str, Any]:
    """A job as JSON."""
    return fields_of(row)


def job_text(row: JobRowView) -> str:
    """A job as one line for people."""
    tracks = f"{row.tracks_done}/{row.tracks_total} tracks" if row.tracks_total else ""
    size = f"{size_text(row.bytes_done)} of {size_text(row.bytes_total)}" if row.bytes_total else ""
    rate = f"{size_text(row.rate)}/s" if row.rate else ""
    facts = "  ".join(part for part in (tracks, size, rate, row.reason) if part)
    return f"#{row.job}  {row.phase.value:9s}  {row.title or row.target}  {facts}".rstrip()


def release_text(release: JobReleaseView) -> str:
    """A release of a job as one line for people."""
    tracks = f"{release.tracks_done}/{release.tracks_total}"
    return (
        f"  {release.phase.value:9s} {tracks}  {release.artist} - {release.title}  {release.reason}".rstrip()
    )


def track_text(track: TrackView) -> str:
    """A track of a job as one line for people."""
    facts = "  ".join(part for part in (track.variant, track.reason, track.path) if part)
    return f"  {track.phase:9s} {track.disc}.{track.position:02d}  {track.title}  {facts}".rstrip()


def fields_of(view: msgspec.Struct) -> dict[str, Any]:
    """A view as JSON."""
    fields = msgspec.to_builtins(view)
    assert isinstance(fields, dict)
    return fields
