"""The desk for music by its ids: looking up, resolving who has it, and jobs. Rules as in `engine/desk.py`.

What MusicBrainz cannot tell right now is a note in the answer, never an error of the engine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from slskmesh.acquire.backends import Tally
from slskmesh.acquire.domains import Constraints, Intent, Music
from slskmesh.acquire.plan import Plan
from slskmesh.catalogue.objects import Answer, CatalogueError, Release, ReleaseBrief, Trouble
from slskmesh.engine import commands as cmd
from slskmesh.engine.events import LookedUp, Resolved, Resolving, SpecsShown
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.job_snapshots import (
    entity_of_artist,
    entity_of_full,
    entity_of_label,
    entity_of_release,
    plan_view,
    spec_view,
)
from slskmesh.engine.job_views import EntityView
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.jobs.state import Kind, Profile, Spec
from slskmesh.mbid import Mbid, find_mbid, is_mbid
from slskmesh.text import sanitize
from slskmesh.work import LocalBudget

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_TEXT_READ = 500
_LIMIT_MAX = 100
_TOLD_EVERY = 0.25
_KINDS = ("release", "artist", "label")
_WANTS = {Kind.MB_RELEASE: "release", Kind.DISCOGRAPHY: "artist", Kind.LABEL_CRATE: "label"}

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class JobDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {
            cmd.LookUp: self._look_up,
            cmd.Resolve: self._resolve,
            cmd.AddJob: self._add,
            cmd.ShowSpecs: self._specs,
            cmd.PauseJob: self._pause,
            cmd.ResumeJob: self._resume,
            cmd.RetryJob: self._retry,
            cmd.CancelJob: self._cancel,
            cmd.RemoveJob: self._remove,
            cmd.MoveJob: self._move,
            cmd.WatchJob: self._watch,
        }

    # -- the catalogue -------------------------------------------------------------------------------------------

    async def _look_up(self, request: int, command: cmd.LookUp) -> str:
        text = sanitize(command.text, _TEXT_READ).strip()
        if not text:
            raise UserError("nothing to look up: type an artist and a title, or paste a MusicBrainz id")
        if command.kind not in ("", *_KINDS):
            raise UserError(f"{command.kind}: only a {', '.join(_KINDS)} can be looked up")
        limit = max(1, min(command.limit, _LIMIT_MAX))
        try:
            found = await self._found(text, command.kind, limit)
        except SlskmeshError as error:
            found = LookedUp(request, command.kind or "release", note=sanitize(str(error), 300))
        self._engine.hub.put_event(msgspec.structs.replace(found, query=request))
        return f"{len(found.entities)} found" if found.entities else found.note or "nothing found"

    async def _found(self, text: str, kind: str, limit: int) -> LookedUp:
        try:
            pasted, mbid = find_mbid(text)
        except UserError:
            return await self._search(text, kind or "release", limit)
        return await self._by_id(pasted or kind, mbid)

    async def _search(self, text: str, kind: str, limit: int) -> LookedUp:
        catalogue, budget = self._engine.plane.catalogue, LocalBudget()
        if kind == "artist":
            artists = await catalogue.find_artists(text, limit, budget)
            return _looked_up(kind, tuple(map(entity_of_artist, artists.value)), artists)
        if kind == "label":
            labels = await catalogue.find_labels(text, limit, budget)
            return _looked_up(kind, tuple(map(entity_of_label, labels.value)), labels)
        releases = await catalogue.find_releases(text, limit, budget)
        return _looked_up("release", await self._with_held(releases.value), releases)

    async def _with_held(self, releases: tuple[ReleaseBrief, ...]) -> tuple[EntityView, ...]:
        return tuple([entity_of_release(one, await self._held(one.mbid)) for one in releases])

    async def _held(self, release: str) -> int:
        return len({held.file.mb_recording for held in await self._engine.library.by_release(release)})

    async def _by_id(self, kind: str, mbid: Mbid) -> LookedUp:
        """What an id is; without a kind one after the other, as MusicBrainz does not tell of what kind an id is."""
        order = (kind,) if kind else ("release", "release-group", "artist", "label", "recording")
        for one in order:
            try:
                return await self._entity(one, mbid)
            except CatalogueError as error:
                if error.trouble is not Trouble.NOT_FOUND or one == order[-1]:
                    raise
        raise UserError("MusicBrainz does not know this id")

    async def _entity(self, kind: str, mbid: Mbid) -> LookedUp:
        catalogue, budget = self._engine.plane.catalogue, LocalBudget()
        if kind == "artist":
            artist = await catalogue.artist(mbid, budget)
            return _looked_up(kind, (entity_of_artist(artist.value),), artist)
        if kind == "label":
            label = await catalogue.label(mbid, budget)
            return _looked_up(kind, (entity_of_label(label.value),), label)
        if kind == "release-group":
            group = await catalogue.group_releases(mbid, budget)
            return _looked_up("release", await self._with_held(group.value), group)
        if kind == "recording":
            recording = await catalogue.recording(mbid, budget)
            return _looked_up("release", await self._with_held(recording.value.releases), recording)
        release = await catalogue.release(mbid, budget)
        return _looked_up("release", (entity_of_full(release.value, await self._held(mbid)),), release)

    # -- who has it ----------------------------------------------------------------------------------------------

    async def _resolve(self, request: int, command: cmd.Resolve) -> str:
        engine = self._engine
        _, mbid = find_mbid(command.release)
        try:
            answer = await engine.plane.catalogue.release(mbid, LocalBudget())
            release = answer.value
            plan = await self._planned(request, release)
        except SlskmeshError as error:
            engine.hub.put_event(Resolved(request, None, sanitize(str(error), 300)))
            return str(error)
        view = plan_view(release, plan, await self._held(mbid))
        engine.hub.put_event(Resolved(request, view, sanitize(answer.note, 300)))
        served = sum(bool(planned.candidates) for planned in plan.wants)
        return f"{release.title}: {served} of {len(plan.wants)} tracks, {plan.holders} holders"

    async def _planned(self, request: int, release: Release) -> Plan[Music]:
        """The plan; how the asking stands is told meanwhile. SlskmeshError as of the planner."""
        newest = _Newest()
        newest.put(Tally())
        failed: SlskmeshError | None = None
        plan: Plan[Music] | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell, request, newest)
            try:
                plan = await self._engine.plane.planner.plan_release(
                    release, intents(release), LocalBudget(), newest.put
                )
            except SlskmeshError as error:
                failed = error  # raised outside: a nursery would wrap it in a group
            nursery.cancel_scope.cancel()
        if failed is not None:
            raise failed
        assert plan is not None
        return plan

    async def _tell(self, request: int, newest: _Newest) -> None:
        while True:
            tally = await newest.get()
            event = Resolving(request, tally.holders, tally.publishers, tally.estimate)
            self._engine.hub.put_event(event)
            await trio.sleep(_TOLD_EVERY)

    # -- jobs ----------------------------------------------------------------------------------------------------

    async def _add(self, request: int, command: cmd.AddJob) -> tuple[str, str]:
        if not self._engine.settings.configured:
            raise UserError("choose a downloads folder first (pane Settings)")
        spec = spec_of(command)
        job = await self._engine.plane.jobs.add(spec)
        return f"job {job} added: {spec.title or spec.target}", str(job)

    async def _specs(self, request: int, command: cmd.ShowSpecs) -> str:
        if len(command.jobs) > _LIMIT_MAX:
            raise UserError(f"at most {_LIMIT_MAX} jobs are shown at once")
        wanted = frozenset(command.jobs)
        states = [state for state in self._engine.plane.jobs.states() if state.job in wanted]
        self._engine.hub.put_event(SpecsShown(request, tuple(map(spec_view, states))))
        return ""

    async def _pause(self, request: int, command: cmd.PauseJob) -> str:
        await self._engine.plane.jobs.pause(command.job)
        return f"job {command.job} paused"

    async def _resume(self, request: int, command: cmd.ResumeJob) -> str:
        await self._engine.plane.jobs.resume(command.job)
        return f"job {command.job} goes on"

    async def _retry(self, request: int, command: cmd.RetryJob) -> str:
        await self._engine.plane.jobs.retry(command.job)
        return f"job {command.job} is tried again"

    async def _cancel(self, request: int, command: cmd.CancelJob) -> str:
        await self._engine.plane.jobs.cancel(command.job)
        return f"job {command.job} cancelled; finished files stay"

    async def _remove(self, request: int, command: cmd.RemoveJob) -> str:
        await self._engine.plane.jobs.remove(command.job)
        return f"job {command.job} removed from the list"

    async def _move(self, request: int, command: cmd.MoveJob) -> str:
        await self._engine.plane.jobs.move(command.job, command.by)
        return "moved"

    async def _watch(self, request: int, command: cmd.WatchJob) -> str:
        self._engine.job_pulse.watch(viewer_of(request), command.job)
        return ""


class _Newest:
    """The newest tally of a search, each given at most once; those in between are passed over."""

    def __init__(self) -> None:
        self._tally, self._came = Tally(), trio.Event()

    def put(self, tally: Tally) -> None:
        self._tally = tally
        self._came.set()

    async def get(self) -> Tally:
        await self._came.wait()
        self._came = trio.Event()
        return self._tally


def intents(release: Release) -> list[Intent[Music]]:
    """The person wants every track of a release."""
    return [
        Intent(
            Music(
                recording=track.recording,
                release=release.mbid,
                title=track.title,
                artist=track.artist,
                disc=track.disc,
                position=track.position,
                length=track.length,
            )
        )
        for track in release.tracks
    ]


def spec_of(command: cmd.AddJob) -> Spec:
    """The job a command asks for. UserError: a kind, profile, id, number or codec that is not allowed."""
    kinds = {kind.value: kind for kind in Kind}
    if command.kind not in kinds:
        raise UserError(f"{sanitize(command.kind, 40)}: a job is one of {', '.join(kinds)}")
    kind = kinds[command.kind]
    pasted, mbid = find_mbid(command.target)
    if pasted and pasted != _WANTS[kind]:
        raise UserError(
            f"this is the address of a {pasted}, and a {kind.value} job takes that of a {_WANTS[kind]}"
        )
    profiles = {profile.value: profile for profile in Profile}
    if command.profile not in profiles:
        raise UserError(f"{sanitize(command.profile, 40)}: a profile is one of {', '.join(profiles)}")
    for track in command.tracks:
        if not (isinstance(track, int) and track >= 1) and not is_mbid(str(track)):
            raise UserError(
                f"{sanitize(str(track), 40)}: a track is its place in the release, or a recording id"
            )
    fields = {
        "kind": kind,
        "target": mbid,
        "title": sanitize(command.title),
        "target_dir": command.target_dir,
        "layout": command.layout,
        "tracks": command.tracks,
        "profile": profiles[command.profile],
        "limit": command.limit,
        "scene": command.scene,
        "constraints": Constraints(
            preferred_codecs=command.preferred_codecs,
            allow_lossy=command.allow_lossy,
            prefer_canonical=command.prefer_canonical,
            use_overlay=command.use_overlay,
            overlay_bandwidth_kbps=command.overlay_bandwidth_kbps,
        ),
        "requested_by": sanitize(command.requested_by, 100),
        "releases": command.releases,
        "library_hint": sanitize(command.library_hint, 100),
    }
    try:
        return msgspec.convert(msgspec.to_builtins(Spec(**fields)), Spec)  # type: ignore[arg-type]  # checked by convert
    except msgspec.ValidationError as error:
        raise UserError(f"this job cannot be: {error}") from error


def _looked_up(kind: str, entities: tuple[EntityView, ...], answer: Answer[Any]) -> LookedUp:
    return LookedUp(0, kind, entities, answer.stale, sanitize(answer.note, 300))
