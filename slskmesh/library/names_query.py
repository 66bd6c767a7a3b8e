"""What a search of the Soulseek network asks for, and how names are cut into words for it (pure).

Rules, those of the network's clients:
- Every word must be in the path, whole, in any order; case and accents of Latin letters do not count.
- -word must not be there; *word is the end of a word. Only a sign before the whole word counts.
- Signs part words: AC/DC asks for ac and dc, -AC/DC leaves out what has either.
- At least one whole word is needed, and a text of `shortest` characters; else nothing is asked for.

`fold` cuts as the index does (FTS5's unicode61 with marks as part of words): what both do not cut alike is not found.
"""

from __future__ import annotations

import unicodedata
from typing import Final, NamedTuple

TEXT_MAX: Final = 512  # characters looked at
WORDS_MAX: Final = 32
SHORTEST: Final = 3  # characters of a text that is answered
_FOLDED_MAX: Final = 1 << 16


class Query(NamedTuple):
    """Words in the index's spelling. `words` is never empty."""

    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()


class _Folding(dict[int, str]):
    """Character to what the index makes of it: a plain letter or digit, nothing, or a space."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        if len(self) < _FOLDED_MAX:
            self[code] = folded
        return folded


def _folded(char: str) -> str:
    if unicodedata.combining(char):
        return ""
    if unicodedata.category(char) not in _WORD_CATEGORIES:
        return " "
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() else char


_WORD_CATEGORIES: Final = frozenset(
    ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Co", "Mn", "Mc")
)  # those of the index
_FOLDING: Final = _Folding()


def fold(text: str) -> list[str]:
    """The words of a text, in order, in the index's spelling."""
    return text.lower().translate(_FOLDING).split()


def parse(text: str, shortest: int = SHORTEST) -> Query | None:
    """What `text` asks for; None where that is nothing."""
    text = text[:TEXT_MAX]
    if len(text.strip()) < shortest:
        return None
    words: dict[str, None] = {}
    without: dict[str, None] = {}
    endings: dict[str, None] = {}
    for part in text.split():
        into = without if part[0] == "-" else endings if part[0] == "*" else words
        into.update(dict.fromkeys(fold(part)))
    wanted = tuple(word for word in words if word not in without and word not in endings)[:WORDS_MAX]
    if not wanted:
        return None
    return Query(wanted, tuple(without)[:WORDS_MAX], tuple(endings)[:WORDS_MAX])


def matches(query: Query, words: set[str]) -> bool:
    """Whether a path of these words is asked for."""
    return (
        all(word in words for word in query.words)
        and not any(word in words for word in query.without)
        and all(any(word.endswith(ending) for word in words) for ending in query.endings)
    )
