"""Transfers as programs order, poll, cancel and remove them, over real networks of both kinds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.legacy_views import LegacyUploadsView
from slskmesh.engine.views import LibraryView
from slskmesh.paths import Home
from tests.demo.soulseek_line import ServerProcess
from tests.engine.test_legacy_plane import engine
from tests.gateway.ground import WAIT, Ground, ground
from tests.gateway.orders_ground import (
    ALBUM,
    API,
    NOTES,
    SIZE,
    SONG,
    digest,
    files_of,
    fill,
    found,
    path_of,
    peer,
    soulseek_user,
    until,
    wait_for,
)

DONE = "Completed, Succeeded"
MESH = {"mesh": {"enabled": True}}


def test_from_a_search_to_the_file_of_a_soulseek_user(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, soulseek_user(tmp_path, server, "ann"):
        with ground(tmp_path, server=server.address) as me:
            me.mode("hybrid", "healthy")
            user, files = found(me, "tide table")
            assert user == "ann"
            made = me.ok("POST", path_of(user), 201, json=files)
            assert made["failed"] == []
            [one] = made["enqueued"]
            assert (one["username"], one["filename"], one["size"]) == ("ann", files[0]["filename"], SIZE)
            done = wait_for(me, user, one["id"], DONE)
            assert (done["bytesTransferred"], done["bytesRemaining"], done["percentComplete"]) == (
                SIZE,
                0,
                100.0,
            )
            assert done["endedAt"] >= done["requestedAt"] and done["averageSpeed"] > 0
            here = tmp_path / "me-downloads" / ALBUM / SONG
            assert digest(here) == digest(tmp_path / "ann-share" / ALBUM / SONG)
            [listed] = me.ok("GET", f"{API}/transfers/downloads/")
            assert listed["username"] == "ann"
            [folder] = listed["directories"]
            assert folder["fileCount"] == 1 and folder["files"][0]["id"] == one["id"]
            assert folder["directory"] == files[0]["filename"].rpartition("\\")[0]
            again = me.ok("POST", path_of(user), 201, json=files)  # it is there: nothing is fetched twice
            assert [(of["id"], of["state"]) for of in again["enqueued"]] == [(one["id"], DONE)]
            assert me.http.delete(path_of(user, one["id"]), params={"remove": "True"}).status_code == 204
            assert me.http.get(path_of(user, one["id"])).status_code == 404
            assert me.http.get(path_of(user)).status_code == 404
            assert me.ok("GET", f"{API}/transfers/downloads") == [] and here.exists()


def test_from_a_search_to_the_file_of_a_peer(tmp_path: Path) -> None:
    with ground(tmp_path, settings=MESH) as me, peer(tmp_path, me):
        user, files = found(me, "tide table", mesh=True)
        assert user.startswith("mesh:sm1")
        made = me.ok("POST", path_of(user), 201, json=[{"FileName": files[0]["filename"], "Size": SIZE}])
        [one] = made["enqueued"]
        assert (one["username"], one["filename"]) == (user, files[0]["filename"])
        done = wait_for(me, user, one["id"], DONE)
        assert done["bytesTransferred"] == SIZE
        here = tmp_path / "me-downloads" / ALBUM / SONG
        assert digest(here) == digest(tmp_path / "peer-share" / ALBUM / SONG)
        assert [of["id"] for of in files_of(me, user)] == [one["id"]]
        unknown = me.ok("POST", path_of(user), 201, json=[{"filename": f"{ALBUM}\\nothing.flac", "size": 3}])
        assert unknown["enqueued"] == [] and "search again" in unknown["failed"][0]["exception"]
        assert unknown["failed"][0]["state"] == "Completed, Errored"
        assert me.http.delete(f"{API}/transfers/downloads/all/completed").status_code == 204
        assert me.ok("GET", f"{API}/transfers/downloads") == [] and here.exists()


def test_what_is_cancelled_stays_until_it_is_removed_or_ordered_again(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        soulseek_user(tmp_path, server, "bob", "--upload", "60", **{SONG: SIZE * 2}) as bob,
        ground(tmp_path, server=server.address) as me,
    ):
        me.mode("hybrid", "healthy")
        user, files = found(me, "tide table")
        [one] = me.ok("POST", path_of(user), 201, json=files)["enqueued"]
        running = wait_for(me, user, one["id"], "InProgress")
        assert running["startedAt"] >= running["requestedAt"]
        until("bytes", lambda: files_of(me, user)[0]["bytesTransferred"] > 0)
        assert me.http.delete(path_of(user, one["id"])).status_code == 204
        cancelled = me.ok("GET", path_of(user, one["id"]))
        assert cancelled["state"] == cancelled["stateDescription"] == "Completed, Cancelled"
        assert cancelled["endedAt"] and cancelled["bytesTransferred"] > 0
        assert me.http.delete(path_of(user, one["id"]), params={"remove": "False"}).status_code == 204
        bob.tell(limit=0)
        [again] = me.ok("POST", path_of(user), 201, json=files)["enqueued"]
        assert again["id"] == one["id"] and not again["state"].startswith("Completed, C")
        wait_for(me, user, one["id"], DONE)
        assert digest(tmp_path / "me-downloads" / ALBUM / SONG) == digest(
            tmp_path / "bob-share" / ALBUM / SONG
        )


def test_names_outlast_a_restart(tmp_path: Path) -> None:
    with ground(tmp_path, settings=MESH) as me, peer(tmp_path, me) as other:
        user, files = found(me, "tide table", mesh=True)
        [done] = me.ok("POST", path_of(user), 201, json=files)["enqueued"]
        wait_for(me, user, done["id"], DONE)
        user, files = found(me, "notes", mesh=True)
        other.stop()
        [waits] = me.ok("POST", path_of(user), 201, json=files)["enqueued"]
        assert me.http.delete(path_of(user, waits["id"])).status_code == 204
        before = files_of(me, user)
        home = me.home
    assert isinstance(home, Home)
    again = Ground(home.root)
    again.start()
    try:
        again.open()
        after = files_of(again, user)
        names = ("id", "username", "filename", "requestedAt", "state")
        assert [[one[name] for name in names] for one in after] == [
            [one[name] for name in names] for one in before
        ]
        assert [one["state"] for one in after] == [DONE, "Completed, Cancelled"]
        [back] = again.ok("POST", path_of(user), 201, json=files)[
            "enqueued"
        ]  # no search remembers it any more
        assert back["id"] == waits["id"] and not back["state"].startswith("Completed")
    finally:
        again.close()


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, ground(tmp_path, server=server.address) as me:
        me.mode("hybrid", "healthy")
        bodies: list[object] = [
            [],
            [{"filename": "m\\..\\x.flac", "size": 3}],
            [{"filename": "x", "size": -1}],
            {},
        ]
        for body in bodies:
            assert me.http.post(path_of("ann"), json=body).status_code == 400, body
        gone = me.http.post(path_of("nobody"), json=[{"filename": "m\\x.flac", "size": 3}])
        assert gone.status_code == 404 and gone.json() == "nobody is offline"
        assert me.ok("GET", f"{API}/transfers/downloads") == []
        nothing = "00000000-0000-0000-0000-000000000000"
        for where in (path_of("ann", nothing), path_of("ann", nothing, "position"), path_of("ann")):
            assert me.http.get(where).status_code == 404
        assert me.http.delete(path_of("ann", nothing)).status_code == 404
        assert me.http.get(path_of("ann", "7")).status_code == 400
        assert me.http.delete(path_of("ann", "7")).status_code == 400
        assert me.reader.post(path_of("ann"), json=[{"filename": "x", "size": 3}]).status_code == 403
        assert me.reader.get(f"{API}/transfers/downloads").status_code == 200


def test_without_the_server_users_are_queued_with_words_and_peers_go_on(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        gone = server.address
    with ground(tmp_path, server=gone) as me, peer(tmp_path, me):
        me.mode("disaster", "unavailable")
        [one] = me.ok("POST", path_of("ann"), 201, json=[{"filename": "m\\Album\\x.flac", "size": 3}])[
            "enqueued"
        ]
        assert one["state"] == "Queued, Locally" and "kept for the server" in one["exception"]
        user, files = found(me, "tide table", mesh=True)
        [mesh] = me.ok("POST", path_of(user), 201, json=files)["enqueued"]
        wait_for(me, user, mesh["id"], DONE)
        assert me.http.get(path_of("ann", one["id"], "position")).status_code == 404
        assert me.http.delete(path_of("ann", one["id"]), params={"remove": True}).status_code == 204


def test_the_place_in_a_queue(tmp_path: Path) -> None:
    share = fill(tmp_path / "bob-share")
    with (
        ServerProcess(tmp_path) as server,
        engine(tmp_path, server.address, share, name="bob") as bob,
        ground(tmp_path, server=server.address) as me,
    ):
        bob.mode("hybrid", "healthy")
        bob.ask(cmd.SetSetting("soulseek.slots", "1"))
        bob.ask(cmd.SetSetting("soulseek.max_upload_rate", "4000"))
        bob.wait_view(LibraryView, lambda view: view.files == 2, WAIT, "the files")
        me.mode("hybrid", "healthy")
        user, songs = found(me, "tide table")
        _, notes = found(me, "notes")
        [song] = me.ok("POST", path_of(user), 201, json=songs)["enqueued"]
        wait_for(me, user, song["id"], "InProgress")
        [one] = me.ok("POST", path_of(user), 201, json=notes)["enqueued"]
        wait_for(me, user, one["id"], "Queued, Remotely")
        assert until("a place", lambda: me.http.get(path_of(user, one["id"], "position")).is_success)
        assert me.ok("GET", path_of(user, one["id"], "position")) == 1
        assert me.ok("GET", path_of(user, one["id"]))["placeInQueue"] == 1
        assert me.http.get(path_of(user, song["id"], "position")).status_code == 404


def test_uploads_are_listed_and_ended(tmp_path: Path) -> None:
    mine = tmp_path / "mine" / "Own Album"
    mine.mkdir(parents=True)
    (mine / "02 Harbour Lights.flac").write_bytes(bytes(2_000_000))
    limits = {"soulseek": {"max_upload_rate": 60_000}}
    with (
        ServerProcess(tmp_path) as server,
        ground(tmp_path, tmp_path / "mine", server=server.address, settings=limits) as me,
        soulseek_user(tmp_path, server, "ann") as ann,
    ):
        me.mode("hybrid", "healthy")

        def answered() -> object:
            ann.tell(search="harbour lights")
            return ann.wait("answer", user="me")["answer"]

        [[path, *_]] = until("our file", answered)
        ann.tell(download=path, from_="me")
        me.wait_view(LegacyUploadsView, lambda view: bool(view.uploads), WAIT, "the upload")
        [listed] = me.ok("GET", f"{API}/transfers/uploads/", params={"includeRemoved": "False"})
        [folder] = listed["directories"]
        [one] = folder["files"]
        assert (one["username"], one["direction"], one["filename"]) == ("ann", "Upload", path)
        where = f"{API}/transfers/uploads/ann"
        assert me.ok("GET", where)["directories"][0]["files"][0]["id"] == one["id"]
        assert me.ok("GET", f"{where}/{one['id']}")["requestedAt"] == one["requestedAt"]
        assert me.http.delete(f"{API}/transfers/uploads/all/completed").status_code == 204
        assert me.http.delete(f"{where}/{one['id']}").status_code == 204
        assert me.http.get(f"{where}/{one['id']}").status_code == 404
        assert me.ok("GET", f"{API}/transfers/uploads") == []


def test_a_download_of_the_person_is_shown_and_left_to_the_person(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, soulseek_user(tmp_path, server, "ann"):
        with ground(tmp_path, server=server.address) as me:
            me.mode("hybrid", "healthy")
            [(query, hit)] = [(q, hits[0].key) for q, hits in [me.hits("notes", 1)]]
            me.ask(leg.GetHits(query, (hit,)), WAIT)
            [done] = until("it", lambda: [one for one in files_of(me, "ann") if one["state"] == DONE])
            assert done["filename"].endswith(f"{ALBUM}\\{NOTES}")
            me.ask(leg.GetRemote("ann", f"nowhere\\{NOTES}", 5), WAIT)
            until(
                "the refusal",
                lambda: any(one["state"] == "Completed, Rejected" for one in files_of(me, "ann")),
            )
            assert me.http.delete(f"{API}/transfers/downloads/all/completed").status_code == 204
            [left] = files_of(me, "ann")
            assert left["state"] == "Completed, Rejected" and left["exception"]


def test_who_orders_while_two_others_do_is_told_to_come_again(tmp_path: Path) -> None:
    with ground(tmp_path, server="127.0.0.1:1") as me:

        def order(number: int) -> httpx.Response:
            files = [{"filename": f"m\\Album {number}\\{one}.flac", "size": 3} for one in range(300)]
            return me.http.post(path_of("ann"), json=files)

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(order, range(8)))
        busy = [answer for answer in answers if answer.status_code == 429]
        went = [answer for answer in answers if answer.status_code == 201]
        assert busy and len(went) >= 2 and len(busy) + len(went) == 8
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in busy)
        assert sum(len(answer.json()["enqueued"]) for answer in went) == 300 * len(went)
        assert len(files_of(me, "ann")) == 300 * len(went)
        assert order(9).status_code == 201
