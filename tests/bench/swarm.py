"""Swarm speed: `python -m tests.bench.swarm [--size MiB] [--runs N] [--only a,b] [--profile FOLDER]`.

Fetches one random file from 4 seeder processes to 1 leecher process over loopback, with each contender in turn
in every run, so that what else the machine does meets all alike; one uncounted run goes first, because fresh
memory is slow to touch. Prints one JSON line of medians: MB/s (10^6 bytes), the leecher's peak RSS in MiB and CPU
seconds, and the ratios the project holds itself to. Every fetched file is compared with the source outside the
clock. Exit code 1 if a target is missed, 2 if a contender fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from slskmesh.identity.certificate import ROOT_PEM
from slskmesh.identity.key import load_or_create
from tests.bench.contenders import torrent
from tests.bench.processes import Child, ChildError

SEEDERS = 4
PATIENCE = 180.0
TARGETS = {"mesh/encrypted": 2.0, "mesh/fastest_plain": 1.0, "mesh/bare": 0.8}
RSS_MAX_MIB = 100.0


class Ground(NamedTuple):
    """What all contenders share: a work folder and the source file in a folder of its own."""

    work: Path
    source: Path
    sha256: str
    profile: Path | None


class Fetched(NamedTuple):
    """One leecher's run: its result line and where the file it fetched stands."""

    result: dict[str, Any]
    file: Path


Contender = Callable[[Ground, Path], Fetched]


def run_torrent(mode: str, ground: Ground, target: Path) -> Fetched:
    """libtorrent in one mode."""
    torrent_file = ground.work / "source.torrent"
    if not torrent_file.exists():
        torrent.write_torrent(ground.source, torrent_file)
    module = "tests.bench.contenders.torrent"
    with ExitStack() as stack:
        seed = (module, "seed", str(torrent_file), str(ground.source.parent), mode)
        children = [stack.enter_context(Child(*seed)) for _ in range(SEEDERS)]
        ports = ",".join(str(child.line(PATIENCE)["port"]) for child in children)
        leecher = stack.enter_context(Child(module, "leech", str(torrent_file), str(target), mode, ports))
        result = leecher.line(PATIENCE)
    if mode == "encrypted" and result["encrypted"] != [True] * SEEDERS:
        raise ChildError(f"libtorrent's lines were not all encrypted: {result['encrypted']}")
    return Fetched(result, target / ground.source.name)


def identities(ground: Ground) -> list[Path]:
    """Identity files, the leecher's first."""
    pems = [ground.work / f"peer{number}" / "identity.pem" for number in range(SEEDERS + 1)]
    for pem in pems:
        load_or_create(pem)
    return pems


def run_sessions(ground: Ground, target: Path) -> Fetched:
    """slskmesh's sessions without the swarm."""
    pems = identities(ground)
    module = "tests.bench.contenders.sessions"
    file = target / ground.source.name
    with ExitStack() as stack:
        children = [
            stack.enter_context(Child(module, "seed", str(pem), str(ground.source))) for pem in pems[1:]
        ]
        ports = ",".join(str(child.line(PATIENCE)["port"]) for child in children)
        size = str(ground.source.stat().st_size)
        leecher = Child(module, "leech", str(pems[0]), str(file), size, ports)
        result = stack.enter_context(leecher).line(PATIENCE)
    return Fetched(result, file)


def run_bare(reader: str, ground: Ground, target: Path) -> Fetched:
    """The bare trio chunk stream."""
    root = ground.work / "root.pem"
    root.write_text(ROOT_PEM)
    pems = identities(ground)
    module = "tests.bench.contenders.bare"
    file = target / ground.source.name
    with ExitStack() as stack:
        children = [
            stack.enter_context(Child(module, "seed", str(pem), str(root), str(ground.source)))
            for pem in pems[1:]
        ]
        ports = ",".join(str(child.line(PATIENCE)["port"]) for child in children)
        size = str(ground.source.stat().st_size)
        arguments = ("leech", str(pems[0]), str(root), str(file), size, ports, reader)
        result = stack.enter_context(Child(module, *arguments)).line(PATIENCE)
    return Fetched(result, file)


