"""MusicBrainz objects as this program uses them. Frozen values; all text is sanitised, lengths in milliseconds.

Rules: what an answer lacks is empty, 0 or None, never guessed. Identifiers are canonical (`slskmesh.mbid`).
"""

from __future__ import annotations

import enum
from typing import Generic, TypeVar

import msgspec

from slskmesh.errors import SlskmeshError
from slskmesh.mbid import Mbid
from slskmesh.text import SafeStr

T = TypeVar("T")
NOTHING = SafeStr("")


class Track(msgspec.Struct, frozen=True):
    """One track of a release. `disc` and `position` count from 1; `length` of the track, else of its recording."""

    recording: Mbid
    title: SafeStr
    artist: SafeStr
    disc: int
    position: int
    number: SafeStr = NOTHING  # as printed: "A1"
    length: int | None = None
    video: bool = False


class Medium(msgspec.Struct, frozen=True):
    """One disc, side or file set."""

    position: int
    format: SafeStr
    title: SafeStr
    tracks: tuple[Track, ...]


class LabelRef(msgspec.Struct, frozen=True):
    """Who put a release out, with its catalogue number."""

    mbid: Mbid | None
    name: SafeStr
    number: SafeStr = NOTHING


class ReleaseBrief(msgspec.Struct, frozen=True):
    """A release in a list: search hits, a group's editions, a label's catalogue. `score` 0-100 of a search, else 0."""

    mbid: Mbid
    title: SafeStr
    artist: SafeStr
    artist_id: Mbid | None = None
    group: Mbid | None = None
    date: SafeStr = NOTHING  # "2002-02-13", "2002" or empty
    country: SafeStr = NOTHING
    status: SafeStr = NOTHING  # "Official", "Bootleg", "Promotion"
    format: SafeStr = NOTHING  # "CD", "2xVinyl"
    label: SafeStr = NOTHING
    number: SafeStr = NOTHING
    disambiguation: SafeStr = NOTHING
    primary_type: SafeStr = NOTHING  # "Album", "EP", "Single"
    secondary_types: tuple[SafeStr, ...] = ()  # "Live", "Compilation"
    tracks: int = 0
    score: int = 0


class Release(msgspec.Struct, frozen=True):
    """One release with all its tracks."""

    mbid: Mbid
    title: SafeStr
    artist: SafeStr
    media: tuple[Medium, ...]
    artist_id: Mbid | None = None
    group: Mbid | None = None
    date: SafeStr = NOTHING
    country: SafeStr = NOTHING
    status: SafeStr = NOTHING
    barcode: SafeStr = NOTHING
    disambiguation: SafeStr = NOTHING
    primary_type: SafeStr = NOTHING
    secondary_types: tuple[SafeStr, ...] = ()
    labels: tuple[LabelRef, ...] = ()

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks in order; a track's index plus one is its place in the release."""
        return tuple(track for medium in self.media for track in medium.tracks)


class ReleaseGroup(msgspec.Struct, frozen=True):
    """An album, single, EP ... in all its editions."""

    mbid: Mbid
    title: SafeStr
    artist: SafeStr = NOTHING
    artist_id: Mbid | None = None
    first_date: SafeStr = NOTHING
    primary_type: SafeStr = NOTHING
    secondary_types: tuple[SafeStr, ...] = ()
    disambiguation: SafeStr = NOTHING
    score: int = 0


class Recording(msgspec.Struct, frozen=True):
    """A recording and the releases it is on."""

    mbid: Mbid
    title: SafeStr
    artist: SafeStr
    length: int | None = None
    releases: tuple[ReleaseBrief, ...] = ()
    score: int = 0


class Artist(msgspec.Struct, frozen=True):
    """An artist."""

    mbid: Mbid
    name: SafeStr
    sort_name: SafeStr = NOTHING
    kind: SafeStr = NOTHING  # "Person", "Group"
    country: SafeStr = NOTHING
    disambiguation: SafeStr = NOTHING
    score: int = 0


class Label(msgspec.Struct, frozen=True):
    """A label."""

    mbid: Mbid
    name: SafeStr
    kind: SafeStr = NOTHING
    country: SafeStr = NOTHING
    disambiguation: SafeStr = NOTHING
    score: int = 0


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """What was found, and how fresh. `stale`: older than it should be, given because MusicBrainz could not be asked.

    `note` says why, for people; `fetched` is Unix seconds.
    """

    value: T
    fetched: float
    cached: bool
    stale: bool = False
    note: str = ""


class Trouble(enum.Enum):
    """Why MusicBrainz could not tell."""

    UNREACHABLE = "unreachable"
    LIMITED = "limited"  # it asked us to wait
    MALFORMED = "malformed"  # its answer cannot be read
    NOT_FOUND = "not found"
    REFUSED = "refused"  # it does not accept the request


class CatalogueError(SlskmeshError):
    """No answer and nothing cached. The text names what was asked and what to do; `trouble` tells the kind."""

    def __init__(self, trouble: Trouble, message: str, retry: float | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.retry = retry  # seconds until it is worth trying again


class CatalogueStatus(msgspec.Struct, frozen=True):
    """For the screens: whether the host answers, since when not, requests waiting for their second."""

    host: str
    trouble: Trouble | None = None
    since: float | None = None
    waiting: int = 0
    text: str = ""  # "not asked yet", "answers", "unreachable since 12:03: cached answers are used"
