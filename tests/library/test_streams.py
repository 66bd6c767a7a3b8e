"""The audio without its tags: retagging keeps the hash, one audio byte changes it, rubbish ends with no harm."""

from __future__ import annotations

import hashlib
import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mutagen
import mutagen.apev2
import mutagen.asf
import mutagen.flac
import mutagen.id3
import mutagen.mp4
import mutagen.oggopus
import mutagen.oggvorbis
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.library import boxed, framed, ogg
from slskmesh.library.hashing import FileChangedError
from slskmesh.library.kinds import HEAD, kind_of
from slskmesh.library.streams import Stream, read_stream
from slskmesh.library.window import BLOCK, Window
from tests.library.conftest import WRITTEN, encode

DATA = Path(__file__).parents[3] / "shared" / "data" / "audio"
SAMPLES = (
    "test.flac",
    "test.mp3",
    "test-id3-rename-tags.mp3",
    "test.ogg",
    "test.opus",
    "test.m4a",
    "test.wav",
)
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 200


@contextmanager
def opened(data: bytes) -> Iterator[int]:
    """A descriptor of these bytes that leaves no file."""
    handle = os.memfd_create("audio")
    try:
        os.write(handle, data)
        yield handle
    finally:
        os.close(handle)


def stream_of(data: bytes, suffix: str) -> Stream:
    with opened(data) as handle:
        return read_stream(kind_of(data[:HEAD], suffix) or "", handle, len(data))


def sample(name: str) -> bytes:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the real audio files are not here: {name}")
    return path.read_bytes()


def add_picture(audio: mutagen.FileType) -> None:
    if isinstance(audio, mutagen.flac.FLAC):
        picture = mutagen.flac.Picture()
        picture.data, picture.mime, picture.type = PICTURE, "image/jpeg", 3
        audio.add_picture(picture)
    elif isinstance(audio, mutagen.mp4.MP4):
        audio["covr"] = [mutagen.mp4.MP4Cover(PICTURE, mutagen.mp4.MP4Cover.FORMAT_JPEG)]
    elif isinstance(audio.tags, mutagen.id3.ID3):
        audio.tags.add(mutagen.id3.APIC(encoding=3, mime="image/jpeg", type=3, data=PICTURE))
    else:
        audio["metadata_block_picture"] = ["A" * len(PICTURE)]


def set_title(audio: mutagen.FileType, title: str) -> None:
    if audio.tags is None:
        audio.add_tags()
    if isinstance(audio.tags, mutagen.id3.ID3):
        audio.tags.add(mutagen.id3.TIT2(encoding=3, text=title))
    elif isinstance(audio, mutagen.mp4.MP4):
        audio["\xa9nam"] = [title]
    else:
        audio["title"] = [title]


def retagged(data: bytes, title: str, *, picture: bool = False, padding: int | None = None) -> bytes:
    file = io.BytesIO(data)
    audio = mutagen.File(file)
    set_title(audio, title)
    if picture:
        add_picture(audio)
    file.seek(0)
    audio.save(file, **({} if padding is None else {"padding": lambda info: padding}))
    return file.getvalue()


def check_retagging(data: bytes, suffix: str) -> None:
    before = stream_of(data, suffix)
    assert before.sha256 and 0 < before.size <= len(data)
    long = retagged(data, "名前 " * 3000, picture=True)
    assert long != data and stream_of(long, suffix) == before
    assert stream_of(retagged(long, "short", padding=0), suffix) == before
    assert stream_of(retagged(data, "x", padding=70_000), suffix) == before
    file = io.BytesIO(long)
    audio = mutagen.File(file)
    file.seek(0)
    audio.delete(file)
    assert stream_of(file.getvalue(), suffix) == before


@pytest.mark.parametrize("suffix", sorted(WRITTEN))
def test_retagging_keeps_the_hash(suffix: str) -> None:
    check_retagging(encode(suffix, 1.0), suffix)


@pytest.mark.parametrize("name", SAMPLES)
def test_retagging_a_real_file_keeps_the_hash(name: str) -> None:
    check_retagging(sample(name), name.rpartition(".")[2])


