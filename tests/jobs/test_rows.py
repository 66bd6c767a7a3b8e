"""Jobs on the real store: what is written comes back, together or not at all."""

import os
from pathlib import Path

import msgspec
import peewee
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.acquire.domains import Constraints
from slskmesh.errors import StorageError
from slskmesh.jobs import rows
from slskmesh.jobs.ledger import Ledger
from slskmesh.jobs.record import JobRecord, ReleaseRecord, TrackRecord, encode_release
from slskmesh.jobs.state import JobLine, Kind, Phase, Spec, TrackPhase
from slskmesh.store.database import open_store
from slskmesh.store.models.jobs import JobLineRow, JobReleaseRow, JobRow, JobTrackRow
from tests.jobs.doubles import content, inline_store, kept, make_release, mbid, spec

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
number = st.integers(0, 2**40)
contents = st.lists(
    st.one_of(number.map(lambda n: n.to_bytes(32, "big")), st.binary(min_size=16, max_size=16)), max_size=3
).map(tuple)
specs = st.builds(
    Spec,
    kind=st.sampled_from(Kind),
    target=text,
    title=text,
    target_dir=text,
    tracks=st.lists(st.one_of(st.integers(1, 99), text), max_size=3).map(tuple),
    constraints=st.builds(Constraints, st.lists(text, max_size=2).map(tuple), st.booleans()),
)
jobs = st.builds(
    JobRecord, st.just(1), specs, text, st.sampled_from(Phase), text, st.just(0), number, st.booleans(),
    st.one_of(st.none(), st.floats(0, 2e9)), st.floats(0, 2e9), st.floats(0, 2e9),
)  # fmt: skip
releases = st.builds(
    ReleaseRecord, st.just(1), st.integers(0, 9), text, text, text, text, text, st.sampled_from(Phase), text,
    number, number, number, st.binary(max_size=9),
)  # fmt: skip
tracks = st.builds(
    TrackRecord, st.just(1), st.integers(0, 9), number, text, text, number, number, number, text, text,
    st.one_of(st.none(), number), st.sampled_from(TrackPhase), text, contents.map(b"".join), number, text,
    st.booleans(), number, text, st.binary(max_size=20).map(lambda raw: os.fsdecode(raw.replace(b"\0", b""))),
    contents, contents, st.sampled_from(["", "mesh", "soulseek"]), text,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    jobs,
    st.lists(releases, max_size=3, unique_by=lambda one: one.index),
    st.lists(tracks, max_size=40, unique_by=lambda one: one.key),
)
def test_records_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory,
    job: JobRecord,
    some: list[ReleaseRecord],
    more: list[TrackRecord],
) -> None:
    with inline_store(tmp_path_factory.mktemp("rows") / "db"):
        assert rows.enter(job) == 1
        rows.write([job, *some, *more], 1, [(1, JobLine(2.5, "warn", "said"))])
        [back] = rows.load()
        assert back.record == job
        assert back.releases == sorted(some, key=lambda one: one.index)
        assert back.tracks == sorted(more, key=lambda one: one.key)
        assert back.lines == [(1, JobLine(2.5, "warn", "said"))]


def test_a_release_comes_back_whole() -> None:
    release = make_release(discs=2)
    assert ReleaseRecord(1, 0, mbid(1), body=encode_release(release)).release() == release
    assert ReleaseRecord(1, 0, mbid(1)).release() is None


@pytest.mark.parametrize("model", [JobRow, JobReleaseRow, JobTrackRow, JobLineRow])
def test_the_tables_are_their_models(tmp_path: Path, model: type[peewee.Model]) -> None:
    with inline_store(tmp_path / "db"):
        columns = kept(tmp_path / "db", f"SELECT name FROM pragma_table_info('{model._meta.table_name}')")
    assert {name for (name,) in columns} == {field.column_name for field in model._meta.sorted_fields}


async def test_a_write_that_fails_changes_neither_disk_nor_memory(tmp_path: Path) -> None:
    said: list[JobLine] = []
    async with open_store(tmp_path / "db") as store:
        ledger = Ledger(store, lambda: 5.0, lambda job, line: said.append(line))
        job = await ledger.enter(spec(), "title", ("info", "added"))
        track = TrackRecord(job.number, 1, 0, mbid(1), mbid(101), 1, 1, 1, "Song", "Ann", content=content(1))
        await ledger.write(job, track, words=[("good", "one")])
        wrong = msgspec.structs.replace(track, title="other", size=2**70)  # SQLite holds 63 bits
        with pytest.raises(OverflowError):
            await ledger.write(job, wrong, words=[("good", "two")])
        assert job.tracks[1] == track and [line.text for line in said] == ["added", "one"]
        again = Ledger(store, lambda: 5.0, lambda job, line: None)
        await again.load()
        [back] = again
        assert (back.record, back.tracks, list(back.lines)) == (job.record, job.tracks, list(job.lines))


async def test_what_cannot_be_saved_holds_and_says_so(tmp_path: Path) -> None:
    with inline_store(tmp_path / "db") as store:
        ledger = Ledger(store, lambda: 5.0, lambda job, line: None)
        job = await ledger.enter(spec(), "title", ("info", "added"))
        store.fails = StorageError("db: the disk is full")
        await ledger.phase(job, Phase.FAILED, "disk", words=[("error", "failed: disk")])
        assert job.record.phase is Phase.FAILED
        assert [line.text for line in job.lines] == [
            "added",
            "failed: disk",
            "the job was not saved: db: the disk is full",
        ]
