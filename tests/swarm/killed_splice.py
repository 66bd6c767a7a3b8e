"""A process that finishes a growing file with a peer until it is killed: `python -m tests.swarm.killed_splice ROOT
SIZE`. Prints verified bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import trio

from tests.swarm.legacy import GrowingFile
from tests.swarm.memory import link, open_node
from tests.swarm.test_downloads import some_bytes


async def main(root: Path, size: int) -> None:
    data = some_bytes(size)
    async with (
        open_node(1, root / "1") as leecher,
        open_node(2, root / "2") as seeder,
        trio.open_nursery() as nursery,
    ):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=6e6)
        head = GrowingFile(leecher.root / "head", data, 8 * 32768 + 5)
        nursery.start_soon(head.run, 1e6)
        await leecher.downloads.add(content, size, "f", head=head)
        while True:
            print(leecher.view(content).done, flush=True)
            await trio.sleep(0.005)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
