"""Rows and details of jobs: words for every phase, order, shares, widths; whatever the numbers are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.job_views import JobPhase, JobRowView, LineView
from tests.tui.fake import NOW, s
from tests.tui.fake_jobs import TRACK_PHASES, job, job_view, jobs, release, track
from tui.viewmodel import job_tracks
from tui.viewmodel import jobs as words
from tui.viewmodel.columns import header, layout
from tui.viewmodel.glyphs import ASCII, UTF8
from tui.viewmodel.spans import text_of, width

TEXT = st.text(max_size=60).map(lambda text: s(text))
NUMBER = st.integers(0, 10**13)
ROWS = st.builds(
    JobRowView,
    job=st.integers(1, 10**6),
    kind=st.sampled_from(["mb_release", "discography", "label_crate", "something_new"]),
    title=TEXT,
    phase=st.sampled_from(JobPhase),
    reason=TEXT,
    releases_total=NUMBER,
    releases_done=NUMBER,
    tracks_total=NUMBER,
    tracks_done=NUMBER,
    tracks_failed=NUMBER,
    bytes_total=NUMBER,
    bytes_done=NUMBER,
    rate=st.floats(0, 1e12),
    eta=st.none() | st.floats(0, 1e9),
    retry_at=st.none() | st.floats(0, 2e9),
    added=st.floats(0, 2e9),
    via=st.sampled_from(["", "mesh", "local"]),
)


@given(ROWS, st.integers(60, 200), st.sampled_from([UTF8, ASCII]))
def test_every_row_is_as_wide_as_asked_and_never_whole_too_soon(row: JobRowView, cells: int, glyphs) -> None:  # type: ignore[no-untyped-def]
    shown = words.columns(glyphs, NOW, cells)
    line = layout(shown, row, cells, glyphs)
    assert width(line) == cells == width(header(shown, cells, glyphs))
    assert row.phase.value[:9] in text_of(line)
    part, whole = words.progress(row)
    assert 0 <= part <= whole or whole == 0
    assert ("100%" in text_of(line)) <= (row.phase is JobPhase.DONE or "100%" in row.title + row.reason)


@given(st.lists(ROWS, max_size=20), st.sampled_from(words.SORTS), st.booleans())
def test_an_order_loses_no_job_and_a_filter_only_others(
    rows: list[JobRowView], sort: str, reverse: bool
) -> None:
    shown = words.order(rows, "", sort, reverse)
    assert sorted(map(id, shown)) == sorted(map(id, rows))
    assert words.order(rows, "", words.WORK, False) == rows
    kept = words.order(rows, "running", sort, reverse)
    assert all("running" in words.words_of(row) for row in kept)
    assert len(kept) == sum("running" in words.words_of(row) for row in rows)


@pytest.mark.parametrize("phase", list(JobPhase))
def test_every_phase_has_words_without_a_reason(phase: JobPhase) -> None:
    row = job(1, phase=phase, reason=s(""), retry_at=NOW + 252 if phase is JobPhase.WAITING else None)
    assert words.why(row, NOW)
    assert phase in words.PHASE_ROLES
    if phase is JobPhase.WAITING:
        assert words.why(row, NOW) == words.until(row, NOW) == "next try 4:12"
        assert words.why(row, NOW + 1000) == "next try 0:00"


def test_a_reason_stands_behind_the_next_try() -> None:
    assert words.why(job(3), NOW) == "next try 4:12: nobody who is reached has 2 of its tracks"
    assert words.why(job(6), NOW) == words.until(job(6), NOW) == "the disk is full: make room, then r"


def test_what_is_counted_depends_on_the_kind() -> None:
    assert words.progress(job(1, bytes_total=100, bytes_done=25)) == (25, 100)
    assert words.progress(job(0, bytes_total=100, bytes_done=99)) == (148, 401), (
        "a crate's bytes are not all known"
    )
    assert words.progress(job(2, tracks_total=0, tracks_done=0, releases_done=1)) == (1, 4)
    assert words.progress(job(7, tracks_total=0, bytes_total=0, releases_total=0)) == (0, 0)


def test_what_stays_on_disk_is_counted() -> None:
    view = job_view(1)
    assert words.stays(job(1), view).startswith("19 finished files stay, ")
    assert "of unfinished ones are deleted" in words.stays(job(1), view)
    assert words.stays(job(1), None) == "19 finished files stay, unfinished ones are deleted"
    assert words.stays(job(4), None) == "10 finished files stay"
    assert words.stays(job(4, tracks_done=0), None) == "no file is touched"
    assert "unfinished ones are deleted" in words.stays(job(6), None), "a failed one still has some"


def test_the_summary_counts_phases() -> None:
    rows = jobs().jobs
    assert (
        words.summary(rows, "work", False, 8, "") == "2 running, 1 planning, 1 waiting, 1 failed, 1 done of 8"
    )
    assert words.summary(rows, "rate", True, 2, "moon").startswith("sort:rate up  2 shown /moon")
    assert words.summary((), "work", False, 0, "") == ""


@pytest.mark.parametrize("phase", TRACK_PHASES)
@pytest.mark.parametrize("cells", [75, 115])
def test_every_track_tells_its_state(phase: str, cells: int) -> None:
    row = track(1, phase=phase, reason=s("because"))
    line = text_of(layout(job_tracks.track_columns(ASCII, None), row, cells, ASCII))
    assert f"{phase}: " in line and len(line) == cells
    assert phase in job_tracks.TRACK_ROLES


def test_a_track_without_a_source_tells_the_next_try() -> None:
    lonely = track(3)
    assert job_tracks.state(lonely, 252.0) == "no source: nobody named it; next try 4:12"
    assert job_tracks.state(track(0), 252.0) == "done"
    assert job_tracks.next_try(job(3), NOW) == 252 and job_tracks.next_try(job(1), NOW) is None
    assert job_tracks.next_try(None, NOW) is None


def test_holders_in_words() -> None:
    assert job_tracks.holders(6, 4, 9) == "4 hold it, the table names 6, about 9 by sketches"
    assert job_tracks.holders(0, 0, 0) == "nobody is known to hold it yet"


@given(
    st.lists(st.builds(LineView, st.floats(0, 2e9), st.sampled_from(["info", "warn", "?"]), TEXT), max_size=9)
)
def test_the_timeline_is_whole_and_newest_first(lines: list[LineView]) -> None:
    shown = job_tracks.event_lines(lines, 40)
    assert len(shown) >= len(lines)
    text = "".join(line[1][0] for line in shown)
    for line in lines:
        assert all(word in text for word in line.text.split(" ") if len(word) <= 20)
    if lines:
        assert lines[-1].text.split(" ")[0][:20] in text_of(shown[0])


def test_the_tracks_of_one_release() -> None:
    view = job_view(0, 32)
    assert len(job_tracks.wanted(view, "")) == 32
    assert {t.release for t in job_tracks.wanted(view, view.releases[1].mbid)} == {view.releases[1].mbid}
    assert job_tracks.wanted(view, "unknown") == []


def test_details_leave_out_what_is_not_known() -> None:
    text = "\n".join(text_of(line) for line in job_tracks.details(track(3), 252.0))
    assert "no source: nobody named it; next try 4:12" in text and "none chosen" in text and "why" not in text
    text = "\n".join(text_of(line) for line in job_tracks.details(track(1), None))
    assert "canon FLAC 16/44.1" in text and "why" in text and "of 4 candidates" in text
    line = text_of(layout(job_tracks.release_columns(UTF8), release(3), 75, UTF8))
    assert "queued: asked" in line and "1999" in line


@pytest.mark.parametrize("via", ["mesh", "soulseek", "both", "local"])
def test_where_a_job_s_tracks_come_from_is_told_whole(via: str) -> None:
    line = text_of(layout(words.columns(UTF8, NOW, 116), job(1, via=via), 116, UTF8))
    assert line.rstrip().endswith(f" {via}")
