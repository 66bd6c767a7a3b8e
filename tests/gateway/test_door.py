"""The gateway as a door of a whole engine: what keeps it shut, who reaches it, and what is left when somebody dies."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from slskmesh.engine import commands as cmd
from slskmesh.engine.engine import Engine
from slskmesh.engine.events import Level, Notice
from slskmesh.engine.thread import EngineThread
from slskmesh.engine.views import DoorView, StatusView
from slskmesh.engine.visitor import Visitor
from slskmesh.gateway import app as gateway_app
from slskmesh.gateway.answers import answer
from slskmesh.gateway.door import VIEWER, GatewayDoor
from slskmesh.gateway.gate import GateDep
from slskmesh.gateway.keys import Role, read_key
from slskmesh.gateway.rights import Routes
from slskmesh.paths import Home
from tests.engine.nodes import Node, furnish
from tests.gateway.ground import WAIT, Ground, ground

PATH = "/api/slskmesh/openapi.json"


def place(root: Path, **gateway: object) -> Path:
    """A home whose gateway has these settings."""
    return furnish(root, "me", settings={"gateway": {"enabled": True, **gateway}, "mesh": {"enabled": False}})


@contextlib.contextmanager
def behind(home: Path) -> Iterator[tuple[Node, DoorView]]:
    """An engine on this home, and what it shows of its gateway once that opened or did not."""
    node = Node(home)
    node._client = EngineThread(home, lambda home, box: Engine(home, box, env={}, doors=(GatewayDoor(),)))
    node.start()
    try:
        shown = node.wait_view(DoorView, lambda view: bool(view.gateway or view.trouble), WAIT, "the door")
        yield node, shown
    finally:
        assert node.stop(), "it ends in order"


def works(node: Node) -> bool:
    """Whether the engine does what it is there for."""
    node.wait_view(StatusView, lambda view: bool(view.listening), WAIT, "the engine to listen")
    return bool(node.ask(cmd.MakeInvite()).value)


def test_a_port_in_use_shuts_the_door_and_nothing_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with behind(place(tmp_path, listen=f"127.0.0.1:{port}")) as (node, door):
            assert not door.gateway and f"127.0.0.1:{port}" in door.trouble and "in use" in door.trouble
            assert works(node)
            told = [e for e in node.seen if isinstance(e, Notice) and "the gateway is shut" in e.text]
            assert [event.level for event in told] == [Level.WARN], "no error: that would end a start"


@pytest.mark.parametrize("listen", ["192.0.2.1:0", "music.example:0"])
def test_an_address_of_another_machine_shuts_the_door(tmp_path: Path, listen: str) -> None:
    with behind(place(tmp_path, listen=listen)) as (node, door):
        assert not door.gateway and listen.split(":")[0] in door.trouble and works(node)


def test_a_key_that_others_can_read_shuts_the_door(tmp_path: Path) -> None:
    home = place(tmp_path)
    (home / "api.key").write_text("0123456789abcdef\n")
    (home / "api.key").chmod(0o644)
    with behind(home) as (node, door):
        assert not door.gateway and "chmod 600" in door.trouble and works(node)


def _reach(url: str, home: Path, **headers: str) -> int:
    with httpx.Client(trust_env=False, timeout=WAIT) as line:
        return line.get(url + PATH, headers=headers).status_code


def test_ipv6(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with behind(place(tmp_path, listen="[::1]:0")) as (_, door):
        assert door.gateway.startswith("http://[::1]:")
        key = read_key(Home(tmp_path / "me"), Role.READ)
        assert _reach(door.gateway, tmp_path) == 401
        assert _reach(door.gateway, tmp_path, **{"X-API-Key": key}) == 200


def test_every_address_still_asks_for_a_key_and_says_that_others_reach_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level("INFO", "slskmesh.gateway"),
        behind(place(tmp_path, listen="0.0.0.0:0")) as (node, door),
    ):
        port = door.gateway.rpartition(":")[2]
        url = f"http://127.0.0.1:{port}"
        key = read_key(Home(tmp_path / "me"), Role.READ)
        assert _reach(url, tmp_path) == 401
        assert _reach(url, tmp_path, **{"X-API-Key": key}) == 200
        node.wait_for(
            lambda: any("other machines" in str(getattr(e, "text", "")) for e in node.seen), WAIT, "a warning"
        )
    assert f"the gateway listens on {door.gateway}" in caplog.text
    assert str(tmp_path) not in caplog.text and key not in caplog.text


def test_names_of_the_machine_that_the_settings_give(tmp_path: Path) -> None:
    with behind(
        place(tmp_path, listen="localhost:0", hosts=["Music.LAN"], origins=["http://App.lan:1/"])
    ) as (
        _,
        door,
    ):
        key = {"X-API-Key": read_key(Home(tmp_path / "me"), Role.READ)}
        for host in ("music.lan", "MUSIC.lan:5030", "localhost"):
            assert _reach(door.gateway, tmp_path, Host=host, **key) == 200
        assert _reach(door.gateway, tmp_path, Host="other.lan", **key) == 403
        assert _reach(door.gateway, tmp_path, Origin="http://app.lan:1", **key) == 200
        assert _reach(door.gateway, tmp_path, Origin="http://app.lan", **key) == 403


def test_switched_off_it_makes_no_key_and_no_socket(tmp_path: Path) -> None:
    home = furnish(tmp_path, "me", settings={"mesh": {"enabled": False}})
    node = Node(home)
    node._client = EngineThread(home, lambda home, box: Engine(home, box, env={}, doors=(GatewayDoor(),)))
    node.start()
    try:
        assert works(node) and not list(home.glob("api*key"))
        assert node.latest(DoorView) in (None, DoorView())
    finally:
        node.stop()


# -- requests that are under way when something ends ------------------------------------------------------------------

part = Routes("/test", "test")
waiting: set[str] = set()
arrived = threading.Event()


@part.get("/wait/{name}")
async def wait_for_ever(name: str, gate: GateDep) -> Response:
    """Waits for events that do not come."""
    async with gate.engine.stream(lambda event: False) as stream:
        waiting.add(name)
        arrived.set()
        try:
            await stream.next()
        finally:
            waiting.discard(name)
    return answer("never")


@part.get("/stream/{name}", stream=True)
async def events(name: str, gate: GateDep) -> Response:
    """A stream of events in which none comes after the first."""

    async def pieces() -> Any:
        async with gate.engine.stream(lambda event: False) as stream:
            waiting.add(name)
            try:
                yield b"data: first\n\n"
                arrived.set()
                await stream.next()
            finally:
                waiting.discard(name)

    return StreamingResponse(pieces(), media_type="text/event-stream")


@part.get("/fail")
async def fail(request: Request) -> Response:
    """Fails by a fault of ours."""
    raise LookupError("/srv/somebody/secret")


@part.get("/group")
async def group(request: Request) -> Response:
    """Refuses out of a nursery."""
    async with trio.open_nursery():
        raise gateway_app.GatewayError(409, "not now")


CURL = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
    line.sendall(f"GET {sys.argv[2]} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nX-API-Key: {sys.argv[3]}\\r\\n\\r\\n".encode())
    while line.recv(65536):
        pass
"""


