"""The releases of all jobs as albums: their tracks, and which of them jobs brought. A snapshot; nobody is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slskmesh.catalogue.objects import Release
from slskmesh.jobs.ledger import Job
from slskmesh.jobs.record import CONTENT_BYTES, SERVED, TrackRecord


class Albums:
    """Releases whose tracks are known, by their ids, over these jobs."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._of: dict[str, list[tuple[Job, int]]] = {}
        for job in jobs:
            for index, release in job.releases.items():
                if release.body:
                    self._of.setdefault(release.mbid, []).append((job, index))

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def release(self, mbid: str) -> Release | None:
        """What the catalogue said of it when a job asked; None: no job has it."""
        for job, index in self._of.get(mbid, ()):
            release = job.releases[index].release()
            if release is not None:
                return release
        return None

    def served(self, mbid: str) -> list[TrackRecord]:
        """Its tracks that jobs brought or found here, with their contents and where they stood then."""
        return [
            track
            for job, index in self._of.get(mbid, ())
            for track in job.tracks_of(index)
            if track.phase in SERVED and len(track.content) == CONTENT_BYTES and track.path
        ]
