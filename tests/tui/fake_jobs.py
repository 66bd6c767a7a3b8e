"""Views of jobs, look-ups, plans and the table of peers for tests. Synthetic data, all fixed."""

from __future__ import annotations

from slskmesh.engine.events import LookedUp, Resolved
from slskmesh.engine.job_views import (
    EntityView,
    JobPhase,
    JobReleaseView,
    JobRowView,
    JobsView,
    JobView,
    LineView,
    MeshView,
    PlanTrackView,
    PlanView,
    TrackView,
    VariantView,
)
from tests.tui.fake import NOW, TITLES, s

MIB = 1024**2
KINDS = ("label_crate", "mb_release", "discography", "mb_release")
NAMES = ("Quayside Records", "Harbour Lights", "The Lanterns", "Paper Moons", "Low Tide", "Salt Songs")
PHASES = (
    JobPhase.RUNNING,
    JobPhase.RUNNING,
    JobPhase.PLANNING,
    JobPhase.WAITING,
    JobPhase.DONE,
    JobPhase.PAUSED,
    JobPhase.FAILED,
    JobPhase.QUEUED,
)


def mbid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def job(number: int, **changes: object) -> JobRowView:
    """Jobs 0, 1, 2 ...: a crate, a release, a discography, then releases in every phase."""
    phase = PHASES[number % 8]
    kind = KINDS[number] if number < 4 else "mb_release"
    total = (401, 23, 38, 12)[number] if number < 4 else 10
    done = total if phase is JobPhase.DONE else (148, 19, 2, 4)[number % 4] if number < 4 else 3
    reasons = {
        JobPhase.WAITING: "nobody who is reached has 2 of its tracks",
        JobPhase.FAILED: "the disk is full: make room, then r",
        JobPhase.PAUSED: "paused by you",
    }
    values: dict[str, object] = {
        "job": 12 + number,
        "kind": kind,
        "title": s(NAMES[number % 6]),
        "phase": phase,
        "reason": s(reasons.get(phase, "")),
        "target": mbid(number),
        "releases_total": 31 if number == 0 else 4 if number == 2 else 1,
        "releases_done": 11 if number == 0 else 0,
        "tracks_total": total,
        "tracks_done": done,
        "tracks_failed": 1 if phase is JobPhase.FAILED else 0,
        "bytes_total": total * 22 * MIB,
        "bytes_done": done * 22 * MIB,
        "rate": 4.2 * MIB if phase is JobPhase.RUNNING else 0.0,
        "eta": 220.0 if phase is JobPhase.RUNNING else None,
        "retry_at": NOW + 252 if phase is JobPhase.WAITING else None,
        "holders": 4,
        "publishers": 6,
        "estimate": 9,
        "added": NOW - 1000 - number,
        "updated": NOW - 5,
        "via": "mesh" if phase is not JobPhase.QUEUED else "",
    }
    values.update(changes)
    return JobRowView(**values)  # type: ignore[arg-type]


def jobs(count: int = 8) -> JobsView:
    return JobsView(tuple(job(n) for n in range(count)))


TRACK_PHASES = ("done", "transfer", "transfer", "no source", "queued", "verifying", "have", "failed")


