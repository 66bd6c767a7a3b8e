"""What is wanted of one release of a job: which edition, which tracks; from the catalogue, once.

Rules: what the catalogue said is kept with the job; after that the job needs it no more.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from slskmesh.catalogue.objects import Answer, Release, ReleaseBrief, Track
from slskmesh.jobs.around import Surroundings
from slskmesh.jobs.editions import choose_edition
from slskmesh.jobs.ledger import Job, Words
from slskmesh.jobs.record import Record, ReleaseRecord, TrackRecord, encode_release
from slskmesh.jobs.retry import Stopped, Trouble
from slskmesh.jobs.state import TRACKS_MAX, Kind, Phase, Profile, Spec, TrackPhase
from slskmesh.mbid import Mbid
from slskmesh.work import LocalBudget


class Wanted:
    """See the head of this file."""

    def __init__(self, around: Surroundings, job: Job, index: int) -> None:
        self._around = around
        self._job = job
        self._index = index
        self._budget = LocalBudget(job.record.spec.origin)

    @property
    def record(self) -> ReleaseRecord:
        """The release as it is now."""
        return self._job.releases[self._index]

    async def release(self) -> Release | None:
        """The release with its tracks; None: nothing of its group is to be fetched. Stopped, CatalogueError."""
        kept = self.record.release()
        if kept is not None:
            return kept
        if not self.record.mbid and not await self._choose_edition():
            return None
        answer = await self._around.catalogue.release(Mbid(self.record.mbid), self._budget)
        release = answer.value
        record = msgspec.structs.replace(
            self.record,
            mbid=release.mbid,
            title=release.title,
            artist=release.artist,
            date=release.date,
            body=encode_release(release),
        )
        records: list[Record] = [record]
        if self._job.record.spec.kind is Kind.MB_RELEASE:
            records.append(msgspec.structs.replace(self._job.record, title=release.title))
        discs, tracks = len(release.media), len(release.tracks)
        text = f"MusicBrainz: {_count(tracks, 'track')} on {_count(discs, 'disc')}"
        words: list[Words] = [("info", line_of(self._job, record, text)), *_staleness(answer)]
        if release.mbid != self.record.mbid:
            words.append(("info", f"MusicBrainz has merged this release into {release.mbid}"))
        await self._around.ledger.write(self._job, *records, words=words)
        return release

    async def _choose_edition(self) -> bool:
        spec = self._job.record.spec
        answer = await self._around.catalogue.group_releases(Mbid(self.record.group), self._budget)
        official = spec.profile is not Profile.ALL
        chosen = choose_edition(answer.value, spec.constraints, official_only=official)
        if chosen is None:
            reason = "left out: it has no official edition" if official else "left out: it has no edition"
            record = msgspec.structs.replace(self.record, phase=Phase.CANCELLED, reason=reason)
            words: list[Words] = [("info", f"{record.title}: {reason}")]
        else:
            record = msgspec.structs.replace(self.record, mbid=chosen.mbid, date=chosen.date)
            kind = " ".join(word for word in (chosen.format, chosen.country, chosen.date) if word)
            chosen_of = f"chose 1 of {_count(len(answer.value), 'edition')}"
            words = [("info", f"{record.title}: {chosen_of}{f': {kind}' if kind else ''}")]
        await self._around.ledger.write(self._job, record, words=[*words, *_staleness(answer)])
        return chosen is not None

    async def lay_out(self, release: Release) -> None:
        """Makes a record of each track, once. Stopped: what was asked for is not on the release."""
        if self._job.tracks_of(self._index):
            return
        tracks = release.tracks
        if not tracks or len(tracks) >= TRACKS_MAX:
            raise Stopped(Trouble.REFUSED, f"{release.title}: MusicBrainz lists {len(tracks)} tracks")
        asked = places_asked(self._job.record.spec, tracks)
        records = [self._track(place, track, asked) for place, track in enumerate(tracks, 1)]
        await self._around.ledger.write(self._job, *records)

    def _track(self, place: int, track: Track, asked: frozenset[int]) -> TrackRecord:
        skipped = "not asked for" if place not in asked else "a video" if track.video else ""
        return TrackRecord(
            job=self._job.number,
            key=self._index * TRACKS_MAX + place,
            index=self._index,
            release=self.record.mbid,
            recording=track.recording,
            place=place,
            disc=track.disc,
            position=track.position,
            title=track.title,
            artist=track.artist,
            length=track.length,
            phase=TrackPhase.SKIPPED if skipped else TrackPhase.WANTED,
            reason=skipped,
        )


def line_of(job: Job, record: ReleaseRecord, text: str) -> str:
    """A line that tells which release it is of, where the job has several."""
    return f"{record.title}: {text}" if len(job.releases) > 1 else text


def places_asked(spec: Spec, tracks: Sequence[Track]) -> frozenset[int]:
    """Places (from 1) that a job wants; all where it names none. Stopped: it names what is not there."""
    if not spec.tracks:
        return frozenset(range(1, len(tracks) + 1))
    places: set[int] = set()
    for asked in spec.tracks:
        if isinstance(asked, int):
            found = {asked} if 1 <= asked <= len(tracks) else set()
        else:
            found = {place for place, track in enumerate(tracks, 1) if track.recording == asked}
        if not found:
            raise Stopped(Trouble.REFUSED, f"the release has no track {asked}; it has {len(tracks)}")
        places |= found
    return frozenset(places)


def _staleness(answer: Answer[Release] | Answer[tuple[ReleaseBrief, ...]]) -> list[Words]:
    return [("warn", answer.note or "MusicBrainz: an old answer is used")] if answer.stale else []


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
