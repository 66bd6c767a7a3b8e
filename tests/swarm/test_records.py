"""The list of downloads on disk, and entries made of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slskmesh.store.database import open_store
from slskmesh.swarm import records
from slskmesh.swarm.download import Wish
from slskmesh.swarm.entry import Entry
from slskmesh.swarm.records import Record
from slskmesh.swarm.state import Phase
from tests.swarm.memory import manifest_of

ODD = os.fsdecode(b"/music/not \xff utf-8/x")


def record(number: int, **fields: object) -> Record:
    made = Record(bytes([number]) * 32, f"n{number}", "a/b", 7, "queued", "", number, 1.5, None, "", "")
    return made._replace(**fields)  # type: ignore[arg-type]


async def test_records_come_back_as_they_were_in_queue_order(tmp_path: Path) -> None:
    kept = [
        record(1, position=2, state="done", finished=2.5, path=ODD, root=str(Path(ODD).parent)),
        record(2, position=0, state="failed", reason="disk full"),
        record(3, position=1, name="名前.flac", size=2**36, group="job 7"),
    ]
    async with open_store(tmp_path / "db") as store:
        for item in kept:
            await store.run(records.save, item)
    async with open_store(tmp_path / "db") as store:
        assert await store.run(records.load) == [kept[1], kept[2], kept[0]]
        await store.run(records.save, kept[1]._replace(state="queued", reason=""))
        await store.run(records.reorder, [kept[0].content, kept[1].content])
        await store.run(records.delete, kept[2].content)
        await store.run(records.delete, b"\xee" * 32)  # not there: nothing happens
        loaded = await store.run(records.load)
        assert [(item.content, item.position) for item in loaded] == [
            (kept[0].content, 0),
            (kept[1].content, 1),
        ]
        assert loaded[1].reason == ""


@pytest.mark.parametrize("state", ["queued", "paused", "failed", "done"])
def test_an_entry_is_its_record(state: str) -> None:
    kept = record(1, state=state, reason="why", path="/d/x", finished=3.0, root="/d")
    entry = Entry.of(kept)
    assert entry.record(kept.position) == kept
    assert entry.view_phase() is Phase(state) and entry.root == Path("/d")
    assert Entry.of(record(2)).root is None


def test_a_finished_entry_takes_the_true_size_and_shows_all_of_it() -> None:
    manifest = manifest_of(b"x" * 100_000)
    entry = Entry(Wish(manifest.content_id(), 0, "x", ""), Phase.QUEUED, 1.0, 0)
    assert (entry.view(9.0).size, entry.view(9.0).done) == (0, 0)
    entry.finish(Path("/d/x"), 5.0, manifest)
    view = entry.view(9.0)
    assert (view.phase, view.size, view.done) == (Phase.DONE, 100_000, 100_000)
    assert view.chunks_done == view.chunks == manifest.chunks
    assert (view.path, view.finished, view.rate, view.sources) == ("/d/x", 5.0, 0.0, ())


def test_a_failure_does_not_undo_what_the_person_said_meanwhile() -> None:
    entry = Entry.of(record(1))
    entry.fail("disk full")
    assert (entry.phase, entry.reason) == (Phase.FAILED, "disk full")
    paused = Entry.of(record(2, state="paused"))
    paused.fail("disk full")
    assert (paused.phase, paused.reason) == (Phase.PAUSED, "")
