"""Searches and downloads of the documents' API: over both networks to the file, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.views import HitView
from slskmesh.gateway import transfer_shapes as states
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.documents_files_shapes import (
    STATUSES,
    DownloadItem,
    destination_of,
    found,
    status_of,
)
from slskmesh.text import SafeStr
from tests.demo.soulseek_line import ServerProcess
from tests.gateway.ground import Ground, ground
from tests.gateway.orders_ground import ALBUM, NOTES, SIZE, SONG, digest, peer, soulseek_user, until

MESH: dict[str, dict[str, object]] = {"mesh": {"enabled": True}}
Json = dict[str, Any]


def searched(me: Ground, text: str, user: str) -> Json:
    """What a search finds at a user of this name or beginning of a name, once it does."""

    def look() -> Json | None:
        answer = me.http.post("/api/search", json={"query": text, "type": "global", "limit": 50})
        assert answer.status_code in (200, 429), answer.text
        results = answer.json()["results"] if answer.status_code == 200 else []
        return next((one for one in results if one["user"].startswith(user)), None)

    one = until(f"{user} with {text}", look, pause=0.5)
    assert isinstance(one, dict)
    return one


def finished(me: Ground, id: str) -> Json:
    def look() -> Json | None:
        one = me.ok("GET", f"/api/downloads/{id}")
        assert one["status"] in ("queued", "running", "completed"), one
        assert 0 <= one["progress"] <= 1
        return dict(one) if one["status"] == "completed" else None

    one = until(f"download {id}", look)
    assert isinstance(one, dict)
    return one


def test_a_file_of_a_peer_is_found_and_fetched_into_its_folder(tmp_path: Path) -> None:
    with ground(tmp_path, settings=MESH) as me, peer(tmp_path, me):
        hit = searched(me, "tide table", "mesh:")
        (file,) = hit["files"]
        assert (file["size_bytes"], file["ext"]) == (SIZE, "flac") and file["path"].endswith(f"\\{SONG}")
        item = {"user": hit["user"], "remote_path": file["path"], "target_dir": "new/ones"}
        made = me.ok("POST", "/api/downloads", json={"items": [item, item]})
        (id,) = made["download_ids"]
        assert "failed" not in made
        done = finished(me, id)
        here = tmp_path / "me-downloads" / "new" / "ones" / SONG
        assert digest(here) == digest(tmp_path / "peer-share" / ALBUM / SONG)
        assert (done["user"], done["remote_path"]) == (hit["user"], file["path"])
        assert done["bytes_total"] == done["bytes_transferred"] == SIZE and done["progress"] == 1
        assert done["local_path"] == str(here) and "error" not in done
        assert me.ok("GET", "/api/downloads")["downloads"] == [done]
        assert me.ok("GET", "/api/downloads?status=completed")["downloads"] == [done]
        assert me.ok("GET", "/api/downloads?status=failed")["downloads"] == []
        unknown = {"user": hit["user"], "remote_path": f"{ALBUM}\\nothing.flac", "size_bytes": 9}
        made = me.ok("POST", "/api/downloads", json={"items": [unknown]})
        assert made["download_ids"] == [] and "search again" in made["failed"][0]["error"]


def test_files_of_a_soulseek_user_are_fetched_and_one_who_is_offline_fails(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, soulseek_user(tmp_path, server, "ann"):
        with ground(tmp_path, server=server.address) as me:
            me.mode("hybrid", "healthy")
            hit = searched(me, "tide table", "ann")
            folder = hit["files"][0]["path"].rpartition("\\")[0]
            notes = {"user": "ann", "remote_path": f"{folder}\\{NOTES}", "size_bytes": 900}
            items = [
                {"user": "nobody", "remote_path": "a\\b.flac", "size_bytes": 4},
                notes,
                {"user": "ann", "remote_path": hit["files"][0]["path"], "target_filename": SONG},
                {"user": "ann", "remote_path": f"{folder}\\unsized.flac"},
            ]
            made = me.ok("POST", "/api/downloads", json={"items": items})
            assert len(made["download_ids"]) == 2
            why = {one["remote_path"]: one["error"] for one in made["failed"]}
            assert set(why) == {"a\\b.flac", f"{folder}\\unsized.flac"}
            assert "offline" in why["a\\b.flac"] and "size_bytes" in why[f"{folder}\\unsized.flac"]
            first, second = [finished(me, id) for id in made["download_ids"]]
            assert first["remote_path"] == notes["remote_path"]
            assert second["remote_path"] == hit["files"][0]["path"]
            for done, name in ((first, NOTES), (second, SONG)):
                assert done["local_path"] == str(tmp_path / "me-downloads" / ALBUM / name)
                assert digest(Path(done["local_path"])) == digest(tmp_path / "ann-share" / ALBUM / name)


def test_what_leads_elsewhere_or_makes_no_sense_is_refused_whole(tmp_path: Path) -> None:
    with ground(tmp_path, settings=MESH) as me:
        good = {"user": "ann", "remote_path": "a\\b.flac", "size_bytes": 1}
        for wrong, why in (
            ({"target_dir": "../up"}, "downloads folder"),
            ({"target_dir": "/etc"}, "downloads folder"),
            ({"target_dir": f"{tmp_path}/me-downloads/../x"}, "downloads folder"),
            ({"target_filename": "c.flac"}, "keeps its name"),
            ({"remote_path": "a\\..\\b.flac"}, "elsewhere"),
            ({"remote_path": "a\\"}, "name"),
            ({"size_bytes": -1}, "size_bytes"),
        ):
            told = me.ok("POST", "/api/downloads", 400, json={"items": [good, {**good, **wrong}]})
            assert why in told["error"], (wrong, told)
        assert me.ok("GET", "/api/downloads") == {"downloads": []}
        for body in ({}, {"items": []}, {"items": [{"user": "ann"}]}, [good]):
            assert "error" in me.ok("POST", "/api/downloads", 400, json=body)
        for query in ({"query": " "}, {"query": "x", "type": "room"}, {"query": "x", "limit": 0}, {}):
            assert "error" in me.ok("POST", "/api/search", 400, json=query)
        assert "error" in me.ok("GET", "/api/downloads?status=lost", 400)
        assert "error" in me.ok("GET", "/api/downloads/rubbish", 400)
        assert "error" in me.ok("GET", f"/api/downloads/{'0' * 32}", 404)
        assert me.reader.post("/api/downloads", json={"items": [good]}).status_code == 403
        assert me.reader.post("/api/search", json={"query": "x"}).status_code == 403


def test_each_state_of_a_transfer_has_a_status() -> None:
    assert {status_of(state) for state in states.STATES} == STATUSES
    assert status_of("Completed, TimedOut") == "failed"


@given(st.text(alphabet="ab./\\~: \x00", max_size=12))
def test_no_folder_leads_out_of_the_downloads(text: str) -> None:
    root = "/music/got"
    for target in (text, f"{root}/{text}"):
        item = DownloadItem(user="ann", remote_path="x\\y.flac", target_dir=target)
        try:
            place = destination_of(item, root)
        except GatewayError as error:
            assert error.status == 400
        else:
            assert not place.startswith(("/", "~"))
            parts = place.split("/") if place else []
            assert all(part.strip(" .") for part in parts) and "\\" not in place


HITS = st.dictionaries(
    st.text("abc", min_size=1, max_size=4),
    st.dictionaries(
        st.text("xyz\\", min_size=1, max_size=6),
        st.builds(
            HitView,
            key=st.integers(1, 9),
            content=st.just(""),
            size=st.integers(0, 10**9),
            name=st.just(SafeStr("a.flac")),
            folder=st.just(SafeStr("f")),
            peer=st.just(""),
            short=st.just(""),
            peer_name=st.just(SafeStr("")),
            music=st.just(True),
            locked=st.booleans(),
            speed=st.one_of(st.none(), st.integers(0, 10**7)),
        ),
        max_size=4,
    ),
    max_size=4,
)


@given(HITS, st.integers(1, 9))
def test_what_is_found_is_open_within_the_limit_and_in_order(
    users: dict[str, dict[str, HitView]], limit: int
) -> None:
    results = found(users.items(), limit)
    shown = [(one.user, file.path) for one in results for file in one.files]
    there = [(user, path) for user, files in users.items() for path, hit in files.items() if not hit.locked]
    assert shown == there[:limit] and all(one.files for one in results)
    assert "null" not in msgspec.json.encode(results).decode()
