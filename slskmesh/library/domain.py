"""What kind of content a file is, and a shared file as the rooms above see it.

Rules:
- Music is what carries audio people listen to, by what the file is and not only by what it is called; all the
  rest is GenericFile and is shared all the same (design.md 2.6).
- Zero or empty means unknown, as on the wire. Text is sanitised; numbers fit the wire's fields.
"""

from __future__ import annotations

import enum
from pathlib import Path

import msgspec

from slskmesh.library.manifest import ContentId
from slskmesh.text import SafeStr

NOTHING = SafeStr("")


class Domain(enum.IntEnum):
    """Content domains, numbered as in `wire.messages.Hit.domain`."""

    MUSIC = 1
    GENERIC = 2


class Tags(msgspec.Struct, frozen=True, gc=False):
    """What an audio file says of itself. Duration in milliseconds, bit rate in bit/s, MusicBrainz ids as UUID text."""

    format: SafeStr = NOTHING
    artist: SafeStr = NOTHING
    album: SafeStr = NOTHING
    title: SafeStr = NOTHING
    track: int = 0
    disc: int = 0
    year: int = 0
    duration: int = 0
    bitrate: int = 0
    sample_rate: int = 0
    bit_depth: int = 0
    channels: int = 0
    mb_recording: str = ""
    mb_release: str = ""


class SharedFile(msgspec.Struct, frozen=True):
    """One offered file. `path` is where it stands here and never leaves this machine; `folder` is what peers see:
    the share's own name and the folders below it, joined by "/".
    """

    content: ContentId
    size: int
    path: Path
    root: Path
    folder: SafeStr
    name: SafeStr
    domain: Domain
    format: SafeStr = NOTHING
    artist: SafeStr = NOTHING
    album: SafeStr = NOTHING
    title: SafeStr = NOTHING
    track: int = 0
    disc: int = 0
    year: int = 0
    duration: int = 0
    bitrate: int = 0
    sample_rate: int = 0
    bit_depth: int = 0
    channels: int = 0
    mb_recording: str = ""
    mb_release: str = ""
