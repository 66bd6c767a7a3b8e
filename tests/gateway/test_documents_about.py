"""Who the gateway says it is, and that what it says it can is what the engine can now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh import __version__
from slskmesh.demo import catalogue
from slskmesh.engine import commands as cmd
from slskmesh.engine.job_views import EntityView, MeshView, PlanTrackView, PlanView, VariantView
from slskmesh.engine.legacy_commands import SetMode
from slskmesh.engine.legacy_views import ModeView, SumsView
from slskmesh.engine.views import PeerState, PeerView, SettingsView, SettingView
from slskmesh.gateway.documents_about_shapes import disaster_status, fairness, features, shadow_index
from slskmesh.text import SafeStr
from tests.engine.nodes import SEED, furnish, meet, musicbrainz, offer, render, running
from tests.gateway.ground import WAIT, Ground, ground

TRACKS = catalogue.plan(catalogue.SMALLEST, SEED)
ALBUM = catalogue.album(TRACKS)
JOBS = {"mbid_jobs", "discography_jobs", "label_crate_jobs", "job_control"}


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A gateway with the mesh on and no account."""
    mesh: dict[str, dict[str, object]] = {
        "mesh": {"enabled": True},
        "musicbrainz": {"host": "http://x.invalid"},
    }
    with ground(tmp_path_factory.mktemp("me"), settings=mesh) as one:
        yield one


def capable(me: Ground) -> set[str]:
    told = me.ok("GET", "/api/slskdn/capabilities")
    assert (told["impl"], told["compat"], told["version"]) == ("slskmesh", "slskd", __version__)
    return set(told["features"])


def test_who_it_is_without_an_account(me: Ground) -> None:
    assert me.ok("GET", "/api/info") == {
        "impl": "slskmesh",
        "compat": "slskd",
        "version": __version__,
        "soulseek": {"connected": False, "user": ""},
    }
    assert me.reader.get("/api/info").status_code == 200
    assert me.stranger.get("/api/info").status_code == 401


def test_capabilities_follow_the_settings(me: Ground) -> None:
    me.wait_for(lambda: "shadow_index" in capable(me), WAIT, "the table")
    assert capable(me) >= JOBS | {"album_completion", "canonical_scoring", "mesh_search"}
    assert not capable(me) & {"library_health", "warm_cache", "rescue_mode", "soulseek_search"}
    me.ask(cmd.SetSetting("musicbrainz.host", ""))
    assert not capable(me) & (JOBS | {"canonical_scoring"}) and "album_completion" in capable(me)
    me.ask(cmd.SetSetting("musicbrainz.host", "http://x.invalid"))
    assert capable(me) >= JOBS
    me.ask(cmd.SetSetting("mesh.shadow_index.enabled", "false"))
    assert "shadow_index" not in capable(me)
    me.ask(cmd.SetSetting("mesh.enabled", "false"))
    me.wait_for(lambda: "canonical_scoring" not in capable(me), WAIT, "the table switched off")
    assert capable(me) >= JOBS
    me.ask(cmd.SetSetting("mesh.enabled", "true"))
    me.ask(cmd.SetSetting("mesh.shadow_index.enabled", "true"))
    me.wait_for(lambda: "shadow_index" in capable(me), WAIT, "the table again")


def test_whether_all_goes_by_the_mesh_is_told(me: Ground) -> None:
    def told() -> dict[str, object]:
        return dict(me.ok("GET", "/api/virtualsoulfind/disaster-mode/status"))

    me.wait_for(lambda: told()["is_active"] is True, WAIT, "mesh-only mode for want of an account")
    assert told()["mode"] == "mesh-only" and told()["reason"] and told()["activated_at"] == told()["since"]
    me.ask(SetMode("legacy-only"))
    me.wait_for(lambda: told()["is_active"] is False, WAIT, "legacy-only mode")
    assert told()["mode"] == "legacy-only" and "activated_at" not in told()
    me.ask(SetMode("hybrid"))
    me.wait_for(lambda: told()["is_active"] is True, WAIT, "the mesh again")


