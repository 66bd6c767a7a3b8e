"""From a remote path to the recording it most likely is, among the releases this machine has looked up before. Pure.

Rules:
- Only kept catalogue answers count: nobody is asked because of what a stranger's file is called.
- A candidate's title words all stand in the file's name; how sure it is says `catalogue.matching`. Less than SURE, or
  two different recordings about as likely: no recording, rather than a wrong one.
- Bounded: releases, tracks, words looked at and candidates judged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from slskmesh.catalogue.matching import FileFacts, judge
from slskmesh.catalogue.objects import Release, Track
from slskmesh.catalogue.words import holds, plain
from slskmesh.library.kinds import BY_SUFFIX
from slskmesh.soulseek.values import RemoteFile
from slskmesh.text import sanitize

SURE: Final = 0.65
APART: Final = 0.02  # another recording this close makes it a guess
TRACKS_MAX: Final = 100_000
PARTS_MAX: Final = 6
_PART_MAX: Final = 200
_POSTINGS_MAX: Final = 4_000  # tracks under one word that are looked at
_JUDGED_MAX: Final = 40
_ROOT = re.compile(r"@@[a-z0-9]{1,12}", re.IGNORECASE)


class Guess(NamedTuple):
    """A recording and how sure it is, 0 to 1."""

    recording: str
    confidence: float


def codec_of(path: str) -> str:
    """The codec that a path's ending tells, "" where it is no music."""
    suffix = path[-12:].rpartition(".")[2].lower()
    return BY_SUFFIX.get(suffix, "") or ""


def facts_of(file: RemoteFile) -> FileFacts:
    """What a remote path and its attributes say; the share's made-up root is left out."""
    parts = [part for part in file.path[-4096:].replace("/", "\\").split("\\") if part.strip(" .")]
    if parts and _ROOT.fullmatch(parts[0]):
        del parts[0]
    safe = tuple(str(sanitize(part, _PART_MAX)) for part in parts[-PARTS_MAX:])
    return FileFacts(parts=safe, duration=max(0, min(file.attributes.duration or 0, 1 << 20)) * 1000)


class TrackIndex:
    """Tracks of known releases by the words of their titles."""

    def __init__(self, releases: Iterable[Release] = ()) -> None:
        self._tracks: list[tuple[Release, int, Track]] = []
        self._words: list[frozenset[str]] = []
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._known: set[str] = set()
        for release in releases:
            self.add(release)

    def __len__(self) -> int:
        return len(self._tracks)

    def add(self, release: Release) -> bool:
        """Takes a release in; False where it is there already or there is no room."""
        tracks = release.tracks
        if release.mbid in self._known or len(self._tracks) + len(tracks) > TRACKS_MAX:
            return False
        self._known.add(release.mbid)
        for place, track in enumerate(tracks):
            words = frozenset(plain(track.title).split())
            for word in words:
                self._by_word[word].append(len(self._tracks))
            self._tracks.append((release, place, track))
            self._words.append(words)
        return True

    def guess(self, file: RemoteFile) -> Guess | None:
        """The recording of a file, if one is likely enough and no other about as likely."""
        facts = facts_of(file)
        if not facts.parts or not codec_of(file.path):
            return None
        best: dict[str, float] = {}
        for number in self._candidates(facts):
            release, place, track = self._tracks[number]
            match = judge(facts, track, release, place)
            best[match.recording] = max(match.confidence, best.get(match.recording, 0.0))
        ranked = sorted(best.items(), key=lambda one: (-one[1], one[0]))
        if not ranked or ranked[0][1] < SURE:
            return None
        if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < APART:
            return None
        return Guess(*ranked[0])

    def _candidates(self, facts: FileFacts) -> list[int]:
        """Tracks whose title stands in the file's name, those whose artist or album stands in the path first."""
        words = set(plain(facts.parts[-1].rpartition(".")[0] or facts.parts[-1]).split())
        words |= set(plain(facts.parts[-1].replace("_", " ")).split())
        found: set[int] = set()
        for word in words:
            numbers = self._by_word.get(word, ())
            found.update(number for number in numbers[:_POSTINGS_MAX] if self._words[number] <= words)
        whole = " ".join(facts.parts)

        def fits(number: int) -> tuple[bool, int, int]:
            release, _, track = self._tracks[number]
            named = holds(whole, track.artist) or holds(whole, release.artist) or holds(whole, release.title)
            return (not named, -len(self._words[number]), number)

        return sorted(found, key=fits)[:_JUDGED_MAX]
