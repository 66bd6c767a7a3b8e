"""The HTTP gateway: `python -m tests.bench.gateway [--rounds N] [--seconds S] [--size MiB] [--runs N] [--only a,b]`.

Requests: a `slskmesh daemon` (`contenders/gateway_ours.py`: all of it but the bound of requests a second) serves GETs
to another process (`contenders/gateway_load.py`: LINES plain sockets, one request after the other on each), and in turn
with it a bare FastAPI app on Hypercorn's trio worker gives the same bytes from memory, without key, guard or engine
(`contenders/gateway_bare.py`), so that what else the machine does meets both alike; one uncounted round goes first.
What is asked for:
- status: /api/v0/application, what clients look at before anything else;
- search: /api/v0/searches/{id} of a search with 200 responses, which clients poll;
- responses: the 200 responses of it, 5 files each;
- transfers: /api/v0/transfers/downloads with 10,000 downloads in it.
The responses come from a Soulseek server's crowd over 200 connections, the downloads are ordered through the gateway.

Swarm: a new home's engine fetches a random file from SEEDERS daemons over loopback, in turn quietly, with its gateway
answering 200 status requests a second, and with the bare app answering as many beside it ("beside": what the load alone
takes from a machine with few cores, none of it ours). `loss` is the median of (quiet - other) / quiet in MB/s of each
run's neighbours; `own` the same of served against beside: what it costs that the engine itself answers. The file is
compared with the source outside the clock.

Prints one JSON line: requests a second, p50 and p99 in ms of all requests, ratios to the bare app (median of rounds),
MB/s and losses. Exit code 1 if more than LOSS_MAX is lost, 2 if a process fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from tests.bench.contenders.gateway_crowd import name_of
from tests.bench.processes import Child, ChildError
from tests.bench.swarm import file_sha256, make_source, spread, work_root, write_home

USERS, FILES, DOWNLOADS = 200, 5, 10_000
LINES, PACED_LINES, PACE = 4, 8, 200
SEEDERS = 2
LOSS_MAX = 0.10
PATIENCE = 180.0
WHAT: Final = ("status", "search", "responses", "transfers")
STATUS: Final = "/api/v0/application"


class Loader:
    """The process that asks."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def order(self, url: str, key: str, **how: float) -> None:
        """See its head."""
        self._child.write(json.dumps({"url": url, "key": key, **how}) + "\n")

    def steady(self, url: str, key: str, seconds: float) -> dict[str, Any]:
        """One round."""
        self.order(url, key, lines=LINES, seconds=seconds)
        return self._child.line(PATIENCE)

    @contextlib.contextmanager
    def pace(self, url: str, key: str, told: dict[str, Any]) -> Any:
        """PACE requests a second for the length of the body; `told` is filled with what it came to."""
        self.order(url, key, lines=PACED_LINES, pace=PACE)
        self._child.line(PATIENCE)
        yield
        self._child.write("\n")
        told.update(self._child.line(PATIENCE))


