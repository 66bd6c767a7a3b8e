"""Jobs over HTTP on whole engines: the documents' API from the post to the files, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slskmesh.demo import catalogue
from slskmesh.engine import commands as cmd
from slskmesh.engine.console import TimedOut
from slskmesh.engine.job_views import JobsView
from tests.engine.nodes import SEED, Node, furnish, meet, musicbrainz, offer, render, running
from tests.gateway.ground import WAIT, Ground, ground

TRACKS = catalogue.plan(catalogue.SMALLEST, SEED)
ALBUM = catalogue.album(TRACKS)
UNKNOWN = "11111111-2222-4333-8444-555555555555"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """The demo's catalogue server."""
    with musicbrainz(TRACKS) as server:
        yield server


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory, host: str) -> Iterator[Ground]:
    """A gateway whose engine knows the catalogue and nobody who has anything."""
    with ground(tmp_path_factory.mktemp("me"), settings=_mesh(host)) as one:
        yield one
        for job in one.ok("GET", "/api/jobs")["jobs"]:
            assert job["id"].isdecimal()


@pytest.fixture
def both(tmp_path: Path, host: str) -> Iterator[tuple[Ground, Node]]:
    """A gateway that is connected with a peer who has the album."""
    music = render(tmp_path / "music", ALBUM)
    home = furnish(tmp_path, "holder", music, settings=_mesh(host))
    with running([home]) as (holder,), ground(tmp_path, settings=_mesh(host)) as me:
        meet(holder, me)
        offer(holder, len(ALBUM.tracks))
        me.find(ALBUM.mbid, holders=1)
        yield me, holder


def _mesh(host: str) -> dict[str, dict[str, object]]:
    return {"mesh": {"enabled": True}, "musicbrainz": {"host": host}}


@pytest.fixture
def tidy(me: Ground) -> Iterator[Ground]:
    """The same with no job left when a test is over."""
    yield me
    for job in me.ok("GET", "/api/jobs")["jobs"]:
        me.ok("DELETE", f"/api/jobs/{job['id']}?remove=true")


def reached(me: Ground, job: str, good: Callable[[Json], bool]) -> Json:
    """The job as HTTP tells it, once it is so."""
    seen: list[Json] = []

    def there() -> bool:
        seen.append(me.ok("GET", f"/api/jobs/{job}"))
        return good(seen[-1])

    try:
        me.wait_for(there, WAIT, f"job {job}")
    except TimedOut as error:
        raise AssertionError(seen[-1]) from error
    return seen[-1]


def posted(me: Ground, kind: str, **body: Any) -> str:
    """The id of a new job."""
    told = me.ok("POST", f"/api/jobs/{kind}", json=body)
    assert told == {"job_id": told["job_id"], "status": "pending"}
    return str(told["job_id"])


def refused(me: Ground, kind: str, body: Any, status: int = 400) -> str:
    """Why a job is not taken."""
    before = me.ok("GET", "/api/jobs")["total"]
    told = me.ok("POST", f"/api/jobs/{kind}", status, json=body)
    assert me.ok("GET", "/api/jobs")["total"] == before
    return str(told["error"])


def test_a_release_is_fetched_from_a_peer_and_counted(both: tuple[Ground, Node], tmp_path: Path) -> None:
    me, _ = both
    conditions = {
        "preferred_codecs": ["FLAC"],
        "allow_lossy": False,
        "prefer_canonical": True,
        "use_overlay": True,
        "overlay_bandwidth_kbps": 80_000,
    }
    body = {
        "mb_release_id": ALBUM.mbid,
        "target_dir": "wanted/here",
        "tracks": "all",
        "constraints": conditions,
        "metadata": {"requested_by": "soulbeet", "library_hint": "attic"},
    }
    job = posted(me, "mb-release", **body)
    done = reached(me, job, lambda told: told["status"] not in ("pending", "running"))
    count = len(ALBUM.tracks)
    assert (done["status"], done["error"], done["type"]) == ("completed", None, "mb_release")
    assert (done["id"], done["title"]) == (job, ALBUM.title)
    assert done["spec"] == body
    files = [*(tmp_path / "me-downloads" / "wanted" / "here").rglob("*.flac")]
    size = sum(path.stat().st_size for path in files)
    assert {path.read_bytes() for path in files} == {
        path.read_bytes() for path in (tmp_path / "music").rglob("*.flac")
    }
    assert done["progress"] == {
        "releases_total": 1,
        "releases_done": 1,
        "tracks_total": count,
        "tracks_done": count,
        "tracks_failed": 0,
        "bytes_total": size,
        "bytes_done": size,
    }
    assert done["created_at"].endswith("Z") and done["created_at"] <= done["updated_at"]
    albums = me.ok("GET", "/api/musicbrainz/albums/completion")["albums"]
    assert [(one["releaseId"], one["totalTracks"], one["completedTracks"]) for one in albums] == [
        (ALBUM.mbid, count, count)
    ]
    (album,) = albums
    assert all(track["complete"] and len(track["matches"]) == 1 for track in album["tracks"])
    assert {track["matches"][0]["size"] for track in album["tracks"]} == {p.stat().st_size for p in files}
    files[0].unlink()
    files[1].write_bytes(b"no longer the track")
    (album,) = me.ok("GET", "/api/musicbrainz/albums/completion")["albums"]
    assert album["completedTracks"] == count - 2


