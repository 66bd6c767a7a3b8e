"""Real `slskmesh` processes on homes of their own."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.soulseek_line import LegacyUser, ServerProcess

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


class Soulseek:
    """A Soulseek server of the demo with two users: `ann` sends as fast as she can, `bob` at 40 KiB/s."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self.server = ServerProcess(folder, "--users", str(folder / "users"))
        self.ann = self._user(
            "ann", {"Slow Ferries/01 Tide Table.flac": 300_000, "Slow Ferries/notes.txt": 900}
        )
        self.bob = self._user("bob", {"Quiet Machines/02 Copper Wire.mp3": 2_000_000}, "--upload", "40")

    def _user(self, name: str, files: dict[str, int], *args: str) -> LegacyUser:
        share = self.folder / name
        for path, size in files.items():
            self.files[path] = random.Random(path).randbytes(size)
            (share / path).parent.mkdir(parents=True, exist_ok=True)
            (share / path).write_bytes(self.files[path])
        more = ("--share", str(share), "--downloads", str(self.folder / f"{name}-got"), "--join", "harbour")
        return LegacyUser(self.folder, self.server.address, name, *more, *args).online()

    def close(self) -> None:
        """Ends all of it."""
        for child in (self.ann.child, self.bob.child, self.server.child):
            child.end(10)


@pytest.fixture(scope="module")
def soulseek(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soulseek]:
    """One for all tests of a file."""
    one = Soulseek(tmp_path_factory.mktemp("soulseek"))
    yield one
    one.close()


class Account:
    """A home with an account on that server; running a command on it gives exit code, JSON objects, errors."""

    def __init__(self, home: Path, server: str, name: str) -> None:
        self.home = home
        with (home / "config.toml").open("a") as config:
            config.write(f'[soulseek]\nserver = "{server}"\nusername = "{name}"\nlisten = "127.0.0.1:0"\n')
            config.write("[mesh]\nenabled = true\n")
        (home / "soulseek.password").write_text("secret\n")
        (home / "soulseek.password").chmod(0o600)

    @property
    def downloads(self) -> Path:
        """Where its files go."""
        return self.home / "downloads"

    def args(self, *args: str) -> list[str]:
        """The words of a command on this home."""
        return [sys.executable, "-m", "slskmesh", *args, "--home", str(self.home), "--json"]

    def __call__(self, *args: str, given: str | None = None) -> tuple[int, list[dict[str, Any]], str]:
        done = subprocess.run(
            self.args(*args),
            input=given if given is not None else "",
            capture_output=True,
            text=True,
            timeout=120,
            env=environment(),
            check=False,
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def me(make_home: Callable[..., Path], soulseek: Soulseek, request: pytest.FixtureRequest) -> Account:
    """Somebody new on the server, of the test's name."""
    name = re.sub(r"[^a-z]", "", request.node.name.removeprefix("test_"))[:24]
    return Account(make_home("me"), soulseek.server.address, name)
