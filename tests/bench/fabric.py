"""Calls of services: `python -m tests.bench.fabric [--rounds N] [--seconds S] [--profile FILE]`.

Two processes, one TLS session between them. In each round, in turn: a bare echo (one message out, one of the same size
back, by handlers on the router with nothing between) and the fabric's calls, 100 B of payload, with 1 and with 64 in
flight; then 2 MiB in 64 parts, as bare messages and as a streamed reply. Prints one JSON line of medians over the
rounds: calls/s, latency p50 and p99 in ms, MB/s (10^6), and the fabric's ratios to bare. The session's flood guard and
the fabric's calls a minute are lifted, for both alike; all else is as shipped. Exit code 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import trio

from slskmesh.fabric.calls import Fabric
from slskmesh.fabric.port import Caller, Method
from slskmesh.fabric.rates import Bounds
from slskmesh.governance.violations import Violations
from slskmesh.identity.key import load_or_create
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.book import PeerBook
from slskmesh.overlay.node import Overlay
from slskmesh.overlay.pacing import TokenBucket
from slskmesh.overlay.port import Priority, Session
from slskmesh.overlay.router import MessageRouter
from slskmesh.overlay.session import PeerSession
from slskmesh.wire.messages import Hello, ManifestPart, Search, SearchRefused, WantManifest
from slskmesh.work import LocalBudget
from tests.bench.contenders.report import say, wait_for_end
from tests.bench.processes import Child

PAYLOAD = 100
PART = 32 * 1024
PARTS = 64
IN_FLIGHT = (1, 64)
MANY = 1_000_000_000
TARGETS = {"calls_1": 0.6, "calls_64": 0.35, "stream": 0.6}
BOUNDS = Bounds(service_minute=MANY, peer_minute=MANY, open_peer=max(IN_FLIGHT))

Once = Callable[[], Awaitable[None]]


class Blob(msgspec.Struct, frozen=True, array_like=True):
    """Request and reply."""

    data: bytes


class Echo:
    """The service that is measured."""

    name: ClassVar[str] = "echo"
    version: ClassVar[int] = 1

    def methods(self) -> Mapping[str, Method[Any, Any]]:
        """By name."""
        return {
            "Echo": Method(Blob, Blob, handler=self.echo),
            "Parts": Method(Blob, Blob, stream=self.parts),
        }

    async def echo(self, caller: Caller, request: Blob) -> Blob:
        """What came."""
        return request

    async def parts(self, caller: Caller, request: Blob) -> AsyncIterator[Blob]:
        """2 MiB."""
        for _ in range(PARTS):
            yield Blob(bytes(PART))


class Bare:
    """The echo with nothing between: handlers on the router, an event for each message under way."""

    def __init__(self, router: MessageRouter) -> None:
        self.waiting: dict[int, trio.Event] = {}
        self.parts = 0
        self.done = trio.Event()
        self.number = 0
        router.on(Search, self._search)
        router.on(SearchRefused, self._back)
        router.on(WantManifest, self._want)
        router.on(ManifestPart, self._part)

    def _search(self, session: Session, message: Search) -> None:
        session.send(SearchRefused(message.query, message.text), Priority.NORMAL)

    def _back(self, session: Session, message: SearchRefused) -> None:
        self.waiting.pop(message.query).set()

    def _want(self, session: Session, message: WantManifest) -> None:
        for _ in range(PARTS):
            session.send(ManifestPart(1, 0, bytes(PART)), Priority.NORMAL)

    def _part(self, session: Session, message: ManifestPart) -> None:
        self.parts += 1
        if self.parts == PARTS:
            self.done.set()

    async def echo(self, session: Session) -> None:
        """Once there and back."""
        self.number = number = self.number + 1
        event = self.waiting[number] = trio.Event()
        session.send(Search(number, "x" * PAYLOAD, 1), Priority.NORMAL)
        await event.wait()

    async def stream(self, session: Session) -> None:
        """2 MiB."""
        self.parts, self.done = 0, trio.Event()
        session.send(WantManifest(1, 0), Priority.NORMAL)
        await self.done.wait()


class End:
    """One process's node with both contenders on it."""

    def __init__(self, pem: str) -> None:
        router = MessageRouter()
        router.on_open(_lift)
        self.bare = Bare(router)
        self.fabric = Fabric(router, allow=lambda: {"echo"}, violations=Violations(time.time), bounds=BOUNDS)
        self.fabric.offer(Echo())
        book = PeerBook(random.Random(1))
        identity = load_or_create(Path(pem))
        self.overlay = Overlay(identity, router, book, hello=lambda port: Hello(1, 0, port, "bench"))

    async def call(self, peer: PeerId) -> None:
        """One call."""
        await self.fabric.call(peer, "echo", "Echo", Blob(b"x" * PAYLOAD), Blob, LocalBudget())

    async def stream(self, peer: PeerId) -> None:
        """2 MiB."""
        count = 0
        async for part in self.fabric.stream(peer, "echo", "Parts", Blob(b""), Blob, LocalBudget()):
            count += len(part.data)
        assert count == PARTS * PART


