"""Where a job's files go: a template with fields, made into safe names below the downloads folder. Pure.

Rules:
- A template is checked when the job is added; whatever the catalogue then says for a field, the result stays below
  the job's folder: separators, dots, controls, device names and over-long names in titles become part of one name.
- Fields: artist, album, year, disc, track, title. `{disc}` is empty where there is one disc, and gets a dash where
  `{track}` follows it at once ("2-05"); brackets left empty by a missing year go.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from slskmesh.catalogue.objects import Release, Track
from slskmesh.errors import UserError
from slskmesh.text import safe_name

FIELDS: Final = ("artist", "album", "year", "disc", "track", "title")
LAYOUT_MAX: Final = 300  # characters
DEPTH_MAX: Final = 12  # folders of a job's own and of its layout together
FALLBACK: Final = "{artist}/{album} ({year})/{disc}{track} {title}"
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_EMPTY: Final = re.compile(r"\(\s*\)|\[\s*\]")
_DOTS: Final = re.compile(r"\.+")
_SUFFIX: Final = {
    "flac": ".flac",
    "alac": ".m4a",
    "aac": ".m4a",
    "pcm": ".wav",
    "mp3": ".mp3",
    "vorbis": ".ogg",
    "opus": ".opus",
    "wavpack": ".wv",
    "ape": ".ape",
    "monkey's audio": ".ape",
    "musepack": ".mpc",
    "wma": ".wma",
    "aiff": ".aiff",
    "tta": ".tta",
    "dsd": ".dsf",
}


class Place(NamedTuple):
    """Where a file goes: `folder` below the downloads folder (components joined by "/"), and its name there."""

    folder: str
    name: str


def check_layout(text: str) -> str:
    """The template as it will be used. UserError tells what is wrong with it."""
    layout = text.strip().replace("\\", "/")
    if not layout or len(layout) > LAYOUT_MAX:
        raise UserError(f"a layout has from 1 to {LAYOUT_MAX} characters")
    if not layout.isprintable():
        raise UserError("a layout holds no control characters")
    if layout.startswith(("/", "~")):
        raise UserError("a layout is below the job's folder: it begins with neither / nor ~")
    components = layout.split("/")
    if any(not part.strip() or _DOTS.fullmatch(part.strip()) for part in components):
        raise UserError(f"layout {layout!r}: a part between two / is empty or only dots")
    if len(components) > DEPTH_MAX:
        raise UserError(f"a layout has at most {DEPTH_MAX} parts")
    for name in _FIELD.findall(layout):
        if name not in FIELDS:
            raise UserError(f"layout: {{{name}}} is no field; there are {', '.join(FIELDS)}")
    if set(_FIELD.sub("", layout)) & set("{}"):
        raise UserError(f"layout {layout!r}: a brace has no partner")
    if not {"track", "title"} & set(_FIELD.findall(components[-1])):
        raise UserError("layout: the file's name needs {track} or {title}, or all tracks would have one name")
    return layout


def check_folder(text: str, root: str) -> str:
    """A job's folder, relative to the downloads folder `root`, of safe names. UserError: it leads out of it."""
    raw = text.strip().replace("\\", "/")
    if len(raw) > 1024 or not raw.isprintable():
        raise UserError("a job's folder has at most 1024 characters, none of them control characters")
    if raw.startswith("/"):
        top = PurePosixPath(root)
        if not PurePosixPath(raw).is_relative_to(top):
            raise UserError(f"{raw}: is not below the downloads folder {root}")
        raw = str(PurePosixPath(raw).relative_to(top))
    parts = [part.strip() for part in raw.split("/") if part.strip() not in ("", ".")]
    if any(_DOTS.fullmatch(part) for part in parts) or raw.startswith("~"):
        raise UserError(f"{text.strip()}: a job's folder stays below the downloads folder")
    if len(parts) >= DEPTH_MAX:
        raise UserError(f"a job's folder has less than {DEPTH_MAX} parts")
    return "/".join(safe_name(part) for part in parts)


def place_of(release: Release, track: Track, codec: str, layout: str, target: str = "") -> Place:
    """Where a track's file goes. `layout` and `target` are checked ones; `codec` gives the extension."""
    values = _values(release, track)
    parts = [part for part in (_filled(part, values) for part in layout.split("/")[:-1]) if part]
    stem = _filled(layout.rpartition("/")[2], values) or values["track"] or "track"
    folders = [safe_name(part) for part in [*target.split("/"), *parts] if part]
    return Place("/".join(folders[:DEPTH_MAX]), safe_name(stem + suffix_of(codec)))


def suffix_of(codec: str) -> str:
    """The extension of a codec's files with its dot; empty for a codec that is not known."""
    return _SUFFIX.get(codec.strip().lower(), "")


def _values(release: Release, track: Track) -> dict[str, str]:
    several = len(release.media) > 1
    most = max((len(medium.tracks) for medium in release.media), default=0)
    return {
        "artist": release.artist or track.artist or "Unknown artist",
        "album": release.title or "Unknown album",
        "year": year if (year := release.date[:4]).isdigit() else "",
        "disc": str(track.disc) if several else "",
        "track": f"{track.position:0{max(2, len(str(most)))}d}",
        "title": track.title or "Untitled",
    }


def _filled(part: str, values: Mapping[str, str]) -> str:
    """One component; empty where all its fields are."""
    names = _FIELD.findall(part)
    if names and not any(values[name] for name in names):
        return ""
    dash = "{disc}-{track}" if values["disc"] else "{track}"
    part = part.replace("{disc}{track}", dash)
    filled = _FIELD.sub(lambda match: _flat(values[match[1]]), part)
    return re.sub(" {2,}", " ", _EMPTY.sub("", filled)).strip()


def _flat(value: str) -> str:
    """A value that cannot open a folder of its own, whatever comes before or after it."""
    flat = value.replace("/", "_").replace("\\", "_").replace("\0", "_").replace(os.sep, "_")
    return "_" + flat[1:] if _DOTS.fullmatch(flat) else flat
