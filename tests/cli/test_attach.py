"""Commands on a home that something runs on: they go through what runs, and leave it running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slskmesh.cli import attach as cli_attach
from slskmesh.cli import frontend
from slskmesh.engine.attach_client import attach
from slskmesh.engine.commands import SetSetting
from slskmesh.engine.console import Console
from slskmesh.engine.views import StatusView
from slskmesh.errors import HomeBusyError, UserError
from slskmesh.paths import Home
from tests.cli.conftest import environment

Run = Callable[..., subprocess.CompletedProcess[str]]
DAEMON = Callable[..., Any]


def test_commands_go_through_the_running_daemon(
    make_home: Callable[..., Path], daemon: DAEMON, run: Run
) -> None:
    home = make_home("h")
    one = daemon(home)
    invited = run("invite", "--home", home, "--json")
    assert invited.returncode == 0, invited.stderr
    told = json.loads(invited.stdout)
    assert told["peer_id"] == one.ready["peer_id"] and told["invite"].startswith("slskmesh:")
    for command, code in (
        (["status"], 0),
        (["transfers", "list"], 0),
        (["transfers", "uploads"], 0),
        (["jobs", "list"], 0),
        (["jobs", "run"], 0),
        (["wishes", "list"], 1),
        (["users", "list"], 0),
        (["users", "buddy", "ann"], 0),
        (["message"], 1),
        (["search", "x", "--where", "mesh", "--wait", "0.2"], 1),
        (["download", "11" * 32, "--name", "x", "--size", "9", "--wait", "0.2"], 1),
        (["transfers", "pause", "nothing"], 2),
        (["account", "clear"], 0),
    ):
        done = run(*command, "--home", home, "--json")
        assert done.returncode == code, (command, done.stderr)
        assert "Traceback" not in done.stderr
    assert '"ann"' in run("users", "list", "--home", home, "--json").stdout
    assert one.process.poll() is None
    assert one.end()[0] == 0
    assert "went wrong" not in (home / "slskmesh.log").read_text()


def test_a_peer_is_met_searched_and_downloaded_from_through_the_daemon(
    make_home: Callable[..., Path], daemon: DAEMON, run: Run, tmp_path: Path
) -> None:
    share = tmp_path / "Tape Box"
    share.mkdir()
    data = os.urandom(300_000)
    (share / "quiet machines.bin").write_bytes(data)
    server = daemon(make_home("server", share), "--until-eof")
    while server.line()["files"] < 1:
        pass
    home = make_home("me")
    one = daemon(home)
    met = run("connect", server.ready["invite"], "--home", home, "--json")
    assert met.returncode == 0, met.stderr
    hits = run("search", "quiet", "machines", "--where", "mesh", "--home", home, "--json")
    assert hits.returncode == 0, hits.stderr
    assert json.loads(hits.stdout.splitlines()[0])["name"] == "quiet machines.bin"
    got = run("download", "quiet", "machines", "--where", "mesh", "--home", home, "--json")
    assert got.returncode == 0, got.stderr
    assert Path(json.loads(got.stdout.splitlines()[-1])["path"]).read_bytes() == data
    assert one.end()[0] == 0


def test_commands_work_through_an_engine_that_does_not_listen(
    make_home: Callable[..., Path], daemon: DAEMON, run: Run
) -> None:
    home = make_home("h")
    one = daemon(home)
    console = Console(attach(home))
    console.start()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        console.post(SetSetting("overlay.listen", f"127.0.0.1:{taken.getsockname()[1]}"))
        console.wait_view(StatusView, lambda view: not view.listening, 60, "it to listen no more")
        console.stop()
        assert run("status", "--home", home).returncode == 0
        done = run("invite", "--home", home)
        assert done.returncode == 1 and "not listening" in done.stderr
    assert one.end()[0] == 0


def test_an_interrupted_command_lets_the_daemon_go_on(
    make_home: Callable[..., Path], daemon: DAEMON, run: Run
) -> None:
    home = make_home("h")
    one = daemon(home)
    words = [sys.executable, "-m", "slskmesh", "jobs", "list", "--watch", "--home", str(home)]
    watching = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment())
    assert watching.stderr is not None
    with watching.stderr:
        assert watching.stderr.readline() == "no jobs\n"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130
    assert run("status", "--home", home).returncode == 0
    assert one.end()[0] == 0


def test_a_command_whose_daemon_is_killed_says_so(
    make_home: Callable[..., Path], daemon: DAEMON, run: Run
) -> None:
    home = make_home("h")
    one = daemon(home)
    words = [sys.executable, "-m", "slskmesh", "jobs", "list", "--watch", "--home", str(home)]
    watching = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment())
    assert watching.stderr is not None
    with watching.stderr:
        assert watching.stderr.readline() == "no jobs\n"
        one.end(signal.SIGKILL)
        assert watching.wait(30) == 1
        said = watching.stderr.read()
    assert "the daemon is gone" in said and len(said.splitlines()) == 1


def test_a_home_that_is_held_without_an_answer_is_in_use(make_home: Callable[..., Path], run: Run) -> None:
    """As by a command that runs an engine for its own time."""
    home = make_home("h")
    with Home(home).hold():
        for command in (["search", "x"], ["invite"], ["status"], ["account", "clear"], ["jobs", "list"]):
            done = run(*command, "--home", home)
            assert done.returncode == 3, done.stderr
            assert str(os.getpid()) in done.stderr and "attach.sock" in done.stderr
            assert len(done.stderr.splitlines()) == 1


def test_without_a_terminal_the_error_tells_how_to_attach(
    make_home: Callable[..., Path], daemon: DAEMON, run: Run
) -> None:
    home = make_home("h")
    one = daemon(home)
    done = run("--home", home)
    assert done.returncode == 3
    assert f"process {one.process.pid}; `slskmesh attach`" in done.stderr
    done = run("attach", "--home", home)
    assert done.returncode == 2 and "needs a terminal" in done.stderr


def test_where_nothing_runs_there_is_nothing_to_attach_to(
    make_home: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(frontend, "has_terminal", lambda: True)
    for home in (make_home("h"), tmp_path / "none"):
        with pytest.raises(UserError, match="nothing runs"):
            cli_attach.run_attach(home)
    assert not (tmp_path / "none").exists()
    with Home(tmp_path / "h").hold(), pytest.raises(HomeBusyError, match=r"attach\.sock"):
        cli_attach.run_attach(tmp_path / "h")


def test_the_way_to_an_attached_screen_imports_nothing_heavy(
    make_home: Callable[..., Path], daemon: DAEMON
) -> None:
    home = make_home("h")
    daemon(home)
    code = (
        "import sys\nfrom slskmesh.cli import attach, entry, frontend\n"
        "frontend.has_terminal = lambda: True\n"
        "def app(client, settings):\n"
        "    print([m for m in ('typer', 'trio', 'numpy', 'peewee', 'slskmesh.engine.engine') if m in sys.modules])\n"
        "    client.stop()\n"
        "    return 7\n"
        "frontend.load_frontend = lambda: app\n"
        f"sys.exit(entry.main(['attach', '--home', {str(home)!r}]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("[]\n", 7), done.stderr