class Figures:
    """Rounds of one server at one address."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.times: list[float] = []

    def add(self, told: dict[str, Any]) -> None:
        """One round."""
        self.rates.append(told["requests"] / told["seconds"])
        self.times += told["ms"]

    def summary(self) -> dict[str, float]:
        """Median rate, p50 and p99 of all times."""
        cuts = statistics.quantiles(self.times, n=100)
        rate = statistics.median(self.rates)
        return {"per_s": round(rate, 1), "p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}


def gateway_home(home: Path, server: str = "", shares: Sequence[Path] = ()) -> Path:
    """A home with a gateway, and an account where there is a server."""
    write_home(home, home / "downloads", shares)
    more = '[gateway]\nenabled = true\nlisten = "127.0.0.1:0"\n'
    if server:
        more += f'[soulseek]\nserver = "{server}"\nusername = "bench"\nlisten = "127.0.0.1:0"\n'
        (home / "soulseek.password").write_text("secret\n")
        (home / "soulseek.password").chmod(0o600)
    with (home / "config.toml").open("a") as config:
        config.write(more)
    return home


def key_of(home: Path) -> str:
    """The read-write key of a gateway that listens."""
    return (home / "api.key").read_text().strip()


def until(reached: Callable[[], bool], what: str) -> None:
    """Asks ten times a second."""
    end = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > end:
            raise ChildError(f"waited too long for {what}")
        time.sleep(0.1)


def fill(http: httpx.Client) -> dict[str, str]:
    """Makes the search and the downloads; the path to each thing that is asked for."""
    until(lambda: bool(http.get(STATUS).json()["server"]["isLoggedIn"]), "the login")
    search = str(uuid.uuid4())
    wanted = {"id": search, "searchText": "quiet machines", "searchTimeout": 5_000, "responseLimit": USERS}
    http.post("/api/v0/searches", json=wanted).raise_for_status()
    until(lambda: bool(http.get(f"/api/v0/searches/{search}").json()["isComplete"]), "the search's end")
    responses = http.get(f"/api/v0/searches/{search}/responses").json()
    if len(responses) != USERS or any(len(one["files"]) != FILES for one in responses):
        raise ChildError(
            f"{len(responses)} of {USERS} responses, {sum(len(r['files']) for r in responses)} files"
        )
    each = DOWNLOADS // USERS
    for number in range(USERS):
        files = [
            {
                "filename": f"@@music\\{name_of(number)}\\Albums\\{one:03} Tide Table.flac",
                "size": 30_000_000 + one,
            }
            for one in range(each)
        ]
        http.post(f"/api/v0/transfers/downloads/{name_of(number)}", json=files).raise_for_status()
    listed = http.get("/api/v0/transfers/downloads").json()
    count = sum(len(folder["files"]) for user in listed for folder in user["directories"])
    if count != DOWNLOADS:
        raise ChildError(f"{count} of {DOWNLOADS} downloads are in the list")
    return {
        "status": STATUS,
        "search": f"/api/v0/searches/{search}",
        "responses": f"/api/v0/searches/{search}/responses",
        "transfers": "/api/v0/transfers/downloads",
    }


def requests(work: Path, loader: Loader, rounds: int, seconds: float) -> dict[str, Any]:
    """The first part: figures by what is asked for."""
    bodies = work / "bodies"
    bodies.mkdir()
    with contextlib.ExitStack() as stack:
        crowd = stack.enter_context(Child("tests.bench.contenders.gateway_crowd", str(USERS), str(FILES)))
        home = gateway_home(work / "served", crowd.line(PATIENCE)["server"])
        daemon = stack.enter_context(Child("tests.bench.contenders.gateway_ours", str(home)))
        base, key = daemon.line(PATIENCE)["gateway"], key_of(home)
        headers = {"X-API-Key": key}
        http = stack.enter_context(
            httpx.Client(base_url=base, headers=headers, timeout=PATIENCE, trust_env=False)
        )
        paths = fill(http)
        for name, path in paths.items():
            (bodies / name).write_bytes(http.get(path).content)
        bare = stack.enter_context(Child("tests.bench.contenders.gateway_bare", str(bodies)))
        plain = f"http://127.0.0.1:{bare.line(PATIENCE)['port']}"
        urls = {name: {"gateway": base + path, "bare": f"{plain}/{name}"} for name, path in paths.items()}
        found = {name: {"gateway": Figures(), "bare": Figures()} for name in urls}
        for number in range(rounds + 1):
            for name, both in urls.items():
                for who in sorted(both, reverse=bool(number % 2)):
                    told = loader.steady(both[who], key, seconds)
                    if number:
                        found[name][who].add(told)
    return {
        name: {
            "bytes": (bodies / name).stat().st_size,
            **{who: figures.summary() for who, figures in both.items()},
            "ratio": ratio(both["gateway"].rates, both["bare"].rates),
        }
        for name, both in found.items()
    }


def ratio(ours: Sequence[float], plain: Sequence[float]) -> float:
    """Median of a round's ratios."""
    return round(statistics.median(a / b for a, b in zip(ours, plain, strict=True)), 3)


