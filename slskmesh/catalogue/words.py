"""Titles and names made comparable, and how alike two are. Pure.

Rules:
- Case, accents, punctuation, "&" and "and", a leading or trailing "The", "feat. ...", and brackets that only tell of
  an edition ("[FLAC]", "(2011 Remaster)") make no difference; "(live)" or "(remix)" do. CJK and other scripts stay.
- Likeness is 0 to 1, symmetric, and 1 only for equal texts. Differing numbers or kinds of version make two titles
  less alike than a typing error does.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

TEXT_MAX: Final = 200
_EDITIONS: Final = """
    flac mp3 ogg opus aac alac wav lossless web cd vinyl lp rip kbps khz bit hz hq hd v0 v2 remaster remastered digital
    deluxe edition version original album bonus track explicit clean expanded anniversary reissue stereo mono official
    audio 16bit 24bit 44 48 96khz 320kbps
"""
_KINDS: Final = """
    live remix mix demo acoustic instrumental edit dub reprise karaoke unplugged cover radio extended session sessions
    rehearsal orchestral vocal club intro outro
"""
_NOISE: Final = frozenset(_EDITIONS.split())
_VERSIONS: Final = frozenset(_KINDS.split())
_LETTERS: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "ħ": "h", "’": "'"}
)
_ROMAN: Final = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8"}
_FEATURING = re.compile(r"\s*[(\[]\s*(?:feat|ft|featuring)\b[^)\]]*[)\]]|\s+(?:feat\.?|ft\.|featuring)\s.*")
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_MARKS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = re.compile(r"(?<=\w)['`´](?=\w)")
_WORD = re.compile(r"[^\W_]+")
_THE_AFTER = re.compile(r"^(.*),\s*the$")


@functools.lru_cache(8192)
def plain(text: str) -> str:
    """`text` as words in lower case with one space between. Never empty unless `text` is blank."""
    text = text.strip()[:TEXT_MAX]
    lowered = unicodedata.normalize("NFKD", text).casefold()
    lowered = unicodedata.normalize("NFC", _MARKS.sub("", lowered)).translate(_LETTERS)
    kept = _BRACKETS.sub(_without_noise, _FEATURING.sub("", lowered))
    kept = _THE_AFTER.sub(r"the \1", kept.strip())
    words = _WORD.findall(_APOSTROPHES.sub("", kept.replace("&", " and ").replace("+", " and ")))
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(words) or " ".join(lowered.split()) or text


def _without_noise(bracket: re.Match[str]) -> str:
    words = _WORD.findall(bracket[1])
    noise = any(word in _NOISE for word in words) and all(word in _NOISE or word.isdigit() for word in words)
    return " " if noise or not words else f" {bracket[1]} "


@functools.lru_cache(8192)
def _pairs(text: str) -> frozenset[str]:
    padded = f" {text} "
    return frozenset(padded[i : i + 2] for i in range(len(padded) - 1))


@functools.lru_cache(8192)
def _marked(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Numbers in a plain text (with Roman ones), and words that tell of a version."""
    words = text.split()
    return (
        frozenset(_ROMAN.get(word, word.lstrip("0")) for word in words if word.isdigit() or word in _ROMAN),
        frozenset(words) & _VERSIONS,
    )


def alike(one: str, other: str) -> float:
    """How alike two titles or names are, 0 to 1."""
    a, b = plain(one), plain(other)
    if a == b:
        return 1.0 if a else 0.0
    mine, theirs = _pairs(a), _pairs(b)
    likeness = 2 * len(mine & theirs) / (len(mine) + len(theirs))
    for ours, other_ones in zip(_marked(a), _marked(b), strict=True):
        if ours != other_ones:
            likeness *= 0.75
    return min(likeness, 0.99)


def holds(text: str, part: str) -> bool:
    """Whether the words of `part` stand in `text` one after the other."""
    inner = plain(part)
    return bool(inner) and f" {inner} " in f" {plain(text)} "


def besides(text: str, parts: Iterable[str]) -> int:
    """How many words of `text` are in none of `parts`, are no number, and tell of no edition."""
    known = {word for part in parts for word in plain(part).split()}
    return sum(not (word in known or word in _NOISE or word.isdigit()) for word in plain(text).split())
