"""Albums and how much of them there is, as the documents' API has them. Pure.

A match's `flacKey` is the content id of the file, whatever its format; what the engine keeps no account of (how often
a file was used, when it was first seen) is absent, as is Discogs' id.
"""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.album_commands import AlbumTrackView, AlbumView
from slskmesh.gateway.answers import Camel


class Match(Camel, frozen=True, kw_only=True):
    """One file of ours that is the track; bytes."""

    flac_key: str
    size: int


class AlbumTrack(Camel, frozen=True, kw_only=True):
    """One track; `position` counts from 1 over all discs."""

    position: int
    title: str
    recording_id: str
    duration_ms: int | None = None
    complete: bool
    matches: list[Match]


class Album(Camel, frozen=True, kw_only=True):
    """One release with all its tracks."""

    release_id: str
    title: str
    artist: str
    release_date: str | None = None
    total_tracks: int
    completed_tracks: int
    tracks: list[AlbumTrack]


class Albums(Camel, frozen=True, kw_only=True):
    """Albums whose tracks are known. `known`: releases that files or jobs name; `next`: the offset that goes on."""

    albums: list[Album]
    known: int
    next: int | None = None


def albums_shape(views: Sequence[AlbumView], known: int, following: int) -> Albums:
    """A page of albums."""
    return Albums(albums=[_album(view) for view in views], known=known, next=following or None)


def _album(view: AlbumView) -> Album:
    return Album(
        release_id=view.mbid,
        title=view.title,
        artist=view.artist,
        release_date=view.date or None,
        total_tracks=len(view.tracks),
        completed_tracks=sum(bool(track.files) for track in view.tracks),
        tracks=[_track(track) for track in view.tracks],
    )


def _track(view: AlbumTrackView) -> AlbumTrack:
    return AlbumTrack(
        position=view.place,
        title=view.title,
        recording_id=view.recording,
        duration_ms=round(view.length * 1000) or None,
        complete=bool(view.files),
        matches=[Match(flac_key=file.content, size=file.size) for file in view.files],
    )
