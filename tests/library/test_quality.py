"""The judgement of variants: bounds, what may and what must not count, and the words for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.library.quality import _TRANSPARENT, Sound, judge

CODECS = [*sorted(_TRANSPARENT), "FLAC", "ALAC", "PCM", "DSD", "ADPCM", ""]
NUMBER = st.one_of(st.just(0), st.integers(1, 2**32 - 1))


def score(codec: str, bitrate: int = 0, **fields: int) -> float:
    return judge(Sound(codec, codec in ("FLAC", "ALAC", "PCM", "DSD"), bitrate=bitrate, **fields))[0]


@given(
    codec=st.one_of(st.sampled_from(CODECS), st.text(max_size=30)),
    lossless=st.booleans(),
    numbers=st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
    readable=st.booleans(),
)
def test_any_sound_has_a_score_and_a_reason(
    codec: str, lossless: bool, numbers: tuple[int, int, int, int], readable: bool
) -> None:
    quality, reasons = judge(Sound(codec, lossless, *numbers, readable))
    assert 0.0 <= quality <= 1.0
    assert reasons and all(reason and "\n" not in reason for reason in reasons)


@given(codec=st.sampled_from(sorted(_TRANSPARENT)), one=st.integers(1, 2**20), two=st.integers(1, 2**20))
def test_more_bits_of_one_lossy_coding_are_never_worse(codec: str, one: int, two: int) -> None:
    assert score(codec, min(one, two)) <= score(codec, max(one, two))


@given(codec=st.sampled_from(sorted(_TRANSPARENT)), bitrate=st.integers(1, 2**22))
def test_lossy_is_below_lossless_of_a_cd(codec: str, bitrate: int) -> None:
    assert score(codec, bitrate, sample_rate=44_100) < score("FLAC", sample_rate=44_100, bit_depth=16)


@given(bitrate=st.integers(0, 2**22))
def test_how_well_a_lossless_file_packs_does_not_count(bitrate: int) -> None:
    sound = {"sample_rate": 44_100, "bit_depth": 16}
    assert score("FLAC", bitrate, **sound) == score("FLAC", 0, **sound)


def test_what_research_found_wrong_with_others_tables() -> None:
    assert score("Opus", 128_000, sample_rate=48_000) > score("MP3", 160_000, sample_rate=44_100)
    assert score("Opus", 128_000, sample_rate=48_000) == score("Opus", 128_000)
    assert score("ALAC", sample_rate=44_100, bit_depth=16) > score("AAC", 256_000, sample_rate=44_100)
    assert score("FLAC", sample_rate=96_000, bit_depth=24) >= score("FLAC", sample_rate=44_100, bit_depth=16)
    assert score("PCM", sample_rate=44_100, bit_depth=8) < score("MP3", 256_000, sample_rate=44_100)
    assert score("MP3", 320_000) > score("MP3", 245_000) > score("MP3", 192_000) > score("MP3", 128_000)
    assert score("MP3", 160_000, channels=1) > score("MP3", 160_000, channels=2)


@pytest.mark.parametrize(
    ("sound", "reasons"),
    [
        (Sound("FLAC", True, 96_000, 24, 2), ("lossless (FLAC)", "24 bit", "96 kHz")),
        (
            Sound("FLAC", True, 22_050, 8, 1),
            ("lossless (FLAC)", "8 bit, coarser than a CD", "22.05 kHz, treble is missing", "mono"),
        ),
        (Sound("DSD", True, 2_822_400, 1, 2), ("lossless (DSD)", "2.8 MHz")),
        (Sound("MP3", False, 44_100, 0, 2, 320_000), ("MP3 at 320 kbit/s, rich for this coding", "44.1 kHz")),
        (Sound("MP3", False, 0, 0, 2, 128_000), ("MP3 at 128 kbit/s, below the 256 that are rich for it",)),
        (Sound("AC-3", False, 0, 0, 6, 0), ("AC-3, bit rate not known", "6 channels")),
        (Sound("SHN", False), ("SHN: nothing is known of this coding",)),
        (Sound("MP3", False, readable=False), ("its audio headers cannot be read",)),
    ],
)  # fmt: skip
def test_reasons_in_words(sound: Sound, reasons: tuple[str, ...]) -> None:
    assert judge(sound)[1] == reasons
