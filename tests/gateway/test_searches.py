"""Searches as clients of slskd make them, on a real Soulseek server with a user, and a peer of the mesh."""

from __future__ import annotations

import contextlib
import random
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
import slskd_api

from slskmesh.engine import commands as cmd
from slskmesh.engine.views import LibraryView, PeerState, PeersView
from slskmesh.gateway.keys import Role, read_key
from slskmesh.gateway.names import mesh_user
from slskmesh.soulseek.search_budget import IN_MINUTE
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.engine.nodes import Node, Settings, furnish, meet
from tests.gateway.ground import WAIT, Ground, ground

T = TypeVar("T")
API = "/api/v0/searches"
SIZE = 9_000
LONG = 60_000  # ms: longer than a test waits


def album(root: Path, owner: str) -> Path:
    """A folder to share with one file in it."""
    folder = root / f"{owner}-share" / "Slow Ferries"
    folder.mkdir(parents=True)
    (folder / f"01 Tide Table {owner}.flac").write_bytes(random.Random(owner).randbytes(SIZE))
    return folder.parent


def until(reached: Callable[[], T | None], what: str) -> T:
    """Asks again and again, as clients do."""
    deadline = time.monotonic() + WAIT
    while not (found := reached()):
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.05)
    return found


def client_of(me: Ground) -> Any:
    return slskd_api.SlskdClient(me.base, read_key(me.home, Role.WRITE), timeout=WAIT)


def connected(view: PeersView) -> bool:
    return any(peer.state is PeerState.CONNECTED for peer in view.peers)


def peer_of(me: Ground) -> str:
    """The user name of the only peer, once it is connected."""
    view = me.wait_view(PeersView, connected, WAIT, "the peer")
    [one] = [peer for peer in view.peers if peer.state is PeerState.CONNECTED]
    return mesh_user(one.peer)


@contextlib.contextmanager
def both(root: Path, *, ann: bool = True) -> Iterator[tuple[Ground, Node, ServerProcess]]:
    """Us with a gateway, a peer we are connected with, and a server with ann on it."""
    with ServerProcess(root) as server, contextlib.ExitStack() as stack:
        if ann:
            words = ("--share", str(album(root, "ann")), "--downloads", str(root / "got"))
            stack.enter_context(LegacyUser(root, server.address, "ann", *words)).online()
        peer = Node(furnish(root, "peer", album(root, "peer"), settings={"mesh": {"enabled": False}}))
        peer.start()
        stack.callback(peer.stop)
        alone: Settings = {
            "musicbrainz": {"host": ""},
            "dht": {"lan": False},
        }  # so that nobody else can be asked
        me = stack.enter_context(ground(root, server=server.address, settings=alone))
        peer.wait_view(LibraryView, lambda view: view.files == 1, WAIT, "its file")
        meet(peer, me)
        me.mode("hybrid", "healthy")
        peer_of(me)
        yield me, peer, server


def test_both_networks_are_searched_by_slskd_api(tmp_path: Path) -> None:
    with both(tmp_path) as (me, _, _):
        client, mesh, id = client_of(me), peer_of(me), str(uuid.uuid4())
        begun = client.searches.search_text("tide table", id=id, searchTimeout=3000)
        assert (begun["id"], begun["searchText"], begun["responses"]) == (id, "tide table", [])
        assert isinstance(begun["token"], int) and "endedAt" not in begun
        until(lambda: client.searches.state(id)["isComplete"], "the end")
        state = client.searches.state(id)
        assert state["state"] == "Completed, TimedOut" and state["endedAt"] >= state["startedAt"]
        assert (state["fileCount"], state["lockedFileCount"], state["responseCount"]) == (2, 0, 2)
        assert state["responses"] == []
        told = {one["username"]: one for one in client.searches.search_responses(id)}
        assert set(told) == {"ann", mesh}
        for user, name in (("ann", "ann"), (mesh, "peer")):
            [file] = told[user]["files"]
            assert file["filename"].endswith(f"\\Slow Ferries\\01 Tide Table {name}.flac")
            assert (file["size"], file["extension"], file["code"], file["isLocked"]) == (
                SIZE,
                "flac",
                1,
                False,
            )
            assert told[user]["fileCount"] == 1 and told[user]["lockedFiles"] == []
            assert told[user]["hasFreeUploadSlot"] and told[user]["token"] == begun["token"]
        whole = client.searches.state(id, includeResponses=True)
        assert {one["username"]: one for one in whole["responses"]} == told
        assert client.searches.get_all() == [state]
        assert client.searches.stop(id) and client.searches.state(id) == state
        assert client.searches.delete(id) and client.searches.get_all() == []
        for call in (client.searches.state, client.searches.search_responses, client.searches.delete):
            with pytest.raises(requests.HTTPError) as gone:
                call(id)
            assert gone.value.response.status_code == 404