def test_who_holds_a_release_and_what_went_to_and_fro(tmp_path: Path) -> None:
    with musicbrainz(TRACKS) as host:
        mesh: dict[str, dict[str, object]] = {"mesh": {"enabled": True}, "musicbrainz": {"host": host}}
        home = furnish(tmp_path, "holder", render(tmp_path / "music", ALBUM), settings=mesh)
        with running([home]) as (holder,), ground(tmp_path, settings=mesh) as me:
            meet(holder, me)
            offer(holder, len(ALBUM.tracks))
            me.find(ALBUM.mbid, holders=1)
            told = me.ok("GET", f"/api/virtualsoulfind/shadow-index/{ALBUM.mbid}")
            assert (told["mbid"], told["title"], told["holders"]) == (ALBUM.mbid, ALBUM.title, 1)
            assert [one["recordingId"] for one in told["variants"]] == [
                track.recording_id for track in ALBUM.tracks
            ]
            assert all(one["lossless"] and one["holders"] == 1 for one in told["variants"])
            nobody = "11111111-2222-4333-8444-555555555555"
            assert "error" in me.ok("GET", f"/api/virtualsoulfind/shadow-index/{nobody}", 404)
            assert "error" in me.ok("GET", "/api/virtualsoulfind/shadow-index/rubbish", 400)
            assert me.reader.get(f"/api/virtualsoulfind/shadow-index/{ALBUM.mbid}").status_code == 403
            before = me.ok("GET", "/api/v0/fairness/summary")["totals"]
            assert before["soulseekDownloadBytes"] == before["soulseekUploadBytes"] == 0
            one = told["variants"][0]
            me.ask(cmd.Download(one["contentId"], one["fileSize"], "first.flac"))
            size = one["fileSize"]

            def counted() -> bool:
                now = me.ok("GET", "/api/v0/fairness/summary")["totals"]["overlayDownloadBytes"]
                return bool(now >= before["overlayDownloadBytes"] + size)

            me.wait_for(counted, WAIT, "the bytes to be counted")
            told = me.ok("GET", "/api/v0/fairness/summary")
            assert 0 < told["overlayUploadDownloadRatio"] < 1 and "overlayToSoulseekUploadRatio" not in told


def settings_of(**values: str) -> SettingsView:
    rows = tuple(
        SettingView(key.replace("__", "."), value, value, "", "default") for key, value in values.items()
    )
    return SettingsView(True, "", "", rows)


@given(
    st.booleans(),
    st.sampled_from(["hybrid", "disaster", "mesh-only", "legacy-only"]),
    st.sampled_from(["", "ann"]),
    st.booleans(),
    st.booleans(),
)
def test_rescue_needs_both_networks(table: bool, mode: str, user: str, rescue: bool, auto: bool) -> None:
    settings = settings_of(
        rescue__enabled=str(rescue).lower(), mesh__disaster_mode__auto=str(auto).lower(), musicbrainz__host=""
    )
    view = ModeView(mode, "healthy", 1.0, SafeStr("x"), username=SafeStr(user))
    found = features(settings, MeshView(table), view)
    both = table and mode == "hybrid" and bool(user)
    assert ("rescue_mode" in found) is (both and rescue)
    assert ("disaster_mode" in found) is ((both and auto) or mode in ("disaster", "mesh-only"))
    assert not JOBS & set(found)
    assert disaster_status(view).is_active is (mode in ("disaster", "mesh-only"))


BYTES = st.integers(0, 10**15)


@given(st.lists(st.tuples(BYTES, BYTES), max_size=5), BYTES, BYTES)
def test_what_was_given_and_taken_adds_up(peers: list[tuple[int, int]], sent: int, received: int) -> None:
    views = [
        PeerView(str(n), "", SafeStr(""), PeerState.KNOWN, False, up_total=up, down_total=down)
        for n, (up, down) in enumerate(peers)
    ]
    told = fairness(views, SumsView(received=received, sent=sent))
    up, down = sum(one for one, _ in peers), sum(one for _, one in peers)
    totals = told.totals
    assert (totals.overlay_upload_bytes, totals.overlay_download_bytes) == (up, down)
    assert (totals.soulseek_upload_bytes, totals.soulseek_download_bytes) == (sent, received)
    assert (told.overlay_upload_download_ratio is None) is (down == 0)
    assert (told.overlay_to_soulseek_upload_ratio is None) is (sent == 0)


def test_only_what_peers_hold_is_in_the_index() -> None:
    variants = tuple(
        VariantView("00", 1, SafeStr("FLAC"), True, False, ("a",), 1.0, (), via)
        for via in ("local", "mesh", "soulseek")
    )
    track = PlanTrackView(1, 1, 1, "r", SafeStr("t"), SafeStr("a"), 1.0, variants)
    plan = PlanView(EntityView("m", "release", SafeStr("t")), (track,), 1, 2, 3)
    told = shadow_index(plan)
    assert (len(told.variants), told.holders, told.publishers, told.estimate) == (1, 1, 2, 3)
