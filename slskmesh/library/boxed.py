"""Where the audio lies in formats made of named chunks: RIFF/WAVE, AIFF, DSF, DSDIFF, ASF and MP4 (pure but for reads).

Rules:
- Only the names and lengths of chunks are read, one after another, at most CHUNKS_MAX of them.
- A chunk that claims more than the file holds ends with the file; one whose length cannot be ends the walk.
- `codec` is told where the container can hold several: "PCM", or the name of what it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from slskmesh.library.framed import Range
from slskmesh.library.window import Window

CHUNKS_MAX: Final = 20_000


class Found(NamedTuple):
    """The audio's places, and its codec where the container tells it."""

    ranges: list[Range]
    codec: str = ""


class _Layout(NamedTuple):
    start: int
    name: int  # bytes of a chunk's name
    size: str  # struct format of its length
    whole: bool  # whether the length counts name and length too
    pad: int  # chunks begin at multiples of it


_RIFF: Final = _Layout(12, 4, "<I", False, 2)
_AIFF: Final = _Layout(12, 4, ">I", False, 2)
_DSDIFF: Final = _Layout(16, 4, ">Q", False, 2)
_DSF: Final = _Layout(0, 4, "<Q", True, 1)
_ASF: Final = _Layout(0, 16, "<Q", True, 1)
_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_HEAD: Final = 26  # file id, number of packets, reserved

_WAVE_CODECS: Final = {
    0x0001: "PCM", 0x0002: "ADPCM", 0x0003: "PCM", 0x0006: "A-law", 0x0007: "mu-law", 0x0011: "ADPCM", 0x0031: "GSM",
    0x0050: "MP2", 0x0055: "MP3", 0x00FF: "AAC", 0x0161: "WMA", 0x0162: "WMA", 0x2000: "AC-3",
}  # fmt: skip
_WAVE_EXTENSIBLE: Final = 0xFFFE
_AIFC_CODECS: Final = {
    **dict.fromkeys((b"NONE", b"sowt", b"twos", b"raw ", b"fl32", b"FL32", b"fl64", b"FL64", b"in24", b"in32"), "PCM"),
    b"alaw": "A-law", b"ALAW": "A-law", b"ulaw": "mu-law", b"ULAW": "mu-law", b"ima4": "ADPCM",
}  # fmt: skip


def _walk(window: Window, layout: _Layout) -> Iterator[tuple[bytes, int, int]]:
    """(name, place, length) of each chunk's payload."""
    head = layout.name + struct.calcsize(layout.size)
    at = layout.start
    for _ in range(CHUNKS_MAX):
        raw = window.peek(at, head)
        if len(raw) < head:
            return
        (size,) = struct.unpack_from(layout.size, raw, layout.name)
        size -= head if layout.whole else 0
        if size < 0:
            return
        yield raw[: layout.name], at + head, min(size, window.size - at - head)
        at += head + size
        at += -at % layout.pad


def wave(window: Window) -> Found:
    """RIFF/WAVE and its 64-bit kinds: the data chunk."""
    codec, large = "", 0
    for name, at, length in _walk(window, _RIFF):
        if name == b"fmt ":
            codec = _wave_codec(window.peek(at, min(length, 40)))
        elif name == b"ds64" and length >= 16:
            (large,) = struct.unpack("<Q", window.peek(at + 8, 8))
        elif name == b"data":
            if large and window.peek(at - 4, 4) == b"\xff\xff\xff\xff":
                length = min(large, window.size - at)
            return Found([(at, length)], codec)
    return Found([], codec)


def _wave_codec(fmt: bytes) -> str:
    if len(fmt) < 16:
        return ""
    (number,) = struct.unpack_from("<H", fmt)
    if number == _WAVE_EXTENSIBLE and len(fmt) >= 26:
        (number,) = struct.unpack_from("<H", fmt, 24)
    return _WAVE_CODECS.get(number, f"WAVE {number:04x}")


def aiff(window: Window) -> Found:
    """AIFF and AIFF-C: the sound data chunk without its offset."""
    codec = "PCM"
    ranges: list[Range] = []
    for name, at, length in _walk(window, _AIFF):
        if name == b"COMM" and length >= 22:
            kind = window.peek(at + 18, 4)
            codec = _AIFC_CODECS.get(kind, "AIFF-C")
        elif name == b"SSND" and length > 8 and not ranges:
            skip = 8 + int.from_bytes(window.peek(at, 4), "big")
            if skip < length:
                ranges.append((at + skip, length - skip))
    return Found(ranges, codec)


def dsf(window: Window) -> Found:
    """DSF: the data chunk."""
    return Found([(at, size) for name, at, size in _walk(window, _DSF) if name == b"data"][:1])


def dsdiff(window: Window) -> Found:
    """DSDIFF: the chunk of DSD or of compressed (DST) sound."""
    return Found([(at, size) for name, at, size in _walk(window, _DSDIFF) if name in (b"DSD ", b"DST ")][:1])


def asf(window: Window) -> Found:
    """ASF (Windows Media): the packets of the data object."""
    ranges = [
        (at + _ASF_HEAD, size - _ASF_HEAD)
        for name, at, size in _walk(window, _ASF)
        if name == _ASF_DATA and size > _ASF_HEAD
    ]
    return Found(ranges[:1])


def mp4(window: Window) -> Found:
    """MP4: its media data boxes, in order."""
    ranges: list[Range] = []
    at = 0
    for _ in range(CHUNKS_MAX):
        raw = window.peek(at, 16)
        if len(raw) < 8:
            break
        size, head = int.from_bytes(raw[:4], "big"), 8
        if size == 1 and len(raw) == 16:
            size, head = int.from_bytes(raw[8:], "big"), 16
        elif size == 0:
            size = window.size - at
        if size < head:
            break
        if raw[4:8] == b"mdat" and size > head:
            ranges.append((at + head, min(size, window.size - at) - head))
        at += size
    return Found(ranges)
