"""Which recording a file is, by its tags, its path and its length; how sure that is, and why. Pure.

Rules:
- What agrees sets a ceiling (research: id and length .95; title, artist and length .90; title, album and length .82;
  title and artist .78; title and length .75; a path alone .51 to .92); more agreement lifts it a little, never to 1.
- What differs lowers it by named penalties, as beets names its distances. What is not told is never held against a
  file. Lengths agree within 2 s.
- Tags come before the path; where the title is missing (or only "Track 03") the words of the path are taken.
- A release's files go to its tracks one to one, the surest first; nothing below LEAST is a match,
  and no file takes a track that fits it clearly worse than another one does.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from slskmesh.catalogue.objects import Release, Track
from slskmesh.catalogue.words import alike, besides, holds, plain
from slskmesh.mbid import Mbid

LEAST: Final = 0.5
LENGTH_TOLERANCE: Final = 2000  # ms
AGREES: Final = 0.8
SECOND_CHOICE: Final = 0.03  # a file goes to no track that it fits worse than its best by more than this

_TITLE, _ARTIST, _ALBUM = 0.4, 0.2, 0.08
_NUMBER, _DISC, _YEAR, _YEARS_MAX = 0.06, 0.04, 0.01, 0.04
_LENGTH, _LENGTH_SECOND, _LENGTH_MAX = 0.05, 0.02, 0.35
_OTHER_ID = 0.25
_ID_SHARE = 0.25  # of every penalty, where the id says that it is the recording
_LIFT = 0.01
_HELD = 0.95  # likeness of a title that stands in a file name among words of artist and album
_FIRST, _INNER = (
    0.9,
    0.97,
)  # weight of a part of a file name that is not its last: more likely artist or album

_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}$", re.IGNORECASE)
_NUMBERED = re.compile(
    r"^\s*(?:(?:cd|disc)?\s*(\d)\s*[-.]\s*)?(\d{1,3})(?=\s*[-–.)_\s])[-–.)_\s]+(?=\S)", re.IGNORECASE
)
_YEAR_NOTE = re.compile(r"\s*[(\[]?(?<!\d)(?:19|20)\d\d(?!\d)[)\]]?\s*(?:-\s*)?")
_DISC_FOLDER = re.compile(r"^\s*(?:cd|dis[ck])\s*0?(\d{1,2})\b", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"\s*(?:(?:audio\s*)?track|titel|piste|untitled track|unknown)?[\s_-]*\d*\s*", re.IGNORECASE
)


class FileFacts(msgspec.Struct, frozen=True):
    """What is known of a file. `parts` are folders and file name; `duration` in ms; 0 and "" mean not known."""

    parts: tuple[str, ...] = ()
    artist: str = ""
    album: str = ""
    title: str = ""
    track: int = 0
    disc: int = 0
    year: int = 0
    duration: int = 0
    recording: str = ""
    release: str = ""


class Match(msgspec.Struct, frozen=True):
    """A file taken for a recording. `confidence` 0 to 1; `penalties` are what lowered it: (name, amount).

    `agrees` names what spoke for it: "id", "title", "artist", "album", "length", "number", "path".
    """

    recording: Mbid
    confidence: float
    penalties: tuple[tuple[str, float], ...]
    agrees: tuple[str, ...] = ()


class Pair(NamedTuple):
    """A file and a track of a release, both by their place from 0."""

    file: int
    track: int
    match: Match


class Assignment(NamedTuple):
    """Files given to the tracks of a release, in the order of the tracks; places of what was left over."""

    pairs: tuple[Pair, ...]
    files_left: tuple[int, ...]
    tracks_left: tuple[int, ...]


class _Path(NamedTuple):
    """What a path says: possible titles with weights, the other words by part, numbers."""

    titles: tuple[tuple[str, float], ...]
    others: tuple[str, ...]
    stem: str
    number: int
    disc: int


@functools.lru_cache(4096)
def _path(parts: tuple[str, ...]) -> _Path:
    if not parts:
        return _Path((), (), "", 0, 0)
    stem = _SUFFIX.sub("", parts[-1]).replace("_", " ")
    number = disc = 0
    pieces = []
    for piece in _pieces(stem):
        found = _NUMBERED.match(piece)
        if not number and piece.isascii() and piece.isdigit() and len(piece) < 4:
            number = int(piece)
            continue
        if found is not None and not number:
            number, disc = int(found[2]), int(found[1] or 0)
            pieces.append((piece[found.end() :].strip(), piece))
        else:
            pieces.append((piece, piece))
    titles = [
        (title, 1.0 if place == len(pieces) - 1 else _FIRST if place == 0 else _INNER)
        for place, both in enumerate(pieces)
        for title in dict.fromkeys(both)
    ]
    folders = [part.replace("_", " ") for part in parts[-5:-1]]
    discs = (found for folder in folders if (found := _DISC_FOLDER.match(folder)) is not None)
    disc = disc or next((int(found[1]) for found in discs), 0)
    others = [*folders, *(_YEAR_NOTE.sub(" ", folder).strip() for folder in folders), stem]
    return _Path(tuple(titles), tuple(dict.fromkeys(one for one in others if one)), stem, number, disc)


def _pieces(stem: str) -> list[str]:
    """A file name at its dashes; at its hyphens where it has none, as in "02-artist-title-group"."""
    pieces = re.split(r"\s+[-–—]\s+", stem)
    if len(pieces) == 1 and stem.count("-") > 1:
        pieces = stem.split("-")
    return [piece.strip() for piece in pieces if piece.strip()][:6]


def _no_title(text: str) -> bool:
    return _NO_TITLE.fullmatch(text) is not None


def _path_title(path: _Path, title: str, names: Sequence[str]) -> float:
    """How well the file name gives a title; `names` of artist and album may stand in it too."""
    best = max((weight * alike(piece, title) for piece, weight in path.titles), default=0.0)
    if best < _HELD and holds(path.stem, title):
        words = len(plain(title).split())
        best = max(best, _HELD * words / (words + besides(path.stem, (title, *names))))
    return best


def _in_path(path: _Path, name: str) -> bool:
    return bool(name) and any(alike(part, name) >= AGREES or holds(part, name) for part in path.others)


class _Judgement:
    """One file held against one track: collects what agrees and what differs."""

    def __init__(self, facts: FileFacts, track: Track, release: Release | None, place: int) -> None:
        self.penalties: list[tuple[str, float]] = []
        self.agrees: list[str] = []
        self._path = _path(facts.parts)
        self._by_path = _no_title(facts.title)
        self._ids(facts, track)
        self._title(facts, track, release)
        self._artist(facts, track, release)
        if release is not None:
            self._album(facts, release)
        self._numbers(facts, track, place)
        self._length(facts, track)

    def _differs(self, name: str, amount: float) -> None:
        if amount > 0:
            self.penalties.append((name, amount))

    def _ids(self, facts: FileFacts, track: Track) -> None:
        if facts.recording == track.recording:
            self.agrees.append("id")
        elif facts.recording:
            self._differs("recording id", _OTHER_ID)

    def _title(self, facts: FileFacts, track: Track, release: Release | None) -> None:
        if self._by_path:
            names = [track.artist, *([release.artist, release.title] if release is not None else [])]
            likeness = _path_title(self._path, track.title, names)
            told = any(not _no_title(title) for title, _ in self._path.titles)
        else:
            likeness, told = alike(facts.title, track.title), True
        if likeness >= AGREES:
            self.agrees += ["title", "path"] if self._by_path else ["title"]
        if told:
            self._differs("title", _TITLE * (1 - likeness))

    def _artist(self, facts: FileFacts, track: Track, release: Release | None) -> None:
        names = [track.artist, release.artist if release is not None else ""]
        if facts.artist:
            likeness = max(alike(facts.artist, name) for name in names)
            self._differs("artist", _ARTIST * (1 - likeness))
            agrees = likeness >= AGREES
        else:
            agrees = any(_in_path(self._path, name) for name in names)
        if agrees:
            self.agrees.append("artist")

    def _album(self, facts: FileFacts, release: Release) -> None:
        if facts.album:
            likeness = alike(facts.album, release.title)
            self._differs("album", _ALBUM * (1 - likeness))
            agrees = likeness >= AGREES
        else:
            agrees = _in_path(self._path, release.title)
        if agrees or facts.release == release.mbid:
            self.agrees.append("album")
        year = release.date[:4]
        if facts.year and year.isascii() and year.isdigit():
            self._differs("year", min(_YEARS_MAX, _YEAR * abs(facts.year - int(year))))

    def _numbers(self, facts: FileFacts, track: Track, place: int) -> None:
        number, disc = facts.track or self._path.number, facts.disc or self._path.disc
        if number and number in (track.position, place + 1):
            self.agrees.append("number")
        elif number:
            self._differs("track number", _NUMBER)
        if disc and disc != track.disc:
            self._differs("disc", _DISC)

    def _length(self, facts: FileFacts, track: Track) -> None:
        if not facts.duration or not track.length:
            return
        apart = abs(facts.duration - track.length)
        if apart <= LENGTH_TOLERANCE:
            self.agrees.append("length")
        else:
            over = (apart - LENGTH_TOLERANCE) / 1000
            self._differs("length", min(_LENGTH_MAX, _LENGTH + _LENGTH_SECOND * over))

    def _ceiling(self) -> float:
        """How sure it could be at most, by what agrees."""
        told = set(self.agrees)
        lift = _LIFT * len(told & {"title", "artist", "album", "number"})
        if "id" in told:
            away = any(name == "length" for name, _ in self.penalties)
            return (0.95 if "length" in told else 0.75 if away else 0.90) + lift
        if "path" in told:
            worth = {"artist": 0.12, "album": 0.08, "number": 0.05, "length": 0.16}
            return 0.51 + sum(worth[name] for name in told & worth.keys())
        if "title" in told:
            return self._title_ceiling(told) + _LIFT * len(told & {"album", "number"})
        worth = {"artist": 0.08, "album": 0.08, "number": 0.06, "length": 0.10}
        return 0.30 + sum(worth[name] for name in told & worth.keys())

    @staticmethod
    def _title_ceiling(told: set[str]) -> float:
        if {"artist", "length"} <= told:
            return 0.90
        if {"album", "length"} <= told:
            return 0.82
        if "artist" in told:
            return 0.78
        return 0.75 if "length" in told else 0.60

    def match(self, recording: Mbid) -> Match:
        """The outcome."""
        share = _ID_SHARE if "id" in self.agrees else 1.0
        penalties = tuple((name, round(amount * share, 4)) for name, amount in self.penalties)
        confidence = self._ceiling() - sum(amount for _, amount in penalties)
        return Match(recording, round(min(1.0, max(0.0, confidence)), 4), penalties, tuple(self.agrees))


def judge(facts: FileFacts, track: Track, release: Release | None = None, place: int = -1) -> Match:
    """One file held against one track; `place` is the track's from 0 in the release, where known."""
    return _Judgement(facts, track, release, place).match(track.recording)