def test_only_chosen_tracks_are_fetched(both: tuple[Ground, Node], tmp_path: Path) -> None:
    me, _ = both
    tracks = [2, ALBUM.tracks[0].recording_id]
    job = posted(me, "mb-release", mb_release_id=ALBUM.mbid, tracks=tracks)
    done = reached(me, job, lambda told: told["status"] == "completed")
    assert done["spec"]["tracks"] == tracks
    assert done["progress"]["tracks_total"] == done["progress"]["tracks_done"] == 2
    assert len([*(tmp_path / "me-downloads").rglob("*.flac")]) == 2
    (album,) = me.ok("GET", "/api/musicbrainz/albums/completion")["albums"]
    assert [track["complete"] for track in album["tracks"]] == [
        True,
        True,
        *[False] * (len(ALBUM.tracks) - 2),
    ]
    assert (album["totalTracks"], album["completedTracks"]) == (len(ALBUM.tracks), 2)


def test_a_job_is_paused_resumed_retried_and_cancelled_in_the_middle(
    both: tuple[Ground, Node], tmp_path: Path
) -> None:
    me, _ = both
    slow = {"overlay_bandwidth_kbps": 400}
    job = posted(me, "mb-release", mb_release_id=ALBUM.mbid, constraints=slow)
    reached(me, job, lambda told: told["progress"]["bytes_done"] > 0)
    assert me.ok("POST", f"/api/jobs/{job}/pause") == {"job_id": job, "status": "paused"}
    paused = me.ok("GET", f"/api/jobs/{job}")
    assert (paused["status"], paused["error"]) == ("paused", None)
    assert "paused" in me.ok("POST", f"/api/jobs/{job}/pause", 409)["error"]
    assert me.ok("POST", f"/api/jobs/{job}/resume")["status"] in ("pending", "running")
    more = paused["progress"]["bytes_done"]
    reached(me, job, lambda told: told["status"] == "running" and told["progress"]["bytes_done"] > more)
    assert "not paused" in me.ok("POST", f"/api/jobs/{job}/resume", 409)["error"]
    assert me.ok("POST", f"/api/jobs/{job}/retry")["status"] in ("pending", "running")
    reached(me, job, lambda told: told["status"] == "running" and told["progress"]["bytes_done"] > more)
    assert me.ok("DELETE", f"/api/jobs/{job}") == {"job_id": job, "status": "cancelled"}
    assert me.ok("GET", f"/api/jobs/{job}")["status"] == "cancelled"
    assert "over" in me.ok("DELETE", f"/api/jobs/{job}", 409)["error"]
    assert me.ok("DELETE", f"/api/jobs/{job}?remove=true")["status"] == "cancelled"
    assert me.ok("GET", "/api/jobs") == {"jobs": [], "total": 0, "has_more": False}
    assert me.ok("GET", f"/api/jobs/{job}", 404) == {"error": "there is no such job"}


