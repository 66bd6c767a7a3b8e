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

import re
import time
from pathlib import Path
from typing import Final

from slskmesh.cli.engine_run import running
from slskmesh.cli.job_words import (
    LOOK_TIMEOUT,
    fields_of,
    job_fields,
    job_text,
    jobs_of,
    next_jobs,
    release_text,
    track_text,
)
from slskmesh.cli.output import Output
from slskmesh.engine.commands import AddJob, Command, WatchJob
from slskmesh.engine.job_views import JobView
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.mbid import find_mbid, is_mbid

KINDS: Final = {"release": "mb_release", "discography": "discography", "crate": "label_crate"}
_TARGETS: Final = {"release": "release", "discography": "artist", "crate": "label"}
_TRACKS_MAX: Final = 2000
_RANGE: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


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
        view = console.wait_view(JobView, lambda v: v.row.job == job, LOOK_TIMEOUT, f"job {job}")
    head = {"type": "job", **job_fields(view.row), "options": view.options}
    out.row(head, "\n".join(filter(None, (job_text(view.row), view.options))))
    for release in view.releases:
        out.row({"type": "release", **fields_of(release)}, release_text(release))
    for track in view.tracks:
        out.row({"type": "track", **fields_of(track)}, track_text(track))
    for line in view.lines:
        when = time.strftime("%d %b %H:%M:%S", time.localtime(line.when))
        out.row({"type": "line", **fields_of(line)}, f"  {when}  {line.text}")


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
