"""A job's conditions as one typed line: `codec=FLAC,ALAC lossless kbps=600 dir="New music" tracks=1,3-5`.

Rules: a value with blanks stands in double quotes; each condition stands once; what is wrong is told with what is
allowed, before anything is sent. Whether a folder or layout can be used is the engine's word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from slskmesh.errors import UserError
from slskmesh.mbid import is_mbid
from slskmesh.text import sanitize

CODECS = (
    "FLAC",
    "ALAC",
    "PCM",
    "WavPack",
    "APE",
    "TTA",
    "TAK",
    "DSD",
    "MP3",
    "AAC",
    "Vorbis",
    "Opus",
    "Musepack",
    "WMA",
)
PROFILES = (
    ("core", "official albums and EPs"),
    ("extended", "also singles, live and compilations"),
    ("all", "every release group"),
)
LIMIT, LIMIT_MAX = 20, 500
KBPS_MAX = 100_000_000
PLACE_MAX = 9_999
TRACKS_MAX = 2_000
TEXT_MAX = 300
_BEGIN = re.compile(r"(?:^|(?<=\s))(?:(?:lossless\s+)*[a-z]+=|(?<=\s)lossless\s*$)", re.IGNORECASE)
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+|"')
_RANGE = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a job accepts and where its files go. `named` are the conditions that were typed."""

    codec: tuple[str, ...] = ()
    lossless: bool = False
    kbps: int = 0  # 0: no limit of its own
    dir: str = ""
    layout: str = ""
    tracks: tuple[int | str, ...] = ()
    profile: str = PROFILES[0][0]
    limit: int = LIMIT
    scene: str = ""
    named: frozenset[str] = frozenset()


def begin_of(text: str) -> int | None:
    """Where the conditions begin in a line that names a release before them: at its first `name=`, or at a last
    `lossless`."""
    found = _BEGIN.search(text)
    return found.start() if found is not None else None


def parse(text: str, kind: str = "") -> Conditions:
    """The conditions of a job of a "release", "artist" or "label" (empty: not known yet). UserError."""
    found: dict[str, object] = {}
    for word in _words(text):
        name, sign, value = word.partition("=")
        name = name.casefold()
        what = _known(name, word, kind)
        if name in found:
            raise UserError(f"{name} stands there twice")
        if what.read is None:
            if sign:
                raise UserError(f"{name} stands alone, without a value")
            found[name] = True
        elif not value.strip():
            raise UserError(f"{name}= needs a value: {what.text}")
        else:
            found[name] = what.read(value.strip())
    return Conditions(**found, named=frozenset(found))  # type: ignore[arg-type]  # each read by its own reader


def complete(text: str, kind: str = "") -> list[str]:
    """What the line of conditions may become: the last word's names, or its values."""
    if text.count('"') % 2:
        return []
    head = text[: len(text) - len(text.split(" ")[-1])]
    last = text[len(head) :]
    name, sign, value = last.partition("=")
    if sign:
        return [f"{head}{name}={one}" for one in _values(name.casefold(), value)]
    used = {word.partition("=")[0].casefold() for word in _WORD.findall(head)}
    return [
        head + label_of(name)
        for name, what in CONDITIONS.items()
        if name not in used and what.fits(kind) and label_of(name).startswith(last.casefold())
    ]


def explain(text: str, kind: str = "") -> str:
    """What the condition that is being typed means; else how the line is written."""
    words = _WORD.findall(text)
    name = words[-1].partition("=")[0].casefold() if words and not text.endswith(" ") else ""
    if name in CONDITIONS:
        return f"{label_of(name)} {CONDITIONS[name].text}"
    names = " ".join(label_of(name) for name, what in CONDITIONS.items() if what.fits(kind))
    return f"enter adds it; conditions: {names}"


def label_of(name: str) -> str:
    """A condition as it is typed: "codec=", "lossless"."""
    return name if CONDITIONS[name].read is None else f"{name}="


