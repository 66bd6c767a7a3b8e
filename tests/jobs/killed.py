"""A job in a process that kills itself: `python -m tests.jobs.killed ROOT POINT`. Prints what was fetched, in JSON.

POINT is where SIGKILL comes: "planned", "chosen" (the choice is saved, the download not added), "queued" (it is
added), "halfway", "finished" (a file is whole, not yet told), "saved" (it is told), or "" for never.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import trio

from slskmesh.jobs import rows
from slskmesh.jobs.jobs import Jobs
from slskmesh.jobs.record import TrackRecord
from slskmesh.jobs.state import Phase, TrackPhase
from slskmesh.store.database import open_store
from tests.jobs.doubles import FakeCatalogue, FakeLibrary, FakePlanner, candidate, make_release, spec
from tests.swarm.memory import Node, link, open_node

SIZE = 600_000
POINTS = ("planned", "chosen", "queued", "halfway", "finished", "saved")


def data_of(number: int) -> bytes:
    """What is in the file of a recording."""
    return random.Random(number).randbytes(SIZE)


def die() -> None:
    """As `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


def trap(point: str, leecher: Node, planner: FakePlanner, store: Any) -> None:
    """Sets the one trap."""
    add, plan, run = leecher.downloads.add, planner.plan_release, store.run
    swap: Callable[..., Any] = setattr

    async def trapped_add(*args: Any, **named: Any) -> None:
        if point == "chosen":
            die()
        await add(*args, **named)
        if point == "queued":
            die()

    async def trapped_plan(*args: Any) -> Any:
        found = await plan(*args)
        if point == "planned":
            die()
        return found

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

    swap(leecher.downloads, "add", trapped_add)
    swap(planner, "plan_release", trapped_plan)
    swap(store, "run", trapped_run)


async def main(root: Path, point: str) -> None:
    catalogue, planner = FakeCatalogue(), FakePlanner()
    catalogue.takes = planner.takes = 0.0
    release = make_release()
    catalogue.releases[release.mbid] = release
    async with (
        open_node(1, root / "1") as leecher,
        open_node(2, root / "2") as seeder,
        open_store(root / "jobs.db") as store,
        trio.open_nursery() as nursery,
    ):
        for track in release.tracks:
            number = int(track.recording[-12:])
            shared = seeder.shelf.put(seeder.root / str(number), data_of(number))
            found = msgspec.structs.replace(candidate(1), content=shared, size=SIZE, peers=(seeder.peer,))
            planner.offers[track.recording] = [found]
        trap(point, leecher, planner, store)
        jobs = Jobs(
            store,
            catalogue,
            planner,
            leecher.downloads,
            FakeLibrary(),
            router=leecher.router,
            root=lambda: leecher.downloads_root,
            layout=lambda: "{track}",
            active=lambda: 1,
        )
        link(nursery, leecher, seeder, rate=4e6)
        await nursery.start(jobs.run)
        if not jobs.states():
            await jobs.add(spec())
        while jobs.states()[0].phase is not Phase.DONE:
            await trio.sleep(0.01)
            if point == "halfway" and jobs.states()[0].bytes_done > SIZE:
                die()
        print(json.dumps({"got": sum(leecher.got.values()), "jobs": len(jobs.states())}))
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2])
