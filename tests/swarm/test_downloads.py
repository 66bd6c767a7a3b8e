"""Whole downloads between nodes: real files, real disk threads, lying, dying and slow peers."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio

from slskmesh.errors import UserError
from slskmesh.swarm.partial import part_paths
from slskmesh.swarm.state import VERIFIED, Phase
from slskmesh.wire import messages as msg
from tests.swarm.memory import Node, link, manifest_of, open_node

SIZE = 3_000_000  # 92 chunks of 32 KiB, the last one short


def some_bytes(size: int = SIZE, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@asynccontextmanager
async def nodes(root: Path, count: int, **options: int) -> AsyncIterator[tuple[trio.Nursery, list[Node]]]:
    """`count` nodes and a nursery for their links; the first is the one that downloads."""
    async with AsyncExitStack() as stack:
        made = [
            await stack.enter_async_context(open_node(number, root / str(number), **options))
            for number in range(1, count + 1)
        ]
        nursery = await stack.enter_async_context(trio.open_nursery())
        yield nursery, made
        nursery.cancel_scope.cancel()


def stands_below(path: str, root: Path, data: bytes) -> bool:
    """Whether the file has these bytes and is, links followed, in the folder."""
    return Path(path).read_bytes() == data and Path(path).resolve().is_relative_to(root.resolve())


async def test_one_file_from_three_sources(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 4) as (nursery, [leecher, *seeders]):
        for seeder in seeders:
            content = seeder.shelf.put(seeder.root / "a song.flac", data)
            link(nursery, leecher, seeder, rate=4e6)
        await leecher.downloads.add(content, SIZE, "a song.flac", "Artist/Album")
        state = await leecher.reach(content, Phase.DONE)
        path = leecher.downloads_root / "Artist" / "Album" / "a song.flac"
        assert path.read_bytes() == data
        assert state.path == str(path)
        await leecher.until(lambda: leecher.finished == [path])
        assert set(leecher.got) == {seeder.peer for seeder in seeders}
        assert sum(leecher.got.values()) == SIZE
        assert [source.letter for source in state.sources] == ["A", "B", "C"]
        assert sum(source.received for source in state.sources) == SIZE
        assert not any(leecher.downloads_root.joinpath(".incomplete").iterdir())
        assert leecher.disk.pool.used == 0 and leecher.disk.pool.promised == 0


async def test_an_empty_file_and_a_one_byte_file(tmp_path: Path) -> None:
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        link(nursery, leecher, seeder)
        for name, data in (("empty", b""), ("one", b"x")):
            content = seeder.shelf.put(seeder.root / name, data)
            await leecher.downloads.add(content, len(data), name)
            await leecher.reach(content, Phase.DONE)
            assert (leecher.downloads_root / name).read_bytes() == data


async def test_a_liar_is_blamed_and_only_the_liar(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 4) as (nursery, [leecher, *seeders]):
        for seeder in seeders:
            content = seeder.shelf.put(seeder.root / "f", data)
        ends = [link(nursery, leecher, seeder, rate=4e6) for seeder in seeders]
        liar = ends[1].other
        liar.alter_data = lambda chunk, good: b"\0" + good[1:]
        await leecher.downloads.add(content, SIZE, "f")
        state = await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert leecher.judge.against("bad-chunk") == {seeders[1].peer}
        assert seeders[1].peer not in leecher.got
        row = next(source for source in state.sources if source.peer == seeders[1].peer)
        assert row.bad >= 1 and row.state.startswith("banned: bad chunk ")
        assert state.bad_chunks == row.bad
        assert any("is false" in line.text for line in leecher.lines)


async def test_the_only_source_lying_is_left_in_the_end_and_an_honest_one_ends_it(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [leecher, liar, honest]):
        content = liar.shelf.put(liar.root / "f", data)
        honest.shelf.put(honest.root / "f", data)
        link(nursery, leecher, liar).other.alter_data = lambda chunk, good: bytes(len(good))
        await leecher.downloads.add(content, SIZE, "f")
        state = await leecher.reach(content, Phase.STALLED)
        assert state.done == 0 and "no connected peer" in state.reason
        link(nursery, leecher, honest)
        await leecher.reach(content, Phase.DONE)
        assert leecher.judge.against("bad-chunk") == {liar.peer}


async def test_a_false_manifest_costs_its_sender_and_nobody_else(tmp_path: Path) -> None:
    data = some_bytes()
    true = manifest_of(data)
    async with nodes(tmp_path, 3) as (nursery, [leecher, liar, honest]):
        content = honest.shelf.put(honest.root / "f", data)
        liar.shelf.put(liar.root / "f", data)

        def forge(message: msg.Message) -> list[msg.Message]:
            if isinstance(message, msg.ManifestPart):
                return [msg.ManifestPart(message.stream, message.first, bytes(len(message.hashes)))]
            return [message]

        link(nursery, leecher, liar).other.alter = forge
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.judge.against("false-manifest") == {liar.peer})
        link(nursery, leecher, honest)
        await leecher.reach(content, Phase.DONE)
        assert leecher.judge.against("false-manifest") == {liar.peer}
        assert true.content_id() == content


async def test_a_source_that_dies_in_the_middle(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [leecher, one, two]):
        content = one.shelf.put(one.root / "f", data)
        two.shelf.put(two.root / "f", data)
        dying = link(nursery, leecher, one, rate=3e6)
        link(nursery, leecher, two, rate=3e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 5)
        dying.close("killed")
        state = await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        gone = next(source for source in state.sources if source.peer == one.peer)
        assert gone.state == "gone: killed"
        assert leecher.disk.pool.used == 0


async def test_end_game_cancels_at_the_slow_source(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [leecher, slow, fast]):
        content = slow.shelf.put(slow.root / "f", data)
        fast.shelf.put(fast.root / "f", data)
        crawling = link(nursery, leecher, slow, rate=40_000)
        link(nursery, leecher, fast, rate=6e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert any(isinstance(message, msg.Cancel) for message in crawling.log)
        assert leecher.judge.against("bad-chunk") == set()


async def test_after_a_crash_next_to_nothing_is_fetched_again(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=3e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 2)
        part, chunk_map = part_paths(leecher.downloads_root, content)
        old_map = chunk_map.read_bytes()  # written at the beginning: claims nothing
        done = leecher.view(content).done
        await leecher.downloads.pause(content)
        chunk_map.write_bytes(old_map)  # as a kill would leave it
        got_before = leecher.got[seeder.peer]
        await leecher.downloads.resume(content)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert got_before >= done
        assert sum(leecher.got.values()) == SIZE  # each verified chunk was fetched once
        assert not part.exists()


async def test_damage_on_disk_is_found_and_fetched_again(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=3e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 2)
        await leecher.downloads.pause(content)
        part, _ = part_paths(leecher.downloads_root, content)
        first = next(
            at for at in range(0, SIZE, 32 << 10) if part.read_bytes()[at : at + 64] == data[at : at + 64]
        )
        damaged = bytearray(part.read_bytes())
        damaged[first : first + 6] = b"damage"
        part.write_bytes(damaged)
        await leecher.downloads.resume(content)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert any("1 chunks on disk were damaged" in line.text for line in leecher.lines)


@pytest.mark.parametrize("rubbish", [b"", b"not a map", b"\x80" * 500])
async def test_a_broken_map_starts_clean_and_keeps_the_data(tmp_path: Path, rubbish: bytes) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=3e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 2)
        await leecher.downloads.pause(content)
        part_paths(leecher.downloads_root, content)[1].write_bytes(rubbish)
        await leecher.downloads.resume(content)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert sum(leecher.got.values()) == SIZE
        assert any("chunk map on disk is damaged" in line.text for line in leecher.lines)


async def test_a_full_disk_fails_with_what_to_do_and_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = some_bytes()
    write, full = os.pwrite, False

    def pwrite(handle: int, chunk: memoryview, at: int) -> int:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, chunk, at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=3e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 4)
        full = True
        state = await leecher.reach(content, Phase.FAILED)
        assert state.reason.startswith("disk full: free ") and "then resume" in state.reason
        assert state.done > SIZE // 4
        full = False
        await leecher.downloads.resume(content)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert sum(leecher.got.values()) == SIZE
        assert leecher.judge.against("bad-chunk") == set()


async def test_a_vanished_partial_file_is_told_of_and_starts_again(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=3e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 4)
        part_paths(leecher.downloads_root, content)[0].unlink()
        state = await leecher.reach(content, Phase.FAILED)
        assert "was deleted" in state.reason
        await leecher.downloads.resume(content)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data


async def test_a_taken_name_is_never_overwritten(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f.flac", data)
        (leecher.downloads_root / "f.flac").write_bytes(b"mine")
        link(nursery, leecher, seeder)
        await leecher.downloads.add(content, SIZE, "f.flac")
        state = await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f.flac").read_bytes() == b"mine"
        assert state.path == str(leecher.downloads_root / "f (2).flac")
        await leecher.downloads.remove(content)
        assert (leecher.downloads_root / "f (2).flac").read_bytes() == data
        await leecher.downloads.add(
            content, SIZE, "f (2).flac"
        )  # the same bytes are there: taken as they are
        state = await leecher.reach(content, Phase.DONE)
        assert state.path == str(leecher.downloads_root / "f (2).flac")
        assert sorted(os.listdir(leecher.downloads_root)) == [".incomplete", "f (2).flac", "f.flac"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/../../b", "con", "\x1b[2J.mp3"])
async def test_foreign_names_never_leave_the_downloads_folder(tmp_path: Path, name: str) -> None:
    data = some_bytes(1000)
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        await leecher.downloads.add(content, 1000, name, f"../{name}/..")
        state = await leecher.reach(content, Phase.DONE)
        assert stands_below(state.path, leecher.downloads_root, data)


async def test_two_leechers_serve_each_other(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [one, two, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, one, seeder, rate=1.5e6)
        link(nursery, two, seeder, rate=1.5e6)
        link(nursery, one, two, rate=20e6)
        await one.downloads.add(content, SIZE, "f")
        await two.downloads.add(content, SIZE, "f")
        await one.reach(content, Phase.DONE)
        await two.reach(content, Phase.DONE)
        for node in (one, two):
            assert (node.downloads_root / "f").read_bytes() == data
        assert one.got.get(two.peer, 0) + two.got.get(one.peer, 0) > 0


async def test_buffers_stay_within_the_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 4, pool=8 * (32 << 10)) as (nursery, [leecher, *seeders]):
        for seeder in seeders:
            content = seeder.shelf.put(seeder.root / "f", data)
            link(nursery, leecher, seeder)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert 0 < leecher.disk.pool.peak <= leecher.disk.pool.limit
        assert leecher.disk.pool.used == 0


async def test_the_chunk_map_tells_who_brought_what(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [leecher, one, two]):
        content = one.shelf.put(one.root / "f", data)
        two.shelf.put(two.root / "f", data)
        link(nursery, leecher, one, rate=3e6)
        link(nursery, leecher, two, rate=3e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 2)
        shown = leecher.downloads.chunk_map(content)
        assert shown is not None
        assert len(shown.states) == len(shown.owners) == len(shown.copies) == 92
        assert shown.states.count(VERIFIED) == leecher.view(content).chunks_done
        assert set(shown.copies) == {2}
        owners = {owner for owner, state in zip(shown.owners, shown.states, strict=True) if state == VERIFIED}
        assert owners == {1, 2}
        await leecher.reach(content, Phase.DONE)
        whole = leecher.downloads.chunk_map(content)
        assert whole is not None and whole.states == bytes([VERIFIED]) * 92
        assert set(whole.owners) == {1, 2} and len(whole.owners) == 92


async def test_the_list_outlives_a_restart(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 1, active=1) as (nursery, [leecher]):
        for number in range(3):
            await leecher.downloads.add(manifest_of(some_bytes(50, number)).content_id(), 50, f"f{number}")
        await leecher.downloads.pause(manifest_of(some_bytes(50, 1)).content_id())
        await leecher.downloads.move(manifest_of(some_bytes(50, 2)).content_id(), -2)
    async with nodes(tmp_path, 2, active=1) as (nursery, [leecher, seeder]):
        assert [state.name for state in leecher.downloads.views()] == ["f2", "f0", "f1"]
        assert leecher.downloads.views()[2].phase is Phase.PAUSED
        content = seeder.shelf.put(seeder.root / "f2", some_bytes(50, 2))
        link(nursery, leecher, seeder)
        await leecher.reach(content, Phase.DONE)
        assert len(data) == SIZE


async def test_commands_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    data = some_bytes(100)
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        for command in (leecher.downloads.pause, leecher.downloads.resume, leecher.downloads.remove):
            with pytest.raises(UserError, match="no such download"):
                await command(content)
        await leecher.downloads.add(content, 100, "f")
        await leecher.reach(content, Phase.DONE)
        with pytest.raises(UserError, match="in the list already"):
            await leecher.downloads.add(content, 100, "f")
        with pytest.raises(UserError, match="not running"):
            await leecher.downloads.pause(content)
        (leecher.downloads_root / "f").unlink()
        await leecher.downloads.add(content, 100, "f")
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data


async def test_removing_deletes_the_partial_file(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=2e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 5)
        await leecher.downloads.remove(content)
        assert leecher.downloads.views() == ()
        assert not any(leecher.downloads_root.joinpath(".incomplete").iterdir())
        assert leecher.disk.pool.used == 0 and leecher.disk.pool.promised == 0


async def test_words_for_why_it_stands_still(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2, slots=1) as (nursery, [leecher, seeder]):
        content = manifest_of(data).content_id()
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).reason == "no peer is connected")
        end = link(nursery, leecher, seeder)
        await leecher.until(lambda: leecher.view(content).reason == "none of 1 connected peers has this file")
        end.close("shutdown")
        seeder.shelf.put(seeder.root / "f", data)
        end = link(nursery, leecher, seeder)
        end.other.alter = lambda m: [msg.Choke(m.stream, 3)] if isinstance(m, msg.Unchoke) else [m]
        state = await leecher.reach(content, Phase.STALLED)
        assert state.reason == "the only source chokes us; best place in a queue: 3"
        assert state.sources[0].state == "choked, place 3"


async def test_a_source_that_keeps_the_chunk_list_to_itself_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slskmesh.swarm.download.MANIFEST_SILENCE", 0.2)
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [leecher, mute, honest]):
        content = mute.shelf.put(mute.root / "f", data)
        honest.shelf.put(honest.root / "f", data)
        end = link(nursery, leecher, mute)
        end.other.alter = lambda m: [] if isinstance(m, msg.ManifestPart) else [m]
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: any("did not send the chunk list" in line.text for line in leecher.lines))
        assert any(isinstance(message, msg.Leave) for message in end.log)
        link(nursery, leecher, honest)
        await leecher.reach(content, Phase.DONE)
        assert not leecher.judge.against("false-manifest")


async def test_a_peer_that_may_not_send_any_more_is_left_in_the_middle(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [leecher, banned, honest]):
        content = banned.shelf.put(banned.root / "f", data)
        honest.shelf.put(honest.root / "f", data)
        link(nursery, leecher, banned, rate=2e6)
        link(nursery, leecher, honest, rate=2e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).done > SIZE // 5)
        leecher.judge.notes += [(banned.peer, "bad-chunk")] * 2  # caught lying in another download
        await leecher.until(lambda: any("banned" in s.state for s in leecher.view(content).sources))
        before = leecher.got[banned.peer]
        await leecher.reach(content, Phase.DONE)
        assert leecher.got[banned.peer] - before <= 64 * (32 << 10)  # what the disk had already


async def test_a_download_stays_in_the_folder_it_began_in(tmp_path: Path) -> None:
    """Also when the setting changes under it, and over a restart."""
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=2e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).chunks_done > 20)
        await leecher.downloads.pause(content)
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        seeder.shelf.put(seeder.root / "f", data)
        leecher.downloads.set_root(tmp_path / "elsewhere")
        other = seeder.shelf.put(seeder.root / "g", b"other")
        link(nursery, leecher, seeder)
        await leecher.downloads.resume(content)
        await leecher.downloads.add(other, 5, "g")
        state = await leecher.reach(content, Phase.DONE)
        assert state.path == str(leecher.downloads_root / "f")
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert sum(leecher.got.values()) <= SIZE - 20 * 32768 + 5, "what was there is not fetched again"
        assert (await leecher.reach(other, Phase.DONE)).path == str(tmp_path / "elsewhere" / "g")
        assert not part_paths(leecher.downloads_root, content)[0].exists()


async def test_a_folder_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=2e6)
        await leecher.downloads.add(content, SIZE, "f")
        await leecher.until(lambda: leecher.view(content).chunks_done > 5)
        await leecher.downloads.pause(content)
        leecher.downloads.set_root(tmp_path / "elsewhere")
        away = leecher.downloads_root.rename(tmp_path / "unplugged")
        await leecher.downloads.resume(content)
        state = await leecher.reach(content, Phase.FAILED)
        assert "bring it back and resume" in state.reason and not leecher.downloads_root.exists()
        away.rename(leecher.downloads_root)
        await leecher.downloads.resume(content)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data


async def test_partial_files_of_no_download_are_told_of_after_a_restart(tmp_path: Path) -> None:
    async with nodes(tmp_path, 1) as (_, [leecher]):
        content = b"\x07" * 32
        await leecher.downloads.add(content, 5, "f")
        part = part_paths(leecher.downloads_root, b"\x08" * 32)[0]
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(b"x")
        part_paths(leecher.downloads_root, content)[0].write_bytes(b"x")
        told = await leecher.downloads.look_over()
        assert len(told) == 1 and told[0].startswith("1 unfinished file without a download")
        await leecher.downloads.remove(content)
        assert part.exists()
