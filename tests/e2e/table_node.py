"""One node of the table as a process of its own: `python -m tests.e2e.table_node HOST`, the product's `DhtNode`.

Says {"listening", "peer", "rss"} first. Then each line of standard input is one task, answered by one line:
{"do": "meet", "address"} · {"do": "publish", "key", "text"} · {"do": "fetch", "key"} · {"do": "status"} ·
{"do": "forge", "key"}: offers the holders records that are forged, moved, prolonged and expired. Keys are hex. Ends at
the end of standard input.
"""

from __future__ import annotations

import json
import random
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trio

from slskmesh.dht import record as records
from slskmesh.dht.home import DhtNode
from slskmesh.dht.record import Record
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from slskmesh.work import LocalBudget

TTL = 3600.0
AHEAD = 1000  # of the true number: what the publisher says anew meanwhile is still older


def new_identity() -> Identity:
    """A key that lives as long as this process."""
    seed = secrets.token_bytes(signing.SEED_BYTES)
    return Identity(signing.public_key(seed), seed, Path("unused"))


class TableNode:
    """The tasks, by name."""

    def __init__(self, node: DhtNode, identity: Identity) -> None:
        self._node, self._identity = node, identity
        self.tasks: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "meet": self.meet,
            "publish": self.publish,
            "fetch": self.fetch,
            "forge": self.forge,
            "status": self.status,
        }

    async def meet(self, what: dict[str, Any]) -> dict[str, Any]:
        """Names one address and waits until somebody is known."""
        host, _, port = what["address"].rpartition(":")
        self._node.meet([(host, int(port))])
        while not self._node.status().nodes:  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.02)
        return await self.status(what)

    async def publish(self, what: dict[str, Any]) -> dict[str, Any]:
        """How many nodes hold our text."""
        key = bytes.fromhex(what["key"])
        return {"holders": await self._node.publish(key, what["text"].encode(), TTL)}

    async def fetch(self, what: dict[str, Any]) -> dict[str, Any]:
        """The texts under a key, and in how many seconds they came."""
        began = trio.current_time()
        found = await self._node.fetch(bytes.fromhex(what["key"]), LocalBudget())
        texts = sorted(one.payload.decode() for one in found)
        return {"texts": texts, "seconds": round(trio.current_time() - began, 3)}

    async def forge(self, what: dict[str, Any]) -> dict[str, Any]:
        """What was offered to how many nodes, and how many offers were taken."""
        key, wall, node = bytes.fromhex(what["key"]), int(time.time()), self._node
        true = (await node.fetch(key, LocalBudget()))[0]
        own = self._identity
        lies = [
            Record(true.publisher, true.seq + AHEAD, true.expiry, b"forged", true.signature),
            Record(true.publisher, true.seq + AHEAD, true.expiry + 60, true.payload, true.signature),
            records.make(own, secrets.token_bytes(records.KEY), 1, wall + 600, b"moved"),
            records.make(own, key, 1, wall - 1, b"expired"),
        ]
        asker, offers, taken = node.mesh.asker, 0, 0
        for contact in await asker.near(key):
            for lie in lies:
                offers += 1
                taken += await asker.store(contact, key, [records.encode(lie)])
        return {"offers": offers, "taken": taken}

    async def status(self, what: dict[str, Any]) -> dict[str, Any]:
        """How it stands."""
        status = self._node.status()
        return {
            "nodes": status.nodes,
            "records": status.records,
            "refused": status.refused,
            "limited": status.limited,
            "closed": status.closed,
            "rss": resident(),
        }


def resident() -> int:
    """Bytes of memory this process has; its peak as told by `resource` would count its parent's too."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def say(what: dict[str, Any]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def run(host: str, state: Path) -> None:
    """Serves until the end of standard input."""
    identity = new_identity()
    node = DhtNode(identity, state, rng=random.Random(), clock=trio.current_time, wall=time.time)
    tasks = TableNode(node, identity)
    async with trio.open_nursery() as nursery:
        await nursery.start(node.run)
        listening = await node.listen(host, 0)
        say({"listening": listening[0], "peer": identity.peer.hex(), **await tasks.status({})})
        lines = trio.wrap_file(sys.stdin)
        async for line in lines:
            what = json.loads(line)
            say(await tasks.tasks[what["do"]](what))
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="slskmesh-table-") as folder:
        trio.run(run, sys.argv[1], Path(folder, "dht.json"))
