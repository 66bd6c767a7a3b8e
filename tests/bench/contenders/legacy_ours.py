"""Our client as a receiver of the legacy transfer bench: the list of downloads over the real adapter.

    python -m tests.bench.contenders.legacy_ours HOME SERVER NAME

Prints a ready line once it is logged in. Each line on stdin is {"user", "path", "size"}: the file is downloaded to
HOME/downloads as the app does it, partial file, check and placing included; its line says when it is there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import trio

from slskmesh.soulseek.client import LegacyClient
from slskmesh.soulseek.downloads import LegacyDownloads
from slskmesh.soulseek.port import Line
from slskmesh.soulseek.uploads import UploadPolicy
from slskmesh.soulseek.values import LegacyEvent, Outcome, RemoteFile
from slskmesh.store.database import open_store
from tests.bench.contenders.report import say
from tests.soulseek.scripted import Shelf

PATIENCE = 600


async def orders() -> AsyncIterator[dict[str, object]]:
    """Lines of stdin until it ends."""
    stdin = trio.lowlevel.FdStream(os.dup(sys.stdin.fileno()))
    rest = b""
    async for data in stdin:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)


async def main(home: Path, server: str, name: str) -> None:
    """See the head of this file."""
    root = home / "downloads"
    root.mkdir(parents=True)
    client = LegacyClient(Shelf(), UploadPolicy())
    async with open_store(home / "a.db") as store, trio.open_nursery() as nursery:
        finished: dict[str, trio.Event] = {}

        async def done(path: Path, user: str, remote: str) -> None:
            finished[remote].set()

        downloads = LegacyDownloads(store, client, root, on_finished=done)

        def heard(event: LegacyEvent) -> None:
            downloads.heard(event)

        client.on_event(heard)
        await nursery.start(client.run)
        await nursery.start(downloads.run)
        outcome = await client.connect(Line(server, name, "secret", "127.0.0.1:0"))
        if outcome is not Outcome.ONLINE:
            raise SystemExit(f"not logged in: {outcome.value}")
        say(ready=True)
        async for order in orders():
            path, size = str(order["path"]), int(str(order["size"]))
            finished[path] = trio.Event()
            await downloads.add(str(order["user"]), RemoteFile(path, size))
            with trio.fail_after(PATIENCE):
                await finished[path].wait()
            say(finished=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2], sys.argv[3])
