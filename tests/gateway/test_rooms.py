"""Rooms below /api/v0: with the demo's server and another client, by slskd-api where it has the call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from slskd_api import SlskdClient

from slskmesh.engine.legacy_views import ModeView
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.gateway.ground import WAIT, Ground, ground

ROOMS = "/api/v0/rooms"


def client_of(me: Ground) -> SlskdClient:
    """slskd-api as its users make one."""
    return SlskdClient(me.base, api_key=me.http.headers["X-API-Key"], timeout=WAIT)


def online(me: Ground) -> Ground:
    """Itself, once it is on the server."""
    me.wait_view(ModeView, lambda view: view.phase == "online", WAIT, "the session")
    return me


def until(me: Ground, ask: Callable[[], Any], true: Callable[[Any], bool], what: str) -> Any:
    """What is answered, once it is so; asks again whenever the engine shows something, or a little later."""
    found: list[Any] = []

    def there() -> bool:
        found[:] = [ask()]
        return true(found[0])

    me.wait_for(there, WAIT, what)
    return found[0]


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """Status and sentence with which slskd-api is refused."""
    with pytest.raises(requests.HTTPError) as caught:
        call()
    answer = caught.value.response
    said = answer.json()
    assert isinstance(said, str) and said
    return answer.status_code, said


def test_a_room_is_joined_talked_in_and_left(tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path) as server,
        LegacyUser(tmp_path, server.address, "ann", "--join", "harbour") as ann,
        ground(tmp_path, server=server.address) as me,
    ):
        ann.online()
        rooms = client_of(online(me)).rooms
        assert rooms.get_all() == [
            {"name": "harbour", "userCount": 1, "isPrivate": False, "isOwned": False, "isModerated": False}
        ]
        assert rooms.get_all_joined() == []
        room = rooms.join("harbour")
        assert (room["name"], room["isPrivate"], room["messages"]) == ("harbour", False, [])
        assert [(user["username"], user["status"], user.get("self")) for user in room["users"]] == [
            ("ann", "Online", None),
            ("me", "Online", True),
        ]
        assert me.http.post(f"{ROOMS}/joined", json="harbour").status_code == 200  # in it already
        assert rooms.get_all_joined() == ["harbour"]

        ann.tell(say="good\tevening", room="harbour")
        assert rooms.send("harbour", "good evening to you")
        assert ann.wait("said", user="me")["said"] == "good evening to you"
        said = until(me, lambda: rooms.get_messages("harbour"), lambda lines: len(lines) == 2, "both lines")
        by_user = {line["username"]: line for line in said}
        assert by_user["ann"]["message"] == "good evening" and "self" not in by_user["ann"]
        assert by_user["me"]["self"] is True and by_user["me"]["roomName"] == "harbour"
        assert by_user["me"]["timestamp"].endswith("Z")
        assert rooms.set_ticker("harbour", "here")
        assert {user["username"] for user in rooms.get_users("harbour")} == {"ann", "me"}
        assert all(user["slotsFree"] >= 0 and user["fileCount"] == 0 for user in rooms.get_users("harbour"))
        assert len(rooms.get_joined("harbour")["messages"]) == 2
        assert refused(lambda: rooms.add_member("harbour", "bob"))[0] == 405

        assert rooms.leave("harbour")
        assert rooms.get_all_joined() == []
        assert refused(lambda: rooms.get_joined("harbour")) == (404, "we are not in the room harbour")
        assert refused(lambda: rooms.send("harbour", "anybody there?"))[0] == 404
        assert refused(lambda: rooms.leave("harbour"))[0] == 404


def test_what_a_room_does_not_take_is_refused_with_words(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, ground(tmp_path, server=server.address) as me:
        rooms = client_of(online(me)).rooms
        assert refused(lambda: rooms.join("x" * 40))[0] == 403
        assert me.http.post(f"{ROOMS}/joined", json={"room": "harbour"}).status_code == 400
        rooms.join("a/b c")  # slskd-api leaves the stroke as it is
        assert rooms.get_all_joined() == ["a/b c"] == [rooms.get_joined("a/b c")["name"]]
        assert me.ok("GET", f"{ROOMS}/joined/a%2Fb%20c/")["name"] == "a/b c"
        assert refused(lambda: rooms.send("a/b c", "two\nlines"))[0] == 400
        for number in range(5):
            assert rooms.send("a/b c", f"line {number}")
        answer = me.http.post(f"{ROOMS}/joined/a%2Fb%20c/messages", json="one more")
        assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 12
        assert me.reader.get(f"{ROOMS}/joined").status_code == 200
        for method, path, body in (
            ("POST", "joined", "x"),
            ("DELETE", "joined/a%2Fb%20c", None),
            ("POST", "joined/a%2Fb%20c/messages", "x"),
            ("POST", "joined/a%2Fb%20c/ticker", "x"),
        ):
            assert me.reader.request(method, f"{ROOMS}/{path}", json=body).status_code == 403


def test_without_a_session_it_is_said_why(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        for method, path, body in (("GET", "available", None), ("POST", "joined", "harbour")):
            answer = me.http.request(method, f"{ROOMS}/{path}", json=body)
            assert answer.status_code == 409 and answer.json(), path
        assert me.http.post(f"{ROOMS}/joined/harbour/messages", json="hello").status_code == 409
        assert me.http.get(f"{ROOMS}/joined/harbour/messages").status_code == 404
        assert me.ok("GET", f"{ROOMS}/joined") == []