def audio_places(data: bytes, suffix: str) -> list[tuple[int, int]]:
    kind = kind_of(data[:HEAD], suffix)
    with opened(data) as handle:
        window = Window(handle, len(data))
        if kind in ("vorbis", "opus"):
            return list(ogg.ranges(window))
        if kind == "flac":
            frames = framed.flac(window)[0]
            return [frames] if frames else []
        if kind in ("wave", "aiff", "mp4"):
            return {"wave": boxed.wave, "aiff": boxed.aiff, "mp4": boxed.mp4}[kind](window).ranges
        return [framed.between_tags(window)]


def check_every_byte_counts(data: bytes, suffix: str) -> None:
    before = stream_of(data, suffix)
    places = [at for start, length in audio_places(data, suffix) for at in range(start, start + length)]
    assert len(places) == before.size
    step = max(1, len(places) // 40)
    for at in [*places[::step], places[-1]][4:]:  # the first bytes may be what the format is told by
        changed = bytearray(data)
        changed[at] ^= 0x10
        assert stream_of(bytes(changed), suffix).sha256 != before.sha256, at


@pytest.mark.parametrize("suffix", sorted(WRITTEN))
def test_one_changed_byte_of_audio_changes_the_hash(suffix: str) -> None:
    check_every_byte_counts(encode(suffix), suffix)


@pytest.mark.parametrize("name", SAMPLES)
def test_one_changed_byte_of_a_real_file_changes_the_hash(name: str) -> None:
    check_every_byte_counts(sample(name), name.rpartition(".")[2])


def test_pages_do_not_count_in_ogg() -> None:
    """Another program may cut the same packets into other pages."""
    data = encode("ogg", 2.0)
    assert stream_of(repaged(data), "ogg") == stream_of(data, "ogg")
    assert repaged(data) != data


def repaged(data: bytes) -> bytes:
    """The same packets, each on pages of its own."""
    from mutagen.ogg import OggPage

    file = io.BytesIO(data)
    pages = []
    while True:
        try:
            pages.append(OggPage(file))
        except EOFError:
            break
    out = io.BytesIO()
    sequence = 0
    for packet in OggPage.to_packets(pages):
        for page in OggPage.from_packets([packet], sequence):
            page.serial = pages[0].serial
            page.first, page.last = sequence == 0, False
            out.write(page.write())
            sequence += 1
    return out.getvalue()


def test_ogg_of_two_songs_in_a_row_holds_both() -> None:
    first, second = encode("ogg", 0.3), encode("opus", 0.3)
    both = stream_of(first + second, "ogg")
    assert both.size == stream_of(first, "ogg").size + stream_of(second, "opus").size


def test_ogg_that_loses_its_pages_has_no_hash() -> None:
    data = encode("ogg", 1.0)
    assert stream_of(data + b"rubbish" * 10, "ogg").sha256 == b""
    assert stream_of(data[:-100], "ogg").size == stream_of(data, "ogg").size - 100


def test_flac_tells_the_md5_of_its_samples_and_is_the_same_in_ogg() -> None:
    wave = (np.sin(np.arange(48_000) * 0.05) * 20_000).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, wave, 48_000, format="FLAC", subtype="PCM_16")
    stream = stream_of(file.getvalue(), "flac")
    assert stream.md5 == hashlib.md5(wave.tobytes()).digest()
    behind_id3 = mutagen.id3.ID3()
    behind_id3.add(mutagen.id3.TIT2(encoding=3, text="in front"))
    tagged = io.BytesIO(file.getvalue())
    behind_id3.save(tagged)
    assert tagged.getvalue()[:3] == b"ID3" and stream_of(tagged.getvalue(), "flac") == stream


def synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


FRAMES = bytes(range(1, 251)) * 9
ID3V1 = b"TAG" + bytes(125)
ENHANCED = b"TAG+" + bytes(223)
LYRICS2 = b"LYRICSBEGIN" + b"IND00003110" + b"000022" + b"LYRICS200"
LYRICS1 = b"LYRICSBEGIN" + b"la la la" + b"LYRICSEND"
APPENDED = b"ID3\4\0\x10" + synchsafe(40) + bytes(40) + b"3DI\4\0\x10" + synchsafe(40)


def ape(*, header: bool) -> bytes:
    item = struct.pack("<II", 1, 0) + b"Title\0x"
    footer = struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(item) + 32, 1, 0x8000_0000 * header)
    return (
        (struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(item) + 32, 1, 0xA000_0000) if header else b"")
        + item
        + footer
    )


