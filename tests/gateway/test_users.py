"""Users below /api/v0, by slskd-api: what they say, how they are, what they share; and one who never answers."""

from __future__ import annotations

import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aioslsk.protocol import messages as m

from slskmesh.engine.commands import Disconnect
from slskmesh.engine.legacy_commands import StopBrowse
from slskmesh.engine.views import PeersView
from slskmesh.gateway.mesh_users import NOTE
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.gateway.ground import WAIT, ground
from tests.gateway.orders_ground import found, peer
from tests.gateway.test_rooms import client_of, online, refused, until


def folder(root: Path, name: str, *files: str) -> None:
    (root / name).mkdir(parents=True)
    for number, file in enumerate(files, 1):
        (root / name / file).write_bytes(random.Random(number).randbytes(100 * number))


def test_a_user_is_asked_and_his_shares_are_listed(tmp_path: Path) -> None:
    share = tmp_path / "share"
    folder(share, "Slow Ferries", "01 Tide Table.flac", "02 Night Boat.flac")
    folder(share, "Slow Ferries/Covers", "front.jpg")
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(tmp_path, server.address, "ann", "--share", str(share)) as ann,
        ground(tmp_path, server=server.address) as me,
    ):
        ann.online()
        users = client_of(online(me)).users
        info = users.info("ann")
        assert info["uploadSlots"] == 2 and info["queueLength"] == 0 and info["hasFreeUploadSlot"] is True
        assert info["hasPicture"] is False and isinstance(info["description"], str)
        assert users.status("ann") == {"presence": "Online", "isPrivileged": False}
        assert users.status("nobody") == {"presence": "Offline", "isPrivileged": False}
        assert refused(lambda: users.info("nobody"))[0] == 404
        assert refused(lambda: users.browse("nobody"))[0] == 404
        assert refused(lambda: users.browsing_status("ann"))[0] == 404
        told = users.browse("ann")
        assert (told["lockedDirectories"], told["lockedDirectoryCount"], "note" in told) == ([], 0, False)
        assert told["directoryCount"] == len(told["directories"])
        files = {one["name"].rpartition("\\")[2]: one["files"] for one in told["directories"] if one["files"]}
        shared = {
            name: sorted((file["filename"], file["size"], file["extension"]) for file in inside)
            for name, inside in files.items()
        }
        assert shared == {
            "Slow Ferries": [("01 Tide Table.flac", 100, "flac"), ("02 Night Boat.flac", 200, "flac")],
            "Covers": [("front.jpg", 100, "jpg")],
        }
        assert all(one["fileCount"] == len(one["files"]) for one in told["directories"])
        assert all(one["name"].startswith("@@") and "/" not in one["name"] for one in told["directories"])
        assert me.reader.get("/api/v0/users/ann/status/").status_code == 200
        server.order(stop=True)
        server.child.finish()
        until(me, lambda: client_of(me).server.state(), lambda state: not state["isConnected"], "the end")
        kept = users.browse("ann")
        assert kept.pop("note").startswith("as of") and kept == told
        for call in (users.info, users.status, lambda name: users.browse("bob")):
            assert refused(lambda call=call: call("ann"))[0] == 409


def test_a_list_that_does_not_come_may_be_watched_and_stopped(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        server.line() as line,
        socket.create_server(("127.0.0.1", 0)) as silent,
        ground(tmp_path, server=server.address) as me,
        ThreadPoolExecutor(2) as threads,
    ):
        assert line.login("mute").success
        line.send(m.SetListenPort.Request(silent.getsockname()[1]))
        held: list[socket.socket] = []
        threading.Thread(target=_hold, args=(silent, held), daemon=True).start()
        users = client_of(online(me)).users
        answers = [threads.submit(me.http.get, "/api/v0/users/mute/browse") for _ in range(2)]
        path = "/api/v0/users/mute/browse/status"
        until(
            me,
            lambda: me.http.get(path).status_code,
            lambda status: status == 200,
            "the list to be asked for",
        )
        assert users.browsing_status("mute") == {
            "username": "mute",
            "size": 0,
            "bytesTransferred": 0,
            "bytesRemaining": 0,
            "percentComplete": 0.0,
            "directoryCount": 0,
            "fileCount": 0,
        }
        until(me, lambda: len(held), lambda count: count > 0, "the question to reach him")
        me.ask(StopBrowse("mute"))
        for answer in answers:
            assert answer.result(WAIT).status_code == 409 and answer.result().json() == "stopped"
        assert refused(lambda: users.browsing_status("mute"))[0] == 404
        for one in held:
            one.close()


def _hold(silent: socket.socket, held: list[socket.socket]) -> None:
    """Takes lines and says nothing."""
    while True:
        try:
            held.append(silent.accept()[0])
        except OSError:
            return


def test_without_a_session_nobody_is_asked(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        users = client_of(me).users
        for call in (users.info, users.status, users.browse):
            status, said = refused(lambda call=call: call("ann"))
            assert status == 409 and "account" in said
        assert refused(lambda: users.browsing_status("ann"))[0] == 404
        assert me.http.get("/api/v0/users/%20/info").status_code == 404


def test_a_peer_of_the_mesh_is_a_user(tmp_path: Path) -> None:
    with ground(tmp_path, settings={"mesh": {"enabled": True}}) as me, peer(tmp_path, me) as other:
        name, files = found(me, "tide table", mesh=True)
        users = client_of(me).users
        assert users.status(name) == {"presence": "Online", "isPrivileged": False}
        told = users.browse(name)
        assert told["note"] == NOTE and (told["directoryCount"], told["lockedDirectories"]) == (1, [])
        [directory] = told["directories"]
        paths = [f"{directory['name']}\\{file['filename']}" for file in directory["files"]]
        assert paths == [file["filename"] for file in files] and directory["fileCount"] == len(files)
        assert refused(lambda: users.info(name)) == (404, "peers of the mesh say nothing of themselves")
        assert refused(lambda: users.browsing_status(name))[0] == 404
        assert (
            refused(lambda: users.browse("mesh:nobody00"))[0] == 409
        )  # he may be on Soulseek, where we are not
        me.ask(Disconnect(me.wait_view(PeersView, lambda view: True, WAIT, "him").peers[0].peer))
        until(me, lambda: users.status(name)["presence"], lambda presence: presence == "Offline", "his end")
        assert users.browse(name) == told and other
