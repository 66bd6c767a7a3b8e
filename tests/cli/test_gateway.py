"""`slskmesh gateway`: keys for programs, also beside a running engine; whether it answers; its reference."""

from __future__ import annotations

import json
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from slskmesh.gateway.reference import reference
from tests.cli.conftest import Daemon

Run = Callable[..., subprocess.CompletedProcess[str]]
PATH = "/api/slskmesh/openapi.json"


def status_of(url: str, key: str) -> int:
    """The status of an answer to this key."""
    request = urllib.request.Request(url + PATH, headers={"X-API-Key": key})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_keys_are_shown_made_and_made_anew(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "new"
    first = run("gateway", "key", "--home", home)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == run("gateway", "key", "--home", home).stdout == (home / "api.key").read_text()
    assert stat.S_IMODE((home / "api.key").stat().st_mode) == 0o600
    told = json.loads(run("gateway", "key", "--readonly", "--home", home, "--json").stdout)
    assert told == {
        "key": (home / "api.readonly.key").read_text().strip(),
        "role": "readonly",
        "file": str(home / "api.readonly.key"),
        "new": False,
    }
    anew = run("gateway", "key", "--new", "--home", home)
    assert anew.stdout == (home / "api.key").read_text() != first.stdout
    assert "until the engine starts anew" in anew.stderr
    assert (home / "api.readonly.key").read_text().strip() == told["key"], "the other one stays"


def test_a_key_that_others_can_read_is_not_shown(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "new"
    key = run("gateway", "key", "--home", home).stdout.strip()
    (home / "api.key").chmod(0o644)
    refused = run("gateway", "key", "--home", home)
    assert refused.returncode == 2 and refused.stdout == "" and key not in refused.stderr
    assert "chmod 600" in refused.stderr


def test_beside_a_running_daemon(
    run: Run, make_home: Callable[..., Path], daemon: Callable[..., Daemon]
) -> None:
    home = make_home("anna")
    off = run("gateway", "status", "--home", home)
    assert off.returncode == 1 and "set gateway.enabled" in off.stdout
    with open(home / "config.toml", "a", encoding="utf-8") as file:
        file.write('[gateway]\nenabled = true\nlisten = "127.0.0.1:0"\n')
    one = daemon(home)
    url = one.ready["gateway"]
    key = run("gateway", "key", "--home", home).stdout.strip()
    assert status_of(url, key) == 200
    other = run("gateway", "key", "--new", "--home", home).stdout.strip()
    assert (status_of(url, key), status_of(url, other)) == (200, 401)
    anywhere = run("gateway", "status", "--home", home)
    assert anywhere.returncode == 1 and "ready line" in anywhere.stdout
    code, out, err = one.end()
    assert (code, out, err) == (0, "", "")
    log = (home / "slskmesh.log").read_text()
    assert f"the gateway listens on {url}" in log and key not in log and str(home) not in log


def test_status_says_who_answers(
    run: Run, make_home: Callable[..., Path], daemon: Callable[..., Daemon], unused_port: int
) -> None:
    home = make_home("anna")
    with open(home / "config.toml", "a", encoding="utf-8") as file:
        file.write(f'[gateway]\nenabled = true\nlisten = "127.0.0.1:{unused_port}"\n')
    nobody = json.loads(run("gateway", "status", "--home", home, "--json").stdout)
    assert nobody["enabled"] and not nobody["answers"] and "refused" in nobody["trouble"]
    one = daemon(home)
    there = run("gateway", "status", "--home", home)
    assert (there.returncode, there.stdout) == (0, f"{one.ready['gateway']}: answers\n")
    run("gateway", "key", "--readonly", "--new", "--home", home)
    new = json.loads(run("gateway", "status", "--home", home, "--json").stdout)
    assert not new["answers"] and "the key is new" in new["trouble"]


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def test_the_reference_is_written(run: Run) -> None:
    assert run("gateway", "docs").stdout == reference()