def test_names_of_slskdn_are_taken_and_a_label_is_found_by_its_name(tidy: Ground) -> None:
    artist, release = ALBUM.artist_id, ALBUM.mbid
    first = posted(
        tidy,
        "discography",
        artist_id=artist,
        profile="CoreDiscography",
        release_ids=[release],
        target_dir="x",
    )
    spec = tidy.ok("GET", f"/api/jobs/{first}")["spec"]
    assert (spec["mb_artist_id"], spec["profile"], spec["target_dir"]) == (artist, "core", "x")
    assert spec["release_ids"] == [release] and "tracks" not in spec
    reached(tidy, first, lambda told: told["progress"]["tracks_total"] == len(ALBUM.tracks))
    assert tidy.ok("GET", f"/api/jobs/{first}")["progress"]["releases_total"] == 1
    second = posted(tidy, "label-crate", label_name=catalogue.LABEL, limit=1)
    spec = tidy.ok("GET", f"/api/jobs/{second}")["spec"]
    assert spec["label"] == {"mb_label_id": catalogue.LABEL_ID, "name": catalogue.LABEL}
    assert spec["limit_releases"] == 1
    reached(tidy, second, lambda told: told["progress"]["releases_total"] == 1)
    third = posted(
        tidy, "label-crate", label={"mb_label_id": catalogue.LABEL_ID, "name": "x"}, limit_releases=2
    )
    reached(tidy, third, lambda told: told["progress"]["releases_total"] == 2)
    told = tidy.ok("POST", "/api/v0/jobs/mb-release", json={"MbReleaseId": None, "mb_RELEASE_id": release})
    assert tidy.ok("GET", f"/api/v0/jobs/{told['job_id']}")["spec"]["mb_release_id"] == release
    assert tidy.ok("GET", "/api/v0/jobs/999", 404) == "there is no such job"


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("mb-release", {}, "mb_release_id"),
        ("mb-release", {"mb_release_id": "one"}, "mb_release_id"),
        ("mb-release", {"mb_release_id": f"https://musicbrainz.org/artist/{UNKNOWN}"}, "of a release"),
        ("mb-release", {"mb_release_id": UNKNOWN, "tracks": []}, "none is named"),
        ("mb-release", {"mb_release_id": UNKNOWN, "tracks": [0]}, "no place"),
        ("mb-release", {"mb_release_id": UNKNOWN, "tracks": ["one"]}, "tracks"),
        ("mb-release", {"mb_release_id": UNKNOWN, "tracks": [True]}, "tracks"),
        ("mb-release", {"mb_release_id": UNKNOWN, "tracks": 3}, "tracks"),
        ("mb-release", {"mb_release_id": UNKNOWN, "target_dir": "../elsewhere"}, "downloads folder"),
        ("mb-release", {"mb_release_id": UNKNOWN, "target_dir": "/etc"}, "downloads folder"),
        ("mb-release", {"mb_release_id": UNKNOWN, "target_dir": "~/x"}, "downloads folder"),
        ("mb-release", {"mb_release_id": UNKNOWN, "target_dir": "a\\..\\..\\b"}, "downloads folder"),
        ("mb-release", {"mb_release_id": UNKNOWN, "target_dir": "a\u0000b"}, "no character"),
        ("mb-release", {"mb_release_id": UNKNOWN, "constraints": {"allow_lossy": "no"}}, "allow_lossy"),
        ("mb-release", {"mb_release_id": UNKNOWN, "constraints": {"overlay_bandwidth_kbps": -1}}, "kbps"),
        ("mb-release", {"mb_release_id": UNKNOWN, "metadata": {"requested_by": "x" * 101}}, "requested_by"),
        ("mb-release", [UNKNOWN], "expected"),
        ("discography", {}, "whose discography"),
        ("discography", {"mb_artist_id": UNKNOWN, "profile": "some"}, "profile"),
        ("discography", {"mb_artist_id": UNKNOWN, "artist_id": ALBUM.mbid}, "differ"),
        ("discography", {"mb_artist_id": UNKNOWN, "release_ids": ["x"]}, "release_ids"),
        ("label-crate", {}, "label"),
        ("label-crate", {"label_id": UNKNOWN, "limit": 0}, "limit"),
        ("label-crate", {"label_id": UNKNOWN, "limit": 5, "limit_releases": 6}, "differ"),
    ],
)
def test_rubbish_is_refused_with_a_reason(tidy: Ground, kind: str, body: Any, why: str) -> None:
    assert why in refused(tidy, kind, body)


def test_a_label_nobody_knows_is_not_found(tidy: Ground) -> None:
    assert "no label called" in refused(tidy, "label-crate", {"label": {"name": "No Such Label Ever"}}, 404)


