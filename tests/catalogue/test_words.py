"""Titles made comparable: what makes no difference, what does, and the laws of likeness."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slskmesh.catalogue.words import alike, holds, plain

TEXT = st.text(max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Björk", "bjork"),
        ("SIGUR RÓS", "Sigur Rós"),
        ("The Slow Ferries", "Slow Ferries, The"),
        ("Kestrel & Loom", "Kestrel and Loom"),
        ("Salt Letters (feat. Mirela Dusk)", "Salt Letters"),
        ("Salt Letters ft. Mirela Dusk", "Salt Letters"),
        ("Lanterns [FLAC 16bit]", "Lanterns"),
        ("Lanterns (2011 Remaster)", "Lanterns"),
        ("Don't Stop", "Dont Stop"),
        ("Don’t Stop", "Don't Stop"),
        ("Straße", "STRASSE"),
        ("Smørrebrød", "Smorrebrod"),
        ("First_Light", "First Light"),
        ("…And Justice", "And Justice!"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
    ],
)
def test_these_are_the_same(one: str, other: str) -> None:
    assert plain(one) == plain(other)
    assert alike(one, other) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lanterns (Live)", "Lanterns"),
        ("Part 1", "Part 2"),
        ("Part II", "Part III"),
        ("がん", "かん"),
        ("東京", "京都"),
        ("!!!", "???"),
        ("La La La", "La"),
        ("La La", "La La La"),
    ],
)
def test_these_are_not(one: str, other: str) -> None:
    assert alike(one, other) < 1.0


def test_another_version_or_number_is_further_away_than_a_typing_error() -> None:
    assert alike("Copper Wire", "Coper Wire") > 0.8
    for other in ("Copper Wire (Live)", "Copper Wire (Remix)", "Copper Wire 2"):
        assert alike("Copper Wire", other) < 0.8


def test_scripts_without_case_are_kept() -> None:
    assert plain("東京事変") == "東京事変" and plain("시우민") == "시우민" and plain("Сплин") == "сплин"


def test_a_text_of_signs_alone_is_itself() -> None:
    assert plain("!!!") == "!!!" and alike("!!!", "!!!") == 1.0


@given(TEXT, TEXT)
def test_likeness_is_symmetric_and_bounded(one: str, other: str) -> None:
    likeness = alike(one, other)
    assert likeness == alike(other, one)
    assert 0.0 <= likeness <= 1.0
    assert (likeness == 1.0) == (plain(one) == plain(other) != "")


@given(TEXT)
@example("\u0300")
@example("\u00a8")
@example(" " * 300 + "x")
def test_plain_text_is_never_lost(text: str) -> None:
    assert bool(plain(text)) == bool(text.strip())


@given(st.text(max_size=5000))
def test_long_and_strange_text_is_bounded(text: str) -> None:
    assert len(plain(text * 3)) <= 200 * 20  # one character may stand for a word of 18


@given(st.lists(st.sampled_from(["copper", "wire", "slow", "glass"]), min_size=1, max_size=4))
def test_words_are_held_by_what_they_stand_in(words: list[str]) -> None:
    part = " ".join(words)
    assert holds(f"03 {part} flac", part)
    assert not holds("something else", part)
