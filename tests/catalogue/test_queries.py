"""What is asked: paths and parameters the service knows, and searches that no text can break."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from musicbrainzngs import musicbrainz as package

from slskmesh.catalogue import queries
from slskmesh.catalogue.queries import Query
from slskmesh.mbid import Mbid

ONE = Mbid("833d4c3a-2635-4b7a-83c4-4e560588f23a")
LOOKUPS = [queries.release, queries.release_group, queries.recording, queries.artist, queries.label]


@pytest.mark.parametrize("make", LOOKUPS)
def test_lookups_ask_only_for_what_the_service_includes(make: object) -> None:
    assert callable(make)
    query = make(ONE)
    kind, _, mbid = query.path.partition("/")
    assert mbid == ONE and query.kind == kind
    assert set(query.params.get("inc", "").split()) <= set(package.VALID_INCLUDES[kind])


@pytest.mark.parametrize("make", [queries.artist_groups, queries.group_releases, queries.label_releases])
def test_browsing_asks_by_pages(make: object) -> None:
    assert callable(make)
    first, second = make(ONE, 0), make(ONE, 100)
    assert (
        first.params["limit"] == "100" and "offset" not in first.params and second.params["offset"] == "100"
    )
    assert first.key != second.key
    assert set(first.params["inc"].split()) <= set(package.VALID_BROWSE_INCLUDES[first.path])
    (by,) = set(first.params) - {"inc", "limit"}
    assert first.params[by] == ONE


def asked(text: str) -> str | None:
    query = queries.find_releases(text, 10)
    return None if query is None else query.params["query"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Quiet Machines", "release:(quiet machines) OR artist:(quiet machines)"),
        (
            "Harbour Static - Quiet Machines",
            "(artist:(harbour static) AND release:(quiet machines)) OR release:(harbour static quiet machines)",
        ),
        ("AND OR NOT", "release:(and or not) OR artist:(and or not)"),
        ("a:b", r"release:(a\:b) OR artist:(a\:b)"),
        ("- x", "release:(- x) OR artist:(- x)".replace("-", r"\-")),
    ],
)
def test_searches_as_they_go_out(text: str, query: str) -> None:
    assert asked(text) == query


@pytest.mark.parametrize("text", ["", "   ", "!!!", "\x00\x1b", "- – -", '"*?~^', "\u200b"])
def test_text_without_words_is_no_search(text: str) -> None:
    assert asked(text) is None
    assert queries.find_artists(text, 10) is None


@given(st.one_of(st.text(), st.text(alphabet='ab +-&|!(){}[]^"~*?:\\/<>=–', max_size=60)))
def test_no_text_is_more_than_words(text: str) -> None:
    for find in (queries.find_releases, queries.find_recordings, queries.find_artists, queries.find_labels):
        query = find(text, 10)
        if query is None:
            continue
        sent = query.params["query"]
        bare = re.sub(r"\\.", "", sent)  # without what is escaped
        bare = re.sub(r"\(?\b(release|recording|artist|label):\(", "", bare)
        bare = bare.replace(") AND ", " ").replace(")) OR ", " ").replace(") OR ", " ").removesuffix(")")
        assert not re.search(r'[+\-&|!(){}\[\]^"~*?:\\/<>=]', bare), sent
        assert "\\" not in sent[-1] and len(sent) < 2 * 3 * queries.TEXT_MAX + 100
        sent.encode()  # no half characters


@given(st.integers(-5, 10_000))
def test_limits_are_those_of_the_service(limit: int) -> None:
    query: Query[object] | None = queries.find_labels("x", limit)  # type: ignore[assignment]
    assert query is not None and 1 <= int(query.params["limit"]) <= 100
