"""What a search asks for, and words cut as SQLite cuts them."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.library.names_query import TEXT_MAX, TOKENIZE, WORDS_MAX, Query, fold, matches, parse

LETTERS = "aZéÉüßøœłñçİıǅÅ åσΣςЙйЁдҐґאشक्षिのガ日本ﬁ①٣½ªµ_-.'’*\"()&+×♥\t\u0301\u00a0\u200b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pink Floyd", Query(("pink", "floyd"))),
        ("  AC/DC  back_in-black.mp3 ", Query(("ac", "dc", "back", "in", "black", "mp3"))),
        ("Björk JÓGA", Query(("bjork", "joga"))),
        ("live -remix -AC/DC", Query(("live",), ("remix", "ac", "dc"))),
        ("*loyd pink", Query(("pink",), (), ("loyd",))),
        ("love -love", None),  # asks for what it leaves out
        ("*loyd", None),
        ("-floyd", None),
        ("ab", None),
        (" ab ", None),
        ("?!.. --", None),
        ("", None),
        ("abc\udcff\0def", Query(("abc", "def"))),
    ],
)
def test_texts_ask_for_words(text: str, expected: Query | None) -> None:
    assert parse(text) == expected


def test_the_shortest_text_can_be_chosen_and_the_longest_is_cut() -> None:
    assert parse("ab", shortest=1) == Query(("ab",))
    assert parse("abcd", shortest=5) is None
    query = parse(" ".join(f"w{number}" for number in range(10_000)))
    assert query is not None and len(query.words) == WORDS_MAX
    assert parse("x" * 10_000) == Query(("x" * TEXT_MAX,))


def test_a_path_matches_by_whole_words() -> None:
    words = set(fold("Music\\Pink Floyd\\The Wall\\01 Hey You.flac"))
    for text, there in [
        ("pink wall", True),
        ("pin wall", False),
        ("wall -hey", False),
        ("wall -hello", True),
        ("wall *loyd", True),
        ("wall *floy", False),
    ]:
        query = parse(text)
        assert query is not None and matches(query, words) is there, text


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(LETTERS), max_size=24) | st.text(max_size=12))
def test_words_are_cut_as_the_index_cuts_them(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE VIRTUAL TABLE f USING fts5(t, detail=none, tokenize="{TOKENIZE}")')
    connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(f, row)")
    connection.execute("INSERT INTO f VALUES (?)", (text,))
    terms = {term for (term,) in connection.execute("SELECT term FROM v") if term}
    connection.close()
    assert set(fold(text)) == terms


@given(st.text(max_size=80))
def test_any_text_is_taken_and_its_own_words_are_found(text: str) -> None:
    query = parse(text)
    if query is not None and not query.without and not query.endings:
        assert matches(query, set(fold(text)))