TAIL = st.sampled_from(
    [ID3V1, ENHANCED + ID3V1, LYRICS2 + ID3V1, LYRICS1, APPENDED, ape(header=True), ape(header=False)]
)
HEADS = st.integers(0, 300).map(lambda size: b"ID3\3\0\0" + synchsafe(size) + bytes(size))


@given(heads=st.lists(HEADS, max_size=3), tails=st.lists(TAIL, max_size=4))
def test_tags_at_both_ends_are_taken_off(heads: list[bytes], tails: list[bytes]) -> None:
    data = b"".join(heads) + FRAMES + b"".join(tails)
    with opened(data) as handle:
        for kind in ("mp3", "ape", "tta", "musepack", "tak"):
            assert read_stream(kind, handle, len(data)) == Stream(
                hashlib.sha256(FRAMES).digest(), len(FRAMES)
            )


def test_a_tag_whose_length_cannot_be_is_no_tag() -> None:
    broken = FRAMES + struct.pack("<8sIIII8x", b"APETAGEX", 2000, 0xFFFF_FFFF, 1, 0)
    assert stream_of(broken, "mp3").size == len(broken)
    assert stream_of(b"ID3\3\0\0\x7f\x7f\x7f\x7f" + FRAMES, "mp3") == Stream()  # all of it is tag


def riff(*chunks: tuple[bytes, bytes], form: bytes = b"RIFF") -> bytes:
    body = b"".join(n + struct.pack("<I", len(d)) + d + bytes(len(d) % 2) for n, d in chunks)
    return form + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def test_what_a_wave_file_holds_is_told() -> None:
    def fmt(number: int, more: bytes = b"") -> tuple[bytes, bytes]:
        return b"fmt ", struct.pack("<HHIIHH", number, 2, 44_100, 176_400, 4, 16) + more

    sound = (b"data", FRAMES)
    extensible = fmt(0xFFFE, struct.pack("<HHI", 22, 16, 3) + struct.pack("<H", 1) + bytes(14))
    for head, codec in (
        (fmt(1), "PCM"),
        (fmt(2), "ADPCM"),
        (fmt(0x55), "MP3"),
        (extensible, "PCM"),
        (fmt(77), "WAVE 004d"),
    ):
        found = stream_of(riff((b"LIST", b"odd"), head, sound, (b"id3 ", b"x" * 9)), "wav")
        assert found == Stream(hashlib.sha256(FRAMES).digest(), len(FRAMES), codec)
    large = riff((b"ds64", struct.pack("<QQQI", 0, len(FRAMES), 0, 0)), fmt(1), sound, form=b"RF64")
    large = large.replace(b"data" + struct.pack("<I", len(FRAMES)), b"data\xff\xff\xff\xff")
    assert stream_of(large + b"id3 \4\0\0\0abcd", "wav").size == len(FRAMES)


def test_formats_made_of_chunks() -> None:
    wanted = Stream(hashlib.sha256(FRAMES).digest(), len(FRAMES))
    size = len(FRAMES)
    dsf = b"DSD " + struct.pack("<QQQ", 28, 0, 0) + b"fmt " + struct.pack("<Q", 52) + bytes(40)
    assert stream_of(dsf + b"data" + struct.pack("<Q", size + 12) + FRAMES + b"ID3 tag", "dsf") == wanted
    dff = b"FRM8" + struct.pack(">Q", 0) + b"DSD " + b"FVER" + struct.pack(">QI", 4, 1)
    assert (
        stream_of(dff + b"DSD " + struct.pack(">Q", size) + FRAMES + b"ID3 " + struct.pack(">Q", 3), "dff")
        == wanted
    )
    asf = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + struct.pack("<Q", 30) + bytes(6)
    data = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c") + struct.pack("<Q", size + 50) + bytes(26)
    assert stream_of(asf + data + FRAMES + bytes(16) + struct.pack("<Q", 24), "wma") == wanted
    ftyp = struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0)
    half = size // 2
    boxes = (
        struct.pack(">I4sQ", 1, b"mdat", half + 16)
        + FRAMES[:half]
        + struct.pack(">I4s", 12, b"free")
        + b"junk"
    )
    assert stream_of(ftyp + boxes + struct.pack(">I4s", 0, b"mdat") + FRAMES[half:], "m4a") == wanted
    common = struct.pack(">hIh10s", 2, 100, 16, bytes(10))
    sound = b"SSND" + struct.pack(">III", size + 8, 0, 0) + FRAMES
    plain = b"FORM" + struct.pack(">I4s", 0, b"AIFF") + b"COMM" + struct.pack(">I", 18) + common + sound
    assert stream_of(plain, "aiff") == Stream(wanted.sha256, size, "PCM")
    packed = (
        b"FORM"
        + struct.pack(">I4s", 0, b"AIFC")
        + b"COMM"
        + struct.pack(">I", 24)
        + common
        + b"ima4\0\0"
        + sound
    )
    assert stream_of(packed, "aifc") == Stream(wanted.sha256, size, "ADPCM")


