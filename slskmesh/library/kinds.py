"""Which reader a file's first bytes call for (pure: bytes and a suffix in, a kind's name out).

Rules:
- Content goes before name: a file that begins like FLAC is read as FLAC whatever it is called.
- The suffix decides where the first bytes do not: an ID3v2 tag may stand before several formats, and raw MPEG
  frames have no magic number.
- A container that may hold video (MP4, ASF, Ogg, Matroska) counts as audio only where its kind or name says so.
"""

from __future__ import annotations

from typing import Final

HEAD: Final = 128  # bytes of a file's beginning that `kind_of` wants

# suffix -> kind; a kind is a name in tags.READERS, or "" for audio that nothing here can read the tags of
BY_SUFFIX: Final[dict[str, str]] = {
    "flac": "flac", "fla": "flac",
    "mp3": "mp3", "mp2": "mp3", "mp1": "mp3", "mpa": "mp3", "mpga": "mp3",
    "ogg": "vorbis", "oga": "vorbis", "opus": "opus", "spx": "speex",
    "m4a": "mp4", "m4b": "mp4", "m4p": "mp4", "m4r": "mp4", "alac": "mp4",
    "wma": "asf", "wav": "wave", "wave": "wave", "aif": "aiff", "aiff": "aiff", "aifc": "aiff",
    "wv": "wavpack", "ape": "ape", "mpc": "musepack", "mp+": "musepack", "mpp": "musepack",
    "tta": "tta", "ofr": "optimfrog", "ofs": "optimfrog", "tak": "tak", "aac": "aac", "adts": "aac", "adif": "aac",
    "ac3": "ac3", "eac3": "ac3", "dsf": "dsf", "dff": "dsdiff", "mid": "midi", "midi": "midi", "kar": "midi",
    "au": "", "snd": "", "caf": "", "w64": "", "rf64": "", "mka": "", "dts": "", "ra": "", "shn": "", "amr": "",
    "mod": "", "xm": "", "it": "", "s3m": "",
}  # fmt: skip

_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"fLaC", "flac"),
    (b"wvpk", "wavpack"),
    (b"MAC ", "ape"),
    (b"MPCK", "musepack"),
    (b"MP+", "musepack"),
    (b"TTA1", "tta"),
    (b"TTA2", "tta"),
    (b"OFR ", "optimfrog"),
    (b"tBaK", "tak"),
    (b"DSD ", "dsf"),
    (b"MThd", "midi"),
    (b"ADIF", "aac"),
    (b"\x0b\x77", "ac3"),
)
_OGG: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x01vorbis", "vorbis"),
    (b"OpusHead", "opus"),
    (b"Speex   ", "speex"),
    (b"\x7fFLAC", "oggflac"),
)
_AFTER_ID3: Final = frozenset(("mp3", "flac", "aac", "tta", "musepack", "ape", "optimfrog", "tak", "wavpack"))
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


def suffix_of(name: bytes) -> str:
    """Lower-case suffix without its dot; "" where there is none."""
    stem, dot, suffix = name.rpartition(b".")
    return suffix.decode("ascii", "replace").lower() if dot and stem else ""


def kind_of(head: bytes, suffix: str) -> str | None:
    """Kind of audio, "" for audio without a reader, None for what is not audio. `head`: the first HEAD bytes."""
    by_name = BY_SUFFIX.get(suffix)
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind if len(start) > 2 or by_name == kind else by_name
    if head.startswith(b"ID3"):
        return by_name if by_name in _AFTER_ID3 else "mp3"
    boxed = _boxed(head, by_name)
    if boxed is not None:
        return boxed or None
    return by_name


def _boxed(head: bytes, by_name: str | None) -> str | None:
    """Kind inside a general container, "" for one without music, None where `head` is no such container."""
    if head.startswith(b"OggS"):
        return next((kind for magic, kind in _OGG if magic in head), "")
    if head.startswith((b"RIFF", b"RF64")):
        return "wave" if head[8:12] == b"WAVE" else ""
    if head.startswith(b"FORM"):
        return "aiff" if head[8:12] in (b"AIFF", b"AIFC") else ""
    if head.startswith(b"FRM8"):
        return "dsdiff" if head[12:16] == b"DSD " else ""
    if head[4:8] == b"ftyp":
        return "mp4" if by_name == "mp4" or head[8:11] in (b"M4A", b"M4B") else ""
    if head.startswith(_ASF):
        return "asf" if by_name == "asf" else ""
    return None
