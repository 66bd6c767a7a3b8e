"""Session, version, state and options as clients of slskd ask for them, with slskd-api on a real gateway."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import requests
import slskd_api

from slskmesh.engine.views import LibraryView
from slskmesh.gateway.guesses import GUESSES
from slskmesh.gateway.keys import Role, read_key
from tests.demo.soulseek_line import ServerProcess
from tests.gateway.ground import WAIT, Ground, ground

API = "/api/v0"


def login(me: Ground, password: str, name: str = "music") -> Any:
    return me.stranger.post(f"{API}/session", json={"username": name, "password": password})


def test_who_logs_in_with_a_key_has_its_rights(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        for role in Role:
            key = read_key(me.home, role)
            client = slskd_api.SlskdClient(me.base, username="music", password=key, timeout=WAIT)
            assert client.session.auth_valid() and client.session.security_enabled()
            token = client.session.login("music", key)
            assert (token["token"], token["tokenType"], token["name"]) == (key, "Bearer", "music")
            assert token["notBefore"] <= token["issued"] < token["expires"]
            bearer = {"Authorization": f"Bearer {token['token']}"}
            allowed = me.stranger.post(f"{API}/searches", json={"searchText": ""}, headers=bearer).status_code
            assert allowed == (400 if role is Role.WRITE else 403)


def test_who_has_no_key_has_no_session(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        assert me.stranger.get(f"{API}/session").status_code == 401
        assert me.stranger.get(f"{API}/session/enabled").json() is True
        for body in ({}, {"username": "music"}, {"username": " ", "password": "x" * 20}, {"password": "x"}):
            assert me.stranger.post(f"{API}/session", json=body).status_code == 400
        key = read_key(me.home, Role.WRITE)
        me.ok("GET", f"{API}/session")
        statuses = [login(me, f"not the key {number}").status_code for number in range(GUESSES + 1)]
        assert statuses == [401] * GUESSES + [429]
        answer = login(me, key)
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1
        assert key not in answer.text
        me.ok("GET", f"{API}/session")  # whoever showed a key on this line before is not locked out


def test_the_state_of_the_application(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "01 Dawn.flac").write_bytes(random.Random(1).randbytes(5_000))
    with ServerProcess(tmp_path) as server, ground(tmp_path, share, server=server.address) as me:
        me.mode("hybrid", "healthy")
        me.wait_view(LibraryView, lambda view: view.files == 1, WAIT, "the scan")
        client = slskd_api.SlskdClient(me.base, read_key(me.home, Role.READ), timeout=WAIT)
        version = client.application.version()
        assert tuple(map(int, version.split("."))) >= (0, 26, 0)
        state = client.application.state()
        assert (
            state["server"]["state"] == "Connected, LoggedIn" and state["server"]["address"] == server.address
        )
        assert state["server"]["isConnected"] and state["server"]["isLoggedIn"]
        assert not state["server"]["isTransitioning"]
        assert state["version"] == client.application.check_updates(forceCheck=True)
        assert state["version"]["current"] == state["version"]["full"] == version
        assert state["user"] == {"username": "me"} and state["rooms"] == []
        assert state["shares"]["files"] == 1 and state["shares"]["ready"]
        assert state["connectionWatchdog"] == {"isEnabled": True, "isAttemptingConnection": False}
        me.http.post(f"{API}/rooms/joined", json="books").raise_for_status()
        assert client.application.state()["rooms"] == ["books"]
        assert me.http.get(f"{API}/application/").json() == client.application.state()


def test_options_tell_where_files_go_and_no_secret(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    more = {
        "soulseek": {
            "max_upload_rate": "500K",
            "slots": 7,
            "username": "me",
            "server": "127.0.0.1:9",
            "listen": "127.0.0.1:0",
        },
        "library": {"exclude": ["*.tmp"]},
    }
    with ground(tmp_path, share, settings=more) as me:
        (me.home.root / "soulseek.password").write_text("very secret\n")
        client = slskd_api.SlskdClient(me.base, read_key(me.home, Role.READ), timeout=WAIT)
        told = client.options.get()
        downloads = str(tmp_path / "me-downloads")
        assert told["directories"] == {"downloads": downloads, "incomplete": f"{downloads}/.incomplete"}
        assert told["shares"] == {"directories": [str(share)], "filters": ["*.tmp"]}
        assert told["transfers"] == {"upload": {"slots": 7, "speedLimit": 500}, "download": {"slots": 10}}
        assert told["soulseek"] == {"address": "127.0.0.1", "port": 9, "username": "me", "description": ""}
        assert told["remoteFileManagement"] is False and told["remoteConfiguration"] is False
        assert client.options.get_startup() == told
        text = me.http.get(f"{API}/options").text
        secrets = ("very secret", *(read_key(me.home, role) for role in Role), f"{me.home.root}/")
        assert not any(secret in text for secret in secrets)


def test_the_file_of_settings_is_neither_shown_nor_changed(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        before = me.home.config.read_bytes()
        client = slskd_api.SlskdClient(me.base, read_key(me.home, Role.WRITE), timeout=WAIT)
        options = client.options
        for call in (
            options.download_yaml,
            options.yaml_location,
            options.debug,
            lambda: options.upload_yaml("x: 1"),
            lambda: options.validate_yaml("x: 1"),
        ):
            with pytest.raises(requests.HTTPError) as refused:
                call()
            assert refused.value.response is not None and refused.value.response.status_code == 403
            assert str(tmp_path) not in refused.value.response.text
        assert me.home.config.read_bytes() == before
