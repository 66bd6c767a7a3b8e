"""The daemon as a process: its ready line, its signals, its home, and the commands that talk to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
DAEMON = Callable[..., Any]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ready_line_and_a_clean_end(
    make_home: Callable[..., Path], daemon: DAEMON, number: signal.Signals
) -> None:
    home = make_home("h")
    one = daemon(home)
    assert set(one.ready) == {"ready", "peer_id", "overlay", "dht", "gateway", "invite"}
    assert one.ready["ready"] is True and one.ready["peer_id"].startswith("sm1")
    host, port = one.ready["overlay"].split(":")
    with socket.create_connection((host, int(port)), timeout=5):
        pass
    assert one.end(number) == (0, "", "")
    log = (home / "slskmesh.log").read_text()
    assert "stopped in order" in log and one.ready["peer_id"] not in log
    assert (home / "slskmesh.log").stat().st_mode & 0o777 == 0o600


def test_one_engine_a_home(make_home: Callable[..., Path], daemon: DAEMON, run: Run) -> None:
    home = make_home("h")
    one = daemon(home)
    for command in (["daemon"], ["scan", str(home / "downloads")], []):
        second = run(*command, "--home", home)
        assert second.returncode == 3, second.stderr
        assert str(one.process.pid) in second.stderr and len(second.stderr.splitlines()) == 1
    one.end(signal.SIGKILL)
    again = daemon(home)
    assert again.ready["peer_id"] == one.ready["peer_id"]
    assert again.end()[0] == 0


def test_it_ends_with_the_program_that_started_it(make_home: Callable[..., Path], daemon: DAEMON) -> None:
    one = daemon(make_home("h"), "--until-eof")
    one.process.stdin.close()
    one.process.stdin = None
    one.process.communicate(timeout=30)
    assert one.process.returncode == 0


def test_a_port_in_use_is_said_at_once(make_home: Callable[..., Path], run: Run) -> None:
    home = make_home("h")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("daemon", "--home", home, env={"SLSKMESH__OVERLAY__LISTEN": listen})
    assert done.returncode == 1 and done.stdout == ""
    assert listen in done.stderr and len(done.stderr.splitlines()) == 1


def test_connect_search_and_download(
    make_home: Callable[..., Path], daemon: DAEMON, run: Run, tmp_path: Path
) -> None:
    share = tmp_path / "Tape Box"
    share.mkdir()
    (share / "quiet machines.bin").write_bytes(os.urandom(300_000))
    server = daemon(make_home("server", share), "--until-eof")
    while server.line()["files"] < 1:
        pass
    home = make_home("me")
    met = run("connect", server.ready["invite"], "--home", home, "--json")
    assert met.returncode == 0, met.stderr
    assert json.loads(met.stdout)["peer_id"] == server.ready["peer_id"]

    nothing = run("search", "zebra", "--home", home, "--json")
    assert nothing.returncode == 1
    assert json.loads(nothing.stdout.splitlines()[-1])["hits"] == 0

    found = run("search", "quiet", "machines", "--home", home, "--json")
    hit, end = map(json.loads, found.stdout.splitlines())
    assert found.returncode == 0 and end["hits"] == 1 and hit["size"] == 300_000

    got = run("download", "quiet machines", "--home", home, "--json")
    assert got.returncode == 0, got.stderr
    last = json.loads(got.stdout.splitlines()[-1])
    assert last["finished"] is True and last["transfer"] == hit["content"]
    assert Path(last["path"]).read_bytes() == (share / "quiet machines.bin").read_bytes()
    assert server.end()[0] == 0


def test_without_a_peer_search_and_download_fail_with_a_reason(
    make_home: Callable[..., Path], run: Run
) -> None:
    home = make_home("h")
    for command in (["search", "x"], ["download", "x"]):
        done = run(*command, "--home", home, "--wait", "0.2")
        assert done.returncode == 1 and "no peer is connected" in done.stderr


def test_an_invite_is_one_line(make_home: Callable[..., Path], run: Run) -> None:
    done = run("invite", "--home", make_home("h"), "--json", "--hours", "2")
    shown = json.loads(done.stdout)
    assert set(shown) == {"invite", "peer_id", "hours"} and shown["invite"].startswith("slskmesh:")
