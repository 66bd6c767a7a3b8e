"""What a search of the Soulseek network asks for, and how names are cut into words for it (pure).

Rules, those of the network's clients:
- Every word must be in the path, whole, in any order; case and accents of Latin letters do not count.
- -word must not be there; *word is the end of a word. Only a sign before the whole word counts.
- Signs part words: AC/DC asks for ac and dc, -AC/DC leaves out what has either.
- At least one whole word is needed, and a text of `shortest` characters; else nothing is asked for.

`fold` cuts as the index does, because it asks SQLite's own tokenizer, once a character: what is a letter, and what
stands for it, differs from one version of Unicode to the next.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
import weakref
from typing import Final, NamedTuple

TEXT_MAX: Final = 512  # characters looked at
WORDS_MAX: Final = 32
SHORTEST: Final = 3  # characters of a text that is answered
TOKENIZE: Final = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"  # of the index `shared_names`
_FOLDED_MAX: Final = 1 << 17


class Query(NamedTuple):
    """Words in the index's spelling. `words` is never empty."""

    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()


class _Folding(dict[int, str]):
    """Character to what the index makes of it: one character of a word, nothing, or a space. Each is asked once."""

    def __init__(self) -> None:
        super().__init__({code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)})
        self._asking = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._index.execute(f"CREATE VIRTUAL TABLE one USING fts5(word, content='', tokenize=\"{TOKENIZE}\")")
        self._index.execute("CREATE VIRTUAL TABLE word USING fts5vocab(one, row)")
        weakref.finalize(self, self._index.close)

    def __missing__(self, code: int) -> str:
        folded = self._ask(chr(code)) if not 0xD800 <= code < 0xE000 else " "
        if len(self) < _FOLDED_MAX:
            self[code] = folded
        return folded

    def _ask(self, char: str) -> str:
        with self._asking:
            self._index.execute("INSERT INTO one (rowid, word) VALUES (1, ?)", (f"x{char}y",))
            terms = self._index.execute("SELECT term FROM word").fetchall()
            self._index.execute("INSERT INTO one (one) VALUES ('delete-all')")
        return str(terms[0][0][1:-1]) if len(terms) == 1 else " "


@functools.cache
def _folding() -> _Folding:
    return _Folding()


def fold(text: str) -> list[str]:
    """The words of a text, in order, in the index's spelling."""
    return text.translate(_folding()).split()


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


def ends(text: str, endings: tuple[str, ...]) -> bool:
    """Whether a word of `text` has each of these endings."""
    if text.isascii():  # most names, and most of them have not even the letters
        text = text.lower()
        if not all(ending in text for ending in endings):
            return False
    words = fold(text)
    return all(any(word.endswith(ending) for word in words) for ending in endings)
