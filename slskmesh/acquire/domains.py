"""Content domains as types: what is wanted decides, for the type checker too, who may be asked for it.

Rules (design.md 2.6, 003 part 2):
- An intent is of one domain: `Intent[Music]`, `Intent[GenericFile]`. A backend says in its type which it takes.
- Soulseek takes music only: handing a generic file to a backend of music is an error of the type checker (a test runs
  it on a file that must fail), and `Backend` refuses it at run time as well.
- Every intent carries its origin; remote ones come last, are capped, and get no local budget.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from slskmesh.catalogue.objects import Release
from slskmesh.mbid import Mbid
from slskmesh.work import Origin


class Constraints(msgspec.Struct, frozen=True):
    """What a person accepts (the documents' job API). Codecs are names of `library.variant`; empty takes all."""

    preferred_codecs: tuple[str, ...] = ()
    allow_lossy: bool = True
    prefer_canonical: bool = True
    use_overlay: bool = True
    overlay_bandwidth_kbps: Annotated[int, Meta(ge=0)] = 0  # 0: no limit of its own


class Music(msgspec.Struct, frozen=True, tag="music"):
    """A recording as a track of a release. `length` in ms where known.

    `edition` is the release with all its tracks, where the plan is of one: what is not wanted of it tells, too.
    """

    recording: Mbid
    release: Mbid | None = None
    title: str = ""
    artist: str = ""
    disc: int = 0
    position: int = 0
    length: int | None = None
    edition: Release | None = None


class GenericFile(msgspec.Struct, frozen=True, tag="file"):
    """A file by what is in it: its content id, or the SHA-256 of the whole."""

    size: int
    name: str
    content: bytes = b""
    sha256: bytes = b""


D = TypeVar("D", Music, GenericFile)


class Intent(msgspec.Struct, Generic[D], frozen=True):
    """One thing wanted, by whom, on what conditions."""

    want: D
    origin: Origin = Origin.USER
    constraints: Constraints = Constraints()
