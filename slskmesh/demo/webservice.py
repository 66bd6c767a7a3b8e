"""What MusicBrainz's web service 2 would say of the demo's releases: XML elements by path and parameters. Pure.

Rules:
- The same elements in the same places as the real one, for what there is: lookups with inc=, browsing with limit and
  offset, searches. An unknown id is 404, what cannot be asked is 400.
- Of Lucene's language only what a search for words needs is understood: field:(words), AND, OR.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from slskmesh.demo import catalogue
from slskmesh.demo.catalogue import DemoRelease, Track
from slskmesh.mbid import Mbid, is_mbid

SPACE: Final = {
    "xmlns": "http://musicbrainz.org/ns/mmd-2.0#",
    "xmlns:ext": "http://musicbrainz.org/ns/ext#-2.0",
}
LIMIT: Final = 25
LIMIT_MAX: Final = 100
FOUND: Final = (
    "found"  # beside what inc= may name: searches tell the number of tracks in a place of their own
)

# what may be included: kind of thing -> names
_INCLUDES: Final[Mapping[str, frozenset[str]]] = {
    "release": frozenset(("artist-credits", "labels", "media", "recordings", "release-groups")),
    "release-group": frozenset(("artist-credits", "releases")),
    "recording": frozenset(("artist-credits", "media", "releases")),
    "artist": frozenset(("release-groups", "releases")),
    "label": frozenset(("releases",)),
}
_CLAUSE = re.compile(r"([a-z]+):\(((?:\\.|[^)\\])*)\)")
_WORDS = re.compile(r"[^\W_]+")

Element = etree.Element


class Refused(Exception):
    """An answer that is an HTTP status with one line of text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _child(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Adds <tag attributes>text</tag>; underscores of attribute names are hyphens."""
    child = etree.SubElement(
        parent, tag, {name.replace("_", "-"): value for name, value in attributes.items()}
    )
    child.text = text
    return child


class Shelf:
    """The releases as MusicBrainz would tell of them."""

    def __init__(self, releases: Sequence[DemoRelease]) -> None:
        self.releases = {release.mbid: release for release in releases}
        self.groups = {release.group_id: release for release in releases}
        self.artists = {release.artist_id: release.artist for release in releases}
        self.tracks: dict[Mbid, tuple[Track, DemoRelease]] = {
            track.recording_id: (track, release) for release in releases for track in release.tracks
        }

    # -- elements ----------------------------------------------------------------------------------------------

    def release(self, parent: Element, release: DemoRelease, inc: Iterable[str]) -> Element:
        """<release>, with what `inc` names."""
        inc = set(inc)
        one = _child(parent, "release", id=release.mbid)
        _child(one, "title", release.title)
        _child(one, "status", "Official")
        _child(one, "quality", "normal")
        text = _child(one, "text-representation")
        _child(text, "language", "eng")
        _child(text, "script", "Latn")
        if "artist-credits" in inc:
            self.credit(one, release)
        if "release-groups" in inc:
            self.group(one, release, inc & {"artist-credits"})
        _child(one, "date", str(release.year))
        _child(one, "country", catalogue.COUNTRY)
        if "labels" in inc:
            info = _child(_child(one, "label-info-list", count="1"), "label-info")
            _child(info, "catalog-number", release.number)
            self.label(info)
        if inc & {"media", "recordings"}:
            self.medium(one, release, inc)
        return one

    def credit(self, parent: Element, release: DemoRelease) -> None:
        """<artist-credit>."""
        self.artist(_child(_child(parent, "artist-credit"), "name-credit"), release.artist_id, brief=True)

    def medium(self, parent: Element, release: DemoRelease, inc: set[str]) -> None:
        """<medium-list>, with tracks if recordings are included."""
        media = _child(parent, "medium-list", count="1")
        if FOUND in inc:
            _child(media, "track-count", str(len(release.tracks)))
        medium = _child(media, "medium")
        _child(medium, "position", "1")
        _child(medium, "format", "Digital Media")
        tracks = _child(medium, "track-list", count=str(len(release.tracks)))
        if "recordings" not in inc:
            return
        tracks.set("offset", "0")
        for track in release.tracks:
            one = _child(tracks, "track")
            _child(one, "position", str(track.number))
            _child(one, "number", str(track.number))
            _child(one, "length", str(track.length))
            self.recording(one, track, release, inc & {"artist-credits"})

    def recording(self, parent: Element, track: Track, release: DemoRelease, inc: Iterable[str]) -> Element:
        """<recording>, with what `inc` names."""
        inc = set(inc)
        one = _child(parent, "recording", id=track.recording_id)
        _child(one, "title", track.title)
        _child(one, "length", str(track.length))
        if "artist-credits" in inc:
            self.credit(one, release)
        if "releases" in inc:
            self.release(
                _child(one, "release-list", count="1"), release, inc & {"artist-credits", "media", FOUND}
            )
        return one

    def group(self, parent: Element, release: DemoRelease, inc: Iterable[str]) -> Element:
        """<release-group>."""
        inc = set(inc)
        one = _child(parent, "release-group", type=release.kind, id=release.group_id)
        _child(one, "title", release.title)
        _child(one, "first-release-date", str(release.year))
        _child(one, "primary-type", release.kind)
        if "artist-credits" in inc:
            self.credit(one, release)
        if "releases" in inc:
            self.release(_child(one, "release-list", count="1"), release, inc & {"artist-credits"})
        return one

    def artist(self, parent: Element, mbid: Mbid, inc: Iterable[str] = (), *, brief: bool = False) -> Element:
        """<artist>."""
        one = _child(parent, "artist", id=mbid) if brief else _child(parent, "artist", type="Group", id=mbid)
        _child(one, "name", self.artists[mbid])
        _child(one, "sort-name", self.artists[mbid])
        mine = [release for release in self.releases.values() if release.artist_id == mbid]
        if "releases" in inc:
            rows = _child(one, "release-list", count=str(len(mine)))
            for release in mine:
                self.release(rows, release, ())
        if "release-groups" in inc:
            rows = _child(one, "release-group-list", count=str(len(mine)))
            for release in mine:
                self.group(rows, release, ())
        return one

    def label(self, parent: Element, inc: Iterable[str] = ()) -> Element:
        """<label>."""
        one = _child(parent, "label", type="Original Production", id=catalogue.LABEL_ID)
        _child(one, "name", catalogue.LABEL)
        _child(one, "sort-name", catalogue.LABEL)
        _child(one, "country", catalogue.COUNTRY)
        if "releases" in inc:
            rows = _child(one, "release-list", count=str(len(self.releases)))
            for release in self.releases.values():
                self.release(rows, release, ())
        return one

    # -- questions ---------------------------------------------------------------------------------------------

    def answer(self, path: str, params: Mapping[str, str]) -> Element:
        """<metadata> for `path` below the service's root. Refused."""
        kind, _, mbid = path.strip("/").partition("/")
        inc = set(params.get("inc", "").split())
        if kind not in _INCLUDES or inc - _INCLUDES[kind]:
            raise Refused(400, "this cannot be asked, or not with these inc")
        root = Element("metadata", SPACE)
        if mbid:
            self._lookup(root, kind, mbid, inc)
        elif "query" in params:
            self._search(root, kind, params)
        else:
            self._browse(root, kind, params, inc)
        return root

    def _lookup(self, root: Element, kind: str, mbid: str, inc: set[str]) -> None:
        if not is_mbid(mbid):
            raise Refused(400, "Invalid mbid.")
        one = Mbid(mbid)
        if kind == "release" and one in self.releases:
            self.release(root, self.releases[one], inc)
        elif kind == "release-group" and one in self.groups:
            self.group(root, self.groups[one], inc)
        elif kind == "recording" and one in self.tracks:
            self.recording(root, *self.tracks[one], inc)
        elif kind == "artist" and one in self.artists:
            self.artist(root, one, inc)
        elif kind == "label" and one == catalogue.LABEL_ID:
            self.label(root, inc)
        else:
            raise Refused(404, "Not Found")

    def _browse(self, root: Element, kind: str, params: Mapping[str, str], inc: set[str]) -> None:
        by: dict[str, Callable[[DemoRelease], str]] = {
            "artist": lambda release: release.artist_id,
            "label": lambda _release: catalogue.LABEL_ID,
            "release-group": lambda release: release.group_id,
        }
        given = [name for name in by if name in params]
        if kind not in ("release", "release-group") or len(given) != 1 or given == [kind]:
            raise Refused(400, "this cannot be browsed")
        mine = [one for one in self.releases.values() if by[given[0]](one) == params[given[0]]]
        offset, shown = _window(mine, params)
        rows = _child(root, f"{kind}-list", count=str(len(mine)), offset=str(offset))
        for release in shown:
            if kind == "release":
                self.release(rows, release, inc)
            else:
                self.group(rows, release, inc)

    def _search(self, root: Element, kind: str, params: Mapping[str, str]) -> None:
        scored = [
            (score, add) for texts, add in self._texts(kind) if (score := _score(params["query"], texts))
        ]
        scored.sort(key=lambda one: -one[0])
        offset, shown = _window(scored, params)
        rows = _child(root, f"{kind}-list", count=str(len(scored)), offset=str(offset))
        for score, add in shown:
            add(rows).set("ext:score", str(score))

    def _texts(self, kind: str) -> list[tuple[dict[str, str], Callable[[Element], Element]]]:
        """Each thing of a kind: its texts by the names of their search fields, and what adds it to a list."""
        full = ("artist-credits", "labels", "media", "release-groups", FOUND)
        every = self.releases.values()
        if kind == "artist":
            return [
                ({"artist": name}, partial(self.artist, mbid=mbid)) for mbid, name in self.artists.items()
            ]
        if kind == "label":
            return [({"label": catalogue.LABEL}, self.label)]
        if kind == "release-group":
            return [
                (
                    {"releasegroup": one.title, "artist": one.artist},
                    partial(self.group, release=one, inc=full),
                )
                for one in every
            ]
        if kind == "recording":
            inc = ("artist-credits", "media", "releases", FOUND)
            return [
                (
                    {"recording": track.title, "artist": track.artist, "release": track.album},
                    partial(self.recording, track=track, release=one, inc=inc),
                )
                for track, one in self.tracks.values()
            ]
        texts = [{"release": one.title, "artist": one.artist, "label": catalogue.LABEL} for one in every]
        return [
            (text, partial(self.release, release=one, inc=full))
            for text, one in zip(texts, every, strict=True)
        ]


def _window(rows: Sequence[Any], params: Mapping[str, str]) -> tuple[int, Sequence[Any]]:
    """Offset and rows that `limit` and `offset` ask for. Refused."""
    limit, offset = params.get("limit", str(LIMIT)), params.get("offset", "0")
    if not (limit.isascii() and limit.isdigit() and offset.isascii() and offset.isdigit()):
        raise Refused(400, "limit and offset are numbers")
    start = int(offset[:9])
    return start, rows[start : start + min(int(limit[:9]), LIMIT_MAX)]


def _score(query: str, texts: Mapping[str, str]) -> int:
    """0 to 100: the best of the clauses joined by OR; each field of a clause must have a word in common."""
    best = 0.0
    for clause in re.split(r" OR ", query):
        fields = _CLAUSE.findall(clause) or [("", clause)]
        parts = []
        for field, words in fields:
            text = texts.get(field, "") if field else " ".join(texts.values())
            wanted, there = (set(_WORDS.findall(one.lower())) for one in (words, text))
            parts.append(len(wanted & there) / len(wanted | there) if wanted else 0.0)
        if all(parts):
            best = max(best, sum(parts) / len(parts))
    return round(best * 100)
