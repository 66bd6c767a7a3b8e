"""Exit codes and errors: one line, the right number, no traceback, and nothing heavy before the screen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slskmesh import __version__
from slskmesh.cli.entry import _terminal_home

Run = Callable[..., subprocess.CompletedProcess[str]]


def one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one error line of a command that failed as it should."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("slskmesh: "), done.stderr
    return lines[0]


def test_version_and_help(run: Run) -> None:
    assert run("--version").stdout == f"slskmesh {__version__}\n"
    shown = run("--help")
    assert shown.returncode == 0
    for command in (
        "daemon",
        "demo",
        "scan",
        "identity",
        "invite",
        "connect",
        "search",
        "lookup",
        "resolve",
        "jobs",
        "download",
        "transfers",
        "rooms",
        "say",
        "message",
        "users",
        "wishes",
        "account",
        "gateway",
        "status",
        "published",
        "Exit codes",
    ):
        assert command in shown.stdout


@pytest.mark.parametrize(
    "args",
    [
        ["bogus"],
        ["search"],
        ["demo", "--peers", "1"],
        ["demo", "--size", "x"],
        ["search", "--wait", "0", "x"],
        ["--home"],
        ["invite", "--hours", "0"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_code_2(run: Run, args: list[str]) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "Error: " in done.stderr


def test_the_app_needs_a_terminal(run: Run, tmp_path: Path) -> None:
    assert "terminal" in one_line(run("--home", tmp_path / "h"), 2)
    assert "--headless" in one_line(run("demo"), 2)
    assert "--headless" in one_line(run("demo", "--json"), 2)
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize("command", [["daemon"], ["invite"], ["search", "x"], ["connect", "127.0.0.1:1"]])
def test_a_home_that_is_not_set_up_says_what_to_do(run: Run, tmp_path: Path, command: list[str]) -> None:
    line = one_line(run(*command, "--home", tmp_path / "h"), 2)
    assert "not set up" in line and "config.toml" in line


def test_a_broken_config_names_file_line_and_key(run: Run, make_home: Callable[..., Path]) -> None:
    home = make_home("h")
    config = home / "config.toml"
    config.write_text(config.read_text().replace("name =", "nmae ="))
    line = one_line(run("daemon", "--home", home), 2)
    assert str(config) in line and "nmae" in line and "3" in line and "name" in line


def test_an_environment_setting_is_checked_too(run: Run, make_home: Callable[..., Path]) -> None:
    env = {"SLSKMESH__OVERLAY__MAX_SESSIONS": "many"}
    assert "max_sessions" in one_line(run("daemon", "--home", make_home("h"), env=env), 2).lower()


def test_a_bad_invite_is_bad_input(run: Run, make_home: Callable[..., Path]) -> None:
    home = make_home("h")
    assert "damaged" in one_line(run("connect", "slskmesh:AAAA", "--home", home), 2)
    assert "own invite" not in one_line(run("connect", "nonsense", "--home", home), 2)


def test_a_home_by_the_environment_is_used(run: Run, tmp_path: Path) -> None:
    done = run("identity", "--json", env={"SLSKMESH_HOME": str(tmp_path / "mine")})
    assert json.loads(done.stdout)["file"] == str(tmp_path / "mine" / "identity.pem")


def test_identity_is_made_once_and_kept_private(run: Run, tmp_path: Path) -> None:
    first = run("identity", "--home", tmp_path / "h", "--json")
    again = run("identity", "--home", tmp_path / "h")
    shown = json.loads(first.stdout)
    assert set(shown) == {"peer_id", "short", "file"}
    assert shown["peer_id"].startswith("sm1") and again.stdout == shown["peer_id"] + "\n"
    assert Path(shown["file"]).stat().st_mode & 0o777 == 0o600


def test_an_identity_open_to_others_is_refused_with_the_remedy(run: Run, tmp_path: Path) -> None:
    run("identity", "--home", tmp_path / "h")
    (tmp_path / "h" / "identity.pem").chmod(0o644)
    assert "chmod" in one_line(run("identity", "--home", tmp_path / "h"), 2)


def test_the_way_to_the_screen_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom slskmesh.cli import entry, terminal\n"
        "print([m for m in ('typer', 'trio', 'numpy', 'peewee', 'slskmesh.engine.engine') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "[]\n"


def test_the_short_way_is_taken_only_without_a_command(tmp_path: Path) -> None:
    assert _terminal_home(["--home", str(tmp_path)]) == tmp_path
    assert _terminal_home([f"--home={tmp_path}"]) == tmp_path
    assert _terminal_home([]) is not None
    for args in (
        ["daemon"],
        ["--home"],
        ["--home", "--json"],
        ["--home="],
        ["--help"],
        ["--home", "x", "daemon"],
    ):
        assert _terminal_home(args) is None
