"""Recognising what a person has already where its tags hold no MusicBrainz ids. Pure.

Rules: title, artist and length (within 2 s) must agree as `catalogue.matching` judges them; a file that names another
recording by id is never taken for this one; what is recognised says so and how surely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from slskmesh.acquire.domains import Music
from slskmesh.catalogue.matching import FileFacts, judge
from slskmesh.catalogue.objects import Track
from slskmesh.library.domain import Domain, SharedFile
from slskmesh.mbid import Mbid
from slskmesh.text import SafeStr

LOOKED_AT: Final = 20  # files of one search
LEAST: Final = 0.85  # title, artist and length with hardly anything against them
_NEEDED: Final = frozenset({"title", "artist", "length"})


def words_of(want: Music) -> str:
    """What to search the library for; empty where too little is known of the want to recognise it."""
    return f"{want.artist} {want.title}" if want.artist and want.title and want.length else ""


def among(files: Sequence[SharedFile], want: Music) -> Iterator[tuple[SharedFile, str]]:
    """The files that are the wanted recording, each with the reason."""
    track = Track(
        Mbid(want.recording),
        SafeStr(want.title),
        SafeStr(want.artist),
        want.disc,
        want.position,
        length=want.length,
    )
    for file in files:
        if file.domain is not Domain.MUSIC or file.mb_recording:
            continue
        match = judge(facts_of(file), track)
        if match.confidence >= LEAST and _NEEDED.issubset(match.agrees):
            yield file, f"recognised by {', '.join(match.agrees)} ({match.confidence:.0%})"


def facts_of(file: SharedFile) -> FileFacts:
    """A shared file as the matching takes it."""
    return FileFacts(
        parts=(*file.folder.split("/"), file.name),
        artist=file.artist,
        album=file.album,
        title=file.title,
        track=file.track,
        disc=file.disc,
        year=file.year,
        duration=file.duration,
        recording=file.mb_recording,
        release=file.mb_release,
    )
