"""From jobs, plans, the catalogue and the table to views. Pure functions; foreign text is sanitised here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slskmesh.acquire.domains import Constraints, Music
from slskmesh.acquire.plan import Candidate, Plan, Planned
from slskmesh.catalogue.objects import Artist, Label, Release, ReleaseBrief
from slskmesh.engine.job_views import (
    EntityView,
    JobPhase,
    JobReleaseView,
    JobRowView,
    JobView,
    LineView,
    PlanTrackView,
    PlanView,
    SpecView,
    TrackView,
    VariantView,
)
from slskmesh.identity.peerid import peer_short
from slskmesh.jobs.state import JobLine, JobState, ReleaseState, Spec, TrackState
from slskmesh.text import SafeStr, sanitize

LINES_SHOWN = 200
_TEXT = 200


def entity_of_release(release: ReleaseBrief, held: int = 0) -> EntityView:
    """A release in a list."""
    label = " ".join(part for part in (release.label, release.number) if part)
    kinds = ", ".join(kind for kind in (release.primary_type, *release.secondary_types) if kind)
    parts = (release.disambiguation, kinds, release.format, label, release.country, release.status)
    return EntityView(
        mbid=release.mbid,
        kind="release",
        title=sanitize(release.title),
        artist=sanitize(release.artist),
        detail=_joined(parts),
        year=year_of(release.date),
        tracks=release.tracks,
        score=release.score,
        held=held,
    )


def entity_of_full(release: Release, held: int = 0) -> EntityView:
    """A release whose tracks are known."""
    labels = [f"{label.name} {label.number}".strip() for label in release.labels]
    shown = " + ".join(dict.fromkeys(medium.format for medium in release.media if medium.format))
    parts = (
        release.disambiguation,
        release.primary_type,
        shown,
        *labels[:2],
        release.country,
        release.status,
    )
    return EntityView(
        mbid=release.mbid,
        kind="release",
        title=sanitize(release.title),
        artist=sanitize(release.artist),
        detail=_joined(parts),
        year=year_of(release.date),
        tracks=len(release.tracks),
        held=held,
    )


def entity_of_artist(artist: Artist) -> EntityView:
    """An artist."""
    return EntityView(
        artist.mbid,
        "artist",
        sanitize(artist.name),
        detail=_joined((artist.disambiguation, artist.kind, artist.country)),
        score=artist.score,
    )


def entity_of_label(label: Label) -> EntityView:
    """A label."""
    return EntityView(
        label.mbid,
        "label",
        sanitize(label.name),
        detail=_joined((label.disambiguation, label.kind, label.country)),
        score=label.score,
    )


def year_of(date: str) -> int:
    """The year of "2002-02-13", 0 if there is none."""
    return int(date[:4]) if date[:4].isdigit() else 0


def _joined(parts: Sequence[str]) -> SafeStr:
    return sanitize(" · ".join(part for part in parts if part))


# -- plans -----------------------------------------------------------------------------------------------------


def plan_view(release: Release, plan: Plan[Music], held: int) -> PlanView:
    """Who has a release, track by track."""
    tracks = []
    for place, (track, planned) in enumerate(zip(release.tracks, plan.wants, strict=True), 1):
        tracks.append(
            PlanTrackView(
                place=place,
                disc=track.disc,
                position=track.position,
                recording=track.recording,
                title=sanitize(track.title),
                artist=sanitize(track.artist),
                length=(track.length or 0) / 1000,
                variants=tuple(map(variant_view, planned.candidates)),
                refused=len(planned.refused),
                reason=sanitize(_reason(planned)),
            )
        )
    return PlanView(
        release=entity_of_full(release, held),
        tracks=tuple(tracks),
        holders=plan.holders,
        publishers=plan.publishers,
        estimate=plan.estimate,
        lines=tuple(sanitize(line) for line in plan.lines),
    )


def _reason(planned: Planned[Music]) -> str:
    if planned.reason or planned.candidates or not planned.refused:
        return planned.reason
    return planned.refused[0][1]


def variant_view(candidate: Candidate) -> VariantView:
    """One candidate."""
    return VariantView(
        content=candidate.content.hex(),
        size=candidate.size,
        name=sanitize(variant_name(candidate)),
        lossless=candidate.lossless,
        canonical=candidate.canonical,
        peers=tuple(map(peer_short, candidate.peers)),
        score=candidate.score,
        reasons=tuple(sanitize(reason) for reason in candidate.reasons),
        via=candidate.backend,
        user=sanitize(candidate.user, 40),
    )


def variant_name(candidate: Candidate) -> str:
    """ "FLAC 16/44.1" or "MP3 320"."""
    if candidate.lossless and candidate.bit_depth and candidate.sample_rate:
        return f"{candidate.codec} {candidate.bit_depth}/{candidate.sample_rate / 1000:g}"
    if candidate.bitrate and not candidate.lossless:
        return f"{candidate.codec} {round(candidate.bitrate / 1000)}"
    return candidate.codec or "?"


# -- jobs ------------------------------------------------------------------------------------------------------


def row_view(state: JobState) -> JobRowView:
    """One row of the list."""
    return JobRowView(
        job=state.job,
        kind=state.spec.kind.value,
        title=sanitize(state.title or state.spec.target),
        phase=JobPhase(state.phase.value),
        reason=sanitize(state.reason),
        target=state.spec.target,
        releases_total=state.releases_total,
        releases_done=state.releases_done,
        tracks_total=state.tracks_total,
        tracks_done=state.tracks_done,
        tracks_failed=state.tracks_failed,
        bytes_total=state.bytes_total,
        bytes_done=state.bytes_done,
        rate=round(state.rate),
        eta=None if state.eta is None else round(state.eta),
        retry_at=state.retry_at,
        holders=state.holders,
        publishers=state.publishers,
        estimate=state.estimate,
        added=state.added,
        updated=state.updated,
        via=state.via,
        requested_by=sanitize(state.spec.requested_by),
    )


def spec_view(state: JobState) -> SpecView:
    """A job as it was asked for."""
    spec = state.spec
    conditions = spec.constraints
    return SpecView(
        job=state.job,
        kind=spec.kind.value,
        target=spec.target,
        title=sanitize(spec.title),
        target_dir=sanitize(spec.target_dir, 1024),
        layout=sanitize(spec.layout, 300),
        tracks=spec.tracks,
        profile=spec.profile.value,
        limit=spec.limit,
        scene=sanitize(spec.scene),
        releases=spec.releases,
        preferred_codecs=tuple(sanitize(codec, 40) for codec in conditions.preferred_codecs),
        allow_lossy=conditions.allow_lossy,
        prefer_canonical=conditions.prefer_canonical,
        use_overlay=conditions.use_overlay,
        overlay_bandwidth_kbps=conditions.overlay_bandwidth_kbps,
        requested_by=sanitize(spec.requested_by),
        library_hint=sanitize(spec.library_hint),
    )


def job_view(
    state: JobState,
    releases: Sequence[ReleaseState],
    tracks: Sequence[TrackState],
    lines: Sequence[JobLine],
) -> JobView:
    """One job in full."""
    return JobView(
        row=row_view(state),
        options=sanitize(options_text(state.spec), 400),
        releases=tuple(map(_release_view, releases)),
        tracks=tuple(map(_track_view, tracks)),
        lines=tuple(
            LineView(line.when, line.level, sanitize(line.text, 400)) for line in lines[-LINES_SHOWN:]
        ),
    )


def _release_view(release: ReleaseState) -> JobReleaseView:
    return JobReleaseView(
        mbid=release.mbid,
        title=sanitize(release.title),
        artist=sanitize(release.artist),
        year=year_of(release.date),
        phase=JobPhase(release.phase.value),
        tracks_total=release.tracks_total,
        tracks_done=release.tracks_done,
        reason=sanitize(release.reason),
    )


def _track_view(track: TrackState) -> TrackView:
    return TrackView(
        key=track.key,
        release=track.release,
        disc=track.disc,
        position=track.position,
        title=sanitize(track.title),
        artist=sanitize(track.artist),
        phase=track.phase.value,
        reason=sanitize(track.reason),
        recording=track.recording,
        length=(track.length or 0) / 1000,
        content=track.content,
        size=track.size,
        done=track.done,
        rate=round(track.rate),
        sources=track.sources,
        variant=sanitize(track.variant),
        canonical=track.canonical,
        candidates=track.candidates,
        why=sanitize(track.why),
        path=sanitize(track.path, 400),
    )


def options_text(spec: Spec) -> str:
    """A job's conditions in one line."""
    c: Constraints = spec.constraints
    parts: Mapping[str, object] = {
        "profile": spec.profile.value if spec.kind.value == "discography" else "",
        "limit": spec.limit if spec.kind.value == "label_crate" else "",
        "scene": spec.scene,
        "releases": len(spec.releases) or "",
        "tracks": ", ".join(map(str, spec.tracks[:20])),
        "codecs": ", ".join(c.preferred_codecs),
        "lossy": "" if c.allow_lossy else "refused",
        "canonical": "" if c.prefer_canonical else "not preferred",
        "mesh": "" if c.use_overlay else "not used",
        "at most": f"{c.overlay_bandwidth_kbps} kbit/s" if c.overlay_bandwidth_kbps else "",
        "folder": spec.target_dir,
        "layout": spec.layout,
        "asked by": spec.requested_by or spec.origin.value,
    }
    return "  ".join(f"{name} {value}" for name, value in parts.items() if value not in ("", None))
