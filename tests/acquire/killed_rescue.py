"""A process that rescues a transfer until it is killed: `python -m tests.acquire.killed_rescue ROOT`. Prints steps."""

from __future__ import annotations

import sys
from pathlib import Path

import trio

from slskmesh.acquire import lagging
from slskmesh.acquire import rescue as module
from slskmesh.acquire.rescue import Rescue
from slskmesh.store.database import open_store
from tests.acquire.test_rescue import CONTENT, DATA, QUICK, Found, LegacyList, OneSent, candidate
from tests.swarm.memory import link, open_node


class Telling(LegacyList):
    """Tells each step as it is taken."""

    async def pause(self, key: bytes) -> None:
        await super().pause(key)
        print("paused", flush=True)

    async def done_elsewhere(self, key: bytes, path: Path) -> None:
        print("placed", flush=True)
        await trio.sleep(0.05)
        await super().done_elsewhere(key, path)
        print("ended", flush=True)

    def say(self, key: bytes, text: str) -> None:
        print("said", text, flush=True)


async def main(root: Path) -> None:
    module.LOOK_SECONDS, lagging.STEADY = 0.05, 0.1  # type: ignore[misc]
    legacy = Telling(OneSent(root / "legacy.part"))
    async with (
        open_store(root / "r.db") as store,
        open_node(1, root / "1") as leecher,
        open_node(2, root / "2") as helper,
        trio.open_nursery() as nursery,
    ):
        helper.shelf.put(helper.root / "f", DATA)
        link(nursery, leecher, helper, rate=6e6)
        rescue = Rescue(store, legacy, leecher.downloads, Found([candidate()]), lambda: QUICK, say=legacy.say)
        await nursery.start(rescue.run)
        half = False
        while True:
            state = leecher.downloads.state(CONTENT)
            if state is not None and state.done > len(DATA) // 2 and not half:
                half = True
                print("half", flush=True)
            await trio.sleep(0.005)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
