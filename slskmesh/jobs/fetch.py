"""One track from its candidates to the file: which is taken, what becomes of it, which is next.

Rules:
- What stands here already is taken where it stands; nothing is copied.
- A content that is in the list of downloads already (begun before a restart, by another job, by the person) is
  joined, not fetched again. A download is paused or removed only where this job began it and nobody else wants it.
- The choice is saved before the download is added, the end of it before it is told.
- A download that has had nobody to fetch from for STALL_SECONDS is paused, with what it has, for the next candidate.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Final

import msgspec
import trio

from slskmesh.acquire.backends import LOCAL
from slskmesh.acquire.choice import variant_name
from slskmesh.acquire.plan import Candidate
from slskmesh.catalogue.objects import Release
from slskmesh.errors import StorageError, UserError
from slskmesh.jobs.around import Surroundings
from slskmesh.jobs.layout import Place, check_layout, place_of
from slskmesh.jobs.ledger import Job, Words
from slskmesh.jobs.record import TrackRecord
from slskmesh.jobs.retry import Stopped, Trouble, is_wrong_content
from slskmesh.jobs.state import TrackPhase
from slskmesh.mbid import Mbid
from slskmesh.swarm.state import DownloadState, Phase

STALL_SECONDS: Final = 180.0
LOOK_SECONDS: Final = 5.0
PAUSED_BY_HAND: Final = "paused in the list of downloads"
REMOVED_BY_HAND: Final = "removed from the list of downloads; retry the job to fetch it again"
NOBODY: Final = "nobody has it now"
_LOOKING: Final = frozenset({Phase.FINDING, Phase.STALLED})


class TrackFetch:
    """See the head of this file."""

    def __init__(self, around: Surroundings, job: Job, release: Release, key: int) -> None:
        self._around = around
        self._job = job
        self._release = release
        self._key = key
        self.begun = trio.Event()  # its download is in the list, or there is none

    @property
    def track(self) -> TrackRecord:
        """The track as it is now."""
        return self._job.tracks[self._key]

    async def run(self, candidates: Sequence[Candidate]) -> None:
        """Tries them in order until one is served. Stopped: disk trouble, or the person holds it.

        After a return the track is served, FAILED, or NO_SOURCE with the last reason.
        """
        try:
            await self._try_all(candidates)
        finally:
            self.begun.set()

    async def _try_all(self, candidates: Sequence[Candidate]) -> None:
        reason = self.track.reason or NOBODY
        for candidate in in_order(self.track, candidates):
            refused = await self._try(candidate, len(candidates))
            if refused is None:
                return
            reason = refused
        await self._change(phase=TrackPhase.NO_SOURCE, reason=reason)

    async def _try(self, candidate: Candidate, count: int) -> str | None:
        """None: the track has come to an end. Else why the next candidate is due."""
        if candidate.backend == LOCAL:
            await self._have(candidate, candidate.path)
            return None
        shared = await self._around.library.find(candidate.content)
        if shared is not None:
            await self._have(candidate, os.fspath(shared.path))
            return None
        await self._begin(candidate, count)
        self.begun.set()
        state = await self._watch(candidate.content)
        if isinstance(state, str):
            await self._give_up(candidate.content, state)
            return state
        if state is None:
            await self._change(
                phase=TrackPhase.FAILED, reason=REMOVED_BY_HAND, words=[("warn", REMOVED_BY_HAND)]
            )
            return None
        if state.phase is Phase.DONE:
            await self._finish(state)
            return None
        if state.phase is Phase.PAUSED:
            await self._change(reason=PAUSED_BY_HAND, words=[("warn", PAUSED_BY_HAND)])
            raise Stopped(Trouble.HELD, PAUSED_BY_HAND)
        return await self._failed(state)

    # -- beginning ---------------------------------------------------------------------------------------------

    async def _begin(self, candidate: Candidate, count: int) -> None:
        """Saves the choice, then sees to it that the download is in the list and goes on."""
        downloads, content = self._around.downloads, candidate.content
        state, track = downloads.state(content), self.track
        begun = track.begun if state is not None or content in track.begun else (*track.begun, content)
        why = candidate.reasons[0] if candidate.reasons else ""
        words: list[Words] = []
        if content != track.content or track.phase is not TrackPhase.QUEUED:
            words.append(("info", self._chosen(candidate, why)))
        await self._change(
            phase=TrackPhase.QUEUED,
            reason="",
            content=content,
            size=state.size if state is not None else candidate.size,
            variant=self._variant(candidate),
            canonical=candidate.canonical,
            candidates=count,
            why=why,
            begun=begun,
            words=words,
        )
        if state is None or state.phase in (Phase.PAUSED, Phase.FAILED) or await self._is_away(state):
            await self._add(candidate)

    async def _add(self, candidate: Candidate) -> None:
        place = self._place(candidate)
        content, group = candidate.content, self._job.group
        try:
            await self._around.downloads.add(content, candidate.size, place.name, place.folder, group=group)
        except UserError as error:  # another job may have added it meanwhile: then it is joined
            if self._around.downloads.state(content) is None:
                raise Stopped(Trouble.STORAGE, str(error)) from error

    def _place(self, candidate: Candidate) -> Place:
        track, spec = self.track, self._job.record.spec
        layout = check_layout(spec.layout or self._around.layout())
        entry = self._release.tracks[track.place - 1]
        codec = candidate.codec or track.variant.partition(" ")[0]
        return place_of(self._release, entry, codec, layout, spec.target_dir)

    def _chosen(self, candidate: Candidate, why: str) -> str:
        peers = f" from {_count(len(candidate.peers), 'peer')}" if candidate.peers else ""
        return f"{self._variant(candidate) or 'a file'}{peers}{f', {why}' if why else ''}"

    def _variant(self, candidate: Candidate) -> str:
        """In words; a candidate made of a download that was there before tells nothing new."""
        return variant_name(candidate) if candidate.codec else self.track.variant

    async def _is_away(self, state: DownloadState) -> bool:
        if state.phase is not Phase.DONE:
            return False
        return not await trio.to_thread.run_sync(os.path.exists, state.path)

    # -- watching ----------------------------------------------------------------------------------------------

    async def _watch(self, content: bytes) -> DownloadState | str | None:
        """Where the download ended (None: removed); a sentence if it has stood still for too long."""
        downloads, clock = self._around.downloads, self._around.clock
        since, done = clock(), -1
        while True:
            with trio.move_on_after(LOOK_SECONDS):
                return await downloads.settled(content)
            state = downloads.state(content)
            if state is None:
                return None
            if state.phase not in _LOOKING or state.done != done:
                since, done = clock(), state.done
            elif clock() - since >= STALL_SECONDS:
                return state.reason or "no source sends it"

    # -- ends --------------------------------------------------------------------------------------------------

    async def _have(self, candidate: Candidate, path: str) -> None:
        await self._change(
            phase=TrackPhase.HAVE,
            reason="",
            content=candidate.content,
            size=candidate.size,
            variant=self._variant(candidate),
            canonical=candidate.canonical,
            why=candidate.reasons[0] if candidate.reasons else "",
            path=path,
            words=[("good", f"here already: {path}")],
        )
        await self._drop_others(candidate.content)

    async def _finish(self, state: DownloadState) -> None:
        senders = sum(source.received > 0 for source in state.sources)
        by = f" from {_count(senders, 'peer')}" if senders else ""
        text = f"done, {state.size / 1e6:.1f} MB{by}: {state.path}"
        await self._change(
            phase=TrackPhase.DONE, reason="", size=state.size, path=state.path, words=[("good", text)]
        )
        track = self.track
        await self._around.on_verified(Mbid(track.release), Mbid(track.recording), track.content)
        await self._drop_others(state.content)

    async def _failed(self, state: DownloadState) -> str:
        """Why the next is due. Stopped: it was the disk."""
        if not is_wrong_content(state.reason):
            await self._change(phase=TrackPhase.WANTED, reason=state.reason)
            raise Stopped(Trouble.STORAGE, state.reason)
        tried = (*self.track.tried, state.content)
        await self._change(tried=tried, reason=state.reason, words=[("warn", f"left out: {state.reason}")])
        await self._drop(state.content)
        return state.reason

    async def _give_up(self, content: bytes, reason: str) -> None:
        """Pauses a download nobody feeds; what it has stays for when somebody does."""
        await self._change(reason=reason, words=[("warn", f"stands still: {reason}")])
        if content in self.track.begun and not self._around.is_shared(self._job, content, self._key):
            with contextlib.suppress(UserError):
                await self._around.downloads.pause(content)

    async def _drop_others(self, chosen: bytes) -> None:
        for content in self.track.begun:
            if content != chosen:
                await self._drop(content)

    async def _drop(self, content: bytes) -> None:
        """Takes a download of this track off the list. Its data that cannot be deleted does not fail the track."""
        if content not in self.track.begun or self._around.is_shared(self._job, content, self._key):
            return
        try:
            await self._around.downloads.remove(content)
        except UserError:
            return  # the person was first
        except StorageError as error:
            await self._change(words=[("warn", str(error))])

    async def _change(self, *, words: Sequence[Words] = (), **fields: object) -> None:
        track = msgspec.structs.replace(self.track, **fields)
        said: list[Words] = [(level, f"{track.label}: {text}") for level, text in words]
        await self._around.ledger.write(self._job, track, words=said)


def in_order(track: TrackRecord, candidates: Sequence[Candidate]) -> list[Candidate]:
    """As they are tried: what is here, what is begun, then best first; never what came out wrong."""
    left = [candidate for candidate in candidates if candidate.content not in track.tried]
    return sorted(left, key=lambda one: (one.backend != LOCAL, one.content != track.content))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
