"""MusicBrainz identifiers: UUIDs as people paste them, as text inside, as 16 bytes on the wire. Pure."""

from __future__ import annotations

import re
import uuid
from typing import Final, NewType

from slskmesh.errors import UserError

Mbid = NewType("Mbid", str)  # canonical text: 36 characters, lower case
MBID_BYTES: Final = 16
_FORM: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_IN_TEXT: Final = re.compile(r"(?:([a-z-]+)[/:])?(" + _FORM.pattern + r")")
KINDS: Final = ("release", "release-group", "recording", "artist", "label")


def parse_mbid(text: str) -> Mbid:
    """The identifier in `text`: bare, or in an address of MusicBrainz. UserError: there is none."""
    return find_mbid(text)[1]


def find_mbid(text: str) -> tuple[str, Mbid]:
    """(kind, identifier) in pasted text; kind is one of KINDS where an address tells it, else empty. UserError."""
    found = _IN_TEXT.search(text[:2000].strip().lower())
    if found is None:
        raise UserError(
            "not a MusicBrainz id: paste the 36 characters (8-4-4-4-12 hexadecimal digits) or the page's address"
        )
    return found[1] if found[1] in KINDS else "", Mbid(found[2])


def is_mbid(text: str) -> bool:
    """Whether `text` is exactly one identifier in its canonical form."""
    return _FORM.fullmatch(text) is not None


def mbid_bytes(identifier: str) -> bytes:
    """16 bytes for the wire. ValueError: not canonical."""
    if not is_mbid(identifier):
        raise ValueError(f"not a canonical MusicBrainz id: {identifier!r}")
    return uuid.UUID(identifier).bytes


def mbid_of(raw: bytes) -> Mbid:
    """The identifier of 16 bytes. ValueError: another length."""
    return Mbid(str(uuid.UUID(bytes=bytes(raw))))
