"""`slskmesh jobs`: what is refused before an engine starts, what is read, and when following a queue ends."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.cli.job_run import OVER, Watch
from slskmesh.cli.jobs import check_target, read_step, read_tracks
from slskmesh.engine.job_views import JobPhase, JobRowView
from slskmesh.errors import UserError
from slskmesh.text import sanitize

Run = Callable[..., subprocess.CompletedProcess[str]]
ID = "0d4f0a0b-5c1f-4b51-9c6e-0c2f1d1b9a77"
PAGE = f"https://musicbrainz.org/release/{ID}"


@pytest.mark.parametrize(
    ("text", "tracks"),
    [
        ("", ()),
        ("1", (1,)),
        ("1,3-5", (1, 3, 4, 5)),
        (" 2 , 2-3 ,", (2, 3)),
        (f"{ID.upper()},7", (ID, 7)),
    ],
)
def test_tracks_are_places_ranges_and_recordings(text: str, tracks: tuple[int | str, ...]) -> None:
    assert read_tracks(text) == tracks


@pytest.mark.parametrize("text", ["x", "0", "5-3", "1-", "-1", "1;2", "1-99999", "٣", ID[:-1]])
def test_what_is_no_track_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(UserError, match="--tracks"):
        read_tracks(text)


@given(st.text(max_size=40))
def test_any_text_is_tracks_or_an_error_of_the_person(text: str) -> None:
    try:
        assert all(isinstance(one, str) or one >= 1 for one in read_tracks(text))
    except UserError:
        pass


def test_a_step_is_a_signed_number() -> None:
    assert [read_step(text) for text in ("-1", "+2", "3")] == [-1, 2, 3]
    for text in ("0", "", "up", "--1", "1.5"):
        with pytest.raises(UserError, match="number of places"):
            read_step(text)


def test_a_page_of_another_kind_is_refused() -> None:
    assert check_target("release", PAGE) == check_target("discography", ID) == ID
    with pytest.raises(UserError, match="needs one of kind artist"):
        check_target("discography", PAGE)
    with pytest.raises(UserError, match="not a MusicBrainz id"):
        check_target("crate", "warp")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["jobs", "add", "release", "nonsense"], "not a MusicBrainz id"),
        (["jobs", "add", "discography", PAGE], "a page of kind release"),
        (["jobs", "add", "crate", ID, "--tracks", "1"], "--tracks is for a release only"),
        (["jobs", "add", "release", ID, "--profile", "all"], "--profile is for a discography only"),
        (["jobs", "add", "release", ID, "--limit", "3"], "--limit is for a crate only"),
        (["jobs", "add", "release", ID, "--tracks", "a"], "--tracks"),
        (["jobs", "add", "everything", ID], "everything"),
        (["jobs", "add", "release", ID, "--limit", "501"], "500"),
        (["jobs", "move", "1", "up"], "number of places"),
        (["jobs", "show", "0"], "equal to 1"),
        (["resolve", "nonsense"], "not a MusicBrainz id"),
        (["resolve", f"https://musicbrainz.org/artist/{ID}"], "a page of kind artist"),
        (["search", "--mbid", "nonsense"], "not a MusicBrainz id"),
        (["search", "words", "--mbid", ID], "not both"),
        (["lookup", " "], "nothing to look up"),
        (["lookup", "x", "--kind", "song"], "song"),
    ],
)
def test_bad_input_is_code_2_before_anything_starts(
    run: Run, tmp_path: Path, args: list[str], said: str
) -> None:
    done = run(*args, "--home", tmp_path / "h")
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize("command", [["lookup", "x"], ["resolve", ID], ["jobs", "list"], ["jobs", "run"]])
def test_a_home_that_is_not_set_up_says_what_to_do(run: Run, tmp_path: Path, command: list[str]) -> None:
    done = run(*command, "--home", tmp_path / "h")
    assert done.returncode == 2 and "not set up" in done.stderr and len(done.stderr.splitlines()) == 1


def row(phase: JobPhase, job: int = 1) -> JobRowView:
    return JobRowView(job, "mb_release", sanitize("x"), phase)


def test_waiting_jobs_get_their_patience_counted_from_the_last_work() -> None:
    watch = Watch(10.0, 0.0)
    assert not watch.over([row(JobPhase.RUNNING)], 5.0)
    assert watch.left(5.0) == 10.0
    assert not watch.over([row(JobPhase.WAITING)], 14.9)
    assert watch.over([row(JobPhase.WAITING)], 15.0)
    assert not watch.over([row(JobPhase.WAITING), row(JobPhase.PLANNING, 2)], 20.0)
    endless = Watch(None, 0.0)
    assert not endless.over([row(JobPhase.WAITING)], 1e9) and endless.left(1e9) is None
    assert endless.over([row(JobPhase.PAUSED), row(JobPhase.DONE, 2)], 0.0)


@given(
    st.lists(st.tuples(st.lists(st.sampled_from(JobPhase), max_size=4), st.floats(0, 20)), max_size=20),
    st.one_of(st.none(), st.floats(1, 30)),
)
def test_it_never_ends_while_a_job_is_worked_on_and_always_when_all_are_over(
    story: list[tuple[list[JobPhase], float]], patience: float | None
) -> None:
    watch, now = Watch(patience, 0.0), 0.0
    for phases, passed in story:
        now += passed
        over = watch.over([row(phase, n) for n, phase in enumerate(phases)], now)
        if any(phase in (JobPhase.QUEUED, JobPhase.PLANNING, JobPhase.RUNNING) for phase in phases):
            assert not over
        elif JobPhase.WAITING not in phases:
            assert over
        if not over and JobPhase.WAITING in phases and patience is not None:
            left = watch.left(now)
            assert left is not None and 0 < left <= patience


def test_the_phases_that_end_a_job_are_those_of_the_views() -> None:
    assert {phase.value for phase in OVER} == {"done", "failed", "cancelled"}