def _lift(session: Session) -> None:
    assert isinstance(session, PeerSession)
    session._messages = TokenBucket(MANY, MANY)


async def serve(pem: str) -> None:
    """The callee; ends with its stdin."""
    end = End(pem)
    async with trio.open_nursery() as nursery:
        await nursery.start(end.overlay.run)
        await nursery.start(end.fabric.run)
        say(address=await end.overlay.listen("127.0.0.1:0"))
        await trio.to_thread.run_sync(wait_for_end)
        nursery.cancel_scope.cancel()


async def repeated(once: Once, in_flight: int, seconds: float) -> tuple[float, list[float]]:
    """(times a second, latencies in ms) of `once`, kept up `in_flight` times at once."""
    times: list[float] = []
    begin = time.perf_counter()
    end = begin + seconds

    async def work() -> None:
        while (start := time.perf_counter()) < end:
            await once()
            times.append((time.perf_counter() - start) * 1000)

    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(work)
    return len(times) / (time.perf_counter() - begin), times


class Figures:
    """Rounds of one contender in one discipline."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.times: list[float] = []

    def summary(self) -> dict[str, float]:
        """Median rate, p50 and p99 of all latencies."""
        cuts = statistics.quantiles(self.times, n=100)
        rate = statistics.median(self.rates)
        return {"per_s": round(rate, 1), "p50_ms": round(cuts[49], 3), "p99_ms": round(cuts[98], 3)}


async def measure(pem: str, address: str, rounds: int, seconds: float) -> dict[str, dict[str, Figures]]:
    """Figures by discipline and contender."""
    end = End(pem)
    found: dict[str, dict[str, Figures]] = {}
    async with trio.open_nursery() as nursery:
        await nursery.start(end.overlay.run)
        await nursery.start(end.fabric.run)
        session = await end.overlay.connect(None, [address])
        peer = session.peer
        calls: dict[str, Once] = {"bare": lambda: end.bare.echo(session), "fabric": lambda: end.call(peer)}
        streams: dict[str, Once] = {
            "bare": lambda: end.bare.stream(session),
            "fabric": lambda: end.stream(peer),
        }
        plan = [(f"calls_{count}", count, calls) for count in IN_FLIGHT] + [("stream", 1, streams)]
        for number in range(rounds + 1):  # the first is not counted
            for name, in_flight, contenders in plan:
                for who in sorted(contenders, reverse=bool(number % 2)):
                    rate, times = await repeated(contenders[who], in_flight, seconds)
                    if number:
                        figures = found.setdefault(name, {}).setdefault(who, Figures())
                        figures.rates.append(rate)
                        figures.times += times
        nursery.cancel_scope.cancel()
    return found


def line_of(found: dict[str, dict[str, Figures]], rounds: int) -> dict[str, Any]:
    """The JSON line."""
    figures = {name: {who: one.summary() for who, one in both.items()} for name, both in found.items()}
    for who in ("bare", "fabric"):
        figures["stream"][who]["mb_s"] = round(figures["stream"][who]["per_s"] * PARTS * PART / 1e6, 1)
    ratios = {
        name: round(
            statistics.median(f / b for f, b in zip(both["fabric"].rates, both["bare"].rates, strict=True)), 3
        )
        for name, both in found.items()
    }
    return {
        "bench": "fabric",
        "payload": PAYLOAD,
        "rounds": rounds,
        "cores": len(os.sched_getaffinity(0)),
        "python": sys.version.split()[0],
        "figures": figures,
        "ratios": ratios,
        "met": {name: ratios[name] >= target for name, target in TARGETS.items()},
    }


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fabric", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each contender in each discipline")
    parser.add_argument("--profile", type=Path, help="file for cProfile data of the calling process")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        trio.run(serve, options.serve)
        return 0
    profile = cProfile.Profile() if options.profile else None
    with tempfile.TemporaryDirectory(prefix="slskmesh-bench-") as folder:
        pems = [str(Path(folder, name, "identity.pem")) for name in ("caller", "callee")]
        with Child("tests.bench.fabric", "--serve", pems[1]) as child:
            address = child.line(20)["address"]
            if profile:
                profile.enable()
            found = trio.run(measure, pems[0], address, options.rounds, options.seconds)
            if profile:
                profile.disable()
                profile.dump_stats(options.profile)
    line = line_of(found, options.rounds)
    print(json.dumps(line))
    return 0 if all(line["met"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