def write_home(home: Path, downloads: Path, shares: Sequence[Path]) -> None:
    """A home as a person would configure it, listening on loopback only."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    quoted = ", ".join(json.dumps(str(share)) for share in shares)
    (home / "config.toml").write_text(
        f'[overlay]\nlisten = "127.0.0.1:0"\n\n'
        f"[library]\nshares = [{quoted}]\ndownloads = {json.dumps(str(downloads))}\n"
    )


def run_mesh(ground: Ground, target: Path) -> Fetched:
    """slskmesh: daemons as seeders (their homes live on: only the first run hashes), a new home as leecher."""
    with ExitStack() as stack:
        children = []
        for number in range(SEEDERS):
            home = ground.work / f"seeder{number}"
            write_home(home, home / "downloads", [ground.source.parent])
            daemon = Child("slskmesh", "daemon", "--home", str(home), "--until-eof")
            children.append(stack.enter_context(daemon))
        invites = [child.line(PATIENCE)["invite"] for child in children]
        write_home(target / "home", target / "downloads", [])
        arguments = ["leech", str(target / "home"), ground.source.name, str(SEEDERS)]
        if ground.profile is not None:
            arguments += ["--profile", str(ground.profile)]
        leecher = stack.enter_context(Child("tests.bench.contenders.mesh", *arguments))
        leecher.write("".join(invite + "\n" for invite in invites))
        result = leecher.line(PATIENCE)
    return Fetched(result, Path(result["path"]))


CONTENDERS: dict[str, Contender] = {
    "mesh": run_mesh,
    "encrypted": partial(run_torrent, "encrypted"),
    "plain": partial(run_torrent, "plain"),
    "high": partial(run_torrent, "high"),
    "sessions": run_sessions,
    "bare": partial(run_bare, "bio"),
    "sslstream": partial(run_bare, "sslstream"),
}


def make_source(folder: Path, size: int) -> tuple[Path, str]:
    """A file of random bytes, and its SHA-256."""
    folder.mkdir()
    path = folder / "source.bin"
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, size, 1 << 24):
            block = os.urandom(min(1 << 24, size - start))
            digest.update(block)
            file.write(block)
    return path, digest.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a fetched file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def one_run(name: str, ground: Ground) -> dict[str, Any]:
    """Runs one contender once in a fresh folder and checks what it fetched."""
    target = Path(tempfile.mkdtemp(dir=ground.work, prefix=f"{name}-"))
    try:
        fetched = CONTENDERS[name](ground, target)
        if file_sha256(fetched.file) != ground.sha256:
            raise ChildError(f"{name} fetched a file that is not the source")
        return fetched.result
    finally:
        shutil.rmtree(target)


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median, least and greatest."""
    figures = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {key: round(value, digits) for key, value in figures.items()}


def summary(size: int, results: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The JSON line."""
    speeds = {name: [size / 1e6 / run["seconds"] for run in runs] for name, runs in results.items()}
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    plain = [medians[name] for name in ("plain", "high") if name in medians]
    bases = {"encrypted": medians.get("encrypted"), "fastest_plain": max(plain, default=None)}
    bases["bare"] = medians.get("bare")
    ratios = {
        f"mesh/{name}": round(medians["mesh"] / base, 3)
        for name, base in bases.items()
        if base is not None and "mesh" in medians
    }
    rss = {name: spread([run["peak_rss"] / 2**20 for run in runs]) for name, runs in results.items()}
    met = {name: ratios[name] >= target for name, target in TARGETS.items() if name in ratios}
    if "mesh" in rss:
        met["peak_rss"] = rss["mesh"]["max"] <= RSS_MAX_MIB
    return {
        "bench": "swarm",
        "bytes": size,
        "seeders": SEEDERS,
        "runs": max(len(runs) for runs in results.values()),
        "cores": len(os.sched_getaffinity(0)),
        "python": sys.version.split()[0],
        "mb_s": {name: spread(values) for name, values in speeds.items()},
        "peak_rss_mib": rss,
        "cpu_s": {name: spread([run["cpu"] for run in runs], 2) for name, runs in results.items()},
        "ratios": ratios,
        "met": met,
    }


def work_root(size: int) -> str | None:
    """Memory-backed storage where it has room for the source and two copies, so that no disk is measured."""
    shm = Path("/dev/shm")
    return str(shm) if shm.is_dir() and shutil.disk_usage(shm).free > 4 * size else None


def chosen(text: str) -> list[str]:
    """Names of contenders, in running order."""
    names = text.split(",")
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(CONTENDERS)}")
    return names


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.swarm", description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="file size in MiB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", type=chosen, default=list(CONTENDERS), help=", ".join(CONTENDERS))
    parser.add_argument(
        "--profile", type=Path, help="folder for cProfile files of the mesh leecher's threads"
    )
    options = parser.parse_args()
    if options.profile is not None:
        options.profile.mkdir(parents=True, exist_ok=True)
    size = options.size << 20
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in options.only}
    with tempfile.TemporaryDirectory(dir=work_root(size), prefix="slskmesh-bench-") as folder:
        ground = Ground(Path(folder), *make_source(Path(folder, "source"), size), options.profile)
        try:
            one_run(options.only[0], ground)
            for _ in range(options.runs):
                for name in options.only:
                    results[name].append(one_run(name, ground))
        except ChildError as error:
            print(f"bench swarm: {error}", file=sys.stderr)
            return 2
    line = summary(size, results)
    print(json.dumps(line))
    return 0 if all(line["met"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
