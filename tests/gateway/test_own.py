"""/api/slskmesh: nothing the terminal can do is missing, and rubbish does no harm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from slskmesh.engine import commands as cmd
from slskmesh.engine.attach_wire import COMMANDS, TOLD
from slskmesh.engine.views import ChunkMapView, PeersView, View
from slskmesh.gateway.app import ALL, build_app
from slskmesh.gateway.own_commands import ANSWERS, ELSEWHERE, READS
from slskmesh.gateway.own_paths import map_shape
from slskmesh.gateway.own_streams import event, written
from slskmesh.gateway.own_views import VIEWS
from slskmesh.gateway.rights import Right
from slskmesh.text import SafeStr
from tests.engine.nodes import furnish, running
from tests.gateway.ground import WAIT, Ground, ground

BASE: Final = "/api/slskmesh"
TOLD_OF: Final[dict[str, Any]] = build_app(ALL).openapi()
NOT_READABLE: Final = {"ChatView": "ShowChat tells all of it as ChatShown"}
NOWHERE: Final = {"musicbrainz": {"host": "127.0.0.1:9"}}


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("own"), settings=NOWHERE) as one:
        yield one


def test_every_command_has_an_operation_or_a_reason() -> None:
    served = {path.rsplit("/", 1)[1] for path in TOLD_OF["paths"] if path.startswith(f"{BASE}/commands/")}
    assert served | ELSEWHERE.keys() == COMMANDS.keys()
    assert not served & ELSEWHERE.keys()


def test_what_answers_a_command_is_what_it_says() -> None:
    for name, kind in COMMANDS.items():
        said = re.search(r"[Aa]nswered by (?:one|an) `(\w+)`|Answered by `(\w+)`", kind.__doc__ or "")
        if said and name not in ELSEWHERE:
            assert ANSWERS[name].__name__ == (said[1] or said[2]), name
    assert ANSWERS.keys() <= COMMANDS.keys()


def test_every_view_can_be_read() -> None:
    readable, seen = [*VIEWS, *ANSWERS.values()], set[str]()
    _, schemas = msgspec.json.schema_components(readable)
    seen |= schemas.keys()
    views = {name for name, kind in TOLD.items() if issubclass(kind, View)}
    assert views - seen - {"HitView"} == NOT_READABLE.keys()  # hits come with a search


def test_only_what_shows_is_for_the_reading_key() -> None:
    for name in COMMANDS.keys() - ELSEWHERE.keys():
        operation = TOLD_OF["paths"][f"{BASE}/commands/{name}"]["post"]
        assert operation["x-right"] == (Right.READ if name in READS else Right.WRITE).value
        assert not (name in READS and issubclass(COMMANDS[name], cmd.Change))


def test_the_reading_key_changes_nothing(me: Ground) -> None:
    assert me.reader.post(f"{BASE}/commands/Rescan").status_code == 403
    assert me.reader.put(f"{BASE}/settings/overlay.name", json={"value": "x"}).status_code == 403
    assert me.reader.post(f"{BASE}/invites").status_code == 403
    assert me.reader.get(f"{BASE}/search", params={"text": "x"}).status_code == 403
    assert me.reader.post(f"{BASE}/commands/ShowShares").status_code == 200
    assert me.reader.get(f"{BASE}/status").status_code == 200
    assert me.stranger.get(f"{BASE}/status").status_code == 401


@pytest.mark.parametrize("kind", VIEWS)
def test_a_view_is_what_its_struct_says(me: Ground, kind: type[View]) -> None:
    answer = me.http.get(f"{BASE}/views/{kind.__name__}")
    assert answer.status_code == 200, answer.text
    assert isinstance(msgspec.json.decode(answer.content, type=kind), kind)


def rubbish(schema: dict[str, Any], pick: int) -> Any:
    """Something of this type that makes no sense."""
    kind = schema.get("type") or "string"
    if kind == "integer":
        return (-1, 0, 1 << 62, -(1 << 63), 1 << 63, 1 << 80)[pick % 6]
    if kind == "array":
        return [rubbish(schema.get("items") or (schema.get("prefixItems") or [{}])[0], pick)]
    if kind == "boolean":
        return bool(pick % 2)
    if kind == "number":
        return (-1.5, 1e300)[pick % 2]
    return ("\u202e\x00/../x", "", "9" * 3000, "..\\..", "k:zz", "\ud7ff\ufffe")[pick % 6]


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - ELSEWHERE.keys()))
def test_rubbish_is_refused_and_never_a_fault(
    me: Ground, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where relative paths lead to
    path = f"{BASE}/commands/{name}"
    for bad in ("[]", "{", '"x"', "[[]]"):
        answer = me.http.post(path, content=bad.encode())
        assert answer.status_code == 400, (bad, answer.text)
    schema = TOLD_OF["components"]["schemas"][f"{name}Command"]
    for pick in range(6):
        body = {key: rubbish(told, pick) for key, told in schema["properties"].items()}
        answer = me.http.post(path, json=body)
        assert answer.status_code in (200, 400, 429), (body, answer.text)
        if answer.status_code != 200:
            assert answer.json()["error"]
    me.ok("GET", f"{BASE}/status")


def test_settings_are_read_and_written(me: Ground) -> None:
    told = me.ok("PUT", f"{BASE}/settings/library.hash_rate", 404, json={"value": "1"})
    assert "no such setting" in told["error"]
    told = me.ok("PUT", f"{BASE}/settings/overlay.max_upload_rate", json={"value": "123456"})
    assert told["restart"] is False
    values = {one["key"]: one["value"] for one in me.ok("GET", f"{BASE}/settings")["settings"]}
    assert values["overlay.max_upload_rate"] == "123456"
    assert me.ok("PUT", f"{BASE}/settings/gateway.enabled", json={"value": "true"})["restart"] is True


def test_the_password_of_an_account_never_comes_back(me: Ground) -> None:
    me.http.post(f"{BASE}/commands/SetAccount", json={"username": "somebody", "password": "hidden-words"})
    told = json.dumps([me.ok("GET", f"{BASE}/views/{kind.__name__}") for kind in VIEWS])
    assert "somebody" in told
    assert "hidden-words" not in told


def test_peers_are_invited_connected_and_left(tmp_path: Path) -> None:
    home = furnish(tmp_path, "peer", settings={"mesh": {"enabled": False}})
    with running([home]) as [peer], ground(tmp_path, settings=NOWHERE) as me:
        peer.listening(WAIT)
        told = me.ok("POST", f"{BASE}/peers", json={"invite": peer.ask(cmd.MakeInvite()).value})
        assert told["text"].startswith("connected to peer")
        one = me.ok("GET", f"{BASE}/peers")["peers"][0]
        assert (one["name"], one["state"]) == ("peer", "connected")
        assert me.ok("POST", f"{BASE}/commands/Trust", json={"peer": one["peer"], "trusted": True})["text"]
        assert me.ok("GET", f"{BASE}/peers")["peers"][0]["trusted"] is True
        me.ok("DELETE", f"{BASE}/peers/{one['peer']}")
        assert me.ok("GET", f"{BASE}/peers")["peers"][0]["state"] != "connected"
        made = me.ok("POST", f"{BASE}/invites", json={"valid_hours": 2})
        assert "2 h" in made["text"]
        peer.ask(cmd.Connect(made["invite"]))
        peer.wait_view(
            PeersView, lambda view: any(p.state.value == "connected" for p in view.peers), WAIT, "us"
        )


def test_a_map_is_shown_for_a_transfer_that_is_there(me: Ground) -> None:
    me.ok("GET", f"{BASE}/transfers/{'0' * 64}/map", 404)
    me.ok(
        "POST",
        f"{BASE}/commands/Download",
        json={"content": "ab" * 32, "size": 5_000_000, "name": "song.flac"},
    )
    assert [one["name"] for one in me.ok("GET", f"{BASE}/transfers")["transfers"]] == ["song.flac"]
    told = me.ok("GET", f"{BASE}/transfers/{'ab' * 32}/map")
    assert told["transfer"] == "ab" * 32
    me.ok("POST", f"{BASE}/commands/Remove", json={"transfer": "ab" * 32})


def test_a_map_is_one_digit_a_chunk() -> None:
    shape = map_shape("aa", ChunkMapView("aa", bytes((0, 4, 5)), bytes((0, 1, 2)), bytes((1, 1, 255))))
    assert (shape.states, shape.owners, shape.copies) == ("045", [0, 1, 2], [1, 1, 255])


def test_an_event_is_one_line_of_json() -> None:
    assert event("x", {"a": "one\ntwo"}) == b'event: x\ndata: {"a":"one\\ntwo"}\n\n'


def test_what_is_no_character_is_written_as_a_question_mark() -> None:
    assert written(ChunkMapView(SafeStr("a\udc80"), b"", b"", b"")).startswith(b'{"transfer":"a?"')
