"""Downloads that belong together: their shared rate over memory and over sockets, and waiting for their end."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trio
import trio.testing

from slskmesh.store.database import open_store
from slskmesh.swarm.disk import open_disk
from slskmesh.swarm.downloads import Downloads
from slskmesh.swarm.served import LibraryContents
from slskmesh.swarm.state import DownloadState, Phase
from slskmesh.swarm.uploads import Uploads
from tests.overlay.nodes import Node as OverlayNode
from tests.swarm.memory import Judge, Node, Shelf, link, open_node
from tests.swarm.test_downloads import nodes, some_bytes

RATE = 200_000


async def settled(node: Node, content: bytes, seconds: float = 15.0) -> DownloadState | None:
    with trio.fail_after(seconds):
        return await node.downloads.settled(content)


async def test_a_group_keeps_its_rate_and_others_go_on_at_full_speed(tmp_path: Path) -> None:
    async with nodes(tmp_path, 2, active=5) as (nursery, [leecher, seeder]):
        slow = [seeder.shelf.put(seeder.root / f"s{n}", some_bytes(1_000_000, n)) for n in range(2)]
        quick = seeder.shelf.put(seeder.root / "q", some_bytes(3_000_000, 9))
        link(nursery, leecher, seeder, rate=20e6)
        leecher.downloads.limit_group("job 1", RATE)
        for number, content in enumerate(slow):
            await leecher.downloads.add(content, 1_000_000, f"s{number}", group="job 1")
        await leecher.until(lambda: sum(leecher.view(content).done for content in slow) > 0)
        begun = trio.current_time()
        before = sum(leecher.view(content).done for content in slow)
        await leecher.downloads.add(quick, 3_000_000, "q")
        assert (await settled(leecher, quick, 4.0)) is not None
        assert sum(leecher.view(content).done for content in slow) < 1_000_000
        waits = "other downloads of its group"
        await leecher.until(lambda: any(leecher.view(c).reason.startswith(waits) for c in slow))
        await leecher.until(lambda: sum(leecher.view(content).done for content in slow) - before >= 2 * RATE)
        assert 1.6 <= trio.current_time() - begun <= 3.5  # a busy machine may be late, never early
        assert {leecher.view(c).phase for c in slow} == {Phase.ACTIVE, Phase.FINDING}
        leecher.downloads.limit_group("job 1", 0)
        for content in slow:
            state = await settled(leecher, content, 3.0)
            assert state is not None and state.phase is Phase.DONE
        assert leecher.disk.pool.used == 0 and leecher.disk.pool.promised == 0


async def test_a_limit_set_while_it_runs_holds_for_what_is_asked_from_then_on(tmp_path: Path) -> None:
    data = some_bytes(8_000_000)
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=2e6)
        await leecher.downloads.add(content, len(data), "f", group="job 1")
        await leecher.until(lambda: leecher.view(content).done > 500_000)
        leecher.downloads.limit_group("job 1", 100_000)
        await leecher.until(lambda: not leecher.view(content).sources[0].in_flight)
        assert leecher.view(content).done < 7_000_000
        begun, before = trio.current_time(), leecher.view(content).done
        await leecher.until(lambda: leecher.view(content).done - before >= 100_000)
        assert trio.current_time() - begun >= 0.4
        assert leecher.view(content).phase is Phase.ACTIVE


async def test_a_group_outlives_a_restart(tmp_path: Path) -> None:
    data = some_bytes(500_000)
    async with open_node(1, tmp_path / "1") as leecher, open_node(2, tmp_path / "2") as seeder:
        content = seeder.shelf.put(seeder.root / "f", data)
        await leecher.downloads.add(content, len(data), "f", group="job 7")
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        leecher.downloads.limit_group("job 7", 100_000)
        link(nursery, leecher, seeder)
        await leecher.until(lambda: leecher.view(content).done > 0)
        with trio.move_on_after(1.0) as waited:
            await leecher.downloads.settled(content)
        assert waited.cancelled_caught
        assert leecher.view(content).done < 250_000


async def test_settled_tells_how_it_ended(tmp_path: Path) -> None:
    data = some_bytes(200_000)
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        assert leecher.downloads.state(content) is None
        assert await settled(leecher, content) is None
        await leecher.downloads.add(content, len(data), "f")
        found = leecher.downloads.state(content)
        assert found is not None and found.phase in (Phase.QUEUED, Phase.FINDING)
        results: list[DownloadState | None] = []
        async with trio.open_nursery() as waiting:
            for _ in range(2):
                waiting.start_soon(_note, leecher, content, results)
            await trio.testing.wait_all_tasks_blocked()
            await leecher.downloads.pause(content)
        assert [state.phase for state in results if state] == [Phase.PAUSED] * 2
        await leecher.downloads.resume(content)
        link(nursery, leecher, seeder)
        state = await settled(leecher, content)
        assert state is not None and state.phase is Phase.DONE and _bytes_at(state.path) == data
        assert leecher.finished == [Path(state.path)]  # what follows a download's end is over by then
        again = await settled(leecher, content)
        assert again is not None and again.phase is Phase.DONE


async def test_settled_tells_of_removal_and_failure(tmp_path: Path) -> None:
    async with nodes(tmp_path, 1) as (_, [leecher]):
        one, two = b"\1" * 32, b"\2" * 32
        await leecher.downloads.add(one, 100, "one")
        results: list[DownloadState | None] = []
        async with trio.open_nursery() as waiting:
            waiting.start_soon(_note, leecher, one, results)
            await trio.testing.wait_all_tasks_blocked()
            await leecher.downloads.remove(one)
        assert results == [None]
        (leecher.downloads_root / ".incomplete").mkdir(exist_ok=True)
        (leecher.downloads_root / ".incomplete").rmdir()
        (leecher.downloads_root / ".incomplete").write_bytes(b"in the way")
        await leecher.downloads.add(two, 100, "two")
        state = await settled(leecher, two)
        assert state is not None and state.phase is Phase.FAILED and state.reason


def _bytes_at(path: str) -> bytes:
    return Path(path).read_bytes()


async def _note(node: Node, content: bytes, results: list[DownloadState | None]) -> None:
    results.append(await node.downloads.settled(content))


async def test_folders_of_a_job_are_taken_word_by_word_and_nothing_is_overwritten(tmp_path: Path) -> None:
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        link(nursery, leecher, seeder)
        for number in range(2):
            content = seeder.shelf.put(seeder.root / f"f{number}", some_bytes(1000, number))
            await leecher.downloads.add(
                content, 1000, "01 Tune?.flac", "AC: DC/../Live (1992)/.x", group="job 1"
            )
            state = await settled(leecher, content)
            assert state is not None
            suffix = " (2)" if number else ""
            folder = leecher.downloads_root / "AC_ DC" / "Live (1992)" / "_.x"
            assert state.path == str(folder / f"01 Tune_{suffix}.flac")
            assert _bytes_at(state.path) == some_bytes(1000, number)


async def test_a_rate_for_no_group_is_a_mistake(tmp_path: Path) -> None:
    async with nodes(tmp_path, 1) as (_, [leecher]):
        with pytest.raises(ValueError, match="group"):
            leecher.downloads.limit_group("", 1000)


async def test_a_groups_rate_over_real_sockets(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        leecher, seeder = OverlayNode(tmp_path, "leecher"), OverlayNode(tmp_path, "seeder")
        shelf = Shelf()
        store = await stack.enter_async_context(open_store(tmp_path / "db"))
        disk = await stack.enter_async_context(open_disk())
        nursery = await stack.enter_async_context(trio.open_nursery())
        uploads = Uploads(seeder.router, [LibraryContents(shelf)], Judge(), trio.current_time)
        seeder.router.set_sink(_Nobody())
        (tmp_path / "downloads").mkdir()
        downloads = Downloads(store, leecher.router, disk, Judge(), tmp_path / "downloads")
        await nursery.start(uploads.run)
        await nursery.start(downloads.run)
        for node in (leecher, seeder):
            await node.start(nursery)
        data = some_bytes(2_000_000)
        content = shelf.put(tmp_path / "shelf" / "f", data)
        downloads.limit_group("job", RATE)
        await downloads.add(content, len(data), "f", group="job")
        await leecher.overlay.connect(seeder.peer, [seeder.address])
        while not _done(downloads, content):  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.01)
        begun, before = trio.current_time(), _done(downloads, content)
        while _done(downloads, content) - before < 2 * RATE:  # noqa: ASYNC110 - as above
            await trio.sleep(0.01)
        assert 1.6 <= trio.current_time() - begun <= 3.5  # a busy machine may be late, never early
        downloads.limit_group("job", 0)
        with trio.fail_after(5):
            state = await downloads.settled(content)
        assert state is not None and _bytes_at(state.path) == data
        await leecher.overlay.shutdown()
        await seeder.overlay.shutdown()
        nursery.cancel_scope.cancel()


def _done(downloads: Downloads, content: bytes) -> int:
    state = downloads.state(content)
    assert state is not None
    return state.done


class _Nobody:
    """A sink of a node that fetches nothing."""

    def data_begin(self, session: object, head: object) -> None:
        raise AssertionError("nobody sends data here")

    def data_end(self, session: object, head: object) -> None:
        raise AssertionError("nobody sends data here")
