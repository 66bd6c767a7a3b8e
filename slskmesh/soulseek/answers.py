"""Our shares as the Soulseek network sees them: `port.Answers` on the library's name index.

Rules:
- A user sees what `sees` allows: who is blocked gets nothing, by no way in.
- Files whose path has a phrase that the server excludes are not in answers to searches; browsing is not concerned.
- Attributes as the network's clients send them: of lossless files length, sample rate and depth (1, 4, 5), of others
  bit rate, length and whether it varies (0, 1, 2). What is not known is left out.
- Nothing of who asked for what is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from slskmesh.library.names import Names, SharedName
from slskmesh.soulseek.port import SharedAnswer
from slskmesh.soulseek.values import Attributes, RemoteFile

PHRASES_MAX: Final = 10_000

# The names of the user's shares (first parts of network paths) that a user may see; None: all.
Sees = Callable[[str], frozenset[str] | None]

_LOSSLESS: Final = frozenset(
    ("FLAC", "OGG FLAC", "ALAC", "WAV", "AIFF", "APE", "TTA", "TAK", "OPTIMFROG", "WAVPACK", "DSF", "DSDIFF")
)
# Bit rates of MPEG audio that does not vary, kbit/s; an average is hardly ever one of them to the bit.
_CONSTANT: Final = frozenset(
    (
        8,
        16,
        24,
        32,
        40,
        48,
        56,
        64,
        80,
        96,
        112,
        128,
        144,
        160,
        176,
        192,
        224,
        256,
        288,
        320,
        352,
        384,
        416,
        448,
    )
)
_VARIES: Final = frozenset(("VORBIS", "OPUS"))


class ShareAnswers:
    """See the head of this file. `sees` is called on whatever thread asks."""

    def __init__(self, names: Names, sees: Sees = lambda user: None) -> None:
        self._names = names
        self._sees = sees
        self._excluded: re.Pattern[str] | None = None

    def exclude(self, phrases: Iterable[str]) -> None:
        """Phrases the server does not want in answers, from now on; at most PHRASES_MAX, the first ones."""
        known = [phrase.lower() for phrase in phrases if phrase.strip()][:PHRASES_MAX]
        self._excluded = re.compile("|".join(map(re.escape, known))) if known else None

    def excludes(self, text: str) -> str:
        """The excluded phrase in a text, "" where there is none: why a search may find nothing."""
        found = self._excluded.search(text.lower()) if self._excluded is not None else None
        return found.group() if found else ""

    def files(self, user: str, text: str, limit: int) -> list[RemoteFile]:
        """Files under these words that `user` may see, those of a folder together. StorageError.

        Where they stand here is left out: an answer is made of the rest, and costs a third so.
        """
        shares = self._sees(user)
        if shares is not None and not shares:
            return []
        return [_file(name) for name in self._names.search(text, limit, self._keep(shares))]

    def _keep(self, shares: frozenset[str] | None) -> Callable[[SharedName], bool] | None:
        excluded = self._excluded
        if shares is None and excluded is None:
            return None

        def keep(name: SharedName) -> bool:
            return (shares is None or _share(name.folder) in shares) and (
                excluded is None or excluded.search(name.path.lower()) is None
            )

        return keep

    def browse(self, user: str) -> list[tuple[str, list[RemoteFile]]]:
        """All folders that `user` may see, whole; `folders` gives them one at a time. StorageError."""
        return list(self.folders(user))

    def folders(self, user: str) -> Iterator[tuple[str, list[RemoteFile]]]:
        """All folders that `user` may see, sorted; to be read to the end or closed. StorageError."""
        shares = self._sees(user)
        if shares is not None and not shares:
            return
        for folder, names in self._names.folders():
            if shares is None or _share(names[0].folder) in shares:
                yield folder, [_file(name) for name in names]

    def folder(self, user: str, folder: str) -> list[tuple[str, list[RemoteFile]]]:
        """One folder and those below it, as far as `user` may see them. StorageError."""
        shares = self._sees(user)
        if shares is not None and folder.partition("\\")[0] not in shares:
            return []
        found: dict[str, list[RemoteFile]] = {}
        for name in self._names.below(folder):
            found.setdefault(name.folder.replace("/", "\\"), []).append(_file(name))
        return list(found.items())

    def find(self, user: str, path: str) -> SharedAnswer | None:
        """The file of a network path, if `user` may have it. StorageError."""
        shares = self._sees(user)
        if shares is not None and not shares:
            return None
        name = self._names.find(path)
        if name is None or (shares is not None and _share(name.folder) not in shares):
            return None
        return _answer(name)

    def counts(self) -> tuple[int, int]:
        """Folders, files."""
        return self._names.counts()


def _share(folder: str) -> str:
    return folder.partition("/")[0]


def _answer(name: SharedName) -> SharedAnswer:
    return SharedAnswer(_file(name), Path(os.fsdecode(name.local)))


def _file(name: SharedName) -> RemoteFile:
    return RemoteFile(name.path, name.size, attributes_of(name))


def attributes_of(name: SharedName) -> Attributes:
    """What the network is told of a file's sound."""
    _, _, _, _, kind, length, bitrate, rate, depth, _ = name
    duration = round(length / 1000) or None
    if kind in _LOSSLESS or (kind := kind.upper()) in _LOSSLESS:
        return Attributes(None, duration, None, rate or None, depth or None)
    if not bitrate:
        return Attributes(duration=duration)
    varies: bool | None = True if kind in _VARIES else None
    if kind == "MP3":
        varies = bitrate % 1000 != 0 or bitrate // 1000 not in _CONSTANT
    return Attributes(round(bitrate / 1000), duration, varies)
