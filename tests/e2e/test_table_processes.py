"""Thirty processes, each one node of the table over UDP sockets of its own: joined through one, killed, lied to.

Each listens at a network of its own (127.x.y.1), so that the shipped rates count them as they would strangers.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.bench.processes import Child

NODES, PUBLISHERS, READERS, KILLED = 30, 10, 5, 12
PATIENCE = 30.0
RSS_MAX = 64 << 20


class Node(Child):
    """A node's process."""

    def __init__(self, number: int) -> None:
        super().__init__("tests.e2e.table_node", f"127.{30 + number // 250}.{number % 250}.1")
        self.address = ""
        self.ready: dict[str, Any] = {}

    def listen(self) -> None:
        """Waits until it listens."""
        self.ready = self.line(PATIENCE)
        self.address = self.ready["listening"]

    def post(self, do: str, **fields: Any) -> None:
        """Gives it a task."""
        self.write(json.dumps({"do": do, **fields}) + "\n")

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Gives it a task; what it says."""
        self.post(do, **fields)
        return self.line(PATIENCE)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def hang_up(self) -> None:
        """End of file on its standard input, which ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid


@pytest.fixture
def nodes() -> Iterator[list[Node]]:
    """Thirty nodes that know each other through the first, and one more that will lie; none is left afterwards."""
    with ExitStack() as stack:
        started = [stack.enter_context(Node(number)) for number in range(NODES + 1)]
        for node in started:
            node.listen()
        for node in started[1:]:
            node.post("meet", address=started[0].address)
        assert all(node.line(PATIENCE)["nodes"] for node in started[1:])
        yield started
        for node in started:
            node.hang_up()
    assert [node.pid for node in started if Path(f"/proc/{node.pid}").exists()] == []


def read_by(readers: Sequence[Node], key: str, texts: list[str]) -> float:
    """All read at once, each gets all texts and nothing else; seconds of the slowest."""
    for reader in readers:
        reader.post("fetch", key=key)
    got = [reader.line(PATIENCE) for reader in readers]
    assert [one["texts"] for one in got] == [texts] * len(readers)
    return float(max(one["seconds"] for one in got))


def test_thirty_processes_find_ten_of_ten_with_twelve_killed_and_believe_no_forger(
    nodes: list[Node],
) -> None:
    rng, began = random.Random(5), time.monotonic()
    forger, town = nodes[-1], nodes[:-1]
    key = rng.randbytes(20).hex()
    readers, publishers = town[1 : 1 + READERS], town[-PUBLISHERS:]
    texts = [f"payload {number}" for number in range(PUBLISHERS)]
    for publisher, text in zip(publishers, texts, strict=True):
        publisher.post("publish", key=key, text=text)
    holders = [publisher.line(PATIENCE)["holders"] for publisher in publishers]
    before = read_by(readers, key, texts)

    forged = forger.ask("forge", key=key)
    assert forged["offers"] >= 4 * 6 and forged["taken"] == 0
    assert sum(node.ask("status")["refused"] for node in town) > 0
    read_by(readers, key, texts)

    others = [node for node in town[1:] if node not in readers]
    for node in [town[0], *rng.sample(others, KILLED - 1)]:
        node.kill()
    after = read_by(readers, key, texts)
    rss = max(node.ready["rss"] for node in nodes)
    print("holders", holders, "read s", before, "after loss", after, "MiB at start", rss >> 20)
    print("seconds", round(time.monotonic() - began, 1))
    assert min(holders) >= 6
    assert rss <= RSS_MAX
    assert before <= 5 and after <= 20
