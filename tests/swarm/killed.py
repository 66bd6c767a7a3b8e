"""A process that downloads until it is killed: `python -m tests.swarm.killed ROOT SIZE`. Prints verified bytes."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import trio

from tests.swarm.memory import link, open_node


async def main(root: Path, size: int) -> None:
    data = random.Random(1).randbytes(size)
    async with (
        open_node(1, root / "1") as leecher,
        open_node(2, root / "2") as seeder,
        trio.open_nursery() as nursery,
    ):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=8e6)
        await leecher.downloads.add(content, size, "f")
        while True:
            print(leecher.view(content).done, flush=True)
            await trio.sleep(0.01)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
