"""What a search asks for, and words cut as SQLite cuts them."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.library.names_query import TEXT_MAX, TOKENIZE, WORDS_MAX, Query, ends, fold, parse

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


def test_endings_are_those_of_words() -> None:
    text = "Music/Pink Floyd/The Wall/01 Hey You.flac"
    for endings, there in [
        (("loyd",), True),
        (("floy",), False),
        (("loyd", "all"), True),
        (("ll t",), False),
    ]:
        assert ends(text, endings) is there, endings
        assert ends(text + "é", endings) is there, endings
    assert ends("Music/Björk/Jóga", ("jork", "oga")) and not ends("Music/Björk", ("jor",))


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
    words = set(fold(text))
    if query is not None:
        assert words.issuperset(query.words) and not set(query.words) & set(query.without)
        assert all(ends(text, (word,)) and ends(text, (word[1:],)) for word in query.words)
