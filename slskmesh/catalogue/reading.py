"""What musicbrainzngs read, as our objects. Pure.

Rules:
- What an answer lacks is empty, 0 or None; a thing without its own identifier is not there. The one thing that was
  asked for by its identifier must be there, else the answer is malformed.
- A track's length is the track's own, else its recording's; its title and artist likewise. A track whose recording
  is not told is left out (it can be neither matched nor asked for), as are data tracks and what lies before track 1.
- All text goes through `sanitize`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from slskmesh.catalogue.objects import (
    Artist,
    CatalogueError,
    Label,
    LabelRef,
    Medium,
    Recording,
    Release,
    ReleaseBrief,
    ReleaseGroup,
    Track,
    Trouble,
)
from slskmesh.mbid import Mbid, is_mbid
from slskmesh.text import SafeStr, sanitize

TEXT_MAX: Final = 500
SHORT_MAX: Final = 100
NUMBER_MAX: Final = 2**31 - 1

T = TypeVar("T")
Found = Mapping[str, Any]


def _text(found: Found, name: str, limit: int = TEXT_MAX) -> SafeStr:
    value = found.get(name)
    return sanitize(value.strip(), limit) if isinstance(value, str) else SafeStr("")


def _number(value: object) -> int:
    """A whole number that is not negative; 0 for anything else."""
    text = str(value).strip() if isinstance(value, int | str) else ""
    return min(int(text), NUMBER_MAX) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _length(*values: object) -> int | None:
    """The first that tells a length in ms."""
    return next((number for value in values if (number := _number(value))), None)


def _mbid(found: object) -> Mbid | None:
    text = found.get("id") if isinstance(found, Mapping) else None
    lowered = text.strip().lower() if isinstance(text, str) else ""
    return Mbid(lowered) if is_mbid(lowered) else None


def _part(found: Found, name: str) -> Found:
    value = found.get(name)
    return value if isinstance(value, Mapping) else {}


def _parts(found: Found, name: str) -> Iterator[Found]:
    value = found.get(name)
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else iter(())


def _all(found: Found, name: str, read: Callable[[Found], T | None]) -> tuple[T, ...]:
    return tuple(one for part in _parts(found, name) if (one := read(part)) is not None)


def credited(found: Found) -> tuple[Mbid, ...]:
    """Who is credited for a thing, in order."""
    credits = (_mbid(_part(credit, "artist")) for credit in _parts(found, "artist-credit"))
    return tuple(one for one in credits if one is not None)


def _artist_id(found: Found) -> Mbid | None:
    return next(iter(credited(found)), None)


def _secondary(group: Found) -> tuple[SafeStr, ...]:
    kinds = group.get("secondary-type-list")
    texts = [kind for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    return tuple(sanitize(kind.strip(), SHORT_MAX) for kind in texts)


def _primary(group: Found) -> SafeStr:
    return _text(group, "primary-type", SHORT_MAX) or _text(group, "type", SHORT_MAX)


def _formats(media: list[Found]) -> SafeStr:
    """ "CD", "2xVinyl", "CD + DVD"."""
    counts = Counter(_text(medium, "format", SHORT_MAX) for medium in media)
    return sanitize(
        " + ".join(f"{count}x{name}" if count > 1 else name for name, count in counts.items() if name),
        SHORT_MAX,
    )


def _track_count(found: Found, media: list[Found]) -> int:
    told = _number(found.get("medium-track-count"))
    return told or sum(
        _number(medium.get("track-count")) or len(list(_parts(medium, "track-list"))) for medium in media
    )


def brief(found: Found) -> ReleaseBrief | None:
    """A release in a list."""
    mbid = _mbid(found)
    if mbid is None:
        return None
    group, media = _part(found, "release-group"), list(_parts(found, "medium-list"))
    labels = _labels(found)
    return ReleaseBrief(
        mbid=mbid,
        title=_text(found, "title"),
        artist=_text(found, "artist-credit-phrase"),
        artist_id=_artist_id(found),
        group=_mbid(group),
        date=_text(found, "date", SHORT_MAX),
        country=_text(found, "country", SHORT_MAX),
        status=_text(found, "status", SHORT_MAX),
        format=_formats(media),
        label=labels[0].name if labels else SafeStr(""),
        number=labels[0].number if labels else SafeStr(""),
        disambiguation=_text(found, "disambiguation"),
        primary_type=_primary(group),
        secondary_types=_secondary(group),
        tracks=_track_count(found, media),
        score=min(100, _number(found.get("ext:score"))),
    )


def _labels(found: Found) -> tuple[LabelRef, ...]:
    def one(info: Found) -> LabelRef | None:
        label = _part(info, "label")
        ref = LabelRef(_mbid(label), _text(label, "name"), _text(info, "catalog-number", SHORT_MAX))
        return ref if ref.name or ref.number else None

    return _all(found, "label-info-list", one)


def _track(found: Found, disc: int, artist: SafeStr) -> Track | None:
    recording = _part(found, "recording")
    mbid, position = _mbid(recording), _number(found.get("position"))
    if mbid is None or not position:
        return None
    return Track(
        recording=mbid,
        title=_text(found, "title") or _text(recording, "title"),
        artist=_text(found, "artist-credit-phrase") or artist,
        disc=disc,
        position=position,
        number=_text(found, "number", SHORT_MAX),
        length=_length(found.get("length"), recording.get("length")),
        video=_text(recording, "video") == "true",
    )


def _media(found: Found, artist: SafeStr) -> tuple[Medium, ...]:
    media = []
    for place, medium in enumerate(_parts(found, "medium-list"), 1):
        disc = _number(medium.get("position")) or place
        tracks = (_track(track, disc, artist) for track in _parts(medium, "track-list"))
        media.append(
            Medium(
                disc,
                _text(medium, "format", SHORT_MAX),
                _text(medium, "title"),
                tuple(track for track in tracks if track is not None),
            )
        )
    return tuple(media)


def release(found: Found) -> Release | None:
    """A release with its tracks."""
    mbid = _mbid(found)
    if mbid is None:
        return None
    group, artist = _part(found, "release-group"), _text(found, "artist-credit-phrase")
    return Release(
        mbid=mbid,
        title=_text(found, "title"),
        artist=artist,
        media=_media(found, artist),
        artist_id=_artist_id(found),
        group=_mbid(group),
        date=_text(found, "date", SHORT_MAX),
        country=_text(found, "country", SHORT_MAX),
        status=_text(found, "status", SHORT_MAX),
        barcode=_text(found, "barcode", SHORT_MAX),
        disambiguation=_text(found, "disambiguation"),
        primary_type=_primary(group),
        secondary_types=_secondary(group),
        labels=_labels(found),
    )


def group(found: Found) -> ReleaseGroup | None:
    """A release group."""
    mbid = _mbid(found)
    if mbid is None:
        return None
    return ReleaseGroup(
        mbid=mbid,
        title=_text(found, "title"),
        artist=_text(found, "artist-credit-phrase"),
        artist_id=_artist_id(found),
        first_date=_text(found, "first-release-date", SHORT_MAX),
        primary_type=_primary(found),
        secondary_types=_secondary(found),
        disambiguation=_text(found, "disambiguation"),
        score=min(100, _number(found.get("ext:score"))),
    )


def recording(found: Found) -> Recording | None:
    """A recording with the releases it is told to be on."""
    mbid = _mbid(found)
    if mbid is None:
        return None
    return Recording(
        mbid=mbid,
        title=_text(found, "title"),
        artist=_text(found, "artist-credit-phrase"),
        length=_length(found.get("length")),
        releases=_all(found, "release-list", brief),
        score=min(100, _number(found.get("ext:score"))),
    )


def artist(found: Found) -> Artist | None:
    """An artist."""
    mbid = _mbid(found)
    if mbid is None:
        return None
    return Artist(
        mbid=mbid,
        name=_text(found, "name"),
        sort_name=_text(found, "sort-name"),
        kind=_text(found, "type", SHORT_MAX),
        country=_text(found, "country", SHORT_MAX),
        disambiguation=_text(found, "disambiguation"),
        score=min(100, _number(found.get("ext:score"))),
    )


def label(found: Found) -> Label | None:
    """A label."""
    mbid = _mbid(found)
    if mbid is None:
        return None
    return Label(
        mbid=mbid,
        name=_text(found, "name"),
        kind=_text(found, "type", SHORT_MAX),
        country=_text(found, "country", SHORT_MAX),
        disambiguation=_text(found, "disambiguation"),
        score=min(100, _number(found.get("ext:score"))),
    )


def one(found: Found, name: str, read: Callable[[Found], T | None]) -> T:
    """The thing `name` of a whole answer. CatalogueError: it is not in it."""
    value = read(_part(found, name))
    if value is None:
        raise CatalogueError(Trouble.MALFORMED, f"the answer holds no {name.replace('-', ' ')}")
    return value


def several(found: Found, name: str, read: Callable[[Found], T | None]) -> tuple[tuple[T, ...], int]:
    """The list of things `name` of a whole answer, and how many there are in all. CatalogueError: no list."""
    if not isinstance(found.get(f"{name}-list"), list):
        raise CatalogueError(Trouble.MALFORMED, f"the answer holds no list of {name.replace('-', ' ')}s")
    values = _all(found, f"{name}-list", read)
    return values, max(len(values), _number(found.get(f"{name}-count")))
