"""`slskmesh attach` on a real pseudo-terminal with a real daemon: panes, detaching, several, the daemon's death."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from slskmesh.engine import attach_client
from slskmesh.engine.commands import Download
from slskmesh.engine.console import Console
from tests.cli.conftest import Daemon, home_at
from tests.tui.pty_harness import Pty
from tests.tui.test_terminal import until

WAIT = 60.0
SCRIPT = Path(__file__).with_name("pty_command.py")
WIDE = (120, 36)
PANES = {
    b"2": b"no room yet",
    b"3": b"no job yet",
    b"4": b"nothing yet: find something",
    b"6": b"nobody is known yet",
    b"7": b"sections",
    b"1": b"press i and type",
}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon on a home of its own, killed at the end."""
    one = Daemon(home_at(tmp_path / "h"))
    yield one
    if one.process.poll() is None:
        one.process.kill()
    one.process.communicate(timeout=WAIT)


def attach(home: Path, *words: str) -> Pty:
    """The app on this home, attached; with other words another command."""
    return Pty(*(words or ("attach",)), "--home", str(home), size=WIDE, script=SCRIPT)


def attached(term: Pty) -> None:
    """Waits until it shows that it is attached, and the daemon's first views."""
    term.wait_for(b"attached", WAIT)
    term.wait_for(b"ISOLATED", WAIT)


def test_panes_detach_and_attach_again(daemon: Daemon, tmp_path: Path) -> None:
    home = tmp_path / "h"
    with attach(home) as term:
        attached(term)
        for key, text in PANES.items():
            mark = term.send(key)
            term.wait_for(text, WAIT, start=mark)
        term.send(b"q")
        assert term.ended(WAIT)[0] == 0
        term.wait_for(b"detached; it goes on", WAIT)
        assert term.modes() == term.before
    assert daemon.process.poll() is None
    with attach(home) as again:
        attached(again)
        again.send(b"\x11")
        assert again.ended(WAIT)[0] == 0
    assert daemon.end()[0] == 0


def test_two_at_once_and_one_that_stands_still(daemon: Daemon, tmp_path: Path) -> None:
    home = tmp_path / "h"
    with attach(home) as one, attach(home) as other:
        attached(one)
        attached(other)
        one.send(b"\x1a")
        until(one.stopped, WAIT)
        mark = other.send(b"7")
        other.wait_for(b"sections", WAIT, start=mark)
        mark = len(one.output)
        one.signal(signal.SIGCONT)
        one.wait_for(b"ISOLATED", WAIT, start=mark)
        mark = one.send(b"7")
        one.wait_for(b"sections", WAIT, start=mark)
        one.send(b"q")
        assert one.ended(WAIT)[0] == 0
        mark = other.send(b"6")
        other.wait_for(b"nobody is known yet", WAIT, start=mark)
        other.send(b"q")
        assert other.ended(WAIT)[0] == 0
    assert daemon.end()[0] == 0


def test_a_daemon_that_is_killed_is_told_in_the_banner(daemon: Daemon, tmp_path: Path) -> None:
    with attach(tmp_path / "h") as term:
        attached(term)
        mark = len(term.output)
        daemon.process.kill()
        term.wait_for(b"the daemon is gone", WAIT, start=mark)
        term.wait_for(b"attach again once it runs; q quits", WAIT, start=mark)
        mark = term.send(b"6")
        term.wait_for(b"nobody is known yet", WAIT, start=mark)
        term.send(b"q")
        assert term.ended(WAIT)[0] == 1
        assert term.modes() == term.before


def test_a_daemon_that_is_stopped_says_so_first(daemon: Daemon, tmp_path: Path) -> None:
    with attach(tmp_path / "h") as term:
        attached(term)
        mark = len(term.output)
        assert daemon.end()[0] == 0
        term.wait_for(b"the daemon was stopped", WAIT, start=mark)
        term.send(b"q")
        assert term.ended(WAIT)[0] == 0


@pytest.mark.parametrize("how", ["hang up", "kill"])
def test_a_lost_terminal_lets_go_and_the_daemon_goes_on(daemon: Daemon, tmp_path: Path, how: str) -> None:
    config = tmp_path / "h" / "config.toml"
    config.write_text(config.read_text() + '[ui]\non_hangup = "keep-running"\n')
    console = Console(attach_client.attach(tmp_path / "h"))
    console.start()
    console.ask(
        Download("11" * 32, 1000, "wanted.bin")
    )  # something is at work, for which an app of its own would stay
    console.stop()
    with attach(tmp_path / "h") as term:
        attached(term)
        term.wait_for(b"1 transfer", WAIT)
        if how == "hang up":
            term.hang_up()
            assert term.ended(WAIT)[0] == 129, "it does not linger: nothing ends with it"
        else:
            term.process.kill()
            term.ended(WAIT)
    with attach(tmp_path / "h") as again:
        attached(again)
        again.send(b"q")
        assert again.ended(WAIT)[0] == 0
    assert daemon.end()[0] == 0


def test_the_app_on_a_held_home_offers_to_attach(daemon: Daemon, tmp_path: Path) -> None:
    home = tmp_path / "h"
    with Pty("--home", str(home), size=WIDE, script=SCRIPT) as term:
        term.wait_for(b"process %d" % daemon.process.pid, WAIT)
        term.wait_for(b"Attach to it?", WAIT)
        term.send(b"y\r")
        attached(term)
        term.send(b"q")
        assert term.ended(WAIT)[0] == 0
    for answer in (b"n\r", b"\x04"):
        with Pty("--home", str(home), size=WIDE, script=SCRIPT) as term:
            term.wait_for(b"Attach to it?", WAIT)
            term.send(answer)
            assert term.ended(WAIT)[0] == 3
            term.wait_for(b"`slskmesh attach` shows it", WAIT)
    assert daemon.process.poll() is None


def test_attaching_to_a_running_app(tmp_path: Path) -> None:
    """The app holds the home itself, and shows that somebody is attached."""
    home = home_at(tmp_path / "h")
    with Pty("--home", str(home), size=WIDE, script=SCRIPT) as first:
        first.wait_for(b"ISOLATED", WAIT)
        until((home / "run" / "attach.sock").exists, WAIT)
        with attach(home) as term:
            attached(term)
            first.wait_for(b"1 attached", WAIT)
            mark = first.send(b"q")
            first.wait_for(b"attached to this: 1 terminal. Quit?", WAIT, start=mark)
            mark = len(term.output)
            first.send(b"y")
            assert first.ended(WAIT)[0] == 0
            term.wait_for(b"the daemon was stopped", WAIT, start=mark)
            term.send(b"q")
            assert term.ended(WAIT)[0] == 0


def test_attaching_where_nothing_runs(tmp_path: Path) -> None:
    home = home_at(tmp_path / "h")
    with attach(home) as term:
        assert term.ended(WAIT)[0] == 2
        term.wait_for(b"nothing runs on", WAIT)
        assert b"\x1b[?1049h" not in term.output, "the screen was not taken"
    assert sorted(os.listdir(home)) == ["config.toml", "downloads"]