class Swarm:
    """The second part: seeders that stay, and a new leecher each time."""

    def __init__(self, work: Path, loader: Loader, size: int, stack: contextlib.ExitStack) -> None:
        self._work = work
        self._loader = loader
        self._size = size
        self._source, self._sha256 = make_source(work / "source", size)
        self._invites = []
        for number in range(SEEDERS):
            home = work / f"seeder{number}"
            write_home(home, home / "downloads", [self._source.parent])
            seeder = stack.enter_context(Child("slskmesh", "daemon", "--home", str(home), "--until-eof"))
            self._invites.append(seeder.line(PATIENCE)["invite"])
        (work / "plain").mkdir()
        (work / "plain" / "status").write_bytes(self._status())
        self._bare = stack.enter_context(Child("tests.bench.contenders.gateway_bare", str(work / "plain")))
        self._plain = f"http://127.0.0.1:{self._bare.line(PATIENCE)['port']}/status"

    def run(self, how: str) -> tuple[float, float]:
        """(MB/s, requests answered a second) of one download."""
        home = gateway_home(Path(tempfile.mkdtemp(dir=self._work, prefix="leech-")) / "home")
        with Child(
            "tests.bench.contenders.gateway_mesh", str(home), self._source.name, str(SEEDERS)
        ) as leecher:
            leecher.write("".join(invite + "\n" for invite in self._invites))
            base = leecher.line(PATIENCE)["gateway"]
            told: dict[str, Any] = {}
            url = self._plain if how == "beside" else base + STATUS
            load = self._loader.pace(url, key_of(home), told) if how != "quiet" else contextlib.nullcontext()
            with load:
                leecher.write("go\n")
                result = leecher.line(PATIENCE)
        if file_sha256(Path(result["path"])) != self._sha256:
            raise ChildError("the file fetched is not the source")
        shutil.rmtree(home.parent)
        served = told["requests"] / told["seconds"] if told else 0.0
        return self._size / 1e6 / result["seconds"], served

    def _status(self) -> bytes:
        """What the bare app gives: as many bytes as the status has."""
        home = gateway_home(self._work / "asked")
        with Child("slskmesh", "daemon", "--home", str(home), "--until-eof") as daemon:
            base = daemon.line(PATIENCE)["gateway"]
            got = httpx.get(base + STATUS, headers={"X-API-Key": key_of(home)}, trust_env=False)
            got.raise_for_status()
        return got.content


def swarm(work: Path, loader: Loader, size: int, runs: int) -> dict[str, Any]:
    """Speeds and losses."""
    speeds: dict[str, list[float]] = {"quiet": [], "served": [], "beside": []}
    answered: dict[str, list[float]] = {"served": [], "beside": []}
    with contextlib.ExitStack() as stack:
        ground = Swarm(work, loader, size, stack)
        ground.run("quiet")
        for number in range(runs):
            for how in sorted(speeds, reverse=bool(number % 2)):
                speed, served = ground.run(how)
                speeds[how].append(speed)
                if how in answered:
                    answered[how].append(served)
    return {
        "bytes": size,
        "seeders": SEEDERS,
        "mb_s": {how: spread(values) for how, values in speeds.items()},
        "answered_per_s": {how: spread(values) for how, values in answered.items()},
        "loss": {
            **{how: lost(speeds["quiet"], speeds[how]) for how in answered},
            "own": lost(speeds["beside"], speeds["served"]),
        },
    }


def lost(quiet: Sequence[float], other: Sequence[float]) -> float:
    """The share of its speed that a download loses: median of runs."""
    return round(1 - statistics.median(b / a for a, b in zip(quiet, other, strict=True)), 3)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--size", type=int, default=512, help="of the swarm's file in MiB")
    parser.add_argument("--runs", type=int, default=5, help="downloads of each kind")
    parser.add_argument("--only", choices=("requests", "swarm"), help="one part")
    options = parser.parse_args()
    line: dict[str, Any] = {"bench": "gateway", "cores": len(os.sched_getaffinity(0))}
    line["python"] = sys.version.split()[0]
    size = options.size << 20
    with tempfile.TemporaryDirectory(dir=work_root(size), prefix="slskmesh-bench-") as folder:
        try:
            with Child("tests.bench.contenders.gateway_load") as child:
                loader = Loader(child)
                if options.only != "swarm":
                    line["requests"] = requests(Path(folder), loader, options.rounds, options.seconds)
                if options.only != "requests":
                    line["swarm"] = swarm(Path(folder), loader, size, options.runs)
                    line["met"] = {"loss": line["swarm"]["loss"]["served"] <= LOSS_MAX}
        except ChildError as error:
            print(f"bench gateway: {error}", file=sys.stderr)
            return 2
    print(json.dumps(line))
    return 0 if all(line.get("met", {}).values()) else 1


if __name__ == "__main__":
    sys.exit(main())
