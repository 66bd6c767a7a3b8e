"""What is told of held files: everything that tells variants apart, nothing that names them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.library.variant import HeldTrack
from slskmesh.shadow import shard as shards
from slskmesh.shadow.holdings import grade, hints, shard_of, to_advert
from slskmesh.shadow.shard import CHECKED, TAGS, places_of
from slskmesh.shadow.sketch import EMPTY
from tests.shadow.doubles import TODAY, advert, held, mbid, release_of

RELEASE = mbid(1)
RECORDINGS = [str(mbid(100 + n)) for n in range(12)]


def album(count: int = 12, **changes: object) -> list[HeldTrack]:
    return [held(n, RECORDINGS[n], RELEASE, track=n + 1, **changes) for n in range(count)]  # type: ignore[arg-type]


def test_neither_shards_nor_adverts_hold_a_name_a_title_or_a_path() -> None:
    shard = shard_of(album(), release_of(RELEASE, RECORDINGS), TODAY, EMPTY)
    assert shard is not None
    sent = shards.encode(shard) + b"".join(msgspec.msgpack.encode(to_advert(one)) for one in album())
    for word in (b"hidden", b"Hidden", b"Secret", b"somebody", b"flac"):
        assert word not in sent


def test_a_shard_tells_places_and_says_checked_only_where_all_fits() -> None:
    release = release_of(RELEASE, RECORDINGS)
    shard = shard_of(album(5), release, TODAY, EMPTY)
    assert shard is not None
    assert (shard.level, shard.held, shard.total, places_of(shard)) == (CHECKED, 5, 12, {1, 2, 3, 4, 5})
    off = [*album(4), held(50, RECORDINGS[4], RELEASE, duration=202_001)]
    shard = shard_of(off, release, TODAY, EMPTY)
    assert shard is not None
    assert (shard.level, shard.held, places_of(shard)) == (TAGS, 4, {1, 2, 3, 4})
    assert shard_of(album(5), None, TODAY, EMPTY) == msgspec.structs.replace(
        shard, held=5, total=0, places=b"", hints=hints(map(to_advert, album(5)))
    )
    assert shard_of([], release, TODAY, EMPTY) is None


def test_two_who_hold_the_same_have_the_same_hint_and_others_another() -> None:
    (one,), (same,) = (hints(map(to_advert, tracks)) for tracks in (album(), album()[::-1]))
    assert one == same and one.tracks == 12 and one.codec == "FLAC" and one.grade == 4
    (other,) = hints(map(to_advert, [*album(11), held(99, RECORDINGS[11], RELEASE)]))
    assert other.prefix != one.prefix


def test_variants_beyond_what_fits_leave_the_smallest_out() -> None:
    many = [advert(n, RECORDINGS[n % 12], codec=f"C{n % 9}") for n in range(30)]
    found = hints(many)
    assert len(found) == shards.HINTS_MAX and list(found) == sorted(found)
    assert min(hint.tracks for hint in found) >= 3


@pytest.mark.parametrize(
    ("lossless", "depth", "rate", "bits", "expected"),
    [
        (True, 16, 44_100, 0, 4),
        (True, 24, 44_100, 0, 5),
        (True, 16, 96_000, 0, 5),
        (False, 0, 44_100, 0, 0),
        (False, 0, 44_100, 128_000, 1),
        (False, 0, 44_100, 192_000, 2),
        (False, 0, 44_100, 320_000, 3),
    ],
)
def test_grades(lossless: bool, depth: int, rate: int, bits: int, expected: int) -> None:
    one = advert(1, RECORDINGS[0], lossless=lossless, bit_depth=depth, sample_rate=rate, bitrate=bits)
    assert grade(one) == expected


def test_an_advert_is_what_the_analysis_says_else_what_the_tags_say() -> None:
    track = held(1, RECORDINGS[0], RELEASE, codec="MP3", lossless=False)
    assert to_advert(track).bitrate == 320_000 and to_advert(track).stream and to_advert(track).quality == 90
    bare = to_advert(HeldTrack(track.file))
    assert bare.codec == "MP3" and not bare.lossless and bare.stream == b"" and bare.quality == 0
    assert to_advert(HeldTrack(held(2).file)).lossless  # FLAC
    assert to_advert(HeldTrack(msgspec.structs.replace(track.file, mb_recording="rubbish"))).recording == b""


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 400_000), st.text(max_size=20)), max_size=40))
def test_any_library_gives_a_legal_shard(files: list[tuple[int, int, str]]) -> None:
    tracks = [
        held(n, RECORDINGS[place], RELEASE, duration=duration, codec=codec)
        for n, (place, duration, codec) in enumerate(files)
    ]
    for release in (None, release_of(RELEASE, RECORDINGS), release_of(RELEASE, [])):
        shard = shard_of(tracks, release, TODAY, EMPTY)
        assert (shard is None) == (not tracks)
        if shard is not None:
            assert shards.decode(shards.encode(shard)) == shard
