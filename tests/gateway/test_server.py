"""The session with the server below /api/v0, by slskd-api, and its shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.engine.legacy_views import ModeView
from slskmesh.gateway.server_shapes import server_state
from slskmesh.text import sanitize
from tests.demo.soulseek_line import ServerProcess
from tests.gateway.ground import ground
from tests.gateway.orders_ground import until as wait
from tests.gateway.test_rooms import client_of, online, refused, until


def test_the_server_is_left_and_entered(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, ground(tmp_path, server=server.address) as me:
        client = client_of(online(me)).server
        there = {
            "address": server.address,
            "ipEndPoint": server.address,
            "state": "Connected, LoggedIn",
            "isConnected": True,
            "isConnecting": False,
            "isLoggedIn": True,
            "isLoggingIn": False,
            "isTransitioning": False,
        }
        assert client.state() == there
        assert client.connect()  # there already
        assert client.disconnect()
        away = client.state()
        assert (away["state"], away["isConnected"], away["isLoggedIn"]) == ("Disconnected", False, False)
        wait("the server to see us gone", lambda: server.order(status=True)["users"] == [])
        assert client.disconnect()
        assert client.connect()
        assert until(me, client.state, lambda state: state["isLoggedIn"], "the session") == there
        assert me.reader.get("/api/v0/server/").status_code == 200
        for method in ("PUT", "DELETE"):
            assert me.reader.request(method, "/api/v0/server").status_code == 403


def test_without_an_account_or_a_mesh_it_is_said_why(tmp_path: Path) -> None:
    with ground(tmp_path) as me:  # its mesh is switched off
        client = client_of(me).server
        assert client.state()["state"] == "Disconnected"
        assert refused(client.connect) == (409, "there is no Soulseek account; set one first")


@pytest.mark.parametrize(
    ("phase", "server", "state", "end"),
    [
        ("connecting", "server.example:2242", "Connecting", None),
        ("waiting", "[::1]:2242", "Disconnected", "[::1]:2242"),
        ("no account", "", "Disconnected", None),
    ],
)
def test_each_phase_is_a_state(phase: str, server: str, state: str, end: str | None) -> None:
    view = ModeView("hybrid", "degraded", 0.0, sanitize(""), phase=phase, server=sanitize(server))
    told = server_state(view)
    assert (told.state, told.ip_end_point, told.is_transitioning) == (state, end, phase == "connecting")
    assert not told.is_connected and not told.is_logged_in
