"""Publishes jobs and the mesh: lists at 2 Hz and soon after a command that changed them, the watched job when it
changed, the table's state once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.engine.beat import Beat
from slskmesh.engine.job_snapshots import job_view, row_view
from slskmesh.engine.job_views import JobsView, MeshView
from slskmesh.engine.views import View
from slskmesh.jobs.state import Phase
from slskmesh.text import sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_LISTS_EVERY = 0.5
_OVER = (Phase.DONE, Phase.FAILED, Phase.CANCELLED)
_MESH_EVERY = 2  # of these


class JobPulse:
    """Publishes for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lists = Beat(_LISTS_EVERY)
        self._watched: dict[int, int] = {}  # by front end: its job
        self._shown: dict[int, tuple[int, int]] = {}  # and which revision of it was told
        self.open = 0  # jobs that are not over
        self._last: dict[type[View], View] = {}

    def watch(self, viewer: int, job: int) -> None:
        """Streams this job to one front end from now on; 0: none."""
        self._shown.pop(viewer, None)
        self._watched.pop(viewer, None)
        if job:
            self._watched[viewer] = job

    async def run(self) -> None:
        """Beats until cancelled."""
        beat = 0
        while True:
            states = self._engine.plane.jobs.states()
            self.open = sum(state.phase not in _OVER for state in states)
            self._put(JobsView(tuple(map(row_view, states))))
            for viewer in list(self._watched):
                self._job(viewer)
            if beat % _MESH_EVERY == 0:
                self._mesh()
            beat += 1
            await self.lists.rest()

    def _job(self, viewer: int) -> None:
        jobs, job = self._engine.plane.jobs, self._watched[viewer]
        state = next((one for one in jobs.states() if one.job == job), None)
        if state is None:
            del self._watched[viewer]
            return
        shown = (job, jobs.revision(job))
        if shown == self._shown.get(viewer):
            return
        self._shown[viewer] = shown
        view = job_view(state, jobs.releases(job), jobs.tracks(job), jobs.timeline(job))
        self._engine.hub.tell(viewer, view)

    def _mesh(self) -> None:
        plane = self._engine.plane
        table, shadow = plane.rendezvous.node.status(), plane.shadow.status()
        self._put(
            MeshView(
                on=plane.rendezvous.on,
                listening=sanitize(", ".join(table.listening)),
                external=sanitize(table.external),
                closed=table.closed,
                lan=table.lan,
                nodes=table.nodes,
                keys=table.keys,
                records=table.records,
                published=table.published,
                refused=table.refused,
                limited=table.limited,
                skew=round(table.skew, 1),
                shards=shadow.shards,
                releases=shadow.releases,
                catalogue=sanitize(plane.catalogue.status().text),
                calls=plane.fabric.answered,
                banned=len(plane.violations.bans()),
            )
        )

    def _put(self, view: View) -> None:
        if self._last.get(type(view)) != view:
            self._last[type(view)] = view
            self._engine.hub.put_view(view)
