"""A job that fetches from a Soulseek user and kills itself: `python -m tests.jobs.killed_soulseek ROOT POINT`.

POINT is where SIGKILL comes: "chosen" (the choice is saved, the download not added), "queued" (it is in the list),
"halfway" (of the second file), "placed" (the first file stands, the list does not say so yet), "finished" (the list
says so, the job does not), "saved" (the job says so), or "" for never. Prints the user's files as they were asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio

from slskmesh.jobs import rows
from slskmesh.jobs.jobs import Jobs
from slskmesh.jobs.record import TrackRecord
from slskmesh.jobs.state import Phase, TrackPhase
from slskmesh.soulseek import partials
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.store.database import open_store
from tests.jobs.doubles import FakeCatalogue, FakeDownloads, FakeLibrary, FakePlanner, make_release, spec
from tests.jobs.killed import data_of, die
from tests.jobs.legacy_list import at_user
from tests.soulseek.legacy_double import Network
from tests.swarm.memory import MemoryRouter

SIZE = 600_000  # of tests.jobs.killed
POINTS = ("chosen", "queued", "halfway", "placed", "finished", "saved")


def trap(point: str, legacy: LegacyDownloads, store: Any) -> None:
    """Sets the one trap."""
    add, run, place = legacy.add, store.run, partials.place
    swap: Callable[..., Any] = setattr

    async def trapped_add(*args: Any, **named: Any) -> bytes:
        if point == "chosen":
            die()
        key = await add(*args, **named)
        if point == "queued":
            die()
        return key

    def trapped_place(*args: Any) -> bool:
        placed = place(*args)
        if point == "placed":
            die()
        return placed

    async def trapped_run(function: Any, *args: Any) -> Any:
        ends = function is rows.write and any(
            isinstance(record, TrackRecord) and record.phase is TrackPhase.DONE for record in args[0]
        )
        if ends and point == "finished":
            die()
        answer = await run(function, *args)
        if ends and point == "saved":
            die()
        return answer

    swap(legacy, "add", trapped_add)
    swap(partials, "place", trapped_place)
    swap(store, "run", trapped_run)


async def serve(network: Network, point: str) -> None:
    """The user sends what he is asked for, one file after the other."""
    sent = 0
    while True:
        for transfer in list(network.transfers.values()):
            if sent and point == "halfway":
                network.send(transfer.user, transfer.path, SIZE // 2)
                await trio.sleep(0.3)  # the list is written soon after
                die()
            network.send(transfer.user, transfer.path)
            sent += 1
        await trio.sleep(0.01)


async def main(root: Path, point: str) -> None:
    catalogue, planner, network = FakeCatalogue(), FakePlanner(), Network()
    catalogue.takes = planner.takes = 0.0
    release = make_release(tracks=2)
    catalogue.releases[release.mbid] = release
    for track in release.tracks:
        found = at_user(int(track.recording[-12:]), size=SIZE)
        planner.offers[track.recording] = [found]
        network.data["ben", found.remote] = data_of(int(track.recording[-12:]))
    downloads = root / "downloads"
    downloads.mkdir(exist_ok=True)
    async with open_store(root / "a.db") as store, trio.open_nursery() as nursery:
        legacy = LegacyDownloads(store, network, downloads)  # type: ignore[arg-type]
        network.hear = legacy.heard
        trap(point, legacy, store)
        jobs = Jobs(
            store, catalogue, planner, FakeDownloads(downloads), FakeLibrary(), router=MemoryRouter(),
            root=lambda: downloads, layout=lambda: "{album}/{track}", active=lambda: 1, legacy=legacy,
        )  # fmt: skip
        await nursery.start(legacy.run)
        await nursery.start(jobs.run)
        nursery.start_soon(serve, network, point)
        if not jobs.states():
            await jobs.add(spec())
        while jobs.states()[0].phase is not Phase.DONE:  # noqa: ASYNC110 - files and database move on
            await trio.sleep(0.01)
        plans = len(planner.asked)
        print(json.dumps({"asked": [path for _, path in network.asked], "plans": plans}))
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2])
