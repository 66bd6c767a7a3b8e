"""What slskmesh is and can, how the mode stands, who holds a release, what went to and fro, in shapes. Pure.

Features are those that work as the engine stands now:

| feature | there when |
|---|---|
| mbid_jobs, discography_jobs, label_crate_jobs, job_control | set up, and MusicBrainz may be asked |
| album_completion | set up |
| canonical_scoring | jobs, and the table of peers is on |
| shadow_index | the table of peers is on, and holdings are published |
| mesh_search, soulseek_search | the mode asks peers, the server |
| rescue_mode | switched on, and both networks are in use |
| disaster_mode | it may begin by itself, or has begun |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from slskmesh import __version__
from slskmesh.engine.job_views import MeshView, PlanView, VariantView
from slskmesh.engine.legacy_views import ModeView, SumsView
from slskmesh.engine.views import PeerView, SettingsView
from slskmesh.gateway.answers import Camel, Snake
from slskmesh.gateway.social_shapes import iso
from slskmesh.settings import read_value

IMPL: Final = "slskmesh"
COMPAT: Final = "slskd"
_JOBS: Final = ("mbid_jobs", "discography_jobs", "label_crate_jobs", "job_control")
_MESH_ONLY: Final = ("disaster", "mesh-only")


class Capabilities(Snake, frozen=True, kw_only=True):
    """Who this is and what works now."""

    impl: str
    compat: str
    version: str
    features: list[str]


class SoulseekState(Snake, frozen=True, kw_only=True):
    """The session with the Soulseek server; `user` is empty without an account."""

    connected: bool
    user: str


class Info(Snake, frozen=True, kw_only=True):
    """Who this is, and whether it is logged in."""

    impl: str
    compat: str
    version: str
    soulseek: SoulseekState


class DisasterStatus(Snake, frozen=True, kw_only=True):
    """Whether all goes by the mesh alone. `mode`: hybrid, disaster, mesh-only, legacy-only; `health` of the server."""

    is_active: bool
    activated_at: str | None = None
    reason: str
    mode: str
    health: str
    since: str


class Variant(Camel, frozen=True, kw_only=True):
    """One variant of a track that peers hold. `quality_score` grows with quality; bytes."""

    recording_id: str
    position: int
    content_id: str
    format: str
    file_size: int
    lossless: bool
    canonical: bool
    quality_score: float
    holders: int


class ShadowIndex(Camel, frozen=True, kw_only=True):
    """What peers hold of a release. `holders` showed it, `publishers` told the table, `estimate` is a guess."""

    mbid: str
    title: str
    holders: int
    publishers: int
    estimate: int
    variants: list[Variant]


class FairnessTotals(Camel, frozen=True, kw_only=True):
    """Bytes of all time: with the peers we know, and with Soulseek users."""

    overlay_upload_bytes: int
    overlay_download_bytes: int
    soulseek_upload_bytes: int
    soulseek_download_bytes: int


class Fairness(Camel, frozen=True, kw_only=True):
    """What was given and taken; a ratio is absent where there is nothing to divide by."""

    overlay_upload_download_ratio: float | None = None
    overlay_to_soulseek_upload_ratio: float | None = None
    totals: FairnessTotals


def capabilities(settings: SettingsView, mesh: MeshView, mode: ModeView) -> Capabilities:
    """Who this is and what works now."""
    found = features(settings, mesh, mode)
    return Capabilities(impl=IMPL, compat=COMPAT, version=__version__, features=found)


def features(settings: SettingsView, mesh: MeshView, mode: ModeView) -> list[str]:
    """See the head of this file."""
    values = {row.key: row.value for row in settings.settings}
    jobs = settings.configured and bool(values.get("musicbrainz.host", "").strip())
    both = mesh.on and mode.mode == "hybrid" and bool(mode.username)
    there = {
        **dict.fromkeys(_JOBS, jobs),
        "album_completion": settings.configured,
        "canonical_scoring": jobs and mesh.on,
        "shadow_index": mesh.on and _on(values, "mesh.shadow_index.enabled"),
        "mesh_search": mode.ask_mesh,
        "soulseek_search": mode.ask_server,
        "rescue_mode": both and _on(values, "rescue.enabled"),
        "disaster_mode": mode.mode in _MESH_ONLY or (both and _on(values, "mesh.disaster_mode.auto")),
    }
    return [name for name, is_there in there.items() if is_there]


def _on(values: Mapping[str, str], key: str) -> bool:
    return key in values and read_value(key, values[key]) is True


def info(mode: ModeView) -> Info:
    """Who this is, and whether it is logged in."""
    session = SoulseekState(connected=mode.phase == "online", user=mode.username)
    return Info(impl=IMPL, compat=COMPAT, version=__version__, soulseek=session)


def disaster_status(mode: ModeView) -> DisasterStatus:
    """How the mode stands."""
    active, since = mode.mode in _MESH_ONLY, iso(mode.since)
    return DisasterStatus(
        is_active=active,
        activated_at=since if active else None,
        reason=mode.reason,
        mode=mode.mode,
        health=mode.health,
        since=since,
    )


def shadow_index(plan: PlanView) -> ShadowIndex:
    """What peers hold of a release; what Soulseek users or we ourselves have is not told."""
    return ShadowIndex(
        mbid=plan.release.mbid,
        title=plan.release.title,
        holders=plan.holders,
        publishers=plan.publishers,
        estimate=plan.estimate,
        variants=[
            _variant(track.recording, track.place, one)
            for track in plan.tracks
            for one in track.variants
            if one.via == "mesh"
        ],
    )


def _variant(recording: str, place: int, view: VariantView) -> Variant:
    return Variant(
        recording_id=recording,
        position=place,
        content_id=view.content,
        format=view.name,
        file_size=view.size,
        lossless=view.lossless,
        canonical=view.canonical,
        quality_score=view.score,
        holders=len(view.peers),
    )


def fairness(peers: Iterable[PeerView], soulseek: SumsView) -> Fairness:
    """What was given and taken."""
    some = tuple(peers)
    up, down = sum(peer.up_total for peer in some), sum(peer.down_total for peer in some)
    return Fairness(
        overlay_upload_download_ratio=up / down if down else None,
        overlay_to_soulseek_upload_ratio=up / soulseek.sent if soulseek.sent else None,
        totals=FairnessTotals(
            overlay_upload_bytes=up,
            overlay_download_bytes=down,
            soulseek_upload_bytes=soulseek.sent,
            soulseek_download_bytes=soulseek.received,
        ),
    )
