"""`slskmesh jobs add|list|show|pause|resume|retry|cancel|remove|move`.

JSON:
- a job: {"job", "kind", "title", "phase", "reason", "target", "releases_total", "releases_done", "tracks_total",
  "tracks_done", "tracks_failed", "bytes_total", "bytes_done", "rate", "eta", "retry_at", "holders", "publishers",
  "estimate", "added", "updated", "via", "requested_by"};
- add: {"added": true, "job", "kind", "target"}, with --wait followed by the lines of `job_run`;
- show: the job with "type": "job" and "options", then lines with "type" "release", "track" and "line";
- the others: {"job", "did", "text"}.
Sizes in bytes, rates in bytes per second, times in Unix seconds.
"""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from slskmesh.cli.engine_run import running
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.commands import AddJob, Command, WatchJob
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.job_views import JobReleaseView, JobRowView, JobsView, JobView, TrackView
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.mbid import find_mbid, is_mbid

KINDS: Final = {"release": "mb_release", "discography": "discography", "crate": "label_crate"}
_TARGETS: Final = {"release": "release", "discography": "artist", "crate": "label"}
_TRACKS_MAX: Final = 2000
_RANGE: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_LOOK_TIMEOUT: Final = 15.0  # seconds for the engine to show its jobs


def check_target(kind: str, text: str) -> str:
    """The identifier in `text`. UserError: there is none, or the address is of another kind of page."""
    said, target = find_mbid(text)
    if said not in ("", _TARGETS[kind]):
        raise UserError(f"this is a page of kind {said}; a {kind} job needs one of kind {_TARGETS[kind]}")
    return target


def read_tracks(text: str) -> tuple[int | str, ...]:
    """Places in a release and recording ids from "1,3-5,ID"; empty for all. UserError."""
    found: list[int | str] = []
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        span = _RANGE.fullmatch(part)
        if is_mbid(part):
            found.append(part)
        elif span is not None and 1 <= int(span[1]) <= int(span[2] or span[1]):
            found += range(int(span[1]), int(span[2] or span[1]) + 1)
        else:
            raise UserError(
                f"--tracks: “{part}” is neither a place (1), nor a range (3-5), nor a recording's id"
            )
        if len(found) > _TRACKS_MAX:
            raise UserError(f"--tracks: more than {_TRACKS_MAX} tracks")
    return tuple(dict.fromkeys(found))


def add_job(home: Path, job: AddJob, patience: float | None, wait: bool, out: Output) -> int:
    """Adds a job; with `wait` works on it as `job_run.follow` says. Returns the exit code."""
    from slskmesh.cli.job_run import TABLE_TIMEOUT, follow
    from slskmesh.cli.resolve import wait_for_table

    with running(home) as console:
        if wait:
            wait_for_table(console, TABLE_TIMEOUT)
        number = int(console.ask(job).value)
        fields = {"added": True, "job": number, "kind": job.kind, "target": job.target}
        out.row(
            fields, f"job {number} is in the list" + ("" if wait else "; `slskmesh jobs run` works on it")
        )
        return follow(console, [number], patience, out) if wait else 0


def list_jobs(home: Path, watch: bool, out: Output) -> None:
    """Prints every job, with `watch` again whenever one changed, until a signal."""
    with running(home) as console:
        rows = jobs_of(console)
        for row in rows:
            out.row(job_fields(row), job_text(row))
        if not rows:
            out.say("no jobs")
        told = {row.job: row for row in rows}
        while watch:
            for row in next_jobs(console, None):
                if told.get(row.job) != row:
                    out.row(job_fields(row), job_text(row))
                told[row.job] = row


def show_job(home: Path, job: int, out: Output) -> None:
    """Prints a job with its releases, tracks and timeline. SlskmeshError: there is none of this number."""
    with running(home) as console:
        if not any(row.job == job for row in jobs_of(console)):
            raise SlskmeshError(f"there is no job {job}")
        console.post(WatchJob(job))
        view = console.wait_view(JobView, lambda v: v.row.job == job, _LOOK_TIMEOUT, f"job {job}")
    head = {"type": "job", **job_fields(view.row), "options": view.options}
    out.row(head, "\n".join(filter(None, (job_text(view.row), view.options))))
    for release in view.releases:
        out.row({"type": "release", **_fields(release)}, release_text(release))
    for track in view.tracks:
        out.row({"type": "track", **_fields(track)}, track_text(track))
    for line in view.lines:
        when = time.strftime("%d %b %H:%M:%S", time.localtime(line.when))
        out.row({"type": "line", **_fields(line)}, f"  {when}  {line.text}")


def tell_job(home: Path, job: int, did: str, command: Command, out: Output) -> None:
    """Has the engine do something with a job. Refused with the engine's words."""
    with running(home) as console:
        text = str(console.ask(command).text)
    out.row({"job": job, "did": did, "text": text}, text or f"job {job}: {did}")


def read_step(text: str) -> int:
    """ "+2" or "-1" as a number. UserError."""
    if re.fullmatch(r"[+-]?\d{1,6}", text, re.ASCII) is None or int(text) == 0:
        raise UserError(f"“{text}” is not a number of places: -1 is one earlier, +2 two later")
    return int(text)


def jobs_of(console: Console) -> tuple[JobRowView, ...]:
    """All jobs as the engine shows them now."""
    try:
        return console.wait_view(JobsView, lambda view: view is not None, _LOOK_TIMEOUT, "the jobs").jobs
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
    return _fields(row)


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


def _fields(view: msgspec.Struct) -> dict[str, Any]:
    fields = msgspec.to_builtins(view)
    assert isinstance(fields, dict)
    return fields
