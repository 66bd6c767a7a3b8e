"""MusicBrainz identifiers: found in what people paste, exact everywhere else."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.mbid import find_mbid, is_mbid, mbid_bytes, mbid_of, parse_mbid

ID = "b84ee12a-09ef-421b-82de-0441a926375b"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ID, ""),
        (f"  {ID.upper()}\n", ""),
        (f"https://musicbrainz.org/release/{ID}", "release"),
        (f"https://musicbrainz.org/release-group/{ID}?tab=reviews#x", "release-group"),
        (f"beta.musicbrainz.org/artist/{ID}/releases", "artist"),
        (f"mbid:release:{ID}", "release"),
        (f"urn:uuid:{ID}", ""),
        (f"<https://musicbrainz.org/label/{ID}>", "label"),
        (f"http://localhost/work/{ID}", ""),
    ],
)
def test_an_id_is_found_in_what_was_pasted(text: str, kind: str) -> None:
    assert find_mbid(text) == (kind, ID)
    assert parse_mbid(text) == ID


@pytest.mark.parametrize(
    "text", ["", "geogaddi", ID[:-1], ID.replace("-", ""), ID.replace("b", "g"), "x" * 5000 + ID]
)
def test_what_holds_no_id_is_refused_with_what_to_paste(text: str) -> None:
    with pytest.raises(UserError, match="36 characters"):
        find_mbid(text)


@given(st.uuids())
def test_bytes_and_text_are_one_to_one(value: uuid.UUID) -> None:
    text = str(value)
    assert is_mbid(text)
    assert mbid_of(mbid_bytes(text)) == text
    assert len(mbid_bytes(text)) == 16


@pytest.mark.parametrize("text", [ID.upper(), f" {ID}", f"{ID}\n", "", "x" * 36])
def test_only_the_canonical_form_goes_on_the_wire(text: str) -> None:
    assert not is_mbid(text)
    with pytest.raises(ValueError, match="canonical"):
        mbid_bytes(text)


@pytest.mark.parametrize("raw", [b"", b"x" * 15, b"x" * 17])
def test_other_lengths_are_no_id(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"length|16"):
        mbid_of(raw)
