"""Jobs between the documents' API and the engine: what any request becomes, what any job looks like."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.album_commands import AlbumFileView, AlbumTrackView, AlbumView
from slskmesh.engine.commands import AddJob
from slskmesh.engine.job_desk import spec_of
from slskmesh.engine.job_snapshots import row_view, spec_view
from slskmesh.engine.job_views import JobPhase, JobRowView
from slskmesh.gateway.album_shapes import Albums, albums_shape
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.bodies import decode_body
from slskmesh.gateway.documents_shapes import (
    KINDS,
    SORTS,
    STATUSES,
    DiscographyRequest,
    Job,
    LabelCrateRequest,
    MbReleaseRequest,
    discography_job,
    job_shape,
    label_job,
    label_of,
    listed,
    number_of,
    release_job,
    status_of,
)
from slskmesh.jobs.state import JobState, Phase
from slskmesh.mbid import Mbid
from slskmesh.text import SafeStr

IDS = st.uuids(version=4).map(str)
TRACKS = st.lists(st.one_of(st.integers(1, 99_999), IDS), min_size=1, max_size=8)
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "preferred_codecs": st.lists(st.sampled_from(["FLAC", "MP3", "Opus"]), max_size=3),
        "allow_lossy": st.booleans(),
        "prefer_canonical": st.booleans(),
        "use_overlay": st.booleans(),
        "overlay_bandwidth_kbps": st.integers(0, 100_000),
    },
)
METADATA = st.fixed_dictionaries(
    {}, optional={"requested_by": st.text("abc ", max_size=9), "library_hint": st.text("xyz", max_size=9)}
)
COMMON: dict[str, Any] = {
    "constraints": CONDITIONS,
    "metadata": METADATA,
    "target_dir": st.sampled_from(["", "a", "a/b"]),
}
RELEASES = st.fixed_dictionaries(
    {"mb_release_id": IDS}, optional={"tracks": st.one_of(st.just("all"), TRACKS), **COMMON}
)
DISCOGRAPHIES = st.fixed_dictionaries(
    {"mb_artist_id": IDS},
    optional={
        "profile": st.sampled_from(["core", "extended", "all"]),
        "release_ids": st.lists(IDS, max_size=4, unique=True),
        **COMMON,
    },
)
CRATES = st.fixed_dictionaries(
    {"label": st.fixed_dictionaries({"mb_label_id": IDS}, optional={"name": st.text("ab", min_size=1)})},
    optional={"limit_releases": st.integers(1, 500), **COMMON},
)


def command_of(body: dict[str, Any]) -> AddJob:
    raw = msgspec.json.encode(body)
    if "mb_release_id" in body:
        return release_job(decode_body(raw, MbReleaseRequest))
    if "label" in body or "label_id" in body:
        asked = decode_body(raw, LabelCrateRequest)
        label, name = label_of(asked)
        assert label is not None
        return label_job(asked, label, name)
    return discography_job(decode_body(raw, DiscographyRequest))


def shown(command: AddJob, **fields: Any) -> Job:
    state = JobState(7, spec_of(command), "Title", fields.pop("phase", Phase.RUNNING), **fields)
    return job_shape(row_view(state), spec_view(state))


@given(st.one_of(RELEASES, DISCOGRAPHIES, CRATES))
def test_what_was_asked_for_is_what_the_engine_does_and_what_is_told(body: dict[str, Any]) -> None:
    told = msgspec.json.decode(msgspec.json.encode(shown(command_of(body))))["spec"]
    defaults = {
        "preferred_codecs": [],
        "allow_lossy": True,
        "prefer_canonical": True,
        "use_overlay": True,
        "overlay_bandwidth_kbps": 0,
    }
    assert told["constraints"] == {**defaults, **body.get("constraints", {})}
    assert told["target_dir"] == body.get("target_dir", "")
    for field in ("requested_by", "library_hint"):
        assert told["metadata"].get(field, "") == body.get("metadata", {}).get(field, "").strip()
    if "mb_release_id" in body:
        assert told["mb_release_id"] == body["mb_release_id"]
        wanted = body.get("tracks", "all")
        assert told["tracks"] == (wanted if wanted == "all" else list(dict.fromkeys(wanted)))
    elif "label" in body:
        assert told["label"] == body["label"]
        assert told["limit_releases"] == body.get("limit_releases", 20)
    else:
        assert told["mb_artist_id"] == body["mb_artist_id"]
        assert told["profile"] == body.get("profile", "core")
        assert told.get("release_ids", []) == body.get("release_ids", [])


@given(DISCOGRAPHIES, st.sampled_from(["CoreDiscography", "ExtendedDiscography", "AllReleases"]))
def test_the_names_of_slskdn_ask_for_the_same(body: dict[str, Any], profile: str) -> None:
    theirs = {**body, "artist_id": body["mb_artist_id"], "profile": profile}
    del theirs["mb_artist_id"]
    ours = {**body, "profile": {"C": "core", "E": "extended", "A": "all"}[profile[0]]}
    assert command_of(theirs) == command_of(ours)


@given(CRATES)
def test_a_flat_label_is_the_same_label(body: dict[str, Any]) -> None:
    label = body["label"]
    theirs = {
        **{key: value for key, value in body.items() if key not in ("label", "limit_releases")},
        "label_id": label["mb_label_id"],
        **({"label_name": label["name"]} if "name" in label else {}),
        **({"limit": body["limit_releases"]} if "limit_releases" in body else {}),
    }
    assert command_of(theirs) == command_of(body)


@given(TRACKS)
def test_tracks_in_one_string_are_the_same_tracks(tracks: list[int | str]) -> None:
    mbid = "00000000-0000-4000-8000-000000000001"
    text = ", ".join(map(str, tracks))
    one, two = ({"mb_release_id": mbid, "tracks": asked} for asked in (tracks, text))
    assert command_of(one) == command_of(two)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20), IDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner)),
    max_leaves=8,
)
FIELDS = [
    *("mb_release_id", "mb_artist_id", "artist_id", "tracks", "profile", "release_ids", "target_dir"),
    *("constraints", "metadata", "label", "limit_releases", "label_id", "label_name", "limit"),
]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_rubbish_is_a_job_or_a_400_and_nothing_else(body: dict[str, Any]) -> None:
    raw = msgspec.json.encode(body)
    for read in (
        lambda: release_job(decode_body(raw, MbReleaseRequest)),
        lambda: discography_job(decode_body(raw, DiscographyRequest)),
        lambda: label_of(decode_body(raw, LabelCrateRequest)),
    ):
        try:
            read()
        except GatewayError as error:
            assert error.status == 400 and str(error)


def test_no_track_is_not_all_tracks() -> None:
    for tracks in ([], "", ",", " "):
        with pytest.raises(GatewayError, match="tracks"):
            command_of({"mb_release_id": "00000000-0000-4000-8000-000000000001", "tracks": tracks})


def test_each_phase_has_a_status_of_the_documents() -> None:
    documents = {"pending", "running", "completed", "failed", "cancelled"}
    assert {status_of(phase) for phase in JobPhase} == documents | {"paused"} == STATUSES


@given(st.sampled_from(Phase), st.sampled_from(["", "why"]))
def test_only_a_failed_job_has_an_error(phase: Phase, reason: str) -> None:
    body = {"mb_release_id": "00000000-0000-4000-8000-000000000001"}
    told = msgspec.json.decode(msgspec.json.encode(shown(command_of(body), phase=phase, reason=reason)))
    assert (told["error"] is not None) is (phase is Phase.FAILED)
    assert told.get("reason") == (reason if reason and phase is not Phase.FAILED else None)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Job).id == "7"


ROWS = st.lists(
    st.builds(
        JobRowView,
        job=st.integers(1, 10**6),
        kind=st.sampled_from(KINDS),
        title=st.text("abAB", max_size=3).map(SafeStr),
        phase=st.sampled_from(JobPhase),
        added=st.floats(0, 1e9),
        updated=st.floats(0, 1e9),
    ),
    unique_by=lambda row: row.job,
    max_size=12,
)


@given(
    ROWS, st.sampled_from(["", *KINDS]), st.sampled_from(["", *sorted(STATUSES)]), st.sampled_from([*SORTS])
)
def test_a_list_has_all_that_fits_in_order_and_the_same_from_behind(
    rows: list[JobRowView], kind: str, status: str, sort: str
) -> None:
    found = listed(rows, kind, status, sort)
    assert {row.job for row in found} == {
        row.job for row in rows if kind in ("", row.kind) and status in ("", status_of(row.phase))
    }
    assert found == sorted(found, key=SORTS[sort])
    assert listed(rows, kind, status, f"-{sort}") == found[::-1]


@given(st.text(max_size=30))
def test_an_id_is_a_number_or_not_there(text: str) -> None:
    try:
        number = number_of(text)
    except GatewayError as error:
        assert error.status == 404
    else:
        assert text.isascii() and int(text) == number >= 0


@given(st.lists(st.lists(st.integers(0, 3), max_size=5), max_size=4), st.integers(0, 5))
def test_albums_count_what_is_there(albums: list[list[int]], following: int) -> None:
    views = [
        AlbumView(
            Mbid("x"),
            SafeStr("t"),
            SafeStr("a"),
            SafeStr("2001"),
            tuple(
                AlbumTrackView(place, "r", SafeStr("s"), 1.5, (AlbumFileView("00", 9),) * files)
                for place, files in enumerate(tracks, 1)
            ),
        )
        for tracks in albums
    ]
    shape = albums_shape(views, 9, following)
    assert [one.total_tracks for one in shape.albums] == [len(tracks) for tracks in albums]
    assert [one.completed_tracks for one in shape.albums] == [sum(map(bool, tracks)) for tracks in albums]
    assert all(track.complete is bool(track.matches) for one in shape.albums for track in one.tracks)
    assert shape.next == (following or None)
    assert msgspec.json.decode(msgspec.json.encode(shape), type=Albums) == shape
