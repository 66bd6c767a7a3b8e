"""Look-ups: four states told apart, whatever comes in whatever order; pasted ids; widths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.events import Resolving
from slskmesh.engine.job_views import EntityView, PlanTrackView
from tests.tui.fake import s
from tests.tui.fake_jobs import entity, looked_up, mbid, plan_track, resolved, variant
from tui.viewmodel import lookups as words
from tui.viewmodel.columns import layout
from tui.viewmodel.glyphs import ASCII, UTF8
from tui.viewmodel.lookups import Lookup
from tui.viewmodel.spans import text_of, width

TEXT = st.text(max_size=50).map(lambda text: s(text))
ENTITIES = st.builds(
    EntityView,
    mbid=st.uuids().map(str),
    kind=st.sampled_from(["release", "artist", "label", "work"]),
    title=TEXT,
    artist=TEXT,
    detail=TEXT,
    year=st.integers(0, 9999),
    tracks=st.integers(0, 10**6),
    score=st.integers(0, 100),
    held=st.integers(0, 10**6),
)
PLAN_TRACKS = st.builds(
    PlanTrackView,
    place=st.integers(1, 2000),
    disc=st.integers(0, 99),
    position=st.integers(0, 999),
    recording=st.uuids().map(str),
    title=TEXT,
    artist=TEXT,
    length=st.floats(0, 1e6),
    variants=st.lists(st.builds(variant, st.integers(0, 5), name=TEXT), max_size=25).map(tuple),
    refused=st.integers(0, 9),
    reason=TEXT,
)


@given(ENTITIES, PLAN_TRACKS, st.integers(60, 160), st.sampled_from([UTF8, ASCII]))
def test_rows_are_as_wide_as_asked(one: EntityView, track: PlanTrackView, cells: int, glyphs) -> None:  # type: ignore[no-untyped-def]
    assert width(layout(words.entity_columns(glyphs), one, cells, glyphs)) == cells
    assert width(layout(words.plan_columns(), track, cells, glyphs)) == cells
    assert words.entity_lines(one, glyphs)
    assert len(words.variant_lines(track)) >= min(20, len(track.variants))


@given(
    st.lists(
        st.sampled_from(
            ["answer", "nothing", "fail", "resolve", "begun", "so far", "answered", "unknown", "flip"]
        ),
        max_size=12,
    )
)
def test_every_history_of_a_look_up_has_words(steps: list[str]) -> None:
    lookup = Lookup("x", asking=True)
    for step in steps:
        match step:
            case "answer":
                lookup.answer(looked_up(1))
            case "nothing":
                lookup.answer(looked_up(1, 0, note=s("no route")))
            case "fail":
                lookup.fail("refused")
            case "resolve":
                lookup.resolve(entity(1))
            case "answered":
                lookup.answered(resolved(2))
            case "begun" | "so far":
                lookup.answered(Resolving(2) if step == "begun" else Resolving(2, 3, 7, 9))
            case "unknown":
                lookup.answered(resolved(2, plan=None, note=s("nobody")))
            case "flip":
                lookup.flip(3)
        assert any(words.entity_empty(lookup)) and any(words.plan_empty(lookup))
        assert isinstance(words.entity_note(lookup) + words.plan_note(lookup), str)
        assert (lookup.plan is not None) == (lookup.resolved is not None and lookup.resolved.plan is not None)
        if lookup.resolving:
            assert "asking" in words.plan_note(lookup) and "asking" in words.plan_empty(lookup)[1]
            told = lookup.so_far
            assert (told is not None and told.publishers > 0) == ("3 hold it" in words.plan_note(lookup))


def test_the_four_states_differ() -> None:
    asking, nothing, old, gone = Lookup(asking=True), Lookup(), Lookup(), Lookup()
    nothing.answer(looked_up(1, 0))
    old.answer(looked_up(1, 2, stale=True, note=s("no route")))
    gone.answer(looked_up(1, 0, note=s("musicbrainz.org cannot be reached")))
    texts = [" ".join(words.entity_empty(x)) + words.entity_note(x) for x in (asking, nothing, old, gone)]
    assert len(set(texts)) == 4
    assert (
        "search by text works" in texts[3] and "no answer" in texts[3] and "old answer: no route" in texts[2]
    )


@pytest.mark.parametrize(
    ("text", "pasted"),
    [
        (mbid(1), True),
        (f"  {mbid(1).upper()} ", True),
        (f"https://musicbrainz.org/release/{mbid(1)}", True),
        (f"http://localhost:5000/artist/{mbid(1)}?x=1", True),
        (f"listen to {mbid(1)}", False),
        ("boards of canada", False),
        ("", False),
    ],
)
def test_what_counts_as_pasted(text: str, pasted: bool) -> None:
    assert words.is_pasted(text) is pasted


def test_held_and_details_in_both_charsets() -> None:
    assert [words.held_text(entity(n)) for n in range(3)] == ["", "3/8", "all"]
    assert words.held_text(entity(1, tracks=0)) == "3/?"
    assert words.detail_text(entity(0), ASCII) == "Album - CD - Quayside QR100 - NO"
    assert words.detail_text(entity(0), UTF8).count("·") == 3


def test_the_best_variant_leads_and_what_is_here_says_so() -> None:
    def row(number: int) -> str:
        return text_of(layout(words.plan_columns(), plan_track(number), 115, ASCII))

    assert "canon FLAC 16/44.1" in row(1) and "most holders agree on it" in row(1)
    assert "nobody named it" in row(3) and "here already" in row(6)
    text = "\n".join(text_of(line) for line in words.variant_lines(plan_track(1)))
    assert "k:7f3a..9c, k:22ab..9c" in text and "1 candidate left out by what the job accepts" in text


def test_the_release_s_box_tells_holders_and_how_it_came_about() -> None:
    lookup = Lookup()
    assert words.plan_lines(lookup, ASCII) == []
    lookup.resolve(entity(1))
    assert "Harbour Lights" in text_of(words.plan_lines(lookup, ASCII)[0])
    lookup.answered(resolved(1, note=s("one publisher did not answer")))
    text = "\n".join(text_of(line) for line in words.plan_lines(lookup, ASCII))
    assert (
        "4 hold it, the table names 6" in text and "asked 6 publishers" in text and "did not answer" in text
    )
    lookup.flip(2)
    assert words.plan_note(lookup) == "1 marked  7/8 tracks  4 holders"


def test_a_variant_says_over_which_network_it_comes() -> None:
    given = (variant(0), variant(1, via="soulseek", peers=(), user=s("vinyl_b")))
    track = plan_track(0, variants=given)
    text = "\n".join(text_of(line) for line in words.variant_lines(track))
    assert "k:7f3a..9c, k:22ab..9c" in text and "soulseek: vinyl_b" in text
    row = text_of(layout(words.plan_columns(), track, 115, ASCII))
    assert f" {len(given)}   {len(given[0].peers) + 1} " in row, "two variants, of three peers and a user"
