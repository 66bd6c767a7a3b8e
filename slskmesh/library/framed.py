"""Where the audio lies in formats that are one run of frames between tags (pure but for the window's reads).

- FLAC: the frames after the metadata blocks (RFC 9639).
- MPEG, AAC (ADTS), AC-3, Musepack, Monkey's Audio, WavPack, True Audio, TAK, OptimFROG: what is left without the tags.
- Tags are ID3v2 in front, and ID3v1, enhanced ID3v1, Lyrics3, APEv1/2 and appended ID3v2 at the end, in any order.
  A tag whose length cannot be is no tag.
"""

from __future__ import annotations

import struct
from typing import Final

from slskmesh.library.window import Window

Range = tuple[int, int]  # place and length in the file
TAGS_MAX: Final = 32  # tags taken off at one end
BLOCKS_MAX: Final = 20_000  # metadata blocks of a FLAC file
_LYRICS_V1: Final = 5200  # bytes a Lyrics3 v1 tag has at most
_WAVPACK_HYBRID: Final = 0x8


def between_tags(window: Window) -> Range:
    """The file without its tags."""
    start = _after_id3(window)
    end = window.size
    for _ in range(TAGS_MAX):
        length = _tag_before(window, end)
        if not length or end - length < start:
            break
        end -= length
    return start, max(0, end - start)


def flac(window: Window) -> tuple[Range | None, bytes]:
    """The frames, None where it is no FLAC; and STREAMINFO's MD5 of the decoded audio, b"" where it is not set."""
    start, length = between_tags(window)
    at, end, md5 = start + 4, start + length, b""
    if window.peek(start, 4) != b"fLaC":
        return None, b""
    for _ in range(BLOCKS_MAX):
        head = window.peek(at, 4)
        if len(head) < 4:
            return None, b""
        if head[0] & 0x7F == 0:
            md5 = window.peek(at + 22, 16)
        at += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            return ((at, end - at) if at < end else None), (md5 if any(md5) else b"")
    return None, b""


def is_hybrid(window: Window, start: int) -> bool:
    """Whether the WavPack file whose audio begins at `start` keeps only a lossy part of it."""
    head = window.peek(start, 28)
    return (
        head[:4] == b"wvpk"
        and len(head) == 28
        and bool(struct.unpack_from("<I", head, 24)[0] & _WAVPACK_HYBRID)
    )


def _after_id3(window: Window) -> int:
    at = 0
    for _ in range(TAGS_MAX):
        head = window.peek(at, 10)
        if len(head) < 10 or head[:3] != b"ID3" or 0xFF in head[3:5] or max(head[6:]) > 0x7F:
            break
        at += 10 + _synchsafe(head[6:]) + (10 if head[5] & 0x10 else 0)
    return min(at, window.size)


def _synchsafe(data: bytes) -> int:
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]


def _tag_before(window: Window, end: int) -> int:
    """Bytes of the tag that ends at `end`, 0 where there is none."""
    if window.peek(end - 128, 3) == b"TAG":
        return 355 if window.peek(end - 355, 4) == b"TAG+" else 128
    tail = window.peek(end - 32, 32)
    if len(tail) < 32:
        return 0
    if tail.startswith(b"APETAGEX"):
        size, _, flags = struct.unpack_from("<III", tail, 12)
        return size + (32 if flags & 0x8000_0000 else 0) if size >= 32 else 0
    if tail.endswith(b"LYRICS200") and tail[17:23].isdigit():
        return int(tail[17:23]) + 15
    if tail.endswith(b"LYRICSEND"):
        begins = window.peek(max(0, end - _LYRICS_V1), min(end, _LYRICS_V1)).rfind(b"LYRICSBEGIN")
        return min(end, _LYRICS_V1) - begins if begins >= 0 else 0
    if tail[22:25] == b"3DI" and max(tail[28:]) <= 0x7F:
        return _synchsafe(tail[28:]) + 20
    return 0
