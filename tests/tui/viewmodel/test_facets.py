"""Facets: formats are alternatives, the others all hold; they work with words, order and rows that come later."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.hit_facts import facts_of
from slskmesh.engine.views import HitView
from tests.tui.fake import hit, s
from tests.tui.fake_search import legacy
from tui.viewmodel.facets import FACETS, NAMES, held, names_of, passes, switches
from tui.viewmodel.glyphs import ASCII
from tui.viewmodel.results import Results
from tui.viewmodel.rows import Wanted
from tui.viewmodel.spans import text_of, width

MESH = st.builds(
    lambda n, form, trusted, have: hit(n, format=s(form), trusted=trusted, have=have),
    st.integers(0, 60),
    st.sampled_from(["FLAC", "flac", "MP3", "OPUS", "WAV", ""]),
    st.booleans(),
    st.booleans(),
)
LEGACY = st.builds(
    lambda n, free, locked, have: legacy(n, 0, free_slot=free, locked=locked, have=have, content=""),
    st.integers(0, 60),
    st.sampled_from([True, False, None]),
    st.booleans(),
    st.booleans(),
)
HITS = st.lists(st.one_of(MESH, LEGACY), max_size=40)
ON = st.sets(st.sampled_from(NAMES)).map(frozenset)


def shows(one: HitView, *names: str) -> bool:
    return passes(held(one, facts_of(one)), frozenset(names))


def test_formats_are_alternatives_and_the_rest_all_hold() -> None:
    flac, mp3 = (
        hit(0, format=s("FLAC"), trusted=True, have=False),
        hit(1, format=s("mp3"), trusted=False, have=True),
    )
    assert shows(flac) and shows(mp3)
    assert shows(flac, "FLAC", "MP3") and shows(mp3, "FLAC", "MP3")
    assert shows(flac, "lossless", "trusted", "not here")
    assert not shows(mp3, "MP3", "trusted") and not shows(mp3, "not here")
    assert len({facet.key for facet in FACETS}) == len(FACETS)


def test_free_slots_and_networks() -> None:
    assert shows(legacy(0, 0), "free slot") and not shows(legacy(0, 1), "free slot")
    assert not shows(legacy(0, 0, free_slot=None), "free slot") and not shows(
        legacy(0, locked=True), "free slot"
    )
    assert shows(hit(0), "free slot", "mesh") and not shows(legacy(0), "mesh")


@given(HITS, ON, ON, st.booleans())
def test_the_list_is_what_passes_whenever_rows_come(
    hits: list[HitView], first: frozenset[str], then: frozenset[str], late: bool
) -> None:
    results = Results(Wanted(facets=first))
    cut = len(hits) // 2 if late else 0
    results.add(hits[:cut])
    for _ in results.arrange(replace(results.asked, facets=then)):
        pass
    results.add(hits[cut:])
    shown = {results.row(at).key for at in range(len(results))}
    assert shown == {key for key, row in results.rows.items() if any(shows(c.hit, *then) for c in row.copies)}
    assert results.narrowed == bool(then)
    for at in range(len(results)):
        assert results.position(results.row(at).key) == at


def test_a_trusted_copy_brings_a_hidden_row_back() -> None:
    results = Results(Wanted(facets=frozenset({"trusted"})))
    results.add([hit(1, content="a" * 64, trusted=False)])
    assert len(results) == 0
    results.add([hit(2, content="a" * 64, trusted=True)])
    assert len(results) == 1 and results.row(0).hit.key == 2


def test_switches_go_by_the_room() -> None:
    on, counts = frozenset({"FLAC"}), {"FLAC": 12, "lossless": 14, "trusted": 12_000}
    told = text_of(switches(on, counts, 120, ASCII))
    assert "[x]FLAC 12" in told and "[ ]trusted 12k" in told and "[ ]mesh 0" in told
    assert told.rstrip().endswith("f facets") and "MP3" not in told and "MBID" not in told
    assert "[ ]MP3" not in told and "[x]MP3" in text_of(switches(frozenset({"MP3"}), counts, 120, ASCII))
    plain = text_of(switches(on, counts, 72, ASCII))
    assert "[x]FLAC" in plain and "12" not in plain, "numbers go before switches do"
    assert text_of(switches(on, {}, 30, ASCII)) == " [x]FLAC f facets "
    assert width(switches(on, counts, 10, ASCII)) == 0
    assert text_of(switches(frozenset(), counts, 20, ASCII)) == " f facets "


@given(HITS, ON)
def test_counts_are_those_of_all_rows(hits: list[HitView], on: frozenset[str]) -> None:
    results = Results(Wanted(facets=on))
    results.add(hits)
    for facet in FACETS:
        held_by = sum(any(facet.holds(c.hit, c.facts) for c in row.copies) for row in results.rows.values())
        assert results.counts.get(facet.name, 0) == held_by, facet.name


@given(HITS)
def test_names_and_bits_say_the_same(hits: list[HitView]) -> None:
    for one in hits:
        facts = facts_of(one)
        assert names_of(held(one, facts)) == [facet.name for facet in FACETS if facet.holds(one, facts)]
