"""The demo's peers: a temporary folder with synthetic music, a home for each peer, and one process a peer.

Rules:
- Each peer has its own home, key, database and share; nothing but the loopback network connects them.
- Nobody is told of anybody but the porch, which shares nothing: each peer gets one invite to it, and finds the others
  through the table. MusicBrainz is a server of the demo's own catalogue; a forger forges records of its album.
- A file is shared by at least two peers that are honest; the mix is shared by all. Beside the peers there is a Soulseek
  server with legacy users (`demo/legacy.py`); one file of theirs all peers that are reliable have too.
- `close` ends every process and removes the folder, whatever happened before. Where this process is killed, the
  peers end by themselves and the janitor removes the folder.
"""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import tomlkit

from slskmesh.demo import audio, catalogue, janitor
from slskmesh.demo.child import Child, Said
from slskmesh.demo.faults import Faults
from slskmesh.demo.legacy import Soulseek, furnish, write_password
from slskmesh.engine.interrupts import Interrupts
from slskmesh.errors import SlskmeshError, StorageError

FEWEST_PEERS: Final = 4
MOST_PEERS: Final = 16
START_TIMEOUT: Final = 60.0  # seconds for all peers to hash their shares and listen
END_TIMEOUT: Final = 8.0
SLOW_RATE: Final = 300_000  # bytes per second at most
LIE_EVERY: Final = 3

_HONEST_NAMES: Final = ("otter", "heron", "badger", "finch", "lynx", "wren", "hare", "vole", "tern", "stoat")


class Role(msgspec.Struct, frozen=True):
    """Who a peer is in the demo. `reliable`: its data is true and it stays."""

    name: str
    faults: Faults = Faults()
    reliable: bool = True
    mortal: bool = False  # the one that is killed and comes back


PORCH: Final = Role("porch")


class Peer(msgspec.Struct):
    """One peer: where it lives, and while it runs its process, its id and an invite to it."""

    role: Role
    home: Path
    child: Child | None = None
    peer_id: str = ""
    overlay: str = ""
    dht: str = ""
    invite: str = ""
    files: int = 0  # that it is to share
    shared: int = 0  # that it shares by its own word
    releases: int = 0  # that it is to tell the table of
    shards: int = 0  # that it has told the table of, by its own word

    @property
    def ready(self) -> bool:
        """Whether it listens, shares what it has, and whoever looks for it can find it."""
        return bool(self.invite) and self.shared >= self.files and self.shards >= self.releases


