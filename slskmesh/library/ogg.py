"""Where the audio lies in Ogg (RFC 3533): packets of Vorbis, Opus, Speex and FLAC without their comments.

Rules:
- What belongs to a packet is told by the pages' lacing, so the same packets on other pages are the same places.
- Of Vorbis, Opus and Speex the comment packet is left out, of FLAC all metadata (as in a file of its own kind); other
  logical streams (pictures, video, skeletons) are left out. Chained streams follow one another.
- At most PAGES_MAX pages and STREAMS_MAX logical streams at a time; a file beyond that, or one that loses its
  pages, is Unsound. A last page that is cut off counts as far as it is there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from slskmesh.library.framed import Range
from slskmesh.library.window import Window

PAGES_MAX: Final = 2_000_000
STREAMS_MAX: Final = 16
_HEAD: Final = 27
_FIRST, _LAST = 0x02, 0x04
_KINDS: Final = (
    (b"\x01vorbis", "vorbis"),
    (b"OpusHead", "opus"),
    (b"Speex   ", "speex"),
    (b"\x7fFLAC", "flac"),
)


class Unsound(Exception):
    """The container cannot be followed."""


class _Logical:
    """One logical stream: which packet comes next, and whether it is sound."""

    __slots__ = ("begun", "header", "kind", "packet", "taken")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.packet = 0  # number of the packet that begins or goes on next
        self.begun = False  # a part of it has come
        self.taken = False  # and is sound
        self.header = kind == "flac"  # its metadata is not over

    def take(self, first: int) -> bool:
        """Whether the next part of a packet is sound; `first` is the part's first byte."""
        if not self.begun:
            if self.header and first == 0xFF:
                self.header = False
            comment = self.packet == 1 and self.kind != "flac"
            self.taken = bool(self.kind) and not self.header and not comment
        return self.taken


def ranges(window: Window) -> Iterator[Range]:
    """Places of the sound's packets, page by page. Raises Unsound."""
    streams: dict[int, _Logical] = {}
    at = 0
    for _ in range(PAGES_MAX):
        head = bytes(window.view(at, _HEAD))
        if len(head) < _HEAD:
            return
        if head[:5] != b"OggS\0":
            raise Unsound
        flags, (serial,), count = head[5], struct.unpack_from("<I", head, 14), head[26]
        lacing = bytes(window.view(at + _HEAD, count))
        at += _HEAD + count
        if flags & _FIRST:
            if serial not in streams and len(streams) >= STREAMS_MAX:
                raise Unsound
            streams[serial] = _Logical(_kind(window.peek(at, 16)))
        logical = streams.get(serial)
        if logical is None:
            raise Unsound
        yield from _parts(window, logical, at, lacing)
        at += sum(lacing)
        if flags & _LAST:
            streams.pop(serial)
    raise Unsound


def _kind(start: bytes) -> str:
    return next((kind for magic, kind in _KINDS if start.startswith(magic)), "")


def _parts(window: Window, logical: _Logical, at: int, lacing: bytes) -> Iterator[Range]:
    """The sound on one page, joined where it lies together."""
    start, length, place = at, 0, 0
    while place < len(lacing):
        size, ended = 0, False
        while place < len(lacing) and not ended:
            size += lacing[place]
            ended = lacing[place] < 255
            place += 1
        if logical.kind:
            sound = logical.take(window.view(at, 1)[0] if size and at < window.size else 0)
            if not sound or at != start + length:
                if length:
                    yield start, length
                start, length = at, 0
            if sound:
                length += size
            else:
                start = at + size
        logical.begun = not ended
        logical.packet += ended
        at += size
    if length:
        yield start, length
