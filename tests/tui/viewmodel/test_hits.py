"""What is said of one hit, in words and for filters; unknown is never 0; columns and notes of the list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.events import SearchEnded
from tests.tui.fake import hit, s
from tests.tui.fake_search import disaster, legacy, mixed, online
from tui.viewmodel import hits as words
from tui.viewmodel.columns import layout
from tui.viewmodel.glyphs import ASCII, UTF8
from tui.viewmodel.groups import Groups
from tui.viewmodel.results import Results
from tui.viewmodel.rows import Wanted
from tui.viewmodel.search import columns, empty, filter_line, folded_columns, note, source_lines
from tui.viewmodel.spans import text_of, width


def test_words_of_a_hit() -> None:
    assert words.quality_text(hit(0)) == "FLAC 16/44.1" and words.short_quality(hit(0)) == "FLAC"
    assert words.short_quality(hit(0, bit_depth=24, sample_rate=96_000)) == "FLAC 24/96"
    assert words.quality_text(hit(1)) == words.short_quality(hit(1)) == "MP3 320"
    assert words.quality_text(legacy(9)) == "MP3 v245"
    assert words.title_text(hit(0)) == "01 Night Ferry"
    assert words.title_text(hit(0, title=s(""))) == "01 Night Ferry.flac"
    assert words.release_text(hit(0)) == "Marit Holm / Harbour Lights"
    assert words.release_text(hit(0, artist=s(""), album=s(""))) == "Harbour Lights"
    assert words.release_text(legacy(0, 1)) == "Marit Holm - Harbour Lights"
    assert (words.source_name(legacy(0)), words.source_name(hit(0))) == ("slsk:vinyl_b", "k:7f3a..9c lena")


def test_where_a_download_goes() -> None:
    assert words.target_folder(hit(0)) == "Marit Holm/Harbour Lights"
    assert words.target_folder(hit(0, artist=s("AC/DC"))) == "AC_DC/Harbour Lights"
    assert words.target_folder(hit(0, album=s(""), folder=s("a\\b\\Twelve Inch/"))) == "Twelve Inch"
    assert words.target_folder(legacy(0)) == "", "the engine names it after the remote folder"


def test_unknown_is_a_dash_and_never_0() -> None:
    lone = mixed()[-1]
    told = [words.quality_text(lone), words.length_text(lone.duration), words.slot_text(lone)]
    told += [words.speed_text(lone), words.queue_text(lone)]
    assert told == ["MP3 -", "-", "-", "-", "-"]
    assert (words.queue_text(legacy(0)), words.speed_text(legacy(0, speed=0))) == ("0", "-")
    assert words.slot_text(legacy(0)) == "free" and words.slot_text(legacy(0, 1)) == "full"
    assert words.slot_text(legacy(0, locked=True)) == "lock"
    assert words.quality_text(hit(0, format=s(""), name=s("x"), bitrate=0, bit_depth=0)) == "-"


@pytest.mark.parametrize("cells", [74, 115])
def test_every_row_is_as_wide_as_asked_and_tells_its_source(cells: int) -> None:
    results, groups = Results(), Groups()
    results.add(mixed())
    groups.update(results)
    for glyphs in (ASCII, UTF8):
        for at in range(len(results)):
            line = layout(columns(cells), results.row(at), cells, glyphs)
            assert width(line) == cells
        for at in range(len(groups)):
            assert (
                width(layout(folded_columns(groups, glyphs, cells), groups.row(at), cells, glyphs)) == cells
            )
    first = text_of(layout(columns(115), results.rows["f0"], 115, ASCII))
    assert all(word in first for word in ("FLAC 16/44.1", "slsk:vinyl_b", "x4", "free", "1.9M/s", "both"))
    lone = text_of(layout(columns(115), results.rows["f40"], 115, ASCII)).split()
    assert lone.count("-") == 6 and "0" not in lone, (
        "bitrate, length, slot, speed, queue and trust are not known"
    )


@given(st.text(max_size=80).map(s), st.integers(74, 140))
def test_any_name_keeps_the_width(name: str, cells: int) -> None:
    results = Results()
    results.add(
        [legacy(0, 0, name=s(name), user=s(name), short=f"slsk:{name}", folder=s(name), format=s(name[:9]))]
    )
    assert width(layout(columns(cells), results.row(0), cells, UTF8)) == cells


def test_the_note_tells_what_the_networks_did() -> None:
    results = Results()
    results.add(mixed())
    results.dropped = 7
    ended = SearchEnded(1, 3, 2, 1, 0, s("Soulseek is not asked: offline"), 12)
    told = note(results, ended, False, online(), "mesh only")
    assert "33 hits 7 src" in told and "7 left out" in told and "mesh only" in told
    assert "2/3 peers answered, 1 refused, 12 users, Soulseek is not asked: offline" in told
    assert "asking" in note(results, None, True)
    assert "search" not in note(results, None, True, online())
    assert "3 searches left" in note(results, None, True, online(searches_left=3))
    assert "1 search left" in note(results, None, True, online(searches_left=1))
    assert "next search in 12s" in note(results, None, True, online(searches_left=0, searches_next=11.4))
    assert "mesh only: Soulseek is away" in note(results, None, True, disaster())
    assert "mesh only: Soulseek is away" in note(Results(), None, False, disaster())
    assert "4 users" in note(results, SearchEnded(1, 0, 0, 0, 0, s(""), 4), False)
    assert "0/0" not in note(results, SearchEnded(1, 0, 0, 0, 0, s(""), 4), False)
    assert note(Results(Wanted("size", True)), ended, False).endswith("sort:size up")


def test_an_empty_list_says_why() -> None:
    assert "press i" in " ".join(empty("", None, False))
    assert "asking" in " ".join(empty("x", None, False))
    assert "nobody is connected" in " ".join(empty("x", SearchEnded(1, 0, 0, 0, 0), False))
    assert "not reached" in " ".join(
        empty("x", SearchEnded(1, 0, 0, 0, 0, s("the server is not reached")), False)
    )
    assert "2 peers and 5 users answered" in " ".join(empty("x", SearchEnded(1, 2, 2, 0, 0, s(""), 5), False))
    assert "filter" in " ".join(empty("x", None, True))


def test_the_filter_above_the_list() -> None:
    assert filter_line("", "", "") == []
    saved = text_of(filter_line("lossless free", "lossless free", "")[0])
    assert saved == "filter: lossless free  (saved; / changes, esc clears)"
    assert ":filter save keeps it" in text_of(filter_line("lossless", "", "")[0])
    assert "hides nothing" in text_of(filter_line("bitrat>3", "", "at character 1: ...")[0])


def test_sources_are_told_the_best_first_and_the_rest_counted() -> None:
    results = Results()
    results.add(legacy(0, 0, key=n, user=s(f"u{n}"), short=f"slsk:u{n}", speed=n * 100_000) for n in range(9))
    sources = [copy.hit for copy in results.row(0).sources()]
    lines = [text_of(line) for line in source_lines(sources, [None] * 6)]
    assert lines[0] == "slsk:u8  free  781k/s  queue 0" and lines[-1] == "and 3 more; C shows them"
