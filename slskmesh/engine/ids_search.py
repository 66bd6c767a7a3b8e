"""What holders of a release show, as hits of a search by words. Pure.

Rules: names and places are made from the catalogue's words, for holders tell none in the table; sizes, contents and how
it sounds are what the holders showed. What is on this machine already is no hit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slskmesh.acquire.domains import Music
from slskmesh.acquire.plan import Candidate, Plan
from slskmesh.catalogue.objects import Release, Track
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import mbid_bytes
from slskmesh.text import safe_name
from slskmesh.wire import limits
from slskmesh.wire.messages import Hit

PEERS_MOST: Final = 20  # of one content
_MUSIC: Final = 1
_TAG: Final = limits.TAG_MAX


def hits_of_release(release: Release, plan: Plan[Music], *, without: str) -> Iterator[tuple[Hit, PeerId]]:
    """A hit for each variant of a track and each peer that showed it. `without`: a backend left out."""
    for track, planned in zip(release.tracks, plan.wants, strict=True):
        for candidate in planned.candidates:
            if candidate.backend == without:
                continue
            hit = _hit(release, track, candidate)
            for peer in candidate.peers[:PEERS_MOST]:
                yield hit, peer


def _hit(release: Release, track: Track, candidate: Candidate) -> Hit:
    year = release.date[:4]
    ending = (candidate.codec or "audio").lower()
    name = safe_name(f"{track.position:02} {track.title}")
    folder = safe_name(f"{release.artist} - {release.title}" + (f" ({year})" if year else ""))
    return Hit(
        content=candidate.content,
        size=candidate.size,
        domain=_MUSIC,
        name=f"{name[: limits.FILE_NAME_MAX - 20]}.{ending[:16]}",
        folder=folder[: limits.FOLDER_MAX],
        format=candidate.codec[:16],
        artist=track.artist[:_TAG],
        album=release.title[:_TAG],
        title=track.title[:_TAG],
        track=min(track.position, 0xFFFF),
        disc=min(track.disc, 0xFFFF),
        year=int(year) if year.isascii() and year.isdigit() else 0,
        duration=candidate.duration,
        bitrate=candidate.bitrate,
        sample_rate=candidate.sample_rate,
        bit_depth=candidate.bit_depth,
        recording=mbid_bytes(track.recording),
        release=mbid_bytes(release.mbid),
    )
