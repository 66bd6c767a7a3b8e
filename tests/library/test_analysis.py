"""Variants of real files: what they are said to be, when they are made, and that nothing stops on a bad one."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import mutagen
import pytest
import trio

from slskmesh.library import library as module
from slskmesh.library.analysis import analyse_file, describe
from slskmesh.library.domain import Domain, SharedFile
from slskmesh.library.hashing import FileChangedError
from slskmesh.library.library import Library
from slskmesh.library.manifest import ContentId
from slskmesh.library.rows import Holder
from slskmesh.library.streams import Stream
from slskmesh.library.variant import AudioVariant
from slskmesh.library.walk import stamp_of
from slskmesh.text import SafeStr
from tests.library.conftest import WRITTEN, encode, manifest_of, quiet, tagged

EXPECTED = {
    "flac": ("FLAC", "FLAC", True, 16),
    "ogg": ("Vorbis", "Ogg", False, 0),
    "opus": ("Opus", "Ogg", False, 0),
    "mp3": ("MP3", "MPEG", False, 0),
    "wav": ("PCM", "RIFF", True, 16),
    "aiff": ("PCM", "AIFF", True, 16),
}


async def analyse_all(library: Library) -> int:
    """Calls made until nothing is left."""
    for calls in range(1, 100):
        if not await library.analyse(3):
            return calls
    raise AssertionError("there is no end of it")


async def variant_of(library: Library, data: bytes) -> AudioVariant:
    found = await library.variant(manifest_of(data).content_id())
    assert found is not None
    return found


async def test_each_format_is_what_it_is(library: Library, share: Path) -> None:
    files = {suffix: encode(suffix, 1.0) for suffix in WRITTEN}
    for suffix, data in files.items():
        (share / f"a.{suffix}").write_bytes(data)
    (share / "notes.txt").write_bytes(b"words")
    await library.scan([share], quiet)
    assert await analyse_all(library) == 3  # seven contents, three a call
    for suffix, data in files.items():
        variant = await variant_of(library, data)
        assert (variant.codec, variant.container, variant.lossless, variant.bit_depth) == EXPECTED[suffix]
        assert variant.size == len(data) and len(variant.stream) == 32
        assert (variant.channels, variant.sample_rate) == (2, 48_000)
        assert variant.duration == pytest.approx(1000, abs=60)
        assert 0 < variant.bitrate <= 8 * len(data) * 1.1
        assert (variant.quality >= 0.95) == variant.lossless and variant.reasons
    assert await library.variant(manifest_of(b"words").content_id()) is None
    assert await library.analyse(10) == 0 and await library.analyse(0) == 0


async def test_files_that_differ_in_tags_alone_share_the_stream_and_the_bit_rate(
    library: Library, share: Path
) -> None:
    plain, named = encode("flac"), tagged("flac", title="x" * 20_000, artist="y")
    (share / "a.flac").write_bytes(plain)
    (share / "b.flac").write_bytes(named)
    await library.scan([share], quiet)
    await analyse_all(library)
    one, two = await variant_of(library, plain), await variant_of(library, named)
    assert one.stream == two.stream and one.content != two.content
    assert (one.bitrate, one.quality) == (two.bitrate, two.quality)


async def test_broken_files_get_a_verdict_and_hold_nobody_up(library: Library, share: Path) -> None:
    (share / "a.mp3").write_bytes(b"\0" * 5000)
    (share / "b.flac").write_bytes(b"fLaC" + b"\xff" * 100)
    (share / "c.mka").write_bytes(b"\x1a\x45\xdf\xa3" * 10)
    (share / "d.mp3").write_bytes(encode("mp3"))
    await library.scan([share], quiet)
    await analyse_all(library)
    broken = await variant_of(library, b"\0" * 5000)
    assert broken.quality == 0.1 and broken.reasons == ("its audio headers cannot be read",)
    assert (await variant_of(library, b"fLaC" + b"\xff" * 100)).stream == b""
    assert (await variant_of(library, b"\x1a\x45\xdf\xa3" * 10)).codec == "MKA"
    assert (await variant_of(library, encode("mp3"))).quality > 0.3


async def test_a_file_that_changed_or_vanished_is_left_to_the_next_scan(
    library: Library, share: Path
) -> None:
    first, second = encode("mp3", 0.1), encode("mp3", 0.2)
    (share / "a.mp3").write_bytes(first)
    (share / "b.mp3").write_bytes(second)
    await library.scan([share], quiet)
    (share / "a.mp3").write_bytes(first + b"more")
    (share / "b.mp3").rename(share.parent / "aside")
    assert await library.analyse(10) == 0
    assert (await library.stats()).files == 0
    (share.parent / "aside").rename(share / "b.mp3")
    await library.scan([share], quiet)
    assert await library.analyse(10) == 0
    for data in (first + b"more", second):
        assert (await variant_of(library, data)).codec == "MP3"
    assert await library.variant(manifest_of(first).content_id()) is None


async def test_it_stops_within_a_block_when_cancelled(
    library: Library, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (share / "a.wav").write_bytes(encode("wav", 1.0))
    await library.scan([share], quiet)
    started = trio.Event()
    token = trio.lowlevel.current_trio_token()
    real = module.analyse_file

    def endless(holder: Holder, **options: object) -> AudioVariant:
        token.run_sync_soon(started.set)
        while True:
            real(holder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "analyse_file", endless)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(library.analyse, 1)
            await started.wait()
            nursery.cancel_scope.cancel()
    monkeypatch.undo()
    assert await library.analyse(1) == 0
    assert (await variant_of(library, encode("wav", 1.0))).codec == "PCM"


def shared(**fields: object) -> SharedFile:
    made = SharedFile(
        ContentId(bytes(32)), 1000, Path("a"), Path("."), SafeStr(""), SafeStr("a"), Domain.MUSIC, SafeStr("AAC"),
        duration=10_000, sample_rate=44_100, channels=2,
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


@pytest.mark.parametrize(
    ("kind", "form", "stream", "codec", "lossless"),
    [
        ("mp4", "AAC", Stream(), "AAC", False),
        ("mp4", "ALAC", Stream(), "ALAC", True),
        ("mp4", "AC-3", Stream(), "AC-3", False),
        ("wave", "WAV", Stream(codec="ADPCM"), "ADPCM", False),
        ("wave", "WAV", Stream(codec="PCM"), "PCM", True),
        ("wavpack", "WavPack", Stream(), "WavPack", True),
        ("wavpack", "WavPack", Stream(codec="WavPack hybrid"), "WavPack hybrid", False),
        ("mp3", "MP2", Stream(), "MP2", False),
        ("musepack", "MPC", Stream(), "Musepack", False),
        ("", "SHN", Stream(), "SHN", False),
    ],
)
def test_the_codec_counts_by_what_it_is(
    kind: str, form: str, stream: Stream, codec: str, lossless: bool
) -> None:
    variant = describe(shared(format=SafeStr(form), bit_depth=16), kind, stream)
    assert (variant.codec, variant.lossless, variant.bit_depth) == (codec, lossless, 16 if lossless else 0)


def test_the_bit_rate_is_that_of_the_audio_alone(tmp_path: Path) -> None:
    variant = describe(shared(bitrate=999_999), "mp4", Stream(bytes(32), 160_000))
    assert variant.bitrate == 128_000
    assert describe(shared(bitrate=999), "mp4", Stream()).bitrate == 999
    assert describe(shared(duration=1), "mp4", Stream(bytes(32), 2**40)).bitrate == 2**32 - 1


def test_one_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.opus"
    path.write_bytes(encode("opus"))
    info = mutagen.File(io.BytesIO(path.read_bytes())).info
    holder = Holder(1, stamp_of(path.stat()), shared(path=path, duration=int(info.length * 1000)))
    assert analyse_file(holder).codec == "Opus"
    with pytest.raises(FileChangedError):
        analyse_file(holder._replace(stamp=bytes(24)))
