"""The demo without a screen: the same network and faults, one JSON summary, and proof by SHA-256.

Rules:
- The verdict is this process's own: it hashes the seeders' originals and the files that arrived.
- The leecher is given one invite, the porch's, and the album's name; who has it, it finds through the table.
- `resumed` means that the killed seeder delivered verified bytes after its return and, where the leecher was
  killed too, that at most 2 % of what was true on its disk at that moment was fetched again. What was true is found
  by comparing with the originals, what was fetched is what the second run says it received.
- The Soulseek server is killed and started again by `demo/outage.py`, when the user's side (`demo/failover.py`) asks.
- A run that fails still gives a summary, with `ok` false and `error`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from slskmesh.demo import catalogue
from slskmesh.demo.child import Child, Said
from slskmesh.demo.failover import PATIENCE, RESCUE_OVER
from slskmesh.demo.legacy import ROOM, SLOW
from slskmesh.demo.network import Network
from slskmesh.demo.outage import Outage
from slskmesh.demo.plot import Act, Plot
from slskmesh.engine.interrupts import Interrupts
from slskmesh.errors import SlskmeshError
from slskmesh.library.manifest import chunk_size_for

# About how long the mix takes: time enough for a peer to die and come back on a busy machine. A slow file of a legacy
# user is judged and rescued meanwhile, which takes as long.
SECONDS: Final = 16.0
STILL_TIMEOUT: Final = 60.0  # seconds without any progress that end the run
LETTER_TIMEOUT: Final = 10.0  # seconds
REFETCH_MAX: Final = 0.02


class Summary(msgspec.Struct, omit_defaults=False):
    """The demo's result. `seconds` is from the leecher's start to the last file; `error` only when a run failed.

    `job_state` is that of the job for the album, `dht_nodes` the most contacts the leecher had in the table,
    `holders_found` the peers that showed it what they have of the album, `forged_records_refused` its own count.
    `rescued` are files that a legacy user sent too slowly and peers finished; `disaster_entered` and `disaster_left`
    tell that mesh-only mode began and ended by itself, `searches_in_disaster` how many searches found something
    meanwhile, `lost` how many queued or running things vanished (a message that did not arrive is one).
    """

    ok: bool = False
    files: int = 0
    bytes: int = 0
    sha256_ok: bool = False
    seconds: float = 0.0
    sources: int = 0
    bad_chunks_rejected: int = 0
    liar_named: bool = False
    resumed: bool = False
    job_state: str = ""
    dht_nodes: int = 0
    holders_found: int = 0
    forged_records_refused: int = 0
    rescued: int = 0
    disaster_entered: bool = False
    disaster_left: bool = False
    searches_in_disaster: int = 0
    lost: int = 0
    error: str | msgspec.UnsetType = msgspec.UNSET


class Run:
    """One headless run over a built network."""

    def __init__(self, network: Network, *, kill_leecher: bool, say: Callable[[str], None]) -> None:
        self._network = network
        self._plot = Plot(kill_leecher=kill_leecher)
        self._say = say
        self._mortal = network.find(mortal=True)
        self._home = network.user_home("", patience=PATIENCE, rescue_over=RESCUE_OVER)
        self._downloads = self._home / "downloads"
        self._outage = Outage(network.soulseek, say)
        self._leecher: Child | None = None
        self._progress = 0.0
        self._moved = (0.0, 0)  # progress of the mix and bytes of all downloads, as last told
        self._on_disk = 0  # bytes equal to the originals when the leecher was killed
        self._served = False
        self._leecher_killed = False
        self._nodes = 0
        self._holders = 0
        self._refused = [0]  # forged records, by run of the leecher
        self._last_step = 0.0

    def run(self) -> Summary:
        """The whole job; SlskmeshError if it cannot end."""
        started = time.monotonic()
        self._start_leecher()
        end: dict[str, Any] | None = None
        while end is None:
            end = self._turn()
        seconds = time.monotonic() - started
        self._wait_for_letter()
        self._say("Checking every file against the seeders' …")
        return self._judge(end, seconds)

    def _wait_for_letter(self) -> None:
        """The message that waited for the server may be the last thing to arrive."""
        deadline = time.monotonic() + LETTER_TIMEOUT
        while not self._outage.delivered and self._network.take(deadline) is not None:
            pass

    def _turn(self) -> dict[str, Any] | None:
        """Waits for one word or the plot's next act; returns the leecher's last line when it comes."""
        now = time.monotonic()
        due = self._plot.next_due()
        still = self._last_step + STILL_TIMEOUT
        said = self._network.take(min(still, due) if due is not None else still)
        if said is not None and said.child is self._leecher:
            if said.what is None:
                raise SlskmeshError(f"the leecher ended: {said.child.last_words()}")
            self._hear(said.what)
            if said.what.get("finished"):
                return said.what
        elif said is not None:
            self._introduce(said)
            self._outage.step()
        elif time.monotonic() >= still:
            raise SlskmeshError(
                f"no progress in {STILL_TIMEOUT:.0f} s at {self._progress:.0%} of the big file"
            )
        act = self._plot.step(self._progress, max(now, time.monotonic()))
        if act is not None:
            self._play(act)
        return None

    def _hear(self, what: dict[str, Any]) -> None:
        if what.get("ready") and self._leecher is not None:
            self._leecher.tell({"connect": self._network.porch.invite})
        if "progress" in what:
            self._progress = what["progress"]
        if "resolved" in what:
            self._holders = what["holders"]
            self._say(f"  {self._holders} peers showed that they have {self._network.album.title}")
        if "refused" in what:
            self._nodes, self._refused[-1] = max(self._nodes, what["nodes"]), what["refused"]
        if "outage" in what and self._leecher is not None:
            self._outage.asked(what["outage"], self._leecher)
            self._last_step = time.monotonic()
        if "disaster" in what:
            self._say(f"  mesh-only mode {what['disaster']}")
            self._last_step = time.monotonic()
        moved = (self._progress, what.get("done", self._moved[1]))
        if moved != self._moved:
            self._moved, self._last_step = moved, time.monotonic()
        if what.get("served") == self._mortal.peer_id:
            self._served = True
            self._say(f"  {self._mortal.role.name} serves again")

    def _introduce(self, said: Said) -> None:
        """A peer is back: tells the leecher whose deliveries count as those of one who returned, not where it is."""
        if said.child is self._mortal.child and said.what and said.what.get("ready") and self._leecher:
            self._leecher.tell({"returned": self._mortal.peer_id})

    def _play(self, act: Act) -> None:
        if act is Act.KILL_SEEDER:
            self._say(f"  {self._progress:.0%}: killing {self._mortal.role.name} (SIGKILL)")
            self._network.kill(self._mortal)
        elif act is Act.RETURN_SEEDER:
            self._say(f"  {self._progress:.0%}: {self._mortal.role.name} starts again")
            self._network.start(self._mortal)
        else:
            self._say(f"  {self._progress:.0%}: killing and restarting the leecher (SIGKILL)")
            assert self._leecher is not None  # its progress is what led here
            old, self._leecher = self._leecher, None
            self._network.end_hard(old)
            self._on_disk, self._leecher_killed = intact(self._downloads, self._network.originals), True
            self._refused.append(0)
            self._start_leecher("--resume")

    def _start_leecher(self, *more: str) -> None:
        network = self._network
        self._last_step = time.monotonic()
        slow, steady, queued = (track.title for track in catalogue.tapes(network.seed))
        self._leecher = network.spawn(
            "leecher",
            [
                "slskmesh.demo.leecher",
                f"--home={self._home}",
                f"--album={network.album.artist} {network.album.title}",
                f"--holders={network.album_holders}",
                f"--files={len(network.originals)}",
                f"--later={len(network.later.tracks)}",
                f"--big={network.big_size}",
                *(f"--words={artist}" for artist in network.artists),
                f"--slow={slow}",
                f"--steady={steady}",
                f"--queued={queued}",
                f"--room={ROOM}",
                f"--friend={SLOW}",
                f"--release={network.later.artist} {network.later.title}",
                *more,
            ],
        )

    def _judge(self, end: dict[str, Any], seconds: float) -> Summary:
        originals = (*self._network.originals, *self._network.tapes)
        arrived = [path for path in self._downloads.rglob("*") if path.is_file() and not self._hidden(path)]
        summary = Summary(
            files=len(arrived),
            bytes=sum(path.stat().st_size for path in arrived),
            sha256_ok=sorted(map(sha256, arrived)) == sorted(map(sha256, originals)),
            seconds=round(seconds, 2),
            sources=len(end["sources"]),
            bad_chunks_rejected=end["bad_chunks"],
            liar_named=end["bad_peers"] == [self._network.find(liar=True).peer_id],
            resumed=self._served and self._refetched(end["received"]) <= REFETCH_MAX,
            job_state=end["job_state"],
            dht_nodes=self._nodes,
            holders_found=self._holders,
            forged_records_refused=sum(self._refused),
            rescued=end["rescued"],
            disaster_entered=end["disaster_entered"],
            disaster_left=end["disaster_left"],
            searches_in_disaster=end["searches_in_disaster"],
            lost=end["lost"] + (not self._outage.delivered),
        )
        summary.ok = self._proven(summary)
        return summary

    def _proven(self, summary: Summary) -> bool:
        """Whether everything happened that the demo is to show, and nothing that it must not."""
        swarm = (
            summary.sha256_ok and summary.liar_named and summary.resumed and summary.bad_chunks_rejected > 0
        )
        table = summary.dht_nodes >= min(8, len(self._network.peers)) and summary.holders_found >= 2
        forger = summary.forged_records_refused > 0 and self._network.forged["kept"] == 0
        outage = summary.disaster_entered and summary.disaster_left and summary.searches_in_disaster > 0
        kept = summary.rescued > 0 and summary.lost == 0
        return swarm and table and forger and outage and kept and summary.job_state == "done"

    def _refetched(self, received: int) -> float:
        """Share of what was on disk at the kill that the last run received again; 0 where nothing was killed."""
        if not self._leecher_killed or not self._on_disk:
            return 0.0
        total = sum(path.stat().st_size for path in self._network.originals)
        return max(0, self._on_disk - (total - received)) / self._on_disk

    def _hidden(self, path: Path) -> bool:
        """Whether a path is in the folder of unfinished downloads."""
        return any(part.startswith(".") for part in path.relative_to(self._downloads).parts)


def intact(downloads: Path, originals: Sequence[Path]) -> int:
    """Bytes of whole, true chunks below `downloads`; a file is held against the original it is most like."""
    found = 0
    for path in downloads.rglob("*"):
        if path.is_file():
            size = path.stat().st_size
            found += max((_equal(path, one) for one in originals if one.stat().st_size >= size), default=0)
    return found


def _equal(path: Path, original: Path) -> int:
    chunk = chunk_size_for(original.stat().st_size)
    equal = 0
    with path.open("rb") as ours, original.open("rb") as theirs:
        while true := theirs.read(chunk):
            if ours.read(chunk) == true:
                equal += len(true)
    return equal


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def run_headless(
    *, peers: int, size_mb: int, seed: int, kill_leecher: bool, say: Callable[[str], None]
) -> Summary:
    """Builds the network, runs the job, removes everything. Interrupted when a signal asks to end."""
    with Interrupts() as interrupts:
        network = Network(interrupts, peers=peers, size_mb=size_mb, seed=seed, seconds=SECONDS, say=say)
        try:
            network.build()
            say(f"Downloading {len(network.originals)} files from {len(network.peers)} peers …")
            return Run(network, kill_leecher=kill_leecher, say=say).run()
        except SlskmeshError as error:
            return Summary(error=str(error))
        finally:
            interrupts.close()
            network.close()


def lines(summary: Summary) -> Sequence[str]:
    """The summary in words."""
    mark = {True: "yes", False: "NO"}
    size = summary.bytes / 1e6
    return (
        f"{summary.files} files, {size:.1f} MB in {summary.seconds:.1f} s from {summary.sources} sources",
        f"every file equal to the seeders' (SHA-256): {mark[summary.sha256_ok]}",
        f"bad chunks refused: {summary.bad_chunks_rejected}; the liar was named: {mark[summary.liar_named]}",
        f"went on after the kill: {mark[summary.resumed]}",
        f"the album by its MusicBrainz id: job {summary.job_state or 'not run'}, {summary.holders_found} holders found "
        f"through a table of {summary.dht_nodes} nodes, {summary.forged_records_refused} forged records refused",
        f"without the Soulseek server: mesh-only mode entered {mark[summary.disaster_entered]}, left "
        f"{mark[summary.disaster_left]}, {summary.searches_in_disaster} searches answered meanwhile, "
        f"{summary.rescued} slow files rescued, {summary.lost} things lost",
        *([f"failed: {summary.error}"] if isinstance(summary.error, str) else []),
    )