def test_a_folder_below_the_downloads_may_be_given_whole(tidy: Ground) -> None:
    downloads = str(Path(tidy.base and tidy.home.root).parent / "me-downloads")
    job = posted(tidy, "mb-release", mb_release_id=ALBUM.mbid, target_dir=f"{downloads}/deep/er")
    assert tidy.ok("GET", f"/api/jobs/{job}")["spec"]["target_dir"] == "deep/er"
    assert "already" in refused(tidy, "mb-release", {"mb_release_id": ALBUM.mbid})


def test_a_job_that_nobody_can_serve_waits_and_one_that_does_not_exist_fails(tidy: Ground) -> None:
    waits = posted(tidy, "mb-release", mb_release_id=ALBUM.mbid)
    told = reached(tidy, waits, lambda one: "retry_at" in one)
    assert (told["status"], told["error"]) == ("running", None) and told["reason"]
    fails = posted(tidy, "mb-release", mb_release_id=UNKNOWN)
    told = reached(tidy, fails, lambda one: one["status"] == "failed")
    assert told["error"] and "reason" not in told
    assert tidy.ok("POST", f"/api/jobs/{fails}/retry")["job_id"] == fails
    before = told["updated_at"]
    reached(tidy, fails, lambda one: one["status"] == "failed" and one["updated_at"] > before)
    assert tidy.ok("POST", f"/api/jobs/{waits}/cancel") == {"job_id": waits, "status": "cancelled"}


def test_the_list_is_filtered_sorted_and_given_in_pages(tidy: Ground) -> None:
    for number in range(3):
        posted(tidy, "mb-release", mb_release_id=f"{UNKNOWN[:-1]}{number}")
    crate = posted(tidy, "label-crate", label_id=catalogue.LABEL_ID)
    tidy.ok("POST", f"/api/jobs/{crate}/pause")

    def ids(query: str) -> list[int]:
        return [int(job["id"]) for job in tidy.ok("GET", f"/api/jobs?{query}")["jobs"]]

    jobs = sorted(ids(""))
    assert ids("") == jobs[::-1] and ids("sort=id") == jobs and ids("sort=-id") == jobs[::-1]
    assert ids("sortBy=created_at&sortOrder=asc") == jobs
    assert ids("type=mb_release&sort=created_at") == jobs[:3] and ids("type=label_crate") == [int(crate)]
    assert ids("type=mb-release&sort=id") == jobs[:3] and ids("type=discography") == []
    assert ids("status=paused") == [int(crate)] and ids("status=paused&type=mb_release") == []
    page = tidy.ok("GET", "/api/jobs?sort=id&limit=3")
    assert (len(page["jobs"]), page["total"], page["has_more"]) == (3, 4, True)
    page = tidy.ok("GET", "/api/jobs?sort=id&limit=3&offset=3")
    assert ([job["id"] for job in page["jobs"]], page["has_more"]) == ([crate], False)
    assert tidy.ok("GET", "/api/jobs?offset=99")["jobs"] == []
    for wrong in (
        "limit=0",
        "limit=101",
        "offset=-1",
        "type=repair",
        "status=unknown",
        "sort=colour",
        "limit=x",
    ):
        assert "error" in tidy.ok("GET", f"/api/jobs?{wrong}", 400)


def test_what_is_no_job_is_not_found(tidy: Ground) -> None:
    for job in ("0", "-1", "999999", "1e3", "x" * 300, "９", "9" * 40):
        assert "error" in tidy.ok("GET", f"/api/jobs/{job}", 404)
        assert "error" in tidy.ok("DELETE", f"/api/jobs/{job}", 404)
        for act in ("pause", "resume", "retry", "cancel"):
            assert "error" in tidy.ok("POST", f"/api/jobs/{job}/{act}", 404)


def test_the_reading_key_changes_no_job(tidy: Ground) -> None:
    job = posted(tidy, "mb-release", mb_release_id=ALBUM.mbid)
    assert tidy.reader.get(f"/api/jobs/{job}").status_code == 200
    body = {"mb_release_id": UNKNOWN}
    assert tidy.reader.post("/api/jobs/mb-release", json=body).status_code == 403
    assert tidy.reader.delete(f"/api/jobs/{job}").status_code == 403
    assert tidy.stranger.get("/api/jobs").status_code == 401
    tidy.wait_view(JobsView, lambda view: [str(one.job) for one in view.jobs] == [job], WAIT, "the one job")
    tidy.ask(cmd.CancelJob(int(job)))
    assert tidy.ok("GET", f"/api/jobs/{job}")["status"] == "cancelled"
