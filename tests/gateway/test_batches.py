"""Downloads that are ordered together, into folders of their own, and never beside the downloads folder."""

from __future__ import annotations

import uuid
from pathlib import Path

from tests.demo.soulseek_line import ServerProcess
from tests.gateway.ground import Ground, ground
from tests.gateway.orders_ground import (
    ALBUM,
    API,
    NOTES,
    SIZE,
    SONG,
    digest,
    found,
    path_of,
    peer,
    soulseek_user,
    until,
    wait_for,
)

BATCHES = f"{API}/transfers/downloads/batches"
DONE = "Completed, Succeeded"


def done(me: Ground, id: str) -> bool:
    return all(one["state"] == DONE for one in me.ok("GET", f"{BATCHES}/{id}/")["transfers"])


def test_a_batch_goes_where_it_is_wanted(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, soulseek_user(tmp_path, server, "ann"):
        with ground(tmp_path, server=server.address) as me:
            me.mode("hybrid", "healthy")
            user, songs = found(me, "tide table")
            _, notes = found(me, "notes")
            id, search = str(uuid.uuid4()), str(uuid.uuid4())
            body = {
                "Id": id.upper(),
                "searchId": search,
                "username": user,
                "files": [{"filename": one["filename"], "size": one["size"]} for one in (*songs, *notes)],
                "options": {"destination": "lidarr/12/Album", "externalId": "x7"},
            }
            made = me.ok("POST", BATCHES, 201, json=body)
            assert made["failures"] == []
            batch = made["batch"]
            assert (batch["id"], batch["searchId"], batch["username"]) == (id, search, "ann")
            assert batch["options"] == {"destination": "lidarr/12/Album", "externalId": "x7"}
            assert [one["batchId"] for one in batch["transfers"]] == [id, id]
            until("all of it", lambda: done(me, id))
            folder = tmp_path / "me-downloads" / "lidarr" / "12" / "Album"
            for name in (SONG, NOTES):
                assert digest(folder / name) == digest(tmp_path / "ann-share" / ALBUM / name)
            assert [one["id"] for one in me.ok("GET", BATCHES)] == [id]
            assert me.http.post(BATCHES, json=body).status_code == 409
            assert me.http.get(f"{BATCHES}/{search}").status_code == 404
            assert me.http.get(f"{BATCHES}/7").status_code == 400
            assert me.http.delete(f"{API}/transfers/downloads/all/completed").status_code == 204
            assert me.ok("GET", f"{BATCHES}/{id}")["transfers"] == []


def test_a_batch_of_a_peer_may_fail_in_part_or_whole(tmp_path: Path) -> None:
    with ground(tmp_path, settings={"mesh": {"enabled": True}}) as me, peer(tmp_path, me):
        user, files = found(me, "tide table", mesh=True)
        song = {"filename": files[0]["filename"], "size": SIZE}
        unknown = {"filename": f"{ALBUM}\\nothing.flac", "size": 3}
        made = me.ok("POST", BATCHES, 207, json={"username": user, "files": [song, unknown]})
        [failure] = made["failures"]
        assert failure["filename"] == unknown["filename"] and "search again" in failure["message"]
        [one] = made["batch"]["transfers"]
        wait_for(me, user, one["id"], DONE)
        assert "destination" not in made["batch"]["options"]
        here = tmp_path / "me-downloads" / ALBUM / SONG
        assert digest(here) == digest(tmp_path / "peer-share" / ALBUM / SONG)
        none = me.ok("POST", BATCHES, 200, json={"username": user, "files": [unknown]})
        assert none["batch"]["transfers"] == [] and len(none["failures"]) == 1
        assert me.ok("GET", f"{BATCHES}/{none['batch']['id']}")["username"] == user


def test_a_batch_never_leads_out_of_the_downloads(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, ground(tmp_path, server=server.address) as me:
        me.mode("hybrid", "healthy")
        files = [{"filename": "m\\x.flac", "size": 3}]
        good = {"username": "nobody", "files": files}
        for where in ("..", "../x", "a/../../x", "/tmp/x", "C:\\x", "\\\\host\\x", "a\\..\\..\\x", ""):
            refused = me.http.post(BATCHES, json={**good, "options": {"destination": where}})
            assert (refused.status_code, "destination" in refused.text) == (400, True), where
        for wrong in (
            {**good, "files": []},
            {**good, "files": [{"filename": "..\\x", "size": 3}]},
            {**good, "files": files * 2},
            {**good, "username": " "},
            {**good, "id": "7"},
            {**good, "searchId": "7"},
            {"username": "ann"},
        ):
            assert me.http.post(BATCHES, json=wrong).status_code == 400, wrong
        gone = me.http.post(BATCHES, json=good)
        assert gone.status_code == 404 and gone.json() == "nobody is offline"
        assert me.ok("GET", BATCHES) == [] and me.ok("GET", f"{API}/transfers/downloads") == []
        assert me.http.get(path_of("batches")).json() == []  # the batches, not a user of that name
