"""One folder of a Soulseek user or of a peer, and what is ordered from it by what it showed."""

from __future__ import annotations

from pathlib import Path

from tests.demo.soulseek_line import ServerProcess
from tests.gateway.ground import ground
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
    wait_for,
)

DONE = "Completed, Succeeded"


def test_a_users_folder_is_told_by_him_and_ordered_from(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, soulseek_user(tmp_path, server, "ann"):
        with ground(tmp_path, server=server.address) as me:
            me.mode("hybrid", "healthy")
            user, files = found(me, "tide table")
            folder = files[0]["filename"].rpartition("\\")[0]
            told = me.ok("POST", f"{API}/users/{user}/directory", json={"directory": folder})
            assert told[0]["name"] == folder and told[0]["fileCount"] == 2
            by_name = {one["filename"]: one for one in told[0]["files"]}
            assert {name: one["size"] for name, one in by_name.items()} == {SONG: SIZE, NOTES: 900}
            assert by_name[SONG]["extension"] == "flac" and by_name[SONG]["code"] == 1
            # as soularr does: the folder in front of each name
            wanted = [{**one, "filename": f"{folder}\\{one['filename']}"} for one in told[0]["files"]]
            made = me.ok("POST", path_of(user), 201, json=wanted)
            assert len(made["enqueued"]) == 2 and not made["failed"]
            for one in made["enqueued"]:
                wait_for(me, user, one["id"], DONE)
            for name in (SONG, NOTES):
                here = tmp_path / "me-downloads" / ALBUM / name
                assert digest(here) == digest(tmp_path / "ann-share" / ALBUM / name)
            nothing = me.http.post(f"{API}/users/{user}/directory", json={"directory": "no\\such"})
            assert nothing.status_code == 404, nothing.text
            assert me.http.post(f"{API}/users/{user}/directory", json={"directory": " "}).status_code == 400
            assert me.http.post(f"{API}/users/nobody/directory", json={"Directory": "x"}).status_code == 404


def test_a_peers_folder_is_what_searches_found_in_it(tmp_path: Path) -> None:
    with ground(tmp_path, settings={"mesh": {"enabled": True}}) as me, peer(tmp_path, me):
        user, files = found(me, "tide table", mesh=True)
        folder = files[0]["filename"].rpartition("\\")[0]
        where = f"{API}/users/{user}/directory"
        [told] = me.ok("POST", where, json={"directory": folder})
        assert (told["name"], told["fileCount"]) == (folder, 1)
        assert [(one["filename"], one["size"]) for one in told["files"]] == [(SONG, SIZE)]
        found(me, "notes", mesh=True)
        [told] = me.ok("POST", where, json={"directory": folder + "\\"})
        assert [one["filename"] for one in told["files"]] == [SONG, NOTES]
        wanted = [{"filename": f"{folder}\\{NOTES}", "size": 900}]
        [one] = me.ok("POST", path_of(user), 201, json=wanted)["enqueued"]
        wait_for(me, user, one["id"], DONE)
        assert me.http.post(where, json={"directory": "no\\such"}).status_code == 404
        assert me.http.post(f"{API}/users/ann/directory", json={"directory": folder}).status_code == 409
