"""All words of the name index, sorted from their ends, so that "*word" costs a search in a sorted list (pure).

Rules:
- Words are kept as UTF-8 written backwards in one block of memory: about 14 bytes a word, not 70.
- At most WORDS_MAX words; what is beyond is not found by its ending, only whole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate, islice
from typing import Final

WORDS_MAX: Final = 4_000_000


class Endings:
    """The words that were given, each once."""

    __slots__ = ("_block", "_starts")

    def __init__(self, words: Iterable[str] = ()) -> None:
        backwards = sorted(word.encode()[::-1] for word in islice(words, WORDS_MAX))
        self._starts = array("Q" if sum(map(len, backwards)) >= 1 << 32 else "I", [0])
        self._starts.extend(accumulate(map(len, backwards)))
        self._block = b"".join(backwards)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def _at(self, number: int) -> bytes:
        return self._block[self._starts[number] : self._starts[number + 1]]

    def of(self, ending: str, limit: int) -> list[str]:
        """At most `limit` words that end so; an empty ending is every word's."""
        wanted = ending.encode()[::-1]
        found = []
        first = bisect_left(range(len(self)), wanted, key=self._at)
        for number in range(first, min(len(self), first + limit)):
            word = self._at(number)
            if not word.startswith(wanted):
                break
            found.append(word[::-1].decode())
        return found