@pytest.fixture
def me(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setattr(gateway_app, "ALL", (*gateway_app.ALL, part))
    waiting.clear()
    arrived.clear()
    with ground(tmp_path) as one:
        yield one


def _client(me: Ground, path: str) -> subprocess.Popen[bytes]:
    key = read_key(me.home, Role.WRITE)
    arrived.clear()
    one = subprocess.Popen([sys.executable, "-c", CURL, me.base.rpartition(":")[2], path, key])
    assert arrived.wait(WAIT)
    return one


def _visitor(me: Ground) -> Visitor:
    me.ask(cmd.Watch(""))  # by then the engine is all there
    box = me._client._engine.hub._boxes[VIEWER]  # type: ignore[attr-defined] # it is looked at, not used
    assert isinstance(box, Visitor)
    return box


@pytest.mark.parametrize("kind", ["wait", "stream"])
def test_a_killed_client_leaves_nothing_behind(me: Ground, kind: str) -> None:
    before = len(_visitor(me)._streams)
    clients = [_client(me, f"/test/{kind}/{number}") for number in range(3)]
    assert waiting == {"0", "1", "2"}
    for one in clients:
        one.send_signal(signal.SIGKILL)
        one.wait()
    me.wait_for(lambda: not waiting, WAIT, "the end of what they asked for")
    assert len(_visitor(me)._streams) == before and not _visitor(me)._open
    assert me.ok("GET", PATH)


@pytest.mark.parametrize("kind", ["wait", "stream"])
def test_the_engines_end_ends_what_is_under_way(me: Ground, kind: str) -> None:
    client = _client(me, f"/test/{kind}/x")
    assert me.stop(20), "it ends though somebody waits"
    assert client.wait(WAIT) == 0 and not waiting


def test_errors_leave_without_insides(me: Ground, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "slskmesh.gateway"):
        got = me.http.get("/test/fail")
        me.wait_for(
            lambda: "LookupError in " in caplog.text, WAIT, "the log of it"
        )  # written after the answer
    assert (got.status_code, got.json()) == (500, {"error": "an error of slskmesh; the log has the details"})
    assert "secret" not in caplog.text
    refused = me.http.get("/test/group")
    assert (refused.status_code, refused.json()) == (409, {"error": "not now"})
