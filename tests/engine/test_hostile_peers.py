"""A whole engine among peers that speak the protocol without sense: every message of it, in any order, with any values.

Whatever they say costs them their session at most. The engine stays up, its memory stays, and an honest peer still
finds and fetches.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from slskmesh.engine.commands import Download, Watch
from slskmesh.engine.commands import Search as SearchCommand
from slskmesh.engine.engine import Engine
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.views import LibraryView, ScanPhase, TransferState, TransfersView, TransferView
from slskmesh.library.manifest import Manifest, chunk_size_for, leaf_hash
from slskmesh.overlay.session import Timings
from slskmesh.paths import Home
from tests.engine.babble import (
    HITS,
    JOIN,
    JOINED,
    MANIFEST_PART,
    REFUSED_SEARCH,
    SEARCH,
    UNCHOKE,
    WANT,
    WANT_MANIFEST,
    Babble,
    Liar,
    data_frame,
    pack,
)
from tests.overlay import raw
from tests.overlay.rawpeer import DATA, LineEndError, RawPeer

FILE = random.Random(5).randbytes(300_000)
TIMINGS = Timings(connect=2.0, handshake=2.0, ping_every=5.0, silence=15.0, linger=0.1)


class Ground:
    """A running engine that shares one file, and what it told its front end."""

    def __init__(self, engine: Engine, mailbox: Mailbox) -> None:
        self.engine = engine
        self._mailbox = mailbox
        self._woken = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self.transfers: tuple[TransferView, ...] = ()
        self.library: LibraryView | None = None
        mailbox.on_wake(lambda: self._token.run_sync_soon(self._wake))

    def _wake(self) -> None:
        self._woken.set()

    @property
    def address(self) -> str:
        """Where the engine listens."""
        assert self.engine.overlay.listening is not None
        return f"127.0.0.1:{self.engine.overlay.listening[1]}"

    def drain(self) -> None:
        """Takes what came up."""
        self._woken = trio.Event()
        for view in self._mailbox.drain().views:
            if isinstance(view, LibraryView):
                self.library = view
            elif isinstance(view, TransfersView):
                self.transfers = view.transfers

    async def until_shared(self) -> None:
        """Until the one file is hashed and offered."""
        with trio.fail_after(20):
            while not (self.library and self.library.files and self.library.phase is ScanPhase.IDLE):
                await self._woken.wait()
                self.drain()

    async def until_done(self) -> None:
        """Until the one download is whole."""
        with trio.fail_after(20):
            while not (self.transfers and self.transfers[0].state is TransferState.DONE):
                await self._woken.wait()
                self.drain()


@contextlib.asynccontextmanager
async def engine_running(folder: Path) -> AsyncIterator[Ground]:
    """An engine with one shared file, listening on loopback."""
    share, home = folder / "share", folder / "home"
    share.mkdir()
    (share / "theme for loopback.bin").write_bytes(FILE)
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(
        f'[overlay]\nlisten = "127.0.0.1:0"\n\n'
        f'[library]\nshares = ["{share}"]\ndownloads = "{folder / "downloads"}"\n'
    )
    mailbox = Mailbox()
    engine = Engine(Home(home).create(), mailbox, env={}, timings=TIMINGS)
    up = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(engine.run, lambda engine: up.set())
        with trio.fail_after(10):
            await up.wait()
        ground = Ground(engine, mailbox)
        await ground.until_shared()
        try:
            yield ground
        finally:
            engine.stop()


async def greeted(address: str) -> RawPeer:
    """A new peer with an open session."""
    peer = await RawPeer.dial(address, raw.honest())
    await peer.greet()
    return peer


async def talk(ground: Ground, babble: Babble, count: int) -> int:
    """One hostile session: talks until it is cut or has said it all; how many frames it got out."""
    peer = await greeted(ground.address)
    said = 0
    async with trio.open_nursery() as both:

        async def listen() -> None:
            try:
                while True:
                    babble.hear(await peer.message())
            except LineEndError:
                both.cancel_scope.cancel()

        both.start_soon(listen)
        try:
            for _ in range(count):
                await peer.send(babble.frame())
                said += 1
                await trio.testing.wait_all_tasks_blocked()
        except LineEndError:
            pass
        both.cancel_scope.cancel()
    await peer.close()
    ground.drain()
    return said


async def fetch(address: str) -> bytes:
    """Finds the shared file by its words and fetches it, as an honest peer does."""
    peer = await greeted(address)

    async def answer(tag: int) -> list[Any]:
        while (fields := await peer.message())[0] != tag:
            pass
        return fields

    with trio.fail_after(10):
        await peer.send(pack(SEARCH, 1, "theme loopback", 10))
        while (found := await peer.message())[0] != HITS:
            if found[0] == REFUSED_SEARCH:  # "busy": the babblers searched too; it says when to come again
                await trio.sleep(found[3] / 1000)
                await peer.send(pack(SEARCH, 1, "theme loopback", 10))
        hits = found[2]
        await peer.send(pack(JOIN, 1, hits[0][0]))
        _, _, size, chunk_size, sha256, _ = await answer(JOINED)
        await answer(UNCHOKE)
        await peer.send(pack(WANT, 1, list(range(-(-size // chunk_size)))))
        got = bytearray(size)
        left = size
        while left:
            length, kind = struct.unpack(">IB", await peer.receive(5))
            body = await peer.receive(length - 1)
            if kind == DATA:
                _, chunk, offset = struct.unpack_from(">III", body)
                start = chunk * chunk_size + offset
                got[start : start + len(body) - 12] = body[12:]
                left -= len(body) - 12
    await peer.close()
    assert hashlib.sha256(got).digest() == sha256
    return bytes(got)


async def serve(peer: RawPeer, manifest: Manifest, data: bytes) -> None:
    """An honest source, until the line ends."""
    stream = 0
    try:
        while True:
            fields = await peer.message()
            if fields[0] == JOIN:
                stream = fields[1]
                await peer.send(
                    pack(JOINED, stream, manifest.size, manifest.chunk_size, manifest.sha256, b"")
                )
                await peer.send(pack(UNCHOKE, stream))
            elif fields[0] == WANT_MANIFEST:
                await peer.send(pack(MANIFEST_PART, stream, fields[2], manifest.hashes[32 * fields[2] :]))
            elif fields[0] == WANT:
                for chunk in fields[2]:
                    start = chunk * manifest.chunk_size
                    part = data[start : start + manifest.chunk_length(chunk)]
                    await peer.send(data_frame(stream, chunk, 0, part))
    except LineEndError:
        return


def manifest_of(data: bytes) -> Manifest:
    """The manifest any peer would make."""
    size = chunk_size_for(len(data))
    leaves = [leaf_hash(data[start : start + size]) for start in range(0, len(data), size)]
    return Manifest(len(data), size, hashlib.sha256(data).digest(), b"".join(leaves))


@pytest.mark.parametrize("seed", range(2))
async def test_babble_costs_the_babbler_only(tmp_path: Path, seed: int) -> None:
    async with engine_running(tmp_path) as ground:
        content = (await ground.engine.library.search("theme", 1))[0].content
        wanted = hashlib.sha256(b"nobody has this").digest()
        ground.engine.post(1, Download(wanted.hex(), 200_000, "nothing.bin"))
        for number in range(30):
            ground.engine.post(3 + number, SearchCommand("theme"))
            await talk(ground, Babble(seed * 1000 + number, [content, wanted]), 40)
        assert await fetch(ground.address) == FILE


@pytest.mark.parametrize("seed", range(3))
async def test_liars_on_open_streams_cannot_spoil_a_download(tmp_path: Path, seed: int) -> None:
    """Sources that lie in every way the protocol leaves open; then one honest source comes, and the file is true."""
    data = random.Random(seed).randbytes(400_001)
    manifest = manifest_of(data)
    async with engine_running(tmp_path) as ground:
        shared = (await ground.engine.library.search("theme", 1))[0].content
        wanted = manifest.content_id()
        ground.engine.post(1, Download(wanted.hex(), len(data), "wanted.bin"))
        ground.engine.post(2, Watch(wanted.hex()))
        said = []
        for number in range(15):
            ground.engine.post(3 + number, SearchCommand("theme"))
            said.append(await talk(ground, Liar(seed * 1000 + number, [shared, wanted], data, manifest), 80))
        assert sum(said) > 150, "the liars should get into the protocol"
        assert await fetch(ground.address) == FILE
        honest = await greeted(ground.address)
        async with trio.open_nursery() as serving:
            serving.start_soon(serve, honest, manifest, data)
            await ground.until_done()
            serving.cancel_scope.cancel()
        await honest.close()
    assert (tmp_path / "downloads" / "wanted.bin").read_bytes() == data
