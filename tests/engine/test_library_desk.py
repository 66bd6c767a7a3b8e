"""The desk for what we share: where a page ended, as a text that front ends give back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.library_desk import place_of, text_of
from slskmesh.errors import UserError
from slskmesh.library.shelves import START, Place

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(words, words, st.integers(0, 1 << 62))
def test_a_place_comes_back_as_it_was_told(folder: str, name: str, row: int) -> None:
    place = Place(folder, name, row)
    assert place_of(text_of(place)) == place
    assert place_of("") == START


@given(
    st.text(max_size=40) | st.binary(max_size=40).map(bytes.hex) | st.text("0123456789abcdef", max_size=40)
)
def test_what_no_page_told_is_refused(text: str) -> None:
    try:
        place = place_of(text)
    except UserError as error:
        assert "begin anew" in str(error)
    else:
        assert isinstance(place.folder, str) and isinstance(place.name, str) and 0 <= place.row <= 1 << 62


@pytest.mark.parametrize("row", [-1, 1 << 63])
def test_a_number_that_the_database_does_not_hold_is_refused(row: int) -> None:
    with pytest.raises(UserError, match="begin anew"):
        place_of(text_of(Place("a", "b", row)))
