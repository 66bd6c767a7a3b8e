"""Which release groups a discography takes, and which edition of each. Pure.

Rules:
- core: albums and EPs that are nothing else beside; extended: singles, live recordings and compilations too; all:
  every group. Core and extended take official editions only.
- Of a group's editions: official, then on a medium that suits the constraints, most complete, earliest; the
  identifier settles the rest, so that every peer chooses the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from slskmesh.acquire.domains import Constraints
from slskmesh.catalogue.objects import ReleaseBrief, ReleaseGroup
from slskmesh.jobs.state import Profile

_CORE: Final = frozenset({"album", "ep"})
_EXTENDED: Final = _CORE | {"single"}
_EXTENDED_BESIDE: Final = frozenset({"live", "compilation"})
_LOSSY_MEDIA: Final = ("minidisc", "dcc")  # what was sold on them was never lossless
_LAST_DATE: Final = "9999"


def takes(profile: Profile, group: ReleaseGroup) -> bool:
    """Whether a discography of this profile has this release group."""
    primary = group.primary_type.lower()
    beside = {kind.lower() for kind in group.secondary_types}
    if profile is Profile.ALL:
        return True
    if profile is Profile.EXTENDED:
        return primary in _EXTENDED and beside <= _EXTENDED_BESIDE
    return primary in _CORE and not beside


def groups_of(profile: Profile, groups: Iterable[ReleaseGroup]) -> list[ReleaseGroup]:
    """Those a discography takes, each once, by first date; undated ones last."""
    taken = {group.mbid: group for group in groups if takes(profile, group)}
    return sorted(taken.values(), key=lambda group: (group.first_date or _LAST_DATE, group.title, group.mbid))


def choose_edition(
    editions: Sequence[ReleaseBrief], constraints: Constraints, *, official_only: bool
) -> ReleaseBrief | None:
    """The edition to fetch; None: there is none to choose from. A status that is not told counts as official."""
    allowed = [brief for brief in editions if not official_only or _official(brief) == 0]
    return min(allowed, key=lambda brief: _rank(brief, constraints), default=None)


def _official(brief: ReleaseBrief) -> int:
    """0 official, 1 another status."""
    return 0 if brief.status.lower() in ("", "official") else 1


def _rank(brief: ReleaseBrief, constraints: Constraints) -> tuple[int, int, int, str, str]:
    medium = brief.format.lower()
    unfit = int(not constraints.allow_lossy and any(lossy in medium for lossy in _LOSSY_MEDIA))
    return _official(brief), unfit, -brief.tracks, brief.date or _LAST_DATE, brief.mbid


def crate_of(briefs: Iterable[ReleaseBrief], constraints: Constraints, limit: int) -> list[ReleaseBrief]:
    """A label's releases for a crate: one edition of each group, by date, undated last, at most `limit`."""
    groups: dict[str, list[ReleaseBrief]] = {}
    for brief in briefs:
        groups.setdefault(brief.group or brief.mbid, []).append(brief)
    chosen = (choose_edition(editions, constraints, official_only=True) for editions in groups.values())
    found = [brief for brief in chosen if brief is not None]
    return sorted(found, key=lambda brief: (brief.date or _LAST_DATE, brief.title, brief.mbid))[:limit]
