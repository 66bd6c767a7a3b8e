"""The demo with the terminal app, in a real pseudo-terminal; and what the demo adds to the engine's client."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slskmesh.demo.interactive import DemoClient
from slskmesh.engine.client import Batch
from slskmesh.engine.commands import Command, Connect, Rescan
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.views import Banner, StatusView, TransferState, TransfersView, TransferView, View
from slskmesh.text import sanitize
from tests.demo.processes import naming


class FakeClient:
    """Keeps what is posted; drains what the test puts in."""

    def __init__(self) -> None:
        self.posted: list[Command] = []
        self.views: tuple[View, ...] = ()
        self.events: tuple[Event, ...] = ()

    def start(self, wake: Callable[[], None]) -> None:
        wake()

    def post(self, command: Command) -> int:
        self.posted.append(command)
        return len(self.posted)

    def drain(self) -> Batch:
        return Batch(self.views, self.events)

    def stop(self, timeout: float = 5.0) -> bool:
        return True


def status(listening: str) -> StatusView:
    return StatusView(Banner.ISOLATED, 0.0, sanitize(""), listening=listening)


def mix(done: int) -> TransfersView:
    name = sanitize("mix")
    return TransfersView((TransferView("aa", name, name, 100, done, TransferState.ACTIVE),))


def test_the_one_invite_is_dialled_once_the_engine_listens() -> None:
    inner = FakeClient()
    client = DemoClient(inner, "porch", 100)
    inner.views = (status(""),)
    client.drain()
    assert inner.posted == []
    inner.views = (status("127.0.0.1:9"),)
    client.drain()
    client.drain()
    assert inner.posted == [Connect("porch")]


def test_the_app_sees_no_reply_it_did_not_ask_for() -> None:
    inner = FakeClient()
    client = DemoClient(inner, "porch", 100)
    inner.views = (status("127.0.0.1:9"),)
    client.drain()
    mine = client.post(Rescan())
    inner.events = (Reply(1, True), Reply(mine, True))
    assert client.drain().events == (Reply(mine, True),)


def test_the_mix_is_watched_by_its_size() -> None:
    inner = FakeClient()
    client = DemoClient(inner, "porch", 100)
    inner.views = (mix(42),)
    client.drain()
    assert client.progress == 0.42
    inner.views = ()
    client.drain()
    assert client.progress == 0.42


class Screen:
    """A demo in a pseudo-terminal of 100x30."""

    def __init__(self, folder: Path) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "slskmesh", "demo", "--size", "2", "--peers", "4"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TMPDIR": str(folder), "TERM": "xterm-256color"},
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0), None)[
                2
            ],  # its own terminal
        )
        os.close(slave)

    def read_until(self, word: str, timeout: float = 40.0) -> None:
        """Reads what is drawn until `word` appears."""
        seen, deadline = b"", time.monotonic() + timeout
        while word.encode() not in seen:
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{word!r} did not appear in {seen[-2000:]!r}"
            try:
                seen += os.read(self.master, 65536)
            except OSError:
                pytest.fail(f"the demo ended before {word!r}: {seen[-2000:]!r}")

    def end(self) -> int:
        """Reads to the end; returns the exit code."""
        deadline = time.monotonic() + 30
        while select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))[0]:
            try:
                if not os.read(self.master, 65536):
                    break
            except OSError:
                break
        return self.process.wait(timeout=30)


@pytest.mark.parametrize("way", ["quit", "SIGTERM", "line dropped"])
def test_the_app_opens_on_the_network_and_leaves_nothing(way: str, tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    try:
        screen.read_until("tour 2/16")  # the first step ends when peers are connected
        if way == "quit":
            os.write(screen.master, b"\x11")
            assert screen.end() == 0
        elif way == "SIGTERM":
            screen.process.send_signal(signal.SIGTERM)
            assert screen.end() == 128 + signal.SIGTERM
        else:
            os.close(screen.master)
            assert screen.process.wait(timeout=30) == 128 + signal.SIGHUP
    finally:
        screen.process.kill()
        screen.process.wait()
        if way != "line dropped":
            os.close(screen.master)
    assert naming(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_each_pane_are_taken_on_the_running_network(tmp_path: Path) -> None:
    shots, temporary = tmp_path / "shots", tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "slskmesh",
            "demo",
            "--size",
            "2",
            "--peers",
            "4",
            "--screenshots",
            str(shots),
        ],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "…" not in line and ".svg" not in line] == []
    names = (
        "search-releases",
        "search-release",
        "jobs",
        "search",
        "swarm",
        "swarm-by-source",
        "peers",
        "settings",
        "keys",
        "search-soulseek",
        "transfers",
        "scenes",
        "disaster",
    )
    assert {path.name for path in shots.iterdir()} == {
        f"{name}-{size}.svg" for name in names for size in ("120x36", "80x24")
    }
    assert "magpie" in (shots / "peers-80x24.svg").read_text()
    assert list(temporary.iterdir()) == []
