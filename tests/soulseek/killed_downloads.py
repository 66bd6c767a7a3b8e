"""A process that downloads from a double of the network until it is killed: `… ROOT FILES STAGE`.

Prints a line when the stage is reached: "partial", "placing" (the name is written down, the file not there yet),
"placed" (the file is there, the list does not know), then waits.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import trio

from slskmesh.soulseek import download_work, partials
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.values import RemoteFile, TransferPhase
from slskmesh.store.database import open_store

from .legacy_double import Network

SIZE = 400_000


def data_of(number: int) -> bytes:
    return random.Random(number).randbytes(SIZE)


def stop_at(stage: str) -> None:
    place = partials.place

    def wait() -> None:
        os.write(1, f"{stage}\n".encode())  # whole, from whichever thread
        time.sleep(600)

    def slow(root: Path, key: bytes, target: Path) -> bool:
        if stage == "placing":
            wait()
        placed = place(root, key, target)
        if stage == "placed":
            wait()
        return placed

    if stage != "partial":
        download_work.partials.place = slow


async def main(home: Path, files: int, stage: str) -> None:
    network = Network(data={("ben", f"a\\{number}"): data_of(number) for number in range(files)})
    stop_at(stage)
    (home / "downloads").mkdir(exist_ok=True)
    async with open_store(home / "a.db") as store, trio.open_nursery() as nursery:
        downloads = LegacyDownloads(store, network, home / "downloads")  # type: ignore[arg-type]
        network.hear = downloads.heard
        await nursery.start(downloads.run)
        for number in range(files):
            await downloads.add("ben", RemoteFile(f"a\\{number}", SIZE))
        while any(view.phase is not TransferPhase.REQUESTED for view in downloads.views()):  # noqa: ASYNC110
            await trio.sleep(0.01)
        for number in range(files):
            network.send("ben", f"a\\{number}", SIZE // 2 if stage == "partial" else None)
        if stage == "partial":
            print(stage, flush=True)
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
