"""The desk for albums: what is known here of releases, and which of their tracks we have. Rules as in `engine/desk.py`.

A track is there where an offered file's tags name its recording, or where a job brought it and the file still stands.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.catalogue.objects import Release
from slskmesh.engine import album_commands as cmd
from slskmesh.engine.album_commands import AlbumFileView, AlbumsShown, AlbumTrackView, AlbumView
from slskmesh.engine.commands import Command
from slskmesh.errors import UserError
from slskmesh.jobs.albums import Albums
from slskmesh.jobs.record import TrackRecord
from slskmesh.text import sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

LIMIT_MAX: Final = 500  # releases looked at for a page
TRACKS_MAX: Final = 10_000  # of a page; one release may bring it beyond
KNOWN_MAX: Final = 100_000
_TEXT: Final = 200

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]
Files = Mapping[str, Mapping[bytes, int]]  # by recording: contents and their bytes


class AlbumDesk:
    """Carries out this command for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[Command], Handler] = {cmd.ShowAlbums: self._albums}

    async def _albums(self, request: int, command: cmd.ShowAlbums) -> str:
        if not 0 <= command.offset <= KNOWN_MAX:
            raise UserError(f"offset: from 0 to {KNOWN_MAX:,}")
        limit = max(1, min(command.limit, LIMIT_MAX))
        jobs = self._engine.plane.jobs.albums()
        known = sorted({*jobs, *await self._engine.library.releases("", KNOWN_MAX)})
        found, following = await self._page(jobs, known, command.offset, command.offset + limit)
        views = await self._views(jobs, found)
        self._engine.hub.put_event(AlbumsShown(request, tuple(views), len(known), following))
        return ""

    async def _page(
        self, jobs: Albums, known: Sequence[str], offset: int, end: int
    ) -> tuple[dict[str, Release], int]:
        """Releases from `offset` on, by the ids they are known by, and where the page after them begins."""
        found: dict[str, Release] = {}
        tracks, following = 0, offset
        for mbid in known[offset:end]:
            following += 1
            release = jobs.release(mbid) or await self._engine.plane.catalogue.cached_release(mbid)
            if release is not None and release.mbid not in found:
                found[release.mbid] = release
                tracks += len(release.tracks)
            if tracks >= TRACKS_MAX:
                break
        return found, following if following < len(known) else 0

    async def _views(self, jobs: Albums, found: Mapping[str, Release]) -> list[AlbumView]:
        recordings = {track.recording for release in found.values() for track in release.tracks}
        shared = await self._engine.library.of_recordings(sorted(recordings))
        served = {mbid: jobs.served(mbid) for mbid in found}
        there = await trio.to_thread.run_sync(_there, [track for some in served.values() for track in some])
        return [album_view(release, shared, _brought(served[mbid], there)) for mbid, release in found.items()]


def _there(tracks: Sequence[TrackRecord]) -> frozenset[str]:
    """Paths of theirs where a file of that size stands."""
    found = set()
    for track in tracks:
        try:
            status = os.stat(track.path)
        except (OSError, ValueError):
            continue
        if status.st_size == track.size or not track.size:
            found.add(track.path)
    return frozenset(found)


def _brought(tracks: Sequence[TrackRecord], there: frozenset[str]) -> Files:
    found: dict[str, dict[bytes, int]] = {}
    for track in tracks:
        if track.path in there:
            found.setdefault(track.recording, {})[track.content] = track.size
    return found


def album_view(release: Release, shared: Files, brought: Files) -> AlbumView:
    """A release with the files there are of each track."""
    tracks = []
    for place, track in enumerate(release.tracks, 1):
        files = {**shared.get(track.recording, {}), **brought.get(track.recording, {})}
        tracks.append(
            AlbumTrackView(
                place,
                track.recording,
                sanitize(track.title, _TEXT),
                (track.length or 0) / 1000,
                tuple(AlbumFileView(content.hex(), size) for content, size in files.items()),
            )
        )
    return AlbumView(
        release.mbid,
        sanitize(release.title, _TEXT),
        sanitize(release.artist, _TEXT),
        sanitize(release.date, 20),
        tuple(tracks),
    )
