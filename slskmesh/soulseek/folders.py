"""Where files of a remote folder go below the downloads folder. Pure; every part comes from `safe_name`.

Rules:
- A folder download keeps the folder's own name and what is below it: `Album/CD1`, `Album/CD2`. A disc taken alone keeps
  its album's name above it, so that the first discs of two albums do not meet.
- Two remote folders never become one here, whatever their names are made of: the second is numbered. What is deeper
  than DEPTH_MAX goes into the last of these.
- Only what lies in the folder that was asked for is taken; locked files are counted, not asked for.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from slskmesh.errors import UserError
from slskmesh.soulseek.values import Listing, RemoteFile
from slskmesh.text import safe_name

DEPTH_MAX: Final = 12
FOLDER_FILES_MAX: Final = 5_000
_DISC = re.compile(
    r"[\[(]?(cd|dvd|disc|disk|side|vinyl|lp)[ ._#-]*([0-9]{1,3}|[a-h])\b.{0,60}", re.IGNORECASE
)
_BARE_DISC = re.compile(r"([^0-9]*)([0-9]{1,3})([^0-9\w]*)")


class Placed(NamedTuple):
    """One file of a folder download and its folder here, parts parted by "/"."""

    file: RemoteFile
    folder: str


class Chosen(NamedTuple):
    """What a folder download is made of."""

    files: list[Placed]
    locked: int


class FolderAsked(NamedTuple):
    """What a folder download came to: the downloads, and how many files are locked to us."""

    keys: list[bytes]
    locked: int


def parts_of(path: str) -> list[str]:
    """The parts of a remote path."""
    return [part for part in path.replace("/", "\\").split("\\") if part]


def is_disc(name: str) -> bool:
    """Whether a folder is one disc of a release by its name."""
    return _DISC.fullmatch(name.strip()) is not None


def beside(disc: str, number: int) -> str:
    """What another disc of the same release would be called: CD1 and 2 -> CD2, Disc 01 -> Disc 02.

    Empty where the name says more than its number, or has none.
    """
    match = _BARE_DISC.fullmatch(disc)
    return f"{match[1]}{number:0{len(match[2])}}{match[3]}" if match and is_disc(disc) else ""


def chosen(listing: Listing, folder: str, *, deep: bool) -> Chosen:
    """The files of `folder`, with those below it if `deep`. UserError: more than FOLDER_FILES_MAX."""
    asked = parts_of(folder)
    keep = 2 if asked and is_disc(asked[-1]) else 1
    above = max(0, len(asked) - keep)
    places: dict[tuple[str, ...], str] = {}
    taken: set[str] = set()
    files: dict[str, Placed] = {}
    locked = 0
    for path, inside in listing.folders:
        parts = parts_of(path)
        if parts[: len(asked)] != asked or (len(parts) > len(asked) and not deep):
            continue
        place = _place(tuple(parts[above : above + DEPTH_MAX]), places, taken)
        for file in inside:
            if parts_of(file.path)[:-1] != parts or file.path in files:
                continue
            if file.locked:
                locked += 1
                continue
            files[file.path] = Placed(file, place)
            if len(files) > FOLDER_FILES_MAX:
                raise UserError(
                    f"this folder holds more than {FOLDER_FILES_MAX:,} files: take its folders one by one"
                )
    return Chosen(list(files.values()), locked)


def _place(parts: tuple[str, ...], places: dict[tuple[str, ...], str], taken: set[str]) -> str:
    """The local folder of a remote one; names that would meet are numbered."""
    if not parts:
        return ""
    if parts not in places:
        above = _place(parts[:-1], places, taken)
        name, number = safe_name(parts[-1]), 1
        place = f"{above}/{name}" if above else name
        while place.casefold() in taken:
            number += 1
            place = f"{above}/{numbered(name, number)}" if above else numbered(name, number)
        taken.add(place.casefold())
        places[parts] = place
    return places[parts]


def numbered(name: str, number: int) -> str:
    """`name` for number 1, else "stem (number).ext", never longer than 255 bytes."""
    if number == 1:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 16:
        stem, dot, extension = name, "", ""
    tail = f" ({number}){dot}{extension}"
    return stem.encode()[: 255 - len(tail.encode())].decode(errors="ignore") + tail
