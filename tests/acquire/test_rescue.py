"""Rescue over real swarm nodes and a legacy list in memory: matching, other and lying sources, persons, restarts."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio

from slskmesh.acquire import rescue as module
from slskmesh.acquire import rescue_rows
from slskmesh.acquire.lagging import Rules
from slskmesh.acquire.rescue import Candidate, Rescue, Sent, choose
from slskmesh.errors import UserError
from slskmesh.soulseek.values import TransferPhase
from slskmesh.store.database import Store, open_store
from slskmesh.swarm.state import Phase
from slskmesh.work import Budget
from tests.swarm.memory import Node, link, manifest_of, open_node
from tests.swarm.test_downloads import SIZE, nodes, some_bytes

CHUNK = 32 << 10
QUICK = Rules(over=0.2, silent=0.3, queued=0.3)
DATA = some_bytes()
CONTENT = manifest_of(DATA).content_id()
KEY = b"k" * 16


@dataclass
class OneSent:
    """A transfer from a legacy user."""

    local: Path
    key: bytes = KEY
    user: str = "some\x1bbody"
    path: str = "@@xyz\\Music\\..\\a song.flac"
    size: int = SIZE
    phase: TransferPhase = TransferPhase.ACTIVE
    folder: str = "Album"
    name: str = "a song.flac"

    @property
    def done(self) -> int:
        return self.local.stat().st_size if self.local.exists() else 0


class LegacyList:
    """The list of legacy downloads, with what was asked of it."""

    def __init__(self, *sent: OneSent) -> None:
        self.sent = {one.key: one for one in sent}
        self.asked: list[str] = []
        self.said: list[str] = []
        self.finished: dict[bytes, Path] = {}
        self.looks = 0

    def views(self) -> list[OneSent]:
        return list(self.sent.values())

    def state(self, key: bytes) -> OneSent | None:
        return self.sent.get(key)

    def partial_of(self, key: bytes) -> Path:
        return self.sent[key].local

    async def pause(self, key: bytes) -> None:
        self.asked.append("pause")
        one = self.sent.get(key)
        if one is None or one.phase is TransferPhase.DONE:
            raise UserError("it is done")
        one.phase = TransferPhase.PAUSED

    async def resume(self, key: bytes) -> None:
        self.asked.append("resume")
        self.sent[key].phase = TransferPhase.REQUESTED

    async def done_elsewhere(self, key: bytes, path: Path) -> None:
        assert await trio.to_thread.run_sync(path.is_file)  # the file stands before the transfer is ended
        self.finished[key] = path
        self.sent[key].phase = TransferPhase.DONE
        self.sent[key].local.unlink(missing_ok=True)

    def say(self, key: bytes, text: str) -> None:
        self.said.append(text)

    def throttled(self) -> bool:
        self.looks += 1
        return False


@dataclass
class Found:
    """A finder that gives what it is told."""

    candidates: list[Candidate] = field(default_factory=list)
    asked: int = 0

    async def find(self, sent: Sent, budget: Budget) -> Sequence[Candidate]:
        self.asked += 1
        await trio.lowlevel.checkpoint()
        return self.candidates


def candidate() -> Candidate:
    """The true one."""
    return Candidate(CONTENT, SIZE, False, "a peer has it")


@dataclass
class Scene:
    """One leecher with a rescue, and who may help."""

    nursery: trio.Nursery
    leecher: Node
    helpers: list[Node]
    legacy: LegacyList
    finder: Found
    rescue: Rescue
    store: Store
    one: OneSent


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(module, "FIND_SECONDS", 0.6)
    monkeypatch.setattr("slskmesh.acquire.lagging.STEADY", 0.1)


@asynccontextmanager
async def scene(
    root: Path,
    begin: bytes,
    helpers: int = 1,
    candidates: Sequence[Candidate] | None = None,
    run: bool = True,
) -> AsyncIterator[Scene]:
    local = root / "legacy.part"
    local.write_bytes(begin)
    one = OneSent(local)
    legacy = LegacyList(one)
    found = [candidate()] if candidates is None else list(candidates)
    async with open_store(root / "r.db") as store, nodes(root, 1 + helpers) as (nursery, [leecher, *others]):
        for helper in others:
            helper.shelf.put(helper.root / "f", DATA)
        finder = Found(found)
        rescue = Rescue(
            store,
            legacy,
            leecher.downloads,
            finder,
            lambda: QUICK,
            say=legacy.say,
            throttled=legacy.throttled,
        )
        if run:
            await nursery.start(rescue.run)
        yield Scene(nursery, leecher, others, legacy, finder, rescue, store, one)


async def ended(on: Scene) -> None:
    await on.leecher.until(lambda: on.rescue.rescues() == frozenset() and on.finder.asked)


async def looks(on: Scene, count: int) -> None:
    """So many looks go by."""
    enough = on.legacy.looks + count
    await on.leecher.until(lambda: on.legacy.looks >= enough)


async def test_a_stalled_transfer_is_rescued_and_its_uploader_only_paused(tmp_path: Path) -> None:
    async with scene(tmp_path, DATA[: 10 * CHUNK + 5]) as on:
        link(on.nursery, on.leecher, on.helpers[0])
        await on.leecher.until(lambda: KEY in on.legacy.finished)
        path = on.legacy.finished[KEY]
        assert path == on.leecher.downloads_root / "Album" / "a song.flac" and path.read_bytes() == DATA
        assert on.legacy.asked == ["pause"]
        await on.leecher.until(lambda: on.rescue.counts.rescued == 1)
        assert on.rescue.counts.bytes == SIZE - 10 * CHUNK
        assert any("came from 1 peer, all verified" in text for text in on.legacy.said)
        assert await on.store.run(rescue_rows.load) == []


async def test_another_file_is_no_rescue_and_the_reason_is_said(tmp_path: Path) -> None:
    begin = DATA[:CHUNK] + b"other" + DATA[CHUNK + 5 : 4 * CHUNK]
    async with scene(tmp_path, begin) as on:
        link(on.nursery, on.leecher, on.helpers[0])
        await ended(on)
        assert any(
            text.startswith(
                f"not rescued: peers have another file: bytes {CHUNK} to {2 * CHUNK - 1} are others"
            )
            for text in on.legacy.said
        )
        assert on.legacy.asked == [] and on.one.phase is TransferPhase.ACTIVE  # it goes on as it was
        assert on.one.local.read_bytes() == begin and on.leecher.downloads.views() == ()
        assert on.leecher.got == {} and on.rescue.counts.refused == 1
        await looks(on, 10)
        assert on.finder.asked == 1  # and is not tried again at once


async def test_the_next_candidate_is_tried_when_the_first_is_another_file(tmp_path: Path) -> None:
    other = b"\1" + DATA[1:]
    first = Candidate(manifest_of(other).content_id(), SIZE, True, "first")
    second = Candidate(CONTENT, SIZE, False, "second")
    async with scene(tmp_path, DATA[: 3 * CHUNK], candidates=[first, second]) as on:
        on.helpers[0].shelf.put(on.helpers[0].root / "other", other)
        link(on.nursery, on.leecher, on.helpers[0])
        await on.leecher.until(lambda: KEY in on.legacy.finished)
        assert on.legacy.finished[KEY].read_bytes() == DATA
        assert [text for text in on.legacy.said if "asked for the rest" in text] == [
            "peers are asked for the rest: first",
            "peers are asked for the rest: second",
        ]


async def test_nobody_has_it_after_all_and_the_transfer_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path, DATA[: 3 * CHUNK], helpers=0) as on:
        await ended(on)
        assert any("no peer is connected" in text for text in on.legacy.said)
        assert on.legacy.asked == [] and on.leecher.downloads.views() == ()
        assert await on.store.run(rescue_rows.load) == []


async def test_the_transfer_ends_by_itself_meanwhile(tmp_path: Path) -> None:
    async with scene(tmp_path, DATA[: 3 * CHUNK]) as on:
        end = link(on.nursery, on.leecher, on.helpers[0], rate=1e6)
        await on.leecher.until(
            lambda: on.leecher.downloads.views() and on.leecher.view(CONTENT).done > SIZE // 5
        )
        on.one.phase = TransferPhase.DONE
        await ended(on)
        assert on.leecher.downloads.views() == () and on.legacy.finished == {}
        assert not any(on.leecher.downloads_root.joinpath(".incomplete").iterdir())
        assert not end.closed.is_set()


async def test_what_the_person_removes_is_let_be(tmp_path: Path) -> None:
    async with scene(tmp_path, DATA[: 3 * CHUNK], helpers=0) as on:
        on.finder.candidates = [Candidate(CONTENT, SIZE, True, "x")]
        await on.leecher.until(lambda: on.leecher.downloads.views())
        await on.leecher.downloads.remove(CONTENT)
        await ended(on)
        assert any("was removed; the transfer goes on alone" in text for text in on.legacy.said)
        await looks(on, 10)
        assert on.finder.asked == 1


async def test_a_pause_of_the_person_holds_for_both_sides(tmp_path: Path) -> None:
    async with scene(tmp_path, DATA[: 3 * CHUNK]) as on:
        link(on.nursery, on.leecher, on.helpers[0], rate=1.5e6)
        await on.leecher.until(
            lambda: on.leecher.downloads.views() and on.leecher.view(CONTENT).done > SIZE // 5
        )
        on.one.phase = TransferPhase.PAUSED
        await on.leecher.reach(CONTENT, Phase.PAUSED)
        on.one.phase = TransferPhase.REQUESTED
        await on.leecher.until(lambda: KEY in on.legacy.finished)
        assert on.legacy.finished[KEY].read_bytes() == DATA


async def test_a_rescue_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with scene(tmp_path, DATA[: 10 * CHUNK]) as on:
        end = link(on.nursery, on.leecher, on.helpers[0], rate=1e6)
        await on.leecher.until(
            lambda: on.leecher.downloads.views() and on.leecher.view(CONTENT).done > SIZE // 2
        )
        end.close("killed")
    legacy = on.legacy
    on.one.phase = TransferPhase.PAUSED
    async with open_store(tmp_path / "r.db") as store, open_node(1, tmp_path / "1") as leecher:
        async with open_node(2, tmp_path / "2") as helper, trio.open_nursery() as nursery:
            helper.shelf.put(helper.root / "f", DATA)
            rescue = Rescue(store, legacy, leecher.downloads, Found(), lambda: QUICK, say=legacy.say)
            await nursery.start(rescue.run)
            assert rescue.rescues() == {KEY}
            await leecher.until(lambda: rescue.content_of(KEY) == CONTENT)
            link(nursery, leecher, helper)
            await leecher.until(lambda: KEY in legacy.finished)
            assert legacy.finished[KEY].read_bytes() == DATA
            await leecher.until(lambda: rescue.rescues() == frozenset())
            assert rescue.content_of(KEY) is None
            assert sum(leecher.got.values()) < SIZE * 0.6
            nursery.cancel_scope.cancel()


async def test_links_of_what_is_gone_are_forgotten_and_of_what_is_done_are_ended(tmp_path: Path) -> None:
    async with scene(tmp_path, DATA[:CHUNK], run=False) as on:
        await on.store.run(rescue_rows.save, b"gone", b"x" * 32)
        await on.store.run(rescue_rows.save, KEY, CONTENT)
        link(on.nursery, on.leecher, on.helpers[0])
        await on.leecher.downloads.add(CONTENT, SIZE, "f")
        await on.leecher.reach(CONTENT, Phase.DONE)  # a kill came before the legacy side was told
        await on.nursery.start(on.rescue.run)
        await on.leecher.until(lambda: on.rescue.rescues() == frozenset())
        assert on.legacy.finished[KEY].read_bytes() == DATA
        assert await on.store.run(rescue_rows.load) == []


async def test_peers_that_stall_give_the_transfer_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slskmesh.swarm.splice.RESUME_AFTER", 0.2)
    async with scene(tmp_path, DATA[: 3 * CHUNK]) as on:
        end = link(on.nursery, on.leecher, on.helpers[0], rate=4e6)

        def stall(chunk: int, good: bytes) -> bytes:
            if "pause" in on.legacy.asked:
                end.other.gate = trio.Event()  # nothing more comes
            return good

        end.other.alter_data = stall
        await on.leecher.until(lambda: "resume" in on.legacy.asked)
        assert on.one.phase is TransferPhase.REQUESTED and KEY not in on.legacy.finished
        assert on.one.local.read_bytes() == DATA[: 3 * CHUNK]  # nothing was lost: it may go on
        on.one.phase = TransferPhase.ACTIVE
        await trio.to_thread.run_sync(on.one.local.write_bytes, DATA)  # and brings the rest
        await on.leecher.until(lambda: KEY in on.legacy.finished)
        assert on.legacy.finished[KEY].read_bytes() == DATA


def test_choice_by_size_and_by_what_there_is_to_compare(tmp_path: Path) -> None:
    local = tmp_path / "p"
    sent = OneSent(local)
    sure, loose = Candidate(b"1" * 32, SIZE, True, "s"), Candidate(b"2" * 32, SIZE, False, "l")
    assert choose(sent, []) == ([], "no peer in reach is known to have it")
    fits, why = choose(sent, [Candidate(b"3" * 32, SIZE + 1, True, "")])
    assert not fits and "other sizes (3,000,001 bytes, not 3,000,000)" in why
    assert choose(sent, [loose])[0] == [] and "too little has come" in choose(sent, [loose])[1]
    assert choose(sent, [loose, sure])[0] == [sure]
    local.write_bytes(bytes(CHUNK))
    assert choose(sent, [loose, sure, loose])[0] == [sure, loose]
    many = [Candidate(bytes([i]) * 32, SIZE, True, "") for i in range(20)]
    assert len(choose(sent, many)[0]) == module.CANDIDATES_MAX


# -- kills ------------------------------------------------------------------------------------------------------------


def kill_at(root: Path, step: str) -> None:
    """A process that rescues, killed as soon as it tells of this step."""
    command = [sys.executable, "-m", "tests.acquire.killed_rescue", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(step):
                break
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("step", ["said peers are asked", "half", "paused", "placed", "ended"])
async def test_a_kill_at_each_step_loses_nothing(tmp_path: Path, step: str) -> None:
    begin = DATA[: 10 * CHUNK + 5]
    (tmp_path / "legacy.part").write_bytes(begin)
    await trio.to_thread.run_sync(kill_at, tmp_path, step)
    one = OneSent(tmp_path / "legacy.part")
    placed = tmp_path / "1" / "downloads" / "Album" / "a song.flac"
    assert one.local.exists() or placed.read_bytes() == DATA  # the old one or the new one
    assert not one.local.exists() or one.local.read_bytes() == begin
    one.phase = TransferPhase.PAUSED if step in ("paused", "placed") else TransferPhase.ACTIVE
    if not one.local.exists():
        one.phase = TransferPhase.DONE
    legacy = LegacyList(one)
    async with open_store(tmp_path / "r.db") as store, nodes(tmp_path, 2) as (nursery, [leecher, helper]):
        helper.shelf.put(helper.root / "f", DATA)
        rescue = Rescue(store, legacy, leecher.downloads, Found([candidate()]), lambda: QUICK, say=legacy.say)
        await nursery.start(rescue.run)
        link(nursery, leecher, helper)
        await leecher.until(lambda: one.phase is TransferPhase.DONE and rescue.rescues() == frozenset())
        assert placed.read_bytes() == DATA and list(placed.parent.iterdir()) == [placed]
        assert await store.run(rescue_rows.load) == []
        assert not any(leecher.downloads_root.joinpath(".incomplete").iterdir())
