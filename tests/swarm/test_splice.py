"""A legacy side and peers finish one file together: real files, real disk threads, other files, lies, kills."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.swarm import splice
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.swarm.partial import Part, part_paths
from slskmesh.swarm.picker import Picker
from slskmesh.swarm.source import LEGACY, letter_for
from slskmesh.swarm.state import IN_FLIGHT, QUEUED, VERIFIED, Phase
from tests.swarm.legacy import GrowingFile
from tests.swarm.memory import link, manifest_of, open_node
from tests.swarm.test_downloads import SIZE, nodes, some_bytes

CHUNK = 32 << 10


def test_no_peer_has_the_letter_of_the_legacy_side() -> None:
    assert "S" not in {letter_for(index) for index in range(100)}


async def test_a_stalled_transfer_is_finished_by_peers(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        head = GrowingFile(leecher.root / "head", data, 10 * CHUNK + 777)
        await leecher.downloads.add(content, SIZE, "f", "Artist", head=head)
        state = await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "Artist" / "f").read_bytes() == data
        assert sum(leecher.got.values()) == SIZE - 10 * CHUNK  # nothing was fetched that was there
        legacy = next(source for source in state.sources if source.user)
        assert (legacy.letter, legacy.peer, legacy.user) == ("S", LEGACY, "a legacy user")
        assert (legacy.received, legacy.chunks) == (10 * CHUNK, 10)
        assert head.asked == ["pause"] and head.path.read_bytes() == data[: 10 * CHUNK + 777]
        map_ = leecher.downloads.chunk_map(content)
        assert map_ is not None
        row = 1 + [source.letter for source in state.sources].index("S")
        assert [owner == row for owner in map_.owners] == [True] * 10 + [False] * (len(map_.owners) - 10)


async def test_both_sides_meet_while_the_legacy_side_goes_on(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=3e6)
        head = GrowingFile(leecher.root / "head", data, CHUNK)
        nursery.start_soon(head.run, 1e6)
        await leecher.downloads.add(content, SIZE, "f", head=head)
        await leecher.until(lambda: leecher.view(content).done > SIZE // 3)
        map_ = leecher.downloads.chunk_map(content)
        assert map_ is not None
        assert map_.states[-1] == VERIFIED  # peers are asked from the end
        owner = 1 + [source.letter for source in leecher.view(content).sources].index("S")
        states = [state for state, by in zip(map_.states, map_.owners, strict=True) if by == owner]
        assert states.count(VERIFIED) >= 1
        assert states[-3:] == [IN_FLIGHT, QUEUED, QUEUED]  # what comes next is the legacy side's
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        view = leecher.view(content)
        legacy = next(source for source in view.sources if source.user)
        assert 3 < legacy.chunks < 60 and legacy.received + sum(leecher.got.values()) == SIZE
        assert head.asked == ["pause"]


async def test_another_beginning_is_no_rescue_and_nothing_is_asked_of_anybody(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        other = data[: 5 * CHUNK] + b"!" + data[5 * CHUNK + 1 :]
        head = GrowingFile(leecher.root / "head", other, 9 * CHUNK)
        await leecher.downloads.add(content, SIZE, "f", head=head)
        state = await leecher.reach(content, Phase.FAILED)
        words = f"bytes {5 * CHUNK} to {6 * CHUNK - 1} are others than the file's"
        assert words in state.reason and head.different == words
        assert head.asked == [] and leecher.got == {}
        assert head.path.read_bytes() == other[: 9 * CHUNK]
        await leecher.downloads.remove(content)
        assert not any(leecher.downloads_root.joinpath(".incomplete").iterdir())


async def test_another_unfinished_chunk_alone_is_told_of_and_not_used(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        other = data[: 5 * CHUNK + 10] + bytes(CHUNK)
        head = GrowingFile(leecher.root / "head", other, 5 * CHUNK + 500)
        await leecher.downloads.add(content, SIZE, "f", head=head)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert any("the last 500 bytes a legacy user sent differ" in line.text for line in leecher.lines)


async def test_who_sends_other_bytes_later_is_left_out_and_peers_go_on(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder, rate=2e6)
        other = data[: 6 * CHUNK] + bytes(SIZE - 6 * CHUNK)
        head = GrowingFile(leecher.root / "head", other, 4 * CHUNK)
        nursery.start_soon(head.run, 1e6)
        await leecher.downloads.add(content, SIZE, "f", head=head)
        state = await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        legacy = next(source for source in state.sources if source.user)
        assert legacy.state.startswith(f"left out: bytes {6 * CHUNK} to ")
        assert legacy.chunks <= 6
        assert leecher.judge.against("bad-chunk") == set()


async def test_a_lying_peer_is_blamed_and_not_the_legacy_side(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 3) as (nursery, [leecher, liar, honest]):
        content = liar.shelf.put(liar.root / "f", data)
        honest.shelf.put(honest.root / "f", data)
        link(nursery, leecher, liar, rate=2e6).other.alter_data = lambda chunk, good: b"\0" + good[1:]
        link(nursery, leecher, honest, rate=2e6)
        head = GrowingFile(leecher.root / "head", data, 4 * CHUNK)
        await leecher.downloads.add(content, SIZE, "f", head=head)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert leecher.judge.against("bad-chunk") == {liar.peer}


async def test_a_file_that_is_whole_already_needs_only_the_chunk_list(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        head = GrowingFile(leecher.root / "head", data, SIZE)
        await leecher.downloads.add(content, SIZE, "f", head=head)
        await leecher.reach(content, Phase.DONE)
        assert leecher.got == {} and (leecher.downloads_root / "f").read_bytes() == data


@pytest.mark.parametrize("length", [SIZE + 1, SIZE + CHUNK])
async def test_a_longer_file_is_another(tmp_path: Path, length: int) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        head = GrowingFile(leecher.root / "head", data + bytes(2 * CHUNK), length)
        await leecher.downloads.add(content, SIZE, "f", head=head)
        state = await leecher.reach(content, Phase.FAILED)
        assert "are more than the file's" in state.reason


async def test_no_file_yet_a_link_and_a_file_that_vanishes(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        link(nursery, leecher, seeder, rate=4e6)
        for number, kind in enumerate(("absent", "link", "vanishes")):
            mine = some_bytes(seed=number + 5)
            content = seeder.shelf.put(seeder.root / kind, mine)
            head = GrowingFile(leecher.root / f"head {kind}", mine, 3 * CHUNK)
            if kind != "vanishes":
                head.path.unlink()
            if kind == "link":
                head.path.symlink_to(seeder.root / kind)
                await leecher.downloads.add(content, SIZE, kind, head=head)
                state = await leecher.reach(content, Phase.FAILED)
                assert "cannot be opened" in state.reason
                continue
            head.active = kind == "vanishes"
            await leecher.downloads.add(content, SIZE, kind, head=head)
            if kind == "vanishes":
                await leecher.until(lambda content=content: leecher.view(content).done > SIZE // 3)  # type: ignore[misc]
                head.path.unlink()
            await leecher.reach(content, Phase.DONE)
            assert (leecher.downloads_root / kind).read_bytes() == mine
    assert data


async def test_when_peers_go_after_the_pause_the_legacy_side_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splice, "RESUME_AFTER", 0.3)
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        end = link(nursery, leecher, seeder)
        sent = 0

        def gone(chunk: int, good: bytes) -> bytes:
            nonlocal sent
            sent += 1
            if "pause" in head.asked:
                end.other.gate = trio.Event()  # nothing more comes
            return good

        head = GrowingFile(leecher.root / "head", data, 4 * CHUNK)
        head.active = True
        end.other.alter_data = gone
        await leecher.downloads.add(content, SIZE, "f", head=head)
        await leecher.until(lambda: head.asked == ["pause"])
        end.close("killed")
        await leecher.until(lambda: "resume" in head.asked)
        nursery.start_soon(head.run, 2e6)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert sent < 92


async def test_one_that_was_whole_first_is_no_trouble(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        link(nursery, leecher, seeder)
        head = GrowingFile(leecher.root / "head", data, 4 * CHUNK)
        head.active = head.whole_first = True
        await leecher.downloads.add(content, SIZE, "f", head=head)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data


async def test_a_head_may_come_and_go_while_the_download_runs(tmp_path: Path) -> None:
    data = some_bytes()
    async with nodes(tmp_path, 2) as (nursery, [leecher, seeder]):
        content = seeder.shelf.put(seeder.root / "f", data)
        with pytest.raises(UserError):
            leecher.downloads.join(content, None)
        await leecher.downloads.add(content, SIZE, "f")
        link(nursery, leecher, seeder, rate=1.5e6)
        await leecher.until(lambda: leecher.view(content).done > SIZE // 10)
        head = GrowingFile(leecher.root / "head", data, 30 * CHUNK)
        head.active = True
        leecher.downloads.join(content, head)
        await leecher.until(
            lambda: any(source.user and source.chunks for source in leecher.view(content).sources)
        )
        leecher.downloads.join(content, None)
        state = await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data and head.asked == []
        assert sum(source.received for source in state.sources) == SIZE


# -- the take alone ---------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(1, 400_000),
    cut=st.floats(0, 1),
    damage=st.none() | st.floats(0, 1, exclude_max=True),
    done=st.integers(0, 2**26),
    steps=st.lists(st.floats(0, 1), max_size=4),
)
def test_only_right_chunks_come_in_whatever_there_is(
    tmp_path_factory: pytest.TempPathFactory,
    size: int,
    cut: float,
    damage: float | None,
    done: int,
    steps: list[float],
) -> None:
    root = tmp_path_factory.mktemp("take")
    data = random.Random(size).randbytes(size)
    manifest = manifest_of(data)
    part = Part(root, manifest.content_id(), manifest, "f", "")
    length = int(cut * size)
    sent = bytearray(data[:length])
    at = None if damage is None or not length else int(damage * length)
    if at is not None:
        sent[at] ^= 1
    done &= part.space.full
    path, first = root / "head", 0
    brought: list[int] = []
    taken = splice.Taken((), 0, 0)
    for share in [*sorted(steps), 1.0, 1.0]:
        path.write_bytes(sent[: int(share * length)])
        taken = splice.take(path, part, first, done, most=50_000)
        brought += taken.chunks
        first = taken.next
        if taken.wrong:
            break
    while taken.chunks and not taken.wrong:
        taken = splice.take(path, part, first, done, most=50_000)
        brought += taken.chunks
        first = taken.next
    whole = len(
        [c for c in range(manifest.chunks) if c * manifest.chunk_size + manifest.chunk_length(c) <= length]
    )
    bad = None if at is None else at // manifest.chunk_size
    fatal = bad is not None and bad < whole and not part.space.holds(done, bad)
    end = bad if fatal and bad is not None else whole
    assert brought == [chunk for chunk in range(end) if not part.space.holds(done, chunk)]
    assert bool(taken.wrong) == fatal and first == end
    stands = part_paths(root, manifest.content_id())[0].read_bytes()
    for chunk in brought:
        begin = chunk * manifest.chunk_size
        assert (
            stands[begin : begin + manifest.chunk_length(chunk)]
            == data[begin : begin + manifest.chunk_length(chunk)]
        )
    part.close()


# -- kills ------------------------------------------------------------------------------------------------------------


def kill_at(root: Path, share: float) -> None:
    """A process that finishes a growing file with a peer, killed once so much of it is verified."""
    command = [sys.executable, "-m", "tests.swarm.killed_splice", str(root), str(SIZE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= SIZE * share:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
async def test_a_kill_loses_neither_side(tmp_path: Path, share: float) -> None:
    await trio.to_thread.run_sync(kill_at, tmp_path, share)
    data = some_bytes()
    sent = (tmp_path / "1" / "head").read_bytes()
    assert sent == data[: len(sent)] and len(sent) >= 8 * CHUNK  # the legacy side's own file is as it was
    async with nodes(tmp_path, 1) as (nursery, [leecher]), open_node(3, tmp_path / "3") as seeder:
        content = seeder.shelf.put(seeder.root / "f", data)
        head = GrowingFile(leecher.root / "head again", data, len(sent))
        if leecher.downloads.state(content) is None:
            await leecher.downloads.add(content, SIZE, "f", head=head)
        elif leecher.view(content).phase is not Phase.DONE:
            leecher.downloads.join(content, head)
        link(nursery, leecher, seeder)
        await leecher.reach(content, Phase.DONE)
        assert (leecher.downloads_root / "f").read_bytes() == data
        assert sum(leecher.got.values()) <= SIZE * (1 - share) + 8 * CHUNK


# -- the picker with another way in -----------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(chunks=st.integers(1, 60), seed=st.integers(0, 2**32), kept=st.integers(1, 4))
def test_the_picker_with_a_second_way_in_ends_and_never_asks_for_what_is_kept(
    chunks: int, seed: int, kept: int
) -> None:
    rng = random.Random(seed)
    space = ChunkSpace(chunks)
    picker = Picker(space, 1 << 14, rng)
    for source in (0, 1):
        picker.source_joined(
            source, space.full if source else rng.getrandbits(space.width) & space.full, 0.01
        )
        picker.unchoked(source)
    now, come = 0.0, 0
    while not picker.finished:
        now += 0.05
        coming = space.of(range(come, min(chunks, come + kept)))
        picker.keep(coming & ~picker.done, last_first=True)
        for source in (0, 1):
            asked = picker.ask(source, now)
            assert not space.of(asked) & coming
            for chunk in picker.asked_of(source)[: rng.randrange(3)]:
                others = picker.received(source, chunk, now)
                assert all(not picker.is_asked(other, chunk) for other in others)
                picker.verified(chunk)
        if come < chunks and rng.random() < 0.4:
            owners = picker.supplied(come)
            assert owners is None or all(not picker.is_asked(owner, come) for owner in owners)
            assert picker.supplied(come) is None
            come += 1
    assert picker.done == space.full and not picker.busy and picker.open == 0
