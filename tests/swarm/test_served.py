"""Files that rotted where size and time stayed are not sent, and looking for rot takes only its share of time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio

from slskmesh.errors import StorageError
from slskmesh.library.library import Library
from slskmesh.settings import Settings
from slskmesh.store.database import open_store
from slskmesh.swarm import served as module
from slskmesh.swarm.port import Lost
from slskmesh.swarm.served import CHECK_AHEAD, CHECK_SHARE, LibraryContents, Proof, Spare
from slskmesh.swarm.state import Phase
from slskmesh.wire import messages as msg
from tests.swarm.memory import Shelf, link, manifest_of
from tests.swarm.test_downloads import nodes, some_bytes
from tests.swarm.test_uploads import Asker, serving

DATA = some_bytes(400_000)
STEP = 16 << 10


def rot(path: Path, at: int) -> None:
    """Changes one byte and nothing that a look at the file would tell."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    with open(path, "r+b") as file:
        file.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns


async def test_a_rotten_chunk_is_not_sent_and_the_file_is_doubted(tmp_path: Path) -> None:
    async with serving(tmp_path) as (nursery, node, content):
        path = tmp_path / "share" / "song.mp3"
        rot(path, 5 * STEP + 7)
        asker = Asker(nursery, node)
        await asker.join(1, content)
        await asker.hear(msg.Unchoke)
        asker.session.send(msg.Want(1, (4,)))
        asker.session.send(msg.Want(1, (5,)))
        [gone] = await asker.hear(msg.Gone)
        assert gone == msg.Gone(1, "unreadable")
        assert (1, 5) not in asker.chunks
        with trio.fail_after(5):
            while node.shelf.doubted != [path]:  # noqa: ASYNC110 - what is waited for has no event
                await trio.sleep(0.002)
        asker.session.send(msg.Join(2, content))
        assert (await asker.hear(msg.Gone, 2))[1] == msg.Gone(2, "unknown")


async def test_an_honest_seeder_with_rot_is_not_blamed_and_another_ends_the_download(tmp_path: Path) -> None:
    async with nodes(tmp_path, 3) as (nursery, [leecher, rotten, sound]):
        for seeder in (rotten, sound):
            content = seeder.shelf.put(seeder.root / "f", DATA)
        rot(rotten.root / "f", 100_000)
        link(nursery, leecher, rotten)
        await leecher.downloads.add(content, len(DATA), "f")
        await rotten.until(lambda: rotten.shelf.doubted)
        link(nursery, leecher, sound)
        await leecher.reach(content, Phase.DONE)
        assert not leecher.judge.against("bad-chunk")


async def test_the_library_hashes_a_doubted_file_again(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    path = share / "f.bin"
    path.write_bytes(DATA)
    async with open_store(tmp_path / "db") as store:
        library = Library(store, Settings())
        await library.scan([share], lambda progress: None)
        rot(path, 0)
        contents = LibraryContents(library)
        content = manifest_of(DATA).content_id()
        served = await contents.open(content)
        assert served is not None
        served.read(1, memoryview(bytearray(STEP)))
        with pytest.raises(Lost, match="rotted") as lost:
            served.read(0, memoryview(bytearray(STEP)))
        assert lost.value.code == "unreadable" and isinstance(lost.value, StorageError)
        assert await contents.open(content) is None
        assert (await library.stats()).files == 0
        assert (await library.scan([share], lambda progress: None)).changed == 1
        assert await library.find(manifest_of(path.read_bytes()).content_id()) is not None
        assert await contents.open(content) is None


async def test_a_chunk_is_looked_at_once_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    content = shelf.put(tmp_path / "f", DATA)
    contents = LibraryContents(shelf)
    for number in range(2):
        served = await contents.open(content)
        assert served is not None
        if number:  # rot in a chunk that was right when it was looked at
            rot(tmp_path / "f", 3)
        buffer = bytearray(STEP)
        served.read(0, memoryview(buffer))
        assert (buffer == DATA[:STEP]) == (number == 0)
    monkeypatch.setattr(module, "PROOFS_MAX", 1)
    await contents.open(shelf.put(tmp_path / "g", DATA[1:]))
    served = await contents.open(content)  # what was looked at is forgotten by now
    assert served is not None
    with pytest.raises(Lost):
        served.read(0, memoryview(bytearray(STEP)))


def test_looking_takes_no_more_than_its_share_of_time() -> None:
    now = [100.0]
    spare = Spare(lambda: now[0])
    spent = looked = 0.0
    cost = 0.0005
    while now[0] < 110.0:
        if spare.any():
            spare.spend(cost)
            spent += cost
            looked += 1
        now[0] += 0.001
    assert 0.9 * 10 * CHECK_SHARE <= spent <= (10 + CHECK_AHEAD) * CHECK_SHARE + cost
    now[0] += 1000
    assert spare.any()
    spare.spend(CHECK_SHARE * CHECK_AHEAD)
    assert not spare.any()


def test_without_time_left_a_chunk_is_sent_as_it_is() -> None:
    spare = Spare(lambda: 0.0)
    spare.spend(1.0)
    proof = Proof(manifest_of(DATA), Path("f"), 0, spare)
    proof.check(0, memoryview(bytes(STEP)))
    assert not proof.broken
