"""What remote paths and names say: the release's folder, the disc, the track, the words of a name (pure).

    Music\\Artist\\Album\\CD2\\03 - Song.flac  ->  folder Music\\Artist\\Album, disc 2, track 3, words (song,)
    Music\\Artist - Album (Disc 1)\\03. Song.flac  ->  folder Music\\Artist - Album, disc 1, track 3

Rules: disc 0 and track 0 are unknown. Any text is taken; nothing here is more than a reading of names.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NUMBERS: Final = {
    name: number
    for number, name in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight"), 1)
}
_DISC: Final = rf"(?:cd|dis[ck]|dvd|vinyl|lp)[ ._#-]*(\d{{1,2}}|{'|'.join(_NUMBERS)})"
_WHOLE = re.compile(_DISC + r"(?:[ ._:-].*)?", re.IGNORECASE | re.ASCII | re.DOTALL)
_TAIL = re.compile(
    rf"(.*?[^\s._-])[\s._-]*[\s._(\[-]{_DISC}\s*[)\]]?\s*", re.IGNORECASE | re.ASCII | re.DOTALL
)
_TRACK = re.compile(r"[\[(]?(?:(\d{1,2})[-.])?(\d{1,3})[\])]?(?=[\s._-])", re.ASCII)
_SEPARATORS = re.compile(r"[\W_]+")
_BESIDE: Final = frozenset(
    (
        "flac",
        "mp3",
        "ogg",
        "opus",
        "wav",
        "320",
        "v0",
        "vbr",
        "cbr",
        "kbps",
        "web",
        "lossless",
        "16bit",
        "24bit",
        "cd",
    )
)
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
_NAME_MAX: Final = 512


def folder_and_disc(folder: str) -> tuple[str, int]:
    """The release's folder and the disc of a remote folder."""
    above, _, last = folder.rpartition("\\")
    last = last[:_NAME_MAX]
    if above and (match := _WHOLE.fullmatch(last)):
        return above, _number(match[1])
    if match := _TAIL.fullmatch(last):
        return (f"{above}\\{match[1]}" if above else match[1]), _number(match[2])
    return folder, 0


def _number(text: str) -> int:
    return _NUMBERS.get(text.lower()) or int(text)


def track_of(name: str) -> tuple[int, int]:
    """Disc and track that a file's name begins with: "05 - ", "2-05 ", "(05) "; 0 where it says nothing."""
    match = _TRACK.match(name)
    if match is None:
        return 0, 0
    disc, track = int(match[1] or 0), int(match[2])
    if not disc and track > 100 and track % 100 and track // 100 <= 20:  # 105: disc 1, track 5
        return track // 100, track % 100
    return disc, track


def extension_of(name: str) -> str:
    """Lower-case extension without its dot, "" where there is none."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and len(extension) <= 8 else ""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name, without case and accents."""
    plain = text[:_NAME_MAX].casefold()
    if not plain.isascii():
        for _ in range(2):  # what is folded may decompose further, and what is decomposed may be folded
            plain = unicodedata.normalize("NFKD", plain).casefold()
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(_SEPARATORS.sub(" ", plain).split())


def song_words(name: str) -> tuple[str, ...]:
    """The words of a file's name without its track's number and extension."""
    stem = name.rpartition(".")[0] or name
    words = words_of(stem)
    at = next((at for at, word in enumerate(words) if not (word.isdecimal() and len(word) <= 3)), 0)
    return words[at:]


def title_words(folder: str) -> frozenset[str]:
    """What the last part of a release's folder is called, without years and formats."""
    words = words_of(folder.rpartition("\\")[2])
    return frozenset(
        word for word in words if word not in _BESIDE and not _YEAR.fullmatch(word)
    ) or frozenset(words)
