"""Results: copies collapse, the order holds while hits stream in, filter and sort lose nothing."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.engine.views import HitView
from tests.tui.fake import hit, hits, s
from tui.viewmodel.results import SORTS, Results, quality_text, release_text, target_folder, title_text

HITS = st.lists(
    st.builds(
        lambda key, content, trusted, size: hit(key, content=f"{content:064x}", trusted=trusted, size=size),
        st.integers(0, 200),
        st.integers(0, 40),
        st.booleans(),
        st.integers(1, 5),
    ),
    max_size=60,
)


NONE: frozenset[str] = frozenset()


def shown(results: Results) -> list[str]:
    return [results.row(at).key for at in range(len(results))]


def sorted_like(results: Results) -> bool:
    return results.order == sorted(results.order)


@given(HITS, st.sampled_from(SORTS), st.randoms())
@settings(max_examples=60, deadline=None)
def test_any_batches_in_any_order_give_one_sorted_list(
    all_hits: list[HitView], sort: str, rng: random.Random
) -> None:
    results = Results(sort=sort)
    rest = list(all_hits)
    while rest:
        cut = rng.randint(1, len(rest))
        results.add(rest[:cut])
        rest = rest[cut:]
        if rng.random() < 0.3:
            results.freeze(not results.frozen)
    results.freeze(False)
    assert len(results) == len({h.content for h in {h.key: h for h in reversed(all_hits)}.values()})
    assert results.hits == len({h.key for h in all_hits})
    for _ in results.resort(sort):
        pass
    assert sorted_like(results)
    for at in range(len(results)):
        assert results.position(results.row(at).key) == at


@given(HITS, st.sampled_from(SORTS), st.booleans())
@settings(max_examples=40, deadline=None)
def test_sorting_and_filtering_lose_no_row(all_hits: list[HitView], sort: str, reverse: bool) -> None:
    results = Results()
    results.add(all_hits)
    before = set(shown(results))
    for _ in results.resort(sort, reverse):
        pass
    assert set(shown(results)) == before
    results.refilter("night", NONE)
    assert all("night" in results.rows[key].words for key in shown(results))
    narrowed = shown(results)
    results.refilter("night f", NONE)
    assert set(shown(results)) <= set(narrowed)
    results.refilter("", NONE)
    assert set(shown(results)) == before


def test_copies_are_one_row_and_a_trusted_copy_leads() -> None:
    results = Results()
    results.add(
        [
            hit(1, content="a" * 64, trusted=False),
            hit(2, content="a" * 64, trusted=True),
            hit(1, content="a" * 64),
        ]
    )
    assert len(results) == 1
    assert [copy.key for copy in results.row(0).copies] == [1, 2]
    assert results.row(0).hit.key == 2


def test_frozen_rows_wait_and_are_counted() -> None:
    results = Results()
    results.add(hits(5))
    results.freeze(True)
    results.add(hits(10, 100))
    assert len(results.waiting) == 8
    assert len(results) == 4
    assert results.merge() == 8
    assert len(results) == 12


def test_rows_are_capped_and_the_rest_is_counted(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("tui.viewmodel.results.ROWS_MAX", 10)
    results = Results()
    results.add(hit(n) for n in range(25))
    assert (len(results), results.dropped) == (10, 15)


def test_marks_invert_only_what_is_shown() -> None:
    results = Results()
    results.add(hit(n) for n in range(8))
    first, second = results.row(0).key, results.row(1).key
    results.mark([first])
    results.invert()
    assert first not in results.marked and second in results.marked and len(results.marked) == 7
    results.mark([second])
    assert second not in results.marked


def test_a_folder_is_found_with_its_tracks_in_order() -> None:
    results = Results()
    results.add(hit(n, peer="p", folder=s("X")) for n in (3, 1, 2))
    assert [row.hit.track for row in results.folder(results.row(0))] == [2, 3, 4]


def test_words_of_a_row() -> None:
    assert quality_text(hit(0)) == "FLAC 16/44.1"
    assert quality_text(hit(1)) == "MP3 320"
    assert title_text(hit(0)) == "01 Night Ferry"
    assert title_text(hit(0, title=s(""))) == "01 Night Ferry.flac"
    assert release_text(hit(0, artist=s(""), album=s(""))) == "Music/Marit Holm/Harbour Lights"


def test_where_a_download_goes() -> None:
    assert target_folder(hit(0)) == "Marit Holm/Harbour Lights"
    assert target_folder(hit(0, artist=s("AC/DC"))) == "AC_DC/Harbour Lights"
    assert target_folder(hit(0, album=s(""), folder=s("a\\b\\Twelve Inch/"))) == "Twelve Inch"


def test_a_hundred_thousand_rows_stream_in_quickly() -> None:
    results = Results()
    results.add(hit(n) for n in range(100_000))
    assert len(results) == 100_000
    results.add(hit(n) for n in range(100_000, 100_100))
    assert results.dropped == 100
    slices = sum(1 for _ in results.resort("size"))
    assert slices == 5
    assert sorted_like(results)