def cast(peers: int, rate: int) -> tuple[Role, ...]:
    """The roles of `peers` peers whose honest ones send at most `rate` bytes per second."""
    count = max(FEWEST_PEERS, min(peers, MOST_PEERS))
    honest = [*_HONEST_NAMES, *(f"guest-{i}" for i in range(1, MOST_PEERS))][: count - 3]
    return (
        *(Role(name) for name in honest),
        Role("tortoise", Faults(rate=min(SLOW_RATE, max(20_000, rate // 8)))),
        Role("magpie", Faults(lie_every=LIE_EVERY), reliable=False),
        Role("comet", mortal=True),
    )


def holders(roles: Sequence[Role], files: int) -> list[set[str]]:
    """For each file the names of the peers that share it; file 0 is the mix."""
    reliable = [role.name for role in roles if role.reliable]
    everyone = {role.name for role in roles}
    return [everyone, *(everyone - {reliable[i % len(reliable)]} for i in range(files - 1))]


class Network:
    """The demo's folder and peers. `seconds` is about how long the big file should take at the peers' limits."""

    def __init__(
        self,
        interrupts: Interrupts,
        *,
        peers: int,
        size_mb: int,
        seed: int,
        seconds: float,
        say: Callable[[str], None],
    ) -> None:
        self._interrupts = interrupts
        self._tracks = catalogue.plan(size_mb, seed)
        self.seed = seed
        self._say = say
        fast = max(1, min(peers, MOST_PEERS) - 2)
        self.rate = max(100_000, int(size_mb * catalogue.MEGABYTE / fast / seconds))
        self.roles = cast(peers, self.rate)
        self.inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self.root = Path()
        self.originals: tuple[Path, ...] = ()
        self.tapes: tuple[Path, ...] = ()  # what legacy users share
        self.soulseek = Soulseek(self)
        self.peers: tuple[Peer, ...] = ()
        self.porch = Peer(PORCH, Path())
        self.musicbrainz = ""  # "http://host:port" once it answers
        self.forged: dict[str, int] = {}  # what the forger last told of itself
        self._size_mb = size_mb
        self._servers: dict[str, Child] = {}  # "musicbrainz", "forger"
        self._children: list[Child] = []
        self._janitor: Child | None = None

    def build(self) -> None:
        """Makes the folder, the music, the homes, and starts all; returns when each peer shares and can be found."""
        with self._interrupts.hold():
            try:
                self.root = Path(tempfile.mkdtemp(prefix=janitor.PREFIX))
            except OSError as error:
                raise StorageError(f"no temporary folder: {error}") from error
            args = ["slskmesh.demo.janitor", str(self.root)]
            self._janitor = Child("janitor", args, Path(os.devnull), self.inbox)
        plan = ["--size", str(self._size_mb), "--seed", str(self.seed)]
        self._servers["musicbrainz"] = self.spawn("musicbrainz", ["slskmesh.demo.musicbrainz", *plan])
        self.soulseek.start_server()
        self._say("Making music …")
        self.originals = audio.render(self._tracks, self.root / "music", self.seed)
        self.tapes = audio.render(catalogue.tapes(self.seed), self.root / "music", self.seed)
        self._until(lambda: [] if self.musicbrainz and self.soulseek.running else ["a server"])
        self._say(f"Starting {len(self.roles)} peers on this machine …")
        self.soulseek.start_users(self.tapes)
        self._open_porch()
        self.peers = tuple(Peer(role, self.root / "peers" / role.name) for role in self.roles)
        shared = holders(self.roles, len(self.originals))
        for peer in self.peers:
            self._furnish(peer, [i for i, names in enumerate(shared) if peer.role.name in names])
        for peer in self.peers:
            self.start(peer)
        forge = ["slskmesh.demo.forger", "--meet", self.porch.dht, "--release", self.album.mbid]
        self._servers["forger"] = self.spawn("forger", forge)
        self._until(lambda: [peer.role.name for peer in self.peers if not peer.ready])
        self._until(lambda: [] if self.forged else ["forger"])
        self._until(self.soulseek.missing)

    def _open_porch(self) -> None:
        self.porch = Peer(PORCH, self.root / "peers" / PORCH.name)
        self.porch.home.mkdir(mode=0o700, parents=True)
        self._write_config(self.porch)
        self.start(self.porch)
        self._until(lambda: [] if self.porch.ready else [PORCH.name])

    def _until(self, missing: Callable[[], list[str]]) -> None:
        """Takes in what is said until nobody is missing. SlskmeshError names those who still are."""
        deadline = time.monotonic() + START_TIMEOUT
        while names := missing():
            if self.take(deadline) is None:
                raise SlskmeshError(f"not ready in time: {', '.join(names)}")

    @property
    def artists(self) -> tuple[str, ...]:
        """Names to search by that together find every file."""
        return tuple(dict.fromkeys(track.artist for track in self._tracks))

    @property
    def album(self) -> catalogue.DemoRelease:
        """The release that is fetched by its MusicBrainz id."""
        return catalogue.album(self._tracks)

    @property
    def later(self) -> catalogue.DemoRelease:
        """The release that is fetched while the Soulseek server is away."""
        return next(one for one in catalogue.releases(self._tracks) if one.kind == "EP")

    @property
    def album_holders(self) -> int:
        """Peers that share a track of the album."""
        tracks = {track.recording_id for track in self.album.tracks}
        shared = holders(self.roles, len(self._tracks))
        pairs = zip(self._tracks, shared, strict=True)
        return len(set().union(*(names for track, names in pairs if track.recording_id in tracks)))

    @property
    def big_size(self) -> int:
        """Bytes of the mix."""
        return self.originals[0].stat().st_size

    def find(self, *, mortal: bool = False, liar: bool = False) -> Peer:
        """The one peer with this part."""
        return next(p for p in self.peers if (mortal and p.role.mortal) or (liar and p.role.faults.lie_every))

    def user_home(self, name: str, *, patience: int, rescue_over: int) -> Path:
        """The home of the demo's user; with a `name` he has an account from the start (`Soulseek.account`)."""
        home = self.root / "user"
        config = self.settings("you") | {"library": {"downloads": str(home / "downloads")}}
        config |= self.soulseek.account(home, name=name, patience=patience, rescue_over=rescue_over)
        try:
            (home / "downloads").mkdir(parents=True)
            home.chmod(0o700)
            (home / "config.toml").write_text(tomlkit.dumps(config), "utf-8")
        except OSError as error:
            raise StorageError(f"{home}: cannot be made: {error}") from error
        if name:
            write_password(home)
        return home

    def spawn(self, name: str, args: Sequence[str]) -> Child:
        """Starts a process that `close` will end."""
        with self._interrupts.hold():
            child = Child(name, args, self.root / f"{name}.err", self.inbox)
            self._children.append(child)
        return child

    def start(self, peer: Peer) -> None:
        """Starts a peer's process; its ready line comes through `take`."""
        args = ["slskmesh.demo.peer", "--home", str(peer.home)]
        if peer.role.faults.rate:
            args += ["--slow", str(peer.role.faults.rate)]
        if peer.role.faults.lie_every:
            args += ["--lie-every", str(peer.role.faults.lie_every)]
        if peer.role.faults == Faults():
            args = ["slskmesh", "daemon", "--home", str(peer.home), "--until-eof"]
        if peer is not self.porch:
            args += ["--join", self.porch.invite]
        peer.invite = ""
        peer.child = self.spawn(peer.role.name, args)

    def kill(self, peer: Peer) -> None:
        """SIGKILL; the peer keeps its port for its return."""
        if peer.child is not None:
            child, peer.child = peer.child, None
            self.end_hard(child)

    def end_hard(self, child: Child) -> None:
        """SIGKILL; returns when the process is gone."""
        child.kill()
        self._children.remove(child)

    def take(self, deadline: float) -> Said | None:
        """Next word of a child, None at the `deadline` (monotonic). Peers' ready lines are noted on the way.

        SlskmeshError if a peer ended that nobody killed.
        """
        self._interrupts.check()
        try:
            said = self.inbox.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        for peer in (*self.peers, self.porch):
            if peer.child is said.child:
                self._hear(peer, said)
        for name, child in self._servers.items():
            if child is said.child:
                self._hear_server(name, said)
        self.soulseek.hear(said)
        return said

    def close(self) -> None:
        """Ends every process and removes the folder."""
        for child in self._children:
            child.ask_to_end()
        deadline = time.monotonic() + END_TIMEOUT
        for child in self._children:
            child.end(max(0.1, deadline - time.monotonic()))
        self._children.clear()
        if self.root != Path():
            try:
                shutil.rmtree(self.root)
            except OSError as error:
                raise StorageError(f"{self.root}: cannot be removed: {error}") from error
        if self._janitor is not None:
            self._janitor.finish()

    def _hear(self, peer: Peer, said: Said) -> None:
        if said.what is None:
            raise SlskmeshError(f"the peer {peer.role.name} ended: {said.child.last_words()}")
        what = said.what
        peer.shared = what.get("files", peer.shared)
        peer.shards = what.get("shards", peer.shards)
        if not what.get("ready"):
            return
        peer.peer_id, peer.overlay, peer.dht = what["peer_id"], what["overlay"], what["dht"]
        peer.invite = what["invite"]
        if peer.role.mortal:
            self._write_config(peer)

    def _hear_server(self, name: str, said: Said) -> None:
        if said.what is None:
            raise SlskmeshError(f"the {name} process ended: {said.child.last_words()}")
        self.musicbrainz = said.what.get("host", self.musicbrainz)
        if "offered" in said.what:
            self.forged = said.what

    def _furnish(self, peer: Peer, files: Sequence[int]) -> None:
        """Its share, home and settings; `files` are places in the catalogue."""
        mine = [self.originals[place] for place in files]
        peer.releases = len({self._tracks[place].release_id for place in files})
        if peer.role.reliable:
            mine.append(self.tapes[0])
            peer.releases += 1
        furnish(self.root / "shares" / peer.role.name / catalogue.LABEL, mine)
        peer.files = len(mine)
        peer.home.mkdir(mode=0o700, parents=True)
        (peer.home / "downloads").mkdir()
        self._write_config(peer)

    def settings(self, name: str, listen: str = "127.0.0.1:0") -> dict[str, dict[str, Any]]:
        """What every home of the demo has: loopback only, no search for others on the local network."""
        return {
            "overlay": {"listen": listen, "name": name},
            "dht": {"lan": False},
            "musicbrainz": {"host": self.musicbrainz},
        }

    def _write_config(self, peer: Peer) -> None:
        share = self.root / "shares" / peer.role.name / catalogue.LABEL
        config = self.settings(peer.role.name, peer.overlay or "127.0.0.1:0")
        config["overlay"]["max_upload_rate"] = 0 if peer.role.faults.rate else self.rate
        shares = [str(share)] if peer.files else []
        config["library"] = {"shares": shares, "downloads": str(peer.home / "downloads")}
        (peer.home / "config.toml").write_text(tomlkit.dumps(config), "utf-8")
