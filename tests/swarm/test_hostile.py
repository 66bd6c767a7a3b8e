"""Peers that say anything at any time: a PeerError for them, never an end of the engine, never a wrong byte."""

from __future__ import annotations

import random
from pathlib import Path

import trio
import trio.lowlevel

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.library.manifest import Manifest
from slskmesh.overlay.port import DataHeader
from slskmesh.swarm.state import Phase
from slskmesh.wire import messages as msg
from tests.swarm.memory import MemoryRouter, MemorySession, Node, link, manifest_of
from tests.swarm.test_downloads import nodes, some_bytes

SIZE = 1_000_000  # 62 chunks of 16 KiB
TRIALS = 150


class Babbler:
    """A session to a node on which messages and frames are put by hand."""

    def __init__(self, node: Node, number: int) -> None:
        self.session = MemorySession(MemoryRouter(), node.peer, 0)
        self.at_node = MemorySession(node.router, PeerId(number.to_bytes(32, "big")), 0)
        self.session.other, self.at_node.other = self.at_node, self.session
        for handler in node.router.opened:
            handler(self.at_node)

    def frame(self, node: Node, head: DataHeader) -> None:
        """One data frame of rubbish."""
        try:
            view = node.downloads.data_begin(self.at_node, head)
            if view is not None:
                view[:] = bytes(head.length)
                node.downloads.data_end(self.at_node, head)
        except PeerError as error:
            self.at_node.fail(error)


def any_message(rng: random.Random, content: bytes, manifest: Manifest) -> msg.Message:
    """Mostly in bounds, in no sensible order; streams and chunks from small ranges so that they meet."""
    stream = rng.choice([1, 1, 1, 1, 2, 0])
    chunks = tuple(rng.choice([0, 1, 2, 61, 62, 65_535]) for _ in range(rng.randint(1, 6)))
    if rng.random() < 0.8:
        chunks = tuple(min(chunk, 61) for chunk in chunks)
    field = rng.choice([b"", b"", bytes(8), b"\xff" * 7 + b"\xfc", b"\xff" * 8, rng.randbytes(8), b"\xff"])
    size, sha = rng.choice(
        [(SIZE, manifest.sha256), (SIZE, manifest.sha256), (SIZE - 1, bytes(32)), (0, bytes(32))]
    )
    return rng.choice(
        [
            msg.Joined(stream, size, 16 << 10, sha, field),
            msg.Unchoke(stream),
            msg.Unchoke(stream),
            msg.Choke(stream, rng.randint(0, 3)),
            msg.Have(stream, chunks),
            msg.Refused(stream, chunks, rng.choice(["choked", "absent", "unreadable", "limit", "?"])),
            msg.Gone(stream, rng.choice(["unknown", "vanished", "\x1b[2J"])),
            msg.ManifestPart(stream, rng.choice([0, 1, 1024]), bytes(32 * rng.randint(1, 62))),
            msg.Join(stream, rng.choice([content, bytes(32)])),
            msg.Want(stream, chunks),
            msg.Cancel(stream, chunks),
            msg.WantManifest(stream, rng.choice([0, 61, 65_535])),
            msg.Leave(stream),
        ]
    )


async def test_whatever_they_say_the_file_comes_out_right(tmp_path: Path) -> None:
    data = some_bytes(SIZE)
    manifest = manifest_of(data)
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        honest = link(nursery, leecher, seeder, rate=3e5)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.downloads.chunk_map(content) is not None)
        faults = set()
        for number in range(100, 100 + TRIALS):
            rng = random.Random(number)
            babbler = Babbler(leecher, number)
            babbler.at_node.deliver(msg.Joined(1, SIZE, 16 << 10, manifest.sha256))
            babbler.at_node.deliver(msg.Unchoke(1))
            if asked := leecher_asked(babbler):
                babbler.frame(leecher, DataHeader(1, asked[0], 0, 16 << 10 if asked[0] < 61 else 576))
                if not leecher.judge.against("bad-chunk"):
                    await leecher.until(lambda: bool(leecher.judge.against("bad-chunk")))
            for _ in range(40):
                if rng.random() < 0.3:
                    length = rng.choice([1, 1000, 16 << 10])
                    chunk = rng.choice([*leecher_asked(babbler), 0, 61, 62])
                    babbler.frame(
                        leecher, DataHeader(rng.choice([1, 1, 2]), chunk, rng.choice([0, 0, 1000]), length)
                    )
                else:
                    babbler.at_node.deliver(any_message(rng, content, manifest))
                if rng.random() < 0.1:
                    await trio.lowlevel.checkpoint()
            faults.add(babbler.at_node.outcome.code if babbler.at_node.outcome else "")
            babbler.at_node.close("shutdown")
        assert len(faults) > 5  # the babbling reached many rules
        assert leecher.judge.against("bad-chunk")  # and rubbish that was asked for was found out
        assert not honest.closed.is_set()
        honest.other.rate = 0
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert leecher.disk.pool.used == 0 and leecher.disk.pool.promised == 0
        assert seeder.peer not in {peer for peer, what in leecher.judge.notes if what != "good-chunk"}
        assert leecher.uploads.views() == ()


def leecher_asked(babbler: Babbler) -> list[int]:
    """Chunks the node asked of this babbler, the latest ones."""
    asked = [message.chunks for message in babbler.at_node.log if isinstance(message, msg.Want)]
    return list(asked[-1]) if asked else []
