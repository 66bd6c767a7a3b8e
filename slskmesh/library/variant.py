"""AudioVariant: one shared audio file as what it sounds like, so that variants of a recording can be told apart.

Source: documents 000 section 5.1; research features 2.8 (fields kept, scoring mended). Zero or empty means unknown.
"""

from __future__ import annotations

import msgspec

from slskmesh.library.domain import SharedFile
from slskmesh.library.manifest import ContentId


class AudioVariant(msgspec.Struct, frozen=True):
    """`duration` in ms, `bitrate` in bit/s; `stream` is the SHA-256 of the audio alone, without tags and pictures.

    `quality` is 0 to 1, `reasons` say in words what raised or lowered it.
    """

    content: ContentId
    size: int
    codec: str  # "FLAC", "ALAC", "PCM", "MP3", "AAC", "Vorbis", "Opus", ...
    container: str  # "FLAC", "MP4", "Ogg", "MPEG", "RIFF", "AIFF", ...
    lossless: bool
    sample_rate: int = 0
    bit_depth: int = 0
    channels: int = 0
    duration: int = 0
    bitrate: int = 0
    stream: bytes = b""
    quality: float = 0.0
    reasons: tuple[str, ...] = ()


class HeldTrack(msgspec.Struct, frozen=True):
    """An offered file with what it sounds like; `variant` is None until it was analysed."""

    file: SharedFile
    variant: AudioVariant | None = None
