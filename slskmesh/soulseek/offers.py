"""What a wish may find, by folder, and which of it is best. Pure.

Rules:
- An offer is one release folder of one user: its discs (CD1, Disc 2) are one, its files those the filter lets through.
- For taking by itself only audio counts, only what is not locked, in folders of 1 to 300 files and at most 8 GiB: a
  wish for a song must not fetch somebody's whole disk.
- Best: as many audio files as most candidates have (a folder that holds far more is a heap, one with fewer lacks
  some), then lossless, then a free slot, the shorter queue, the faster user.
"""

from __future__ import annotations

import enum
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from slskmesh.soulseek.release_paths import extension_of, folder_and_disc
from slskmesh.soulseek.values import RemoteFile, SearchAnswer

FILES_MOST: Final = 300  # of a folder taken by itself
BYTES_MOST: Final = 8 << 30
LOSSLESS: Final = frozenset(("flac", "wav", "aif", "aiff", "ape", "wv", "alac", "tta", "tak", "dsf", "dff"))
AUDIO: Final = LOSSLESS | {"mp3", "m4a", "aac", "ogg", "oga", "opus", "mpc", "wma"}


class Source(enum.Enum):
    """Which network offers."""

    SOULSEEK = "soulseek"
    MESH = "mesh"


class Offer(msgspec.Struct, frozen=True):
    """One release folder of one user or peer. Texts as the network gave them."""

    source: Source
    user: str
    folder: str
    files: tuple[RemoteFile, ...]
    free_slot: bool = False
    speed: int = 0
    queue: int = 0

    @property
    def digest(self) -> bytes:
        """By what it is known again, 8 bytes."""
        words = f"{self.source.value}\0{self.user}\0{self.folder}".encode("utf-8", "replace")
        return hashlib.blake2b(words, digest_size=8).digest()

    @property
    def audio(self) -> tuple[RemoteFile, ...]:
        """Its audio files that are not locked."""
        return tuple(file for file in self.files if not file.locked and _kind(file) in AUDIO)

    @property
    def lossless(self) -> bool:
        """Whether all its audio says it is."""
        audio = self.audio
        return bool(audio) and all(_kind(file) in LOSSLESS for file in audio)


def _kind(file: RemoteFile) -> str:
    return extension_of(file.name)


def offers_of(answer: SearchAnswer, passes: Callable[[SearchAnswer, RemoteFile], bool]) -> list[Offer]:
    """A user's answer by release folder, with the files that pass."""
    folders: dict[str, list[RemoteFile]] = {}
    for file in answer.files:
        if passes(answer, file):
            folders.setdefault(folder_and_disc(file.folder)[0], []).append(file)
    return [
        Offer(
            Source.SOULSEEK,
            answer.user,
            folder,
            tuple(files),
            answer.free_slot,
            answer.speed,
            answer.queue,
        )
        for folder, files in folders.items()
    ]


def best(offers: Iterable[Offer], refused: Callable[[Offer], bool] = lambda offer: False) -> Offer | None:
    """The offer to take; None where none will do. `refused`: not these."""
    fit = [(offer, len(offer.audio)) for offer in offers if _fits(offer) and not refused(offer)]
    if not fit:
        return None
    usual = _usual([count for _, count in fit])

    def rank(item: tuple[Offer, int]) -> tuple[object, ...]:
        offer, count = item
        return (
            count == usual,
            -abs(count - usual),
            offer.lossless,
            offer.source is Source.MESH or offer.free_slot,
            -offer.queue,
            offer.speed,
            offer.digest,
        )

    return max(fit, key=rank)[0]


def _fits(offer: Offer) -> bool:
    audio = offer.audio
    return 1 <= len(audio) <= FILES_MOST and sum(file.size for file in audio) <= BYTES_MOST


def _usual(counts: Sequence[int]) -> int:
    """The number of files most have; of equally many the greater one."""
    return max(Counter(counts).items(), key=lambda item: (item[1], item[0]))[0]
