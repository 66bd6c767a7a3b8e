"""What paths and names say of releases, discs and tracks."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slskmesh.soulseek.release_paths import (
    extension_of,
    folder_and_disc,
    song_words,
    title_words,
    track_of,
    words_of,
)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("Music\\Artist\\Album", ("Music\\Artist\\Album", 0)),
        ("Music\\Artist\\Album\\CD1", ("Music\\Artist\\Album", 1)),
        ("Music\\Artist\\Album\\Disc 2", ("Music\\Artist\\Album", 2)),
        ("Music\\Album\\disk_03", ("Music\\Album", 3)),
        ("Music\\Album\\CD 2 - Live in Rome", ("Music\\Album", 2)),
        ("Music\\Album\\Disc Two", ("Music\\Album", 2)),
        ("Music\\Album (Disc 1)", ("Music\\Album", 1)),
        ("Music\\Album [CD2]", ("Music\\Album", 2)),
        ("Music\\Album - CD 12", ("Music\\Album", 12)),
        ("Album CD2", ("Album", 2)),
        ("Music\\Discovery", ("Music\\Discovery", 0)),
        ("Music\\ACDC 1980", ("Music\\ACDC 1980", 0)),
        ("Music\\CD", ("Music\\CD", 0)),
        ("Music\\Discography 2", ("Music\\Discography 2", 0)),
        ("CD1", ("CD1", 0)),  # nothing above it that could be the release
        ("", ("", 0)),
    ],
)
def test_discs_fold_into_their_release(folder: str, expected: tuple[str, int]) -> None:
    assert folder_and_disc(folder) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("01 - Song.flac", (0, 1)),
        ("12. Song.mp3", (0, 12)),
        ("2-05 Song.mp3", (2, 5)),
        ("1.07 Song.mp3", (1, 7)),
        ("[03] Song.mp3", (0, 3)),
        ("(03) Song.mp3", (0, 3)),
        ("105 Song.mp3", (1, 5)),
        ("1999.mp3", (0, 0)),
        ("1979 Song.mp3", (0, 0)),
        ("99 Luftballons.mp3", (0, 99)),
        ("Song.mp3", (0, 0)),
        ("٣ Song.mp3", (0, 0)),
    ],
)
def test_tracks(name: str, expected: tuple[int, int]) -> None:
    assert track_of(name) == expected


def test_words() -> None:
    assert song_words("01 - Jóga (live).flac") == song_words("1. joga_LIVE.mp3") == ("joga", "live")
    assert song_words("01.mp3") == ("01",) and song_words("README") == ("readme",)
    assert title_words("M\\Artist - Album (1997) [FLAC]") == {"artist", "album"}
    assert title_words("M\\1984") == {"1984"} and title_words("M\\") == frozenset()
    assert extension_of("a.FLAC") == "flac" and extension_of(".flac") == "" and extension_of("a") == ""


@given(st.text(max_size=60))
@example("𝐀")  # only what it decomposes to has a small letter
def test_any_text_is_read(text: str) -> None:
    root, disc = folder_and_disc(text)
    assert 0 <= disc <= 99 and text.startswith(root)
    for number in track_of(text):
        assert 0 <= number <= 999
    assert words_of(text) == words_of(" ".join(words_of(text)))
    song_words(text), title_words(text), extension_of(text)
