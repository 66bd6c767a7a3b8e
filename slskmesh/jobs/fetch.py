"""One track from its candidates to the file: which is taken, what becomes of it, which is next.

Rules:
- What stands here already is taken where it stands; nothing is copied.
- A content that is in the list of downloads already (begun before a restart, by another job, by the person) is
  joined, not fetched again. A download is paused or removed only where this job began it and nobody else wants it.
- The choice is saved before the download is added, the end of it before it is told.
- A download that has had nobody to fetch from for STALL_SECONDS is paused, with what it has, for the next candidate.
- One that waits too long at a Soulseek user (`legacy_state`), or for the mode, makes way too, but stays queued there:
  its place is had by waiting alone. At most KEPT_MAX of a track are kept so; whichever is whole first is taken, and
  the others leave the list.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Final

import msgspec
import trio

from slskmesh.acquire.backends import LOCAL, SOULSEEK
from slskmesh.acquire.choice import variant_name
from slskmesh.acquire.plan import Candidate
from slskmesh.catalogue.objects import Release
from slskmesh.errors import StorageError, UserError
from slskmesh.jobs import legacy_state
from slskmesh.jobs.around import Surroundings
from slskmesh.jobs.layout import Place, check_layout, place_of
from slskmesh.jobs.ledger import Job, Words
from slskmesh.jobs.lists import NOT_ALLOWED, Waited
from slskmesh.jobs.record import TrackRecord, is_legacy
from slskmesh.jobs.retry import Stopped, Trouble, is_wrong_content
from slskmesh.jobs.state import TrackPhase
from slskmesh.mbid import Mbid
from slskmesh.soulseek.values import RemoteFile, TransferPhase
from slskmesh.swarm.state import DownloadState, Phase

STALL_SECONDS: Final = 180.0
LOOK_SECONDS: Final = 5.0
KEPT_MAX: Final = 2
PAUSED_BY_HAND: Final = "paused in the list of downloads"
REMOVED_BY_HAND: Final = "removed from the list of downloads; retry the job to fetch it again"
NOBODY: Final = "nobody has it now"
_LOOKING: Final = frozenset({Phase.FINDING, Phase.STALLED})


class TrackFetch:
    """See the head of this file. `waited` is what all fetches of the release waited for in vain."""

    def __init__(self, around: Surroundings, job: Job, release: Release, key: int, waited: Waited) -> None:
        self._around = around
        self._job = job
        self._release = release
        self._key = key
        self._waited = waited
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
        for candidate in in_order(self.track, candidates, self._waited.names):
            refused = await self._try(candidate, len(candidates))
            if refused is None:
                return
            reason = refused
        for kept in self._around.lists.alive(self.track)[:1]:
            state = self._around.lists.state(kept)
            reason = (
                f"queued at a Soulseek user: {state.reason}" if state is not None and state.reason else reason
            )
        await self._change(phase=TrackPhase.NO_SOURCE, reason=reason)

    async def _try(self, candidate: Candidate, count: int) -> str | None:
        """None: the track has come to an end. Else why the next candidate is due."""
        if candidate.backend == LOCAL:
            await self._have(candidate, candidate.path)
            return None
        if candidate.backend == SOULSEEK:
            if refused := self._waited.why_not(candidate.content):
                return refused
            if refused := await self._begin(candidate, count):
                self._waited.add(candidate.content)
                return refused
        else:
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
            await (self._finish_from_user(state) if is_legacy(state.content) else self._finish(state))
            return None
        if state.phase is Phase.PAUSED:
            await self._change(reason=PAUSED_BY_HAND, words=[("warn", PAUSED_BY_HAND)])
            raise Stopped(Trouble.HELD, PAUSED_BY_HAND)
        return await (self._failed_at_user(state) if is_legacy(state.content) else self._failed(state))

    # -- beginning ---------------------------------------------------------------------------------------------

    async def _begin(self, candidate: Candidate, count: int) -> str:
        """Saves the choice, then sees to it that the download is in its list and goes on; why it cannot be, or ""."""
        content = candidate.content
        state, track = self._around.lists.state(content), self.track
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
            backend=candidate.backend,
            user=candidate.user,
            words=words,
        )
        rests = state is None or state.phase in (Phase.PAUSED, Phase.FAILED)
        if state is not None and not rests and not await self._is_away(state):
            return ""
        return await (self._ask_user(candidate) if is_legacy(content) else self._add(candidate))

    async def _ask_user(self, candidate: Candidate) -> str:
        """Queues it at its user, or lets it go on; why that cannot be."""
        legacy, key = self._around.lists.legacy, candidate.content
        assert legacy is not None  # _not_now
        view = legacy.state(key)
        try:
            if view is not None and view.phase is not TransferPhase.DONE:
                await legacy.resume(key)
                return ""
            place = self._place("")  # the ending is the remote file's
            file = RemoteFile(candidate.remote, candidate.size)
            await legacy.add(candidate.user, file, place.folder, name=place.name)
        except UserError as error:
            return "" if legacy.state(key) is not None else str(error)
        return "" if legacy.state(key) is not None else "another download is fetched from there already"

    async def _add(self, candidate: Candidate) -> str:
        place = self._place(candidate.codec or self.track.variant.partition(" ")[0])
        content, group = candidate.content, self._job.group
        try:
            await self._around.downloads.add(content, candidate.size, place.name, place.folder, group=group)
        except UserError as error:  # another job may have added it meanwhile: then it is joined
            if self._around.downloads.state(content) is None:
                raise Stopped(Trouble.STORAGE, str(error)) from error
        return ""

    def _place(self, codec: str) -> Place:
        track, spec = self.track, self._job.record.spec
        layout = check_layout(spec.layout or self._around.layout())
        entry = self._release.tracks[track.place - 1]
        return place_of(self._release, entry, codec, layout, spec.target_dir)

    def _chosen(self, candidate: Candidate, why: str) -> str:
        peers = (
            f" from {_count(len(candidate.peers), 'peer')}" if candidate.peers else ""
        )  # a user stands in `why`
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
        """Where the download ended (None: removed), or another one that was kept; a sentence if it stood too long."""
        lists, clock = self._around.lists, self._around.clock
        since, done = clock(), -1
        while True:
            if (spare := self._spare(content)) is not None:
                return spare
            with trio.move_on_after(LOOK_SECONDS):
                return await lists.settled(content)
            state = lists.state(content)
            if state is None:
                return None
            if is_legacy(content) and not (self._around.legacy_allowed() or lists.moves(content)):
                return NOT_ALLOWED
            patience = self._patience(state)
            if patience is None or state.done != done:
                since, done = clock(), state.done
            elif clock() - since >= patience:
                return state.reason or "no source sends it"

    def _patience(self, state: DownloadState) -> float | None:
        """For how many seconds it may stand as it does."""
        if is_legacy(state.content):
            return self._around.lists.patience(state.content)
        return STALL_SECONDS if state.phase in _LOOKING else None

    def _spare(self, content: bytes) -> DownloadState | None:
        """Another download of this track that is whole meanwhile."""
        for key in self.track.begun:
            state = self._around.lists.state(key) if is_legacy(key) and key != content else None
            if state is not None and state.phase is Phase.DONE:
                return state
        return None

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
            backend=candidate.backend,
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

    async def _finish_from_user(self, state: DownloadState) -> None:
        """The file is here by its size; what is in it is known now."""
        words: list[Words] = [("good", f"done, {state.size / 1e6:.1f} MB from a Soulseek user: {state.path}")]
        content = b""
        try:
            content = await self._around.take_in(Path(state.path))
        except StorageError as error:
            words.append(("warn", f"not shared: {error}"))
        await self._change(
            phase=TrackPhase.DONE,
            reason="",
            content=content,
            size=state.size,
            path=state.path,
            backend=SOULSEEK,
            user=state.sources[0].user,
            words=words,
        )
        await self._drop_others(state.content)

    async def _failed_at_user(self, state: DownloadState) -> str:
        """As `_failed`; only the list's own word is believed where it speaks of this machine's disk."""
        view = self._around.lists.view(state.content)
        if view is not None and legacy_state.is_ours(view):
            await self._change(phase=TrackPhase.WANTED, reason=state.reason)
            raise Stopped(Trouble.STORAGE, state.reason)
        return await self._leave_out(state)

    async def _failed(self, state: DownloadState) -> str:
        """Why the next is due. Stopped: it was the disk."""
        if not is_wrong_content(state.reason):
            await self._change(phase=TrackPhase.WANTED, reason=state.reason)
            raise Stopped(Trouble.STORAGE, state.reason)
        return await self._leave_out(state)

    async def _leave_out(self, state: DownloadState) -> str:
        tried = (*self.track.tried, state.content)
        await self._change(tried=tried, reason=state.reason, words=[("warn", f"left out: {state.reason}")])
        await self._drop(state.content)
        return state.reason

    async def _give_up(self, content: bytes, reason: str) -> None:
        """For the next candidate. What peers are to send is paused with what it has, a place in a queue is kept."""
        if is_legacy(content):
            await self._keep_waiting(content, reason)
            return
        await self._change(reason=reason, words=[("warn", f"stands still: {reason}")])
        if content in self.track.begun and not self._around.is_shared(self._job, content, self._key):
            with contextlib.suppress(UserError):
                await self._around.lists.pause(content)

    async def _keep_waiting(self, key: bytes, reason: str) -> None:
        kept = [other for other in self._around.lists.alive(self.track) if other != key]
        if reason != NOT_ALLOWED:
            self._waited.add(key)
        if reason != NOT_ALLOWED and len(kept) >= KEPT_MAX:
            await self._change(reason=reason, words=[("info", f"taken back: {reason}")])
            await self._drop(key)
        else:
            await self._change(reason=reason, words=[("info", f"stays queued, others are tried: {reason}")])

    async def _drop_others(self, chosen: bytes) -> None:
        for content in self.track.begun:
            if content != chosen:
                await self._drop(content)

    async def _drop(self, content: bytes) -> None:
        """Takes a download of this track off the list. Its data that cannot be deleted does not fail the track."""
        if content not in self.track.begun or self._around.is_shared(self._job, content, self._key):
            return
        try:
            await self._around.lists.remove(content)
        except UserError:
            return  # the person was first
        except StorageError as error:
            await self._change(words=[("warn", str(error))])

    async def _change(self, *, words: Sequence[Words] = (), **fields: object) -> None:
        track = msgspec.structs.replace(self.track, **fields)
        said: list[Words] = [(level, f"{track.label}: {text}") for level, text in words]
        await self._around.ledger.write(self._job, track, words=said)


def in_order(
    track: TrackRecord, candidates: Sequence[Candidate], waited: Set[bytes] = frozenset()
) -> list[Candidate]:
    """As they are tried: what is here, what is begun, then best first; last what was waited for in vain.

    Never what came out wrong.
    """
    left = [candidate for candidate in candidates if candidate.content not in track.tried]
    return sorted(
        left,
        key=lambda one: (one.backend != LOCAL, one.content in waited, one.content != track.content),
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
