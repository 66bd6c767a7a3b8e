"""Makes the AudioVariant of one shared file: reads its audio once, says what it is and how good.

Rules:
- The file is the one that was hashed, before and after: what changed meanwhile is a StorageError and no variant.
- Bit rate is measured (bytes of audio over its duration) where the audio is found, so tags and pictures do not count.
- `analyse_file` blocks and runs in a worker thread; `describe` is pure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from slskmesh.library.domain import SharedFile
from slskmesh.library.hashing import FileChangedError, Pulse, check_unchanged, open_regular
from slskmesh.library.kinds import HEAD, kind_of, suffix_of
from slskmesh.library.quality import Sound, judge
from slskmesh.library.rows import Holder
from slskmesh.library.streams import Stream, read_stream
from slskmesh.library.variant import AudioVariant
from slskmesh.library.walk import stamp_of

_U32: Final = 0xFFFF_FFFF

# kind -> (codec, container, lossless); codec "" where the file's own headers tell it
_KINDS: Final[Mapping[str, tuple[str, str, bool]]] = {
    "flac": ("FLAC", "FLAC", True),
    "oggflac": ("FLAC", "Ogg", True),
    "mp3": ("", "MPEG", False),
    "vorbis": ("Vorbis", "Ogg", False),
    "opus": ("Opus", "Ogg", False),
    "speex": ("Speex", "Ogg", False),
    "mp4": ("", "MP4", False),
    "asf": ("WMA", "ASF", False),
    "wave": ("", "RIFF", False),
    "aiff": ("", "AIFF", False),
    "wavpack": ("WavPack", "WavPack", True),
    "ape": ("APE", "APE", True),
    "musepack": ("Musepack", "Musepack", False),
    "tta": ("TTA", "TTA", True),
    "optimfrog": ("OptimFROG", "OptimFROG", True),
    "tak": ("TAK", "TAK", True),
    "aac": ("AAC", "ADTS", False),
    "ac3": ("", "AC-3", False),
    "dsf": ("DSD", "DSF", True),
    "dsdiff": ("DSD", "DSDIFF", True),
    "midi": ("MIDI", "MIDI", False),
}
_LOSSLESS: Final = frozenset(("PCM", "ALAC", "FLAC"))  # where the container may hold either


def analyse_file(holder: Holder, *, follow_link: bool = False, pulse: Pulse = lambda _: None) -> AudioVariant:
    """What the file sounds like. StorageError as its reason alone; FileChangedError: it is another file by now."""
    path = os.fsencode(holder.shared.path)
    with open_regular(path, follow_link=follow_link) as (fd, status):
        if stamp_of(status) != holder.stamp:
            raise FileChangedError("is not the file that was hashed; the next scan looks at it")
        kind = kind_of(os.pread(fd, HEAD, 0), suffix_of(os.path.basename(path))) or ""
        stream = read_stream(kind, fd, status.st_size, pulse)
        check_unchanged(fd, status)
    return describe(holder.shared, kind, stream)


def describe(shared: SharedFile, kind: str, stream: Stream) -> AudioVariant:
    """The variant of a file by its tags' properties, its kind ("" unknown) and its audio."""
    codec, container, lossless = _KINDS.get(kind, (str(shared.format), str(shared.format), False))
    codec = stream.codec or codec or str(shared.format)
    if stream.codec or codec in _LOSSLESS:
        lossless = codec in _LOSSLESS
    bitrate = shared.bitrate
    if stream.size and shared.duration:
        bitrate = min(stream.size * 8000 // shared.duration, _U32)
    readable = kind not in _KINDS or kind == "midi" or bool(shared.duration or shared.sample_rate)
    depth = shared.bit_depth if lossless else 0  # a lossy coding has none, whatever its headers say
    sound = Sound(codec, lossless, shared.sample_rate, depth, shared.channels, bitrate, readable)
    quality, reasons = judge(sound)
    return AudioVariant(
        content=shared.content,
        size=shared.size,
        codec=codec,
        container=container,
        lossless=lossless,
        sample_rate=shared.sample_rate,
        bit_depth=depth,
        channels=shared.channels,
        duration=shared.duration,
        bitrate=bitrate,
        stream=stream.sha256,
        quality=quality,
        reasons=reasons,
    )
