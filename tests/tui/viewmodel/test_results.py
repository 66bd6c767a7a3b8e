"""Results: copies collapse, the order holds while hits stream in, filter and sort lose nothing and go in parts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.engine.hit_facts import facts_of
from slskmesh.engine.views import HitView
from slskmesh.filters import Filter, Verdict
from tests.tui.fake import hit, hits, s
from tests.tui.fake_search import legacy, mixed
from tui.viewmodel.hits import same_key, source_rank, who
from tui.viewmodel.results import SLICE, Results
from tui.viewmodel.rows import SORTS, Wanted

KEYS = st.integers(0, 200)
MESH = st.builds(
    lambda key, same, trusted, size: hit(
        key, content=f"{same:064x}", same=f"f{same}" if same % 2 else "", trusted=trusted, size=size
    ),
    KEYS,
    st.integers(0, 40),
    st.booleans(),
    st.integers(1, 5),
)
LEGACY = st.builds(
    lambda number, user, locked, free, speed: legacy(
        number, user, locked=locked, free_slot=free, speed=speed, queue=None if speed is None else 3
    ),
    st.integers(0, 40),
    st.integers(0, 4),
    st.booleans(),
    st.sampled_from([True, False, None]),
    st.sampled_from([None, 0, 5_000, 3_000_000]),
)
HITS = st.lists(st.one_of(MESH, LEGACY), max_size=60)
FILTERS = st.sampled_from(
    [
        "",
        "night",
        "night -salt",
        "lossless",
        "free",
        "free!?",
        "bitrate>=300",
        "format=mp3|flac -night",
        "known",
    ]
)


def shown(results: Results) -> list[str]:
    return [results.row(at).key for at in range(len(results))]


def done(steps: Iterator[None]) -> int:
    return sum(1 for _ in steps)


def sorted_like(results: Results) -> bool:
    return results.order == sorted(results.order)


def wanted_rows(all_hits: list[HitView], wanted: Wanted) -> set[str]:
    """What the rules say is shown, worked out the slow way."""
    first = {h.key: h for h in reversed(all_hits)}
    return {same_key(h) for h in first.values() if wanted.filter.matches(facts_of(h)) is not Verdict.NO}


@given(HITS, st.sampled_from(SORTS), FILTERS, st.randoms())
@settings(max_examples=80, deadline=None)
def test_any_batches_in_any_order_give_one_sorted_list(
    all_hits: list[HitView], sort: str, text: str, rng: random.Random
) -> None:
    wanted = Wanted(sort, filter=Filter.parse(text))
    results = Results(wanted)
    rest = list(all_hits)
    while rest:
        cut = rng.randint(1, len(rest))
        results.add(rest[:cut])
        rest = rest[cut:]
        if rng.random() < 0.3:
            results.freeze(not results.frozen)
    results.freeze(False)
    assert set(shown(results)) == wanted_rows(all_hits, wanted)
    assert len(shown(results)) == len(set(shown(results)))
    assert results.hits == len({h.key for h in all_hits})
    assert sorted_like(results)
    before = shown(results)
    done(results.arrange(wanted))
    assert shown(results) == before, "what was kept in order bit by bit is what a full sort gives"
    for at in range(len(results)):
        assert results.position(results.row(at).key) == at


@given(HITS, HITS, st.sampled_from(SORTS), st.tuples(FILTERS, FILTERS), st.booleans(), st.randoms())
@settings(max_examples=120, deadline=None)
def test_another_order_or_filter_in_parts_while_hits_come(
    first: list[HitView],
    then: list[HitView],
    sort: str,
    texts: tuple[str, str],
    reverse: bool,
    rng: random.Random,
) -> None:
    before, wanted = (Wanted(sort, reverse, Filter.parse(text)) for text in texts)
    results = Results(before)
    results.add(first)
    rest = list(then)
    with patch("tui.viewmodel.results.SLICE", 3), patch("tui.viewmodel.results.MERGED", 2):
        next(results.arrange(replace(wanted, sort="name")), None)  # left in the middle: another one begins
        for _ in results.arrange(wanted):
            assert results.wanted != wanted or wanted == before
            cut = rng.randint(0, len(rest))
            results.add(rest[:cut])
            rest = rest[cut:]
            results.freeze(rng.random() < 0.3)
    results.freeze(False)
    results.add(rest)
    assert results.wanted == wanted
    assert set(shown(results)) == wanted_rows([*first, *then], wanted)
    assert sorted_like(results)
    for at in range(len(results)):
        assert results.position(results.row(at).key) == at


@given(HITS, st.sampled_from(SORTS), st.booleans(), FILTERS)
@settings(max_examples=60, deadline=None)
def test_sorting_and_filtering_lose_no_row(
    all_hits: list[HitView], sort: str, reverse: bool, text: str
) -> None:
    results = Results()
    results.add(all_hits)
    before = set(shown(results))
    done(results.arrange(Wanted(sort, reverse)))
    assert set(shown(results)) == before
    done(results.arrange(Wanted(sort, reverse, Filter.parse(text))))
    assert set(shown(results)) == wanted_rows(all_hits, results.wanted) <= before
    done(results.arrange(Wanted(sort, reverse)))
    assert set(shown(results)) == before


@given(HITS, FILTERS)
@settings(max_examples=60, deadline=None)
def test_a_row_leads_with_the_best_source_that_passes(all_hits: list[HitView], text: str) -> None:
    wanted = Wanted(filter=Filter.parse(text))
    results = Results(wanted)
    results.add(all_hits)
    for row in results.rows.values():
        good = [c.hit for c in row.copies if wanted.filter.matches(c.facts) is not Verdict.NO]
        assert [c.ok for c in row.copies] == [c.hit in good for c in row.copies]
        if row.kept:
            assert source_rank(row.hit) == min(source_rank(h) for h in good)
        assert row.users == len({who(c.hit) for c in row.copies})
        ranks = [(not c.ok, *source_rank(c.hit)) for c in row.sources()]
        assert ranks == sorted(ranks) and len(ranks) == row.users


def test_copies_of_users_and_peers_are_one_row() -> None:
    results = Results()
    results.add(mixed())
    row = results.rows["f0"]
    assert (row.users, len(row.copies)) == (4, 4)
    assert {c.hit.via for c in row.copies} == {"mesh", "soulseek"}
    assert row.hit.user == "vinyl_b", "a free slot and the fastest"
    assert results.rows["f8"].hit.user == "kosmische", "a locked copy never leads"
    assert results.hits == len(mixed()) and len(results.rows) == 16


def test_a_trusted_peer_leads_among_peers() -> None:
    results = Results()
    results.add(
        [
            hit(1, content="a" * 64, trusted=False),
            hit(2, content="a" * 64, trusted=True),
            hit(1, content="a" * 64),
        ]
    )
    assert len(results) == 1
    assert [copy.hit.key for copy in results.row(0).copies] == [1, 2]
    assert results.row(0).hit.key == 2


def test_old_hits_are_grouped_by_content() -> None:
    results = Results()
    results.add(hits(5))
    assert set(results.rows) == {h.content for h in hits(5)}


def test_a_filter_is_asked_of_each_copy() -> None:
    results = Results(Wanted(filter=Filter.parse("free!? lossless")))
    results.add(mixed())
    assert set(shown(results)) == {f"f{n}" for n in range(8)}
    assert all(results.rows[f"f{n}"].hit.user == "vinyl_b" for n in range(8))
    done(results.arrange(replace(results.asked, filter=Filter.parse("queue>=12!? queue<=12"))))
    assert set(shown(results)) == {f"f{n}" for n in range(8)}
    assert all(results.rows[f"f{n}"].hit.user == "tape hiss" for n in range(8)), "that copy leads now"
    done(results.arrange(replace(results.asked, filter=Filter.parse("bitrate>=320"))))
    assert "f40" in shown(results), "unknown passes"
    done(results.arrange(replace(results.asked, filter=Filter.parse("bitrate>=320 format=mp3 known"))))
    assert "f40" not in shown(results) and "f8" in shown(results)


def test_hidden_users_and_marks() -> None:
    results = Results()
    results.add(mixed())
    done(results.arrange(replace(results.asked, hidden=frozenset({"kosmische", "orbit73"}))))
    assert set(shown(results)) == {*(f"f{n}" for n in range(8)), "f40"}
    results.add([legacy(20, 2), legacy(21, 0)])
    assert "f20" not in shown(results) and "f21" in shown(results)


def test_frozen_rows_wait_and_are_counted() -> None:
    results = Results()
    results.add(hits(5))
    results.freeze(True)
    results.add(hits(10, 100))
    assert len(results.waiting) == 8
    assert len(results) == 4
    assert results.merge() == 8
    assert len(results) == 12


def test_while_frozen_nothing_moves_and_afterwards_all_is_in_its_place() -> None:
    results = Results(Wanted("users"))
    results.add([legacy(n) for n in range(9)])
    before = shown(results)
    results.freeze(True)
    results.add([legacy(7, 1), legacy(7, 2), legacy(3, 1)])
    assert shown(results) == before
    results.freeze(False)
    assert shown(results)[:2] == ["f7", "f3"] and sorted_like(results)


def test_hits_are_capped_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.viewmodel.results.HITS_MAX", 10)
    results = Results()
    results.add(hit(n) for n in range(25))
    assert (len(results), results.dropped, results.hits) == (10, 15, 10)


def test_the_best_copies_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.viewmodel.results.COPIES_MAX", 3)
    results = Results()
    results.add(
        legacy(0, 0, key=n, user=s(f"u{n}"), short=f"slsk:u{n}", speed=n * 1000, free_slot=True)
        for n in range(9)
    )
    row = results.row(0)
    assert (len(row.copies), row.more, row.users, row.hit.user) == (3, 6, 9, "u8")
    assert {c.hit.user for c in row.copies} == {"u6", "u7", "u8"}


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


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [("speed", "f0", "f40"), ("queue", "f0", "f40"), ("length", "f14", "f40"), ("bitrate", "f0", "f40")],
)
def test_what_is_unknown_comes_last(sort: str, first: str, last: str) -> None:
    results = Results(Wanted(sort))
    results.add(h for h in mixed() if h.via == "soulseek")
    assert (shown(results)[0], shown(results)[-1]) == (first, last)


def test_much_is_arranged_in_parts_and_the_old_list_stands_until_the_end() -> None:
    results = Results()
    results.add(hit(n) for n in range(20_000))
    before = results.order
    steps = results.arrange(Wanted("size", filter=Filter.parse("night")))
    parts = 0
    for _ in steps:
        parts += 1
        assert results.order is before and results.wanted == Wanted()
    assert parts >= 20_000 // SLICE - 1
    assert len(results) == 2_500 and sorted_like(results)
    assert results.wanted == results.asked == Wanted("size", filter=Filter.parse("night"))


def test_a_hundred_thousand_rows_stream_in() -> None:
    results = Results()
    for start in range(0, 100_000, 2_000):
        results.add(hit(n) for n in range(start, start + 2_000))
    assert len(results) == 100_000
    results.add(hit(n) for n in range(100_000, 100_100))
    assert results.dropped == 100
    done(results.arrange(Wanted("size")))
    assert sorted_like(results)


def test_facts_say_unknown_where_nothing_is_known() -> None:
    facts = facts_of(mixed()[-1])
    assert (facts.bitrate, facts.length, facts.vbr, facts.free, facts.queue, facts.speed) == (None,) * 6
    assert facts.lossless is False and facts.format == "mp3"
    assert Filter.parse("free").matches(facts) is Verdict.UNKNOWN
    assert facts_of(legacy(0)).lossless is True and facts_of(legacy(8)).bitrate == 320
