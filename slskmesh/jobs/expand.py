"""From a job to its releases: one for mb_release, an artist's for discography, a label's for label_crate.

Rules: the list is made once and kept; of a discography's groups the edition is chosen when its turn comes, since
each costs a request to the catalogue. What more there would be than RELEASES_MAX is told, not taken silently.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from slskmesh.jobs.around import Surroundings
from slskmesh.jobs.editions import crate_of, groups_of
from slskmesh.jobs.ledger import Job, Words
from slskmesh.jobs.record import ReleaseRecord
from slskmesh.jobs.retry import Stopped, Trouble
from slskmesh.jobs.state import LIMIT_MAX, Kind
from slskmesh.mbid import Mbid
from slskmesh.work import LocalBudget

RELEASES_MAX: Final = LIMIT_MAX
_EDITIONS_A_RELEASE: Final = 3  # a label's list has its releases in about so many editions


async def expand(around: Surroundings, job: Job) -> None:
    """Makes the job's releases, once. Stopped: there are none; CatalogueError, StorageError."""
    if job.record.expanded:
        return
    title, releases, words = await _EXPAND[job.record.spec.kind](around, job)
    record = msgspec.structs.replace(job.record, title=title or job.record.title, expanded=True)
    await around.ledger.write(job, record, *releases, words=words)


_Expanded = tuple[str, list[ReleaseRecord], list[Words]]


async def _release(around: Surroundings, job: Job) -> _Expanded:
    """The one release; what it is the catalogue tells when it is worked on."""
    spec = job.record.spec
    return "", [ReleaseRecord(job.number, 0, spec.target, title=spec.title)], []


async def _discography(around: Surroundings, job: Job) -> _Expanded:
    spec, budget = job.record.spec, LocalBudget(job.record.spec.origin)
    artist = (await around.catalogue.artist(Mbid(spec.target), budget)).value
    if spec.releases:
        chosen = [
            ReleaseRecord(job.number, index, mbid, title=mbid, artist=artist.name)
            for index, mbid in enumerate(spec.releases)
        ]
        return artist.name, chosen, [("info", f"{len(chosen)} releases were named; only those are taken")]
    answer = await around.catalogue.discography(Mbid(spec.target), budget)
    groups = groups_of(spec.profile, answer.value)
    if not groups:
        raise Stopped(
            Trouble.REFUSED,
            f"{artist.name}: none of {len(answer.value)} release groups is in a {spec.profile.value} discography",
        )
    records = [
        ReleaseRecord(
            job.number, index, "", group.mbid, group.title, group.artist or artist.name, group.first_date
        )
        for index, group in enumerate(groups[:RELEASES_MAX])
    ]
    text = f"MusicBrainz: {len(answer.value)} release groups, {len(groups)} in a {spec.profile.value} discography"
    words: list[Words] = [("info", text), *_left_out(len(groups))]
    if answer.stale:
        words.append(("warn", answer.note or "MusicBrainz: an old answer is used"))
    return artist.name, records, words


async def _label_crate(around: Surroundings, job: Job) -> _Expanded:
    spec, budget = job.record.spec, LocalBudget(job.record.spec.origin)
    label = (await around.catalogue.label(Mbid(spec.target), budget)).value
    most = min(LIMIT_MAX, spec.limit * _EDITIONS_A_RELEASE)
    answer = await around.catalogue.label_releases(Mbid(spec.target), most, budget)
    crate = crate_of(answer.value, spec.constraints, spec.limit)
    if not crate:
        raise Stopped(Trouble.REFUSED, f"{label.name}: MusicBrainz lists no official release of this label")
    records = [
        ReleaseRecord(job.number, index, one.mbid, "", one.title, one.artist, one.date)
        for index, one in enumerate(crate)
    ]
    words: list[Words] = [("info", f"MusicBrainz: {len(crate)} releases of {label.name} chosen, by date")]
    if answer.stale:
        words.append(("warn", answer.note or "MusicBrainz: an old answer is used"))
    return label.name, records, words


def _left_out(found: int) -> Sequence[Words]:
    more = found - RELEASES_MAX
    return [("warn", f"{more} of them are left out: a job takes {RELEASES_MAX} releases")] if more > 0 else []


_EXPAND: dict[Kind, Callable[[Surroundings, Job], Awaitable[_Expanded]]] = {
    Kind.MB_RELEASE: _release,
    Kind.DISCOGRAPHY: _discography,
    Kind.LABEL_CRATE: _label_crate,
}
