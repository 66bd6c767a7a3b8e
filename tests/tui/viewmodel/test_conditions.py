"""Conditions of a job typed in one line: read, completed, explained, refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.text import sanitize
from tui.viewmodel.conditions import (
    CODECS,
    CONDITIONS,
    Conditions,
    begin_of,
    complete,
    explain,
    label_of,
    parse,
    tracks_text,
)

ID = "b84ee12a-09ef-421b-82de-0441a926375b"
KINDS = ("", "release", "artist", "label")


def test_a_whole_line_is_read() -> None:
    found = parse(
        'codec=flac,ALAC,flac lossless kbps=600 dir="New music" layout="{artist}/{title}" tracks=1,3-5'
    )
    assert found == Conditions(
        ("FLAC", "ALAC"),
        True,
        600,
        "New music",
        "{artist}/{title}",
        (1, 3, 4, 5),
        named=frozenset({"codec", "lossless", "kbps", "dir", "layout", "tracks"}),
    )
    assert parse("profile=ALL Scene=scene:label:x limit=500").limit == 500
    assert parse(f"tracks=2,{ID},2").tracks == (2, ID)
    assert parse(" ") == Conditions()


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("codek=FLAC", "", "codek=FLAC is no condition; there are codec= lossless"),
        ("FLAC", "release", "FLAC is no condition"),
        ("codec=FLAC codec=MP3", "", "codec stands there twice"),
        ("codec=FLAK", "", "codec=FLAK: there are FLAC, ALAC"),
        ("codec=", "", "codec= needs a value"),
        ('dir=""', "", "dir= needs a value"),
        ('dir="New music', "", 'a " has no partner'),
        ("lossless=yes", "", "lossless stands alone"),
        ("kbps=0", "", "a number from 1 to"),
        ("kbps=-5", "", "a number from 1 to"),
        ("kbps=٣", "", "a number from 1 to"),
        ("limit=501", "label", "from 1 to 500"),
        ("profile=some", "artist", "core, extended, all"),
        ("tracks=5-3", "release", "a place (1), a range (3-5)"),
        ("tracks=0", "release", "a place (1)"),
        ("tracks=1-9999", "release", "at most 2000 tracks"),
        ("tracks=1-99999999999", "release", "a place (1)"),
        ("tracks=1", "artist", "tracks= is for jobs of a release only; this is one of an artist"),
        ("limit=5", "release", "limit= is for jobs of a label only"),
        ("profile=core", "label", "is for jobs of an artist only"),
        ("dir=" + "x" * 301, "", "at most 300 characters"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(line: str, kind: str, words: str) -> None:
    with pytest.raises(UserError) as told:
        parse(line, kind)
    assert words in str(told.value)


@given(st.text(max_size=80), st.sampled_from(KINDS))
def test_no_text_does_harm(line: str, kind: str) -> None:
    for text in (line, f"codec={line}", f"tracks={line}", f'dir="{line}', f"x lossless {line}="):
        try:
            parse(text, kind)
        except UserError as error:
            assert sanitize(str(error), 300) == str(error)
        at = begin_of(text)
        assert at is None or 0 <= at <= len(text)
        assert all(found.startswith(text[: text.rfind(" ") + 1]) for found in complete(text, kind))
        assert explain(text, kind)


@given(st.sets(st.integers(1, 300), min_size=1))
def test_places_are_written_as_they_are_read(places: set[int]) -> None:
    assert set(parse(f"tracks={tracks_text(places)}").tracks) == places


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("harbour lights codec=FLAC", "harbour lights "),
        ("harbour lights lossless", "harbour lights "),
        ("harbour lights lossless dir=x", "harbour lights "),
        ("lossless love songs", None),
        ("lossless", None),
        (f"https://musicbrainz.org/release/{ID}?a=b", None),
        ("codec=FLAC", ""),
    ],
)
def test_where_the_conditions_begin(line: str, what: str | None) -> None:
    at = begin_of(line)
    assert (None if at is None else line[:at]) == what


def test_names_and_values_are_completed() -> None:
    assert complete("", "release") == ["codec=", "lossless", "kbps=", "dir=", "layout=", "tracks="]
    assert complete("lossless ", "label")[-2:] == ["lossless limit=", "lossless scene="]
    assert "lossless lossless" not in complete("lossless ", "label")
    assert complete("kbps=600 l", "release") == ["kbps=600 lossless", "kbps=600 layout="]
    assert complete("codec=f") == ["codec=FLAC"]
    assert complete("codec=FLAC,a") == ["codec=FLAC,ALAC", "codec=FLAC,APE", "codec=FLAC,AAC"]
    assert len(complete("codec=FLAC,")) == len(CODECS) - 1
    assert complete("profile=", "artist") == ["profile=core", "profile=extended", "profile=all"]
    assert complete('dir="New ') == [] and complete("kbps=") == []


def test_each_condition_is_explained_in_one_short_row() -> None:
    for name in CONDITIONS:
        told = explain(f"lossless {label_of(name)}")
        assert told.startswith(label_of(name)) and len(told) < 80
    for kind in KINDS[1:]:
        assert explain("", kind).startswith("enter adds it") and len(explain("", kind)) < 80
