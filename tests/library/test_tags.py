"""Tags of real encoded files in every tag format, and of files that are broken in every way."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import mutagen.apev2
import mutagen.asf
import mutagen.mp4
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.library import kinds, tags
from slskmesh.library.domain import Tags
from slskmesh.library.tags import READERS, TagsError, read_tags
from slskmesh.wire import limits
from tests.library.conftest import MBID, WRITTEN, tagged

REAL_AUDIO = Path(__file__).parents[3] / "shared" / "data" / "audio"
KIND = {"flac": "flac", "ogg": "vorbis", "opus": "opus", "mp3": "mp3", "wav": "wave", "aiff": "aiff"}


@pytest.mark.parametrize("suffix", list(WRITTEN))
@pytest.mark.parametrize("in_memory", [True, False])
def test_tags_and_properties_of_every_written_format(suffix: str, in_memory: bool) -> None:
    data = tagged(
        suffix,
        artist="Sigur Rós",
        album="Ágætis byrjun",
        title="Svefn-g-englar",
        tracknumber="2/10",
        date="1999-06-12",
        recording=MBID.upper(),
    )
    kind = kinds.kind_of(data[: kinds.HEAD], suffix)
    assert kind == KIND[suffix]
    read = read_tags(kind, memoryview(data) if in_memory else io.BytesIO(data), len(data))
    assert (read.artist, read.album, read.title) == ("Sigur Rós", "Ágætis byrjun", "Svefn-g-englar")
    assert (read.track, read.disc, read.year) == (2, 0, 1999)
    assert read.mb_recording == MBID
    assert read.format == WRITTEN[suffix][2]
    assert read.duration == pytest.approx(400, abs=80)  # MP3 and Opus pad
    assert (read.sample_rate, read.channels) == (48_000, 2)
    assert read.bitrate > 8_000
    assert read.bit_depth == (16 if suffix in ("flac", "wav", "aiff") else 0)


def test_the_other_tag_formats() -> None:
    ape = mutagen.apev2.APEv2()
    ape["Artist"], ape["Album"], ape["Track"], ape["Year"] = "A", "B", "7/9", "2001"
    ape["MUSICBRAINZ_ALBUMID"] = MBID
    asf = mutagen.asf.ASFTags()
    asf["Author"], asf["WM/AlbumTitle"] = "A", "B"
    asf["WM/TrackNumber"], asf["WM/Year"] = mutagen.asf.ASFDWordAttribute(7), "2001"
    asf["MusicBrainz/Album Id"] = MBID
    mp4 = mutagen.mp4.MP4Tags()
    mp4["\xa9ART"], mp4["\xa9alb"], mp4["trkn"], mp4["\xa9day"] = ["A"], ["B"], [(7, 9)], ["2001-02-03"]
    mp4["----:com.apple.iTunes:MusicBrainz Album Id"] = [mutagen.mp4.MP4FreeForm(MBID.encode())]
    for found in (ape, asf, mp4):
        read = tags._collect("ape", object(), tags._texts(found), 0)
        assert (read.artist, read.album, read.track, read.year, read.mb_release) == ("A", "B", 7, 2001, MBID)


def test_what_a_tag_may_not_do() -> None:
    data = tagged(
        "flac",
        artist="\x1b[31mred\u202e" + "x" * 5_000,
        title="a\nb",
        tracknumber="999999",
        date="sometime",
        recording="not-a-uuid",
    )
    read = read_tags("flac", memoryview(data), len(data))
    assert len(read.artist) == limits.TAG_MAX
    assert "\x1b" not in read.artist
    assert "\u202e" not in read.artist
    assert read.title == "a b"
    assert (read.track, read.year, read.mb_recording) == (0, 0, "")


def test_reading_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "READ_MAX", 1_000)
    data = tagged("flac", title="x" * 2_000)
    for source in (memoryview(data), io.BytesIO(data)):
        with pytest.raises(TagsError):
            read_tags("flac", source, len(data))


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=400))
@settings(deadline=None, max_examples=400)
def test_rubbish_is_tags_or_one_error(kind: str, data: bytes) -> None:
    for start in (b"", data[:2]):
        try:
            assert isinstance(read_tags(kind, memoryview(start + data), len(data)), Tags)
        except TagsError as error:
            assert str(error).startswith("no tags read: ")


_ENCODED: dict[str, bytes] = {}


@given(st.sampled_from(sorted(KIND)), st.data())
@settings(deadline=None, max_examples=300)
def test_damage_is_tags_or_one_error(suffix: str, draw: st.DataObject) -> None:
    if suffix not in _ENCODED:
        _ENCODED[suffix] = tagged(suffix, artist="A", title="B", tracknumber="1")
    data = bytearray(_ENCODED[suffix])
    for _ in range(draw.draw(st.integers(1, 8))):
        at = draw.draw(st.integers(0, min(len(data) - 1, 2_000)))
        data[at] = draw.draw(st.integers(0, 255))
    del data[draw.draw(st.integers(1, len(data))) :]
    try:
        read = read_tags(KIND[suffix], memoryview(bytes(data)), len(data))
    except TagsError:
        return
    assert 0 <= read.duration <= 0xFFFF_FFFF
    assert 0 <= read.bitrate <= 0xFFFF_FFFF
    assert 0 <= read.track <= 0xFFFF


@pytest.mark.skipif(not REAL_AUDIO.is_dir(), reason="the sample audio is not beside this checkout")
@pytest.mark.parametrize(
    ("name", "format", "duration", "title"),
    [
        ("test.flac", "FLAC", 83, "test"),
        ("test.m4a", "AAC", 106, ""),
        ("test.mp3", "MP3", 157, ""),
        ("test.ogg", "Vorbis", 83, ""),
        ("test.opus", "Opus", 83, ""),
        ("test.wav", "WAV", 83, ""),
        ("test-id3-rename-tags.mp3", "MP3", 157, ""),
    ],
)
def test_real_audio(name: str, format: str, duration: int, title: str) -> None:
    data = (REAL_AUDIO / name).read_bytes()
    kind = kinds.kind_of(data[: kinds.HEAD], name.rpartition(".")[2])
    assert kind
    read = read_tags(kind, memoryview(data), len(data))
    assert (read.format, read.duration, read.title) == (format, duration, title)
    assert (read.sample_rate, read.channels) == (
        48_000 if format == "Opus" else 44_100,
        2,
    )  # Opus has one rate
    assert read.bitrate > 10_000


def test_a_format_without_its_own_bit_rate_gets_one_from_size_and_duration() -> None:
    class Info:
        length = 2.0
        bitrate = None

    assert tags._collect("tta", Info(), {}, 50_000).bitrate == 200_000


def test_a_reader_that_goes_round_for_ever_is_stopped() -> None:
    with pytest.raises(TagsError, match="no end"):
        read_tags(
            "musepack", memoryview(b"MPCK" + b"XX\0" * 8), 28
        )  # packets of no size: mutagen reads them again


def test_readers_are_imported_by_many_threads_at_once() -> None:
    """mutagen's modules import each other; threads that met half-way used to end the engine (_DeadlockError)."""
    program = (
        "import sys, threading\n"
        "from slskmesh.library import tags\n"
        "sys.setswitchinterval(1e-6)\n"
        "failed, start = [], threading.Barrier(len(tags.READERS))\n"
        "def load(kind):\n"
        "    start.wait()\n"
        "    try: tags._reader(kind)\n"
        "    except BaseException as error: failed.append(repr(error))\n"
        "threads = [threading.Thread(target=load, args=(kind,)) for kind in tags.READERS]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "sys.exit(str(failed) if failed else 0)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
