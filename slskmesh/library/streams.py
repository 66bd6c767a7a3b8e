"""The audio of a file without its tags, hashed: two files with one hash sound the same, however they are tagged.

Rules:
- Only what is needed is read, in blocks; the file is never in memory as a whole.
- Whatever a file holds, the walk ends: every reader is bounded. What cannot be followed has no hash, b"".
- The hash is SHA-256 over the audio's bytes as they stand, coded: another encoding of the same sound is another hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from slskmesh.library import boxed, framed, ogg
from slskmesh.library.boxed import Found
from slskmesh.library.framed import Range
from slskmesh.library.hashing import Pulse
from slskmesh.library.window import BLOCK, Window

_FRAMED: Final = frozenset(
    ("mp3", "aac", "ac3", "musepack", "ape", "wavpack", "tta", "tak", "optimfrog"),
)
_OGG: Final = frozenset(("vorbis", "opus", "speex", "oggflac"))
_BOXED: Final[Mapping[str, Callable[[Window], Found]]] = {
    "wave": boxed.wave,
    "aiff": boxed.aiff,
    "dsf": boxed.dsf,
    "dsdiff": boxed.dsdiff,
    "asf": boxed.asf,
    "mp4": boxed.mp4,
}


class Stream(msgspec.Struct, frozen=True):
    """`sha256` of the coded audio, b"" unknown; `size` its bytes; `codec` where the container holds several; `md5`
    that of the decoded samples where a FLAC file tells it.
    """

    sha256: bytes = b""
    size: int = 0
    codec: str = ""
    md5: bytes = b""


def read_stream(kind: str, fd: int, size: int, pulse: Pulse = lambda _: None) -> Stream:
    """The audio of the open file of `size` bytes, read as `kind` (`kinds.kind_of`).

    OSError as the system gives it; FileChangedError where the file became shorter. `pulse` as for `window.Window`.
    """
    window = Window(fd, size, pulse)
    try:
        if kind == "flac":
            frames, md5 = framed.flac(window)
            return _hashed(window, [frames] if frames else [], md5=md5)
        if kind in _FRAMED:
            start, length = framed.between_tags(window)
            hybrid = kind == "wavpack" and framed.is_hybrid(window, start)
            return _hashed(window, [(start, length)], codec="WavPack hybrid" if hybrid else "")
        if kind in _OGG:
            return _hashed(window, ogg.ranges(window))
        if kind in _BOXED:
            found = _BOXED[kind](window)
            return _hashed(window, found.ranges, codec=found.codec)
    except ogg.Unsound:
        return Stream()
    return Stream()


def _hashed(window: Window, ranges: Iterable[Range], codec: str = "", md5: bytes = b"") -> Stream:
    digest = hashlib.sha256()
    size = 0
    for at, length in ranges:
        end = min(at + length, window.size)
        while at < end:
            view = window.view(at, min(BLOCK, end - at))
            digest.update(view)
            at += len(view)
            size += len(view)
    return Stream(digest.digest() if size else b"", size, codec, md5)
