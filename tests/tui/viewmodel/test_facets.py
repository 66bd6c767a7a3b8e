"""Facets: formats are alternatives, the others all hold; they work with words, order and rows that come later."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fake import hit, s
from tui.viewmodel.facets import FACETS, LOSSLESS, NAMES, passes, switches
from tui.viewmodel.glyphs import ASCII
from tui.viewmodel.results import Results
from tui.viewmodel.spans import text_of, width

HITS = st.lists(
    st.builds(
        lambda n, form, trusted, have: hit(n, format=s(form), trusted=trusted, have=have),
        st.integers(0, 60),
        st.sampled_from(["FLAC", "flac", "MP3", "OPUS", "WAV", ""]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=40,
)
ON = st.sets(st.sampled_from(NAMES)).map(frozenset)


def test_formats_are_alternatives_and_the_rest_all_hold() -> None:
    flac, mp3 = (
        hit(0, format=s("FLAC"), trusted=True, have=False),
        hit(1, format=s("mp3"), trusted=False, have=True),
    )
    assert passes(flac, frozenset()) and passes(mp3, frozenset())
    assert passes(flac, frozenset({"FLAC", "MP3"})) and passes(mp3, frozenset({"FLAC", "MP3"}))
    assert passes(flac, frozenset({"lossless", "trusted", "not here"}))
    assert not passes(mp3, frozenset({"MP3", "trusted"})) and not passes(mp3, frozenset({"not here"}))
    assert "FLAC" in LOSSLESS and len({facet.key for facet in FACETS}) == len(FACETS)


@given(HITS, ON, ON, st.booleans())
def test_the_list_is_what_passes_whenever_rows_come(
    hits: list, first: frozenset[str], then: frozenset[str], late: bool
) -> None:  # type: ignore[type-arg]
    results = Results()
    results.refilter("", first)
    cut = len(hits) // 2 if late else 0
    results.add(hits[:cut])
    results.refilter("", then)
    results.add(hits[cut:])
    shown = {results.row(at).key for at in range(len(results))}
    assert shown == {key for key, row in results.rows.items() if passes(row.hit, then)}
    assert results.narrowed == bool(then)
    for at in range(len(results)):
        assert results.position(results.row(at).key) == at


def test_a_trusted_copy_brings_a_hidden_row_back() -> None:
    results = Results()
    results.refilter("", frozenset({"trusted"}))
    results.add([hit(1, content="a" * 64, trusted=False)])
    assert len(results) == 0
    results.add([hit(2, content="a" * 64, trusted=True)])
    assert len(results) == 1 and results.row(0).hit.key == 2


def test_switches_go_by_the_room() -> None:
    on, counts = frozenset({"FLAC"}), {"FLAC": 12, "lossless": 14, "trusted": 12_000}
    told = text_of(switches(on, counts, 100, ASCII))
    assert "[x]FLAC 12" in told and "[ ]trusted 12k" in told and "[ ]MBID 0" in told
    assert told.rstrip().endswith("f facets") and "MP3" not in told
    assert "[ ]MP3" not in told and "[x]MP3" in text_of(switches(frozenset({"MP3"}), counts, 100, ASCII))
    plain = text_of(switches(on, counts, 64, ASCII))
    assert "[x]FLAC" in plain and "12" not in plain, "numbers go before switches do"
    assert text_of(switches(on, {}, 30, ASCII)) == " [x]FLAC f facets "
    assert width(switches(on, counts, 10, ASCII)) == 0
    assert text_of(switches(frozenset(), counts, 20, ASCII)) == " f facets "


@given(HITS, ON)
def test_counts_are_those_of_all_rows(hits: list, on: frozenset[str]) -> None:  # type: ignore[type-arg]
    results = Results()
    results.refilter("", on)
    results.add(hits)
    rows = results.rows.values()
    for facet in FACETS:
        assert results.counts.get(facet.name, 0) == sum(1 for row in rows if facet.holds(row.hit)), facet.name
