"""What can be asked of MusicBrainz: paths and parameters of web service 2, and how each answer is read. Pure.

Rules:
- Searches are made of words in which everything with a meaning to Lucene is escaped and lower case, so that no
  pasted text is an error or an operator. Text without a letter or digit is no search (`None`).
- "artist - title" is asked both ways: as artist and title, and as all words of the title.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec

from slskmesh.catalogue import reading
from slskmesh.catalogue.cache import ENTITY_TTL, LIST_TTL, SEARCH_TTL
from slskmesh.catalogue.objects import Artist, Label, Recording, Release, ReleaseBrief, ReleaseGroup
from slskmesh.catalogue.reading import Found
from slskmesh.mbid import Mbid

T = TypeVar("T")
PAGE: Final = 100
WORDS_MAX: Final = 40
TEXT_MAX: Final = 400
_LUCENE = re.compile(r'[+\-&|!(){}\[\]^"~*?:\\/<>=]')
_DASH = re.compile(r"\s+[-–—―‒]\s+")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Part of a list, and how long the whole is."""

    items: tuple[T, ...]
    total: int


class Query(msgspec.Struct, Generic[T], frozen=True):
    """One question: what it is kept as (`kind`, `key`), for how long, how it is asked and its answer read.

    `type` is what the kept bytes decode to; `words` name what was asked, for people.
    """

    kind: str
    key: str
    ttl: float
    path: str
    params: dict[str, str]
    read: Callable[[Found], T]
    type: Any
    words: str


def _entity(name: str, mbid: Mbid, inc: str, read: Callable[[Found], T | None], type_: type[T]) -> Query[T]:
    return Query(
        kind=name,
        key=mbid,
        ttl=ENTITY_TTL,
        path=f"{name}/{mbid}",
        params={"inc": inc} if inc else {},
        read=lambda found: reading.one(found, name, read),
        type=type_,
        words=f"{name.replace('-', ' ')} {mbid}",
    )


def release(mbid: Mbid) -> Query[Release]:
    """A release with media, tracks, labels and its group."""
    inc = "artist-credits labels media recordings release-groups"
    return _entity("release", mbid, inc, reading.release, Release)


def release_group(mbid: Mbid) -> Query[ReleaseGroup]:
    """A release group."""
    return _entity("release-group", mbid, "artist-credits", reading.group, ReleaseGroup)


def recording(mbid: Mbid) -> Query[Recording]:
    """A recording and (up to 25) releases it is on."""
    return _entity("recording", mbid, "artist-credits media releases", reading.recording, Recording)


def artist(mbid: Mbid) -> Query[Artist]:
    """An artist."""
    return _entity("artist", mbid, "", reading.artist, Artist)


def label(mbid: Mbid) -> Query[Label]:
    """A label."""
    return _entity("label", mbid, "", reading.label, Label)


def _page(name: str, read: Callable[[Found], T | None]) -> Callable[[Found], Page[T]]:
    return lambda found: Page(*reading.several(found, name, read))


def _browse(by: str, mbid: Mbid, offset: int, name: str, inc: str) -> tuple[str, dict[str, str]]:
    params = {by: str(mbid), "inc": inc, "limit": str(PAGE)}
    return name, params | ({"offset": str(offset)} if offset else {})


def artist_groups(mbid: Mbid, offset: int) -> Query[Page[ReleaseGroup]]:
    """PAGE release groups that are credited to an artist, from `offset`."""

    def credited(found: Found) -> ReleaseGroup | None:
        artists = reading.credited(found)
        return reading.group(found) if not artists or mbid in artists else None

    path, params = _browse("artist", mbid, offset, "release-group", "artist-credits")
    return Query(
        kind="artist-groups",
        key=f"{mbid}:{offset}",
        ttl=LIST_TTL,
        path=path,
        params=params,
        read=_page("release-group", credited),
        type=Page[ReleaseGroup],
        words=f"discography of artist {mbid}",
    )


def _releases_of(by: str, mbid: Mbid, offset: int) -> Query[Page[ReleaseBrief]]:
    inc = "artist-credits labels media release-groups"
    path, params = _browse(by, mbid, offset, "release", inc)
    return Query(
        kind=f"{by}-releases",
        key=f"{mbid}:{offset}",
        ttl=LIST_TTL,
        path=path,
        params=params,
        read=_page("release", reading.brief),
        type=Page[ReleaseBrief],
        words=f"releases of {by.replace('-', ' ')} {mbid}",
    )


def group_releases(mbid: Mbid, offset: int) -> Query[Page[ReleaseBrief]]:
    """PAGE editions of a release group, from `offset`."""
    return _releases_of("release-group", mbid, offset)


def label_releases(mbid: Mbid, offset: int) -> Query[Page[ReleaseBrief]]:
    """PAGE releases of a label, from `offset`."""
    return _releases_of("label", mbid, offset)


def _escaped(text: str) -> str:
    """The words of `text` for a Lucene query, or "" if none has a letter or digit."""
    kept = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text[:TEXT_MAX])
    words = [_LUCENE.sub(r"\\\g<0>", word) for word in kept.lower().split()[:WORDS_MAX]]
    return " ".join(words) if any(char.isalnum() for char in kept) else ""


def _search_text(name: str, text: str) -> str | None:
    """The Lucene query for things called `text`; None if it has no words."""
    whole = _escaped(_DASH.sub(" ", text))
    if not whole:
        return None
    plain = f"{name}:({whole})"
    if name not in ("release", "recording"):
        return plain
    parts = _DASH.split(text[:TEXT_MAX], maxsplit=1)
    by, called = (_escaped(parts[0]), _escaped(parts[1])) if len(parts) == 2 else ("", "")
    if by and called:
        return f"(artist:({by}) AND {name}:({called})) OR {plain}"
    return f"{plain} OR artist:({whole})"


def _search(
    name: str, text: str, limit: int, read: Callable[[Found], T | None], type_: Any
) -> Query[Page[T]] | None:
    query = _search_text(name, text)
    if query is None:
        return None
    limit = max(1, min(limit, PAGE))
    return Query(
        kind=f"find-{name}",
        key=f"{limit}:{query}",
        ttl=SEARCH_TTL,
        path=name,
        params={"query": query, "limit": str(limit)},
        read=_page(name, read),
        type=type_,
        words=f"{name}s called {text.strip()[:80]!r}",
    )


def find_releases(text: str, limit: int) -> Query[Page[ReleaseBrief]] | None:
    """Releases by title, or "artist - title"."""
    return _search("release", text, limit, reading.brief, Page[ReleaseBrief])


def find_recordings(text: str, limit: int) -> Query[Page[Recording]] | None:
    """Recordings by title, or "artist - title"."""
    return _search("recording", text, limit, reading.recording, Page[Recording])


def find_artists(text: str, limit: int) -> Query[Page[Artist]] | None:
    """Artists by name."""
    return _search("artist", text, limit, reading.artist, Page[Artist])


def find_labels(text: str, limit: int) -> Query[Page[Label]] | None:
    """Labels by name."""
    return _search("label", text, limit, reading.label, Page[Label])
