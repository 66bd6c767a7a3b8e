"""Serving: what a raw peer sees when it asks rightly, wrongly, too much, and when files go away."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import DataHeader
from slskmesh.swarm.state import Phase
from slskmesh.wire import messages as msg
from slskmesh.wire.limits import STREAMS_MAX
from tests.swarm.memory import MemoryRouter, MemorySession, Node, link, manifest_of, open_node
from tests.swarm.test_downloads import nodes

DATA = random.Random(3).randbytes(400_000)  # 25 chunks of 16 KiB
STEP = 16 << 10
FETCHED = [msg.Joined, msg.Gone, msg.ManifestPart, msg.Have, msg.Choke, msg.Unchoke, msg.Refused]


class Asker:
    """A peer made of nothing but its messages."""

    def __init__(self, nursery: trio.Nursery, node: Node, number: int = 9) -> None:
        self.heard: list[msg.Message] = []
        self.chunks: dict[tuple[int, int], bytearray] = {}
        router = MemoryRouter()
        for kind in FETCHED:
            router.on(kind, lambda session, message: self.heard.append(message))
        router.set_sink(self)
        self.session = MemorySession(router, node.peer, 0)
        other = MemorySession(node.router, PeerId(bytes([number]) * 32), 0)
        self.session.other, other.other = other, self.session
        nursery.start_soon(self.session.pump)
        nursery.start_soon(other.pump)
        for handler in node.router.opened:
            handler(other)

    @property
    def blamed(self) -> str:
        """What the node held against us when it closed the session."""
        outcome = self.session.other.outcome
        return outcome.code if outcome else ""

    def data_begin(self, session: object, head: DataHeader) -> memoryview:
        buffer = self.chunks.setdefault((head.stream, head.chunk), bytearray())
        self.at = len(buffer)
        assert head.offset == self.at
        buffer.extend(bytes(head.length))
        self.into = buffer
        copy = bytearray(head.length)
        self.fill = copy
        return memoryview(copy)

    def data_end(self, session: object, head: DataHeader) -> None:
        self.into[self.at :] = self.fill

    async def hear(self, kind: type[msg.Message], count: int = 1) -> list[msg.Message]:
        """Waits for `count` messages of a kind."""
        await until(lambda: sum(isinstance(m, kind) for m in self.heard) >= count)
        return [m for m in self.heard if isinstance(m, kind)]

    async def join(self, stream: int, content: bytes) -> None:
        self.session.send(msg.Join(stream, content))
        await self.hear(msg.Joined)


async def until(true: object, seconds: float = 10.0) -> None:
    with trio.fail_after(seconds):
        while not true():  # type: ignore[operator]  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.002)


@asynccontextmanager
async def serving(root: Path, **options: int) -> AsyncIterator[tuple[trio.Nursery, Node, bytes]]:
    async with open_node(1, root, **options) as node, trio.open_nursery() as nursery:
        yield nursery, node, node.shelf.put(root / "share" / "song.mp3", DATA)
        nursery.cancel_scope.cancel()


async def test_join_manifest_and_chunks_in_the_order_they_were_asked(tmp_path: Path) -> None:
    async with serving(tmp_path) as (nursery, node, content):
        asker = Asker(nursery, node)
        await asker.join(5, content)
        manifest = manifest_of(DATA)
        assert asker.heard[0] == msg.Joined(5, len(DATA), STEP, manifest.sha256)
        await asker.hear(msg.Unchoke)
        asker.session.send(msg.WantManifest(5, 3))
        [part] = await asker.hear(msg.ManifestPart)
        assert part == msg.ManifestPart(5, 3, manifest.hashes[3 * 32 :])
        asker.session.send(msg.Want(5, (24, 0, 7)))
        await until(lambda: len(asker.chunks) == 3 and len(asker.chunks[5, 7]) == STEP)
        assert list(asker.chunks) == [(5, 24), (5, 0), (5, 7)]
        for (_, index), got in asker.chunks.items():
            assert got == DATA[index * STEP : (index + 1) * STEP]
        [view] = node.uploads.views()
        assert (view.name, view.sent, view.state) == ("song.mp3", 2 * STEP + len(DATA) - 24 * STEP, "idle")
        asker.session.send(msg.Leave(5))
        await until(lambda: node.uploads.views() == () and node.uploads.slots_used == 0)


async def test_what_is_not_here_is_gone(tmp_path: Path) -> None:
    async with serving(tmp_path) as (nursery, node, _):
        asker = Asker(nursery, node)
        asker.session.send(msg.Join(1, bytes(32)))
        assert await asker.hear(msg.Gone) == [msg.Gone(1, "unknown")]
        assert not node.uploads._streams and not any(node.uploads._by_session.values())


async def test_chunks_that_do_not_exist_and_more_than_the_queue_holds_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as (nursery, node, content):
        asker = Asker(nursery, node)
        await asker.join(1, content)
        await asker.hear(msg.Unchoke)
        asker.session.other.gate = trio.Event()
        asker.session.send(msg.Want(1, (25, 3, 60_000)))
        assert (await asker.hear(msg.Refused))[0] == msg.Refused(1, (25, 60_000), "absent")
        for _ in range(2):
            asker.session.send(msg.Want(1, (5,) * 64))
        refused = (await asker.hear(msg.Refused, 2))[1]
        assert isinstance(refused, msg.Refused) and refused.code == "limit"


async def test_choked_requests_are_refused_and_a_place_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path, slots=1) as (nursery, node, content):
        first, second = Asker(nursery, node, 8), Asker(nursery, node, 9)
        await first.join(1, content)
        await second.join(1, content)
        assert await second.hear(msg.Choke) == [msg.Choke(1, 1)]
        second.session.send(msg.Want(1, (0,)))
        assert await second.hear(msg.Refused) == [msg.Refused(1, (0,), "choked")]
        assert [view.state for view in node.uploads.views()] == ["idle", "place 1 in queue"]
        first.session.close("shutdown")
        await second.hear(msg.Unchoke)
        second.session.send(msg.Want(1, (0,)))
        await until(lambda: len(second.chunks.get((1, 0), b"")) == STEP)
        assert not first.chunks


async def test_cancelled_chunks_do_not_leave(tmp_path: Path) -> None:
    async with serving(tmp_path) as (nursery, node, content):
        asker = Asker(nursery, node)
        await asker.join(1, content)
        await asker.hear(msg.Unchoke)
        gate = asker.session.other.gate = trio.Event()
        asker.session.send(msg.Want(1, tuple(range(10))))
        await until(lambda: node.uploads.views()[0].state == "sending")
        asker.session.send(msg.Cancel(1, tuple(range(1, 9))))
        stream = next(iter(node.uploads._streams.values()))
        await until(lambda: stream.dropped >= set(range(1, 9)))
        gate.set()
        await until(lambda: (1, 9) in asker.chunks and len(asker.chunks[1, 9]) == STEP)
        assert list(asker.chunks) == [(1, 0), (1, 9)]


@pytest.mark.parametrize("how", ["vanished", "changed", "shrunk"])
async def test_a_file_that_is_not_what_it_was_is_never_sent(tmp_path: Path, how: str) -> None:
    async with serving(tmp_path) as (nursery, node, content):
        asker = Asker(nursery, node)
        await asker.join(1, content)
        await asker.hear(msg.Unchoke)
        path = tmp_path / "share" / "song.mp3"
        finds = node.shelf.finds
        if how == "vanished":
            path.unlink()
        elif how == "changed":
            path.write_bytes(bytes(len(DATA)))
            os.utime(path, ns=(1, 1))
        else:
            os.truncate(path, 100)
        asker.session.send(msg.Want(1, (3,)))
        [gone] = await asker.hear(msg.Gone)
        assert gone == msg.Gone(1, "vanished" if how == "vanished" else "changed")  # and no path in it
        assert not asker.chunks
        await until(lambda: node.shelf.finds > finds)  # the library was asked again


async def test_faults_of_the_asker(tmp_path: Path) -> None:
    async with serving(tmp_path) as (nursery, node, content):
        twice = Asker(nursery, node, 7)
        await twice.join(1, content)
        twice.session.send(msg.Join(1, content))
        await until(lambda: twice.blamed == "stream-in-use")
        nosy = Asker(nursery, node, 8)
        await nosy.join(1, content)
        for _ in range(4):
            nosy.session.send(msg.WantManifest(1))
        await until(lambda: nosy.blamed == "manifest-again")
        greedy = Asker(nursery, node, 9)
        for stream in range(STREAMS_MAX + 5):
            greedy.session.send(msg.Join(stream, content))
        gone = await greedy.hear(msg.Gone, 5)
        assert {m.code for m in gone if isinstance(m, msg.Gone)} == {"limit"}
        await until(lambda: node.uploads.slots_used == 2)


async def test_a_download_that_runs_is_served_as_far_as_it_is_verified(tmp_path: Path) -> None:
    async with nodes(tmp_path, 2) as (nursery, [node, seeder]):
        content = seeder.shelf.put(seeder.root / "f", DATA)
        end = link(nursery, node, seeder, rate=1e6)
        await node.downloads.add(content, len(DATA), "f")
        await node.until(lambda: node.view(content).chunks_done > 5)
        end.other.gate = trio.Event()
        asker = Asker(nursery, node)
        await asker.join(1, content)
        joined = asker.heard[0]
        assert isinstance(joined, msg.Joined) and 0 < int.from_bytes(joined.bitfield, "big").bit_count() < 25
        end.other.gate.set()
        await node.reach(content, Phase.DONE)
        await until(lambda: sum(len(m.chunks) for m in asker.heard if isinstance(m, msg.Have)) > 0)
        await asker.hear(msg.Unchoke)
        asker.session.send(msg.Want(1, tuple(range(25))))  # also after it moved to its final name
        await until(lambda: sum(map(len, asker.chunks.values())) == len(DATA))
        assert b"".join(asker.chunks[1, index] for index in range(25)) == DATA
        assert not asker.blamed


async def test_a_removed_download_ends_its_streams(tmp_path: Path) -> None:
    async with nodes(tmp_path, 2) as (nursery, [node, seeder]):
        content = seeder.shelf.put(seeder.root / "f", DATA)
        link(nursery, node, seeder, rate=3e5)
        await node.downloads.add(content, len(DATA), "f")
        await node.until(lambda: node.view(content).chunks_done > 2)
        asker = Asker(nursery, node)
        await asker.join(1, content)
        await node.downloads.remove(content)
        assert await asker.hear(msg.Gone) == [msg.Gone(1, "stopped")]


@pytest.mark.parametrize(
    ("kind", "frames"),
    [
        ("unasked-data", [DataHeader(1, 0, 0, 100)]),
        ("unknown-stream", [DataHeader(77, 0, 0, 100)]),
        ("outside-chunk", [DataHeader(1, 0, STEP - 10, 20)]),
        ("outside-chunk", [DataHeader(1, 25, 0, 20)]),
    ],
)
async def test_faults_of_a_source(tmp_path: Path, kind: str, frames: list[DataHeader]) -> None:
    async with nodes(tmp_path, 2) as (nursery, [node, seeder]):
        content = seeder.shelf.put(seeder.root / "f", DATA)
        end = link(nursery, node, seeder)
        end.other.alter = lambda m: [] if isinstance(m, msg.Unchoke) else [m]  # so that nothing is ever asked
        await node.downloads.add(content, len(DATA), "f")
        await node.reach(content, Phase.ACTIVE, Phase.STALLED)
        with pytest.raises(PeerError) as caught:
            for head in frames:
                node.downloads.data_begin(end, head)
        assert caught.value.code == kind
