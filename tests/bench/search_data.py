"""Made-up shares for the search bench, always the same for the same number of files, and queries over them.

Artists, albums and titles are drawn from a vocabulary with few common words and very many rare ones, some of them with
accents or in other scripts; artists have several albums, albums one or two discs, tracks come in several formats.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_COMMON: Final = """
the of and love a in night you live remix me my to black blue dream time day heart world fire dance summer dark sun moon
song light life rain wind road girl boy city house star sea sky blood gold white red home last one no all we is on for
from with mix version original edit feat part demo acoustic instrumental session deluxe edition
"""
COMMON: Final = tuple(_COMMON.split())
_SOUNDS: Final = """
ba be bi bo bu da de di do du fa fe fi fo ga ge go ha he hi ho ja jo ka ke ki ko ku la le li lo lu ma me mi mo mu na ne
ni no nu pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we xa ya yo za ze zo str br
"""
_SYLLABLES: Final = tuple(_SOUNDS.split())
_OTHERS: Final = (
    "é",
    "ö",
    "ü",
    "ñ",
    "å",
    "ø",
    "ß",
    "ж",
    "ник",
    "мир",
    "звук",
    "夜",
    "愛",
    "音楽",
    "ガ",
    "사랑",
    "אור",
)
_FORMATS: Final = (
    ("flac", 30_000_000, 900_000, 16),
    ("mp3", 9_000_000, 320_000, 0),
    ("ogg", 6_000_000, 192_000, 0),
)
_VOCABULARY: Final = 250_000
_MISSING: Final = ("zzyzzx", "qqwwqq", "xkcdxkcd")
SHARE: Final = "Music"


class Row(NamedTuple):
    """One file: folder below the share parted by "/", name, size, duration ms, bit/s, bits, format."""

    folder: str
    name: str
    size: int
    duration: int
    bitrate: int
    depth: int
    format: str


def _vocabulary(rng: random.Random) -> list[str]:
    words = []
    for number in range(_VOCABULARY):
        word = "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4)))
        if number % 23 == 0:
            at = rng.randrange(len(word))
            word = word[:at] + rng.choice(_OTHERS) + word[at:]
        words.append(word)
    return words


class _Words:
    """Draws words: one in three from the common ones, the rest rarer the further down the vocabulary."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._words = _vocabulary(rng)
        self._common = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(COMMON))))

    def rare(self) -> str:
        return self._words[int(len(self._words) * self._rng.random() ** 3)]

    def some(self, least: int, most: int) -> str:
        words = [
            self._rng.choices(COMMON, cum_weights=self._common)[0]
            if self._rng.random() < 0.34
            else self.rare()
            for _ in range(self._rng.randint(least, most))
        ]
        return " ".join(words).title()


def rows(count: int) -> Iterator[Row]:
    """`count` files."""
    rng = random.Random(1971)
    words = _Words(rng)
    made = 0
    while True:
        artist = words.some(1, 3)
        for _ in range(rng.randint(1, 8)):
            suffix, size, bitrate, depth = rng.choices(_FORMATS, (5, 4, 1))[0]
            album = f"{words.some(1, 4)} ({rng.randint(1965, 2025)})" + rng.choice(
                ("", f" [{suffix.upper()}]")
            )
            discs = rng.choices((1, 2), (12, 1))[0]
            for disc in range(discs):
                folder = f"{artist}/{album}" + (f"/CD{disc + 1}" if discs > 1 else "")
                for track in range(1, rng.randint(8, 16)):
                    title = words.some(1, 4) + (" (Live)" if rng.random() < 0.04 else "")
                    lead = f"{artist} - " if rng.random() < 0.3 else ""
                    yield Row(
                        folder,
                        f"{track:02} - {lead}{title}.{suffix}",
                        size + rng.randrange(size // 2),
                        rng.randint(120_000, 420_000),
                        bitrate,
                        depth,
                        {"ogg": "Vorbis"}.get(suffix, suffix.upper()),
                    )
                    made += 1
                    if made == count:
                        return


def write(path: Path, count: int) -> None:
    """The rows as lines of fields parted by tabs."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines("\t".join(map(str, row)) + "\n" for row in rows(count))


def read(path: Path) -> Iterator[Row]:
    """What `write` wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            folder, name, *numbers, form = line.rstrip("\n").split("\t")
            size, duration, bitrate, depth = map(int, numbers)
            yield Row(folder, name, size, duration, bitrate, depth, form)


def _plain(text: str) -> list[str]:
    return [word for word in text.lower().split() if word.isalnum() and len(word) > 1]


def queries(path: Path, count: int, number: int = 200) -> list[tuple[str, str]]:
    """(kind, text) of `number` searches that mix 1 to 4 words, misses, exclusions and *endings."""
    rng = random.Random(11)
    wanted = set(rng.sample(range(count), min(count, 4 * number)))
    sample = [row for at, row in enumerate(read(path)) if at in wanted]
    rng.shuffle(sample)
    found: list[tuple[str, str]] = []
    makers = (_words, _words, _words, _one, _two_common, _miss, _nowhere, _without, _without, _ending)
    for at, row in enumerate(itertools.cycle(sample)):
        if len(found) == number or at > 50 * number:
            return found
        query = makers[len(found) % len(makers)](rng, row, sample)
        if query[1] and (query[0] in ("one", "two common") or query not in found):
            found.append(query)
    return found


def _parts(row: Row) -> tuple[list[str], list[str]]:
    artist, album = row.folder.split("/")[:2]
    return _plain(artist) + _plain(album), _plain(row.name.rpartition(".")[0])


def _words(rng: random.Random, row: Row, sample: list[Row]) -> tuple[str, str]:
    folder, title = _parts(row)
    words = list(dict.fromkeys(folder[:2] + title[-2:]))
    count = rng.randint(1, 4)
    return f"{min(count, len(words))} words", " ".join(words[:count])


def _one(rng: random.Random, row: Row, sample: list[Row]) -> tuple[str, str]:
    return "one", rng.choice((*COMMON[3:40], "flac", "mp3"))


def _two_common(rng: random.Random, row: Row, sample: list[Row]) -> tuple[str, str]:
    return "two common", " ".join(rng.sample(COMMON[3:40], 2))


def _miss(rng: random.Random, row: Row, sample: list[Row]) -> tuple[str, str]:
    folder, _ = _parts(row)
    return "miss", " ".join([*folder[:2], rng.choice(_MISSING)]) if folder else ""


def _nowhere(rng: random.Random, row: Row, sample: list[Row]) -> tuple[str, str]:
    words = [(_parts(other)[0] or [""])[0] for other in rng.sample(sample, 3)]
    return "nowhere together", " ".join(words) if all(words) else ""


def _without(rng: random.Random, row: Row, sample: list[Row]) -> tuple[str, str]:
    folder, title = _parts(row)
    out = rng.choice(("-live", "-remix", "-mp3", "-the"))
    return "exclusion", f"{folder[0]} {title[-1]} {out}" if folder and title else ""


def _ending(rng: random.Random, row: Row, sample: list[Row]) -> tuple[str, str]:
    folder, title = _parts(row)
    if not folder or not title or len(title[-1]) < 4:
        return "ending", ""
    return "ending", f"{folder[0]} *{title[-1][rng.choice((1, 1, 2)) :]}"