def match_file(facts: FileFacts, tracks: Sequence[Track], release: Release | None = None) -> Match | None:
    """The track that a file is most likely, if any is likely enough; of equal ones the first.

    With `release` (whose tracks they are) album and year count too.
    """
    best: Match | None = None
    for place, track in enumerate(tracks):
        match = judge(facts, track, release, place)
        if best is None or match.confidence > best.confidence:
            best = match
    return best if best is not None and best.confidence >= LEAST else None


def match_files(files: Sequence[FileFacts], release: Release) -> Assignment:
    """Files to tracks of a release, one to one, the surest first. Work grows with files times tracks: in a thread."""
    tracks = release.tracks
    found: list[Pair] = []
    for file, facts in enumerate(files):
        mine = [Pair(file, place, judge(facts, track, release, place)) for place, track in enumerate(tracks)]
        best = max((pair.match.confidence for pair in mine), default=0.0)
        least = max(LEAST, best - SECOND_CHOICE)
        found += [pair for pair in mine if pair.match.confidence >= least]
    found.sort(key=lambda pair: (-pair.match.confidence, pair.track, pair.file))
    by_track: dict[int, Pair] = {}
    used: set[int] = set()
    for pair in found:
        if pair.track not in by_track and pair.file not in used:
            by_track[pair.track] = pair
            used.add(pair.file)
    return Assignment(
        tuple(by_track[place] for place in sorted(by_track)),
        tuple(file for file in range(len(files)) if file not in used),
        tuple(place for place in range(len(tracks)) if place not in by_track),
    )