def test_wavpack_that_leaves_some_out_is_told_apart() -> None:
    def block(flags: int) -> bytes:
        return b"wvpk" + struct.pack("<IHHIIIII", 24, 0x410, 0, 0, 0, 0, flags, 0)

    assert stream_of(block(0x1808) + FRAMES, "wv").codec == "WavPack hybrid"
    assert stream_of(block(0x1801) + FRAMES + ape(header=True), "wv").codec == ""
    assert stream_of(block(0x1801) + FRAMES + ID3V1, "wv").size == len(block(0)) + len(FRAMES)


def test_kinds_without_a_reader_have_no_hash() -> None:
    for kind in ("", "midi", "no such kind"):
        with opened(FRAMES) as handle:
            assert read_stream(kind, handle, len(FRAMES)) == Stream()


def test_a_file_that_becomes_shorter_is_told_of() -> None:
    with opened(FRAMES) as handle, pytest.raises(FileChangedError):
        read_stream("mp3", handle, len(FRAMES) + 1)


def test_memory_and_steps_are_told_of_as_they_are_read() -> None:
    data = bytes(3 * BLOCK) + b"x" * 1000
    read: list[int] = []
    with opened(data) as handle:
        assert read_stream("mp3", handle, len(data), read.append).size == len(data)
    assert max(read) <= BLOCK and sum(read) < len(data) + 4096


KINDS = (
    "flac",
    "mp3",
    "vorbis",
    "opus",
    "oggflac",
    "mp4",
    "wave",
    "aiff",
    "dsf",
    "dsdiff",
    "asf",
    "wavpack",
    "ape",
)
SEEDS = {suffix: encode(suffix, 0.1) for suffix in WRITTEN}


@settings(max_examples=150, deadline=None)
@given(
    suffix=st.sampled_from(sorted(WRITTEN)),
    kind=st.one_of(st.none(), st.sampled_from(KINDS)),
    cut=st.integers(0, 1 << 16),
    flips=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(1, 255)), max_size=12),
    noise=st.binary(max_size=300),
)
def test_cut_and_flipped_files_end_with_no_harm(
    suffix: str, kind: str | None, cut: int, flips: list[tuple[int, int]], noise: bytes
) -> None:
    data = bytearray(SEEDS[suffix] + noise)
    for at, mask in flips:
        data[at % len(data)] ^= mask
    del data[max(1, cut % (2 * len(data))) :]
    with opened(bytes(data)) as handle:
        found = read_stream(kind or kind_of(bytes(data[:HEAD]), suffix) or "", handle, len(data))
    assert found.size <= len(data)
    assert len(found.sha256) == (32 if found.size else 0)


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    head=st.sampled_from([b"", b"fLaC", b"OggS\0\2", b"RIFF0000WAVE"]),
    data=st.binary(max_size=600),
)
def test_rubbish_ends_with_no_harm(kind: str, head: bytes, data: bytes) -> None:
    with opened(head + data) as handle:
        assert read_stream(kind, handle, len(head + data)).size <= len(head + data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("flac", b"fLaC" + bytes(400_000)),
        ("mp4", struct.pack(">I4s", 8, b"free") * 50_000),
        ("wave", b"RIFF0000WAVE" + (b"junk" + bytes(4)) * 50_000),
        ("vorbis", (b"OggS\0\2" + bytes(21)) * 20_000),
        ("mp3", b"ID3\3\0\0\0\0\0\0" * 50_000),
        ("asf", bytes(24) * 20_000),
    ],
)
def test_containers_of_nothing_but_heads_end_soon(kind: str, data: bytes) -> None:
    reads: list[int] = []
    with opened(data) as handle:
        read_stream(kind, handle, len(data), reads.append)
    assert len(reads) <= 45_000 and sum(reads) <= 4 * len(data) + BLOCK
