"""From jobs and plans to views: nothing foreign reaches a screen unsanitised, and nothing is lost."""

from __future__ import annotations

import msgspec
import pytest

from slskmesh.acquire.domains import Constraints, Intent, Music
from slskmesh.acquire.plan import Candidate, Plan, Planned
from slskmesh.catalogue.objects import LabelRef, Medium, Release, ReleaseBrief, Track
from slskmesh.engine.job_snapshots import (
    entity_of_full,
    entity_of_release,
    job_view,
    options_text,
    plan_view,
    variant_name,
    year_of,
)
from slskmesh.engine.job_views import JobPhase
from slskmesh.identity.peerid import PeerId
from slskmesh.jobs.state import JobLine, JobState, Kind, Phase, ReleaseState, Spec, TrackPhase, TrackState
from slskmesh.mbid import Mbid
from slskmesh.text import SafeStr

ID = Mbid("b84ee12a-09ef-421b-82de-0441a926375b")
EVIL = "\x1b]0;owned\x07[/b]\u202eabc"


def test_a_phase_of_a_job_has_its_word_on_the_screen() -> None:
    assert {phase.value for phase in Phase} == {phase.value for phase in JobPhase}


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        (
            Candidate(b"", 1, "mesh", codec="FLAC", lossless=True, bit_depth=16, sample_rate=44100),
            "FLAC 16/44.1",
        ),
        (
            Candidate(b"", 1, "mesh", codec="FLAC", lossless=True, bit_depth=24, sample_rate=96000),
            "FLAC 24/96",
        ),
        (Candidate(b"", 1, "mesh", codec="MP3", bitrate=320_000), "MP3 320"),
        (Candidate(b"", 1, "mesh", codec="Opus"), "Opus"),
        (Candidate(b"", 1, "mesh"), "?"),
    ],
)
def test_a_variant_is_named_as_people_name_it(candidate: Candidate, name: str) -> None:
    assert variant_name(candidate) == name


@pytest.mark.parametrize(
    ("date", "year"), [("2002-02-13", 2002), ("2002", 2002), ("", 0), ("20", 20), ("????-03", 0)]
)
def test_years(date: str, year: int) -> None:
    assert year_of(date) == year


def _release() -> Release:
    tracks = tuple(
        Track(ID, SafeStr(f"T{i}"), SafeStr("A"), 1, i, length=1000 * i or None) for i in range(1, 4)
    )
    labels = (LabelRef(None, SafeStr("Tin Moth"), SafeStr("TM 1")),)
    return Release(
        ID, SafeStr("Title"), SafeStr("A"), (Medium(1, SafeStr("CD"), SafeStr(""), tracks),), labels=labels
    )


def test_a_plan_shows_each_track_with_its_candidates_or_the_reason_there_is_none() -> None:
    release = _release()
    peer = PeerId(b"\x01" * 32)
    good = Candidate(
        b"\x02" * 32, 5, "mesh", (peer,), "FLAC", True, 44100, 16, reasons=("same stream as yours",)
    )
    wants = [Intent(Music(ID)) for _ in release.tracks]
    plan = Plan(
        (
            Planned(wants[0], (good,)),
            Planned(wants[1], refused=((good, "lossy is refused"),)),
            Planned(wants[2], reason="nobody has it"),
        ),
        holders=1,
        publishers=2,
        estimate=9,
        lines=(EVIL,),
    )
    view = plan_view(release, plan, held=1)
    assert [track.position for track in view.tracks] == [1, 2, 3]
    assert view.tracks[0].variants[0].peers == ("k:0101..01",)
    assert view.tracks[0].variants[0].reasons == ("same stream as yours",)
    assert view.tracks[1].reason == "lossy is refused" and view.tracks[2].reason == "nobody has it"
    assert view.tracks[1].length == 2.0
    assert (view.holders, view.publishers, view.estimate, view.release.held) == (1, 2, 9, 1)
    assert "\x1b" not in view.lines[0] and "\u202e" not in view.lines[0]


def test_a_job_in_full_is_sanitised_and_shows_its_last_lines_only() -> None:
    spec = Spec(kind=Kind.DISCOGRAPHY, target=ID, requested_by=EVIL)
    state = JobState(7, spec, EVIL, Phase.WAITING, EVIL, rate=1.6, eta=2.4)
    track = TrackState(1, ID, ID, 1, 1, EVIL, EVIL, 1500, TrackPhase.NO_SOURCE, EVIL, why=EVIL, path=EVIL)
    lines = [JobLine(float(i), "info", f"{i} {EVIL}") for i in range(500)]
    view = job_view(state, [ReleaseState(ID, EVIL, EVIL, "1999", Phase.RUNNING)], [track], lines)
    assert view.row.phase is JobPhase.WAITING and view.row.rate == 2 and view.row.eta == 2
    assert len(view.lines) == 200 and view.lines[-1].text.startswith("499 ")
    assert view.tracks[0].length == 1.5 and view.tracks[0].phase == "no source"
    shown = msgspec.json.encode(view).decode()
    assert "\\u001b" not in shown and "\u202e" not in shown


def test_the_options_of_a_job_in_one_line() -> None:
    spec = Spec(
        kind=Kind.LABEL_CRATE,
        target=ID,
        limit=5,
        scene="scene:label:x",
        target_dir="Crates",
        layout="{artist}/{title}",
        constraints=Constraints(("FLAC",), allow_lossy=False, overlay_bandwidth_kbps=600),
    )
    text = options_text(spec)
    for part in (
        "limit 5",
        "scene scene:label:x",
        "codecs FLAC",
        "lossy refused",
        "at most 600 kbit/s",
        "folder Crates",
        "layout {artist}/{title}",
        "asked by user",
    ):
        assert part in text
    assert "profile" not in text and "None" not in text


def test_entities_tell_what_tells_them_apart() -> None:
    brief = ReleaseBrief(
        ID,
        SafeStr("T"),
        SafeStr("A"),
        date=SafeStr("2002-01-01"),
        format=SafeStr("CD"),
        label=SafeStr("Warp"),
        number=SafeStr("WARP1"),
        country=SafeStr("GB"),
        primary_type=SafeStr("Album"),
        secondary_types=(SafeStr("Live"),),
        tracks=3,
    )
    view = entity_of_release(brief, held=2)
    assert view.detail == "Album, Live · CD · Warp WARP1 · GB" and (view.year, view.tracks, view.held) == (
        2002,
        3,
        2,
    )
    assert entity_of_full(_release()).detail == "CD · Tin Moth TM 1"
