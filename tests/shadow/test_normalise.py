"""Remote paths to recordings, among known releases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.catalogue.objects import Medium, Release, Track
from slskmesh.mbid import Mbid
from slskmesh.shadow.normalise import PARTS_MAX, TrackIndex, codec_of, facts_of
from slskmesh.soulseek.values import Attributes, RemoteFile
from slskmesh.text import SafeStr


def mbid(number: int) -> Mbid:
    return Mbid(f"00000000-0000-4000-8000-{number:012d}")


def release(number: int, artist: str, title: str, *tracks: tuple[str, int]) -> Release:
    listed = tuple(
        Track(mbid(1000 * number + i), SafeStr(name), SafeStr(artist), 1, i, length=seconds * 1000)
        for i, (name, seconds) in enumerate(tracks, 1)
    )
    return Release(
        mbid(number), SafeStr(title), SafeStr(artist), (Medium(1, SafeStr("CD"), SafeStr(""), listed),)
    )


GEOGADDI = release(
    1, "Boards of Canada", "Geogaddi", ("Ready Lets Go", 59), ("Music Is Math", 321), ("Dawn Chorus", 235)
)
OTHER = release(2, "Kelly Moran", "Ultraviolet", ("Autowave", 200), ("Dawn Chorus", 400))
INDEX = TrackIndex([GEOGADDI, OTHER])


def guess(path: str, duration: int | None = None) -> tuple[str, float]:
    found = INDEX.guess(RemoteFile(path, 5_000_000, Attributes(duration=duration)))
    return (found.recording, found.confidence) if found else ("", 0.0)


@pytest.mark.parametrize(
    ("path", "duration", "recording"),
    [
        ("@@abcde\\Music\\Boards of Canada\\2002 - Geogaddi\\02 - Music Is Math.flac", 321, mbid(1002)),
        ("Boards of Canada - Geogaddi [FLAC]\\02. Boards of Canada - Music Is Math.mp3", None, mbid(1002)),
        ("music/boards_of_canada/geogaddi/02-music_is_math.ogg", 322, mbid(1002)),
        ("Boards of Canada\\Geogaddi\\03 Dawn Chorus.flac", 235, mbid(1003)),
        ("Kelly Moran\\Ultraviolet\\02 Dawn Chorus.flac", 400, mbid(2002)),
        ("various\\Dawn Chorus.flac", None, ""),  # two recordings of that name, nothing to tell them apart
        ("misc\\Music Is Math.flac", None, ""),  # a title alone is not enough
        ("Boards of Canada\\Geogaddi\\02 Music Is Math.flac", 500, ""),  # of quite another length
        ("Boards of Canada\\Geogaddi\\folder.jpg", None, ""),
        ("", None, ""),
    ],
)
def test_paths_as_users_write_them(path: str, duration: int | None, recording: str) -> None:
    found, confidence = guess(path, duration)
    assert found == recording
    assert not recording or 0.65 <= confidence < 1


def test_a_release_counts_once_and_there_is_an_end() -> None:
    index = TrackIndex([GEOGADDI])
    assert not index.add(GEOGADDI) and len(index) == 3 and index.add(OTHER) and len(index) == 5


@given(st.text(max_size=300), st.integers(-5, 1 << 40) | st.none())
def test_any_path_is_taken(path: str, duration: int | None) -> None:
    facts = facts_of(RemoteFile(path, 1, Attributes(duration=duration)))
    assert len(facts.parts) <= PARTS_MAX and facts.duration >= 0
    assert not any("\x1b" in part or "\\" in part or "/" in part for part in facts.parts)
    INDEX.guess(RemoteFile(path + ".mp3", 1, Attributes(duration=duration)))


def test_codecs_by_ending() -> None:
    assert [codec_of(p) for p in ("a.FLAC", "b.mp3", "c.jpg", "noending", "x." + "y" * 500)] == [
        "flac",
        "mp3",
        "",
        "",
        "",
    ]
