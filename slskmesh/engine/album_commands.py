"""Albums that are known here, and how much of them there is: the command, its views and its event.

Same rules as `engine/commands.py` and `engine/views.py`. Lengths are seconds, 0 unknown.
"""

from __future__ import annotations

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event
from slskmesh.engine.views import View
from slskmesh.text import SafeStr


class AlbumFileView(View, frozen=True):
    """One file of ours that is a track: its content id in hex, and its bytes."""

    content: str
    size: int


class AlbumTrackView(View, frozen=True):
    """One track of a release; `place` counts from 1 over all discs. It is complete where there are files."""

    place: int
    recording: str
    title: SafeStr
    length: float
    files: tuple[AlbumFileView, ...] = ()


class AlbumView(View, frozen=True):
    """One release with all its tracks. `date` as MusicBrainz has it: "2002-02-13", "2002", or empty."""

    mbid: str
    title: SafeStr
    artist: SafeStr
    date: SafeStr
    tracks: tuple[AlbumTrackView, ...]


class ShowAlbums(Command, frozen=True):
    """Releases that files of ours or jobs name, by their ids. Answered by one `AlbumsShown` event.

    Nobody is asked: releases whose tracks MusicBrainz never told are left out. `offset` counts those, too.
    """

    limit: int = 200
    offset: int = 0


class AlbumsShown(Event, frozen=True):
    """A page of albums. `known`: releases in all; `next`: the offset that goes on, 0 at the end."""

    query: int
    albums: tuple[AlbumView, ...]
    known: int
    next: int = 0
