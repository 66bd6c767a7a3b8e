"""Tags and audio properties of every audio format that mutagen reads. The only module that imports mutagen.

Rules:
- Never raises anything but `TagsError`, whatever the file holds; a file whose tags cannot be read is still shared.
- Reads are bounded: a reader that wants more than READ_MAX bytes of one file, or reads without end, is stopped.
- Text is sanitised and cut to the wire's limits, numbers are clamped to them; MusicBrainz ids are kept only where
  they have the form of a UUID.
- mutagen is imported at the first file that needs it: a program that scans nothing does not pay for it.
"""

from __future__ import annotations

import functools
import importlib
import math
import re
import struct
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

from slskmesh.errors import SlskmeshError
from slskmesh.library.domain import NOTHING, Tags
from slskmesh.text import SafeStr, sanitize
from slskmesh.wire import limits

READ_MAX: Final = 64 * 1024 * 1024
_READ_COST: Final = (
    256  # bytes each read counts for beside its own, since some readers go round at a file's end
)
_U16: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF

# kind -> (module of mutagen, class, name shown to people)
READERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "flac": ("flac", "FLAC", "FLAC"),
    "mp3": ("mp3", "MP3", "MP3"),
    "vorbis": ("oggvorbis", "OggVorbis", "Vorbis"),
    "opus": ("oggopus", "OggOpus", "Opus"),
    "speex": ("oggspeex", "OggSpeex", "Speex"),
    "oggflac": ("oggflac", "OggFLAC", "Ogg FLAC"),
    "mp4": ("mp4", "MP4", "AAC"),
    "asf": ("asf", "ASF", "WMA"),
    "wave": ("wave", "WAVE", "WAV"),
    "aiff": ("aiff", "AIFF", "AIFF"),
    "wavpack": ("wavpack", "WavPack", "WavPack"),
    "ape": ("monkeysaudio", "MonkeysAudio", "APE"),
    "musepack": ("musepack", "Musepack", "MPC"),
    "tta": ("trueaudio", "TrueAudio", "TTA"),
    "optimfrog": ("optimfrog", "OptimFROG", "OptimFROG"),
    "tak": ("tak", "TAK", "TAK"),
    "aac": ("aac", "AAC", "AAC"),
    "ac3": ("ac3", "AC3", "AC-3"),
    "dsf": ("dsf", "DSF", "DSF"),
    "dsdiff": ("dsdiff", "DSDIFF", "DSDIFF"),
    "midi": ("smf", "SMF", "MIDI"),
}

# field -> names it has in Vorbis comments and APEv2 (any case), ID3v2, MP4, ASF
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "artist": ("artist", "TPE1", "\xa9ART", "Author"),
    "album": ("album", "TALB", "\xa9alb", "WM/AlbumTitle"),
    "title": ("title", "TIT2", "\xa9nam", "Title"),
    "track": ("tracknumber", "track", "TRCK", "trkn", "WM/TrackNumber"),
    "disc": ("discnumber", "disc", "TPOS", "disk", "WM/PartOfSet"),
    "year": ("date", "year", "originaldate", "TDRC", "TDOR", "TYER", "\xa9day", "WM/Year"),
    "mb_recording": (
        "musicbrainz_trackid",
        "UFID:http://musicbrainz.org",
        "----:com.apple.iTunes:MusicBrainz Track Id",
        "MusicBrainz/Track Id",
    ),
    "mb_release": (
        "musicbrainz_albumid",
        "TXXX:MusicBrainz Album Id",
        "----:com.apple.iTunes:MusicBrainz Album Id",
        "MusicBrainz/Album Id",
    ),
}
_FIELDS: Final[Mapping[str, tuple[str, int]]] = {
    name: (field, place) for field, names in _NAMES.items() for place, name in enumerate(names)
}
_importing = (
    threading.Lock()
)  # two threads that import modules which import each other would refuse one another
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGITS = re.compile(r"\d{1,9}")
_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)")

# What mutagen lets out on broken files beside its own error: it indexes, unpacks and divides unchecked data.
_BROKEN = (
    struct.error,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    MemoryError,
    OSError,
    EOFError,
)


class TagsError(SlskmeshError):
    """The tags of one file cannot be read; the text says why."""


class _Bounded:
    """An open file of which only READ_MAX bytes may be read in all."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = READ_MAX
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left + 1 if size is None or size < 0 else min(size, self._left + 1))
        self._left -= len(data) + _READ_COST
        if self._left < 0:
            raise OSError(f"reading its tags has no end within {READ_MAX >> 20} MiB")
        return data


class _InMemory:
    """A file that is a block of memory; nothing is copied but what is read. Reads are bounded as above."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0
        self._left = READ_MAX

    def read(self, size: int = -1) -> bytes:
        at = self._at
        data = bytes(self._data[at:] if size is None or size < 0 else self._data[at : at + size])
        self._at = at + len(data)
        self._left -= len(data) + _READ_COST
        if self._left < 0:
            raise OSError(f"reading its tags has no end within {READ_MAX >> 20} MiB")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        at = offset if whence == 0 else offset + (self._at if whence == 1 else len(self._data))
        if at < 0:
            raise OSError("a place before the file's beginning")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at