def test_responses_grow_and_what_a_deleted_search_found_can_be_ordered(tmp_path: Path) -> None:
    with both(tmp_path) as (me, _, _):
        body = {"SearchText": "tide table", "SearchTimeout": LONG, "Id": str(uuid.uuid4()).upper()}
        id = me.ok("POST", API, json=body)["id"]
        assert id == body["Id"].lower()  # type: ignore[attr-defined]
        assert me.http.post(API, json={**body, "SearchText": "else"}).status_code == 409
        until(lambda: len(me.ok("GET", f"{API}/{id}/responses")) == 2, "both answers")
        state = me.ok("GET", f"{API}/{id}")
        assert (state["state"], state["isComplete"], state["responseCount"]) == ("InProgress", False, 2)
        assert me.reader.put(f"{API}/{id}").status_code == 403
        me.ok("PUT", f"{API}/{id}")
        stopped = me.reader.get(f"{API}/{id}", params={"includeResponses": "True"}).json()
        assert (stopped["state"], stopped["isComplete"]) == ("Completed, Cancelled", True)
        assert len(stopped["responses"]) == 2
        me.ok("DELETE", f"{API}/{id}", 204)
        for one in stopped["responses"]:  # programs tidy up before they order
            path = f"/api/v0/transfers/downloads/{one['username']}"
            ordered = me.ok("POST", path, 201, json=one["files"])
            assert [file["filename"] for file in ordered["enqueued"]] == [one["files"][0]["filename"]]
            assert ordered["failed"] == []


def test_limits_and_filters_of_a_search(tmp_path: Path) -> None:
    with both(tmp_path) as (me, _, _):

        def ended(**body: Any) -> Any:
            id = me.ok("POST", API, json={"searchTimeout": 3000, **body})["id"]
            return until(lambda: (one := me.ok("GET", f"{API}/{id}"))["isComplete"] and one, "the end")

        one = ended(searchText="tide", responseLimit=1, searchTimeout=LONG)
        assert (one["state"], one["responseCount"]) == ("Completed, ResponseLimitReached", 1)
        one = ended(searchText="table", fileLimit=2, searchTimeout=LONG)
        assert (one["state"], one["fileCount"]) == ("Completed, FileLimitReached", 2)
        one = ended(searchText="slow", minimumResponseFileCount=2)
        assert (one["state"], one["responseCount"], one["fileCount"]) == ("Completed, TimedOut", 0, 0)
        one = ended(searchText="ferries", minimumResponseFileCount=2, filterResponses=False)
        assert one["responseCount"] == 2


def test_programs_leave_searches_to_the_person(tmp_path: Path) -> None:
    with both(tmp_path, ann=False) as (me, _, _):
        for number in range(IN_MINUTE):
            answer = me.http.post(API, json={"searchText": f"tide {number}"})
            if answer.status_code != 200:
                break
        assert answer.status_code == 429 and 3 < number < IN_MINUTE
        assert 1 <= int(answer.headers["Retry-After"]) <= 220 and "person" in answer.json()
        assert len(me.ok("GET", API)) == number, "a search that was refused is none, though a peer is there"
        assert "the Soulseek server" in str(me.ask(cmd.Search("tide table")).text)


def test_the_same_words_again_are_put_off(tmp_path: Path) -> None:
    with both(tmp_path, ann=False) as (me, _, _):
        me.ok("POST", API, json={"searchText": "tide table"})
        answer = me.http.post(API, json={"searchText": " TIDE  table"})
        assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 61


def test_in_disaster_mode_the_same_calls_work_on_the_mesh(tmp_path: Path) -> None:
    with both(tmp_path) as (me, peer, server):
        client, mesh = client_of(me), peer_of(me)
        assert client.application.state()["server"]["isLoggedIn"]
        server.order(stop=True)
        server.child.finish()
        me.mode("disaster", "unavailable")
        state = client.application.state()["server"]
        assert state["state"] == "Connected, LoggedIn" and state["isConnected"] and state["isLoggedIn"]
        assert client.server.state()["state"] != "Connected, LoggedIn", "of the session the truth is told"
        for _ in range(2):  # a budget of the server's is nothing to peers
            id = client.searches.search_text("tide table")["id"]
            until(lambda id=id: client.searches.state(id)["isComplete"], "the end")  # type: ignore[misc]
            assert [one["username"] for one in client.searches.search_responses(id)] == [mesh]
        peer.stop()
        me.wait_view(PeersView, lambda view: not connected(view), WAIT, "the peer to be gone")
        answer = until(
            lambda: (one := me.http.post(API, json={"searchText": "tide table"})).status_code != 200 and one,
            "nobody to be asked",
        )
        assert answer.status_code == 409 and answer.json()
        assert not until(
            lambda: not (server := client.application.state()["server"])["isLoggedIn"] and server, "the state"
        )["isConnected"]


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        for body in ({"searchText": "  "}, {}, {"searchText": "x", "id": "7"}, {"searchText": "x" * 300}, []):
            answer = me.http.post(API, json=body)
            assert answer.status_code == 400 and isinstance(answer.json(), str), body
        answer = me.http.post(API, json={"searchText": "tide"})
        assert answer.status_code == 409 and "no peer" in answer.json()
        for path in (f"{API}/{uuid.uuid4()}", f"{API}/{uuid.uuid4()}/responses"):
            assert me.http.get(path).status_code == 404
        assert me.http.get(f"{API}/7").status_code == 400
        assert me.reader.post(API, json={"searchText": "x"}).status_code == 403
        assert me.stranger.get(API).status_code == 401
