"""What the gateway's clients meet: a real daemon with a gateway, a Soulseek server with two users, a peer of the mesh.

On Soulseek `ann` sends at once, `bob` at 40 KiB/s (see `tests.cli.conftest.Soulseek`); the peer is a daemon that shares
an album of the demo's music and has no account. All are processes, on loopback alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import httpx
import pytest

from slskmesh.demo import catalogue
from tests.cli.conftest import Account, Daemon, Soulseek, home_at
from tests.engine.nodes import SEED, render

T = TypeVar("T")
PATIENCE: Final = 60.0
LISTED: Final = "/api/v0/transfers/downloads"
SUCCEEDED: Final = "Completed, Succeeded"
ALBUM: Final = catalogue.album(catalogue.plan(catalogue.SMALLEST, SEED))  # what the peer shares
TAPE: Final = "Slow Ferries/01 Tide Table.flac"  # what ann shares, and the notes beside it
SLOW: Final = "Quiet Machines/02 Copper Wire.mp3"  # what bob shares
SLOWLY: Final = 4_096  # bytes/s of our uploads, to see them
_MORE: Final = '[mesh.disaster_mode]\nafter = 5\n[gateway]\nenabled = true\nlisten = "127.0.0.1:0"\n'


def until(reached: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """Asks again and again, as clients do, until there is something; returns that."""
    deadline = time.monotonic() + patience
    while not (found := reached()):
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.1)
    return found


def sha256(data: bytes) -> str:
    """As hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


class Source(NamedTuple):
    """Where a client finds an album, and what is in it: by file name, what the bytes must be."""

    words: str
    user: str  # what the name of who has it begins with
    files: dict[str, bytes]


class Network:
    """All of it. `base`, `key`: what a client is configured with; `downloads`: the folder it looks into."""

    def __init__(self, root: Path) -> None:
        with contextlib.ExitStack() as stack:
            self.soulseek = Soulseek(root)
            stack.callback(self.soulseek.close)
            self.album = render(root / "album", ALBUM)
            self.peer = Daemon(home_at(root / "peer", self.album), "--until-eof")
            stack.callback(_end, self.peer)
            self._sharing(len(ALBUM.tracks))
            own = root / "own"
            (own / "Own Songs").mkdir(parents=True)
            (own / "Own Songs" / "01 Mine.flac").write_bytes(b"mine" * 100_000)
            me = Account(home_at(root / "me", own), self.soulseek.server.address, "me")
            self.home, self.downloads = me.home, me.downloads
            config = (self.home / "config.toml").read_text()
            config = config.replace("[soulseek]\n", f"[soulseek]\nmax_upload_rate = {SLOWLY}\n")
            (self.home / "config.toml").write_text(config + _MORE)
            self.daemon = Daemon(self.home, "--join", self.peer.ready["invite"])
            stack.callback(_end, self.daemon)
            self.base = str(self.daemon.ready["gateway"])
            self.key = (self.home / "api.key").read_text().strip()
            self.reader = (self.home / "api.readonly.key").read_text().strip()
            self.http = stack.enter_context(self.line({"X-API-Key": self.key}))
            self._online()
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Ends all of it."""
        self._stack.close()

    def line(self, headers: dict[str, str]) -> httpx.Client:
        """A client's connections, with these headers on each request."""
        return httpx.Client(base_url=self.base, headers=headers, timeout=PATIENCE, trust_env=False)

    # -- what there is -----------------------------------------------------------------------------------------

    @property
    def tape(self) -> bytes:
        """The file that ann shares."""
        return self.soulseek.files[TAPE]

    def song(self, number: int = 0) -> bytes:
        """A track of the peer's album."""
        return self.album.joinpath(*ALBUM.tracks[number].parts).read_bytes()

    def of_ann(self, words: str = "slow ferries tide table") -> Source:
        """What a Soulseek user has; the same words may not be searched for again within a minute."""
        return Source(words, "ann", {"01 Tide Table.flac": self.tape})

    def of_peer(self) -> Source:
        """What a peer of the mesh has."""
        files = {track.parts[-1]: self.song(number) for number, track in enumerate(ALBUM.tracks)}
        return Source(f"{ALBUM.artist} {ALBUM.title}", "mesh:", files)

    def got(self, remote: str) -> bytes:
        """A finished download, where clients of slskd look: below the last folder of its remote path."""
        folder, name = remote.split("\\")[-2:]
        return (self.downloads / folder / name).read_bytes()

    # -- what happens ------------------------------------------------------------------------------------------

    def lose_the_server(self) -> None:
        """Kills the Soulseek server and waits until the engine goes on without."""
        self.soulseek.server.child.kill()
        log = self.home / "slskmesh.log"
        until(lambda: "mode disaster" in log.read_text(), "disaster mode")

    def transfer(self, remote: str) -> dict[str, Any] | None:
        """A download as the list has it."""
        for user in self.http.get(LISTED).json():
            for folder in user["directories"]:
                for one in folder["files"]:
                    if one["filename"] == remote:
                        return dict(one)
        return None

    def _sharing(self, files: int) -> None:
        while self.peer.line().get("files", 0) < files:
            pass

    def _online(self) -> None:
        """The daemon is logged in, its peer is there, and it shares its own file."""
        log = self.home / "slskmesh.log"
        until(lambda: " open" in log.read_text(), "the session with the peer")
        until(lambda: self.http.get("/api/v0/server").json()["isLoggedIn"], "the login")
        until(lambda: self.http.get("/api/v0/shares").json()["local"][0]["files"], "our own share")


def _end(daemon: Daemon) -> None:
    if daemon.process.poll() is None:
        daemon.process.terminate()
    try:
        daemon.process.communicate(timeout=PATIENCE)
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.communicate()


@contextlib.contextmanager
def network(root: Path) -> Iterator[Network]:
    """One for the length of the body."""
    one = Network(root)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One for all tests of a file, which share its lists: each looks only for what is its own."""
    with network(tmp_path_factory.mktemp("net")) as one:
        yield one


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Network]:
    """One whose Soulseek server was killed."""
    with network(tmp_path) as one:
        one.lose_the_server()
        yield one
