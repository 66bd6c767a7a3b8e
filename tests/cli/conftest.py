"""Real `slskmesh` processes on homes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment() -> dict[str, str]:
    """This process's without settings of ours."""
    return {key: value for key, value in os.environ.items() if not key.startswith("SLSKMESH")}


@pytest.fixture
def run() -> Run:
    """Runs one command to its end."""

    def run(*args: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "slskmesh", *map(str, args)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env={**environment(), **more.pop("env", {})},
            check=False,
            **more,
        )

    return run


def home_at(home: Path, *shares: Path, musicbrainz: str = "") -> Path:
    """A new home that is set up, listening on a free port of loopback and asking nobody elsewhere."""
    (home / "downloads").mkdir(parents=True)
    home.chmod(0o700)
    (home / "config.toml").write_text(
        f'[overlay]\nlisten = "127.0.0.1:0"\nname = "{home.name}"\n'
        f'[dht]\nlan = false\n[musicbrainz]\nhost = "{musicbrainz}"\n'
        f'[library]\ndownloads = "{home}/downloads"\nshares = {json.dumps([str(s) for s in shares])}\n'
    )
    return home


@pytest.fixture
def make_home(tmp_path: Path) -> Callable[..., Path]:
    """Makes homes by name below the test's folder."""

    def make_home(name: str, *shares: Path, musicbrainz: str = "") -> Path:
        return home_at(tmp_path / name, *shares, musicbrainz=musicbrainz)

    return make_home


class Daemon:
    """A running `slskmesh daemon` and its ready line."""

    def __init__(self, home: Path, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "slskmesh", "daemon", "--home", str(home), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.ready: dict[str, Any] = self.line()

    def line(self) -> dict[str, Any]:
        """Its next line as JSON; fails with its errors if there is none."""
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        value = json.loads(line)
        assert isinstance(value, dict)
        return value

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Sends a signal; returns the exit code and what else it wrote."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def daemon() -> Iterator[Callable[..., Daemon]]:
    """Starts daemons and kills what the test left."""
    started: list[Daemon] = []

    def start(home: Path, *args: str) -> Daemon:
        one = Daemon(home, *args)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate(timeout=30)