def tracks_text(places: Iterable[int]) -> str:
    """ "1,3-5" of places in a release."""
    runs: list[list[int]] = []
    for place in sorted(set(places)):
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _words(text: str) -> list[str]:
    words = _WORD.findall(text)
    if '"' in words:
        raise UserError('a " has no partner')
    return [word.replace('"', "") for word in words]


def _known(name: str, word: str, kind: str) -> _What:
    what = CONDITIONS.get(name)
    if what is None:
        names = " ".join(label_of(one) for one, that in CONDITIONS.items() if that.fits(kind))
        raise UserError(f"{sanitize(word, 30)} is no condition; there are {names}")
    if not what.fits(kind):
        raise UserError(
            f"{label_of(name)} is for jobs of {what.only} only; this is one of {_OF.get(kind, kind)}"
        )
    return what


def _values(name: str, typed: str) -> list[str]:
    if name == "profile":
        return [one for one, _ in PROFILES if one.startswith(typed.casefold())]
    if name != "codec":
        return []
    before, comma, part = typed.rpartition(",")
    used = before.casefold().split(",")
    fitting = [c for c in CODECS if c.casefold().startswith(part.casefold()) and c.casefold() not in used]
    return [f"{before}{comma}{codec}" for codec in fitting]


# Readers of values
def _codecs(value: str) -> tuple[str, ...]:
    names = {codec.casefold(): codec for codec in CODECS}
    found = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        if part.casefold() not in names:
            raise UserError(f"codec={sanitize(part, 30)}: there are {', '.join(CODECS)}")
        found.append(names[part.casefold()])
    return tuple(dict.fromkeys(found))


def _number(name: str, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) <= 10 and 1 <= int(value) <= most):
            raise UserError(f"{name}= takes a number from 1 to {most}")
        return int(value)

    return read


def _profile(value: str) -> str:
    names = [name for name, _ in PROFILES]
    if value.casefold() not in names:
        raise UserError(f"profile= takes {', '.join(names)}")
    return value.casefold()


def _tracks(value: str) -> tuple[int | str, ...]:
    found: list[int | str] = []
    for part in filter(None, (part.strip().lower() for part in value.split(","))):
        span = _RANGE.fullmatch(part)
        if is_mbid(part):
            found.append(part)
        elif span is not None and 1 <= int(span[1]) <= int(span[2] or span[1]):
            found += range(int(span[1]), int(span[2] or span[1]) + 1)
        else:
            shown = sanitize(part, 30)
            raise UserError(f"tracks={shown}: a place (1), a range (3-5) or a recording's id, with , between")
    if len(set(found)) > TRACKS_MAX:
        raise UserError(f"tracks= takes at most {TRACKS_MAX} tracks")
    return tuple(dict.fromkeys(found))


def _text(name: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if len(value) > TEXT_MAX or not value.isprintable():
            raise UserError(f"{name}= takes at most {TEXT_MAX} characters, none of them a control sign")
        return value

    return read


@dataclass(frozen=True, slots=True)
class _What:
    """One condition. `only`: the kind of job it is for; without `read` it stands alone."""

    text: str
    read: Callable[[str], object] | None = None
    only: str = ""

    def fits(self, kind: str) -> bool:
        return not (self.only and kind) or self.only == _OF.get(kind)


_OF = {"release": "a release", "artist": "an artist", "label": "a label"}
CONDITIONS = {
    "codec": _What("preferred codecs, the best first; others are taken where these are not", _codecs),
    "lossless": _What("takes nothing lossy"),
    "kbps": _What("kbit/s at most, all its downloads together", _number("kbps", KBPS_MAX)),
    "dir": _What('its folder below the downloads folder; with blanks: dir="New music"', _text("dir")),
    "layout": _What("names below it, of {artist} {album} {year} {disc} {track} {title}", _text("layout")),
    "tracks": _What("places in the release, or recording ids: tracks=1,3-5", _tracks, _OF["release"]),
    "profile": _What("core, extended or all of its releases", _profile, _OF["artist"]),
    "limit": _What(f"how many releases, from 1 to {LIMIT_MAX}", _number("limit", LIMIT_MAX), _OF["label"]),
    "scene": _What("the name of a scene, kept with the job", _text("scene"), _OF["label"]),
}
