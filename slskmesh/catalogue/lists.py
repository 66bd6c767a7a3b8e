"""Choosing from lists of MusicBrainz: each thing once, one edition of each album. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Protocol, TypeVar

from slskmesh.catalogue.objects import ReleaseBrief
from slskmesh.mbid import Mbid


class _Named(Protocol):
    @property
    def mbid(self) -> Mbid: ...


N = TypeVar("N", bound=_Named)


def each_once(items: Iterable[N]) -> tuple[N, ...]:
    """Without repetitions: pages overlap when a list grows while it is read."""
    return tuple({item.mbid: item for item in items}.values())


def group_of(release: ReleaseBrief) -> Hashable:
    """What album it is an edition of; itself where that is not told."""
    return release.group or release.mbid


def edition_order(release: ReleaseBrief) -> tuple[bool, bool, str, Mbid]:
    """Sort key among editions of one album: official before others, dated before undated, then the earliest."""
    return (release.status != "Official", not release.date, release.date, release.mbid)


def editions_apart(releases: Iterable[ReleaseBrief], limit: int) -> tuple[ReleaseBrief, ...]:
    """At most `limit` albums in the order of `releases`, each by its first edition (`edition_order`)."""
    best: dict[Hashable, ReleaseBrief] = {}
    for release in releases:
        group = group_of(release)
        if group not in best or edition_order(release) < edition_order(best[group]):
            best[group] = release
    return tuple(best.values())[:limit]


def albums(releases: Iterable[ReleaseBrief]) -> int:
    """How many albums these are editions of."""
    return len({group_of(release) for release in releases})