def track(number: int, **changes: object) -> TrackView:
    phase = TRACK_PHASES[number % 8]
    size = (18 + number % 23) * MIB
    chosen = phase not in {"no source", "failed"}
    part = {"done": 1.0, "have": 1.0, "transfer": 0.6, "verifying": 1.0}.get(phase, 0.0)
    values: dict[str, object] = {
        "key": number,
        "release": mbid(100 + number // 8),
        "disc": 1 + number // 8 % 2,
        "position": number % 8 + 1,
        "title": s(TITLES[number % 8]),
        "artist": s("Marit Holm"),
        "phase": phase,
        "reason": s({"no source": "nobody named it", "failed": "no disk space"}.get(phase, "")),
        "recording": mbid(500 + number),
        "length": 180.0 + number,
        "content": f"{number % 8:064x}" if chosen else "",
        "size": size if chosen else 0,
        "done": int(size * part),
        "rate": 1.2 * MIB if phase == "transfer" else 0.0,
        "sources": 3 if phase == "transfer" else 0,
        "variant": s("FLAC 16/44.1" if number % 3 else "MP3 320") if chosen else s(""),
        "canonical": number % 3 == 1,
        "candidates": 4 if chosen else 0,
        "why": s("the canonical variant, from a trusted peer") if chosen else s(""),
        "path": s(f"/music/in/{number:02}.flac") if phase == "done" else s(""),
    }
    values.update(changes)
    return TrackView(**values)  # type: ignore[arg-type]


def release(number: int, **changes: object) -> JobReleaseView:
    values: dict[str, object] = {
        "mbid": mbid(100 + number),
        "title": s(NAMES[(number + 1) % 6]),
        "artist": s("Marit Holm"),
        "year": 1996 + number,
        "phase": PHASES[(number + 4) % 8],
        "tracks_total": 8,
        "tracks_done": 8 - number,
        "reason": s("asked for later") if number == 3 else s(""),
    }
    values.update(changes)
    return JobReleaseView(**values)  # type: ignore[arg-type]


LINES = (
    LineView(NOW - 60, "info", s("MusicBrainz names 8 tracks on 1 disc")),
    LineView(
        NOW - 58, "info", s("the table names 6 publishers; 4 of them hold it, about 9 by their sketches")
    ),
    LineView(NOW - 50, "good", s("01 Night Ferry is complete and verified")),
    LineView(NOW - 20, "warn", s("04 Low Sun: nobody named it; tried again in 5 minutes")),
)


def job_view(number: int = 1, tracks: int = 8, **changes: object) -> JobView:
    """The detail of `job(number)`; a crate and a discography have four releases."""
    row = job(number)
    several = row.kind != "mb_release"
    values: dict[str, object] = {
        "row": row,
        "options": s("canonical first, FLAC before MP3, below Music"),
        "releases": tuple(release(n) for n in range(4)) if several else (release(0),),
        "tracks": tuple(track(n) for n in range(tracks)),
        "lines": LINES,
    }
    values.update(changes)
    return JobView(**values)  # type: ignore[arg-type]


def entity(number: int, kind: str = "release", **changes: object) -> EntityView:
    releases = kind == "release"
    values: dict[str, object] = {
        "mbid": mbid(number),
        "kind": kind,
        "title": s(NAMES[number % 6] if releases else ("Marit Holm", "The Lanterns")[number % 2]),
        "artist": s("Marit Holm") if releases else s(""),
        "detail": s(f"Album · CD · Quayside QR{100 + number} · NO" if releases else "Group · NO"),
        "year": 1998 + number if releases else 0,
        "tracks": 8 if releases else 0,
        "score": 100 - number,
        "held": (0, 3, 8)[number % 3] if releases else 0,
    }
    values.update(changes)
    return EntityView(**values)  # type: ignore[arg-type]


def looked_up(query: int, count: int = 6, kind: str = "release", **changes: object) -> LookedUp:
    values: dict[str, object] = {
        "query": query,
        "kind": kind,
        "entities": tuple(entity(n, kind) for n in range(count)),
    }
    values.update(changes)
    return LookedUp(**values)  # type: ignore[arg-type]


def variant(number: int, **changes: object) -> VariantView:
    flac = number % 2 == 0
    values: dict[str, object] = {
        "content": f"{number:064x}",
        "size": (22 if flac else 8) * MIB,
        "name": s("FLAC 16/44.1" if flac else "MP3 320"),
        "lossless": flac,
        "canonical": number == 0,
        "peers": ("k:7f3a..9c", "k:22ab..9c", "k:90fe..9c")[: 3 - number % 3],
        "score": 0.9 - number / 10,
        "reasons": (s("most holders agree on it"), s("lossless")) if flac else (s("lossy"),),
        "via": "mesh",
    }
    values.update(changes)
    return VariantView(**values)  # type: ignore[arg-type]


def plan_track(number: int, **changes: object) -> PlanTrackView:
    found = () if number % 8 == 3 else tuple(variant(n) for n in range(1 + number % 3))
    values: dict[str, object] = {
        "place": number + 1,
        "disc": 1 + number // 8,
        "position": number % 8 + 1,
        "recording": mbid(500 + number),
        "title": s(TITLES[number % 8]),
        "artist": s("Marit Holm"),
        "length": 180.0 + number,
        "variants": found,
        "refused": 1 if number == 1 else 0,
        "reason": s("nobody named it") if not found else s(""),
    }
    if number == 6:
        values["variants"] = (variant(0, via="local", peers=()),)
    values.update(changes)
    return PlanTrackView(**values)  # type: ignore[arg-type]


def resolved(query: int, tracks: int = 8, **changes: object) -> Resolved:
    plan = PlanView(
        release=entity(1, detail=s("Album · CD · Quayside QR101 · NO")),
        tracks=tuple(plan_track(n) for n in range(tracks)),
        holders=4,
        publishers=6,
        estimate=9,
        lines=(s("asked 6 publishers, 4 answered within 2 s"),),
    )
    values: dict[str, object] = {"query": query, "plan": plan}
    values.update(changes)
    return Resolved(**values)  # type: ignore[arg-type]


def mesh(**changes: object) -> MeshView:
    values: dict[str, object] = {
        "on": True,
        "listening": s("0.0.0.0:50300, [::]:50300"),
        "external": s("203.0.113.5:50300"),
        "lan": True,
        "nodes": 118,
        "keys": 96,
        "records": 212,
        "published": 31,
        "refused": 3,
        "limited": 12,
        "skew": 2.0,
        "shards": 31,
        "releases": 40,
        "catalogue": s("musicbrainz.org answers"),
        "calls": 88,
    }
    values.update(changes)
    return MeshView(**values)  # type: ignore[arg-type]