@functools.cache
def _reader(kind: str) -> tuple[Callable[[Any], Any], type[Exception]]:
    module, name, _ = READERS[kind]
    with _importing:
        root = importlib.import_module("mutagen")
        return getattr(importlib.import_module(f"mutagen.{module}"), name), root.MutagenError


def read_tags(kind: str, source: memoryview | IO[bytes], size: int) -> Tags:
    """Tags of the file that is `source`, whole in memory or open at its beginning, read as `kind` of READERS.

    `size` (bytes) gives the bit rate where the format does not tell it. Raises TagsError.
    """
    reader, error = _reader(kind)
    file: Any = _InMemory(source) if isinstance(source, memoryview) else _Bounded(source)
    try:
        audio = reader(file)
        return _collect(kind, audio.info, _texts(audio.tags), size)
    except error as exc:
        raise TagsError(f"no tags read: {sanitize(str(exc)) or 'broken file'}") from exc
    except _BROKEN as exc:
        raise TagsError(f"no tags read: the file is broken ({type(exc).__name__})") from exc


def _texts(tags: Any) -> dict[str, str]:
    """Field of _NAMES to its first non-empty value as text, by the earliest of its names."""
    if tags is None:
        return {}
    best: dict[str, tuple[int, str]] = {}
    for key in tags.keys():  # noqa: SIM118 - tags of ID3 and ASF are no plain mappings
        field, place = _FIELDS.get(key) or _FIELDS.get(key.lower()) or ("", 0)
        if field and (field not in best or place < best[field][0]):
            text = _as_text(tags[key]).strip("\0 ")
            if text:
                best[field] = (place, text)
    return {field: text for field, (_, text) in best.items()}


def _collect(kind: str, info: Any, texts: dict[str, str], size: int) -> Tags:
    seconds = _number(info, "length")
    return Tags(
        format=_format(kind, info),
        artist=_text(texts, "artist"),
        album=_text(texts, "album"),
        title=_text(texts, "title"),
        track=_first_number(texts.get("track", "")),
        disc=_first_number(texts.get("disc", "")),
        year=_year(texts.get("year", "")),
        duration=min(int(seconds * 1000 + 0.5), _U32),
        bitrate=min(int(_number(info, "bitrate") or (size * 8 / seconds if seconds else 0)), _U32),
        sample_rate=48_000 if kind == "opus" else min(int(_number(info, "sample_rate")), _U32),
        bit_depth=min(int(_number(info, "bits_per_sample")), _U16),
        channels=min(int(_number(info, "channels")), _U16),
        mb_recording=_uuid(texts.get("mb_recording", "")),
        mb_release=_uuid(texts.get("mb_release", "")),
    )


def _format(kind: str, info: Any) -> SafeStr:
    codec = getattr(info, "codec", "")
    if kind == "mp4" and codec and not str(codec).startswith("mp4a"):
        return sanitize(str(codec).upper(), 16)
    if kind == "mp3" and getattr(info, "layer", 3) in (1, 2):
        return SafeStr(f"MP{info.layer}")
    if kind == "ac3" and codec == "ec-3":
        return SafeStr("E-AC-3")
    return SafeStr(READERS[kind][2])


def _as_text(value: Any) -> str:
    for inner in ("data", "value"):  # UFID frames; ASF and APEv2 values
        if not isinstance(value, (str, bytes, list, tuple)) and hasattr(value, inner):
            value = getattr(value, inner)
    if hasattr(value, "text"):  # ID3 text frames
        value = value.text
    while isinstance(value, (list, tuple)):
        if not value:
            return ""
        value = value[0]
    if hasattr(value, "value"):
        value = value.value
    if isinstance(value, bytes):
        return value[: 4 * limits.TAG_MAX].decode("utf-8", "replace")
    return str(value).partition("\0")[0]


def _text(texts: dict[str, str], field: str) -> SafeStr:
    return sanitize(texts[field], limits.TAG_MAX) if field in texts else NOTHING


def _number(info: Any, name: str) -> float:
    """A property as a number that is finite and not negative; 0 for anything else."""
    value = getattr(info, name, 0)
    if isinstance(value, (int, float)) and math.isfinite(value) and value > 0:
        return float(value)
    return 0.0


def _first_number(text: str) -> int:
    found = _DIGITS.search(text)
    number = int(found.group()) if found else 0
    return number if number <= _U16 else 0


def _year(text: str) -> int:
    found = _YEAR.search(text)
    return int(found.group()) if found else 0


def _uuid(text: str) -> str:
    lowered = text.strip().lower()
    return lowered if _UUID.fullmatch(lowered) else ""
